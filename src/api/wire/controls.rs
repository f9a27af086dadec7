//! What somebody could command now, as callers see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::command::{Reason, Verb};
use crate::policy::{Controls, ForcedBy, Said};

/// What a participant could command now. Asked of the policy itself: a command that is `allowed` here is carried out if it comes now.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ControlsJson {
    /// By command, as `do` names it.
    pub commands: BTreeMap<String, VerdictJson>,
    /// Main is paused.
    pub paused: bool,
    /// The customer is switched on, where the record mode has that switch.
    pub customer_on: bool,
    /// Everybody is masked.
    pub censored: bool,
    /// The order of the voice receipt that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// What forces the recording now: `queue` or `agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced_by: Option<&'static str>,
    /// What the participant has answered about being recorded: `nothing`, `granted`, `declined`, `withdrawn`.
    pub said: &'static str,
}

/// Whether a command would be carried out.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VerdictJson {
    /// It would.
    pub allowed: bool,
    /// Why it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
}

/// A command's name on every surface.
fn name(verb: Verb) -> String {
    serde_json::to_value(verb).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

impl From<Controls> for ControlsJson {
    fn from(controls: Controls) -> Self {
        let commands = controls
            .verdicts
            .into_iter()
            .map(|(verb, verdict)| (name(verb), VerdictJson { allowed: verdict.is_ok(), reason: verdict.err() }))
            .collect();
        Self {
            commands,
            paused: controls.paused,
            customer_on: controls.customer_on,
            censored: controls.censored,
            receipt: controls.receipt,
            forced_by: controls.forced_by.map(|by| match by {
                ForcedBy::Queue => "queue",
                ForcedBy::Agent => "agent",
            }),
            said: match controls.said {
                Said::Nothing => "nothing",
                Said::Granted => "granted",
                Said::Declined => "declined",
                Said::Withdrawn => "withdrawn",
            },
        }
    }
}
