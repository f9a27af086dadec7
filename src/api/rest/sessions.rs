//! Sessions: opening, looking at, ending.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::api::auth::{Account, Caller};
use crate::api::base_url::BaseUrl;
use crate::api::body::{Asked, At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::{ControlsJson, SessionJson, SessionListJson, YouJson, whip_url};
use crate::archive::rights::Sight;
use crate::archive::scope::Scope;
use crate::archive::{ArchiveError, ListFilter};
use crate::model::id::{ParticipantId, ProjectSlug, SessionId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::model::switchboard::{OpenSession, Refusal};
use crate::model::text::holds_controls;

/// A session to be opened.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionBody {
    /// An existing project.
    #[schema(value_type = String)]
    project: ProjectSlug,
    /// `call` or `room`; the project's where absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kind: Option<Kind>,
    /// The platform's own id, up to 256 characters.
    #[serde(default)]
    external_id: Option<String>,
    /// Queue, access number, caller, ticket, order …: up to 64 texts.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: BTreeMap<String, Personal>,
}

/// An id.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CreatedJson {
    #[schema(value_type = String)]
    id: SessionId,
}

impl SessionBody {
    fn check(&self) -> Result<(), Problem> {
        // PostgreSQL keeps no NUL in a text; a note may have lines all the same.
        let control = |text: &str| text.chars().any(char::is_control);
        if self.external_id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > 256 || control(id)) {
            return Err(Problem::invalid("external_id: 1 to 256 characters, none of them a control character"));
        }
        if self.metadata.len() > 64 {
            return Err(Problem::invalid("metadata: at most 64 entries"));
        }
        let named = |name: &str| !name.is_empty() && name.len() <= 128 && !control(name);
        let fits = |text: &str| text.len() <= 4096 && !holds_controls(text);
        match self.metadata.iter().find(|(name, text)| !named(name) || !fits(text.reveal())) {
            Some((key, _)) => {
                let shown: String = key.chars().filter(|c| !c.is_control()).take(128).collect();
                let why = "a name of 1 to 128 bytes and a text of at most 4096, neither with a control character (a text may have lines)";
                Err(Problem::invalid(format!("metadata.{shown}: {why}")))
            }
            None => Ok(()),
        }
    }
}

/// Which sessions to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionsQuery {
    /// Only those with the platform's own id.
    external_id: Option<String>,
}

/// Live sessions.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(SessionsQuery),
    responses((status = 200, body = SessionListJson), (status = 400, body = Problem)))]
pub async fn list(
    account: Account,
    State(state): State<ApiState>,
    Asked(query): Asked<SessionsQuery>,
) -> Result<Json<SessionListJson>, Problem> {
    account.needs(Scope::Sessions)?;
    let live = state.registry.live().into_iter().filter(|view| account.reaches(&view.project));
    let wanted = live.filter(|view| query.external_id.is_none() || view.external_id == query.external_id);
    Ok(Json(SessionListJson { items: wanted.map(SessionJson::from).collect() }))
}

/// Opens a session. Nobody is in it yet.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = SessionBody,
    responses((status = 201, body = CreatedJson), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn create(
    account: Account,
    State(state): State<ApiState>,
    Body(body): Body<SessionBody>,
) -> Result<(StatusCode, HeaderMap, Json<CreatedJson>), Problem> {
    account.needs(Scope::Sessions)?;
    body.check()?;
    if !account.reaches(&body.project) {
        return Err(Refusal::NoSuchProject(body.project).into());
    }
    let kind = match body.kind {
        Some(kind) => kind,
        None => match state.catalogue.project(&body.project).await {
            Ok(project) => project.kind.session_kind(),
            Err(ArchiveError::NotFound { .. }) => return Err(Refusal::NoSuchProject(body.project).into()),
            Err(other) => return Err(other.into()),
        },
    };
    let request = OpenSession { project: body.project, kind, external_id: body.external_id, metadata: body.metadata };
    let id = state.switchboard.open(request).await?;
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/sessions/{id}")) {
        headers.insert(header::LOCATION, place);
    }
    Ok((StatusCode::CREATED, headers, Json(CreatedJson { id })))
}

