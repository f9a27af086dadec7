//! When to ask a sender for a keyframe, and how to know one.

use std::time::{Duration, Instant};

use crate::model::media::Codec;

/// Between requests while none has come.
const AGAIN: Duration = Duration::from_millis(500);

/// The wish for a keyframe of one picture track: at once when its gate opens or something is lost for good, then every 500 ms until one begins. Pure.
#[derive(Debug, Default)]
pub(super) struct KeyframeWish {
    open: bool,
    wanted: bool,
    asked: Option<Instant>,
}

impl KeyframeWish {
    /// What the gate is now.
    pub(super) fn gate(&mut self, open: bool) {
        if open && !self.open {
            self.wanted = true;
            self.asked = None;
        }
        self.open = open;
    }

    /// Something is lost for good, or somebody asked for one.
    pub(super) fn wish(&mut self) {
        self.wanted = true;
    }

    /// A keyframe began on the tape.
    pub(super) fn began(&mut self) {
        self.wanted = false;
    }

    /// Whether to ask now; it then counts as asked.
    pub(super) fn due(&mut self, now: Instant) -> bool {
        let due = self.wanted && self.open && self.asked.is_none_or(|at| at + AGAIN <= now);
        if due {
            self.asked = Some(now);
        }
        due
    }
}

/// Whether a keyframe begins in this RTP payload.
#[must_use]
pub(super) fn begins_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => vp8_keyframe(payload).unwrap_or(false),
        Codec::H264 => h264_keyframe(payload).unwrap_or(false),
        _ => false,
    }
}

/// RFC 7741 §4.2 and §4.3: first partition, start of it, and the inverse key frame flag of the frame's first byte.
fn vp8_keyframe(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if first & 0x10 == 0 || first & 0x07 != 0 {
        return Some(false);
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(at)?;
        at += 1;
        if extension & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    Some(payload.get(at)? & 1 == 0)
}

/// RFC 6184 §5: an IDR slice, alone, among others (STAP-A), or its first fragment (FU-A); parameter sets announce one.
fn h264_keyframe(payload: &[u8]) -> Option<bool> {
    let opens = |kind: u8| matches!(kind & 0x1f, 5 | 7);
    match payload.first()? & 0x1f {
        24 => {
            let mut rest = payload.get(1..)?;
            while rest.len() > 2 {
                let size = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
                let unit = rest.get(2..2 + size)?;
                if unit.first().is_some_and(|kind| opens(*kind)) {
                    return Some(true);
                }
                rest = &rest[2 + size..];
            }
            Some(false)
        }
        28 => payload.get(1).map(|head| head & 0x80 != 0 && opens(*head)),
        kind => Some(opens(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn asked_at_once_when_the_gate_opens_then_every_half_second_until_one_comes() {
        let mut wish = KeyframeWish::default();
        let start = Instant::now();
        let mut asked = Vec::new();
        for ms in (0..3000).step_by(10) {
            let now = start + Duration::from_millis(ms);
            wish.gate((100..2500).contains(&ms));
            if ms == 1250 {
                wish.began();
            }
            if ms == 2000 {
                wish.wish();
            }
            if wish.due(now) {
                asked.push(ms);
            }
        }
        assert_eq!(asked, [100, 600, 1100, 2000]);
    }

    #[test]
    fn keyframes_of_both_codecs_are_known() {
        let vp8 = |bytes: &[u8]| begins_keyframe(Codec::Vp8, bytes);
        assert!(vp8(&[0x10, 0x50, 0]));
        assert!(vp8(&[0x90, 0xe0, 0x81, 0x02, 3, 4, 0x50]));
        assert!(!vp8(&[0x10, 0x51]), "an inter frame");
        assert!(!vp8(&[0x00, 0x50]), "not the first packet of its frame");
        let h264 = |bytes: &[u8]| begins_keyframe(Codec::H264, bytes);
        assert!(h264(&[0x65, 1]) && h264(&[0x67, 1]));
        assert!(h264(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68]));
        assert!(h264(&[0x7c, 0x85, 1]) && !h264(&[0x7c, 0x05, 1]) && !h264(&[0x41, 1]));
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = begins_keyframe(Codec::Vp8, &bytes);
            let _ = begins_keyframe(Codec::H264, &bytes);
        }
    }
}
