//! A session may end by the API, by another leg's BYE, or because nobody is left: a peer that is not told believes that it is recorded (RFC 3261 §15).

use std::net::SocketAddr;
use std::time::Duration;

use crate::house::{Asked, server, until};
use crate::peer::{Answer, Peer, ann_and_bob, multipart, one_line, two_lines};
use crate::running_node::RunningNode;

const SDP: &str = "Content-Type: application/sdp\r\n";

async fn phone(node: SocketAddr) -> Peer {
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    peer
}

fn tells_why(bye: &Answer) -> bool {
    bye.field("Reason").is_some_and(|why| why.contains("the session is over"))
}

#[tokio::test]
async fn a_recording_session_hears_bye_once() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    house.closes();
    let bye = peer.next_request("BYE").await;
    assert!(tells_why(&bye), "{}", bye.text);
    assert_eq!(server.live_calls(), 1, "until the peer has answered");
    peer.agree_to(&bye).await;
    until("the call is forgotten", || server.live_calls() == 0).await;
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 481);
}

#[tokio::test]
async fn so_does_every_leg_of_a_session_of_another() {
    let (server, house, node) = server().await;
    let mut first = phone(node).await;
    assert_eq!(first.ask("INVITE", SDP, &one_line()).await.status, 200);
    let session = house.asked.lock()[0].0.clone();
    let mut second = phone(node).await;
    let joining = format!("{SDP}X-Ferric-Session: {session}\r\nX-Ferric-Role: agent\r\n");
    assert_eq!(second.ask("INVITE", &joining, &one_line()).await.status, 200);
    // Whoever began the session hangs up, and ends it by that.
    assert_eq!(first.ask("BYE", "", "").await.status, 200);
    let bye = second.next_request("BYE").await;
    assert!(tells_why(&bye), "{}", bye.text);
    second.agree_to(&bye).await;
    until("both calls are forgotten", || server.live_calls() == 0).await;
    assert_eq!(house.ended(), 1);
}

#[tokio::test]
async fn a_peer_that_hung_up_itself_hears_no_second_bye() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", SDP, &one_line()).await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the call is forgotten", || server.live_calls() == 0).await;
    assert!(matches!(house.log().last(), Some(Asked::End)));
    // Whatever was sent would have come before the answer to this.
    peer.sequence += 1;
    let options = peer.request("OPTIONS", "z9hG4bKafter", "", "");
    peer.send(&options).await;
    assert_eq!(peer.receive().await.status, 481);
}

#[tokio::test]
async fn a_leg_that_left_is_not_called_back() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", &format!("{SDP}X-Ferric-Session: abc123\r\n"), &one_line()).await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the call is forgotten", || server.live_calls() == 0).await;
    house.closes();
    peer.sequence += 1;
    let options = peer.request("OPTIONS", "z9hG4bKafter", "", "");
    peer.send(&options).await;
    assert_eq!(peer.receive().await.status, 481);
}

#[tokio::test]
async fn byes_that_meet_are_both_answered() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", SDP, &one_line()).await;
    house.closes();
    let bye = peer.next_request("BYE").await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    peer.agree_to(&bye).await;
    until("the call is forgotten", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn a_call_whose_beginning_is_not_acknowledged_yet_hears_it_after_that() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.sequence += 1;
    let invite = peer.request("INVITE", "z9hG4bKfirst", SDP, &one_line());
    peer.send(&invite).await;
    peer.to = peer.answer_to("INVITE").await.field("To").unwrap().to_owned();
    house.closes();
    peer.sequence += 1;
    let options = peer.request("OPTIONS", "z9hG4bKo1", "", "");
    peer.send(&options).await;
    loop {
        let message = peer.receive().await;
        assert!(message.status > 0, "no BYE before the ACK: {}", message.text);
        if message.field("CSeq").unwrap().ends_with("OPTIONS") {
            break;
        }
    }
    peer.sequence -= 1;
    peer.ack().await;
    let bye = peer.next_request("BYE").await;
    assert!(tells_why(&bye), "{}", bye.text);
    peer.agree_to(&bye).await;
    until("the call is forgotten", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn a_peer_that_answers_no_more_is_forgotten_all_the_same() {
    let (server, house, node) = crate::house::server_with(|o| o.t1 = Duration::from_millis(10)).await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", SDP, &one_line()).await;
    house.closes();
    until("the call is forgotten", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn a_real_node_says_it_where_the_api_ends_the_session() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let mut peer = Peer::to(node.sip.parse().unwrap()).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    let sessions = node.get("/v1/sessions").await;
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let mut leg = phone(peer.node).await;
    assert_eq!(leg.ask("INVITE", &format!("{SDP}X-Ferric-Session: {session}\r\n"), &one_line()).await.status, 200);
    let (status, _) = node.post(&format!("/v1/sessions/{session}/end"), serde_json::json!({})).await;
    assert!(status < 300, "{status}");
    for told in [&mut peer, &mut leg] {
        let bye = told.next_request("BYE").await;
        assert!(tells_why(&bye), "{}", bye.text);
        told.agree_to(&bye).await;
    }
}
