//! What may be configured. Every message names the field as it stands in the request; none repeats an address.

use super::agents::{Address, overlap};
use super::error::{ArchiveError, Result};
use super::rows::{AgentRow, ProjectRow};
use crate::model::role::Role;
use crate::model::settings::{RecordMode, SettingsLayer};

/// Longest recording that may be asked for: a year.
const LONGEST_S: u64 = 31_536_000;
/// Longest time that recordings may be kept.
const LONGEST_KEPT_MONTHS: u64 = 1_200;
const LONGEST_KEPT_DAYS: u64 = 36_500;
/// Labels of a recording, and the characters of one.
pub(super) const MOST_LABELS: usize = 32;
const LONGEST_LABEL: usize = 64;
/// Longest title of a recording, in characters.
const LONGEST_TITLE: usize = 256;
/// Longest consent question, in characters.
const LONGEST_TEXT: usize = 4_000;
/// Longest name, in characters.
const LONGEST_NAME: usize = 128;
/// Longest address, in bytes.
const LONGEST_ADDRESS: usize = 256;

/// A layer of settings, under the field `settings`.
pub(super) fn settings(layer: &SettingsLayer) -> Result<()> {
    if layer.max_duration_s == Some(0) {
        return Err(ArchiveError::invalid("settings.max_duration_s", "must be at least 1"));
    }
    for (name, value) in [("min", layer.min_duration_s), ("max", layer.max_duration_s)] {
        if value.is_some_and(|v| v > LONGEST_S) {
            return Err(ArchiveError::invalid(format!("settings.{name}_duration_s"), format!("must be at most {LONGEST_S} (a year)")));
        }
    }
    if layer.retention_months.is_some_and(|months| !(1..=LONGEST_KEPT_MONTHS).contains(&months)) {
        return Err(ArchiveError::invalid("settings.retention_months", format!("must be 1 to {LONGEST_KEPT_MONTHS} (a hundred years)")));
    }
    for (name, days) in [("live", layer.retention_days_live), ("upload", layer.retention_days_upload)] {
        if days.is_some_and(|days| !(1..=LONGEST_KEPT_DAYS).contains(&days)) {
            let why = format!("must be 1 to {LONGEST_KEPT_DAYS} (a hundred years); leave it out for no limit in days");
            return Err(ArchiveError::invalid(format!("settings.retention_days_{name}"), why));
        }
    }
    if let (Some(min), Some(max)) = (layer.min_duration_s, layer.max_duration_s)
        && min > max
    {
        return Err(ArchiveError::invalid("settings.min_duration_s", format!("must not be above settings.max_duration_s ({max})")));
    }
    Ok(())
}

/// A recording's labels.
pub(super) fn labels(labels: &[String]) -> Result<()> {
    if labels.len() > MOST_LABELS || !labels.iter().all(|text| is_label(text)) {
        let why = format!("at most {MOST_LABELS}, each of 1 to {LONGEST_LABEL} characters, none of them a control character");
        return Err(ArchiveError::invalid("labels", why));
    }
    Ok(())
}

/// Who is to do something about a recording.
pub(super) fn assignees(names: &[String]) -> Result<()> {
    if names.len() > MOST_LABELS {
        return Err(ArchiveError::invalid("assignees", format!("at most {MOST_LABELS}")));
    }
    names.iter().try_for_each(|assignee| name("assignees", assignee))
}

/// A recording's title.
pub(super) fn title(text: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control) {
        return Err(ArchiveError::invalid("title", format!("1 to {LONGEST_TITLE} characters, none of them a control character")));
    }
    Ok(())
}

/// One label, under a field of its own.
pub(super) fn label(field: &str, text: &str) -> Result<()> {
    if !is_label(text) {
        return Err(ArchiveError::invalid(field, format!("must have 1 to {LONGEST_LABEL} characters, none of them a control character")));
    }
    Ok(())
}

fn is_label(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST_LABEL && !text.chars().any(char::is_control)
}

