//! The gatekeeper: permits follow the gates, close at once, open late, and never again after a decline.

use ferric::model::command::{Reason, Verb};
use ferric::model::gate::{Gate, State};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, ConferenceMode, Consent, PauseBehavior, RecordMode, SettingsLayer};
use ferric::model::time::MediaTime;
use ferric::policy::{Gatekeeper, REOPENING_GUARD_NS};

use crate::machines::{at, call, command, id, join, join_as, leave, main_key};

fn both_in(layer: SettingsLayer) -> Gatekeeper {
    let mut keeper = Gatekeeper::new(call(layer));
    keeper.apply(at(0), join("a1", Role::Agent)).1.unwrap();
    keeper.apply(at(0), join("c1", Role::Customer)).1.unwrap();
    keeper
}

fn open(keeper: &Gatekeeper, who: &str) -> bool {
    keeper.permit(&id(who)).unwrap().is_open()
}

#[test]
fn who_joins_into_a_recording_is_admitted_from_their_first_packet() {
    let mut keeper = Gatekeeper::new(call(SettingsLayer::default()));
    assert!(keeper.permit(&id("a1")).is_none());
    keeper.apply(at(1_000), join("a1", Role::Agent)).1.unwrap();
    let permit = keeper.permit(&id("a1")).unwrap();
    assert!(permit.admits(at(1_000)));
    assert!(!permit.admits(MediaTime(at(1_000).as_ns() - 1)), "what came before the join is not ours");
}

#[test]
fn a_pause_closes_before_it_is_answered_and_a_resume_opens_a_packet_later() {
    let mut keeper = both_in(SettingsLayer::default());
    // Held by a track since before the pause.
    let permit = keeper.permit(&id("c1")).unwrap();
    keeper.apply(at(5_000), command("a1", Verb::Pause)).1.unwrap();
    assert!(!permit.is_open());
    assert!(!permit.admits(at(4_999)), "what is still on its way when the pause comes is not written either");
    keeper.apply(at(9_000), command("a1", Verb::Resume)).1.unwrap();
    assert!(permit.is_open());
    assert!(!permit.admits(at(9_000)));
    assert!(!permit.admits(MediaTime(at(9_000).as_ns() + REOPENING_GUARD_NS - 1)));
    assert!(permit.admits(MediaTime(at(9_000).as_ns() + REOPENING_GUARD_NS)));
}

#[test]
fn what_an_input_shuts_can_be_shut_before_its_time_is_read() {
    let mut keeper = both_in(SettingsLayer { consent: Some(Consent::PerParty), ..SettingsLayer::default() });
    keeper.apply(at(100), command("c1", Verb::ConsentGrant)).1.unwrap();
    keeper.apply(at(100), command("a1", Verb::ConsentGrant)).1.unwrap();
    keeper.shut_ahead(at(5_000), &command("c1", Verb::ConsentWithdraw));
    assert!(!open(&keeper, "c1") && open(&keeper, "a1"), "those whom it concerns, and nobody else");
    assert_eq!(keeper.state(), State::Recording, "nothing has happened yet");
    keeper.apply(at(5_003), command("c1", Verb::ConsentWithdraw)).1.unwrap();
    assert!(!open(&keeper, "c1") && open(&keeper, "a1"));
    // What is refused shuts nothing.
    keeper.shut_ahead(at(6_000), &command("a1", Verb::Resume));
    assert!(open(&keeper, "a1"));
    keeper.shut_ahead(at(7_000), &ferric::policy::Input::End);
    assert!(!open(&keeper, "a1"));
}

#[test]
fn what_arrives_after_the_longest_main_is_not_admitted_though_the_clock_is_late() {
    let mut keeper = both_in(SettingsLayer { max_duration_s: Some(3), ..SettingsLayer::default() });
    let permit = keeper.permit(&id("c1")).unwrap();
    assert!(permit.admits(at(2_999)));
    assert!(!permit.admits(at(3_000)), "nobody has ticked yet");
    keeper.apply(at(1_000), command("a1", Verb::Pause)).1.unwrap();
    keeper.apply(at(2_000), command("a1", Verb::Resume)).1.unwrap();
    assert!(permit.admits(at(3_999)), "the pause does not count");
    assert!(!permit.admits(at(4_000)));
    // A receipt takes them beyond it.
    keeper.apply(at(3_500), command("a1", Verb::ReceiptStart)).1.unwrap();
    assert!(permit.admits(at(4_500)));
    keeper.tick(at(4_000));
    assert!(permit.admits(at(4_500)));
    keeper.apply(at(5_000), command("a1", Verb::ReceiptStop)).1.unwrap();
    assert!(!permit.admits(at(5_000)));
}

