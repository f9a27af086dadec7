//! Invariants over random histories, each shrunk to a small one where it breaks.

use std::collections::{BTreeMap, BTreeSet};

use ferric::model::command::{Command, Reason, Verb};
use ferric::model::gate::{Gate, State};
use ferric::model::id::{OutputKey, ParticipantId};
use ferric::model::role::Role;
use ferric::model::settings::{
    AgentProperties, ConferenceMode, Consent, Kind, PauseBehavior, QueueProperties, RecordMode, Settings, SettingsLayer, Trigger,
};
use ferric::policy::{Action, Gatekeeper, Input};
use proptest::prelude::*;
use proptest::sample::select;

use crate::machines::{at, id};

const CAST: [(&str, Role); 7] = [
    ("a1", Role::Agent),
    ("a2", Role::Agent),
    ("a3", Role::Agent),
    ("c1", Role::Customer),
    ("c2", Role::Customer),
    ("t1", Role::ThirdParty),
    ("t2", Role::ThirdParty),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// In if out, out if in.
    ComeOrGo {
        initiator: bool,
    },
    Command(Verb),
}

#[derive(Clone, Copy, Debug)]
struct Step {
    wait_ms: u64,
    who: usize,
    deed: Deed,
}

#[derive(Clone, Debug)]
struct History {
    settings: Settings,
    agents: [AgentProperties; 3],
    steps: Vec<Step>,
}

type Gates = BTreeMap<(OutputKey, ParticipantId), Gate>;

/// What is so after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
struct After {
    at_ms: u64,
    input: Input,
    actions: Vec<Action>,
    answer: Result<(), Reason>,
    gates: Gates,
    open: BTreeSet<ParticipantId>,
    state: State,
}

