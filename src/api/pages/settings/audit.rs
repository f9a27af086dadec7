//! The audit log as a page.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::TABS;
use crate::api::auth::Operator;
use crate::api::escaped::escaped;
use crate::api::pages::console::short;
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{AuditAction, AuditEntry, AuditFilter};
use crate::model::time::WallClock;

/// What the address asks for. What cannot be read filters nothing: an address may be typed by hand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    actor: String,
    action: String,
    subject: String,
    from: String,
    to: String,
    after: String,
}

/// Something of an entry's detail: what it was and what it is.
struct Part {
    name: String,
    before: String,
    after: String,
    /// It did not change: it is said of the entry.
    plain: bool,
}

struct Line {
    seq: u64,
    at: String,
    at_short: String,
    actor: String,
    action: String,
    subject: String,
    parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    tab: &'static str,
    filter: AuditQuery,
    actions: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    filtered: bool,
    next: Option<String>,
    first: Option<String>,
}

impl AuditQuery {
    fn filter(&self) -> AuditFilter {
        let day = |text: &str, days: i64| {
            let date: jiff::civil::Date = text.parse().ok()?;
            let start = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            Some(WallClock::from_unix_ms(start.as_millisecond() + days * 86_400_000))
        };
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let from = day(&self.from, 0);
        AuditFilter {
            from,
            to: day(&self.to, 1).filter(|to| from.is_none_or(|from| from < *to)),
            actor: text(&self.actor),
            action: AuditAction::ALL.into_iter().find(|a| a.as_str() == self.action),
            subject: text(&self.subject),
            limit: None,
            after: text(&self.after).filter(|after| after.parse::<i64>().is_ok()),
        }
    }

    fn url(&self) -> String {
        let fields = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
            ("after", &self.after),
        ];
        let query: Vec<String> =
            fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if query.is_empty() { "/settings/audit".to_owned() } else { format!("/settings/audit?{}", query.join("&")) }
    }
}

/// `GET /settings/audit`
pub async fn show(operator: Operator, State(state): State<ApiState>, Query(query): Query<AuditQuery>) -> Result<Response, Problem> {
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let found = state.catalogue.audit_entries(&query.filter()).await?;
    let lines = found.items.into_iter().map(|entry| line(w, entry)).collect();
    let bare = AuditQuery { after: String::new(), ..query.clone() };
    let page_of = AuditPage {
        tab: "audit",
        actions: AuditAction::ALL.into_iter().map(|a| (a.as_str(), w.of("action", a.as_str()))).collect(),
        lines,
        filtered: bare.url() != "/settings/audit",
        next: found.next.map(|after| AuditQuery { after, ..query.clone() }.url()),
        first: (!query.after.is_empty()).then(|| bare.url()),
        filter: query,
        shell,
    };
    Ok(page(StatusCode::OK, &page_of))
}

fn line(w: Words, entry: AuditEntry) -> Line {
    let mut parts = Vec::new();
    if let Value::Object(detail) = &entry.detail {
        let (before, after) = (detail.get("before"), detail.get("after"));
        if before.is_some() || after.is_some() {
            changes("", before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null), &mut parts);
        }
        for (name, value) in detail.iter().filter(|(name, value)| !matches!(name.as_str(), "before" | "after") && !value.is_null()) {
            parts.push(Part { name: name.clone(), before: String::new(), after: plain(value), plain: true });
        }
    }
    Line {
        seq: entry.seq,
        at: entry.at.to_string(),
        at_short: short(entry.at),
        actor: entry.actor,
        action: w.of("action", entry.action.as_str()),
        subject: entry.subject,
        parts,
    }
}

/// What differs, by its path.
fn changes(path: &str, before: &Value, after: &Value, parts: &mut Vec<Part>) {
    let empty = serde_json::Map::new();
    let fields = |value: &'_ Value| value.as_object().cloned();
    if before.is_object() || after.is_object() {
        let (was, is) = (fields(before).unwrap_or_else(|| empty.clone()), fields(after).unwrap_or_else(|| empty.clone()));
        let mut names: Vec<&String> = was.keys().collect();
        names.extend(is.keys().filter(|name| !was.contains_key(*name)));
        for name in names {
            let path = if path.is_empty() || path == "settings" || path == "properties" { name.clone() } else { format!("{path}.{name}") };
            changes(&path, was.get(name).unwrap_or(&Value::Null), is.get(name).unwrap_or(&Value::Null), parts);
        }
        return;
    }
    let (before, after) = (plain(before), plain(after));
    if !(before.is_empty() && after.is_empty()) {
        parts.push(Part { name: path.to_owned(), before, after, plain: false });
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_told_field_by_field() {
        let mut parts = Vec::new();
        let before = json!({ "settings": { "record_mode": "both", "trigger": null }, "addresses": [] });
        let after = json!({ "settings": { "record_mode": "none", "trigger": "manual" }, "addresses": ["1", "2"] });
        changes("", &before, &after, &mut parts);
        let said: Vec<_> = parts.iter().map(|p| format!("{}: {} > {}", p.name, p.before, p.after)).collect();
        assert_eq!(said, ["record_mode: both > none", "trigger:  > manual", "addresses:  > 1, 2"]);
    }
}
