//! While the configuration cannot be asked nobody comes in whose rules are not known: an agent who is not to be recorded would be, by the rules of others.

use crate::house::{Asked, server, until};
use crate::peer::{Peer, ann_and_bob, ann_and_dee, metadata, multipart, one_line, two_lines};

#[tokio::test]
async fn a_call_is_told_to_try_elsewhere() {
    let (_server, house, node) = server().await;
    *house.away.lock() = true;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let answer = Peer::to(node).await.invite(&content_type, &body).await;
    assert_eq!((answer.status, answer.field("Retry-After")), (503, Some("10")), "{}", answer.text);
    assert_eq!((house.sessions(), house.joined().len()), (0, 0));
}

#[tokio::test]
async fn a_call_goes_on_and_whoever_is_new_comes_in_when_they_can_be_looked_up() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    *house.away.lock() = true;
    let third = format!("{}m=audio 40004 RTP/AVP 0\r\na=label:3\r\na=sendonly\r\n", two_lines("sendonly"));
    let with_cyd = metadata("partial", &[("pc", "Cyd", "sip:cyd@example.com", &["st3"])], &[("st3", "3")]);
    let (content_type, body) = multipart(&third, &with_cyd);
    let answer = peer.invite(&content_type, &body).await;
    assert_eq!((answer.status, answer.ports().len(), answer.ports()[2]), (200, 3, 0), "{}", answer.body);
    assert_eq!((house.joined().len(), house.tracks().len(), house.ended()), (2, 2, 0));
    let asked = peer.next_request("INVITE").await;
    peer.answer(&asked, "503 Service Unavailable", "").await;
    let ack = peer.next_request("ACK").await;
    assert_eq!(ack.field("CSeq").unwrap().split(' ').next(), asked.field("CSeq").unwrap().split(' ').next());
    *house.away.lock() = false;
    let asked = peer.next_request("INVITE").await;
    peer.answer(&asked, "200 OK", &third).await;
    until("the third is in", || house.tracks().len() == 3).await;
    assert_eq!(house.joined()[2].1, "Cyd");
}

#[tokio::test]
async fn a_line_that_is_somebody_elses_now_is_received_no_more() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    *house.away.lock() = true;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_dee());
    let answer = peer.invite(&content_type, &body).await;
    assert_eq!((answer.status, answer.ports()[1]), (200, 0), "{}", answer.body);
    assert!(answer.ports()[0] > 0, "{}", answer.body);
    assert_eq!(house.log().iter().filter(|asked| matches!(asked, Asked::Leave(_))).count(), 1, "Bob has left");
}

#[tokio::test]
async fn a_stream_with_their_voice_in_it_is_received_no_more() {
    let (_server, house, node) = server().await;
    *house.alike.lock() = true;
    let mut peer = Peer::to(node).await;
    let sdp = format!("{}a=label:1\r\n", one_line());
    let two: [(&str, &str, &str, &[&str]); 2] =
        [("pa", "Ann", "sip:ann@example.com", &["st1"]), ("pb", "Bob", "sip:bob@example.com", &["st1"])];
    let (content_type, body) = multipart(&sdp, &metadata("complete", &two, &[("st1", "1")]));
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    *house.away.lock() = true;
    let cyd: (&str, &str, &str, &[&str]) = ("pc", "Cyd", "sip:cyd@example.com", &["st1"]);
    let (content_type, body) = multipart(&sdp, &metadata("complete", &[two[0], two[1], cyd], &[("st1", "1")]));
    let answer = peer.invite(&content_type, &body).await;
    assert_eq!((answer.status, answer.ports()), (200, vec![0]), "{}", answer.body);
    assert_eq!(house.tracks().len(), 1);
}

#[tokio::test]
async fn what_is_said_of_those_who_are_in_needs_no_looking_up() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    *house.away.lock() = true;
    let (content_type, body) = multipart(&two_lines("inactive"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200, "a hold");
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200, "and its end");
    assert_eq!((house.joined().len(), house.ended()), (2, 0));
}
