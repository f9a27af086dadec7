//! The fields of properties, for a user, a group, the workspace.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::Sent;
use super::super::fields::{Choice, Field, Wrong};
use super::super::projects;
use crate::api::body;
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::archive::rights::{Playback, Properties, Role};

/// How a reason is asked for.
const WAYS: [&str; 4] = ["inherit", "none", "text", "list"];

/// Properties as a form holds them.
#[derive(Default)]
pub(super) struct Filled {
    /// `on`, `off`, or empty, by the order of `Properties::SWITCHES`.
    switches: Vec<String>,
    access_days: String,
    way: String,
    reasons: String,
}

pub(in crate::api::pages) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Agent => "agent",
        Role::Reviewer => "reviewer",
    }
}

pub(super) fn status_of(problem: &Problem) -> StatusCode {
    projects::status_of(problem)
}

/// What is wrong, at its field: the form has no `properties.` and `filter.` before its names.
pub(super) fn wrong(problem: &Problem) -> Wrong {
    let bare = |detail: &str| {
        let inner = detail.strip_prefix("properties.").or_else(|| detail.strip_prefix("filter."));
        inner.unwrap_or(detail).to_owned()
    };
    Wrong::of(&Problem { detail: bare(&problem.detail), ..problem.clone() })
}

impl Filled {
    pub(super) fn of(properties: &Properties) -> Self {
        let switch = |name: &&str| properties.switch(name).map_or("", |on| if on { "on" } else { "off" }).to_owned();
        let (way, reasons) = match &properties.playback_reason {
            None => ("inherit", String::new()),
            Some(Playback::Free) => ("none", String::new()),
            Some(Playback::AnyReason) => ("text", String::new()),
            Some(Playback::OneOf(reasons)) => ("list", reasons.join("\n")),
        };
        Self {
            switches: Properties::SWITCHES.iter().map(switch).collect(),
            access_days: properties.access_days.map(|days| days.to_string()).unwrap_or_default(),
            way: way.to_owned(),
            reasons,
        }
    }

    pub(super) fn sent(sent: &Sent) -> Self {
        Self {
            switches: Properties::SWITCHES.iter().map(|name| sent.get(name).to_owned()).collect(),
            access_days: sent.get("access_days").to_owned(),
            way: sent.get("reason_way").to_owned(),
            reasons: sent.get("playback_reason").to_owned(),
        }
    }

    /// As the API would be sent it.
    pub(super) fn read(&self) -> Result<Properties, Problem> {
        let mut found = Map::new();
        for (name, value) in Properties::SWITCHES.iter().zip(&self.switches) {
            match value.as_str() {
                "on" => drop(found.insert((*name).to_owned(), json!(true))),
                "off" => drop(found.insert((*name).to_owned(), json!(false))),
                _ => {}
            }
        }
        if !self.access_days.is_empty() {
            let days: u32 = self.access_days.parse().map_err(|_| Problem::invalid("access_days: a whole number of days, or nothing"))?;
            found.insert("access_days".to_owned(), json!(days));
        }
        let reasons: Vec<&str> = self.reasons.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let reason = match self.way.as_str() {
            "none" => Some(String::new()),
            "text" => Some("#txt".to_owned()),
            "list" if reasons.is_empty() => return Err(Problem::invalid("playback_reason: one reason a line, at least one")),
            "list" if reasons.iter().any(|reason| reason.contains(';')) => {
                return Err(Problem::invalid("playback_reason: a reason must not hold `;`"));
            }
            "list" => Some(reasons.join(";")),
            _ => None,
        };
        if let Some(reason) = reason {
            found.insert("playback_reason".to_owned(), json!(reason));
        }
        body::parse(Value::Object(found).to_string().as_bytes())
    }
}