fn verbs() -> impl Strategy<Value = Verb> {
    select(vec![
        Verb::Start,
        Verb::Stop,
        Verb::Pause,
        Verb::Resume,
        Verb::CustomerOn,
        Verb::CustomerOff,
        Verb::CensorOn,
        Verb::CensorOff,
        Verb::ReceiptStart,
        Verb::ReceiptStop,
        Verb::PromptAccept,
        Verb::PromptDecline,
        Verb::ConsentGrant,
        Verb::ConsentGrant,
        Verb::ConsentDecline,
        Verb::ConsentWithdraw,
    ])
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let deed = prop_oneof![
        2 => any::<bool>().prop_map(|initiator| Deed::ComeOrGo { initiator }),
        5 => verbs().prop_map(Deed::Command),
    ];
    let step = (select(vec![0u64, 0, 500, 1_000, 3_000]), 0..CAST.len(), deed).prop_map(|(wait_ms, who, deed)| Step { wait_ms, who, deed });
    prop::collection::vec(step, 1..40).prop_map(|mut steps| {
        // An empty session is soon told: somebody is in from the start.
        let come = |who| Step { wait_ms: 0, who, deed: Deed::ComeOrGo { initiator: false } };
        steps.splice(0..0, [come(0), come(3)]);
        steps
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let modes = select(vec![
        RecordMode::Both,
        RecordMode::AgentOnlyAllow,
        RecordMode::AgentOnlyForbid,
        RecordMode::ReceiptsAllow,
        RecordMode::ReceiptsForbid,
    ]);
    let conferences =
        select(vec![ConferenceMode::All, ConferenceMode::AgentAndCustomer, ConferenceMode::StopOnThirdParty, ConferenceMode::None]);
    let consents = select(vec![Consent::NotRequired, Consent::NotRequired, Consent::PerParty, Consent::AllParty]);
    let triggers = select(vec![Trigger::Manual, Trigger::Prompt, Trigger::AutoFirst, Trigger::AutoSecond]);
    let pauses = select(vec![PauseBehavior::Skip, PauseBehavior::Silence]);
    let kinds = select(vec![Kind::Call, Kind::Room]);
    (modes, conferences, consents, triggers, pauses, kinds, any::<[bool; 4]>(), prop::option::of(1u64..10)).prop_map(
        |(mode, conference, consent, trigger, pause, kind, flags, longest)| {
            let layer = SettingsLayer {
                record_mode: Some(mode),
                conference_mode: Some(conference),
                consent: Some(consent),
                trigger: Some(trigger),
                pause_behavior: Some(pause),
                start_paused: Some(flags[0]),
                multiple_receipts_per_order: Some(flags[1]),
                stop_when_host_leaves: Some(flags[2]),
                max_duration_s: longest,
                ..SettingsLayer::default()
            };
            Settings::resolve(kind, &[&layer], QueueProperties { forced: flags[3] })
        },
    )
}

fn histories() -> impl Strategy<Value = History> {
    let agent = any::<[bool; 4]>().prop_map(|[manual, censor, forced, alone]| AgentProperties {
        manual_recording_allowed: manual,
        censor_allowed: censor,
        forced,
        record_agent_if_denied: alone,
    });
    (settings(), [agent.clone(), agent.clone(), agent], steps()).prop_map(|(settings, agents, steps)| History { settings, agents, steps })
}

impl History {
    fn inputs(&self) -> Vec<(u64, Input)> {
        let mut present = BTreeSet::new();
        let mut at_ms = 0;
        let mut inputs = Vec::new();
        for step in &self.steps {
            at_ms += step.wait_ms;
            let (name, role) = CAST[step.who];
            let input = match step.deed {
                Deed::ComeOrGo { .. } if present.remove(name) => Input::Leave { participant: id(name) },
                Deed::ComeOrGo { initiator } => {
                    present.insert(name);
                    let properties = self.agents.get(step.who).copied().unwrap_or_default();
                    Input::Join { participant: id(name), role, initiator, properties }
                }
                Deed::Command(verb) => {
                    let order = (verb == Verb::ReceiptStart).then(|| "O".to_owned());
                    Input::Command(Command { by: id(name), verb, order })
                }
            };
            inputs.push((at_ms, input));
        }
        inputs.push((at_ms + 1_000, Input::End));
        inputs
    }

    fn run(&self) -> Vec<After> {
        let mut keeper = Gatekeeper::new(self.settings.clone());
        let mut trace = Vec::new();
        for (at_ms, input) in self.inputs() {
            let (actions, answer) = keeper.apply(at(at_ms), input.clone());
            let gates = keeper.gates().into_iter().map(|(output, who, gate)| ((output, who), gate)).collect();
            let open =
                CAST.iter().map(|(name, _)| id(name)).filter(|who| keeper.permit(who).is_some_and(|permit| permit.is_open())).collect();
            trace.push(After { at_ms, input, actions, answer, gates, open, state: keeper.state() });
        }
        trace
    }

    /// The same with one more step in it.
    fn with(&self, place: usize, who: usize, verb: Verb) -> Self {
        let mut more = self.clone();
        let place = place % (more.steps.len() + 1);
        more.steps.insert(place, Step { wait_ms: 0, who, deed: Deed::Command(verb) });
        more
    }
}

fn narrower(narrow: &Gates, wide: &Gates) -> Result<(), String> {
    for (place, gate) in narrow {
        let before = wide.get(place).copied().unwrap_or(Gate::Closed);
        if *gate > before {
            return Err(format!("{place:?} was {before:?} and is {gate:?}"));
        }
    }
    Ok(())
}

/// Step by step, no gate of the one is wider than the other's. `added` is the place of a step that only the narrow one has.
fn opens_nothing(narrow: &History, wide: &History, added: Option<usize>) -> Result<(), TestCaseError> {
    let mut narrow_trace = narrow.run();
    if let Some(added) = added {
        narrow_trace.remove(added);
    }
    let wide_trace = wide.run();
    prop_assert_eq!(narrow_trace.len(), wide_trace.len());
    for (n, w) in narrow_trace.iter().zip(&wide_trace) {
        prop_assert!(n.open.is_subset(&w.open), "at {}: {:?} beside {:?}", n.at_ms, n.open, w.open);
        if let Err(why) = narrower(&n.gates, &w.gates) {
            return Err(TestCaseError::fail(format!("at {}: {why}", n.at_ms)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_declined_is_never_open_again(history in histories()) {
        let mut declined = BTreeSet::new();
        for after in history.run() {
            if let (Input::Command(Command { by, verb: Verb::ConsentDecline, .. }), Ok(())) = (&after.input, after.answer) {
                let erased = after.actions.contains(&Action::Erase { participant: by.clone() });
                prop_assert!(erased, "a decline erases");
                declined.insert(by.clone());
            }
            prop_assert!(after.open.is_disjoint(&declined));
            for ((_, who), gate) in &after.gates {
                prop_assert!(!declined.contains(who) || *gate == Gate::Closed);
            }
        }
    }

    #[test]
    fn nothing_begins_or_opens_while_recording_is_off(mut history in histories(), by_mode in any::<bool>()) {
        if by_mode {
            history.settings.record_mode = RecordMode::None;
        } else {
            history.settings.recording_enabled = false;
        }
        for after in history.run() {
            prop_assert!(after.gates.is_empty() && after.open.is_empty());
            prop_assert_eq!(after.state, State::Disabled);
            let silent = after.actions.iter().all(|action| matches!(action, Action::Erase { .. }));
            prop_assert!(silent, "{:?}", after.actions);
        }
    }

    #[test]
    fn the_censor_masks_everybody_everywhere(history in histories()) {
        let mut censored = false;
        for after in history.run() {
            if let (Input::Command(command), Ok(())) = (&after.input, after.answer) {
                censored = match command.verb {
                    Verb::CensorOn => true,
                    Verb::CensorOff => false,
                    _ => censored,
                };
            }
            if censored {
                prop_assert!(after.open.is_empty() && after.gates.values().all(|gate| *gate < Gate::Open));
            }
        }
    }

    #[test]
    fn permits_are_the_gates_and_the_state_says_so(history in histories()) {
        let mut present = BTreeSet::new();
        for after in history.run() {
            match &after.input {
                Input::Join { participant, .. } => { present.insert(participant.clone()); }
                Input::Leave { participant } => { present.remove(participant); }
                Input::Command(_) | Input::End => {}
            }
            let open: BTreeSet<_> = after.gates.iter().filter(|(_, gate)| **gate == Gate::Open).map(|((_, who), _)| who.clone()).collect();
            prop_assert_eq!(&open, &after.open);
            prop_assert!(open.is_subset(&present), "somebody who is not in is open");
            let says_so = matches!(after.state, State::Recording | State::AutomaticWithoutCaller);
            prop_assert!(open.is_empty() || says_so, "{:?} while somebody is recorded", after.state);
        }
    }

    #[test]
    fn actions_alone_tell_every_gate(history in histories()) {
        let mut told: BTreeMap<OutputKey, BTreeMap<ParticipantId, Gate>> = BTreeMap::new();
        let mut state = if history.settings.recording_enabled { State::Idle } else { State::Disabled };
        for after in history.run() {
            for action in &after.actions {
                match action {
                    Action::OutputStarted { output } => prop_assert!(told.insert(output.clone(), BTreeMap::new()).is_none()),
                    Action::OutputEnded { output, .. } => prop_assert!(told.remove(output).is_some()),
                    Action::Gate { output, participant, gate } => {
                        let Some(lanes) = told.get_mut(output) else { return Err(TestCaseError::fail("a gate of what does not run")) };
                        let before = lanes.insert(participant.clone(), *gate).unwrap_or(Gate::Closed);
                        prop_assert_ne!(before, *gate, "only changes are told");
                    }
                    Action::State { state: now } => {
                        prop_assert_ne!(state, *now);
                        state = *now;
                    }
                    _ => {}
                }
            }
            for ((output, who), gate) in &after.gates {
                let known = told.get(output).and_then(|lanes| lanes.get(who)).copied().unwrap_or(Gate::Closed);
                prop_assert_eq!(known, *gate);
            }
            prop_assert_eq!(state, after.state);
        }
        prop_assert!(told.is_empty(), "the end ends everything");
    }

    #[test]
    fn each_output_is_discarded_once_at_most_and_only_after_its_end(history in histories()) {
        let mut ended = BTreeSet::new();
        let mut discarded = BTreeSet::new();
        for after in history.run() {
            for action in &after.actions {
                match action {
                    Action::OutputEnded { output, .. } => { ended.insert(output.clone()); }
                    Action::Discarded { output, .. } => {
                        prop_assert!(ended.contains(output));
                        prop_assert!(discarded.insert(output.clone()));
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_refused_command_changes_nothing(history in histories()) {
        let mut keeper = Gatekeeper::new(history.settings.clone());
        for (at_ms, input) in history.inputs() {
            keeper.tick(at(at_ms));
            let before = (keeper.gates(), keeper.state());
            let check = if let Input::Command(command) = &input { Some(keeper.check(command)) } else { None };
            let shown = match &input {
                Input::Command(Command { by, verb, order: None }) => {
                    keeper.controls(by).verdicts.into_iter().find(|(v, _)| v == verb).map(|(_, verdict)| verdict)
                }
                _ => None,
            };
            let (actions, answer) = keeper.apply(at(at_ms), input);
            if let Some(check) = check {
                prop_assert_eq!(check, answer);
            }
            if let Some(shown) = shown {
                prop_assert_eq!(shown, answer);
            }
            if answer.is_err() {
                prop_assert!(actions.is_empty());
                prop_assert_eq!(before, (keeper.gates(), keeper.state()));
            }
        }
    }

    #[test]
    fn the_same_history_gives_the_same(history in histories()) {
        prop_assert_eq!(history.run(), history.run());
    }

    #[test]
    fn requiring_consent_opens_nothing(history in histories()) {
        let with = |consent| {
            let mut changed = history.clone();
            changed.settings.consent = consent;
            changed
        };
        opens_nothing(&with(Consent::PerParty), &with(Consent::NotRequired), None)?;
        opens_nothing(&with(Consent::AllParty), &with(Consent::PerParty), None)?;
    }

    #[test]
    fn a_narrower_mode_opens_nothing(history in histories()) {
        let (all, agent_and_customer) = (ConferenceMode::All, ConferenceMode::AgentAndCustomer);
        let with = |mode, conference| {
            let mut changed = history.clone();
            changed.settings.record_mode = mode;
            changed.settings.conference_mode = conference;
            changed
        };
        opens_nothing(&with(RecordMode::ReceiptsForbid, all), &with(RecordMode::Both, all), None)?;
        opens_nothing(&with(RecordMode::AgentOnlyForbid, all), &with(RecordMode::ReceiptsForbid, all), None)?;
        opens_nothing(&with(RecordMode::AgentOnlyAllow, all), &with(RecordMode::ReceiptsAllow, all), None)?;
        opens_nothing(&with(RecordMode::Both, agent_and_customer), &with(RecordMode::Both, all), None)?;
        opens_nothing(&with(RecordMode::Both, ConferenceMode::None), &with(RecordMode::Both, ConferenceMode::StopOnThirdParty), None)?;
    }

    #[test]
    fn taking_the_agents_solitary_recording_away_opens_nothing(history in histories()) {
        let mut without = history.clone();
        without.agents.iter_mut().for_each(|agent| agent.record_agent_if_denied = false);
        opens_nothing(&without, &history, None)?;
    }

    #[test]
    fn a_decline_more_opens_nothing(history in histories(), place in 0usize..40, who in 0..CAST.len()) {
        let place = place % (history.steps.len() + 1);
        opens_nothing(&history.with(place, who, Verb::ConsentDecline), &history, Some(place))?;
    }

    #[test]
    fn a_censor_more_opens_nothing(history in histories(), place in 0usize..40, who in 0usize..3) {
        let place = place % (history.steps.len() + 1);
        opens_nothing(&history.with(place, who, Verb::CensorOn), &history, Some(place))?;
    }
}
