//! The sweep: deletes what is due (see [`retention`](super::retention)), a few at a time, so that calls that are live lose nothing to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use tokio::sync::Mutex;

use super::catalogue::Catalogue;
use super::deletion::{Asked, Deletions, Kept};
use super::error::Result;
use super::recording::Source;
use super::retention::{Limit, Term, day_of, horizon};
use crate::model::id::{HoldId, ProjectSlug, RecordingId};
use crate::model::time::WallClock;
use crate::model::zone::Zone;

/// Recordings that go by one change of the catalogue.
const BATCH: u32 = 50;
/// Between two batches: whoever waits for the disk or the catalogue comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// Recordings that are shown one by one.
const SHOWN: usize = 50;
/// What is counted ahead: days from today.
pub const AHEAD_DAYS: [i64; 4] = [1, 7, 30, 90];
/// Before the first recording.
const BEGINNING: WallClock = WallClock(i64::MIN);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Swept {
    /// Deleted, with all copies.
    pub deleted: u64,
    /// Deleted; copies in a store that is away go later.
    pub left: u64,
    /// Due, and under a legal hold.
    pub held: u64,
}

/// What sweeps. Clones share it: one sweep at a time.
#[derive(Clone)]
pub struct Sweeper {
    catalogue: Catalogue,
    deletions: Deletions,
    /// Up to where each project's sessions were looked at for what they leave: what they were told of is read once a run.
    line: Arc<Mutex<BTreeMap<ProjectSlug, WallClock>>>,
}

impl Sweeper {
    /// Over a catalogue, with what deletes.
    #[must_use]
    pub fn new(catalogue: Catalogue, deletions: Deletions) -> Self {
        Self { catalogue, deletions, line: Arc::default() }
    }

    /// Deletes everything that is due at `now`.
    ///
    /// # Errors
    /// The catalogue; what was not reached is due at the next sweep.
    pub async fn once(&self, now: WallClock) -> Result<Swept> {
        let mut looked = self.line.lock().await;
        let mut swept = Swept::default();
        let workspace = self.catalogue.workspace().await?;
        let zone = workspace.settings.time_zone.clone().unwrap_or_default();
        for project in self.catalogue.projects().await? {
            let mut longest = Term { months: 1, days: None };
            for source in [Source::Live, Source::Upload] {
                let term = Term::of(source, &workspace, &project);
                longest.months = longest.months.max(term.months);
                self.of(&project.slug, source, &term, &zone, now, &mut swept).await?;
            }
            let cut = longest.begun_before(day_of(now, &zone), &zone);
            self.catalogue.forget_sessions(&project.slug, cut).await?;
            let since = looked.get(&project.slug).copied().unwrap_or(BEGINNING);
            let named = self.catalogue.named_sessions(&project.slug, since, cut).await?;
            for some in named.chunks(BATCH as usize) {
                self.deletions.forget_sessions(some).await?;
                tokio::time::sleep(PAUSE).await;
            }
            looked.insert(project.slug, cut);
        }
        Ok(swept)
    }

    async fn of(&self, project: &ProjectSlug, source: Source, term: &Term, zone: &Zone, now: WallClock, swept: &mut Swept) -> Result<()> {
        let cut = term.begun_before(horizon(now, zone), zone);
        let is_due = |began: WallClock| term.due_at(began, zone).is_some_and(|(due, _)| due <= now);
        let mut after = (BEGINNING, String::new());
        loop {
            let found = self.catalogue.begun_before(project, source, cut, &after, false, BATCH).await?;
            let Some((last, began)) = found.last().cloned() else { break };
            after = (began, last.into());
            let due: Vec<RecordingId> = found.into_iter().filter(|(_, began)| is_due(*began)).map(|(id, _)| id).collect();
            if due.is_empty() {
                continue;
            }
            let deleted = self.deletions.delete(&due, &Asked { by: "system".into(), why: "retention", at: now }).await?;
            swept.deleted += deleted.done.len() as u64;
            swept.left += deleted.left.len() as u64;
            tokio::time::sleep(PAUSE).await;
            // Laid between the look and the deletion.
            swept.held += deleted.kept.iter().filter(|(_, why)| *why == Kept::Held).count() as u64;
        }
        let mut after = (BEGINNING, String::new());
        loop {
            let page = self.catalogue.begun_before(project, source, cut, &after, true, BATCH).await?;
            let Some((last, began)) = page.last().cloned() else { break };
            after = (began, last.into());
            swept.held += page.iter().filter(|(_, began)| is_due(*began)).count() as u64;
        }
        Ok(())
    }
}

