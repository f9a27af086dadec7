//! Links to colleagues: a selection goes by letter to a user of the workspace, and opens in the archive with what that user may see of it (archive.md D1).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::shares::can_send;
use crate::api::auth::Member;
use crate::api::base_url::{BaseUrl, in_letters};
use crate::api::body::{At, Body};
use crate::api::noted::now;
use crate::api::pages::Words;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::RecordingJson;
use crate::archive::audit::masked;
use crate::archive::chats::ChatRow;
use crate::archive::internal_links::{InternalLink, Linked, MOST_LINKED};
use crate::archive::people::User;
use crate::archive::rights::Action;
use crate::archive::scope::Scope;
use crate::archive::shares::ShareSettings;
use crate::archive::{ArchiveError, AuditAction, NewAudit, NewEvent, Recording};
use crate::model::email::EmailAddress;
use crate::model::event_kind::EventKind;
use crate::model::id::{InternalLinkId, RecordingId, SessionId};
use crate::model::language::Language;
use crate::model::redact::Personal;
use crate::model::time::WallClock;
use crate::share::internal_letter::{LINK, MY_NAME, RECIPIENT, written};
use crate::share::letter;
use crate::share::mail::NewLetter;

/// What is sent to whom. What is left out is as the configuration of sharing says.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InternalLinkBody {
    /// Recordings, by id. With `sessions` together 1 to 40.
    #[schema(value_type = Vec<String>)]
    pub recordings: Vec<RecordingId>,
    /// Sessions whose chat logs.
    #[schema(value_type = Vec<String>)]
    pub sessions: Vec<SessionId>,
    /// The user that it goes to, by name.
    pub to: String,
    /// Another address of theirs than the one that is known.
    #[schema(value_type = Option<String>)]
    pub email: Option<Personal>,
    /// The letter's subject.
    pub subject: Option<String>,
    /// The letter's text; it has to keep `{{link}}`, and may have `{{recipient}}` and `{{myname}}`.
    pub message: Option<String>,
}

/// A link to a colleague.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InternalLinkJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: InternalLinkId,
    /// Where it leads.
    pub url: String,
    /// When it was sent.
    #[schema(value_type = String)]
    pub created_at: WallClock,
    /// By whom: `user:…` or `key:…`.
    pub sent_by: String,
    /// The user that it was sent to.
    pub to: String,
    /// Those of its recordings that the caller may see.
    pub recordings: Vec<RecordingJson>,
    /// Those of its sessions whose chat logs the caller may see.
    #[schema(value_type = Vec<String>)]
    pub sessions: Vec<SessionId>,
}

/// The text that a letter to a colleague begins with.
pub(in crate::api) fn first_message(settings: &ShareSettings) -> String {
    settings.internal_body.clone().unwrap_or_else(own_message)
}

/// That text where nobody wrote another.
pub(in crate::api) fn own_message() -> String {
    Words::english().t3("internal-body", ("recipient", RECIPIENT), ("link", LINK), ("myname", MY_NAME))
}

/// The subject that it begins with: the same as of letters to people outside.
pub(in crate::api) fn first_subject(settings: &ShareSettings) -> String {
    settings.subject.clone().unwrap_or_else(|| letter::subject(Language::En))
}

fn no(field: &str, why: impl std::fmt::Display) -> Problem {
    Problem::invalid(format!("{field}: {why}"))
}

/// Sends a colleague a link to recordings and chat logs in the archive. Needs `external_links`, and to see each of them; all or nothing.
#[utoipa::path(post, path = "/v1/internal-links", tag = "shares", request_body = InternalLinkBody,
    responses((status = 201, body = InternalLinkJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub async fn create(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    Body(body): Body<InternalLinkBody>,
) -> Result<Response, Problem> {
    let link = send(&member, &state, &base, body).await?;
    let place = HeaderValue::from_str(&format!("/v1/internal-links/{}", link.id)).map_err(|e| Problem::internal(&e))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shown(&member, &state, &base, link).await?)).into_response())
}

