//! What the machine tells a live session, and in which order.

use ferric::model::command::{Reason, Verb};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, ConferenceMode, Consent, RecordMode, SettingsLayer, Trigger};
use ferric::policy::{Input, Machine};

use crate::machines::{accepted, at, call, command, id, join, join_as, leave, room, told};

#[test]
fn a_call_from_join_to_end() {
    let mut machine = Machine::new(call(SettingsLayer::default()));
    assert_eq!(accepted(machine.apply(at(0), join("a1", Role::Agent))), ["+main", "state recording", "main a1 open"]);
    assert_eq!(accepted(machine.apply(at(0), join("c1", Role::Customer))), ["main c1 open"]);
    assert_eq!(
        accepted(machine.apply(at(1_000), command("a1", Verb::Pause))),
        ["main cut", "main a1 closed", "main c1 closed", "state paused"]
    );
    assert_eq!(
        accepted(machine.apply(at(2_000), command("a1", Verb::Resume))),
        ["main goes on", "state recording", "main a1 open", "main c1 open"]
    );
    assert_eq!(accepted(machine.apply(at(3_000), command("a1", Verb::CensorOn))), ["main a1 masked", "main c1 masked", "state censored"]);
    assert_eq!(accepted(machine.apply(at(3_000), command("a1", Verb::CensorOff))), ["state recording", "main a1 open", "main c1 open"]);
    assert_eq!(accepted(machine.apply(at(4_000), leave("c1"))), ["main c1 closed"]);
    assert_eq!(accepted(machine.apply(at(9_000), Input::End)), ["main over end", "state stopped"]);
    assert_eq!(machine.apply(at(9_000), Input::End), (vec![], Err(Reason::Ended)));
}

#[test]
fn a_decline_closes_first_and_erases_last() {
    let mut machine = Machine::new(call(SettingsLayer { consent: Some(Consent::AllParty), ..SettingsLayer::default() }));
    assert_eq!(accepted(machine.apply(at(0), join("a1", Role::Agent))), ["ask a1", "+main", "state awaiting_consent"]);
    assert_eq!(accepted(machine.apply(at(0), join("c1", Role::Customer))), ["ask c1"]);
    assert!(accepted(machine.apply(at(1_000), command("a1", Verb::ConsentGrant))).is_empty());
    assert_eq!(accepted(machine.apply(at(1_000), command("c1", Verb::ConsentGrant))), ["state recording", "main a1 open", "main c1 open"]);
    assert_eq!(
        accepted(machine.apply(at(2_000), command("c1", Verb::ConsentDecline))),
        ["main a1 closed", "main c1 closed", "state idle", "erase c1"]
    );
    // Whoever has answered is not asked again.
    accepted(machine.apply(at(3_000), leave("a1")));
    assert!(!accepted(machine.apply(at(4_000), join("a1", Role::Agent))).contains(&"ask a1".to_owned()));
}

#[test]
fn a_conference_that_is_not_recorded_takes_back_what_was() {
    let mut machine = Machine::new(call(SettingsLayer { conference_mode: Some(ConferenceMode::None), ..SettingsLayer::default() }));
    accepted(machine.apply(at(0), join("a1", Role::Agent)));
    accepted(machine.apply(at(1_000), command("a1", Verb::ReceiptStart)));
    assert_eq!(
        accepted(machine.apply(at(5_000), join("t1", Role::ThirdParty))),
        [
            "main over third_party",
            "receipt:O:1 over third_party",
            "main discarded ConferenceNone",
            "receipt:O:1 discarded ConferenceNone",
            "state stopped"
        ]
    );
    // Each output is discarded once.
    assert!(accepted(machine.apply(at(9_000), Input::End)).is_empty());
}

#[test]
fn a_receipt_is_replaced_when_the_next_is_complete_and_not_before() {
    let mut machine = Machine::new(call(SettingsLayer { trigger: Some(Trigger::Manual), ..SettingsLayer::default() }));
    accepted(machine.apply(at(0), join("a1", Role::Agent)));
    accepted(machine.apply(at(0), command("a1", Verb::ReceiptStart)));
    accepted(machine.apply(at(1_000), command("a1", Verb::ReceiptStop)));
    assert_eq!(
        accepted(machine.apply(at(2_000), command("a1", Verb::ReceiptStart))),
        ["+receipt:O:2", "state recording", "receipt:O:2 a1 open"]
    );
    assert_eq!(
        accepted(machine.apply(at(3_000), command("a1", Verb::ReceiptStop))),
        ["receipt:O:2 over receipt_stop", "receipt:O:1 discarded Replaced", "state stopped"]
    );
}

