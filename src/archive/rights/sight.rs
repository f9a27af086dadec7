//! What of the archive a member finds: the same decision as for one recording, in a form that a list is narrowed by before it is read.

use std::collections::BTreeSet;

use super::{Person, RecordingFacts, Role};
use crate::model::id::ProjectSlug;
use crate::model::time::WallClock;

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// Which recordings of a workspace a member finds (B2, B3). All of it has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Only of these projects; absent = of all.
    pub projects: Option<BTreeSet<ProjectSlug>>,
    /// Only of these queues; absent = of all, those without a queue too.
    pub queues: Option<BTreeSet<String>>,
    /// Only with an agent of one of these groups; absent = of all.
    pub groups: Option<BTreeSet<String>>,
    /// Only begun after this.
    pub after: Option<WallClock>,
    /// Restricted ones too.
    pub restricted: bool,
    /// Only an agent's own, and all of the projects whose agents may listen to each other.
    pub own: Option<Own>,
}

/// See [`Sight::own`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The agent.
    pub agent: String,
    /// Projects with `agents_can_listen_to_others`.
    pub listening: BTreeSet<ProjectSlug>,
}

impl Sight {
    /// Of somebody who sees everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { projects: None, queues: None, groups: None, after: None, restricted: true, own: None }
    }

    /// Whether a recording of the same workspace is among them.
    #[must_use]
    pub fn covers(&self, recording: &RecordingFacts) -> bool {
        self.after.is_none_or(|after| recording.started_at > after)
            && (self.restricted || !recording.restricted)
            && self.projects.as_ref().is_none_or(|only| only.contains(&recording.project))
            && self.queues.as_ref().is_none_or(|only| recording.queue.as_ref().is_some_and(|queue| only.contains(queue)))
            && self.groups.as_ref().is_none_or(|only| !only.is_disjoint(&recording.holder.groups))
            && self
                .own
                .as_ref()
                .is_none_or(|own| own.listening.contains(&recording.project) || recording.holder.agents.contains(&own.agent))
    }
}

impl Person {
    /// What this member finds now. `listening`: projects with `agents_can_listen_to_others`.
    #[must_use]
    pub fn sight(&self, listening: BTreeSet<ProjectSlug>, now: WallClock) -> Sight {
        let days = |days: u32| WallClock(now.0.saturating_sub(i64::from(days).saturating_mul(DAY_NS)));
        Sight {
            projects: self.projects.clone(),
            queues: self.queues.clone(),
            groups: self.groups.clone(),
            after: self.properties.access_days.map(days),
            restricted: self.properties.restricted_access,
            own: (self.role == Role::Agent).then(|| Own { agent: self.name.clone(), listening }),
        }
    }
}
