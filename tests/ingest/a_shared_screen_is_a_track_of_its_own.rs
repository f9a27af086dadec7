use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferric::app::load::whip::{self, Film};
use ferric::model::media::{Codec, MediaKind};
use ferric::model::redact::Secret;
use ferric::signalling::whip::WhipConfig;

use crate::film;
use crate::frames::{sequences, whole};
use crate::whip_node::Node;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_the_camera_in_one_connection_and_in_another() {
    let node = Node::start(WhipConfig::default()).await;
    let camera = film::vp8();
    let pictures = camera.only(|codec| codec == Codec::Vp8).tracks;
    let both = Film { tracks: camera.tracks.iter().cloned().chain(pictures.clone()).collect(), length: camera.length };
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let token = || Secret::new("agents-token");
    let first = whip::publish(Arc::new(both), here, &node.url(), token(), true).await.unwrap();
    let second = whip::publish(Arc::new(camera.only(|c| c == Codec::Opus)), here, &node.url(), token(), true).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(15);
    while first.sent().picture_frames < 60 || second.sent().sound_frames < 20 {
        assert!(Instant::now() < deadline, "the publishers do not come up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (of_first, of_second) = (first.sent(), second.sent());
    let all = of_first.packets + of_second.packets;
    while node.ingest.totals().received < all {
        assert!(Instant::now() < deadline, "not everything arrives");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut kinds: Vec<_> = node.session.specs().into_iter().map(|s| s.kind).collect();
    kinds.sort_by_key(|kind| *kind as u8);
    assert_eq!(kinds, [MediaKind::Audio, MediaKind::Audio, MediaKind::Video, MediaKind::Screen]);

    // Each stream is whole on one track and on no other.
    let ledger: Vec<_> = of_first.ledger.iter().chain(&of_second.ledger).copied().collect();
    let ssrcs: HashSet<u32> = ledger.iter().map(|f| f.ssrc).collect();
    assert_eq!(ssrcs.len(), 4);
    let mut taken = HashSet::new();
    for ssrc in ssrcs {
        let on: Vec<_> = (1..=4).filter(|track| !sequences(&node.session.packets(*track), ssrc).0.is_empty()).collect();
        assert_eq!(on.len(), 1, "{ssrc} is on tracks {on:?}");
        assert!(taken.insert(on[0]));
        let (seen, _) = sequences(&node.session.packets(on[0]), ssrc);
        let (kept, sent) = whole(ledger.iter().filter(|f| f.ssrc == ssrc), &seen);
        assert_eq!(kept, sent);
    }
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    assert_eq!(node.desk.closed.lock().len(), 2);
}