#[test]
fn the_prompt_goes_to_the_first_host_who_may_start_and_to_nobody_after_a_conference() {
    let layer = SettingsLayer {
        trigger: Some(Trigger::Prompt),
        conference_mode: Some(ConferenceMode::StopOnThirdParty),
        ..SettingsLayer::default()
    };
    let may = AgentProperties { manual_recording_allowed: true, ..AgentProperties::default() };
    let mut machine = Machine::new(call(layer.clone()));
    assert!(accepted(machine.apply(at(0), join("a1", Role::Agent))).is_empty());
    assert_eq!(accepted(machine.apply(at(0), join_as("a2", Role::Agent, may))), ["prompt a2"]);
    assert!(accepted(machine.apply(at(0), join_as("a3", Role::Agent, may))).is_empty());
    let mut late = Machine::new(room(layer));
    accepted(late.apply(at(0), join("t1", Role::ThirdParty)));
    assert!(accepted(late.apply(at(0), join("a1", Role::Agent))).is_empty());
    assert_eq!(late.apply(at(0), command("a1", Verb::PromptAccept)).1, Err(Reason::ConferenceStopped));
}

#[test]
fn a_project_that_does_not_record_asks_nobody_anything() {
    let mut machine = Machine::new(room(SettingsLayer {
        record_mode: Some(RecordMode::None),
        consent: Some(Consent::PerParty),
        trigger: Some(Trigger::Prompt),
        ..SettingsLayer::default()
    }));
    assert!(accepted(machine.apply(at(0), join("a1", Role::Agent))).is_empty());
    assert_eq!(machine.state().as_str(), "disabled");
}

#[test]
fn impossible_comings_and_goings_are_answered_and_change_nothing() {
    let mut machine = Machine::new(call(SettingsLayer::default()));
    accepted(machine.apply(at(0), join("a1", Role::Agent)));
    assert_eq!(machine.apply(at(1), join("a1", Role::Agent)), (vec![], Err(Reason::Already)));
    assert_eq!(machine.apply(at(1), leave("c1")), (vec![], Err(Reason::NoSuchParticipant)));
    accepted(machine.apply(at(1), join("c1", Role::Customer)));
    accepted(machine.apply(at(2), leave("c1")));
    assert_eq!(machine.apply(at(3), leave("c1")), (vec![], Err(Reason::NoSuchParticipant)));
    assert_eq!(machine.apply(at(3), join("c1", Role::ThirdParty)), (vec![], Err(Reason::NotPermitted)));
}

#[test]
fn time_that_runs_back_counts_as_the_latest() {
    let mut machine = Machine::new(call(SettingsLayer { max_duration_s: Some(5), ..SettingsLayer::default() }));
    accepted(machine.apply(at(4_000), join("a1", Role::Agent)));
    accepted(machine.apply(at(3_000), command("a1", Verb::Pause)));
    accepted(machine.apply(at(2_000), command("a1", Verb::Resume)));
    assert_eq!(machine.deadline(), Some(at(9_000)));
    assert_eq!(told(&machine.tick(at(9_000))), ["main over max_duration", "state stopped"]);
}

#[test]
fn a_check_says_what_apply_would() {
    let mut machine = Machine::new(call(SettingsLayer::default()));
    accepted(machine.apply(at(0), join("a1", Role::Agent)));
    let asked = |by: &str, verb| ferric::model::command::Command { by: id(by), verb, order: None };
    assert_eq!(machine.check(&asked("a1", Verb::Start)), Err(Reason::NotPermitted));
    assert_eq!(machine.check(&asked("a1", Verb::Pause)), Ok(()));
    assert_eq!(machine.check(&asked("c1", Verb::Pause)), Err(Reason::NoSuchParticipant));
}
