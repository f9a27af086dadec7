//! “Send link to external user”: filled in from what the configuration says; every field's fault at its field.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::chosen::{Chosen, Line};
use super::fields::{Fields, Queried, Sent, Wrong};
use super::{answered, is_theirs};
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::pages::console::short;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::rest::shares::configuration::{ShareConfigurationJson, shown};
use crate::api::rest::shares::{RecipientBody, ShareBody, ShareJson, order};
use crate::api::state::ApiState;
use crate::archive::shares::{MOST_DAYS, MOST_ITEMS};
use crate::model::redact::Personal;

#[derive(Template)]
#[template(path = "share_external.html")]
struct ExternalPage {
    shell: Shell,
    lines: Vec<Line>,
    most: usize,
    left_out: usize,
    too_many: bool,
    only_chats: bool,
    wrong: Wrong,
    name: String,
    email: String,
    reason: String,
    days: String,
    most_days: u32,
    subject: String,
    body: String,
    sender: String,
    /// Code, name, chosen.
    languages: Vec<(String, &'static str, bool)>,
    show_access_number: bool,
    show_queue_name: bool,
    letters: bool,
    /// What letters in each language begin with, for the script.
    texts: String,
}

/// What both dialogs answer when the letter is on its way.
#[derive(Template)]
#[template(path = "share_sent.html")]
pub(super) struct SentPage {
    pub shell: Shell,
    pub title: String,
    pub what: String,
    pub until: Option<(String, String)>,
    /// The log shows it, and this member sees the log.
    pub log: bool,
}

const NAMES: [(&str, &str); 8] = [
    ("recipient.name", "name"),
    ("recipient.email", "email"),
    ("reason", "reason"),
    ("days", "days"),
    ("language", "language"),
    ("subject", "subject"),
    ("body", "body"),
    ("from", "from"),
];

/// `GET /archive/send?r=…&s=…`
pub async fn show(member: Member, State(state): State<ApiState>, Queried(asked): Queried) -> Response {
    answered(&member, render(&member, &state, &asked, false, Wrong::default()).await)
}

/// `POST /archive/send`
pub async fn send(member: Member, State(state): State<ApiState>, base: BaseUrl, Sent(sent): Sent) -> Response {
    answered(&member, sent_on(&member, &state, &base, sent).await)
}

async fn sent_on(member: &Member, state: &ApiState, base: &BaseUrl, sent: Fields) -> Result<Response, Problem> {
    sent.of_this_browser(member)?;
    let chosen = Chosen::of(member, state, &sent).await?;
    let Ok(days) = sent.one("days").trim().parse() else {
        return render(member, state, &sent, true, Wrong::at("days", format!("1 to {MOST_DAYS}"))).await;
    };
    let body = ShareBody {
        recordings: chosen.recordings,
        sessions: chosen.sessions,
        recipient: RecipientBody { name: Personal::new(sent.one("name")), email: Personal::new(sent.one("email")) },
        reason: sent.lines("reason"),
        days: Some(days),
        subject: Some(sent.one("subject").to_owned()),
        body: Some(sent.lines("body")),
        language: Some(sent.one("language").to_owned()),
        show_access_number: Some(sent.is_on("show_access_number")),
        show_queue_name: Some(sent.is_on("show_queue_name")),
    };
    if chosen.too_many || chosen.left_out > 0 {
        return render(member, state, &sent, true, Wrong::default()).await;
    }
    match order(member, state, base, body).await {
        Ok(share) => Ok(done(member, &share)),
        Err(problem) if is_theirs(&problem) => render(member, state, &sent, true, Wrong::of(&problem, &NAMES)).await,
        Err(problem) => Err(problem),
    }
}

fn done(member: &Member, share: &ShareJson) -> Response {
    let shell = Shell::of(member, "recordings");
    let (name, email) = (share.recipient.name.reveal(), share.recipient.email.reveal());
    let sent = SentPage {
        title: shell.w.t("send-external-title"),
        what: shell.w.t2("send-external-sent", ("name", name), ("email", email)),
        until: Some((share.until.to_string(), short(share.until))),
        log: member.needs(|has| has.external_access_page).is_ok(),
        shell,
    };
    page(StatusCode::OK, &sent)
}

/// The texts by language, where the script finds them. `<` cannot end the element that they stand in.
fn texts(found: &ShareConfigurationJson) -> String {
    let of = found.languages.iter().map(|one| (one.code.code().to_owned(), json!({ "subject": one.subject, "body": one.body })));
    serde_json::Value::Object(of.collect()).to_string().replace('<', "\\u003c")
}

async fn render(member: &Member, state: &ApiState, fields: &Fields, sent: bool, wrong: Wrong) -> Result<Response, Problem> {
    member.needs(|has| has.external_links)?;
    let found = shown(member, state).await?;
    let chosen = Chosen::of(member, state, fields).await?;
    let settings = &found.settings;
    let first = found.languages.iter().find(|one| one.code == settings.language);
    let language = if sent { fields.one("language").to_owned() } else { settings.language.code().to_owned() };
    let or = |name: &str, first: String| if sent { fields.lines(name) } else { first };
    let (subject, body) = first.map(|one| (one.subject.clone(), one.body.clone())).unwrap_or_default();
    let status = if sent { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = ExternalPage {
        shell: Shell::of(member, "recordings"),
        most: MOST_ITEMS,
        left_out: chosen.left_out,
        too_many: chosen.too_many,
        only_chats: chosen.only_chats(),
        lines: chosen.lines,
        name: or("name", String::new()),
        email: or("email", String::new()),
        reason: or("reason", String::new()),
        days: or("days", settings.days.to_string()),
        most_days: MOST_DAYS,
        subject: or("subject", subject),
        body: or("body", body),
        sender: found.sender.clone(),
        languages: found
            .languages
            .iter()
            .filter(|one| one.offered)
            .map(|one| {
                let code = one.code.code().to_owned();
                let chosen = code == language;
                (code, one.name, chosen)
            })
            .collect(),
        show_access_number: if sent { fields.is_on("show_access_number") } else { settings.show_access_number },
        show_queue_name: if sent { fields.is_on("show_queue_name") } else { settings.show_queue_name },
        letters: state.outbox.is_there(),
        texts: texts(&found),
        wrong,
    };
    Ok(page(status, &shown))
}
