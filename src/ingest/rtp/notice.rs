//! What people who can hear us are played while they are recorded, and when (RFC 7866 §6.1.2). Pure: time comes as an argument.

use std::f64::consts::TAU;

use crate::model::g711::{linear_to_alaw, linear_to_ulaw, ulaw_to_linear};

/// Milliseconds of one packet.
const FRAME_MS: u64 = 20;
/// Samples of one packet at 8 kHz.
pub(super) const FRAME: usize = 160;
/// Later than this a packet would only disturb: what a stall made late is left out.
const TOO_LATE_MS: u64 = 100;
/// So often something is sent though there is nothing to say, because some telephones hang up on a line that stays silent.
const SILENCE_EVERY_MS: u64 = 5_000;

/// A notice: its sound, and whether it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    ulaw: Vec<u8>,
    alaw: Vec<u8>,
    again_every_ms: Option<u64>,
}

impl Notice {
    /// The beep of recorded lines: 1400 Hz for 200 ms, at once when recording begins or goes on, and again every `every_ms` (at least 1000).
    #[must_use]
    pub fn tone(every_ms: u64) -> Self {
        let samples = 1600;
        let at = |n: usize| {
            // 5 ms in and out, without a click.
            let edge = (n.min(samples - 1 - n) as f64 / 40.0).min(1.0);
            (4000.0 * edge * (TAU * 1400.0 * n as f64 / 8000.0).sin()).round() as i16
        };
        Self::of((0..samples).map(at), Some(every_ms.max(1000)))
    }

    /// Words, said whenever recording begins or goes on: µ-law at 8 kHz.
    #[must_use]
    pub fn spoken(ulaw: &[u8]) -> Self {
        Self::of(ulaw.iter().map(|byte| ulaw_to_linear(*byte)), None)
    }

    fn of(samples: impl Iterator<Item = i16>, again_every_ms: Option<u64>) -> Self {
        let mut linear: Vec<i16> = samples.collect();
        linear.resize(linear.len().next_multiple_of(FRAME), 0);
        Self {
            ulaw: linear.iter().map(|s| linear_to_ulaw(*s)).collect(),
            alaw: linear.iter().map(|s| linear_to_alaw(*s)).collect(),
            again_every_ms,
        }
    }

    fn frames(&self) -> u64 {
        (self.ulaw.len() / FRAME) as u64
    }

    /// The payload of a packet; silence where it is none of the sound's.
    pub(super) fn payload(&self, sound: Option<u64>, alaw: bool) -> [u8; FRAME] {
        let samples = if alaw { &self.alaw } else { &self.ulaw };
        let mut out = [if alaw { linear_to_alaw(0) } else { linear_to_ulaw(0) }; FRAME];
        let at = sound.and_then(|frame| usize::try_from(frame).ok()).map(|frame| frame * FRAME);
        if let Some(piece) = at.and_then(|at| samples.get(at..at + FRAME)) {
            out.copy_from_slice(piece);
        }
        out
    }
}

/// A packet that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Which piece of the sound; `None` is silence.
    pub(super) frame: Option<u64>,
    /// Where it belongs on the line's clock, milliseconds.
    pub(super) at_ms: u64,
    /// The first after a pause in sending (RFC 3551 §4.1).
    pub(super) marker: bool,
}

/// When to send what on one line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schedule {
    recording: bool,
    /// When the sound is to begin next.
    begins_ms: Option<u64>,
    /// Began at, and which piece comes next.
    playing: Option<(u64, u64)>,
    /// Last packet.
    last_ms: u64,
    /// The earliest place on the line's clock that no packet has taken.
    free_ms: u64,
}

impl Schedule {
    /// The next packet that is due at `now`, by whether something is being recorded. Called until it has none.
    pub(super) fn next(&mut self, notice: &Notice, now_ms: u64, recording: bool) -> Option<Due> {
        if recording != self.recording {
            self.recording = recording;
            // A pause cuts the sound off; what goes on is told from the start.
            self.playing = None;
            self.begins_ms = recording.then_some(now_ms);
        }
        if let (None, Some(begins)) = (self.playing, self.begins_ms.filter(|at| now_ms >= *at)) {
            // After a stall the sound before may have ended where this one should begin.
            self.playing = Some((begins.max(now_ms.saturating_sub(TOO_LATE_MS)).max(self.free_ms), 0));
            self.begins_ms = notice.again_every_ms.map(|every| begins.max(now_ms.saturating_sub(every)) + every);
        }
        while let Some((began, frame)) = self.playing {
            if frame >= notice.frames() {
                self.playing = None;
                break;
            }
            let at_ms = began + frame * FRAME_MS;
            if now_ms < at_ms {
                return None;
            }
            self.playing = Some((began, frame + 1));
            if now_ms - at_ms <= TOO_LATE_MS {
                return Some(self.send(Some(frame), at_ms));
            }
        }
        (now_ms >= self.last_ms + SILENCE_EVERY_MS).then(|| self.send(None, now_ms))
    }

