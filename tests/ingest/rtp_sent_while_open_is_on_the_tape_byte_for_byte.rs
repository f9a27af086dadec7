use std::time::{Duration, Instant};

use ferric::ingest::RtpLegSpec;
use ferric::tape::{Body, Record, SpoolLimits};

use crate::rtp_sender::{Sender, ingest, ingest_that_rings, offer, rtp, sender_report};
use crate::session::{Session, wait_for};

#[test]
fn and_nothing_that_was_sent_while_paused() {
    let (session, ingest) = (Session::new(), ingest());
    let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    assert_eq!((answer.rtp.port() % 2, answer.rtcp.port()), (0, answer.rtp.port() + 1));
    let mut peer = Sender::to(&answer, 0xabcd, 65_500);
    let mut expected = Vec::new();
    let received = |n: u64| wait_for("packets", || ingest.counters(leg).unwrap().received == n);

    expected.extend((0..50).map(|_| peer.send()));
    received(50);
    session.pause();
    for _ in 0..50 {
        peer.send();
    }
    received(100);
    // Two more of the pause, lost on the way; sent again after it.
    let late = [peer.skip(), peer.skip()];
    session.resume();
    expected.extend((0..25).map(|_| peer.send()));
    received(125);
    for packet in &late {
        peer.rtp.send(packet).unwrap();
    }
    received(127);
    expected.extend((0..25).map(|_| peer.send()));

    let counters = ingest.remove(leg).unwrap();
    assert_eq!((counters.received, counters.kept, counters.gated, counters.forbidden), (152, 100, 50, 2));
    let kept = session.packets(1);
    assert!(kept.iter().map(|b| b.to_vec()).eq(expected.iter().cloned()), "{} packets kept", kept.len());
    assert!(ingest.remove(leg).is_none(), "a leg is removed once");
}

#[test]
fn with_a_new_ssrc_from_a_new_port_and_sender_reports_and_what_is_no_rtp_left_out() {
    let (session, ingest) = (Session::new(), ingest());
    let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    let mut peer = Sender::to(&answer, 1, 0);
    let mut expected: Vec<_> = (0..10).map(|_| peer.send()).collect();
    peer.rtcp.send(&sender_report(1, 0x1234_5678_9abc_def0, 1600)).unwrap();
    peer.rtp.send(&[0, 1, 0, 8, 1, 2, 3]).unwrap();
    wait_for("ten packets", || ingest.counters(leg).unwrap().received == 10);

    // The same stream from elsewhere: a NAT has rebound.
    let mut moved = Sender::to(&answer, 1, 10);
    expected.extend((0..10).map(|_| moved.send()));
    // A stranger with another SSRC while the peer is sending.
    let mut stranger = Sender::to(&answer, 99, 0);
    stranger.send();
    wait_for("twenty packets and the stranger's", || ingest.counters(leg).unwrap().received == 21);
    assert_eq!(ingest.counters(leg).unwrap().wrong_source, 1);
    // A transfer: the same address, another SSRC and sequence.
    moved.ssrc = 2;
    expected.extend((0..10).map(|_| moved.send()));
    // RTCP on the RTP port is known as such (RFC 5761).
    moved.rtp.send(&sender_report(2, 0x2222_0000_0000_0000, 7)).unwrap();
    wait_for("both sender reports", || ingest.counters(leg).unwrap().sender_reports == 2);

    let counters = ingest.remove(leg).unwrap();
    assert_eq!((counters.kept, counters.malformed, counters.source_changes, counters.ssrc_changes), (30, 1, 1, 1));
    assert!(session.packets(1).iter().map(|b| b.to_vec()).eq(expected));
    let reports: Vec<_> = session.reports(1).into_iter().map(|r| (r.ssrc, r.ntp, r.rtp)).collect();
    assert!(reports.contains(&(1, 0x1234_5678_9abc_def0, 1600)) && reports.contains(&(2, 0x2222_0000_0000_0000, 7)));
}

#[test]
fn as_soon_as_it_was_read_from_its_socket() {
    let seldom = Duration::from_hours(1);
    let session = Session::writing(SpoolLimits { write_every: seldom, sync_every: seldom, ..SpoolLimits::default() });
    let ingest = ingest_that_rings(Some(session.bell()));
    let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    let mut peer = Sender::to(&answer, 7, 0);
    for sent in [10, 20] {
        for _ in 0..10 {
            peer.send();
        }
        let rtp = |record: &Record| matches!(record.body, Body::Rtp { .. });
        wait_for("the packets to be written", || session.written().iter().filter(|r| rtp(r)).count() == sent);
    }
    ingest.remove(leg).unwrap();
}

#[test]
fn and_nothing_of_a_muted_stream() {
    let (session, ingest) = (Session::new(), ingest());
    let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    let mut peer = Sender::to(&answer, 5, 0);
    let mut expected: Vec<_> = (0..5).map(|_| peer.send()).collect();
    // What arrived before the mute is judged by what held before it, though no sweep has read it yet.
    ingest.set_muted(leg, true).unwrap();
    for _ in 0..5 {
        peer.send();
    }
    ingest.set_muted(leg, false).unwrap();
    expected.extend((0..5).map(|_| peer.send()));
    let counters = ingest.remove(leg).unwrap();
    assert_eq!((counters.kept, counters.muted), (10, 5));
    assert!(session.packets(1).iter().map(|b| b.to_vec()).eq(expected));
}

#[test]
fn at_the_time_the_kernel_got_it_not_at_the_sweep() {
    let (session, ingest) = (Session::new(), ingest());
    let (leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    let peer = Sender::to(&answer, 5, 0);
    let mut sent = Vec::new();
    for n in 0..60u16 {
        let due = Instant::now() + Duration::from_micros(700);
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        let before = session.clock.now().as_ns();
        peer.rtp.send(&rtp(5, n, u32::from(n), &[1; 20])).unwrap();
        sent.push((before, session.clock.now().as_ns()));
    }
    ingest.remove(leg).unwrap();
    let arrivals = session.arrivals(1);
    assert_eq!(arrivals.len(), 60);
    // Over loopback the kernel stamps within the call that sends; two clocks that are read one after the other cost a little.
    let slack = 300_000;
    let off = arrivals.iter().zip(&sent).filter(|((at, _), (before, after))| *at + slack < *before || *at > *after + slack).count();
    assert!(off <= 3, "{off} of 60 arrivals are not when they were sent");
}

#[test]
fn or_there_is_a_clear_refusal_when_no_port_is_left() {
    use ferric::ingest::{IngestError, RtpIngest, RtpIngestConfig};
    let session = Session::new();
    let config = |ports| RtpIngestConfig { bind_ip: crate::rtp_sender::LOOPBACK, ports, advertised_ip: None, bell: None };
    assert!(matches!(RtpIngest::start(config(30_001..=30_002)), Err(IngestError::BadRange { .. })));
    let ingest = RtpIngest::start(config(30_100..=30_107)).unwrap();
    let legs: Vec<_> = (1..=4).map(|n| ingest.add(RtpLegSpec { tap: session.tap(n), offer: offer() }).unwrap().0).collect();
    let full = ingest.add(RtpLegSpec { tap: session.tap(5), offer: offer() }).unwrap_err();
    assert_eq!(full.to_string(), "no free pair of RTP ports in 30100-30107");
    ingest.remove(legs[2]).unwrap();
    ingest.add(RtpLegSpec { tap: session.tap(6), offer: offer() }).unwrap();
}
