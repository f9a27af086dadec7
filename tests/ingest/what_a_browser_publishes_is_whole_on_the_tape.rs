use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ferric::model::media::{Codec, MediaKind};
use ferric::model::rtp::RtpPacket;
use ferric::signalling::whip::WhipConfig;

use crate::browser::{Browser, Outbound};
use crate::whip_node::Node;

/// Frames of an SSRC of which nothing is missing: packets of one time stamp, one after the other, the last one marked, and the packet before the first
/// there too (or none at all: the stream's beginning).
fn whole_frames(packets: &[Bytes], ssrc: u32) -> u64 {
    let mut stream = BTreeMap::new();
    let mut newest = 1u64 << 32;
    for packet in packets.iter().map(|p| RtpPacket::parse(p).unwrap()).filter(|p| p.ssrc == ssrc && !p.payload.is_empty()) {
        let number = newest.saturating_add_signed(i64::from(packet.sequence.wrapping_sub(newest as u16) as i16));
        newest = if stream.is_empty() { number } else { newest.max(number) };
        stream.insert(number, (packet.timestamp, packet.marker));
    }
    let mut whole = 0;
    let mut run: Option<(u64, u32)> = None;
    for (at, (number, (timestamp, marker))) in stream.iter().enumerate() {
        let goes_on = run.is_some_and(|(last, time)| last + 1 == *number && time == *timestamp);
        let begins = at == 0 || stream.contains_key(&(number - 1));
        run = (goes_on || begins).then_some((*number, *timestamp));
        if run.is_some() && *marker {
            whole += 1;
        }
    }
    whole
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn published_whole(mime: &str, codec: Codec) {
    let node = Node::start(WhipConfig::default()).await;
    let mut browser = Browser::publish(&node.url(), "agents-token", mime, 5000).await;
    let outbound = browser.report().await;
    let of = |kind: &str| outbound.iter().find(|o| o.kind == kind).cloned().unwrap_or_else(|| panic!("{kind} was sent")) as Outbound;
    let (video, audio) = (of("video"), of("audio"));
    assert_eq!(video.mime_type, mime);
    let track = |kind| 1 + node.session.specs().iter().position(|s| s.kind == kind).unwrap() as u16;
    let (pictures, sound) = (node.session.packets(track(MediaKind::Video)), node.session.packets(track(MediaKind::Audio)));
    let whole = whole_frames(&pictures, video.ssrc);
    let counters = node.ingest.totals();
    println!(
        "{codec:?}: {whole} of {} frames whole, {} sound packets of {}; {counters:?}",
        video.frames_sent,
        sound.len(),
        audio.packets_sent
    );
    assert!(video.frames_sent > 50, "{video:?}");
    assert!(whole * 100 >= video.frames_sent * 99, "{whole} of {} frames; {video:?}; {counters:?}", video.frames_sent);
    assert!(sound.len() as u64 * 100 >= audio.packets_sent * 99, "{} of {} packets of sound", sound.len(), audio.packets_sent);
    assert!(counters.sender_reports >= 2, "{counters:?}");
    let levels = node.session.specs().iter().find(|s| s.kind == MediaKind::Audio).and_then(|s| s.audio_level_ext);
    let level = levels.expect("audio levels were agreed on");
    assert!(sound.iter().any(|p| RtpPacket::parse(p).unwrap().audio_level(level).is_some_and(|l| l < 127)), "the fake microphone beeps");

    // It sends again; a pause, and the first picture after it is a keyframe that was asked for.
    let kept = counters.kept;
    until("media to go on", || node.ingest.totals().kept > kept + 20).await;
    node.session.pause();
    let before = node.session.packets(track(MediaKind::Video)).len();
    let gated = node.ingest.totals().gated;
    until("some of the pause", || node.ingest.totals().gated > gated + 20).await;
    let (keyframes, resumed) = (node.ingest.totals().keyframes, Instant::now());
    node.session.resume();
    until("a keyframe", || node.ingest.totals().keyframes > keyframes).await;
    let waited = resumed.elapsed();
    println!("{codec:?}: a keyframe {waited:?} after resuming, {} packets of the pause refused", node.ingest.totals().gated - gated);
    assert!(waited < Duration::from_millis(1500), "a keyframe came after {waited:?}");
    assert!(node.session.packets(track(MediaKind::Video)).len() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_vp8() {
    published_whole("video/VP8", Codec::Vp8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_h264() {
    published_whole("video/H264", Codec::H264).await;
}
