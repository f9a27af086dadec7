//! A party that leaves by metadata is gone, whatever becomes of its line (RFC 7865 §6.5): a nameless third party in its place would be one who never
//! consents.

use ferric::model::id::ParticipantId;
use ferric::model::role::Role;

use crate::house::{Asked, House, server};
use crate::peer::{Peer, ann_and_bob, metadata, multipart, two_lines};

const METADATA: &str = "Content-Type: application/rs-metadata+xml\r\n";

fn three_lines(third: &str) -> String {
    format!("{}m=audio 40004 RTP/AVP 0\r\na=label:3\r\na={third}\r\n", two_lines("sendonly"))
}

fn with_cyd() -> String {
    metadata("partial", &[("pc", "Cyd", "sip:cyd@example.com", &["st3"])], &[("st3", "3")])
}

fn left(id: &str) -> String {
    format!(
        "<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>partial</datamode>\
         <participantsessionassoc participant_id=\"{id}\" session_id=\"s\"><disassociate-time>2026-01-01T00:00:00Z</disassociate-time>\
         </participantsessionassoc></recording>"
    )
}

/// Ann, Bob and Cyd, each with a line.
async fn three(peer: &mut Peer, house: &House) {
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    peer.invite(&content_type, &body).await;
    let (content_type, body) = multipart(&three_lines("sendonly"), &with_cyd());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    assert_eq!((house.joined().len(), house.joined()[2].clone()), (3, (Role::ThirdParty, "Cyd".to_owned())));
}

fn named(house: &House, name: &str) -> ParticipantId {
    let log = house.log();
    let who = log.iter().find_map(|a| match a {
        Asked::Join { who, name: its, .. } if its == name => Some(who.clone()),
        _ => None,
    });
    who.expect("somebody of that name")
}

fn leaves(house: &House) -> Vec<ParticipantId> {
    house.log().into_iter().filter_map(|a| if let Asked::Leave(who) = a { Some(who) } else { None }).collect()
}

/// Whatever the node asked by itself would have come before the answer to this.
async fn nothing_is_asked(peer: &mut Peer) {
    peer.sequence += 1;
    let options = peer.request("OPTIONS", &format!("z9hG4bKo{}", peer.sequence), "", "");
    peer.send(&options).await;
    let answer = peer.receive().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn by_metadata_alone() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    three(&mut peer, &house).await;
    assert_eq!(peer.ask("UPDATE", METADATA, &left("pc")).await.status, 200);
    assert_eq!((house.joined().len(), leaves(&house)), (3, vec![named(&house, "Cyd")]));
    nothing_is_asked(&mut peer).await;
    // Its line, offered once more, is nobody's.
    let again = peer.invite("application/sdp", &three_lines("sendonly")).await;
    assert_eq!((again.status, again.ports().len(), again.ports()[2]), (200, 3, 0), "{}", again.body);
    assert!(again.ports()[..2].iter().all(|port| *port > 0), "{}", again.body);
    assert_eq!((house.joined().len(), leaves(&house).len(), house.tracks().len()), (3, 1, 3));
}

#[tokio::test]
async fn with_its_line_inactive() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    three(&mut peer, &house).await;
    let (content_type, body) = multipart(&three_lines("inactive"), &left("pc"));
    let answer = peer.invite(&content_type, &body).await;
    assert_eq!((answer.status, answer.ports()[2]), (200, 0), "{}", answer.body);
    assert_eq!((house.joined().len(), leaves(&house)), (3, vec![named(&house, "Cyd")]));
    nothing_is_asked(&mut peer).await;
}

#[tokio::test]
async fn also_where_only_two_were_in() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    peer.invite(&content_type, &body).await;
    assert_eq!(peer.ask("UPDATE", METADATA, &left("pb")).await.status, 200);
    assert_eq!((house.joined().len(), leaves(&house)), (2, vec![named(&house, "Bob")]));
    // The last one too.
    assert_eq!(peer.ask("UPDATE", METADATA, &left("pa")).await.status, 200);
    assert_eq!((house.joined().len(), leaves(&house)), (2, vec![named(&house, "Bob"), named(&house, "Ann")]));
    nothing_is_asked(&mut peer).await;
}

#[tokio::test]
async fn and_whoever_comes_next_is_named() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    three(&mut peer, &house).await;
    peer.ask("UPDATE", METADATA, &left("pc")).await;
    peer.invite("application/sdp", &three_lines("sendonly")).await;
    let dee = metadata("partial", &[("pd", "Dee", "sip:dee@example.com", &["st3"])], &[("st3", "3")]);
    let (content_type, body) = multipart(&three_lines("sendonly"), &dee);
    let answer = peer.invite(&content_type, &body).await;
    assert!(answer.ports().iter().all(|port| *port > 0), "{}", answer.body);
    assert_eq!(house.tracks().last().unwrap(), &(Some("3".to_owned()), "Dee".to_owned()));
    assert_eq!(house.joined().len(), 4);
}

#[tokio::test]
async fn who_left_and_comes_back_is_the_same_party_again() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    three(&mut peer, &house).await;
    peer.ask("UPDATE", METADATA, &left("pc")).await;
    let (content_type, body) = multipart(&three_lines("sendonly"), &with_cyd());
    let answer = peer.invite(&content_type, &body).await;
    assert!(answer.ports().iter().all(|port| *port > 0), "{}", answer.body);
    let ids: Vec<ParticipantId> = {
        let log = house.log();
        log.iter().filter_map(|a| if let Asked::Join { who, .. } = a { Some(who.clone()) } else { None }).collect()
    };
    assert_eq!((ids.len(), &ids[2]), (4, &ids[3]));
}

#[tokio::test]
async fn a_line_that_was_never_anybodys_is_a_nameless_partys_as_before() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&three_lines("sendonly"), &ann_and_bob());
    let answer = peer.invite(&content_type, &body).await;
    assert!(answer.ports().iter().all(|port| *port > 0), "{}", answer.body);
    assert_eq!(house.joined()[2], (Role::ThirdParty, String::new()));
    // A number that is given again, to a stream of another label, is a new line.
    peer.ask("UPDATE", METADATA, &left("pb")).await;
    assert_eq!(house.joined().len(), 3);
    let other = three_lines("sendonly").replace("a=label:2", "a=label:9").replace("40002", "40202");
    let answer = peer.invite("application/sdp", &other).await;
    assert!(answer.ports().iter().all(|port| *port > 0), "{}", answer.body);
    assert_eq!((house.joined().len(), house.tracks().last().unwrap()), (4, &(Some("9".to_owned()), String::new())));
}
