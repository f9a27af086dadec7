//! Rule 3: nobody is recorded against their word, nor before it where it is required.

use super::{Question, open_if};
use crate::model::gate::Gate;
use crate::model::settings::Consent;
use crate::policy::party::Answer;
use crate::policy::situation::Situation;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    match q.party.answer {
        // Also where no consent is required: a no is a no (recording-policy.md §9.29).
        Answer::Declined | Answer::Withdrawn => Gate::Closed,
        Answer::NotYet | Answer::Granted => match q.view.situation.settings.consent {
            Consent::NotRequired => Gate::Open,
            Consent::PerParty => open_if(q.party.answer == Answer::Granted),
            Consent::AllParty => open_if(q.view.everybody_granted),
        },
    }
}

/// Whether everybody present has granted; agents and third parties too (§9.27).
pub(in crate::policy) fn everybody_granted(situation: &Situation) -> bool {
    situation.present().all(|(_, party)| party.answer == Answer::Granted)
}

/// Whether somebody's answer has to be waited for.
pub(in crate::policy) fn is_awaited(situation: &Situation) -> bool {
    is_required(situation) && situation.present().any(|(_, party)| party.answer == Answer::NotYet)
}

pub(in crate::policy) fn is_required(situation: &Situation) -> bool {
    match situation.settings.consent {
        Consent::NotRequired => false,
        Consent::PerParty | Consent::AllParty => true,
    }
}
