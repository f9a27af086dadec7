use std::time::{Duration, Instant};

use ferric::ingest::RtpLegSpec;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::shared::marshal::Unmarshal;

use crate::rtp_sender::{Sender, ingest, offer, sender_report};
use crate::session::Session;

#[test]
fn and_tell_the_loss() {
    let (session, ingest) = (Session::new(), ingest());
    let (_leg, answer) = ingest.add(RtpLegSpec { tap: session.tap(1), offer: offer() }).unwrap();
    let mut peer = Sender::to(&answer, 0x77, 100);
    for n in 0..100 {
        if n % 4 == 3 { drop(peer.skip()) } else { drop(peer.send()) }
    }
    peer.send();
    peer.rtcp.send(&sender_report(0x77, 0x0000_1111_2222_0000, 0)).unwrap();
    let (start, mut buffer) = (Instant::now(), [0; 1500]);
    let len = peer.rtcp.recv(&mut buffer).unwrap();
    assert!(start.elapsed() < Duration::from_secs(7));
    let report = ReceiverReport::unmarshal(&mut bytes::Bytes::copy_from_slice(&buffer[..len]).slice(..32)).unwrap();
    let block = &report.reports[0];
    assert_eq!((block.ssrc, block.total_lost, block.last_sequence_number, block.last_sender_report), (0x77, 25, 200, 0x1111_2222));
    assert_eq!(u32::from(block.fraction_lost), 25 * 256 / 101);
}
