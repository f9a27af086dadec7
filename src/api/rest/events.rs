//! `GET /v1/events`: server-sent events that can be taken up again where they broke off. `archive::EventLog` says why nothing is lost or doubled.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;

use crate::api::auth::{Account, Caller, still_signed_in};
use crate::api::body::Asked;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::EventJson;
use crate::archive::scope::Scope;
use crate::archive::webhooks::{project_of, project_told};
use crate::archive::{ArchiveError, EventReader, EventRow};
use crate::model::id::{ParticipantId, SessionId};

/// How often a comment shows that the stream lives: proxies cut what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What to follow.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Of this session only. A participant follows their own.
    #[param(value_type = Option<String>)]
    session: Option<SessionId>,
    /// From after this event on: 0 = all that is kept. Absent: from now on. `Last-Event-ID` stands over it. A number that no event has had yet is refused
    /// (`no_such_event`): it comes from another node, or from data that is gone.
    since: Option<i64>,
}

/// Every state, participant, gate, command, prompt, consent question, recording and processing change, as server-sent events.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventsQuery),
    responses((status = 200, content_type = "text/event-stream", body = EventJson), (status = 400, body = Problem)))]
pub async fn stream(
    caller: Caller,
    State(state): State<ApiState>,
    headers: HeaderMap,
    Asked(query): Asked<EventsQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let (session, reader_is) = match &caller {
        Caller::Participant { session, participant } => {
            if let Some(asked) = &query.session {
                caller.may_see(asked, &state.registry)?;
            }
            (Some(session.clone()), Some(participant.clone()))
        }
        // The stream tells everything of everybody: it is for those who run sessions.
        Caller::Key { account } | Caller::Browser { account, .. } => {
            account.needs(Scope::Sessions)?;
            (query.session, None)
        }
        Caller::Desk { .. } => return Err(Problem::forbidden("not_for_desks", "an agent's desk follows its calls at /v1/desk")),
        Caller::Watcher { session, .. } => {
            return Err(Problem::forbidden("watch_only", format!("this token follows /v1/sessions/{session}/watch only")));
        }
    };
    let since = match headers.get("last-event-id") {
        Some(value) => Some(value.to_str().ok().and_then(|v| v.trim().parse().ok()).ok_or_else(bad_last_id)?),
        None => query.since,
    };
    let reader = state.events.read(since, session).map_err(|error| no_such_event(&error))?;
    let account = caller.account().ok().cloned();
    let listener = Listener { reader, state, reader_is, account, looked: Instant::now(), reached: HashMap::new() };
    let stream = futures::stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keepalive")))
}

fn bad_last_id() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_last_event_id", "Last-Event-ID: the number of an event")
}

fn no_such_event(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "no_such_event", error.to_string())
}

/// Somebody who listens.
struct Listener {
    reader: EventReader,
    state: ApiState,
    /// The participant who listens, where it is one: they hear less.
    reader_is: Option<ParticipantId>,
    /// The member or key, who may lose the right meanwhile.
    account: Option<Account>,
    /// When it was last looked whether they may go on.
    looked: Instant,
    /// Sessions that were looked at, and whether they are within what a key is limited to.
    reached: HashMap<SessionId, bool>,
}

/// How often it is looked whether the listener may go on.
const STILL_ALLOWED: Duration = Duration::from_secs(2);

impl Listener {
    /// `None` ends the stream: at shutdown, or where the catalogue cannot be read; the listener comes again with its last id.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let stop = self.state.stop.clone();
            let wait = STILL_ALLOWED.saturating_sub(self.looked.elapsed());
            let row = tokio::select! {
                () = stop.cancelled() => return None,
                row = self.reader.next() => Some(row),
                () = tokio::time::sleep(wait), if self.account.is_some() => None,
            };
            if self.looked.elapsed() >= STILL_ALLOWED {
                self.looked = Instant::now();
                if let Some(account) = &self.account
                    && !still_signed_in(&self.state, account, Scope::Sessions).await
                {
                    return None;
                }
            }
            let Some(row) = row else { continue };
            match row {
                Ok(row) => {
                    let reached = match self.reaches(&row).await {
                        Ok(reached) => reached,
                        Err(error) => {
                            tracing::error!(%error, "it could not be read whether an event is for its listener");
                            return None;
                        }
                    };
                    if reached && let Some(event) = self.event(EventRow::clone(&row)) {
                        return Some(event);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "events could not be read");
                    return None;
                }
            }
        }
    }

    /// Whether an event is of a session that the listener is not kept from.
    ///
    /// # Errors
    /// Where the catalogue cannot say. To go on would be to keep the event from them for good: they come again with the number of a later one.
    async fn reaches(&mut self, row: &EventRow) -> Result<bool, ArchiveError> {
        let Some(account) = self.account.as_ref().filter(|account| account.person.projects.is_some()) else { return Ok(true) };
        let Some(session) = &row.session else { return Ok(false) };
        if let Some(known) = self.reached.get(session) {
            return Ok(*known);
        }
        let live = self.state.registry.view(session).map(|view| view.project);
        let project = match live.or_else(|| project_told(row)) {
            Some(project) => Some(project),
            None => project_of(&self.state.catalogue, &self.state.events, session).await?,
        };
        // One that is nowhere yet is looked for again.
        let Some(project) = project else { return Ok(false) };
        let reached = account.reaches(&project);
        self.reached.insert(session.clone(), reached);
        Ok(reached)
    }

    fn event(&self, row: EventRow) -> Option<Event> {
        let (seq, kind) = (row.seq, row.kind.clone());
        let json = EventJson::from(row);
        let json = match &self.reader_is {
            Some(participant) => json.for_participant(participant),
            None => json,
        };
        let text = serde_json::to_string(&json).ok()?;
        Some(Event::default().id(seq.to_string()).event(kind).data(text))
    }
}
