use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ferric::app::load::whip::{self, Film, Sent};
use ferric::model::media::{Codec, MediaKind};
use ferric::model::redact::Secret;
use ferric::signalling::whip::WhipConfig;

use crate::film;
use crate::frames::{sequences, whole};
use crate::relay::{Relay, Weather, candidate_of, through};
use crate::session::Session;
use crate::whip_node::{Node, ingest};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn ssrcs(sent: &Sent) -> [u32; 2] {
    let of = |sound: bool| sent.ledger.iter().find(|f| (f.codec == Codec::Opus) == sound).expect("frames of both").ssrc;
    [of(true), of(false)]
}

/// Frames whole on the tape and frames sent, of sound and of pictures.
fn compare(session: &Session, sent: &Sent) -> [(usize, usize); 2] {
    let specs = session.specs();
    ssrcs(sent).map(|ssrc| {
        let of_it = || sent.ledger.iter().filter(move |f| f.ssrc == ssrc);
        let sound = of_it().next().unwrap().codec == Codec::Opus;
        let track = 1 + specs.iter().position(|s| (s.kind == MediaKind::Audio) == sound).unwrap() as u16;
        let (seen, twice) = sequences(&session.packets(track), ssrc);
        assert_eq!(twice, 0, "no packet stands on the tape twice");
        whole(of_it(), &seen)
    })
}

async fn published_whole(film: Arc<Film>, codec: Codec) {
    let node = Node::start(WhipConfig::default()).await;
    let publisher = whip::publish(film, HERE, &node.url(), Secret::new("agents-token"), true).await.unwrap();
    until("three seconds of film", || publisher.sent().picture_frames >= 90).await;
    // What has been sent last is still in a socket's buffer.
    let before = publisher.sent();
    until("all of it", || node.ingest.totals().received >= before.packets).await;
    let sent = publisher.stop().await.unwrap();
    let [sound, pictures] = compare(&node.session, &Sent { ledger: before.ledger.clone(), ..sent.clone() });
    assert!(sound.0 == sound.1 && pictures.0 == pictures.1, "sound {sound:?}, pictures {pictures:?}");
    let totals = node.ingest.totals();
    assert!(totals.sender_reports > 0 && totals.keyframes >= 3 && totals.gated == 0 && totals.lost == 0, "{totals:?}");
    let specs = node.session.specs();
    let pictures = specs.iter().find(|s| s.kind == MediaKind::Video).unwrap();
    assert_eq!(pictures.formats.iter().map(|f| f.codec).collect::<Vec<_>>(), [codec]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_vp8() {
    published_whole(film::vp8(), Codec::Vp8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_h264() {
    published_whole(film::h264(), Codec::H264).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_network_that_loses_delays_and_doubles() {
    let (session, ingest) = (Session::new(), ingest());
    let offered = whip::offer(film::vp8(), HERE, true).await.unwrap();
    let answer = ingest.accept(session.agent.clone(), &offered.sdp, session.clone()).await.unwrap();
    let weather = Weather { lost: 50, late: 50, doubled: 10 };
    let relay = Relay::before(candidate_of(&answer.sdp), weather, 7).await;
    let publisher = offered.begin(through(&answer.sdp, relay.address)).unwrap();
    until("four seconds of film", || publisher.sent().picture_frames >= 120).await;
    let before = publisher.sent();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    publisher.stop().await.unwrap();
    let totals = ingest.totals();
    let [sound, pictures] = compare(&session, &before);
    assert!(pictures.0 * 100 >= pictures.1 * 99, "pictures {pictures:?}, {totals:?}");
    assert!(sound.0 * 100 >= sound.1 * 90, "sound is not sent again: {sound:?}");
    let lost = relay.lost.load(Ordering::Relaxed);
    assert!(lost > 10 && totals.mended > 5, "lost {lost}, {totals:?}");
    assert!(totals.nacks <= 4 * lost, "{} requests for {lost} losses", totals.nacks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn but_nothing_of_a_pause_also_when_it_is_sent_again_after_it() {
    let (session, ingest) = (Session::new(), ingest());
    let offered = whip::offer(film::vp8(), HERE, true).await.unwrap();
    let answer = ingest.accept(session.agent.clone(), &offered.sdp, session.clone()).await.unwrap();
    let relay = Relay::before(candidate_of(&answer.sdp), Weather { lost: 80, late: 80, doubled: 20 }, 11).await;
    let publisher = offered.begin(through(&answer.sdp, relay.address)).unwrap();
    until("the first second", || publisher.sent().picture_frames >= 30).await;
    session.pause();
    let paused_from = publisher.sent().ledger.len();
    until("a second of pause", || publisher.sent().picture_frames >= 60).await;
    let paused_to = publisher.sent().ledger.len();
    let plis = ingest.totals().plis;
    session.resume();
    until("another second", || publisher.sent().picture_frames >= 100).await;
    until("a keyframe request", || ingest.totals().plis > plis).await;
    let sent = publisher.stop().await.unwrap();
    let forbidden = &sent.ledger[paused_from..paused_to];
    for (track, ssrc) in [1, 2].into_iter().flat_map(|track| ssrcs(&sent).map(|ssrc| (track, ssrc))) {
        let (seen, _) = sequences(&session.packets(track), ssrc);
        let leaked: Vec<_> =
            forbidden.iter().filter(|f| f.ssrc == ssrc && (0..f.packets).any(|n| seen.contains(&f.first.wrapping_add(n)))).collect();
        // The ledger's ends are read beside the gate's: a frame may have been on its way at either.
        assert!(leaked.len() <= 1, "{leaked:?}");
    }
    assert!(ingest.totals().gated > 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_peer_that_vanishes_is_told_once() {
    let (session, ingest) = (Session::new(), ingest());
    let offered = whip::offer(film::vp8(), HERE, false).await.unwrap();
    let answer = ingest.accept(session.agent.clone(), &offered.sdp, session.clone()).await.unwrap();
    let publisher = offered.begin(answer.sdp).unwrap();
    until("media", || ingest.totals().kept > 10).await;
    publisher.stop().await.unwrap();
    until("the loss", || !session.lost.lock().is_empty()).await;
    assert_eq!(*session.lost.lock(), std::slice::from_ref(&session.agent));
    assert!(ingest.close(&answer.peer).await.is_err(), "it is gone");
}
