//! A 2xx that comes again says that its ACK was lost: it is acknowledged again (RFC 3261 §13.2.2.4), else the peer ends the call after 32 s.

use ferric::model::gate::State;

use crate::house::{server, until};
use crate::peer::{Answer, Peer, one_line};

/// As the peer's transactions know an ACK.
fn identity(ack: &Answer) -> [&str; 4] {
    ["Via", "To", "From", "CSeq"].map(|name| ack.field(name).unwrap())
}

#[tokio::test]
async fn as_often_as_it_comes() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let fields = "Content-Type: application/sdp\r\nSupported: record-aware\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n";
    assert_eq!(peer.ask("INVITE", fields, &one_line()).await.status, 200);
    house.becomes(State::Recording);
    let change = peer.next_request("INVITE").await;
    let mut acks = Vec::new();
    // By itself the ACK goes out twice.
    for _ in 0..3 {
        peer.answer(&change, "200 OK", &one_line()).await;
        let ack = peer.receive_request().await;
        assert!(ack.text.starts_with("ACK "), "{}", ack.text);
        acks.push(ack);
    }
    let another = peer.receive_request().await;
    assert!(another.text.starts_with("ACK "), "{}", another.text);
    for ack in &acks {
        assert_eq!(identity(ack), identity(&another));
    }
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the call is over", || server.live_calls() == 0).await;
}
