//! The console: who is being recorded now, and what was.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::lane::Lane;
use super::lane_html::lane_html;
use super::recording_row::{RecordingRow, state_name};
use super::refused::problem_page;
use super::shell::{Shell, page};
use super::words::{Words, length};
use crate::api::auth::{Member, Operator, SignedIn};
use crate::api::escaped::escaped;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::{EventRow, ListFilter, RecordingState};
use crate::model::settings::Kind;
use crate::model::time::WallClock;
use crate::session::SessionView;

/// Live sessions shown at once.
const LIVE_SHOWN: usize = 50;

/// Events of one session looked at for its lane.
const LANE_EVENTS: u32 = 5_000;

/// Recordings a page.
const ROWS: u32 = 25;

const STATES: [&str; 5] = ["recording", "processing", "ready", "failed", "discarded"];

/// What the address asks for. What cannot be read filters nothing: an address may be typed by hand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConsoleQuery {
    id: String,
    project: String,
    state: String,
    from: String,
    to: String,
    after: String,
}

/// A filter in words, with the address that lacks it.
struct Chip {
    words: String,
    without: String,
}

struct LiveSession {
    id: String,
    state: &'static str,
    kind: &'static str,
    project: String,
    started_at: String,
    started_short: String,
    elapsed: String,
    lane_html: String,
}

#[derive(Template)]
#[template(path = "parts/live.html")]
struct LivePart {
    w: Words,
    csrf: String,
    sessions: Vec<LiveSession>,
    total: usize,
}

#[derive(Template)]
#[template(path = "parts/recordings.html")]
struct RecordingsPart {
    w: Words,
    rows: Vec<RecordingRow>,
    filtered: bool,
    paged: bool,
    first_url: String,
    next_url: Option<String>,
}

#[derive(Template)]
#[template(path = "console.html")]
struct ConsolePage {
    shell: Shell,
    live_html: String,
    recordings_html: String,
    filter: ConsoleQuery,
    projects: Vec<String>,
    states: [&'static str; 5],
    chips: Vec<Chip>,
}

pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Call => "call",
        Kind::Room => "room",
    }
}

/// `2026-11-22 18:04`, UTC: scripts put the viewer's own zone in its place.
pub(super) fn short(at: WallClock) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

impl ConsoleQuery {
    fn filter(&self) -> ListFilter {
        let day = |text: &str, days: i64| {
            let date: jiff::civil::Date = text.parse().ok()?;
            let start = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            Some(WallClock::from_unix_ms(start.as_millisecond() + days * 86_400_000))
        };
        ListFilter {
            session: self.id.trim().parse().ok(),
            project: self.project.parse().ok(),
            state: state_of(&self.state),
            from: day(&self.from, 0),
            to: day(&self.to, 1),
            limit: Some(ROWS),
            after: (!self.after.is_empty()).then(|| self.after.clone()),
            ..ListFilter::default()
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.id, &self.project, &self.state, &self.from, &self.to].iter().any(|f| !f.is_empty())
    }

    fn url(&self) -> String {
        let fields = [
            ("id", &self.id),
            ("project", &self.project),
            ("state", &self.state),
            ("from", &self.from),
            ("to", &self.to),
            ("after", &self.after),
        ];
        let mut query = String::new();
        for (name, value) in fields.into_iter().filter(|(_, v)| !v.is_empty()) {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.push_str(&escaped(value));
        }
        format!("/{query}")
    }

    fn chips(&self, w: Words) -> Vec<Chip> {
        let mut chips = Vec::new();
        let mut chip = |kind: &str, value: &str, without: Self| {
            if !value.is_empty() {
                chips.push(Chip { words: w.t1(&format!("chip-{kind}"), "value", value), without: without.url() });
            }
        };
        let first = Self { after: String::new(), ..self.clone() };
        chip("session", &self.id, Self { id: String::new(), ..first.clone() });
        chip("project", &self.project, Self { project: String::new(), ..first.clone() });
        let state = if STATES.contains(&self.state.as_str()) { w.of("recording", &self.state) } else { String::new() };
        chip("state", &state, Self { state: String::new(), ..first.clone() });
        chip("from", &self.from, Self { from: String::new(), ..first.clone() });
        chip("to", &self.to, Self { to: String::new(), ..first });
        chips
    }
}

fn state_of(name: &str) -> Option<RecordingState> {
    [RecordingState::Recording, RecordingState::Processing, RecordingState::Ready, RecordingState::Failed, RecordingState::Discarded]
        .into_iter()
        .find(|s| state_name(*s) == name)
}

