//! Participants: inviting them, and what they or their platform ask for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::consent::{ContextBody, EarlyAnswerBody, context_of};
use super::sessions::refusal;
use crate::api::auth::{Account, Caller};
use crate::api::base_url::BaseUrl;
use crate::api::body::{At, Body, BodyOrNothing};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::{CommandAnswer, InvitationJson};
use crate::archive::scope::Scope;
use crate::archive::{AuditAction, NewAudit, patiently};
use crate::model::command::Verb;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::switchboard::{CommandRequest, JoinRequest, Refusal};

/// Somebody to be invited.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantBody {
    /// `agent` (in a room: the host), `customer` (a guest) or `third_party`.
    #[schema(value_type = String)]
    role: Role,
    /// Name as people see it, up to 128 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Option<Personal>,
    /// A configured agent by name.
    #[serde(default)]
    agent: Option<String>,
    /// What they answered already (an IVR's dialogue, a form): it takes effect when they come in, before anything of theirs is taken.
    #[serde(default)]
    consent: Option<EarlyAnswerBody>,
}

/// A command.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandBody {
    /// `start`, `stop`, `pause`, `resume`, `customer_on`, `customer_off`, `censor_on`, `censor_off`, `receipt_start`, `receipt_stop`, `prompt_accept`,
    /// `prompt_decline`, `consent_grant`, `consent_decline`, `consent_withdraw`.
    #[serde(rename = "do")]
    #[schema(value_type = String)]
    verb: Verb,
    /// The order: required by `receipt_start`, allowed on `receipt_stop`, refused elsewhere.
    #[serde(default)]
    order: Option<String>,
    /// Who speaks: required with an API key, refused with a participant token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    by: Option<ParticipantId>,
    /// How the answer came about; with `consent_*` and `prompt_*` only. A consent answer by `ivr` of somebody invited who has not come yet is kept
    /// until they do.
    #[serde(default)]
    consent: Option<ContextBody>,
}

