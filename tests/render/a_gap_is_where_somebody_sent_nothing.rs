//! Gaps of whoever has more than one sound track: a participant's, not a track's.

use ferric::model::event::GapCause;
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::TrackId;
use ferric::model::role::Role;

use crate::support::script::{Script, Sender, main_output, who};

/// An agent that sends throughout, and a customer with tracks 2 and 3 whose gate is open in these spans.
fn call(open: &[(u64, u64)]) -> Script {
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c").track(0, 3, "c");
    script.start(0, main_output(), "rec-1").gate(0, main_output(), "a", Gate::Open);
    for (from_ms, to_ms) in open {
        script.gate(*from_ms, main_output(), "c", Gate::Open).gate(*to_ms, main_output(), "c", Gate::Closed);
    }
    script.tone(&mut Sender::new(1), 900.0, 0, 20_000, |_| Some(2.0));
    script.gate(20_000, main_output(), "a", Gate::Closed).end(20_000, main_output(), EndedBy::End);
    script
}

fn gaps(script: &Script) -> Vec<(TrackId, u64, u64, GapCause)> {
    let dir = tempfile::tempdir().unwrap();
    let done = script.render(dir.path());
    let gaps = &done[0].manifest.as_ref().unwrap().gaps;
    assert!(gaps.iter().all(|gap| gap.participant == who("c")), "{gaps:?}");
    gaps.iter().map(|gap| (gap.track, gap.from_ms / 50 * 50, gap.to_ms.div_ceil(50) * 50, gap.cause)).collect()
}

#[test]
fn whoever_comes_again_has_no_gap_on_the_track_they_had_before() {
    let mut script = call(&[(0, 8000), (12_000, 20_000)]);
    script.tone(&mut Sender::new(2), 1500.0, 0, 8000, |_| Some(2.0));
    script.tone(&mut Sender::new(3), 1500.0, 12_000, 20_000, |_| Some(2.0));
    assert_eq!(gaps(&script), []);
}

#[test]
fn whoever_is_heard_on_one_of_two_tracks_has_no_gap() {
    let mut script = call(&[(0, 20_000)]);
    script.tone(&mut Sender::new(2), 1500.0, 0, 20_000, |_| Some(2.0));
    script.tone(&mut Sender::new(3), 700.0, 5000, 9000, |_| Some(2.0));
    assert_eq!(gaps(&script), []);
}

#[test]
fn a_gap_is_where_neither_track_has_anything() {
    let mut script = call(&[(0, 20_000)]);
    // Each has holes that the other fills, but for two seconds from 8 s on, two that are lost from 13 s on, and the end.
    script.tone(&mut Sender::new(2), 1500.0, 1000, 8000, |n| (!(100..200).contains(&n)).then_some(2.0));
    script.tone(&mut Sender::new(3), 700.0, 2000, 6000, |_| Some(2.0));
    let mut third = Sender::new(3);
    (third.sequence, third.timestamp) = (third.sequence.wrapping_add(200), third.timestamp.wrapping_add(8000 * 8));
    script.tone(&mut third, 700.0, 10_000, 17_000, |n| (!(150..250).contains(&n)).then_some(2.0));
    script.mute(17_000, 3, true, GapCause::Mute);
    assert_eq!(
        gaps(&script),
        [
            (TrackId(2), 0, 1050, GapCause::NoMedia),
            (TrackId(2), 8000, 10_050, GapCause::NoMedia),
            (TrackId(3), 13_000, 15_050, GapCause::Network),
            (TrackId(3), 17_000, 20_000, GapCause::Mute),
        ]
    );
}
