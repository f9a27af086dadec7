//! Each rule by itself: a situation in which every other rule leaves everybody open, and what this one makes of it.

use super::{Question, View, censor, conference, consent, enabled, forced, gate, lifecycle, mode, pause};
use crate::model::gate::Gate::{self, Closed, Masked, Open};
use crate::model::id::OutputKey;
use crate::model::role::Role;
use crate::model::settings::{
    AgentProperties, ConferenceMode, Consent, Kind, PauseBehavior, QueueProperties, RecordMode, Settings, SettingsLayer,
};
use crate::policy::instant::Instant;
use crate::policy::output::Output;
use crate::policy::party::{Answer, Party};
use crate::policy::situation::{Main, Pause, Situation};

const AGENT: usize = 0;
const CUSTOMER: usize = 1;
const THIRD: usize = 2;

/// An agent, a customer and a third party are in; main runs; everybody is open.
fn open() -> Situation {
    let layer = SettingsLayer { conference_mode: Some(ConferenceMode::All), ..SettingsLayer::default() };
    let mut s = Situation::new(Settings::resolve(Kind::Call, &[&layer], QueueProperties::default()));
    for (stay, (name, role)) in [("a1", Role::Agent), ("c1", Role::Customer), ("t1", Role::ThirdParty)].into_iter().enumerate() {
        let id = name.parse().unwrap();
        let stay = Some(stay as u64);
        s.parties.push(Party { id, role, properties: AgentProperties::default(), answer: Answer::NotYet, stay });
    }
    s.outputs.push(Output::starting(OutputKey::Main(1), Instant::ZERO));
    s.main = Some(Main { output: 0, pause: None });
    s
}

fn with_receipt(mut s: Situation) -> Situation {
    s.outputs.push(Output::starting(OutputKey::Receipt { order: "O".to_owned(), number: 1 }, Instant::ZERO));
    s.receipt = Some(1);
    s
}

