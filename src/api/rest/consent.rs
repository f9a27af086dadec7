//! How answers to the questions of consent and of the host's prompt are told by API, and that somebody was asked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::participants::speaker;
use super::sessions::refusal;
use crate::api::auth::Caller;
use crate::api::body::{At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::model::command::Verb;
use crate::model::consent::{Answer, AnswerContext, AnswerSource, Question, answer_of};
use crate::model::id::{ParticipantId, SessionId};
use crate::model::redact::Personal;
use crate::model::switchboard::{AskedRequest, Refusal};
use crate::model::time::WallClock;

/// How far the clock of a platform may be ahead of ours, milliseconds.
const AHEAD_MS: i64 = 60_000;

/// How an answer came about.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextBody {
    /// With an API key `api` (where absent), `page`, `ivr` or `sip`; a participant token's is `page`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    source: Option<AnswerSource>,
    /// The platform's name of its dialogue, up to 128 characters.
    #[serde(default)]
    flow: Option<String>,
    /// The number that the answering person called from, up to 64 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    caller_number: Option<Personal>,
    /// Which version of the question's text they saw or heard, up to 64 characters.
    #[serde(default)]
    text_version: Option<String>,
    /// In which language (BCP 47), up to 35 characters.
    #[serde(default)]
    language: Option<String>,
    /// When they answered (RFC 3339), where that was before this request; not in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    answered_at: Option<WallClock>,
}

/// What somebody answered before they came, told with their invitation.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyAnswerBody {
    /// `granted` or `declined`.
    #[schema(value_type = String)]
    answer: Answer,
    /// See `POST …/commands`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    source: Option<AnswerSource>,
    /// See `POST …/commands`.
    #[serde(default)]
    flow: Option<String>,
    /// See `POST …/commands`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    caller_number: Option<Personal>,
    /// See `POST …/commands`.
    #[serde(default)]
    text_version: Option<String>,
    /// See `POST …/commands`.
    #[serde(default)]
    language: Option<String>,
    /// See `POST …/commands`; where absent, the time of this request.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    answered_at: Option<WallClock>,
}

/// A question that was shown or read out.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedBody {
    /// `consent` or `prompt`.
    #[schema(value_type = String)]
    what: Question,
    /// Whom: required with an API key, refused with a participant token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    by: Option<ParticipantId>,
    /// See `POST …/commands`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    source: Option<AnswerSource>,
    /// Which version of its text, up to 64 characters.
    #[serde(default)]
    text_version: Option<String>,
    /// In which language (BCP 47), up to 35 characters.
    #[serde(default)]
    language: Option<String>,
}

fn short(name: &str, text: Option<&str>, most: usize) -> Result<(), Problem> {
    match text {
        Some(text) if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) => {
            Err(Problem::invalid(format!("{name}: 1 to {most} characters, none of them a control character")))
        }
        _ => Ok(()),
    }
}

fn words(place: &str, text_version: Option<&str>, language: Option<&str>) -> Result<(), Problem> {
    short(&format!("{place}text_version"), text_version, 64)?;
    let is_tag = |tag: &str| tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    match language {
        Some(tag) if tag.len() > 35 || !is_tag(tag) => Err(Problem::invalid(format!("{place}language: a language tag, as `nb-NO`"))),
        _ => Ok(()),
    }
}

/// Whether the caller runs the node or a platform: they say how an answer came about, others only in which words they were asked.
fn speaks_for_others(caller: &Caller) -> bool {
    caller.runs_sessions()
}

fn source(place: &str, caller: &Caller, told: Option<AnswerSource>) -> Result<AnswerSource, Problem> {
    match (speaks_for_others(caller), told) {
        (false, None | Some(AnswerSource::Page)) => Ok(AnswerSource::Page),
        (false, Some(_)) => Err(Problem::invalid(format!("{place}source: a participant's token answers by `page`"))),
        (true, Some(AnswerSource::SharedStream)) => Err(Problem::invalid(format!("{place}source: `page`, `api`, `ivr` or `sip`"))),
        (true, told) => Ok(told.unwrap_or(AnswerSource::Api)),
    }
}

