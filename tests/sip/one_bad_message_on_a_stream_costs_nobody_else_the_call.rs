use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{server, until};
use crate::peer::{Answer, Peer, one_line, two_lines};

const SDP: &str = "Content-Type: application/sdp\r\n";

/// A connection that carries the calls of many peers.
struct Trunk {
    stream: TcpStream,
    came: Vec<u8>,
}

impl Trunk {
    async fn to(node: SocketAddr) -> Self {
        let stream = TcpStream::connect(node).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, came: Vec::new() }
    }

    async fn send(&mut self, message: &str) {
        self.stream.write_all(message.replace("SIP/2.0/UDP", "SIP/2.0/TCP").as_bytes()).await.unwrap();
    }

    /// Waits for more; `false` at the end of the stream.
    async fn more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.came);
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("something within 10 s").unwrap() > 0
    }

    /// The next message that is no 100, or nothing when the node has closed.
    async fn receive(&mut self) -> Option<Answer> {
        loop {
            if let Some(at) = self.came.windows(4).position(|w| w == b"\r\n\r\n") {
                let length: usize = Answer::of(&self.came[..at + 4]).field("Content-Length").unwrap().parse().unwrap();
                if self.came.len() >= at + 4 + length {
                    let message = Answer::of(&self.came.drain(..at + 4 + length).collect::<Vec<_>>());
                    if message.status != 100 {
                        return Some(message);
                    }
                    continue;
                }
            }
            if !self.more().await {
                assert!(self.came.is_empty(), "the stream ended within a message");
                return None;
            }
        }
    }

    /// Sends what a peer of this trunk says and takes the next message for its answer: nothing else may have been answered before.
    async fn exchange(&mut self, peer: &Peer, message: &str) -> Answer {
        self.send(message).await;
        let answer = self.receive().await.expect("an answer");
        assert_eq!(answer.field("Call-ID"), Some(peer.call_id.as_str()), "{}", answer.text);
        answer
    }

    async fn ask(&mut self, peer: &mut Peer, method: &str, fields: &str, body: &str) -> Answer {
        peer.sequence += 1;
        let request = request(peer, method, fields, body);
        let answer = self.exchange(peer, &request).await;
        assert_eq!(answer.field("CSeq"), Some(format!("{} {method}", peer.sequence).as_str()), "{}", answer.text);
        if method == "INVITE" && answer.status == 200 {
            peer.to = answer.field("To").unwrap().to_owned();
            self.send(&request_of(peer, "ACK")).await;
        }
        answer
    }
}

fn request(peer: &mut Peer, method: &str, fields: &str, body: &str) -> String {
    peer.request(method, &format!("z9hG4bK{}", uuid::Uuid::new_v4().simple()), fields, body)
}

