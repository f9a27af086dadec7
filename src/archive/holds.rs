//! Legal holds (archive.md A4): what a hold covers is deleted neither by retention nor by hand while it is in force.
//!
//! A hold names recordings, or says what recordings are like: those that are made later and are so are covered too. It keeps what somebody would delete; it
//! does not keep what must not be there: what a participant who declined had captured is erased whatever holds there are, and what the recording policy does
//! not keep (too short, replaced receipts) is not kept for a hold.

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use super::facts::{digits, is_number};
use super::validate;
use crate::model::email::EmailAddress;
use crate::model::id::{HoldId, ProjectSlug, RecordingId, SessionId};
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Recordings that one hold may name.
pub const MOST_NAMED: usize = 1_000;
/// Longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// What recordings are like that a hold covers: everything that is said has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoldFilter {
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub project: Option<ProjectSlug>,
    /// Of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// With this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// With this customer: an e-mail address, or a telephone number (with or without its country).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub customer: Option<Personal>,
    /// Begun at or after (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub from: Option<WallClock>,
    /// Begun before (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<WallClock>,
}

/// A hold as somebody makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// What people call it: 1 to 128 characters.
    pub name: String,
    /// Why: 1 to 1,000 characters.
    pub reason: String,
    /// Recordings by their ids.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub recordings: Vec<RecordingId>,
    /// Recordings by what they are like, those that come later too.
    #[serde(default)]
    pub filter: Option<HoldFilter>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Hold {
    /// Its id.
    #[schema(value_type = String)]
    pub id: HoldId,
    /// What people call it.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Who made it, as the audit log names actors.
    pub made_by: String,
    /// When.
    #[schema(value_type = String)]
    pub made_at: WallClock,
    /// Recordings that it names.
    #[schema(value_type = Vec<String>)]
    pub recordings: Vec<RecordingId>,
    /// What else it covers.
    pub filter: Option<HoldFilter>,
    /// How many recordings it covers now.
    pub covers: u64,
    /// Who released it; absent while it is in force.
    pub released_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>)]
    pub released_at: Option<WallClock>,
    /// Why.
    pub release_reason: Option<String>,
}

/// A filter's customer, in the forms that recordings are found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CustomerTerms {
    pub email: Option<String>,
    /// Digits from the last to the first.
    pub number_end: Option<String>,
}

impl NewHold {
    /// Refuses what covers nothing or cannot be kept, by the field's name.
    ///
    /// # Errors
    /// With the field.
    pub(super) fn check(&self) -> Result<CustomerTerms> {
        validate::name("name", &self.name)?;
        reason("reason", &self.reason)?;
        if self.recordings.len() > MOST_NAMED {
            return Err(ArchiveError::invalid("recordings", format!("at most {MOST_NAMED}")));
        }
        let Some(filter) = &self.filter else {
            let why = "name at least one recording, or give a `filter`";
            return if self.recordings.is_empty() { Err(ArchiveError::invalid("recordings", why)) } else { Ok(CustomerTerms::default()) };
        };
        if *filter == HoldFilter::default() {
            return Err(ArchiveError::invalid("filter", "says nothing: at least one of project, session, agent, customer, from, to"));
        }
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && to <= from
        {
            return Err(ArchiveError::invalid("filter.to", "must be later than `from`"));
        }
        if let Some(agent) = &filter.agent {
            validate::name("filter.agent", agent)?;
        }
        filter.customer.as_ref().map_or(Ok(CustomerTerms::default()), |customer| customer_terms(customer.reveal()))
    }
}

fn customer_terms(text: &str) -> Result<CustomerTerms> {
    let text = text.trim();
    if is_number(text) {
        let number_end = Some(digits(text).chars().rev().collect());
        return Ok(CustomerTerms { number_end, ..CustomerTerms::default() });
    }
    match text.parse::<EmailAddress>() {
        Ok(address) => Ok(CustomerTerms { email: Some(address.key()), ..CustomerTerms::default() }),
        Err(_) => Err(ArchiveError::invalid("filter.customer", "is neither a telephone number nor an e-mail address")),
    }
}

pub(super) fn reason(field: &str, text: &str) -> Result<()> {
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST_REASON && !text.chars().any(|c| c.is_control() && c != '\n');
    if fits { Ok(()) } else { Err(ArchiveError::invalid(field, format!("must have 1 to {LONGEST_REASON} characters"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: serde_json::Value) -> String {
        serde_json::from_value::<NewHold>(json).unwrap().check().unwrap_err().to_string()
    }

    #[test]
    fn a_hold_says_why_and_covers_something() {
        use serde_json::json;
        for (hold, says) in [
            (json!({ "name": "", "reason": "r", "recordings": ["a"] }), "name: "),
            (json!({ "name": "n", "reason": " ", "recordings": ["a"] }), "reason: "),
            (json!({ "name": "n", "reason": "r" }), "recordings: name at least one"),
            (json!({ "name": "n", "reason": "r", "filter": {} }), "filter: says nothing"),
            (json!({ "name": "n", "reason": "r", "filter": { "customer": "Kari" } }), "filter.customer: "),
            (
                json!({ "name": "n", "reason": "r", "filter": { "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" } }),
                "filter.to: ",
            ),
        ] {
            assert!(refused(hold.clone()).starts_with(says), "{hold}: {}", refused(hold.clone()));
        }
    }

    #[test]
    fn a_customer_is_compared_as_recordings_are() {
        assert_eq!(customer_terms("+47 22 33 44 55").unwrap().number_end.as_deref(), Some("5544332274"));
        assert_eq!(customer_terms(" Kari@Example.COM ").unwrap().email.as_deref(), Some("kari@example.com"));
    }
}
