//! Watching: a session's state, or an agent's calls, pushed the moment they change. Every message is the whole of it, so a reader that comes back
//! after a break has missed nothing that matters, and nothing here waits for the catalogue.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{self, error::RecvError};

use super::sessions::refusal;
use crate::api::auth::{Account, Caller, GRANT_LIFE, Grant, bearer, still_signed_in};
use crate::api::base_url::BaseUrl;
use crate::api::body::{At, BodyOrNothing};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::{DeskJson, GrantJson, LiveStateJson, OverJson, SessionJson, WatchedJson, YouJson, whip_url};
use crate::archive::AuditAction;
use crate::archive::scope::Scope as Right;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::switchboard::Refusal;
use crate::model::time::WallClock;

/// A comment so often shows that the stream lives: a page that hears nothing for three of them says that it knows nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// How often it is looked whether the caller's token still holds.
const STILL_ALLOWED: Duration = Duration::from_secs(2);

/// What is asked of a token that is to be made.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WatchBody {
    /// How long it lasts: 1 to 43,200 s (the default, 12 h). It ends with the session in any case.
    expires_in_s: Option<u64>,
    /// The one origin whose pages may read it, as `https://app.example`. Absent: any.
    origin: Option<String>,
}

/// How long a token is to last.
pub(super) fn life(asked_s: Option<u64>) -> Result<Duration, Problem> {
    match asked_s {
        None => Ok(GRANT_LIFE),
        Some(s @ 1..=43_200) => Ok(Duration::from_secs(s)),
        Some(_) => Err(Problem::invalid("expires_in_s: 1 to 43200")),
    }
}

/// When that is.
pub(super) fn end_of(life: Duration) -> WallClock {
    let ends = jiff::Timestamp::now().as_millisecond().saturating_add(i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
    WallClock::from_unix_ms(ends)
}

fn origin(text: &str) -> Result<String, Problem> {
    let well = || Problem::invalid("origin: a scheme and a host, as `https://app.example`");
    let (scheme, authority) = text.split_once("://").ok_or_else(well)?;
    let plain = !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    if matches!(scheme, "http" | "https") && plain && text.len() <= 256 { Ok(text.to_ascii_lowercase()) } else { Err(well()) }
}

/// Makes a token that can watch a session's recording state, and nothing else: for an indicator in a page of your own.
#[utoipa::path(post, path = "/v1/sessions/{id}/watch", tag = "sessions", params(("id" = String, Path)), request_body = WatchBody,
    responses((status = 201, body = GrantJson), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn allow(
    caller: Caller,
    base: BaseUrl,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    BodyOrNothing(body): BodyOrNothing<WatchBody>,
) -> Result<(StatusCode, Json<GrantJson>), Problem> {
    let account = caller.account()?;
    caller.may_see(&id, &state.registry)?;
    let life = life(body.expires_in_s)?;
    let origin = body.origin.as_deref().map(origin).transpose()?;
    if state.registry.view(&id).is_none() {
        return Err(refusal(&state, &id, Refusal::NoSuchSession).await);
    }
    let detail = serde_json::json!({ "watch": "allowed", "for_s": life.as_secs(), "origin": origin });
    account.note(&state, AuditAction::Share, format!("session:{id}"), detail).await?;
    let token = state.grants().issue(Grant::Watch { session: id, origin }, life, Instant::now());
    let answer = GrantJson {
        token: token.reveal().to_owned(),
        expires_at: end_of(life),
        page_url: None,
        script_url: Some(format!("{}/embed/indicator.js", base.0)),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// A session as it is now, and again whenever something changes, as server-sent events `session` (`over` at its end). A participant and an agent
/// see the session with their controls, a watch token its state alone.
#[utoipa::path(get, path = "/v1/sessions/{id}/watch", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = SessionJson), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem)))]
pub async fn session(
    caller: Caller,
    base: BaseUrl,
    State(state): State<ApiState>,
    headers: HeaderMap,
    At(id): At<SessionId>,
) -> Result<Response, Problem> {
    let mut readers = None;
    let eyes = match &caller {
        Caller::Watcher { session, origin } if *session == id => {
            readers.clone_from(origin);
            Eyes::Indicator
        }
        Caller::Participant { .. } | Caller::Desk { .. } | Caller::Watcher { .. } | Caller::Key { .. } | Caller::Browser { .. } => {
            match caller.speaks_as(&id, &state.registry)? {
                Some(by) if matches!(caller, Caller::Desk { .. }) => Eyes::Agent(by),
                Some(by) => Eyes::Participant(by),
                None => Eyes::Operator,
            }
        }
    };
    // Before the look, so that nothing falls between the two.
    let touched = state.registry.touched();
    if state.registry.view(&id).is_none() {
        return Err(refusal(&state, &id, Refusal::NoSuchSession).await);
    }
    let mut answer =
        Watching::of(state, Scope::Session(id, eyes), touched, base, &headers).of_account(caller.account().ok().cloned()).stream();
    if let Some(origin) = readers.and_then(|o| HeaderValue::from_str(&o).ok()) {
        answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    }
    Ok(answer)
}

/// The calls of the agent whose desk it is, as they are now and again whenever something changes, as server-sent events `desk`.
#[utoipa::path(get, path = "/v1/desk", tag = "agents",
    responses((status = 200, content_type = "text/event-stream", body = DeskJson), (status = 403, body = Problem)))]
pub async fn desk(caller: Caller, base: BaseUrl, State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    let Caller::Desk { agent } = caller else {
        return Err(Problem::forbidden("desk_only", "a desk is opened with a token of POST /v1/agents/{name}/desk"));
    };
    let touched = state.registry.touched();
    Ok(Watching::of(state, Scope::Desk(agent), touched, base, &headers).stream())
}

/// The state of every live session, as it is now and again whenever one changes, as server-sent events `states`.
#[utoipa::path(get, path = "/v1/states", tag = "sessions",
    responses((status = 200, content_type = "text/event-stream", body = Vec<LiveStateJson>), (status = 403, body = Problem)))]