    fn send(&mut self, frame: Option<u64>, at_ms: u64) -> Due {
        let marker = at_ms != self.last_ms + FRAME_MS;
        self.last_ms = at_ms;
        self.free_ms = at_ms + FRAME_MS;
        Due { frame, at_ms, marker }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All packets of a line that is looked at every 10 ms.
    fn sent(notice: &Notice, until_ms: u64, recording: impl Fn(u64) -> bool) -> Vec<Due> {
        let (mut schedule, mut out) = (Schedule::default(), Vec::new());
        for now in (0..until_ms).step_by(10) {
            while let Some(due) = schedule.next(notice, now, recording(now)) {
                out.push(due);
            }
        }
        out
    }

    #[test]
    fn the_tone_comes_at_once_and_again_and_only_while_recording() {
        let tone = Notice::tone(2000);
        let packets = sent(&tone, 10_000, |now| (1000..6100).contains(&now));
        let sound: Vec<u64> = packets.iter().filter(|p| p.frame.is_some()).map(|p| p.at_ms).collect();
        let expected: Vec<u64> = [1000, 3000, 5000].iter().flat_map(|began| (0..10).map(move |n| began + n * 20)).collect();
        assert_eq!(sound, expected);
        assert_eq!(packets.iter().filter(|p| p.frame.is_some() && p.marker).count(), 3);
    }

    #[test]
    fn a_pause_cuts_words_off_and_they_are_said_again_when_it_ends() {
        let words = Notice::spoken(&[0x55; 8000]);
        let packets = sent(&words, 4000, |now| !(500..1000).contains(&now));
        let sound: Vec<(u64, u64)> = packets.iter().filter_map(|p| p.frame.map(|f| (p.at_ms, f))).collect();
        assert_eq!(sound.first(), Some(&(0, 0)));
        assert!(sound.iter().all(|(at, _)| !(500..1000).contains(at)), "{sound:?}");
        assert_eq!(sound.iter().filter(|(at, _)| *at >= 1000).map(|(_, f)| *f).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_with_nothing_to_say_is_kept_alive() {
        let packets = sent(&Notice::tone(15_000), 21_000, |_| false);
        assert_eq!(packets.iter().map(|p| p.at_ms).collect::<Vec<_>>(), [5000, 10_000, 15_000, 20_000]);
        assert!(packets.iter().all(|p| p.frame.is_none()));
    }

    #[test]
    fn both_laws_carry_the_same_sound() {
        let tone = Notice::tone(1000);
        let (mu, a) = (tone.payload(Some(3), false), tone.payload(Some(3), true));
        let apart = mu.iter().zip(&a).map(|(mu, a)| ulaw_to_linear(*mu).abs_diff(crate::model::g711::alaw_to_linear(*a))).max();
        assert!(apart.is_some_and(|apart| apart <= 256), "{apart:?}");
        assert_eq!((tone.payload(None, false), tone.payload(Some(99), true)), ([0xff; FRAME], [0xd5; FRAME]));
    }

    #[test]
    fn a_sound_that_a_stall_made_late_does_not_run_into_the_next() {
        let (notice, mut schedule, mut last) = (Notice::tone(1000), Schedule::default(), None);
        for now in [1, 181, 1921, 2001, 2002, 2021, 2041] {
            while let Some(due) = schedule.next(&notice, now, true) {
                assert!(last.is_none_or(|before| due.at_ms > before), "{due:?} after {last:?}");
                last = Some(due.at_ms);
            }
        }
        assert_eq!(last, Some(2041));
    }

    proptest! {
        /// However late it is looked at: time never goes back, nothing of the sound leaves while nothing is recorded, and nothing is sent in bursts.
        #[test]
        fn stalls_and_changes_make_no_mess(looks in proptest::collection::vec((1u64..3000, any::<bool>()), 1..200), spoken in any::<bool>()) {
            let notice = if spoken { Notice::spoken(&vec![1; 20_000]) } else { Notice::tone(1000) };
            let (mut schedule, mut now, mut last) = (Schedule::default(), 0, None);
            for (step, recording) in looks {
                now += step;
                let mut burst = 0;
                while let Some(due) = schedule.next(&notice, now, recording) {
                    burst += 1;
                    prop_assert!(recording || due.frame.is_none());
                    prop_assert!(due.at_ms <= now && now - due.at_ms <= TOO_LATE_MS);
                    prop_assert!(last.is_none_or(|before| due.at_ms > before), "{due:?} after {last:?}");
                    last = Some(due.at_ms);
                }
                prop_assert!(burst <= 7, "{burst} packets at once");
            }
        }
    }
}
