use ferric::model::event::GapCause;
use ferric::model::role::Role;

use crate::house::{Asked, House, server};
use crate::peer::{Peer, ann_and_bob, ann_and_dee, metadata, multipart, two_lines};

fn mutes(house: &House) -> Vec<(u16, bool)> {
    let log = house.log();
    log.iter()
        .filter_map(|a| match a {
            Asked::Mute { track, muted, cause: GapCause::Hold } => Some((*track, *muted)),
            _ => None,
        })
        .collect()
}

fn version(sdp: &str) -> u64 {
    sdp.lines().find_map(|l| l.strip_prefix("o=")).unwrap().split(' ').nth(2).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hold_is_told_and_taken_back() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let first = peer.invite(&content_type, &body).await;
    let held = peer.invite("application/sdp", &two_lines("inactive")).await;
    assert_eq!(held.body.matches("a=inactive").count(), 2, "{}", held.body);
    assert_eq!(mutes(&house), [(0, true), (1, true)]);
    let back = peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &two_lines("sendonly")).await;
    assert_eq!((back.status, back.body.matches("a=recvonly").count()), (200, 2), "{}", back.body);
    assert_eq!(mutes(&house), [(0, true), (1, true), (0, false), (1, false)]);
    assert!(version(&first.body) < version(&held.body) && version(&held.body) < version(&back.body));
    let ports = |sdp: &str| sdp.lines().filter(|l| l.starts_with("m=")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(ports(&first.body), ports(&back.body), "a hold moves nothing");
    let same = peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &two_lines("sendonly")).await;
    assert_eq!(same.body, back.body, "nothing changed, nor does the version");
    assert_eq!(house.tracks().len(), 2);
}

#[tokio::test]
async fn a_recording_session_may_begin_inactive() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let answer = peer.invite("application/sdp", &two_lines("inactive")).await;
    assert_eq!(answer.body.matches("a=inactive").count(), 2);
    assert_eq!(mutes(&house), [(0, true), (1, true)]);
    peer.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!(mutes(&house).split_off(2), [(0, false), (1, false)]);
}

#[tokio::test]
async fn other_ports_and_codecs_change_the_track_and_keep_it() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.invite("application/sdp", &two_lines("sendonly")).await;
    let changed = two_lines("sendonly").replace("40002 RTP/AVP 0 8 101", "40102 RTP/AVP 8 101");
    let answer = peer.invite("application/sdp", &changed).await;
    assert_eq!(answer.status, 200);
    let changes: Vec<(u16, u16, Vec<u8>)> = house
        .log()
        .iter()
        .filter_map(|a| match a {
            Asked::Change { track, offer } => {
                Some((*track, offer.remote_rtp.unwrap().port(), offer.formats.iter().map(|f| f.pt).collect()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(changes, [(1, 40102, vec![8, 101])]);
    let unusable = two_lines("sendonly").replace("RTP/AVP 0 8 101", "RTP/AVP 18");
    assert_eq!(peer.invite("application/sdp", &unusable).await.status, 488, "and the call goes on as it was");
    assert_eq!((house.tracks().len(), house.ended()), (2, 0));
}

#[tokio::test]
async fn a_third_party_comes_with_a_new_line_and_goes_by_partial_metadata() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    peer.invite(&content_type, &body).await;
    let three = format!("{}m=audio 40004 RTP/AVP 0\r\na=label:3\r\na=sendonly\r\n", two_lines("sendonly"));
    let joined = metadata("partial", &[("pc", "Cyd", "sip:cyd@example.com", &["st3"])], &[("st3", "3")]);
    let (content_type, body) = multipart(&three, &joined);
    let answer = peer.invite(&content_type, &body).await;
    assert_eq!(answer.body.matches("a=recvonly").count(), 3, "{}", answer.body);
    assert_eq!(house.joined()[2], (Role::ThirdParty, "Cyd".to_owned()));
    assert_eq!(house.tracks()[2], (Some("3".to_owned()), "Cyd".to_owned()));
    let left = "<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>partial</datamode>\
                <participantsessionassoc participant_id=\"pc\" session_id=\"s\"><disassociate-time>2026-01-01T00:00:00Z</disassociate-time>\
                </participantsessionassoc></recording>";
    let answer = peer.ask("UPDATE", "Content-Type: application/rs-metadata+xml\r\n", left).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let Some(Asked::Join { who: cyd, .. }) = house.log().into_iter().filter(|a| matches!(a, Asked::Join { .. })).nth(2) else {
        panic!("nobody joined third")
    };
    let leaves: Vec<_> = house.log().into_iter().filter(|a| matches!(a, Asked::Leave(_))).collect();
    assert!(matches!(leaves.as_slice(), [Asked::Leave(who)] if *who == cyd), "{leaves:?}");
}

#[tokio::test]
async fn after_a_transfer_the_line_is_the_new_partys_and_the_old_port_is_nobodys() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let before = peer.invite(&content_type, &body).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_dee());
    let after = peer.invite(&content_type, &body).await;
    assert_eq!(house.tracks().last().unwrap(), &(Some("2".to_owned()), "Dee".to_owned()));
    assert_eq!(house.joined().last().unwrap(), &(Role::Agent, "Dee".to_owned()), "the role that fell vacant");
    let line = |sdp: &str, n: usize| sdp.lines().filter(|l| l.starts_with("m=")).nth(n).unwrap().to_owned();
    assert_eq!(line(&before.body, 0), line(&after.body, 0));
    assert_ne!(line(&before.body, 1), line(&after.body, 1));
    assert_eq!(house.log().iter().filter(|a| matches!(a, Asked::Leave(_))).count(), 1, "Bob left, and after Dee had come");
}

#[tokio::test]
async fn repeated_updates_that_change_nothing_do_nothing() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    peer.invite(&content_type, &body).await;
    let before = house.log().len();
    for _ in 0..5 {
        let answer = peer.ask("UPDATE", "Content-Type: application/rs-metadata+xml\r\n", &ann_and_bob()).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(house.log().len(), before);
}

#[tokio::test]
async fn a_line_that_is_switched_off_is_muted_and_may_come_back() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.invite("application/sdp", &two_lines("sendonly")).await;
    let off = two_lines("sendonly").replace("m=audio 40002", "m=audio 0");
    let answer = peer.invite("application/sdp", &off).await;
    assert!(answer.body.contains("m=audio 0 RTP/AVP"), "{}", answer.body);
    let answer = peer.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!((answer.status, answer.body.matches("a=recvonly").count()), (200, 2), "{}", answer.body);
    assert_eq!(house.joined().len() - house.log().iter().filter(|a| matches!(a, Asked::Leave(_))).count(), 2);
}

