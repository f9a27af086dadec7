//! Rule 5: what a third party's coming does.

use super::{Question, open_if};
use crate::model::gate::Gate;
use crate::model::role::Role;
use crate::model::settings::ConferenceMode;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    if q.view.situation.conference_stopped {
        return Gate::Closed;
    }
    match q.party.role {
        Role::Agent | Role::Customer => Gate::Open,
        Role::ThirdParty => open_if(records_third_parties(q.view.situation.settings.conference_mode)),
    }
}

fn records_third_parties(mode: ConferenceMode) -> bool {
    match mode {
        ConferenceMode::All => true,
        ConferenceMode::AgentAndCustomer | ConferenceMode::StopOnThirdParty | ConferenceMode::None => false,
    }
}

/// Whether a third party's coming ends all recording of the session (recording-policy.md §9.31).
pub(in crate::policy) fn ends_recording(mode: ConferenceMode) -> bool {
    match mode {
        ConferenceMode::StopOnThirdParty | ConferenceMode::None => true,
        ConferenceMode::All | ConferenceMode::AgentAndCustomer => false,
    }
}

/// Whether it also takes back what was recorded (§9.32).
pub(in crate::policy) fn discards(mode: ConferenceMode) -> bool {
    match mode {
        ConferenceMode::None => true,
        ConferenceMode::All | ConferenceMode::AgentAndCustomer | ConferenceMode::StopOnThirdParty => false,
    }
}
