//! The question why somebody plays or reads something, where one is asked for (archive.md B4).

use serde::Deserialize;

use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::archive::rights::Playback;

/// The question.
pub struct Ask {
    /// Where its answer is sent.
    pub action: String,
    /// What can be picked; empty = a text.
    pub reasons: Vec<String>,
    /// What was sent.
    pub given: String,
    /// What was wrong with it.
    pub wrong: Option<String>,
}

/// An answer that does not do, and why.
pub struct Refused {
    given: String,
    why: String,
}

/// What the question sends.
#[derive(Deserialize)]
pub struct PlayForm {
    /// The browser's form token.
    pub csrf: String,
    /// The answer.
    #[serde(default)]
    pub reason: String,
}

impl PlayForm {
    /// Where the answer does not do, so that it is asked again; `None` where something else is the matter.
    pub fn refused(&self, no: &Problem) -> Option<Refused> {
        let why = no.detail.strip_prefix("reason: ").unwrap_or(&no.detail).to_owned();
        (no.reason == "reason_needed" || no.status == 422).then(|| Refused { given: self.reason.clone(), why })
    }
}

impl Ask {
    /// As a member is asked; again, where the answer did not do.
    pub fn of(member: &Member, action: String, refused: Option<Refused>) -> Self {
        let reasons = match &member.person.properties.playback_reason {
            Playback::OneOf(reasons) => reasons.clone(),
            Playback::Free | Playback::AnyReason => Vec::new(),
        };
        let (given, wrong) = refused.map_or((String::new(), None), |refused| (refused.given, Some(refused.why)));
        Self { action, reasons, given, wrong }
    }
}
