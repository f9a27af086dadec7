//! Triage: rules that new recordings are sorted by, once each, as they become ready (archive.md A5). Pure: rules × facts → folder, labels, assignees.
//!
//! The readings chosen:
//!
//! - Every rule that a recording meets is followed, in order. The first of them that names a folder gives it; labels and assignees of all of them add up.
//! - A condition that is absent leaves nobody out; those that are there all have to hold. A list holds where one of its entries does.
//! - Texts of metadata and queues are compared without regard to case and to blanks around them; names of metadata likewise.
//! - A file that was sent in was started by nobody: it meets no rule about how a recording was started.
//! - What people did with a recording before it was ready stays: a folder that they gave it is kept, their labels and assignees come first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use super::recording::{Recording, Source};
use super::validate;
use crate::model::beginning::StartedBy;
use crate::model::id::{FolderId, ProjectSlug, TriageRuleId};
use crate::model::redact::Personal;
use crate::model::settings::Kind;

/// Rules of a workspace at most.
pub const MOST_RULES: usize = 200;
/// Entries of one list in a rule at most.
const MOST_ENTRIES: usize = 50;
/// Longest text that metadata is compared with, in characters.
const LONGEST_TEXT: usize = 256;
/// Longest time that a length is compared with: a year.
const LONGEST_MS: u64 = 31_536_000_000;

/// A rule in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TriageRow {
    /// Its id.
    #[schema(value_type = String)]
    pub id: TriageRuleId,
    /// What it says.
    #[serde(flatten)]
    pub rule: TriageRule,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageRule {
    /// What people call it.
    pub name: String,
    /// Off: it is kept, and sorts nothing.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which recordings meet it; nothing = all.
    #[serde(default)]
    pub when: TriageWhen,
    /// What is done with them.
    #[serde(default)]
    pub then: TriageThen,
}

fn yes() -> bool {
    true
}

/// Which recordings meet a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TriageWhen {
    /// Live or uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source: Option<Source>,
    /// Of one of these projects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub projects: Vec<ProjectSlug>,
    /// Started in one of these ways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub triggers: Vec<StartedBy>,
    /// `call` or `room`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub kind: Option<Kind>,
    /// By one of these queues.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// With all of this in the session's metadata.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<MetadataTest>,
    /// At least as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration_ms: Option<u64>,
    /// At most as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<u64>,
}

/// What an entry of the metadata has to be: `equals` or `contains`; with neither it only has to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataTest {
    /// The entry's name, as `ticket`.
    pub key: String,
    /// Is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
    /// Has this in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

/// What is done with a recording that meets a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TriageThen {
    /// Goes into this folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub folder: Option<FolderId>,
    /// Gets these labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Is assigned to these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
}

/// What of a recording is looked at.
#[derive(Clone, Debug)]
pub struct TriageFacts<'a> {
    /// Live or uploaded.
    pub source: Source,
    /// Its project.
    pub project: &'a ProjectSlug,
    /// Call or room.
    pub kind: Kind,
    /// What started it.
    pub started_by: Option<StartedBy>,
    /// The queue that its call came by.
    pub queue: Option<&'a str>,
    /// Metadata of its session.
    pub metadata: Option<&'a BTreeMap<String, Personal>>,
    /// How long it is.
    pub duration_ms: u64,
}

impl<'a> TriageFacts<'a> {
    /// Of a recording that is ready.
    #[must_use]
    pub fn of(recording: &'a Recording) -> Self {
        let manifest = recording.manifest.as_ref();
        Self {
            source: recording.source,
            project: &recording.project,
            kind: recording.kind,
            started_by: manifest.and_then(|m| m.started_by),
            queue: recording.queue.as_deref(),
            metadata: manifest.map(|m| &m.metadata),
            duration_ms: recording.duration_ms.unwrap_or(0),
        }
    }

    /// The text of an entry, where it is there and says anything.
    fn says(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.metadata?.iter().find(|(name, _)| same(name, key))?;
        Some(value.reveal().trim()).filter(|text| !text.is_empty())
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl TriageWhen {
    /// Whether all of it holds.
    #[must_use]
    pub fn holds(&self, facts: &TriageFacts<'_>) -> bool {
        self.source.is_none_or(|source| source == facts.source)
            && (self.projects.is_empty() || self.projects.contains(facts.project))
            && (self.triggers.is_empty() || facts.started_by.is_some_and(|by| self.triggers.contains(&by)))
            && self.kind.is_none_or(|kind| kind == facts.kind)
            && (self.queues.is_empty() || facts.queue.is_some_and(|queue| self.queues.iter().any(|one| same(one, queue))))
            && self.metadata.iter().all(|test| facts.says(&test.key).is_some_and(|text| test.holds(text)))
            && self.min_duration_ms.is_none_or(|min| facts.duration_ms >= min)
            && self.max_duration_ms.is_none_or(|max| facts.duration_ms <= max)
    }
}

impl MetadataTest {
    fn holds(&self, text: &str) -> bool {
        self.equals.as_ref().is_none_or(|wanted| same(wanted, text))
            && self.contains.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.trim().to_lowercase()))
    }
}