pub async fn states(account: Account, base: BaseUrl, State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    account.needs(Right::Sessions)?;
    let touched = state.registry.touched();
    Ok(Watching::of(state, Scope::All, touched, base, &headers).of_account(Some(account)).stream())
}

/// With whose eyes a session is seen.
enum Eyes {
    Operator,
    Participant(ParticipantId),
    Agent(ParticipantId),
    Indicator,
}

enum Scope {
    Session(SessionId, Eyes),
    Desk(String),
    All,
}

/// One reader.
struct Watching {
    state: ApiState,
    scope: Scope,
    touched: broadcast::Receiver<SessionId>,
    base: BaseUrl,
    /// The token of a grant, which may end before the stream does.
    token: Option<String>,
    /// A member or a key, who may lose the right meanwhile.
    account: Option<Account>,
    /// Sessions that a desk showed last: a touch of another one matters only if the agent has come in.
    shown: Vec<SessionId>,
    sent: String,
    look: bool,
    /// When it was last looked whether the reader may go on.
    looked: Instant,
    done: bool,
}

enum Seen {
    Now(&'static str, Option<u64>, String),
    Last(&'static str, String),
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Watching {
    fn of(state: ApiState, scope: Scope, touched: broadcast::Receiver<SessionId>, base: BaseUrl, headers: &HeaderMap) -> Self {
        let token = bearer(headers).ok().flatten().filter(|t| state.grants().find(t, Instant::now()).is_some()).map(str::to_owned);
        Self {
            state,
            scope,
            touched,
            base,
            token,
            account: None,
            shown: Vec::new(),
            sent: String::new(),
            look: true,
            looked: Instant::now(),
            done: false,
        }
    }

    fn of_account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Whether the reader may go on.
    async fn still_allowed(&self) -> bool {
        let granted = self.token.as_ref().is_none_or(|token| self.state.grants().find(token, Instant::now()).is_some());
        let member = match &self.account {
            Some(account) => still_signed_in(&self.state, account, Right::Sessions).await,
            None => true,
        };
        granted && member
    }

    fn stream(self) -> Response {
        let events = futures::stream::unfold(self, |mut watching| async move {
            let event = watching.next().await?;
            Some((Ok::<_, Infallible>(event), watching))
        });
        let mut answer = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("")).into_response();
        // Some proxies hold back what they take for a page.
        answer.headers_mut().insert(header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        answer
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.done {
                return None;
            }
            if std::mem::take(&mut self.look) {
                let (name, id, text) = match self.see() {
                    Seen::Now(name, id, text) => (name, id, text),
                    Seen::Last(name, text) => {
                        self.done = true;
                        (name, None, text)
                    }
                };
                if text != self.sent {
                    self.sent.clone_from(&text);
                    let event = Event::default().event(name).data(text);
                    return Some(match id {
                        Some(id) => event.id(id.to_string()),
                        None => event,
                    });
                }
            }
            let stop = self.state.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return None,
                touched = self.touched.recv() => self.on_touch(touched),
                () = tokio::time::sleep(STILL_ALLOWED) => {}
            }
            if self.looked.elapsed() < STILL_ALLOWED {
                continue;
            }
            self.looked = Instant::now();
            if !self.still_allowed().await {
                self.done = true;
                return Some(Event::default().event("expired").data("{}"));
            }
        }
    }

    fn on_touch(&mut self, touched: Result<SessionId, RecvError>) {
        let mut next = Some(touched);
        while let Some(touched) = next {
            match touched {
                Ok(session) => self.look |= self.concerns(&session),
                Err(RecvError::Lagged(_)) => self.look = true,
                Err(RecvError::Closed) => self.done = true,
            }
            next = match self.touched.try_recv() {
                Ok(session) => Some(Ok(session)),
                Err(broadcast::error::TryRecvError::Lagged(n)) => Some(Err(RecvError::Lagged(n))),
                Err(_) => None,
            };
        }
    }

    fn concerns(&self, session: &SessionId) -> bool {
        match &self.scope {
            Scope::Session(own, _) => own == session,
            Scope::Desk(agent) => self.shown.contains(session) || self.state.registry.participant_of(session, agent).is_some(),
            Scope::All => true,
        }
    }

    fn see(&mut self) -> Seen {
        match &self.scope {
            Scope::Session(id, eyes) => self.see_session(id, eyes),
            Scope::Desk(agent) => {
                let here = self.state.registry.sessions_of(agent);
                let sessions = here.iter().filter_map(|(id, by)| self.for_agent(id, by)).collect();
                let text = json(&DeskJson { agent: agent.clone(), sessions });
                self.shown = here.into_iter().map(|(id, _)| id).collect();
                Seen::Now("desk", None, text)
            }
            Scope::All => {
                let live = self.state.registry.live();
                let reached =
                    |view: &crate::session::SessionView| self.account.as_ref().is_none_or(|account| account.reaches(&view.project));
                let states: Vec<_> =
                    live.into_iter().filter(reached).map(|view| LiveStateJson { id: view.id, state: view.state }).collect();
                Seen::Now("states", None, json(&states))
            }
        }
    }

    fn you(&self, id: &SessionId, by: &ParticipantId, controls: crate::policy::Controls) -> YouJson {
        YouJson { whip_url: whip_url(&self.base, id, by), id: by.clone(), controls: Some(controls.into()) }
    }

    fn for_agent(&self, id: &SessionId, by: &ParticipantId) -> Option<SessionJson> {
        let (view, controls) = self.state.registry.view_for(id, by)?;
        Some(SessionJson::from(view).for_agent(self.you(id, by, controls)))
    }

    fn see_session(&self, id: &SessionId, eyes: &Eyes) -> Seen {
        let registry = &self.state.registry;
        let seen = match eyes {
            Eyes::Operator => registry.view(id).map(|view| (view.revision, json(&SessionJson::from(view)))),
            Eyes::Indicator => registry.view(id).map(|view| (view.revision, json(&WatchedJson::from(view)))),
            Eyes::Participant(by) => registry.view_for(id, by).map(|(view, controls)| {
                let revision = view.revision;
                (revision, json(&SessionJson::from(view).for_participant(self.you(id, by, controls))))
            }),
            Eyes::Agent(by) => registry.view(id).and_then(|view| self.for_agent(id, by).map(|seen| (view.revision, json(&seen)))),
        };
        match seen {
            Some((revision, text)) => Seen::Now("session", Some(revision), text),
            None => Seen::Last("over", json(&OverJson { id: id.clone(), live: false })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(origin("https://App.example:8443").expect("one"), "https://app.example:8443");
        for wrong in ["app.example", "https://", "https://a/b", "https://a b", "javascript://x", "https://a\r\nx", "*"] {
            assert!(origin(wrong).expect_err("none").detail.starts_with("origin:"), "{wrong}");
        }
    }

    #[test]
    fn a_life_is_at_most_half_a_day() {
        assert_eq!(life(None).expect("the default"), GRANT_LIFE);
        assert_eq!(life(Some(1)).expect("short"), Duration::from_secs(1));
        assert!(life(Some(0)).is_err() && life(Some(43_201)).is_err());
    }
}