/// What a peer says to an INVITE of the node.
async fn answer_invite(peer: &Peer, invite: &crate::peer::Answer, status: &str, sdp: &str) {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        out.push_str(&format!("{name}: {}\r\n", invite.field(name).unwrap()));
    }
    out.push_str(&format!("Contact: {}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", peer.contact, sdp.len()));
    peer.send(&out).await;
}

#[tokio::test]
async fn a_transfer_told_without_an_offer_makes_the_node_ask_for_one() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let before = peer.invite(&content_type, &body).await;
    let answer = peer.ask("UPDATE", "Content-Type: application/rs-metadata+xml\r\n", &ann_and_dee()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(house.tracks().len(), 2, "nothing is received for Dee before her port is told");
    assert!(house.log().iter().any(|a| matches!(a, Asked::Leave(_))), "and nothing more for Bob");

    let invite = peer.receive_request().await;
    assert!(invite.text.starts_with("INVITE ") && invite.body.is_empty(), "{}", invite.text);
    // While the node's INVITE is open, one of the peer's has to wait.
    assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 491);
    answer_invite(&peer, &invite, "491 Request Pending", "").await;
    let again = loop {
        let request = peer.receive_request().await;
        if request.text.starts_with("INVITE ") && request.field("CSeq") != invite.field("CSeq") {
            break request;
        }
    };
    answer_invite(&peer, &again, "200 OK", &two_lines("sendonly")).await;
    let ack = loop {
        let request = peer.receive_request().await;
        if request.text.starts_with("ACK ") && !request.body.is_empty() {
            break request;
        }
    };
    assert_eq!(ack.field("CSeq").unwrap().split(' ').next(), again.field("CSeq").unwrap().split(' ').next());
    let line = |sdp: &str, n: usize| sdp.lines().filter(|l| l.starts_with("m=")).nth(n).unwrap().to_owned();
    assert_eq!(line(&before.body, 0), line(&ack.body, 0));
    assert_ne!(line(&before.body, 1), line(&ack.body, 1));
    assert_eq!(house.tracks().last().unwrap(), &(Some("2".to_owned()), "Dee".to_owned()));
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
}