/// A link to a colleague, with what the caller may see of its selection.
#[utoipa::path(get, path = "/v1/internal-links/{id}", tag = "shares", params(("id" = String, Path)),
    responses((status = 200, body = InternalLinkJson), (status = 404, body = Problem)))]
pub async fn get(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<InternalLinkId>,
) -> Result<Json<InternalLinkJson>, Problem> {
    member.account.needs(Scope::Read)?;
    let link = state.catalogue.internal_link(&id).await?;
    shown(&member, &state, &base, link).await.map(Json)
}

async fn shown(member: &Member, state: &ApiState, base: &BaseUrl, link: InternalLink) -> Result<InternalLinkJson, Problem> {
    let (recordings, sessions) = seen(member, state, &link).await?;
    Ok(InternalLinkJson {
        url: url(state, base, &link.id),
        id: link.id,
        created_at: link.created,
        sent_by: link.sent_by,
        to: link.recipient,
        recordings: recordings.into_iter().map(Into::into).collect(),
        sessions,
    })
}

fn url(state: &ApiState, base: &BaseUrl, id: &InternalLinkId) -> String {
    format!("{}/archive?sel={id}", in_letters(state).unwrap_or(&base.0))
}

/// What of a selection this member may see.
async fn seen(member: &Member, state: &ApiState, link: &InternalLink) -> Result<(Vec<Recording>, Vec<SessionId>), Problem> {
    let (mut recordings, mut sessions) = (Vec::new(), Vec::new());
    for item in &link.items {
        let hidden = match item {
            Linked::Recording(id) => member.may(state, id, &Action::See).await.map(|recording| recordings.push(recording)),
            Linked::Chat(session) => may_see_chat(member, state, session).await.map(|_| sessions.push(session.clone())),
        };
        match hidden {
            Err(problem) if problem.status != 404 => return Err(problem),
            _ => {}
        }
    }
    Ok((recordings, sessions))
}

/// The chat log of a session, if this member may see that it is there.
///
/// # Errors
/// 404.
pub(in crate::api) async fn may_see_chat(member: &Member, state: &ApiState, session: &SessionId) -> Result<ChatRow, Problem> {
    member.may_with_chat(state, session, &Action::See).await?;
    Ok(state.catalogue.chat_row(session).await?)
}

/// Sends it, for pages too.
///
/// # Errors
/// What and where; nothing is sent then.
pub(in crate::api) async fn send(
    member: &Member,
    state: &ApiState,
    base: &BaseUrl,
    body: InternalLinkBody,
) -> Result<InternalLink, Problem> {
    member.needs(|has| has.external_links)?;
    let settings = state.catalogue.share_settings().await?;
    let items = items(member, state, &body).await?;
    let (user, address) = recipient(state, &body).await?;
    let subject = body.subject.unwrap_or_else(|| first_subject(&settings)).trim().to_owned();
    if let Some(why) = letter::subject_fault(&subject) {
        return Err(no("subject", why));
    }
    let message = body.message.unwrap_or_else(|| first_message(&settings));
    if let Some(why) = letter::body_fault(&message) {
        return Err(no("message", why));
    }
    can_send(state)?;
    let at = now();
    let id = InternalLinkId::random();
    let name = called(&user);
    let letter = state.outbox.row(
        NewLetter {
            to_name: Some(Personal::new(name.clone())),
            from: settings.from,
            subject,
            body: written(&message, &name, &my_name(member, state).await?, &url(state, base, &id)),
            about: Some(format!("internal_link:{id}")),
            urgent: false,
            useful_for: None,
            to: address.clone(),
        },
        at,
    );
    let link =
        InternalLink { id, created: at, sent_by: member.actor.clone(), recipient: user.row.name.clone(), letter: letter.id.clone(), items };
    state.catalogue.put_internal_link(&link, &letter, &entries(member, &link, &address)).await?;
    state.outbox.look();
    let data = json!({ "internal_link": link.id, "items": link.items.len() });
    state.events.tell(NewEvent { at, session: None, kind: EventKind::InternalLinkSent, data });
    Ok(link)
}

