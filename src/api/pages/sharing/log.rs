//! The log of what was sent to people outside: searched, in pages; what is valid can be called back, a letter that failed sent again.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::answered;
use super::fields::Sent;
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::At;
use crate::api::escaped::escaped;
use crate::api::pages::console::short;
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::api::rest::shares::{ShareJson, ShareQuery, call_back, log, send_again, time_zone};
use crate::api::state::ApiState;
use crate::archive::outbox::LetterState;
use crate::archive::shares::{ShareKind, ShareStatus};
use crate::model::id::ShareId;
use crate::model::redact::Personal;
use crate::model::zone::Zone;

/// Rows a page.
const ROWS: u32 = 25;

/// What the address asks for. What cannot be read filters nothing: an address may be typed by hand.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    from: String,
    to: String,
    kind: String,
    name: String,
    email: String,
    by: String,
    status: String,
    after: String,
    /// What was done just now.
    done: String,
}

/// The first moment of a day, some days later, where the workspace is.
fn day(text: &str, later: i64, zone: &Zone) -> Option<String> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let date = date.checked_add(jiff::Span::new().try_days(later).ok()?).ok()?;
    Some(date.to_zoned(zone.rules().clone()).ok()?.timestamp().to_string())
}

impl LogQuery {
    fn asked(&self, zone: &Zone) -> ShareQuery {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let from = day(&self.from, 0, zone);
        ShareQuery {
            to: day(&self.to, 1, zone).filter(|to| from.as_ref().is_none_or(|from| from < to)),
            from,
            kind: match self.kind.as_str() {
                "recordings" => Some(ShareKind::Recordings),
                "chats" => Some(ShareKind::Chats),
                _ => None,
            },
            name: text(&self.name),
            email: text(&self.email),
            ordered_by: text(&self.by),
            status: match self.status.as_str() {
                "valid" => Some(ShareStatus::Valid),
                "expired" => Some(ShareStatus::Expired),
                "cancelled" => Some(ShareStatus::Cancelled),
                _ => None,
            },
            limit: Some(ROWS),
            after: text(&self.after),
        }
    }

    fn url(&self) -> String {
        let fields = [
            ("from", &self.from),
            ("to", &self.to),
            ("kind", &self.kind),
            ("name", &self.name),
            ("email", &self.email),
            ("by", &self.by),
            ("status", &self.status),
            ("after", &self.after),
        ];
        let query: Vec<String> =
            fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if query.is_empty() { "/external".to_owned() } else { format!("/external?{}", query.join("&")) }
    }
}

struct Item {
    /// Absent where it is deleted, or a chat log.
    url: Option<String>,
    short: String,
    at: String,
    kind: &'static str,
    caller: String,
    gone: bool,
}

/// What became of the letter, where that is not simply: sent.
struct Delivery {
    state: &'static str,
    words: String,
    failure: String,
}

struct Line {
    id: String,
    at: String,
    short: String,
    by: String,
    name: String,
    email: String,
    reason: String,
    days: u32,
    until: String,
    until_short: String,
    language: &'static str,
    items: Vec<Item>,
    status: &'static str,
    cancelled_by: String,
    cancelled_at: String,
    cancelled_short: String,
    delivery: Option<Delivery>,
    can_resend: bool,
}