/// Everything that happened in a session, up to what a lane needs.
async fn events_of(state: &ApiState, session: &SessionView) -> Vec<EventRow> {
    match state.events.of_session(&session.id, LANE_EVENTS).await {
        Ok(events) => events.into_iter().map(Arc::unwrap_or_clone).collect(),
        Err(error) => {
            tracing::error!(%error, "a lane could not be drawn");
            Vec::new()
        }
    }
}

/// The lane of a live session as it is now.
pub(super) async fn live_lane(state: &ApiState, session: &SessionView) -> Lane {
    let now = jiff::Timestamp::now().as_millisecond();
    let now_ms = u64::try_from(now - session.started_at.as_unix_ms()).unwrap_or(0);
    Lane::of_live(session, &events_of(state, session).await, now_ms)
}

async fn live_html(state: &ApiState, w: Words, csrf: String) -> String {
    let views = state.registry.live();
    let total = views.len();
    let mut sessions = Vec::new();
    for view in views.into_iter().take(LIVE_SHOWN) {
        let lane = live_lane(state, &view).await;
        sessions.push(LiveSession {
            id: view.id.to_string(),
            state: view.state.as_str(),
            kind: kind_name(view.settings.kind),
            project: view.project.to_string(),
            started_at: view.started_at.to_string(),
            started_short: short(view.started_at),
            elapsed: length(lane.total_ms),
            lane_html: lane_html(w, &lane),
        });
    }
    LivePart { w, csrf, sessions, total }.render().unwrap_or_default()
}

async fn recordings_html(member: &Member, state: &ApiState, w: Words, query: &ConsoleQuery) -> Result<String, Problem> {
    let found = state.catalogue.recordings(&query.filter(), &member.sight(state).await?).await?;
    let rows = found.items.iter().map(|r| RecordingRow::new(w, r, state)).collect();
    let part = RecordingsPart {
        w,
        rows,
        filtered: query.is_filtered(),
        paged: !query.after.is_empty(),
        first_url: ConsoleQuery { after: String::new(), ..query.clone() }.url(),
        next_url: found.next.map(|next| ConsoleQuery { after: next, ..query.clone() }.url()),
    };
    part.render().map_err(|e| Problem::internal(&e))
}

/// `GET /`
pub async fn console(member: Member, State(state): State<ApiState>, Query(query): Query<ConsoleQuery>) -> Response {
    if let Ok(id) = query.id.trim().parse()
        && member.may(&state, &id, &Action::See).await.is_ok()
    {
        return Redirect::to(&format!("/recordings/{id}")).into_response();
    }
    match compose(&member, &state, query).await {
        Ok(template) => page(StatusCode::OK, &template),
        Err(problem) => problem_page(&member, &problem),
    }
}

async fn compose(member: &Member, state: &ApiState, query: ConsoleQuery) -> Result<ConsolePage, Problem> {
    let shell = Shell::of(member, "recordings");
    let w = shell.w;
    Ok(ConsolePage {
        // What goes on now is for those who run it; an agent has a desk for their own calls.
        live_html: if member.is_admin() { live_html(state, w, shell.csrf.clone().unwrap_or_default()).await } else { String::new() },
        recordings_html: recordings_html(member, state, w, &query).await?,
        projects: state
            .catalogue
            .projects()
            .await?
            .into_iter()
            .filter(|p| member.account.reaches(&p.slug))
            .map(|p| p.slug.to_string())
            .collect(),
        chips: query.chips(w),
        states: STATES,
        filter: query,
        shell,
    })
}

/// `GET /parts/live`: the list of live sessions alone, for the page's script.
pub async fn live_part(operator: Operator, State(state): State<ApiState>) -> Html<String> {
    let csrf = operator.csrf.map(|c| c.reveal().to_owned()).unwrap_or_default();
    Html(live_html(&state, Words::english(), csrf).await)
}

/// `GET /parts/recordings`: the table alone, for the page's script.
pub async fn recordings_part(
    member: Member,
    State(state): State<ApiState>,
    Query(query): Query<ConsoleQuery>,
) -> Result<Html<String>, Problem> {
    recordings_html(&member, &state, Words::english(), &query).await.map(Html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_takes_its_own_filter_away_and_no_other() {
        let query = ConsoleQuery { project: "a&b".into(), state: "ready".into(), after: "k".into(), ..ConsoleQuery::default() };
        let chips = query.chips(Words::english());
        assert_eq!(chips.iter().map(|c| c.words.as_str()).collect::<Vec<_>>(), ["project is a&b", "state is Ready"]);
        assert_eq!(chips[0].without, "/?state=ready");
        assert_eq!(chips[1].without, "/?project=a%26b");
    }
}