/// What would go when, as the settings are now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// In which days and months are counted.
    #[schema(value_type = String)]
    pub time_zone: Zone,
    /// Each project's terms and numbers.
    pub projects: Vec<ProjectPlan>,
    /// The first 50 recordings that go.
    pub next: Vec<DueRecording>,
    /// The first 50 that would go within 90 days and are held.
    pub held: Vec<DueRecording>,
}

/// How long a project's recordings are kept, and how many go when.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProjectPlan {
    /// Which.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// Calendar months.
    pub months: u64,
    /// Days of live recordings, where they are limited.
    pub days_live: Option<u64>,
    /// Days of uploaded ones, where they are limited.
    pub days_upload: Option<u64>,
    /// How many go before which days begin.
    pub before: Vec<DueBefore>,
}

/// How many recordings go before a day begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DueBefore {
    /// The day, in the workspace's time zone.
    #[schema(value_type = String)]
    pub day: Date,
    /// Recordings that go, without those of earlier windows.
    pub recordings: u64,
    /// Of those that would go, how many are held and stay.
    pub held: u64,
}

/// A recording and when it goes.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DueRecording {
    /// Which.
    #[schema(value_type = String)]
    pub recording: RecordingId,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// `live` or `upload`.
    #[schema(value_type = String)]
    pub source: Source,
    /// When it began.
    #[schema(value_type = String)]
    pub started_at: WallClock,
    /// When it is due.
    #[schema(value_type = String)]
    pub due_at: WallClock,
    /// `months` or `days`: what makes it so.
    pub by: &'static str,
    /// Holds that keep it.
    pub holds: Vec<HoldName>,
}

/// A hold by its name.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HoldName {
    /// Its id.
    #[schema(value_type = String)]
    pub id: HoldId,
    /// What people call it.
    pub name: String,
}

impl Catalogue {
    /// What would go when, seen from `now`.
    ///
    /// # Errors
    /// The database.
    pub async fn retention_plan(&self, now: WallClock) -> Result<Plan> {
        let workspace = self.workspace().await?;
        let zone = workspace.settings.time_zone.clone().unwrap_or_default();
        let today = day_of(now, &zone);
        let days = AHEAD_DAYS.map(|ahead| today.saturating_add(ahead.days()));
        let (mut projects, mut next, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for project in self.projects().await? {
            let mut before: BTreeMap<Date, (u64, u64)> = BTreeMap::new();
            for source in [Source::Live, Source::Upload] {
                let term = Term::of(source, &workspace, &project);
                for day in days {
                    let (all, kept) = self.count_begun_before(&project.slug, source, term.begun_before(day, &zone)).await?;
                    let sum = before.entry(day).or_default();
                    *sum = (sum.0 + all - kept, sum.1 + kept);
                }
                let cut = term.begun_before(days[days.len() - 1], &zone);
                for (is_held, list) in [(false, &mut next), (true, &mut held)] {
                    let found = self.begun_before(&project.slug, source, cut, &(BEGINNING, String::new()), is_held, SHOWN as u32).await?;
                    list.extend(found.into_iter().filter_map(|(recording, started_at)| {
                        let (due_at, limit) = term.due_at(started_at, &zone)?;
                        let by = if matches!(limit, Limit::Days(_)) { "days" } else { "months" };
                        Some(DueRecording { recording, project: project.slug.clone(), source, started_at, due_at, by, holds: Vec::new() })
                    }));
                }
            }
            let mut earlier = (0, 0);
            let windows = before.into_iter().map(|(day, sum)| {
                let window = DueBefore { day, recordings: sum.0 - earlier.0, held: sum.1 - earlier.1 };
                earlier = sum;
                window
            });
            let before = windows.collect();
            projects.push(ProjectPlan {
                months: Term::of(Source::Live, &workspace, &project).months,
                days_live: workspace.settings.retention_days_live,
                days_upload: workspace.settings.retention_days_upload,
                project: project.slug,
                before,
            });
        }
        for list in [&mut next, &mut held] {
            list.sort_by(|one, other| (one.due_at, &one.recording).cmp(&(other.due_at, &other.recording)));
            list.truncate(SHOWN);
        }
        for row in &mut held {
            row.holds = self.holds_on(&row.recording).await?.into_iter().map(|(id, name)| HoldName { id, name }).collect();
        }
        Ok(Plan { time_zone: zone, projects, next, held })
    }
}