/// How a recording is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Rules that it meets, in their order.
    pub met: Vec<TriageRuleId>,
    /// The folder.
    pub folder: Option<FolderId>,
    /// Labels.
    pub labels: Vec<String>,
    /// Assignees.
    pub assignees: Vec<String>,
}

/// Sorts a recording by rules in their order.
#[must_use]
pub fn sort(rules: &[TriageRow], facts: &TriageFacts<'_>) -> Sorted {
    let mut sorted = Sorted::default();
    for TriageRow { id, rule } in rules.iter().filter(|row| row.rule.enabled && row.rule.when.holds(facts)) {
        sorted.met.push(id.clone());
        sorted.folder = sorted.folder.or_else(|| rule.then.folder.clone());
        add(&mut sorted.labels, &rule.then.labels, validate::MOST_LABELS);
        add(&mut sorted.assignees, &rule.then.assignees, validate::MOST_LABELS);
    }
    sorted
}

/// Adds what is not there yet, while there is room.
pub(super) fn add(to: &mut Vec<String>, new: &[String], most: usize) {
    for one in new {
        if to.len() < most && !to.contains(one) {
            to.push(one.clone());
        }
    }
}

/// A rule as far as it can be judged alone; that folder, projects and assignees are there is for the catalogue to see.
pub(super) fn check(rule: &TriageRule) -> Result<()> {
    validate::name("name", &rule.name)?;
    let TriageWhen { source, projects, triggers, queues, metadata, min_duration_ms, max_duration_ms, .. } = &rule.when;
    listed("when.projects", projects)?;
    listed("when.triggers", triggers)?;
    listed("when.queues", queues)?;
    if *source == Some(Source::Upload) && !triggers.is_empty() {
        return Err(ArchiveError::invalid("when.triggers", "a file that is sent in is started by nobody: leave this out, or the source"));
    }
    for (n, queue) in queues.iter().enumerate() {
        validate::name(&format!("when.queues[{n}]"), queue)?;
    }
    if metadata.len() > MOST_ENTRIES {
        return Err(ArchiveError::invalid("when.metadata", format!("at most {MOST_ENTRIES}")));
    }
    for (n, test) in metadata.iter().enumerate() {
        test.check(&format!("when.metadata[{n}]"))?;
    }
    for (field, value) in [("when.min_duration_ms", min_duration_ms), ("when.max_duration_ms", max_duration_ms)] {
        if value.is_some_and(|ms| ms > LONGEST_MS) {
            return Err(ArchiveError::invalid(field, format!("must be at most {LONGEST_MS} (a year)")));
        }
    }
    if let (Some(min), Some(max)) = (min_duration_ms, max_duration_ms)
        && min > max
    {
        return Err(ArchiveError::invalid("when.min_duration_ms", "must not be above when.max_duration_ms"));
    }
    let TriageThen { folder, labels, assignees } = &rule.then;
    validate::labels(labels).map_err(|error| under("then", error))?;
    listed("then.labels", labels)?;
    validate::assignees(assignees).map_err(|error| under("then", error))?;
    listed("then.assignees", assignees)?;
    if folder.is_none() && labels.is_empty() && assignees.is_empty() {
        return Err(ArchiveError::invalid("then", "says nothing to do: a folder, a label, or somebody to assign to"));
    }
    Ok(())
}

fn under(place: &str, error: ArchiveError) -> ArchiveError {
    match error {
        ArchiveError::Invalid { field, why } => ArchiveError::Invalid { field: format!("{place}.{field}"), why },
        other => other,
    }
}

fn listed<T: PartialEq>(field: &str, all: &[T]) -> Result<()> {
    if all.len() > MOST_ENTRIES {
        return Err(ArchiveError::invalid(field, format!("at most {MOST_ENTRIES}")));
    }
    match (0..all.len()).find(|n| all[..*n].contains(&all[*n])) {
        Some(n) => Err(ArchiveError::invalid(format!("{field}[{n}]"), "stands in the list already")),
        None => Ok(()),
    }
}

impl MetadataTest {
    fn check(&self, place: &str) -> Result<()> {
        validate::name(&format!("{place}.key"), &self.key)?;
        if self.equals.is_some() && self.contains.is_some() {
            return Err(ArchiveError::invalid(place, "either `equals` or `contains`"));
        }
        for (field, text) in [("equals", &self.equals), ("contains", &self.contains)] {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
                let why = format!("must have 1 to {LONGEST_TEXT} characters, none of them a control character");
                return Err(ArchiveError::invalid(format!("{place}.{field}"), why));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "triage_tests.rs"]
mod tests;
