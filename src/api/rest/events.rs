//! `GET /v1/events`: server-sent events that can be taken up again where they broke off. `archive::EventLog` says why nothing is lost or doubled.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;

use crate::api::auth::Caller;
use crate::api::body::Asked;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::EventJson;
use crate::archive::{EventReader, EventRow};
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
        Caller::Key { .. } | Caller::Browser { .. } => (query.session, None),
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
    let listener = Listener { reader, state, reader_is };
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
}

impl Listener {
    /// `None` ends the stream: at shutdown, or where the catalogue cannot be read; the listener comes again with its last id.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let stop = self.state.stop.clone();
            let row = tokio::select! {
                () = stop.cancelled() => return None,
                row = self.reader.next() => row,
            };
            match row {
                Ok(row) => {
                    if let Some(event) = self.event(EventRow::clone(&row)) {
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
