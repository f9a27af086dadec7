//! Whoever stops a recording while the session goes on waits for it: it does not wait for the next burst of the encoder, nor for what other outputs need.

use ferric::model::event::TapeEvent;
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::OutputKey;
use ferric::model::role::Role;
use ferric::tape::Record;

use crate::support::growing::{Following, bytes};
use crate::support::script::{Script, Sender};

const STOPPED_MS: u64 = 7_230;
const ENDED_MS: u64 = 14_000;

fn tape() -> Vec<Record> {
    let (one, two) = (OutputKey::Main(1), OutputKey::Main(2));
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    script.start(300, one.clone(), "rec-1").start(5_000, two.clone(), "rec-2");
    for who in ["a", "c"] {
        script.gate(300, one.clone(), who, Gate::Open).gate(5_000, two.clone(), who, Gate::Open);
        script.gate(STOPPED_MS, one.clone(), who, Gate::Closed).gate(ENDED_MS, two.clone(), who, Gate::Closed);
    }
    script.end(STOPPED_MS, one, EndedBy::Stop).end(ENDED_MS, two, EndedBy::End);
    script.event(ENDED_MS, TapeEvent::SessionEnded);
    // Some packets are late by as much as a second.
    script.tone(&mut Sender::new(1), 440.0, 0, ENDED_MS, |n| Some(if n % 37 == 5 { 900.0 } else { 5.0 + (n * 7 % 11) as f64 }));
    script.tone(&mut Sender::new(2), 620.0, 0, ENDED_MS, |n| Some(if n % 41 == 9 { 450.0 } else { 5.0 + (n * 5 % 13) as f64 }));
    script.sorted()
}

#[test]
fn and_it_is_the_same_as_if_nobody_had_waited() {
    let records = tape();
    let (whole, live, slow) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at_once = Following::begin(whole.path(), &records).finish();

    let mut following = Following::begin(live.path(), &records);
    let mut done = Vec::new();
    for ms in (400..STOPPED_MS).step_by(1_000) {
        done.extend(following.look(ms));
    }
    following.told_of_an_end(STOPPED_MS);
    done.extend(following.look(STOPPED_MS + 900));
    assert!(done.is_empty(), "not all of it is on the tape yet");
    done.extend(following.look(STOPPED_MS + 1_110));
    assert_eq!(done.iter().map(|o| o.output.clone()).collect::<Vec<_>>(), [OutputKey::Main(1)]);
    assert_eq!(done[0].manifest.as_ref().unwrap().duration_ms, STOPPED_MS - 300);
    for ms in (9_000..ENDED_MS).step_by(1_000) {
        done.extend(following.look(ms));
    }
    done.extend(following.finish());

    // Looked at seldom, and told of nothing.
    let mut following = Following::begin(slow.path(), &records);
    let mut seldom = Vec::new();
    for ms in [3_700, 11_900] {
        seldom.extend(following.look(ms));
    }
    seldom.extend(following.finish());

    let expected = bytes(&at_once);
    assert_eq!(expected.len(), 2);
    assert!(bytes(&done) == expected, "followed live");
    assert!(bytes(&seldom) == expected, "looked at seldom");
}
