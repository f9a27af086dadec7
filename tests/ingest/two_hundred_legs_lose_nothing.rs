use std::time::{Duration, Instant};

use ferric::ingest::RtpLegSpec;

use crate::rtp_sender::{Sender, ingest, offer};
use crate::session::Session;

#[test]
fn at_fifty_packets_a_second_each() {
    const LEGS: u16 = 200;
    const ROUNDS: u32 = 75;
    let (session, ingest) = (Session::new(), ingest());
    let mut legs = Vec::new();
    for n in 1..=LEGS {
        let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(n), offer: offer() }).unwrap();
        legs.push((leg, Sender::to(&answer, u32::from(n), 0)));
    }
    let start = Instant::now();
    for round in 1..=ROUNDS {
        for (_, peer) in &mut legs {
            peer.send();
        }
        // The pace of the sender, not a wait for anything.
        std::thread::sleep((Duration::from_millis(20) * round).saturating_sub(start.elapsed()));
    }
    let mut kept = 0;
    for (leg, _) in &legs {
        let counters = ingest.remove(*leg).unwrap();
        assert_eq!((counters.received, counters.dropped_by_kernel, counters.malformed), (u64::from(ROUNDS), 0, 0));
        kept += counters.kept;
    }
    assert_eq!(kept, u64::from(LEGS) * u64::from(ROUNDS));
    assert_eq!(ingest.totals().kept, kept);
    let mut next = vec![0u16; usize::from(LEGS) + 1];
    for record in session.records() {
        if let ferric::tape::Body::Rtp { track, packet } = record.body {
            assert_eq!(packet[8..12], u32::from(track.0).to_be_bytes(), "a packet is on its own leg's track");
            assert_eq!(packet[2..4], next[usize::from(track.0)].to_be_bytes(), "in order");
            next[usize::from(track.0)] += 1;
        }
    }
    assert!(next[1..].iter().all(|n| u32::from(*n) == ROUNDS));
}
