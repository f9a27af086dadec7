//! The answer as it is printed. The order of the fields is the order of the keys.

use serde::{Serialize, Serializer};

use crate::model::command::{Reason, Verb};
use crate::model::gate::{DiscardReason, EndedBy, Span, State};
use crate::model::id::OutputKey;

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) outputs: Vec<Output>,
    pub(super) states: Vec<Told>,
    pub(super) refused: Vec<Refused>,
}

/// One output.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    #[serde(rename = "output")]
    pub(super) key: OutputKey,
    pub(super) kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<DiscardReason>,
    pub(super) ended_by: EndedBy,
    pub(super) duration_ms: u64,
    pub(super) spans: Lanes,
}

/// Spans by participant, as an object.
#[derive(Debug)]
pub(super) struct Lanes(pub(super) Vec<(String, Vec<Span>)>);

impl Serialize for Lanes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, spans)| (name, spans)))
    }
}

/// A state and since when.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Told {
    pub(super) at_ms: u64,
    pub(super) state: State,
}

/// A command that changed nothing.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) at_ms: u64,
    pub(super) by: String,
    #[serde(rename = "do")]
    pub(super) verb: Verb,
    pub(super) reason: Reason,
}
