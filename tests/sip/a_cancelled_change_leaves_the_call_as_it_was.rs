//! CANCEL of an INVITE within a call (RFC 3261 §9.2, §14.2): it takes back the change, not the call.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::house::{Asked, House, server, until};
use crate::peer::{Peer, two_lines};

const SDP: &str = "Content-Type: application/sdp\r\n";

/// From the next mute on the house is busy until it is told to go on.
fn dawdle(house: &House) -> Arc<Notify> {
    let dawdle = Arc::new(Notify::new());
    *house.dawdle.lock() = Some(dawdle.clone());
    dawdle
}

fn go_on(house: &House, dawdle: &Notify) {
    *house.dawdle.lock() = None;
    dawdle.notify_one();
}

async fn muting(house: &House) {
    until("the change is being made", || house.log().iter().any(|a| matches!(a, Asked::Mute { .. }))).await;
}

fn moved(direction: &str) -> String {
    two_lines(direction).replace("40002", "40102")
}

/// An INVITE within the call, up to its 100: there is something to cancel.
async fn invite(peer: &mut Peer, sdp: &str) {
    peer.sequence += 1;
    let invite = peer.request("INVITE", "z9hG4bKchange", SDP, sdp);
    peer.send(&invite).await;
    let mut buffer = vec![0; 65_536];
    let length = peer.socket.recv(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 100"));
}

async fn cancel(peer: &mut Peer) {
    let cancel = peer.request("CANCEL", "z9hG4bKchange", "", "");
    peer.send(&cancel).await;
}

#[tokio::test]
async fn before_its_turn_it_is_as_if_it_had_not_been_sent() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 200);
    let busy = dawdle(&house);
    peer.sequence += 1;
    let hold = peer.request("UPDATE", "z9hG4bKhold", SDP, &two_lines("inactive"));
    peer.send(&hold).await;
    muting(&house).await;
    invite(&mut peer, &moved("sendonly")).await;
    cancel(&mut peer).await;
    let (mut cancelled, mut terminated) = (0, 0);
    while cancelled == 0 || terminated == 0 {
        let answer = peer.receive().await;
        match answer.field("CSeq") {
            Some("3 CANCEL") => cancelled = answer.status,
            Some("3 INVITE") => terminated = answer.status,
            _ => {}
        }
    }
    assert_eq!((cancelled, terminated), (200, 487));
    let ack = peer.request("ACK", "z9hG4bKchange", "", "");
    peer.send(&ack).await;
    go_on(&house, &busy);
    // What came before it is done, what comes after it is taken.
    let held = loop {
        let answer = peer.receive().await;
        if answer.field("CSeq") == Some("2 UPDATE") {
            break answer;
        }
    };
    assert_eq!((held.status, held.body.matches("a=inactive").count()), (200, 2), "{}", held.body);
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 200);
    assert!(!house.log().iter().any(|a| matches!(a, Asked::Change { .. } | Asked::Leave(_))), "{:?}", house.log());
    let resumed = peer.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!((resumed.status, resumed.body.matches("a=recvonly").count()), (200, 2), "{}", resumed.body);
    assert_eq!((house.ended(), server.live_calls()), (0, 1));
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the call is over", || house.ended() == 1 && server.live_calls() == 0).await;
}

#[tokio::test]
async fn in_the_midst_of_it_the_change_is_made_and_answered() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 200);
    let busy = dawdle(&house);
    invite(&mut peer, &moved("inactive")).await;
    muting(&house).await;
    cancel(&mut peer).await;
    let cancelled = peer.answer_to("CANCEL").await;
    assert_eq!(cancelled.status, 200);
    go_on(&house, &busy);
    let held = peer.answer_to("INVITE").await;
    assert_eq!((held.status, held.body.matches("a=inactive").count()), (200, 2), "{}", held.body);
    peer.ack().await;
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 200);
    assert_eq!((house.ended(), server.live_calls()), (0, 1));
}
