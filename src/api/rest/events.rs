//! `GET /v1/events`: server-sent events that can be taken up again where they broke off.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::api::auth::Caller;
use crate::api::body::Asked;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::EventJson;
use crate::archive::{ArchiveError, EventRow};
use crate::model::id::SessionId;

/// How many rows are read at once when catching up.
const PAGE: u32 = 500;

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
    /// From after this event on: 0 = all that is kept. Absent: from now on. `Last-Event-ID` stands over it.
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
    let (session, redacted) = match &caller {
        Caller::Participant { session, .. } => {
            if let Some(asked) = &query.session {
                caller.may_see(asked)?;
            }
            (Some(session.clone()), true)
        }
        Caller::Key { .. } | Caller::Browser { .. } => (query.session, false),
    };
    let since = match headers.get("last-event-id") {
        Some(value) => Some(value.to_str().ok().and_then(|v| v.trim().parse().ok()).ok_or_else(bad_last_id)?),
        None => query.since,
    };
    let follower = Follower {
        live: state.events.subscribe(),
        state,
        session,
        redacted,
        last: since,
        pending: Vec::new().into_iter(),
        behind: since.is_some(),
        horizon: None,
    };
    let stream = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keepalive")))
}

fn bad_last_id() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_last_event_id", "Last-Event-ID: the number of an event")
}

/// One reader of the stream. It reads the catalogue until it has caught up, then the broadcast; where that has a hole, the catalogue again.
struct Follower {
    state: ApiState,
    live: broadcast::Receiver<EventRow>,
    session: Option<SessionId>,
    /// Participants see names, not the platform's own ids.
    redacted: bool,
    last: Option<i64>,
    pending: std::vec::IntoIter<EventRow>,
    behind: bool,
    /// Known to the catalogue when the hole was seen: once read up to there, the broadcast goes on after it.
    horizon: Option<i64>,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(row) = self.pending.next() {
                if self.last.is_some_and(|last| row.seq <= last) {
                    continue;
                }
                self.last = Some(row.seq);
                return self.event(row);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            self.last = self.last.max(self.horizon.take());
            let stop = self.state.stop.clone();
            let received = tokio::select! {
                () = stop.cancelled() => return None,
                received = self.live.recv() => received,
            };
            match received {
                Ok(row) if self.last.is_some_and(|last| row.seq <= last) => {}
                Ok(row) => {
                    if self.last.is_some_and(|last| row.seq != last + 1) {
                        self.behind = true;
                        self.horizon = Some(row.seq);
                        continue;
                    }
                    self.last = Some(row.seq);
                    if self.session.is_none() || self.session == row.session {
                        return self.event(row);
                    }
                }
                Err(RecvError::Lagged(_)) => self.behind = self.last.is_some(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Reads a page; no longer behind once a page is not full. An unreadable catalogue ends the stream: the reader comes again with its last id.
    async fn catch_up(&mut self) -> Option<()> {
        let since = self.last.unwrap_or(0);
        match self.state.catalogue.events_since(since, self.session.as_ref(), PAGE).await {
            Ok(rows) => {
                self.behind = rows.len() >= PAGE as usize;
                self.pending = rows.into_iter();
                Some(())
            }
            Err(error) => {
                log_unreadable(&error);
                None
            }
        }
    }

    fn event(&self, mut row: EventRow) -> Option<Event> {
        if self.redacted
            && let Some(fields) = row.data.as_object_mut()
        {
            fields.remove("external_id");
            fields.remove("agent");
        }
        let (seq, kind) = (row.seq, row.kind.clone());
        let text = serde_json::to_string(&EventJson::from(row)).ok()?;
        Some(Event::default().id(seq.to_string()).event(kind).data(text))
    }
}

fn log_unreadable(error: &ArchiveError) {
    tracing::error!(%error, "events could not be read");
}
