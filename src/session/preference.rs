//! What follows from a wish of somebody's device (`a=recordpref`, RFC 7866 §7.1.3: local policy decides). Pure.
//!
//! An agent's device is a control of the recording: its wishes are the agent's commands, with the refusals of the policy. Anybody else's speaks for its
//! owner alone: `off` and `pause` both close the owner from then on and keep what was recorded. `on` takes back no more than that: a device that is
//! set to `on` is nobody's consent.

use crate::model::command::Verb;
use crate::model::gate::State;
use crate::model::preference::RecordPreference;
use crate::model::role::Role;

/// What a device has brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Its owner is withdrawn because it said so; whether they had consented before.
    pub(super) withdrew: Option<bool>,
}

impl Wish {
    /// A command of its owner was accepted. Whoever answers in words has taken the matter out of the device's hands.
    pub(super) fn answered(&mut self, verb: Verb) {
        if matches!(verb, Verb::ConsentGrant | Verb::ConsentDecline | Verb::ConsentWithdraw) {
            self.withdrew = None;
        }
    }
}

/// The command that a wish stands for, if any.
pub(super) fn command_of(preference: RecordPreference, role: Role, state: State, consent_required: bool, wish: Wish) -> Option<Verb> {
    use RecordPreference::{Nopreference, Off, On, Pause};
    match (role, preference) {
        (_, Nopreference) => None,
        (Role::Agent, Off) => Some(Verb::Stop),
        (Role::Agent, Pause) => Some(Verb::Pause),
        (Role::Agent, On) if state == State::Paused => Some(Verb::Resume),
        (Role::Agent, On) => matches!(state, State::Idle | State::Stopped).then_some(Verb::Start),
        (_, Off | Pause) => Some(Verb::ConsentWithdraw),
        (_, On) => wish.withdrew.filter(|granted| *granted || !consent_required).map(|_| Verb::ConsentGrant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RecordPreference::{Nopreference, Off, On, Pause};

    #[test]
    fn a_customers_device_closes_its_owner_and_gives_back_no_more_than_that() {
        let verb = |preference, consent_required, wish| command_of(preference, Role::Customer, State::Recording, consent_required, wish);
        let mut wish = Wish::default();
        assert_eq!(verb(On, false, wish), None, "nothing was taken");
        assert_eq!(verb(On, true, wish), None, "a device that is set to on is no consent");
        assert_eq!((verb(Off, false, wish), verb(Pause, true, wish)), (Some(Verb::ConsentWithdraw), Some(Verb::ConsentWithdraw)));
        wish.withdrew = Some(false);
        assert_eq!(verb(On, false, wish), Some(Verb::ConsentGrant));
        assert_eq!(verb(On, true, wish), None, "who had not consented has not now either");
        wish.withdrew = Some(true);
        assert_eq!(verb(On, true, wish), Some(Verb::ConsentGrant));
        assert_eq!(verb(Nopreference, false, wish), None);
        wish.answered(Verb::ConsentWithdraw);
        assert_eq!(verb(On, false, wish), None, "their own withdrawal stands over the device");
    }

    #[test]
    fn an_agents_device_is_a_control() {
        let verb = |preference, state| command_of(preference, Role::Agent, state, true, Wish::default());
        assert_eq!(verb(Off, State::Recording), Some(Verb::Stop));
        assert_eq!(verb(Pause, State::Recording), Some(Verb::Pause));
        assert_eq!(verb(On, State::Paused), Some(Verb::Resume));
        assert_eq!(verb(On, State::Stopped), Some(Verb::Start));
        assert_eq!(verb(On, State::Recording), None);
    }
}
