//! RTP headers: whatever the bytes, what is read of a packet lies in the packet.
#![no_main]

use ferric::model::rtp::RtpPacket;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = RtpPacket::parse(bytes) else { return };
    let inside = |part: &[u8]| part.is_empty() || bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(packet.payload_type < 128 && packet.payload.len() + 12 <= bytes.len() && inside(packet.payload));
    for id in 0..16 {
        if let Some(value) = packet.extension(id) {
            assert!((1..=16).contains(&value.len()) && inside(value));
        }
        assert!(packet.audio_level(id).is_none_or(|level| level < 128));
    }
});
