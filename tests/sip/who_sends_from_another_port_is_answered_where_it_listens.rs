//! Over UDP an answer goes to the port that the request's Via names (RFC 3261 §18.2.2), and to the one it came from where that is asked for (RFC 3581).

use tokio::net::UdpSocket;

use crate::house::{server, until};
use crate::peer::{Answer, Peer, one_line};

fn branch() -> String {
    format!("z9hG4bK{}", uuid::Uuid::new_v4().simple())
}

#[tokio::test]
async fn unless_it_asks_otherwise() {
    let (server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let mouth = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for method in ["INVITE", "ACK", "BYE"] {
        if method != "ACK" {
            peer.sequence += 1;
        }
        let body = if method == "INVITE" { one_line() } else { String::new() };
        let request = peer.request(method, &branch(), "Content-Type: application/sdp\r\n", &body);
        mouth.send_to(request.as_bytes(), node).await.unwrap();
        if method == "ACK" {
            continue;
        }
        let answer = peer.answer_to(method).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let via = answer.field("Via").unwrap();
        assert!(via.contains(&peer.local.to_string()) && via.contains("received=127.0.0.1") && !via.contains("rport"), "{via}");
        peer.to = answer.field("To").unwrap().to_owned();
    }
    until("the call is over", || server.live_calls() == 0).await;
}

/// OPTIONS from another port than the one its Via names, changed on its way; the port that the answer came to names itself in it.
async fn where_it_sent_from(changed: impl FnOnce(&Peer, &str, String) -> String) {
    let (_server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let mouth = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let branch = branch();
    let request = peer.request("OPTIONS", &branch, "", "");
    let request = changed(&peer, &branch, request);
    mouth.send_to(request.as_bytes(), node).await.unwrap();
    let mut buffer = vec![0; 4096];
    let heard = tokio::time::timeout(std::time::Duration::from_secs(10), mouth.recv(&mut buffer)).await.expect("an answer within 10 s");
    let answer = Answer::of(&buffer[..heard.unwrap()]);
    let port = format!("rport={}", mouth.local_addr().unwrap().port());
    assert!(answer.status == 200 && answer.field("Via").unwrap().contains(&port), "{}", answer.text);
}

#[tokio::test]
async fn where_it_sent_from_if_it_asks_for_that() {
    where_it_sent_from(|_, branch, request| request.replace(branch, &format!("{branch};rport"))).await;
}

#[tokio::test]
async fn where_it_sent_from_behind_a_nat() {
    where_it_sent_from(|peer, _, request| {
        let via = format!("Via: SIP/2.0/UDP {}", peer.local);
        assert!(request.contains(&via), "{request}");
        request.replace(&via, "Via: SIP/2.0/UDP 192.0.2.7:5060")
    })
    .await;
}
