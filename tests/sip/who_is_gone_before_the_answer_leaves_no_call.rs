//! An answer that cannot be written is an answer that nobody acknowledges (RFC 3261 §13.3.1.4): the call ends, and with it its session.

use std::sync::Arc;
use std::time::Duration;

use ferric::signalling::sip::SipServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::house::{Asked, House, server, until};
use crate::peer::{Peer, one_line, two_lines};

const SDP: &str = "Content-Type: application/sdp\r\n";

/// Sends an INVITE over a connection of its own, which ends while the house thinks about it.
async fn invite_and_vanish(house: &House, peer: &mut Peer, sdp: &str, thinks: impl FnMut() -> bool) {
    let thought = Arc::new(Notify::new());
    *house.dawdle.lock() = Some(thought.clone());
    let mut stream = TcpStream::connect(peer.node).await.unwrap();
    peer.sequence += 1;
    let branch = format!("z9hG4bK{}", uuid::Uuid::new_v4().simple());
    let invite = peer.request("INVITE", &branch, SDP, sdp).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    stream.write_all(invite.as_bytes()).await.unwrap();
    until("the house thinks", thinks).await;
    stream.shutdown().await.unwrap();
    // The node closes what its peer has closed; from then on it cannot write to it.
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("the end within 10 s").unwrap();
    *house.dawdle.lock() = None;
    thought.notify_one();
}

async fn is_over(server: &SipServer, house: &House) {
    until("the session is over", || house.ended() == 1).await;
    until("the call is over", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn the_first_invite() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    // Nobody listens where the BYE would go, either.
    peer.contact = format!("<sip:src@{};transport=tcp>", TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap());
    invite_and_vanish(&house, &mut peer, &one_line(), || server.live_calls() == 1).await;
    is_over(&server, &house).await;
}

#[tokio::test]
async fn an_invite_within_the_call_whose_peer_hears_a_bye() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(peer.ask("INVITE", SDP, &two_lines("sendonly")).await.status, 200);
    peer.contact = format!("<sip:src@{};transport=tcp>", listener.local_addr().unwrap());
    let mutes = || house.log().iter().any(|asked| matches!(asked, Asked::Mute { .. }));
    invite_and_vanish(&house, &mut peer, &two_lines("inactive"), mutes).await;
    let (mut stream, _) =
        tokio::time::timeout(Duration::from_secs(10), listener.accept()).await.expect("a connection within 10 s").unwrap();
    let mut heard = [0; 4];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"BYE ");
    is_over(&server, &house).await;
}
