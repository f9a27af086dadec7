//! While the configuration cannot be asked nobody comes in whose rules are not known: an agent who is not to be recorded would be, by the rules of others.

use crate::house::server;
use crate::peer::{Peer, ann_and_bob, metadata, multipart, two_lines};

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
async fn a_call_goes_on_and_takes_nobody_new() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    *house.away.lock() = true;
    let third = format!("{}m=audio 40004 RTP/AVP 0\r\na=label:3\r\na=sendonly\r\n", two_lines("sendonly"));
    let with_cyd = metadata("partial", &[("pc", "Cyd", "sip:cyd@example.com", &["st3"])], &[("st3", "3")]);
    let (of_three, with_third) = multipart(&third, &with_cyd);
    assert_eq!(peer.invite(&of_three, &with_third).await.status, 503);
    assert_eq!((house.joined().len(), house.tracks().len(), house.ended()), (2, 2, 0));
    *house.away.lock() = false;
    assert_eq!(peer.invite(&of_three, &with_third).await.status, 200);
    assert_eq!((house.joined().len(), house.tracks().len()), (3, 3));
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