fn request_of(peer: &mut Peer, method: &str) -> String {
    request(peer, method, "", "")
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_every_call_goes_on() {
    let (server, house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let (mut one, mut two, mut odd) = (Peer::to(node).await, Peer::to(node).await, Peer::to(node).await);
    assert_eq!(trunk.ask(&mut one, "INVITE", SDP, &two_lines("sendonly")).await.status, 200);
    assert_eq!(trunk.ask(&mut two, "INVITE", SDP, &one_line()).await.status, 200);

    for method in ["PING", "KDMQ"] {
        assert_eq!(trunk.ask(&mut odd, method, "", "").await.status, 501, "{method}");
    }
    let good = request(&mut odd, "OPTIONS", SDP, &one_line());
    let bad_line = good.replacen(&format!("sip:default@{node}"), "sip:", 1);
    let no_tag = good.replace(";tag=t1", "");
    let bad_number = good.replace("CSeq: 2", "CSeq: two");
    let bad_via = good.replace("SIP/2.0/UDP ", "SIP/2.0/");
    for bad in [&bad_line, &no_tag, &bad_number, &bad_via] {
        assert_ne!(*bad, good);
        assert_eq!(trunk.exchange(&odd, bad).await.status, 400, "{bad}");
    }
    // To these nobody can answer.
    let without = |name: &str| good.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect::<String>();
    for nameless in [without("Via"), without("Call-ID"), without("CSeq"), "such is life\r\n\r\n".to_owned()] {
        trunk.send(&nameless).await;
    }
    assert_eq!(trunk.exchange(&odd, &good).await.status, 200);

    assert_eq!(trunk.ask(&mut one, "OPTIONS", "", "").await.status, 200);
    assert_eq!(trunk.ask(&mut one, "INVITE", SDP, &two_lines("inactive")).await.body.matches("a=inactive").count(), 2);
    assert_eq!(trunk.ask(&mut one, "BYE", "", "").await.status, 200);
    assert_eq!(trunk.ask(&mut two, "BYE", "", "").await.status, 200);
    until("both calls are over", || house.ended() == 2 && server.live_calls() == 0).await;
}

#[tokio::test]
async fn requests_of_the_node_go_over_the_same_connection() {
    let (server, house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let mut peer = Peer::to(node).await;
    assert_eq!(trunk.ask(&mut peer, "INVITE", SDP, &one_line()).await.status, 200);
    let closing = tokio::spawn(async move {
        server.shutdown(Duration::from_secs(10)).await;
        server.live_calls()
    });
    let bye = trunk.receive().await.unwrap();
    assert!(bye.text.starts_with("BYE "), "{}", bye.text);
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        answer.push_str(&format!("{name}: {}\r\n", bye.field(name).unwrap()));
    }
    trunk.send(&format!("{answer}Content-Length: 0\r\n\r\n")).await;
    assert_eq!((closing.await.unwrap(), house.ended()), (0, 1));
    assert!(trunk.receive().await.is_none(), "a node that shuts down closes its connections");
}

#[tokio::test]
async fn a_connection_that_ended_is_opened_anew_to_say_goodbye() {
    let (server, _house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let mut peer = Peer::to(node).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    peer.contact = format!("<sip:src@{};transport=tcp>", listener.local_addr().unwrap());
    assert_eq!(trunk.ask(&mut peer, "INVITE", SDP, &one_line()).await.status, 200);
    trunk.stream.shutdown().await.unwrap();
    assert!(trunk.receive().await.is_none(), "the node closes what its peer has closed");
    let closing = tokio::spawn(async move { server.shutdown(Duration::from_secs(10)).await });
    let (stream, _) = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await.expect("a connection within 10 s").unwrap();
    let bye = Trunk { stream, came: Vec::new() }.receive().await.unwrap();
    assert!(bye.text.starts_with("BYE "), "{}", bye.text);
    closing.abort();
}

#[tokio::test]
async fn messages_are_understood_in_whatever_pieces_they_come() {
    let (_server, house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let (mut one, mut two, mut three) = (Peer::to(node).await, Peer::to(node).await, Peer::to(node).await);
    for byte in request(&mut one, "INVITE", SDP, &two_lines("sendonly")).chars() {
        trunk.send(byte.encode_utf8(&mut [0; 4])).await;
    }
    assert_eq!(trunk.receive().await.unwrap().status, 200);
    let together = request(&mut two, "INVITE", SDP, &one_line()) + &request(&mut three, "INVITE", SDP, &one_line());
    trunk.send(&together).await;
    let (first, second) = (trunk.receive().await.unwrap(), trunk.receive().await.unwrap());
    assert_eq!((first.status, second.status), (200, 200));
    let mut answered = [first.field("Call-ID").unwrap(), second.field("Call-ID").unwrap()];
    let mut asked = [two.call_id.as_str(), three.call_id.as_str()];
    answered.sort_unstable();
    asked.sort_unstable();
    assert_eq!((answered, house.sessions()), (asked, 3));
}

#[tokio::test]
async fn a_stream_whose_messages_have_no_known_end_is_told_so_and_closed() {
    let (server, _house, node) = server().await;
    let mut other = Trunk::to(node).await;
    let mut kept = Peer::to(node).await;
    assert_eq!(other.ask(&mut kept, "INVITE", SDP, &one_line()).await.status, 200);
    let endless = format!("Subject: {}\r\n", "x".repeat(70_000));
    for length in ["Content-Length: -5\r\n", "l: ten\r\n", "l: 5000000000\r\n", "l: 1\r\nl: 2\r\n", "", &endless] {
        let mut trunk = Trunk::to(node).await;
        let mut peer = Peer::to(node).await;
        assert_eq!(trunk.ask(&mut peer, "INVITE", SDP, &one_line()).await.status, 200);
        let change = request(&mut peer, "INVITE", SDP, &one_line());
        let (head, _) = change.split_once("Content-Length: ").unwrap();
        // What comes after it is not understood, and does not keep the peer from reading the answer.
        let bye = request_of(&mut peer, "BYE");
        let answer = trunk.exchange(&peer, &format!("{head}{length}\r\n{}{bye}", one_line())).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(trunk.receive().await.is_none(), "closed");
        // The call itself goes on over another connection.
        let mut again = Trunk::to(node).await;
        assert_eq!(again.ask(&mut peer, "BYE", "", "").await.status, 200);
    }
    assert_eq!(other.ask(&mut kept, "BYE", "", "").await.status, 200);
    until("all calls are over", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn without_a_body_the_length_may_be_missing() {
    let (_server, _house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let mut peer = Peer::to(node).await;
    let options = request_of(&mut peer, "OPTIONS").replace("Content-Length: 0\r\n", "");
    assert_eq!(trunk.exchange(&peer, &options).await.status, 200);
    assert_eq!(trunk.ask(&mut peer, "OPTIONS", "", "").await.status, 200);
}

#[tokio::test]
async fn a_keep_alive_is_answered_and_empty_lines_before_a_message_are_not() {
    let (_server, _house, node) = server().await;
    let mut trunk = Trunk::to(node).await;
    let mut peer = Peer::to(node).await;
    trunk.send("\r\n\r\n").await;
    while trunk.came.len() < 2 {
        assert!(trunk.more().await);
    }
    assert_eq!(std::mem::take(&mut trunk.came), b"\r\n");
    let options = request_of(&mut peer, "OPTIONS");
    let answer = trunk.exchange(&peer, &format!("\r\n{options}")).await;
    assert_eq!(answer.status, 200, "and nothing before it: {}", answer.text);
}