#[derive(Template)]
#[template(path = "external_log.html")]
struct LogPage {
    shell: Shell,
    tab: &'static str,
    filter: LogQuery,
    filtered: bool,
    said: Option<String>,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /external`
pub async fn show(member: Member, State(state): State<ApiState>, Query(query): Query<LogQuery>) -> Response {
    let found = async {
        let zone = time_zone(&state).await?;
        log(&member, &state, query.asked(&zone)).await
    };
    let found = found.await;
    answered(
        &member,
        found.map(|found| {
            let shell = Shell::of(&member, "external");
            let w = shell.w;
            let bare = LogQuery { after: String::new(), done: String::new(), ..query.clone() };
            let shown = LogPage {
                tab: "log",
                filtered: bare.url() != "/external",
                said: matches!(query.done.as_str(), "cancel" | "resend").then(|| w.of("external-said", &query.done)),
                lines: found.items.into_iter().map(|share| line(w, share)).collect(),
                first: (!query.after.is_empty()).then(|| bare.url()),
                next: found.next.map(|after| LogQuery { after, ..bare.clone() }.url()),
                filter: query,
                shell,
            };
            page(StatusCode::OK, &shown)
        }),
    )
}

/// `POST /external/{id}/cancel`
pub async fn cancel(member: Member, State(state): State<ApiState>, At(id): At<ShareId>, Sent(form): Sent) -> Response {
    let done = async {
        form.of_this_browser(&member)?;
        call_back(&member, &state, &id).await
    };
    back(&member, done.await, "cancel")
}

/// `POST /external/{id}/resend`
pub async fn resend(member: Member, State(state): State<ApiState>, base: BaseUrl, At(id): At<ShareId>, Sent(form): Sent) -> Response {
    let done = async {
        form.of_this_browser(&member)?;
        send_again(&member, &state, &base, &id).await
    };
    back(&member, done.await, "resend")
}

/// To the log, also where somebody was quicker: it shows what is so.
fn back(member: &Member, done: Result<(), Problem>, what: &str) -> Response {
    match done {
        Ok(()) => Redirect::to(&format!("/external?done={what}")).into_response(),
        Err(problem) if problem.reason == "not_valid" || problem.reason == "not_failed" => Redirect::to("/external").into_response(),
        Err(problem) => answered(member, Err(problem)),
    }
}

/// A user by their name; a key as the audit log calls it.
fn person(actor: &str) -> String {
    actor.strip_prefix("user:").unwrap_or(actor).to_owned()
}

fn line(w: Words, share: ShareJson) -> Line {
    let status = match share.status {
        ShareStatus::Valid => "valid",
        ShareStatus::Expired => "expired",
        ShareStatus::Cancelled => "cancelled",
    };
    let failed = share.delivery.as_ref().is_some_and(|d| d.state == LetterState::Failed);
    let copies = share.copies;
    let delivery = share.delivery.filter(|d| d.state != LetterState::Sent).map(|d| {
        if d.state == LetterState::Held {
            let of = share.items.len().to_string();
            let words = w.t2("external-letter-held", ("copied", &copies.copied.to_string()), ("of", &of));
            return Delivery { state: "waiting", words, failure: copies.failure.clone().unwrap_or_default() };
        }
        let state = match d.state {
            LetterState::Failed => "failed",
            LetterState::Waiting if d.attempts > 0 => "again",
            _ => "waiting",
        };
        Delivery { state, words: w.of("external-letter", state), failure: d.failure.unwrap_or_default() }
    });
    let items = share.items.into_iter().map(|item| Item {
        url: (!item.gone && item.started_at.is_some())
            .then(|| item.recording.map_or_else(|| format!("/chats/{}", item.session), |id| format!("/recordings/{id}"))),
        at: item.started_at.map(|at| at.to_string()).unwrap_or_default(),
        short: item.started_at.map_or_else(|| w.t("external-deleted"), short),
        kind: item.kind,
        caller: item.caller_number.as_ref().map(Personal::reveal).unwrap_or_default().to_owned(),
        gone: item.gone,
    });
    Line {
        id: share.id.to_string(),
        at: share.created_at.to_string(),
        short: short(share.created_at),
        by: person(&share.ordered_by),
        name: share.recipient.name.reveal().to_owned(),
        email: share.recipient.email.reveal().to_owned(),
        reason: share.reason,
        days: share.days,
        until: share.until.to_string(),
        until_short: short(share.until),
        language: share.language.own_name(),
        items: items.collect(),
        status,
        cancelled_by: share.cancelled_by.as_deref().map(person).unwrap_or_default(),
        cancelled_at: share.cancelled_at.map(|at| at.to_string()).unwrap_or_default(),
        cancelled_short: share.cancelled_at.map(short).unwrap_or_default(),
        delivery,
        can_resend: failed && status == "valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_of_whole_days_and_what_does_not_read_filters_nothing() {
        let zone: Zone = "Europe/Oslo".parse().expect("a zone");
        let of = |from: &str, to: &str| {
            let asked = LogQuery { from: from.into(), to: to.into(), ..LogQuery::default() }.asked(&zone);
            (asked.from, asked.to)
        };
        assert_eq!(of("2026-01-31", "2026-01-31"), (Some("2026-01-30T23:00:00Z".into()), Some("2026-01-31T23:00:00Z".into())));
        assert_eq!(of("2026-02-02", "2026-01-31"), (Some("2026-02-01T23:00:00Z".into()), None));
        assert_eq!(of("yesterday", "9999-12-31"), (None, None));
    }
}