#[test]
fn a_permit_that_stays_open_does_not_flinch() {
    let mut keeper = both_in(SettingsLayer::default());
    let permit = keeper.permit(&id("c1")).unwrap();
    keeper.apply(at(5_000), command("a1", Verb::ReceiptStart)).1.unwrap();
    assert!(permit.admits(at(5_000)));
    // Main is paused: the receipt still takes them.
    keeper.apply(at(6_000), command("a1", Verb::Pause)).1.unwrap();
    assert!(permit.admits(at(6_000)));
    keeper.apply(at(7_000), command("a1", Verb::ReceiptStop)).1.unwrap();
    assert!(!permit.is_open());
}

#[test]
fn masked_is_as_shut_as_closed() {
    for layer in [SettingsLayer::default(), SettingsLayer { pause_behavior: Some(PauseBehavior::Silence), ..SettingsLayer::default() }] {
        let mut keeper = both_in(layer);
        keeper.apply(at(1_000), command("a1", Verb::CensorOn)).1.unwrap();
        assert_eq!(keeper.gates()[0], (main_key(), id("a1"), Gate::Masked));
        assert!(!open(&keeper, "a1") && !open(&keeper, "c1"));
        keeper.apply(at(1_000), command("a1", Verb::Pause)).1.unwrap();
        keeper.apply(at(1_000), command("a1", Verb::CensorOff)).1.unwrap();
        assert!(!open(&keeper, "a1") && !open(&keeper, "c1"));
    }
}

#[test]
fn a_grant_opens_with_the_guard_for_nothing_said_before_it_is_ours() {
    let mut keeper = both_in(SettingsLayer { consent: Some(Consent::AllParty), ..SettingsLayer::default() });
    keeper.apply(at(1_000), command("a1", Verb::ConsentGrant)).1.unwrap();
    assert!(!open(&keeper, "a1"));
    keeper.apply(at(2_000), command("c1", Verb::ConsentGrant)).1.unwrap();
    for who in ["a1", "c1"] {
        let permit = keeper.permit(&id(who)).unwrap();
        assert!(!permit.admits(at(2_019)) && permit.admits(at(2_020)), "{who}");
    }
}

#[test]
fn another_ones_join_opens_those_who_were_in_with_the_guard() {
    let mut keeper = Gatekeeper::new(call(SettingsLayer {
        record_mode: Some(RecordMode::Both),
        trigger: Some(ferric::model::settings::Trigger::AutoSecond),
        ..SettingsLayer::default()
    }));
    keeper.apply(at(0), join("a1", Role::Agent)).1.unwrap();
    keeper.apply(at(1_000), join("c1", Role::Customer)).1.unwrap();
    assert!(!keeper.permit(&id("a1")).unwrap().admits(at(1_000)));
    assert!(keeper.permit(&id("c1")).unwrap().admits(at(1_000)));
}

#[test]
fn after_a_decline_a_permit_never_opens_again() {
    let mut keeper = both_in(SettingsLayer::default());
    let permit = keeper.permit(&id("c1")).unwrap();
    keeper.apply(at(1_000), command("c1", Verb::ConsentDecline)).1.unwrap();
    assert!(!permit.is_open());
    assert_eq!(keeper.apply(at(2_000), command("c1", Verb::ConsentGrant)).1, Err(Reason::NotPermitted));
    keeper.apply(at(3_000), leave("c1")).1.unwrap();
    keeper.apply(at(4_000), join("c1", Role::Customer)).1.unwrap();
    keeper.apply(at(5_000), command("a1", Verb::ReceiptStart)).1.unwrap();
    assert!(!permit.is_open() && !open(&keeper, "c1") && open(&keeper, "a1"));
}

#[test]
fn who_left_is_shut_out_and_let_in_again_with_the_same_permit() {
    let mut keeper = both_in(SettingsLayer::default());
    let permit = keeper.permit(&id("c1")).unwrap();
    keeper.apply(at(1_000), leave("c1")).1.unwrap();
    assert!(!permit.is_open());
    keeper.apply(at(2_000), join("c1", Role::Customer)).1.unwrap();
    assert!(permit.admits(at(2_000)));
}