/// Invites somebody. They come in by their first contact: their media, or a command by or for them that is taken.
#[utoipa::path(post, path = "/v1/sessions/{id}/participants", tag = "sessions", params(("id" = String, Path)), request_body = ParticipantBody,
    responses((status = 201, body = InvitationJson), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn invite(
    caller: Caller,
    base: BaseUrl,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    Body(body): Body<ParticipantBody>,
) -> Result<(StatusCode, Json<InvitationJson>), Problem> {
    // Whoever is in a session themselves invites nobody.
    caller.account()?;
    caller.may_see(&id, &state.registry)?;
    if body.name.as_ref().is_some_and(|n| n.reveal().chars().count() > 128 || n.reveal().chars().any(char::is_control)) {
        return Err(Problem::invalid("name: at most 128 characters, none of them a control character"));
    }
    if body.agent.is_some() && body.role != Role::Agent {
        return Err(Problem::invalid("agent: only with the role `agent`"));
    }
    let answers = body.consent.map(|answer| answer.check(&caller)).transpose()?.into_iter().collect();
    let request = JoinRequest { role: Some(body.role), name: body.name, agent: body.agent, answers, ..JoinRequest::default() };
    match state.registry.invite(&id, request).await {
        Ok(invitation) => Ok((StatusCode::CREATED, Json(InvitationJson::new(&invitation, &id, body.role, &base)))),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}

/// Who speaks: whom the caller's token stands for, or whom the caller names.
pub(super) fn speaker(own: Option<ParticipantId>, by: Option<ParticipantId>) -> Result<ParticipantId, Problem> {
    match (own, by) {
        (Some(_), Some(_)) => {
            Err(Problem::forbidden("by_not_allowed", "by: only with an API key; a participant's or agent's token speaks for itself"))
        }
        (Some(own), None) => Ok(own),
        (None, Some(by)) => Ok(by),
        (None, None) => Err(Problem::invalid("by: missing; an API key speaks for a participant")),
    }
}

fn check_order(verb: Verb, order: Option<&str>) -> Result<(), Problem> {
    match (verb, order) {
        (Verb::ReceiptStart, None) => Err(Problem::invalid("order: missing; `receipt_start` needs it")),
        (Verb::ReceiptStart | Verb::ReceiptStop, Some(order))
            if order.is_empty() || order.chars().count() > 128 || order.chars().any(char::is_control) =>
        {
            Err(Problem::invalid("order: 1 to 128 characters, none of them a control character"))
        }
        (Verb::ReceiptStart | Verb::ReceiptStop, _) | (_, None) => Ok(()),
        (_, Some(_)) => Err(Problem::invalid("order: only with `receipt_start` and `receipt_stop`")),
    }
}

/// A command, answered after the gates have moved. 409 with the policy's `reason` where it refuses.
#[utoipa::path(post, path = "/v1/sessions/{id}/commands", tag = "sessions", params(("id" = String, Path)), request_body = CommandBody,
    responses((status = 200, body = CommandAnswer), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub async fn command(
    caller: Caller,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    Body(body): Body<CommandBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let by = speaker(caller.speaks_as(&id, &state.registry)?, body.by)?;
    check_order(body.verb, body.order.as_deref())?;
    let context = context_of(&caller, body.verb, body.consent)?;
    let detail = json!({ "do": body.verb, "by": by, "order": body.order });
    let answer = state.switchboard.command(&id, CommandRequest { by, verb: body.verb, order: body.order, context }).await;
    note_command(&state, &caller, &id, detail, answer.as_ref().err());
    match answer {
        Ok(state) => Ok(Json(CommandAnswer { state })),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}

/// Notes a command and what became of it. The answer does not wait for the disk: the session's own event log has the command too.
fn note_command(state: &ApiState, caller: &Caller, session: &SessionId, mut detail: Value, no: Option<&Refusal>) {
    if let Some(no) = no {
        detail["refused"] = match no {
            Refusal::Policy(reason) => json!(reason),
            other => Value::String(other.to_string()),
        };
    }
    let entry = NewAudit { at: now(), actor: caller.actor(), action: AuditAction::Command, subject: format!("session:{session}"), detail };
    let catalogue = state.catalogue.clone();
    tokio::spawn(async move {
        if let Err(error) = patiently("a command's entry in the audit log", || catalogue.audit(entry.clone())).await {
            tracing::error!(%error, "a command could not be noted in the audit log");
        }
    });
}

/// Who comes or goes.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WhoBody {
    /// Required with an API key, refused with a participant token.
    #[schema(value_type = Option<String>)]
    by: Option<ParticipantId>,
}

/// Somebody leaves: their connections are closed and what follows from their absence happens. Nothing happens where they are not in.
#[utoipa::path(post, path = "/v1/sessions/{id}/leave", tag = "sessions", params(("id" = String, Path)), request_body = WhoBody,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn leave(
    caller: Caller,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    BodyOrNothing(body): BodyOrNothing<WhoBody>,
) -> Result<StatusCode, Problem> {
    let by = speaker(caller.speaks_as(&id, &state.registry)?, body.by)?;
    match state.switchboard.leave(&id, &by).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}

/// Somebody comes in without any media, or before it. Nothing happens where they are in.
#[utoipa::path(post, path = "/v1/sessions/{id}/arrive", tag = "sessions", params(("id" = String, Path)), request_body = WhoBody,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn arrive(
    caller: Caller,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    BodyOrNothing(body): BodyOrNothing<WhoBody>,
) -> Result<StatusCode, Problem> {
    let by = speaker(caller.speaks_as(&id, &state.registry)?, body.by)?;
    let known = state.registry.view(&id).is_some_and(|view| view.participants.iter().any(|p| p.party.id == by));
    if !known && state.registry.view(&id).is_some() {
        return Err(Refusal::NoSuchParticipant.into());
    }
    match state.switchboard.join(&id, JoinRequest { id: Some(by), ..JoinRequest::default() }).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}

/// Lets the node join a room or a call (WHEP, Janus, SIP). This node cannot yet: every well-formed request is answered 501 `not_implemented`.
#[utoipa::path(post, path = "/v1/sessions/{id}/join", tag = "sessions", params(("id" = String, Path)), request_body = Object,
    responses((status = 501, body = Problem, description = "always, in this version"), (status = 422, body = Problem)))]
pub async fn join(account: Account, At(_id): At<SessionId>, Body(body): Body<serde_json::Map<String, Value>>) -> Problem {
    if let Err(no) = account.needs(Scope::Sessions) {
        return no;
    }
    match body.keys().find(|k| !matches!(k.as_str(), "whep" | "janus" | "sip")) {
        Some(unknown) => Problem::invalid(format!("unknown field `{unknown}`, expected one of `whep`, `janus`, `sip`")),
        None if body.len() == 1 => Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "not_implemented",
            "this version takes what is sent to it (SIP, WHIP) and cannot join rooms or calls by itself yet",
        ),
        None => Problem::invalid("exactly one of `whep`, `janus`, `sip`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ParticipantId {
        text.parse().expect("an id")
    }

    #[test]
    fn a_participant_speaks_for_itself_only() {
        assert_eq!(speaker(Some(id("c1")), None).expect("allowed"), id("c1"));
        assert_eq!(speaker(Some(id("c1")), Some(id("a1"))).expect_err("refused").reason, "by_not_allowed");
    }

    #[test]
    fn a_key_has_to_say_for_whom_it_speaks() {
        assert_eq!(speaker(None, Some(id("a1"))).expect("allowed"), id("a1"));
        assert!(speaker(None, None).expect_err("refused").detail.starts_with("by:"));
    }

    #[test]
    fn an_order_belongs_to_receipts() {
        assert!(check_order(Verb::ReceiptStart, None).is_err());
        assert!(check_order(Verb::ReceiptStart, Some("O-77")).is_ok());
        assert!(check_order(Verb::ReceiptStop, None).is_ok());
        assert!(check_order(Verb::Pause, Some("O-77")).is_err());
    }
}