/// A session: state, participants, gates, outputs so far. A participant sees their own without numbers, addresses and metadata.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = SessionJson), (status = 404, body = Problem)))]
pub async fn get(
    caller: Caller,
    base: BaseUrl,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
) -> Result<Json<SessionJson>, Problem> {
    let own = caller.speaks_as(&id, &state.registry)?;
    let Some(by) = own else {
        return Ok(Json(match state.registry.view(&id) {
            Some(view) => SessionJson::from(view),
            None => over(&state, &caller, &id).await?,
        }));
    };
    let seen = state.registry.view_for(&id, &by);
    let Some((view, controls)) = seen else {
        let you = YouJson { whip_url: whip_url(&base, &id, &by), id: by, controls: None };
        return Ok(Json(over(&state, &caller, &id).await?.for_participant(you)));
    };
    let you = YouJson { whip_url: whip_url(&base, &id, &by), id: by, controls: Some(controls.into()) };
    Ok(Json(if matches!(caller, Caller::Desk { .. }) {
        SessionJson::from(view).for_agent(you)
    } else {
        SessionJson::from(view).for_participant(you)
    }))
}

async fn over(state: &ApiState, caller: &Caller, id: &SessionId) -> Result<SessionJson, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "no_such_session", "there is no session of that id");
    let row = match state.catalogue.session(id).await {
        Ok(row) if caller.account().is_ok_and(|account| !account.reaches(&row.project)) => return Err(none()),
        Ok(row) => row,
        Err(ArchiveError::NotFound { .. }) => return Err(none()),
        Err(other) => return Err(other.into()),
    };
    let page = state
        .catalogue
        .recordings(&ListFilter { session: Some(id.clone()), limit: Some(200), ..ListFilter::default() }, &Sight::everything())
        .await?;
    Ok(SessionJson::over(row, page.items))
}

/// What a refusal for a session means: one that was there once is over (409 `ended`), any other is unknown.
pub(super) async fn refusal(state: &ApiState, id: &SessionId, refusal: Refusal) -> Problem {
    if matches!(refusal, Refusal::NoSuchSession) && state.catalogue.session(id).await.is_ok() {
        return Problem::policy(crate::model::command::Reason::Ended);
    }
    refusal.into()
}

/// Whose controls are asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ControlsQuery {
    /// A participant: required with an API key, refused with a participant token.
    #[param(value_type = Option<String>)]
    by: Option<ParticipantId>,
}

/// What a participant could command now: every command, allowed or with the policy's reason, and how the switches stand.
#[utoipa::path(get, path = "/v1/sessions/{id}/controls", tag = "sessions", params(("id" = String, Path), ControlsQuery),
    responses((status = 200, body = ControlsJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub async fn controls(
    caller: Caller,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    Asked(query): Asked<ControlsQuery>,
) -> Result<Json<ControlsJson>, Problem> {
    let by = super::participants::speaker(caller.speaks_as(&id, &state.registry)?, query.by)?;
    match state.registry.view_for(&id, &by) {
        Some((_, controls)) => Ok(Json(controls.into())),
        None => Err(refusal(&state, &id, Refusal::NoSuchSession).await),
    }
}

/// Whether a participant may end their session for everybody: the host of a room. A phone call ends on the telephone.
fn is_host(state: &ApiState, session: &SessionId, participant: &ParticipantId) -> bool {
    state.registry.view(session).is_some_and(|view| {
        view.settings.kind == Kind::Room && view.participants.iter().any(|p| p.party.id == *participant && p.party.role == Role::Agent)
    })
}

/// Ends a session for everybody. The host of a room may, too.
#[utoipa::path(post, path = "/v1/sessions/{id}/end", tag = "sessions", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn end(caller: Caller, State(state): State<ApiState>, At(id): At<SessionId>) -> Result<StatusCode, Problem> {
    if let Some(by) = caller.speaks_as(&id, &state.registry)?
        && !is_host(&state, &id, &by)
    {
        return Err(Problem::forbidden("not_host", "only the host of a room may end it for everybody"));
    }
    match state.switchboard.end(&id).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(no) => Err(refusal(&state, &id, no).await),
    }
}
