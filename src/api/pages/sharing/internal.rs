//! “Send link to internal user”: a selection goes to a colleague.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::chosen::{Chosen, Line};
use super::external::SentPage;
use super::fields::{Fields, Queried, Sent, Wrong};
use super::{answered, is_theirs};
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::rest::internal_links::{InternalLinkBody, called, first_message, first_subject, my_name, send as send_link};
use crate::api::state::ApiState;
use crate::archive::shares::MOST_ITEMS;
use crate::model::redact::Personal;

/// A user who can be chosen.
struct Choice {
    name: String,
    called: String,
    email: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "share_internal.html")]
struct InternalPage {
    shell: Shell,
    lines: Vec<Line>,
    most: usize,
    left_out: usize,
    too_many: bool,
    wrong: Wrong,
    users: Vec<Choice>,
    email: String,
    subject: String,
    message: String,
    my_name: String,
    sender: String,
    letters: bool,
}

const NAMES: [(&str, &str); 4] = [("to", "to"), ("email", "email"), ("subject", "subject"), ("message", "message")];

/// `GET /archive/send-internal?r=…&s=…`
pub async fn show(member: Member, State(state): State<ApiState>, Queried(asked): Queried) -> Response {
    answered(&member, render(&member, &state, &asked, false, Wrong::default()).await)
}

/// `POST /archive/send-internal`
pub async fn send(member: Member, State(state): State<ApiState>, base: BaseUrl, Sent(sent): Sent) -> Response {
    answered(&member, sent_on(&member, &state, &base, sent).await)
}

async fn sent_on(member: &Member, state: &ApiState, base: &BaseUrl, sent: Fields) -> Result<Response, Problem> {
    sent.of_this_browser(member)?;
    let chosen = Chosen::of(member, state, &sent).await?;
    if chosen.too_many || chosen.left_out > 0 {
        return render(member, state, &sent, true, Wrong::default()).await;
    }
    let body = InternalLinkBody {
        recordings: chosen.recordings,
        sessions: chosen.sessions,
        to: sent.one("to").to_owned(),
        email: Some(Personal::new(sent.one("email"))),
        subject: Some(sent.one("subject").to_owned()),
        message: Some(sent.lines("message")),
    };
    match send_link(member, state, base, body).await {
        Ok(link) => {
            let shell = Shell::of(member, "recordings");
            let called = called(&state.catalogue.user(&link.recipient).await?);
            let what = shell.w.t1("send-internal-sent", "name", called);
            let sent = SentPage { title: shell.w.t("send-internal-title"), what, until: None, log: false, shell };
            Ok(page(StatusCode::OK, &sent))
        }
        Err(problem) if is_theirs(&problem) => render(member, state, &sent, true, Wrong::of(&problem, &NAMES)).await,
        Err(problem) => Err(problem),
    }
}

async fn render(member: &Member, state: &ApiState, fields: &Fields, sent: bool, wrong: Wrong) -> Result<Response, Problem> {
    member.needs(|has| has.external_links)?;
    let settings = state.catalogue.share_settings().await?;
    let chosen = Chosen::of(member, state, fields).await?;
    let users = state.catalogue.users().await?;
    let or = |name: &str, first: String| if sent { fields.lines(name) } else { first };
    let choice = |user: &crate::archive::people::User| Choice {
        called: called(user),
        email: user.row.email.as_ref().map(Personal::reveal).unwrap_or_default().to_owned(),
        chosen: fields.one("to") == user.row.name,
        name: user.row.name.clone(),
    };
    let status = if sent { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = InternalPage {
        shell: Shell::of(member, "recordings"),
        most: MOST_ITEMS,
        left_out: chosen.left_out,
        too_many: chosen.too_many,
        lines: chosen.lines,
        users: users.iter().filter(|user| !user.row.disabled).map(choice).collect(),
        email: or("email", String::new()),
        subject: or("subject", first_subject(&settings)),
        message: or("message", first_message(&settings)),
        my_name: my_name(member, state).await?,
        sender: settings.from.clone().unwrap_or_else(|| state.outbox.sender().to_owned()),
        letters: state.outbox.is_there(),
        wrong,
    };
    Ok(page(status, &shown))
}
