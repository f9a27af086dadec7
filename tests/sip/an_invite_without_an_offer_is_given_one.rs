//! Late offers (RFC 3261 §13.2.1): the node offers in its 200, the peer answers in its ACK.

use ferric::model::media::Codec;

use crate::house::{Asked, server, until};
use crate::peer::{Answer, Peer, ann_and_bob, ann_and_dee, multipart, one_line, two_lines};

async fn phone(node: std::net::SocketAddr) -> Peer {
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    peer
}

/// An INVITE without a body, up to its 200.
async fn offered(peer: &mut Peer) -> Answer {
    peer.sequence += 1;
    let invite = peer.request("INVITE", &format!("z9hG4bKlate{}", peer.sequence), "", "");
    peer.send(&invite).await;
    let answer = peer.answer_to("INVITE").await;
    peer.to = answer.field("To").unwrap().to_owned();
    answer
}

async fn acknowledge(peer: &mut Peer, sdp: &str) {
    let ack = peer.request("ACK", &format!("z9hG4bKack{}", peer.sequence), "Content-Type: application/sdp\r\n", sdp);
    peer.send(&ack).await;
}

#[tokio::test]
async fn a_plain_call_is_recorded_from_where_its_ack_says() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    let answer = offered(&mut peer).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.body.contains(" RTP/AVP 0 8 96 101") && answer.body.contains("a=recvonly"), "{}", answer.body);
    acknowledge(&mut peer, &(one_line() + "a=sendonly\r\n")).await;
    until("the answer is heard", || house.log().iter().any(|a| matches!(a, Asked::Change { .. }))).await;
    let log = house.log();
    let Some(Asked::Rtp { offer, .. }) = log.iter().find(|a| matches!(a, Asked::Rtp { .. })) else { panic!("no leg") };
    assert!([Codec::Pcmu, Codec::Pcma, Codec::Opus].iter().all(|c| offer.formats.iter().any(|f| f.codec == *c)));
    let Some(Asked::Change { offer, .. }) = log.iter().find(|a| matches!(a, Asked::Change { .. })) else { panic!("no change") };
    assert_eq!(offer.remote_rtp, Some("127.0.0.1:40000".parse().unwrap()));
    assert!(!log.iter().any(|a| matches!(a, Asked::Mute { .. })));
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
}

#[tokio::test]
async fn a_hold_begins_and_ends_by_it() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", "Content-Type: application/sdp\r\n", &one_line()).await;
    let mutes =
        || house.log().iter().filter_map(|a| if let Asked::Mute { muted, .. } = a { Some(*muted) } else { None }).collect::<Vec<_>>();
    offered(&mut peer).await;
    // While our offer is open, one of the peer's has to wait.
    let before = peer.sequence;
    assert_eq!(peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &one_line()).await.status, 491);
    let after = std::mem::replace(&mut peer.sequence, before);
    acknowledge(&mut peer, &(one_line() + "a=inactive\r\n")).await;
    until("the hold is known", || mutes() == [true]).await;
    peer.sequence = after;
    let answer = offered(&mut peer).await;
    assert!(answer.body.contains("a=recvonly"), "a fresh offer: {}", answer.body);
    acknowledge(&mut peer, &(one_line() + "a=sendonly\r\n")).await;
    until("the hold is over", || mutes() == [true, false]).await;
}

#[tokio::test]
async fn a_recording_sessions_streams_are_its_senders_to_name() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let refused = peer.ask("INVITE", "Require: siprec\r\n", "").await;
    assert_eq!((refused.status, house.sessions()), (488, 0));
    until("nothing is left of it", || server.live_calls() == 0).await;
    // Later on the streams are known.
    peer = Peer::to(node).await;
    let first = peer.invite("application/sdp", &two_lines("sendonly")).await;
    let again = offered(&mut peer).await;
    assert_eq!((again.status, again.body.matches("a=recvonly").count()), (200, 2));
    let ports = |a: &Answer| a.body.lines().filter(|l| l.starts_with("m=")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(ports(&first), ports(&again));
    acknowledge(&mut peer, &two_lines("sendonly")).await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
}

#[tokio::test]
async fn a_transfer_that_it_tells_of_by_metadata_alone_is_recorded() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    peer.sequence += 1;
    let invite =
        peer.request("INVITE", "z9hG4bKtransfer", "Require: siprec\r\nContent-Type: application/rs-metadata+xml\r\n", &ann_and_dee());
    peer.send(&invite).await;
    assert_eq!(peer.answer_to("INVITE").await.status, 200);
    acknowledge(&mut peer, &two_lines("sendonly")).await;
    let asked = peer.next_request("INVITE").await;
    peer.answer(&asked, "200 OK", &two_lines("sendonly")).await;
    until("Dee's line is there", || house.tracks().len() == 3).await;
    assert_eq!(house.tracks()[2], (Some("2".to_owned()), "Dee".to_owned()));
}
