//! The 2xx to a refresh says which interval holds from then on, and who refreshes; 422 says which would be taken (RFC 4028 §7.2, §7.3).

use std::net::SocketAddr;

use ferric::model::gate::State;

use crate::house::server_with;
use crate::peer::{Answer, Peer, one_line};

/// A call whose session is refreshed every other second.
async fn call(node: SocketAddr) -> Peer {
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let fields = "Content-Type: application/sdp\r\nSupported: timer, record-aware\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n";
    let answer = peer.ask("INVITE", fields, &one_line()).await;
    assert_eq!((answer.status, answer.field("Session-Expires")), (200, Some("4;refresher=uas")), "{}", answer.text);
    peer
}

async fn answer(peer: &Peer, request: &Answer, status: &str, field: &str) {
    let sdp = if request.body.is_empty() { String::new() } else { one_line() };
    peer.answer(request, &format!("{status}\r\n{field}"), &sdp).await;
}

#[tokio::test]
async fn a_shorter_interval_of_the_answer_is_kept() {
    let (_server, _house, node) = server_with(|o| (o.session_expires_s, o.min_session_expires_s) = (4, 1)).await;
    let mut peer = call(node).await;
    let refresh = peer.next_request("UPDATE").await;
    answer(&peer, &refresh, "200 OK", "Session-Expires: 2;refresher=uac").await;
    assert_eq!(peer.next_request("UPDATE").await.field("Session-Expires"), Some("2;refresher=uac"));
}

#[tokio::test]
async fn an_interval_that_is_too_short_is_asked_for_once() {
    let (_server, house, node) = server_with(|o| (o.session_expires_s, o.min_session_expires_s) = (4, 1)).await;
    let mut peer = call(node).await;
    // What tells of the recording refreshes, too; it is told with the longer one.
    house.becomes(State::Recording);
    let told = peer.next_request("UPDATE").await;
    assert_eq!((told.field("Session-Expires"), told.field("Min-SE")), (Some("4;refresher=uac"), None));
    answer(&peer, &told, "422 Session Interval Too Small", "Min-SE: 6").await;
    let again = peer.next_request("UPDATE").await;
    assert_eq!((again.field("Session-Expires"), again.field("Min-SE")), (Some("6;refresher=uac"), Some("6")));
    assert!(again.body.contains("a=record:on"), "{}", again.body);
    answer(&peer, &again, "200 OK", "Session-Expires: 6;refresher=uac").await;
    let refresh = peer.next_request("UPDATE").await;
    assert!(refresh.body.is_empty(), "{}", refresh.body);
    answer(&peer, &refresh, "422 Session Interval Too Small", "Min-SE: 8").await;
    assert_eq!(peer.next_request("UPDATE").await.field("Session-Expires"), Some("8;refresher=uac"));
}