/// All that is to be linked, if this member sees all of it.
async fn items(member: &Member, state: &ApiState, body: &InternalLinkBody) -> Result<Vec<Linked>, Problem> {
    let count = body.recordings.len() + body.sessions.len();
    if count == 0 {
        return Err(no("recordings", "at least one recording or chat log is needed"));
    }
    if count > MOST_LINKED {
        return Err(no("recordings", format!("at most {MOST_LINKED} recordings and chat logs together, these are {count}")));
    }
    let mut items = Vec::with_capacity(count);
    for (n, id) in body.recordings.iter().enumerate() {
        let at = |problem: Problem| Problem { detail: format!("recordings[{n}]: {}", problem.detail), ..problem };
        if body.recordings[..n].contains(id) {
            return Err(no(&format!("recordings[{n}]"), "is there twice"));
        }
        items.push(Linked::Recording(member.may(state, id, &Action::See).await.map_err(at)?.id));
    }
    for (n, session) in body.sessions.iter().enumerate() {
        let at = |problem: Problem| Problem { detail: format!("sessions[{n}]: {}", problem.detail), ..problem };
        if body.sessions[..n].contains(session) {
            return Err(no(&format!("sessions[{n}]"), "is there twice"));
        }
        may_see_chat(member, state, session).await.map_err(at)?;
        items.push(Linked::Chat(session.clone()));
    }
    Ok(items)
}

/// The user, and the address that the letter goes to.
async fn recipient(state: &ApiState, body: &InternalLinkBody) -> Result<(User, EmailAddress), Problem> {
    let user = match state.catalogue.user(body.to.trim()).await {
        Ok(user) if !user.row.disabled => user,
        Ok(_) | Err(ArchiveError::NotFound { .. }) => return Err(no("to", "is no user who can sign in")),
        Err(other) => return Err(other.into()),
    };
    let given = body.email.as_ref().map(|email| email.reveal().trim()).filter(|email| !email.is_empty());
    let known = user.row.email.as_ref().map(Personal::reveal);
    let address = given.or(known).ok_or_else(|| no("email", "no address of this user is known; enter one"))?;
    let address = address.parse().map_err(|bad| no("email", bad))?;
    Ok((user, address))
}

/// What a user is called.
pub(in crate::api) fn called(user: &User) -> String {
    let shown = user.row.display_name.reveal();
    if shown.is_empty() { user.row.name.clone() } else { shown.to_owned() }
}

/// What whoever sends is called.
pub(in crate::api) async fn my_name(member: &Member, state: &ApiState) -> Result<String, Problem> {
    match member.actor.strip_prefix("user:") {
        Some(name) => Ok(called(&state.catalogue.user(name).await?)),
        None => Ok(member.account.name.clone()),
    }
}

/// One entry for the link, and one for each thing that it leads to.
fn entries(member: &Member, link: &InternalLink, address: &EmailAddress) -> Vec<NewAudit> {
    let to = json!({ "user": link.recipient, "address": masked(address.as_str()) });
    let one = |item: &Linked| {
        let (subject, what) = match item {
            Linked::Recording(id) => (format!("recording:{id}"), "recording"),
            Linked::Chat(session) => (format!("session:{session}"), "chat"),
        };
        let detail = json!({ "what": what, "internal_link": link.id, "to": to });
        NewAudit { at: link.created, actor: member.actor.clone(), action: AuditAction::Share, subject, detail }
    };
    let detail = json!({ "what": "internal_link", "to": to, "items": link.items.len() });
    let whole = NewAudit {
        at: link.created,
        actor: member.actor.clone(),
        action: AuditAction::Share,
        subject: format!("internal_link:{}", link.id),
        detail,
    };
    std::iter::once(whole).chain(link.items.iter().map(one)).collect()
}