#[test]
fn a_conference_shuts_everybody_out_at_the_very_join() {
    let mut keeper = both_in(SettingsLayer { conference_mode: Some(ConferenceMode::StopOnThirdParty), ..SettingsLayer::default() });
    keeper.apply(at(3_000), join("t1", Role::ThirdParty)).1.unwrap();
    for who in ["a1", "c1", "t1"] {
        assert!(!open(&keeper, who), "{who}");
    }
    assert!(keeper.gates().is_empty(), "nothing runs");
}

#[test]
fn a_refused_command_moves_nothing() {
    let mut keeper = both_in(SettingsLayer::default());
    let before = keeper.gates();
    let (actions, answer) = keeper.apply(at(1_000), command("c1", Verb::Pause));
    assert_eq!((actions, answer), (vec![], Err(Reason::NotHost)));
    assert_eq!(keeper.gates(), before);
    assert!(keeper.permit(&id("c1")).unwrap().admits(at(1_000)));
}

#[test]
fn the_longest_is_kept_by_the_tick_and_by_whatever_comes_late() {
    let layer = SettingsLayer { max_duration_s: Some(5), ..SettingsLayer::default() };
    let mut ticked = both_in(layer.clone());
    assert_eq!(ticked.deadline(), Some(at(5_000)));
    assert!(ticked.tick(at(4_999)).is_empty());
    assert!(!ticked.tick(at(5_000)).is_empty());
    assert_eq!(ticked.deadline(), None);
    assert!(!open(&ticked, "c1"));
    let mut late = both_in(layer);
    let (actions, answer) = late.apply(at(6_000), command("a1", Verb::Pause));
    assert_eq!(answer, Err(Reason::NotRecording));
    assert!(!actions.is_empty(), "the end is told though the command is refused");
    assert!(!open(&late, "c1"));
}

#[test]
fn a_decline_before_the_first_packet_leaves_the_permit_shut_under_forcing_too() {
    let mut keeper = Gatekeeper::new(call(SettingsLayer::default()));
    let forced = AgentProperties { forced: true, record_agent_if_denied: true, ..AgentProperties::default() };
    keeper.apply(at(0), join("c1", Role::Customer)).1.unwrap();
    keeper.apply(at(0), command("c1", Verb::ConsentDecline)).1.unwrap();
    keeper.apply(at(1_000), join_as("a1", Role::Agent, forced)).1.unwrap();
    assert!(open(&keeper, "a1") && !open(&keeper, "c1"));
}

#[test]
fn time_at_the_end_of_its_range_opens_nothing_by_wrapping() {
    let mut keeper = Gatekeeper::new(call(SettingsLayer { start_paused: Some(true), ..SettingsLayer::default() }));
    keeper.apply(at(0), join("a1", Role::Agent)).1.unwrap();
    keeper.apply(MediaTime(u64::MAX), command("a1", Verb::Resume)).1.unwrap();
    assert!(!keeper.permit(&id("a1")).unwrap().admits(MediaTime(u64::MAX - 1)));
}

#[test]
fn what_opens_waits_until_it_was_told_and_what_closes_does_not() {
    let mut keeper = Gatekeeper::new(call(SettingsLayer::default()));
    let (told, _) = keeper.apply_closing(at(0), join("a1", Role::Agent));
    let permit = keeper.permit(&id("a1")).unwrap();
    assert!(told.iter().any(|action| matches!(action, ferric::policy::Action::State { state: State::Recording })), "{told:?}");
    assert!(!permit.is_open(), "the state is told first");
    keeper.open_what_may();
    assert!(permit.admits(at(0)), "from the join on, once it may");
    keeper.apply_closing(at(1_000), command("a1", Verb::Pause)).1.unwrap();
    assert!(!permit.is_open(), "closed before anything is told");
    keeper.apply_closing(at(2_000), command("a1", Verb::Resume)).1.unwrap();
    keeper.apply_closing(at(2_000), command("a1", Verb::Pause)).1.unwrap();
    keeper.open_what_may();
    assert!(!permit.is_open(), "what was closed meanwhile stays so");
}