/// What one rule says of the three on main.
fn says(rule: fn(Question<'_>) -> Gate, s: &Situation) -> [Gate; 3] {
    says_of(rule, s, 0)
}

fn says_of(rule: fn(Question<'_>) -> Gate, s: &Situation, output: usize) -> [Gate; 3] {
    let view = View::of(s);
    [AGENT, CUSTOMER, THIRD].map(|number| rule(Question { view: &view, number, party: &s.parties[number], output: &s.outputs[output] }))
}

fn all(s: &Situation) -> [Gate; 3] {
    let view = View::of(s);
    [AGENT, CUSTOMER, THIRD].map(|number| gate(&view, number, &s.outputs[0]))
}

#[test]
fn in_the_open_situation_everybody_is_open() {
    assert_eq!(all(&open()), [Open; 3]);
}

#[test]
fn enabled_closes_everybody_where_the_project_does_not_record() {
    let mut s = open();
    assert_eq!(says(enabled::gate, &s), [Open; 3]);
    s.settings.recording_enabled = false;
    assert_eq!(says(enabled::gate, &s), [Closed; 3]);
    s.settings.recording_enabled = true;
    s.settings.record_mode = RecordMode::None;
    assert_eq!(says(enabled::gate, &s), [Closed; 3]);
}

#[test]
fn lifecycle_closes_what_is_over_and_who_is_out() {
    let mut s = open();
    s.parties[CUSTOMER].stay = None;
    assert_eq!(says(lifecycle::gate, &s), [Open, Closed, Open]);
    s.outputs[0].end(crate::model::gate::EndedBy::Stop, Instant::ZERO);
    assert_eq!(says(lifecycle::gate, &s), [Closed; 3]);
}

#[test]
fn consent_closes_the_unwilling_always_and_the_silent_where_it_is_required() {
    let mut s = open();
    s.parties[CUSTOMER].answer = Answer::Declined;
    s.parties[THIRD].answer = Answer::Withdrawn;
    assert_eq!(says(consent::gate, &s), [Open, Closed, Closed]);
    s.settings.consent = Consent::PerParty;
    assert_eq!(says(consent::gate, &s), [Closed, Closed, Closed]);
    s.parties[AGENT].answer = Answer::Granted;
    assert_eq!(says(consent::gate, &s), [Open, Closed, Closed]);
    s.settings.consent = Consent::AllParty;
    assert_eq!(says(consent::gate, &s), [Closed; 3]);
    s.parties[CUSTOMER].answer = Answer::Granted;
    s.parties[THIRD].stay = None;
    assert_eq!(says(consent::gate, &s), [Open, Open, Closed], "who refused is gone");
}

#[test]
fn forced_leaves_the_active_agent_alone_where_the_caller_refuses() {
    let mut s = open();
    s.parties[CUSTOMER].answer = Answer::Declined;
    assert_eq!(says(forced::gate, &s), [Open; 3], "not forced: this rule says nothing");
    s.forced = true;
    assert_eq!(says(forced::gate, &s), [Closed; 3]);
    s.parties[AGENT].properties.record_agent_if_denied = true;
    assert_eq!(says(forced::gate, &s), [Open, Closed, Closed]);
    s.parties[CUSTOMER].answer = Answer::Granted;
    assert_eq!(says(forced::gate, &s), [Open; 3]);
}

#[test]
fn conference_closes_third_parties_but_under_all() {
    let mut s = open();
    assert_eq!(says(conference::gate, &s), [Open; 3]);
    for mode in [ConferenceMode::AgentAndCustomer, ConferenceMode::StopOnThirdParty, ConferenceMode::None] {
        s.settings.conference_mode = mode;
        assert_eq!(says(conference::gate, &s), [Open, Open, Closed]);
    }
    s.conference_stopped = true;
    assert_eq!(says(conference::gate, &s), [Closed; 3]);
}

#[test]
fn mode_is_the_table_on_main_beside_a_receipt_and_switched_on() {
    use RecordMode::{AgentOnlyAllow, AgentOnlyForbid, Both, ReceiptsAllow, ReceiptsForbid};
    // Mode; the customer on main; with a receipt; switched on.
    for (record_mode, plain, receipt, switched) in [
        (Both, Open, Open, Open),
        (AgentOnlyAllow, Closed, Closed, Open),
        (AgentOnlyForbid, Closed, Closed, Closed),
        (ReceiptsAllow, Closed, Open, Open),
        (ReceiptsForbid, Closed, Open, Closed),
    ] {
        let mut s = open();
        s.settings.record_mode = record_mode;
        assert_eq!(says(mode::gate, &s), [Open, plain, Open], "{record_mode:?}");
        s.customer_on = true;
        assert_eq!(says(mode::gate, &s), [Open, switched, Open], "{record_mode:?} switched on");
        s.customer_on = false;
        let s = with_receipt(s);
        for output in [0, 1] {
            assert_eq!(says_of(mode::gate, &s, output), [Open, receipt, Open], "{record_mode:?} with a receipt");
        }
        let s = Situation { forced: true, ..s };
        assert_eq!(says(mode::gate, &s), [Open; 3], "{record_mode:?} forced");
    }
}

#[test]
fn pause_closes_or_masks_main_and_leaves_a_receipt() {
    let mut s = with_receipt(open());
    s.main = Some(Main { output: 0, pause: Some(Pause::Commanded) });
    assert_eq!(says(pause::gate, &s), [Closed; 3]);
    assert_eq!(says_of(pause::gate, &s, 1), [Open; 3]);
    s.settings.pause_behavior = PauseBehavior::Silence;
    assert_eq!(says(pause::gate, &s), [Masked; 3]);
    assert_eq!(says_of(pause::gate, &s, 1), [Open; 3]);
}

#[test]
fn censor_masks_and_never_opens_what_another_rule_closed() {
    let mut s = open();
    s.censor_on = true;
    s.parties[CUSTOMER].answer = Answer::Declined;
    assert_eq!(says(censor::gate, &s), [Masked; 3]);
    assert_eq!(all(&s), [Masked, Closed, Masked]);
}
