//! Where the node refreshes a session it does so by UPDATE, or by INVITE to a peer that does not know UPDATE (RFC 4028 §7.4, §10).

use std::net::SocketAddr;

use crate::house::{Asked, House, server_with, until};
use crate::peer::{Answer, Peer, ann_and_bob, multipart, one_line, two_lines};

const NO_UPDATE: &str = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n";

/// A node that gives whoever knows timers one of 4 s, and refreshes after two.
async fn node() -> (ferric::signalling::sip::SipServer, std::sync::Arc<House>, SocketAddr) {
    server_with(|o| (o.session_expires_s, o.min_session_expires_s) = (4, 1)).await
}

async fn recording_session(node: SocketAddr, fields: &str) -> (Peer, Answer) {
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let fields = format!("Content-Type: {content_type}\r\nRequire: siprec\r\nSupported: timer\r\n{fields}");
    let answer = peer.ask("INVITE", &fields, &body).await;
    assert_eq!((answer.status, answer.field("Session-Expires")), (200, Some("4;refresher=uas")), "{}", answer.text);
    (peer, answer)
}

fn lines(message: &Answer) -> Vec<&str> {
    message.body.lines().filter(|l| l.starts_with("m=")).collect()
}

fn number(message: &Answer) -> &str {
    message.field("CSeq").unwrap().split(' ').next().unwrap()
}

#[tokio::test]
async fn a_recording_session_without_update_is_asked_for_its_offer() {
    let (server, house, node) = node().await;
    let (mut peer, first) = recording_session(node, NO_UPDATE).await;
    let before = house.log().len();
    for _ in 0..2 {
        let refresh = peer.receive_request().await;
        assert!(refresh.text.starts_with("INVITE ") && refresh.body.is_empty(), "{}", refresh.text);
        assert_eq!(refresh.field("Session-Expires"), Some("4;refresher=uac"), "{}", refresh.text);
        assert!(refresh.field("Contact").unwrap().contains("+sip.srs") && refresh.field("Supported").unwrap().contains("timer"));
        // While it is open, one of the peer's has to wait.
        assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 491);
        peer.answer(&refresh, "200 OK", &two_lines("sendonly")).await;
        let ack = peer.next_request("ACK").await;
        assert_eq!((number(&ack), lines(&ack)), (number(&refresh), lines(&first)), "what holds, once more");
        peer.seen.clear();
        while let Ok(Ok(_)) = tokio::time::timeout(std::time::Duration::from_millis(50), peer.socket.recv(&mut [0; 4096])).await {}
    }
    // Four seconds and more: it would have run out.
    assert_eq!((house.log().len(), house.ended(), server.live_calls()), (before, 0, 1));
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
}

#[tokio::test]
async fn who_answers_update_with_405_is_refreshed_by_invite_from_then_on() {
    let (_server, house, node) = node().await;
    let (mut peer, _) = recording_session(node, "").await;
    let update = peer.next_request("UPDATE").await;
    assert_eq!(update.field("Session-Expires"), Some("4;refresher=uac"));
    peer.answer(&update, "405 Method Not Allowed", "").await;
    for _ in 0..2 {
        let refresh = loop {
            let request = peer.receive_request().await;
            assert!(!request.text.starts_with("BYE "), "{}", request.text);
            assert!(!request.text.starts_with("UPDATE ") || number(&request) == number(&update), "{}", request.text);
            if request.text.starts_with("INVITE ") && !peer.seen.contains(&number(&request).to_owned()) {
                break request;
            }
        };
        peer.seen.push(number(&refresh).to_owned());
        peer.answer(&refresh, "200 OK", &two_lines("sendonly")).await;
        assert_eq!(number(&peer.next_request("ACK").await), number(&refresh));
    }
    assert_eq!(house.ended(), 0);
}

#[tokio::test]
async fn a_telephone_hears_unchanged_what_holds() {
    let (server, house, node) = node().await;
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let fields = format!("Content-Type: application/sdp\r\nSupported: timer\r\n{NO_UPDATE}");
    let first = peer.ask("INVITE", &fields, &one_line()).await;
    for _ in 0..2 {
        let refresh = peer.next_request("INVITE").await;
        assert_eq!((refresh.body.as_str(), refresh.field("Session-Expires")), (first.body.as_str(), Some("4;refresher=uac")));
        peer.answer(&refresh, "200 OK", &(one_line() + "a=sendonly\r\n")).await;
        let ack = peer.next_request("ACK").await;
        assert_eq!((number(&ack), ack.body.as_str()), (number(&refresh), ""));
    }
    assert!(!house.log().iter().any(|a| matches!(a, Asked::Mute { .. } | Asked::End)), "{:?}", house.log());
    assert_eq!(server.live_calls(), 1);
}

#[tokio::test]
async fn who_will_not_be_refreshed_is_asked_again_and_keeps_its_call() {
    let (server, house, node) = node().await;
    let (mut peer, _) = recording_session(node, "Allow: INVITE, ACK, BYE, UPDATE\r\n").await;
    for status in ["500 Server Internal Error", "403 Forbidden"] {
        let update = peer.next_request("UPDATE").await;
        peer.answer(&update, status, "").await;
    }
    let update = peer.next_request("UPDATE").await;
    peer.agree_to(&update).await;
    peer.next_request("UPDATE").await;
    assert_eq!((house.ended(), server.live_calls()), (0, 1));
}

#[tokio::test]
async fn who_forgot_the_call_ends_it() {
    let (_server, house, node) = node().await;
    let (mut peer, _) = recording_session(node, NO_UPDATE).await;
    let refresh = peer.next_request("INVITE").await;
    peer.answer(&refresh, "481 Call/Transaction Does Not Exist", "").await;
    peer.next_request("BYE").await;
    until("the recording has ended", || house.ended() == 1).await;
}

#[tokio::test]
async fn who_says_nothing_to_it_ends_it() {
    let (_server, house, node) = node().await;
    let (mut peer, _) = recording_session(node, NO_UPDATE).await;
    peer.next_request("INVITE").await;
    peer.next_request("BYE").await;
    until("the recording has ended", || house.ended() == 1).await;
}
