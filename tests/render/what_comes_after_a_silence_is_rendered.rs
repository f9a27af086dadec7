//! Whoever has waited for a tape to grow has not seen its end: what comes after a silence is rendered, however short it is.

use ferric::model::event::TapeEvent;
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::role::Role;
use ferric::render::RenderedOutput;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::support::growing::{Following, bytes};
use crate::support::script::{Script, Sender, main_output};

/// A call of two that is recorded in these stretches, and in which nobody speaks, or is paused, between them.
fn call(stretches: &[(u64, u64)]) -> Script {
    let mut script = Script::call();
    let (mut agent, mut customer) = (Sender::new(1), Sender::new(2));
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    for (n, (from_ms, to_ms)) in stretches.iter().copied().enumerate() {
        if n == 0 {
            script.start(from_ms, main_output(), "rec-1");
        } else {
            script.event(from_ms, TapeEvent::TimelineResumed { output: main_output() });
        }
        for who in ["a", "c"] {
            script.gate(from_ms, main_output(), who, Gate::Open).gate(to_ms, main_output(), who, Gate::Closed);
        }
        script.tone(&mut agent, 440.0, from_ms, to_ms, |_| Some(4.0)).tone(&mut customer, 620.0, from_ms, to_ms, |_| Some(7.0));
        if n + 1 < stretches.len() {
            script.event(to_ms, TapeEvent::TimelineCut { output: main_output() });
        } else {
            script.end(to_ms, main_output(), EndedBy::End).event(to_ms, TapeEvent::SessionEnded);
        }
    }
    script
}

/// What comes of a call that is looked at every second, from `first_look_ms` on, until it hangs up.
fn followed(stretches: &[(u64, u64)], first_look_ms: u64) -> (tempfile::TempDir, Vec<RenderedOutput>) {
    let out = tempfile::tempdir().unwrap();
    let mut following = Following::begin(out.path(), &call(stretches).sorted());
    let hung_up_ms = stretches.last().unwrap().1;
    let mut done = Vec::new();
    for ms in (first_look_ms..hung_up_ms).step_by(1_000) {
        done.extend(following.look(ms));
    }
    done.extend(following.finish());
    (out, done)
}

fn is_whole(stretches: &[(u64, u64)], first_look_ms: u64) {
    let whole = tempfile::tempdir().unwrap();
    let expected = call(stretches).render(whole.path());
    let length_ms: u64 = stretches.iter().map(|(from, to)| to - from).sum();
    assert_eq!(expected[0].manifest.as_ref().unwrap().duration_ms, length_ms, "{stretches:?}");
    let (_out, done) = followed(stretches, first_look_ms);
    assert!(bytes(&done) == bytes(&expected), "{stretches:?} looked at from {first_look_ms} ms on: {} outputs", done.len());
}

#[test]
fn a_recording_that_began_and_ended_between_two_looks() {
    is_whole(&[(5_100, 5_400)], 1_000);
}

#[test]
fn the_last_words_after_a_pause() {
    is_whole(&[(0, 2_000), (12_050, 12_700)], 1_000);
}

#[test]
fn whenever_there_are_pauses_and_whenever_it_is_looked_at() {
    let mut random = SmallRng::seed_from_u64(2_811);
    for _ in 0..24 {
        let mut at_ms = random.random_range(0..6_000);
        let stretches: Vec<(u64, u64)> = (0..random.random_range(1..4))
            .map(|_| {
                let (from_ms, to_ms) = (at_ms, at_ms + random.random_range(2..60) * 50);
                at_ms = to_ms + random.random_range(1..120) * 50;
                (from_ms, to_ms)
            })
            .collect();
        is_whole(&stretches, random.random_range(1..1_000));
    }
}
