//! What the policy costs: events a second through the machine, through the gatekeeper with its permits, and the check of a permit
//! before each packet.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ferric::model::command::{Command, Verb};
use ferric::model::id::ParticipantId;
use ferric::model::role::Role;
use ferric::model::settings::{
    AgentProperties, ConferenceMode, Consent, Kind, PauseBehavior, QueueProperties, RecordMode, Settings, SettingsLayer, Trigger,
};
use ferric::model::time::MediaTime;
use ferric::policy::{Gatekeeper, Input, Machine};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const CAST: [(&str, Role); 6] = [
    ("a1", Role::Agent),
    ("c1", Role::Customer),
    ("a2", Role::Agent),
    ("t1", Role::ThirdParty),
    ("c2", Role::Customer),
    ("a3", Role::Agent),
];

const VERBS: [Verb; 15] = [
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
    Verb::ConsentDecline,
    Verb::ConsentWithdraw,
];

struct Session {
    settings: Settings,
    inputs: Vec<(MediaTime, Input)>,
}

fn pick<T: Copy>(rng: &mut SmallRng, from: &[T]) -> Option<T> {
    from.choose(rng).copied()
}

fn session(rng: &mut SmallRng) -> Session {
    let layer = SettingsLayer {
        record_mode: pick(rng, &[RecordMode::Both, RecordMode::AgentOnlyAllow, RecordMode::ReceiptsAllow, RecordMode::ReceiptsForbid]),
        conference_mode: pick(rng, &[ConferenceMode::All, ConferenceMode::AgentAndCustomer]),
        pause_behavior: pick(rng, &[PauseBehavior::Skip, PauseBehavior::Silence]),
        consent: pick(rng, &[Consent::NotRequired, Consent::PerParty, Consent::AllParty]),
        trigger: pick(rng, &[Trigger::Manual, Trigger::Prompt, Trigger::AutoFirst, Trigger::AutoSecond]),
        ..SettingsLayer::default()
    };
    let kind = if rng.random() { Kind::Call } else { Kind::Room };
    let settings = Settings::resolve(kind, &[&layer], QueueProperties { forced: rng.random_bool(0.2) });
    let mut present = [false; CAST.len()];
    let mut inputs = Vec::new();
    for i in 0..50u64 {
        let who = rng.random_range(0..CAST.len());
        let (name, role) = CAST[who];
        let Ok(participant) = name.parse::<ParticipantId>() else { continue };
        let input = if i < 2 || rng.random_bool(0.2) {
            present[who] = !present[who];
            if present[who] {
                Input::Join { participant, role, initiator: false, properties: AgentProperties::default() }
            } else {
                Input::Leave { participant }
            }
        } else {
            let verb = pick(rng, &VERBS).unwrap_or(Verb::Start);
            let order = (verb == Verb::ReceiptStart).then(|| "O-1".to_owned());
            Input::Command(Command { by: participant, verb, order })
        };
        inputs.push((MediaTime::from_ms(i * 500), input));
    }
    Session { settings, inputs }
}

fn machine(c: &mut Criterion) {
    let mut rng = SmallRng::seed_from_u64(7);
    let sessions: Vec<Session> = (0..200).map(|_| session(&mut rng)).collect();
    let events: usize = sessions.iter().map(|session| session.inputs.len()).sum();
    let inputs = || sessions.iter().map(|s| (s.settings.clone(), s.inputs.clone())).collect::<Vec<_>>();
    let mut group = c.benchmark_group("policy");
    group.throughput(Throughput::Elements(events as u64));
    group.bench_function("machine, random events", |b| {
        b.iter_batched(
            inputs,
            |sessions| {
                for (settings, inputs) in sessions {
                    let mut machine = Machine::new(settings);
                    for (now, input) in inputs {
                        let _ = black_box(machine.apply(now, input));
                    }
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("gatekeeper, random events", |b| {
        b.iter_batched(
            inputs,
            |sessions| {
                for (settings, inputs) in sessions {
                    let mut keeper = Gatekeeper::new(settings);
                    for (now, input) in inputs {
                        let _ = black_box(keeper.apply(now, input));
                    }
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn permit(c: &mut Criterion) {
    let Ok(agent) = "a1".parse::<ParticipantId>() else { return };
    let mut keeper = Gatekeeper::new(Settings::resolve(Kind::Call, &[], QueueProperties::default()));
    let join = Input::Join { participant: agent.clone(), role: Role::Agent, initiator: false, properties: AgentProperties::default() };
    let _ = keeper.apply(MediaTime::ZERO, join);
    let Some(permit) = keeper.permit(&agent) else { return };
    let mut group = c.benchmark_group("policy");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("permit check", |b| {
        b.iter(|| (0..1_000u64).filter(|ms| black_box(&permit).admits(MediaTime::from_ms(black_box(*ms)))).count());
    });
    group.finish();
}

criterion_group!(benches, machine, permit);
criterion_main!(benches);