/// The fields. `otherwise` says what holds of a property where this place says nothing, or what holds now.
pub(super) fn fields(w: Words, filled: &Filled, otherwise: impl Fn(&str) -> String) -> Vec<Field> {
    let mut fields = Vec::new();
    for (n, name) in Properties::SWITCHES.iter().copied().enumerate() {
        let now = filled.switches.get(n).map_or("", String::as_str);
        let choice =
            |value: &str, text: &str| Choice { value: value.to_owned(), text: w.t(text), checked: now == value, ..Choice::default() };
        let inherit = Choice {
            value: String::new(),
            text: w.t("people-inherit"),
            note: otherwise(name),
            checked: now.is_empty(),
            ..Choice::default()
        };
        fields.push(Field {
            name,
            label: w.of("property", name),
            hint: w.of("property-hint", name),
            choices: vec![inherit, choice("on", "people-on"), choice("off", "people-off")],
            ..Field::default()
        });
    }
    fields.push(Field {
        name: "access_days",
        label: w.of("property", "access_days"),
        hint: w.of("property-hint", "access_days"),
        value: filled.access_days.clone(),
        unit: w.t("people-days"),
        otherwise: otherwise("access_days"),
        digits: true,
        ..Field::default()
    });
    let way = if filled.way.is_empty() { "inherit" } else { &filled.way };
    let ways = WAYS.map(|one| Choice {
        value: one.to_owned(),
        text: w.of("reason-way", one),
        note: if one == "inherit" { otherwise("playback_reason") } else { String::new() },
        checked: way == one,
        ..Choice::default()
    });
    let (label, hint) = (w.of("property", "playback_reason"), w.of("property-hint", "playback_reason"));
    fields.push(Field { name: "reason_way", label, hint, choices: ways.into(), ..Field::default() });
    let (label, hint) = (w.t("reason-list"), w.t("reason-list-hint"));
    fields.push(Field { name: "playback_reason", label, hint, value: filled.reasons.clone(), lines: 3, ..Field::default() });
    fields
}

/// What a place says, in words.
pub(super) fn in_words(w: Words, properties: &Properties) -> Vec<String> {
    let mut said = Vec::new();
    for name in Properties::SWITCHES {
        if let Some(on) = properties.switch(name) {
            said.push(format!("{}: {}", w.of("property", name), w.t(if on { "people-on" } else { "people-off" })));
        }
    }
    if let Some(days) = properties.access_days {
        said.push(format!("{}: {}", w.of("property", "access_days"), value_in_words(w, &json!(days))));
    }
    if let Some(reason) = &properties.playback_reason {
        said.push(format!("{}: {}", w.of("property", "playback_reason"), value_in_words(w, &json!(String::from(reason.clone())))));
    }
    said
}

/// A property's value, in words.
pub(super) fn value_in_words(w: Words, value: &Value) -> String {
    match value {
        Value::Bool(on) => w.t(if *on { "people-on" } else { "people-off" }),
        Value::Null => w.t("people-any-age"),
        Value::Number(days) if days.as_u64() == Some(0) => w.t("people-any-age"),
        Value::Number(days) => format!("{days} {}", w.t("people-days")),
        Value::String(reason) => match reason.as_str() {
            "" => w.of("reason-way", "none"),
            "#txt" => w.of("reason-way", "text"),
            list => list.replace(';', ", "),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_what_a_place_says() {
        for text in [
            "{}",
            r#"{"play":true,"delete":false,"access_days":0,"playback_reason":""}"#,
            r##"{"playback_reason":"#txt"}"##,
            r#"{"playback_reason":"complaint;quality","access_days":30}"#,
        ] {
            let properties: Properties = serde_json::from_str(text).unwrap();
            assert_eq!(Filled::of(&properties).read().unwrap(), properties, "{text}");
        }
        let days = Filled { access_days: "many".into(), ..Filled::default() };
        assert!(days.read().unwrap_err().detail.starts_with("access_days: "));
        let none = Filled { way: "list".into(), ..Filled::default() };
        assert!(none.read().unwrap_err().detail.starts_with("playback_reason: "));
    }
}