/// A project.
pub(super) fn project(row: &ProjectRow) -> Result<()> {
    if row.caller_is == Role::ThirdParty {
        return Err(ArchiveError::invalid("caller_is", "must be `customer` or `agent`"));
    }
    let layer = &row.settings;
    let workspaces_own = [
        ("region", layer.region.is_some()),
        ("visibility_upload", layer.visibility_upload.is_some()),
        ("visibility_live", layer.visibility_live.is_some()),
        ("retention_days_live", layer.retention_days_live.is_some()),
        ("retention_days_upload", layer.retention_days_upload.is_some()),
        ("time_zone", layer.time_zone.is_some()),
    ];
    if let Some((name, _)) = workspaces_own.iter().find(|(_, is_set)| *is_set) {
        return Err(ArchiveError::invalid(
            format!("settings.{name}"),
            "is the workspace's to set, for all of its projects: PUT /v1/workspace",
        ));
    }
    if let Some(mode) = layer.record_mode.filter(|mode| !row.kind.allows(*mode)) {
        let (mode, why) = match mode {
            RecordMode::None => ("none", "is for customer service projects only; here `recording_enabled: false` records nobody"),
            RecordMode::ReceiptsAllow => ("receipts_allow", "is for contact centre projects only"),
            RecordMode::ReceiptsForbid => ("receipts_forbid", "is for contact centre projects only"),
            RecordMode::Both | RecordMode::AgentOnlyAllow | RecordMode::AgentOnlyForbid => ("this mode", "cannot be had here"),
        };
        let allowed: Vec<String> = MODES
            .into_iter()
            .filter(|mode| row.kind.allows(*mode))
            .filter_map(|mode| serde_json::to_value(mode).ok()?.as_str().map(|m| format!("`{m}`")))
            .collect();
        let kind = row.kind.as_str();
        let why = format!("`{mode}` {why}; a project of kind `{kind}` takes {}, or `use_global`", allowed.join(", "));
        return Err(ArchiveError::invalid("settings.record_mode", why));
    }
    if layer.conference_mode.is_some() && !row.kind.has_conferences() {
        let why = "means nothing in a project of kind `video`: a room has hosts and guests, and no third party; leave it out, or send `use_global`";
        return Err(ArchiveError::invalid("settings.conference_mode", why));
    }
    settings(layer)
}

const MODES: [RecordMode; 6] = [
    RecordMode::Both,
    RecordMode::AgentOnlyAllow,
    RecordMode::AgentOnlyForbid,
    RecordMode::ReceiptsAllow,
    RecordMode::ReceiptsForbid,
    RecordMode::None,
];

/// A wording of a consent question.
pub(super) fn consent_text(language: &str, text: &str) -> Result<()> {
    let tag = (2..=35).contains(&language.len())
        && language.split('-').enumerate().all(|(n, part)| {
            let letters = n > 0 || part.bytes().all(|b| b.is_ascii_alphabetic());
            let fits = if n == 0 { (2..=3).contains(&part.len()) } else { (1..=8).contains(&part.len()) };
            letters && fits && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
    if !tag {
        return Err(ArchiveError::invalid("language", "must be a language tag such as `en` or `nb-NO`"));
    }
    if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
        return Err(ArchiveError::invalid("text", format!("must have 1 to {LONGEST_TEXT} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(ArchiveError::invalid("text", "must not hold control characters other than line feeds"));
    }
    Ok(())
}

/// A name that people chose: 1 to 128 characters, none of them a control character, no blank at either end.
pub(super) fn name(field: &str, text: &str) -> Result<()> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(ArchiveError::invalid(field, format!("must have 1 to {LONGEST_NAME} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(ArchiveError::invalid(field, "must not hold control characters"));
    }
    if text.trim() != text {
        return Err(ArchiveError::invalid(field, "must not begin or end with a blank"));
    }
    Ok(())
}

/// An agent, as far as it can be judged alone.
pub(super) fn agent(row: &AgentRow) -> Result<()> {
    name("name", &row.name)?;
    for (n, address) in row.addresses.iter().enumerate() {
        let no = |why: &str| Err(ArchiveError::invalid(format!("addresses[{n}]"), why));
        let text = address.reveal();
        if text.len() > LONGEST_ADDRESS {
            return no("must have at most 256 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return no("must not hold blanks or control characters");
        }
        let Some(parsed) = Address::parse(text) else {
            return no("is no address: use `sip:user@host`, a user part, or a pattern with `*`");
        };
        if parsed.matches_everybody() {
            return no("would match everybody");
        }
        if row.addresses[..n].iter().any(|other| Address::parse(other.reveal()).as_ref() == Some(&parsed)) {
            return no("stands in the list already");
        }
    }
    for (n, slug) in row.projects.iter().enumerate() {
        if row.projects[..n].contains(slug) {
            return Err(ArchiveError::invalid(format!("projects[{n}]"), "stands in the list already"));
        }
    }
    Ok(())
}

/// No other agent has one of its addresses where both could be meant.
pub(super) fn addresses_are_its_own(row: &AgentRow, all: &[AgentRow]) -> Result<()> {
    for other in all.iter().filter(|other| other.name != row.name && overlap(row, other)) {
        for (n, address) in row.addresses.iter().enumerate() {
            let mine = Address::parse(address.reveal());
            if other.addresses.iter().any(|theirs| Address::parse(theirs.reveal()) == mine) {
                return Err(ArchiveError::invalid(format!("addresses[{n}]"), format!("belongs to agent `{}` already", other.name)));
            }
        }
    }
    Ok(())
}
