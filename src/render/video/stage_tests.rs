use super::*;
use crate::model::media::PayloadFormat;

const MS: u64 = 1_000_000;

fn id(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

fn stage(fps: u32) -> Stage {
    Stage::new(VideoLayout::ActiveSpeaker, Layout { width: 320, height: 180 }, fps)
}

fn camera(stage: &mut Stage, track: u16, who: &str, kind: MediaKind) {
    let format = PayloadFormat { pt: 96, codec: Codec::Vp8, clock_hz: 90_000, channels: 1, fmtp: String::new() };
    stage.track(TrackId(track), &TrackSpec { participant: id(who), kind, formats: vec![format], label: None, audio_level_ext: None });
}

/// A key frame in one packet.
fn frame(stage: &mut Stage, track: u16, sequence: i64, at_ns: u64) {
    let payload = [0x10, 0x20, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2];
    let packet = PlacedPacket {
        track: TrackId(track),
        sequence,
        at: OutputTime(at_ns),
        rtp_timestamp: sequence as u32 * 3000,
        ssrc: 1,
        marker: true,
        codec: Codec::Vp8,
        payload: &payload,
    };
    assert_eq!(stage.packet(&packet, 0).len(), 1);
}

fn seen(cells: &[Cell]) -> Vec<(u16, u64)> {
    cells.iter().map(|c| (c.track, c.number)).collect()
}

#[test]
fn nobody_is_seen_before_their_gate_opens_or_in_any_part_of_a_picture_after_it_closes() {
    let mut s = stage(10);
    camera(&mut s, 1, "a", MediaKind::Video);
    for n in 0..30 {
        frame(&mut s, 1, n as i64, n * 100 * MS);
    }
    s.change(OutputTime(500 * MS), Change::Gate(id("a"), true));
    s.change(OutputTime(1450 * MS), Change::Gate(id("a"), false));
    s.change(OutputTime(2000 * MS), Change::Gate(id("a"), true));
    for tick in 0..30 {
        let there = !s.at(tick, None).is_empty();
        assert_eq!(there, (5..14).contains(&tick) || tick >= 20, "tick {tick}");
    }
}

#[test]
fn a_pause_that_is_cut_out_makes_no_black_flash() {
    let mut s = stage(10);
    camera(&mut s, 1, "a", MediaKind::Video);
    s.change(OutputTime(0), Change::Gate(id("a"), true));
    for n in 0..10 {
        frame(&mut s, 1, n as i64, n * 100 * MS);
    }
    s.change(OutputTime(450 * MS), Change::Gate(id("a"), false));
    s.change(OutputTime(450 * MS), Change::Gate(id("a"), true));
    for tick in 0..10 {
        assert_eq!(seen(&s.at(tick, None)), [(1, tick)]);
    }
}

#[test]
fn the_output_ending_does_not_blacken_its_last_picture() {
    let mut s = stage(10);
    camera(&mut s, 1, "a", MediaKind::Video);
    s.change(OutputTime(0), Change::Gate(id("a"), true));
    s.change(OutputTime(950 * MS), Change::Gate(id("a"), false));
    frame(&mut s, 1, 0, 0);
    assert_eq!(s.at(9, Some(OutputTime(950 * MS))).len(), 1);
}

#[test]
fn a_muted_camera_is_black_at_once_and_a_silent_one_after_two_seconds() {
    let mut s = stage(10);
    camera(&mut s, 1, "a", MediaKind::Video);
    camera(&mut s, 2, "b", MediaKind::Video);
    s.change(OutputTime(0), Change::Gate(id("a"), true));
    s.change(OutputTime(0), Change::Gate(id("b"), true));
    frame(&mut s, 1, 0, 0);
    frame(&mut s, 2, 0, 0);
    s.change(OutputTime(500 * MS), Change::Muted(TrackId(1), true));
    for tick in 0..30 {
        let expected = if tick < 5 {
            vec![1]
        } else if tick <= 20 {
            vec![2]
        } else {
            vec![]
        };
        assert_eq!(s.at(tick, None).iter().map(|c| c.track).collect::<Vec<_>>(), expected, "tick {tick}");
    }
}

#[test]
fn a_shared_screen_stands_still_with_the_speaker_beside_it() {
    let mut s = stage(10);
    camera(&mut s, 1, "a", MediaKind::Video);
    camera(&mut s, 2, "a", MediaKind::Screen);
    s.change(OutputTime(0), Change::Gate(id("a"), true));
    frame(&mut s, 1, 0, 0);
    frame(&mut s, 2, 0, 0);
    let cells = s.at(5, None);
    assert_eq!(seen(&cells), [(2, 0), (1, 0)]);
    assert_eq!((cells[0].place.width, cells[1].place.width), (256, 64));
    let later = s.at(60, None);
    assert_eq!(seen(&later), [(2, 0)]);
    assert_eq!(later[0].place.width, 320);
    s.change(OutputTime(7000 * MS), Change::Left(id("a")));
    assert!(s.at(70, None).is_empty());
}

proptest::proptest! {
    /// A camera of the canvas' rate, whose clock is off and jitters, loses less than 1 in 100 of its frames.
    #[test]
    fn frames_keep_a_tick_of_their_own(phase in 0u64..40, drift_ppm in -200i64..200, jitter in proptest::collection::vec(-8_000_000i64..8_000_000, 300)) {
        let mut s = stage(30);
        camera(&mut s, 1, "a", MediaKind::Video);
        s.change(OutputTime(0), Change::Gate(id("a"), true));
        let mut times = Vec::new();
        for (n, jitter) in jitter.iter().enumerate() {
            let even = n as i64 * 33_333_333 / 1_000_000 * (1_000_000 + drift_ppm);
            let at = (even + 20_000_000 + phase as i64 * MS as i64 + jitter).max(0) as u64;
            frame(&mut s, 1, n as i64, at);
            times.push(at);
        }
        let mut shown = BTreeSet::new();
        for tick in 0..310 {
            if let Some(cell) = s.at(tick, None).first() {
                let off = s.time_of(tick).0 as i64 - times[cell.number as usize] as i64;
                if shown.insert(cell.number) {
                    proptest::prop_assert!(off.abs() <= 45_000_000, "{off}");
                }
            }
        }
        proptest::prop_assert!(shown.len() >= 297, "{} of 300", shown.len());
        proptest::prop_assert_eq!(s.frames().composed, shown.len() as u64);
    }
}