impl ContextBody {
    fn check(self, caller: &Caller) -> Result<AnswerContext, Problem> {
        let source = source("consent.", caller, self.source)?;
        let only_with_a_key =
            [("flow", self.flow.is_some()), ("caller_number", self.caller_number.is_some()), ("answered_at", self.answered_at.is_some())];
        if let (false, Some((name, _))) = (speaks_for_others(caller), only_with_a_key.into_iter().find(|(_, told)| *told)) {
            return Err(Problem::invalid(format!("consent.{name}: only with an API key")));
        }
        short("consent.flow", self.flow.as_deref(), 128)?;
        short("consent.caller_number", self.caller_number.as_ref().map(Personal::reveal), 64)?;
        words("consent.", self.text_version.as_deref(), self.language.as_deref())?;
        if self.answered_at.is_some_and(|at| at.as_unix_ms() > now().as_unix_ms() + AHEAD_MS) {
            return Err(Problem::invalid("consent.answered_at: in the future"));
        }
        let Self { flow, caller_number, text_version, language, answered_at, .. } = self;
        Ok(AnswerContext { source, flow, caller_number, text_version, language, answered_at })
    }
}

impl EarlyAnswerBody {
    /// The answer as the session keeps it until they come.
    pub(super) fn check(self, caller: &Caller) -> Result<(Verb, AnswerContext), Problem> {
        let verb = match self.answer {
            Answer::Granted => Verb::ConsentGrant,
            Answer::Declined => Verb::ConsentDecline,
            Answer::Withdrawn | Answer::Accepted => {
                return Err(Problem::invalid("consent.answer: `granted` or `declined`"));
            }
        };
        let Self { source, flow, caller_number, text_version, language, answered_at, .. } = self;
        let mut context = ContextBody { source, flow, caller_number, text_version, language, answered_at }.check(caller)?;
        context.answered_at.get_or_insert_with(now);
        Ok((verb, context))
    }
}

/// The context of a command: a page's and an API's own where nothing is told of it, none for what answers no question.
pub(super) fn context_of(caller: &Caller, verb: Verb, told: Option<ContextBody>) -> Result<Option<AnswerContext>, Problem> {
    match (answer_of(verb), told) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Problem::invalid("consent: only with `consent_*` and `prompt_*`")),
        (Some(_), told) => told.unwrap_or_default().check(caller).map(Some),
    }
}

/// The version of the question's words that pages of the node have built in. It changes with the words (`consent-…` in `web/locales`).
const BUILT_IN: &str = "ferric-1";

/// The words of the consent question in a session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WordingJson {
    /// What an answer names as its `text_version`.
    text_version: String,
    /// Their language (BCP 47).
    language: String,
    /// The project's own words; absent where it has none and pages use those that they have built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// With which words the people of a session are asked: the project's own as they are now, or the node's.
#[utoipa::path(get, path = "/v1/sessions/{id}/consent-text", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = WordingJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn wording(caller: Caller, State(state): State<ApiState>, At(id): At<SessionId>) -> Result<Json<WordingJson>, Problem> {
    caller.may_see(&id, &state.registry)?;
    let Some(view) = state.registry.view(&id) else {
        return Err(refusal(&state, &id, Refusal::NoSuchSession).await);
    };
    let own = state.catalogue.consent_text(&view.project).await?;
    Ok(Json(match own {
        Some(own) => WordingJson { text_version: own.version.to_string(), language: own.language, text: Some(own.text) },
        None => WordingJson { text_version: BUILT_IN.to_owned(), language: "en".to_owned(), text: None },
    }))
}

/// Keeps, for the record of consents, that a question was shown or read out to a participant, and in which words. Pages call it when they show the
/// question; platforms with a page or voice dialogue of their own may.
#[utoipa::path(post, path = "/v1/sessions/{id}/asked", tag = "sessions", params(("id" = String, Path)), request_body = AskedBody,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn asked(
    caller: Caller,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    Body(body): Body<AskedBody>,
) -> Result<StatusCode, Problem> {
    let whom = speaker(caller.speaks_as(&id, &state.registry)?, body.by)?;
    let source = source("", &caller, body.source)?;
    words("", body.text_version.as_deref(), body.language.as_deref())?;
    let asked = AskedRequest { what: body.what, source, text_version: body.text_version, language: body.language };
    match state.switchboard.asked(&id, &whom, asked).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}
