//! `a=record` and `a=recordpref` on the wire (RFC 7866 §6.1.2, §7.1.2, §7.1.3), with peers that answer in every way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ferric::model::gate::State;
use ferric::model::preference::RecordPreference;

use crate::house::{Asked, server, until};
use crate::peer::{Answer, Peer, ann_and_bob, multipart, one_line, two_lines};

const AWARE: &str = "Content-Type: application/sdp\r\nSupported: timer, record-aware\r\n";

async fn phone(node: SocketAddr) -> Peer {
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    peer
}

/// The values of `a=record` in a body.
fn record(message: &Answer) -> Vec<&str> {
    message.body.lines().filter_map(|l| l.strip_prefix("a=record:")).collect()
}

fn version(message: &Answer) -> u64 {
    let origin = message.body.lines().find(|l| l.starts_with("o=")).unwrap();
    origin.split(' ').nth(2).unwrap().parse().unwrap()
}

fn sendonly() -> String {
    one_line() + "a=sendonly\r\n"
}

#[tokio::test]
async fn the_first_answer_says_what_holds_before_anything_is_sent() {
    let (_server, house, node) = server().await;
    for (state, said) in [
        (State::Idle, "off"),
        (State::AwaitingConsent, "off"),
        (State::Recording, "on"),
        (State::Paused, "paused"),
        (State::Censored, "paused"),
        (State::AutomaticWithoutCaller, "on"),
        (State::Disabled, "off"),
    ] {
        house.becomes(state);
        let mut peer = phone(node).await;
        let answer = peer.ask("INVITE", "Content-Type: application/sdp\r\n", &one_line()).await;
        assert_eq!((answer.status, record(&answer)), (200, vec![said]), "{state:?}");
        peer.ask("BYE", "", "").await;
    }
}

#[tokio::test]
async fn a_recording_session_is_told_nothing_its_sender_knows() {
    let (_server, house, node) = server().await;
    house.becomes(State::Recording);
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&(two_lines("sendonly") + "a=recordpref:off\r\n"), &ann_and_bob());
    let answer = peer.invite(&content_type, &body).await;
    assert!(answer.status == 200 && !answer.body.contains("a=record"), "{}", answer.body);
    assert!(!answer.field("Supported").unwrap().contains("record-aware"));
    assert!(!house.log().iter().any(|a| matches!(a, Asked::Prefer(_))));
}

#[tokio::test]
async fn each_change_is_told_by_an_invite_within_200_ms() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    let first = peer.ask("INVITE", AWARE, &one_line()).await;
    assert!(first.field("Supported").unwrap().contains("record-aware"));
    let (mut before, mut delays) = (version(&first), Vec::new());
    for (state, said) in [(State::Recording, "on"), (State::Paused, "paused"), (State::Stopped, "off")] {
        let asked = Instant::now();
        house.becomes(state);
        let told = peer.next_request("INVITE").await;
        delays.push(asked.elapsed());
        assert_eq!(record(&told), [said]);
        assert!(told.body.contains("a=recvonly") && told.body.contains("m=audio "), "{}", told.body);
        assert!(told.field("Session-Expires").unwrap().contains("refresher=uac"), "{}", told.text);
        assert!(version(&told) > before);
        before = version(&told);
        peer.answer(&told, "200 OK", &sendonly()).await;
        let ack = peer.next_request("ACK").await;
        assert!(ack.body.is_empty());
        assert_eq!(ack.field("CSeq").unwrap().split(' ').next(), told.field("CSeq").unwrap().split(' ').next());
    }
    // The middle one: this machine may be busy with other things for a moment.
    delays.sort();
    assert!(delays[1] < Duration::from_millis(200), "{delays:?}");
    // The phone goes on sending; that it sends alone was our wish, and is no hold.
    let refreshed = peer.ask("INVITE", AWARE, &sendonly()).await;
    assert_eq!(record(&refreshed), ["off"]);
    assert!(!house.log().iter().any(|a| matches!(a, Asked::Mute { .. })));
    peer.ask("BYE", "", "").await;
    until("the call is over", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn by_update_where_the_peer_allows_it_and_by_invite_where_it_does_not_after_all() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", &format!("{AWARE}Allow: INVITE, ACK, BYE, UPDATE\r\n"), &one_line()).await;
    house.becomes(State::Recording);
    let told = peer.next_request("UPDATE").await;
    assert_eq!(record(&told), ["on"]);
    peer.answer(&told, "200 OK", &sendonly()).await;
    house.becomes(State::Paused);
    let told = peer.next_request("UPDATE").await;
    peer.answer(&told, "405 Method Not Allowed", "").await;
    let told = peer.next_request("INVITE").await;
    assert_eq!(record(&told), ["paused"]);
    peer.answer(&told, "200 OK", &sendonly()).await;
}

#[tokio::test]
async fn a_peer_that_does_not_know_of_it_is_left_alone() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", "Content-Type: application/sdp\r\nSupported: timer\r\n", &one_line()).await;
    house.becomes(State::Recording);
    house.becomes(State::Paused);
    // Whatever was sent would have come before the answer to this.
    peer.sequence += 1;
    let options = peer.request("OPTIONS", "z9hG4bKo1", "", "");
    peer.send(&options).await;
    assert_eq!(peer.receive().await.status, 200);
    // It is told when it asks, and from then on if it says that it understands.
    let answer = peer.ask("UPDATE", &format!("{AWARE}Allow: UPDATE\r\n"), &one_line()).await;
    assert_eq!(record(&answer), ["paused"]);
    house.becomes(State::Recording);
    assert_eq!(record(&peer.next_request("UPDATE").await), ["on"]);
}

#[tokio::test]
async fn of_what_changes_while_the_peer_thinks_the_last_is_told() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", AWARE, &one_line()).await;
    house.becomes(State::Recording);
    let told = peer.next_request("INVITE").await;
    peer.answer(&told, "180 Ringing", "").await;
    house.becomes(State::Paused);
    house.becomes(State::Recording);
    house.becomes(State::Stopped);
    peer.answer(&told, "200 OK", &sendonly()).await;
    let told = peer.next_request("INVITE").await;
    assert_eq!(record(&told), ["off"], "not what held in between");
    peer.answer(&told, "200 OK", &sendonly()).await;
    house.becomes(State::Recording);
    assert_eq!(record(&peer.next_request("INVITE").await), ["on"]);
}

#[tokio::test]
async fn two_invites_at_once_both_wait_and_the_state_gets_through() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", AWARE, &one_line()).await;
    house.becomes(State::Recording);
    let told = peer.next_request("INVITE").await;
    // Ours has not been answered: theirs has to wait, with an offer in an UPDATE as well.
    assert_eq!(peer.ask("INVITE", AWARE, &one_line()).await.status, 491);
    assert_eq!(peer.ask("UPDATE", AWARE, &one_line()).await.status, 491);
    peer.answer(&told, "491 Request Pending", "").await;
    let again = peer.next_request("INVITE").await;
    assert_eq!(record(&again), ["on"]);
    peer.answer(&again, "200 OK", &sendonly()).await;
    peer.next_request("ACK").await;
    assert_eq!(record(&peer.ask("INVITE", AWARE, &one_line()).await), ["on"], "and now it is theirs");
}

#[tokio::test]
async fn a_peer_that_will_not_take_it_keeps_its_call_and_is_told_the_next() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", AWARE, &one_line()).await;
    house.becomes(State::Recording);
    let told = peer.next_request("INVITE").await;
    peer.answer(&told, "488 Not Acceptable Here", "").await;
    house.becomes(State::Paused);
    assert_eq!(record(&peer.next_request("INVITE").await), ["paused"]);
    assert_eq!(house.ended(), 0);
}

#[tokio::test]
async fn a_bye_in_the_middle_of_it_ends_the_call_and_a_late_yes_is_acknowledged() {
    let (server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", AWARE, &one_line()).await;
    house.becomes(State::Recording);
    let told = peer.next_request("INVITE").await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the call is over", || server.live_calls() == 0 && house.ended() == 1).await;
    peer.answer(&told, "200 OK", &sendonly()).await;
    peer.next_request("ACK").await;
}

#[tokio::test]
async fn a_change_before_the_acknowledgement_waits_for_it() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.sequence += 1;
    let invite = peer.request("INVITE", "z9hG4bKfirst", AWARE, &one_line());
    peer.send(&invite).await;
    let answer = peer.answer_to("INVITE").await;
    peer.to = answer.field("To").unwrap().to_owned();
    house.becomes(State::Recording);
    let options = {
        peer.sequence += 1;
        peer.request("OPTIONS", "z9hG4bKo2", "", "")
    };
    peer.send(&options).await;
    loop {
        let message = peer.receive().await;
        assert!(message.status > 0, "no INVITE before the ACK: {}", message.text);
        if message.field("CSeq").unwrap().ends_with("OPTIONS") {
            break;
        }
    }
    peer.sequence -= 1;
    peer.ack().await;
    assert_eq!(record(&peer.next_request("INVITE").await), ["on"]);
}

#[tokio::test]
async fn a_wish_is_passed_on_once_and_the_answer_says_what_became_of_it() {
    let (_server, house, node) = server().await;
    house.becomes(State::Recording);
    let mut peer = phone(node).await;
    let wishes = || {
        let log = house.log();
        let wishes = log.iter().filter_map(|a| if let Asked::Prefer(wish) = a { Some(*wish) } else { None });
        wishes.collect::<Vec<_>>()
    };
    let off = one_line() + "a=recordpref:off\r\n";
    let answer = peer.ask("INVITE", AWARE, &off).await;
    assert_eq!((record(&answer), wishes()), (vec!["off"], vec![RecordPreference::Off]), "before the first packet can come");
    peer.ask("UPDATE", AWARE, &off).await;
    assert_eq!(wishes().len(), 1, "a wish repeated is the same wish");
    let on = one_line().replace("t=0 0\r\n", "t=0 0\r\na=recordpref:on\r\n");
    let answer = peer.ask("UPDATE", AWARE, &on).await;
    assert_eq!((record(&answer), wishes()), (vec!["on"], vec![RecordPreference::Off, RecordPreference::On]));
    // In an answer it counts as well.
    house.becomes(State::Paused);
    let told = peer.next_request("INVITE").await;
    peer.answer(&told, "200 OK", &(sendonly() + "a=recordpref:pause\r\n")).await;
    assert_eq!(record(&peer.next_request("INVITE").await), ["off"]);
    assert_eq!(wishes().last(), Some(&RecordPreference::Pause));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_leaves_the_call_as_it_was() {
    let (_server, house, node) = server().await;
    let mut peer = phone(node).await;
    peer.ask("INVITE", AWARE, &one_line()).await;
    let nonsense = [
        "",
        "m=audio\r\n",
        "\u{1}\u{2}",
        "v=0\r\nm=audio 0 RTP/AVP 0\r\n",
        "v=0\r\nm=video 9 RTP/AVP 31\r\nm=audio 9 X 0\r\na=recordpref:perhaps\r\n",
    ];
    for (turn, body) in nonsense.into_iter().enumerate() {
        house.becomes(if turn % 2 == 0 { State::Recording } else { State::Paused });
        let told = peer.next_request("INVITE").await;
        assert_eq!(record(&told), [if turn % 2 == 0 { "on" } else { "paused" }], "after {turn}");
        peer.answer(&told, "200 OK", body).await;
        peer.next_request("ACK").await;
    }
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 200);
    assert!(!house.log().iter().any(|a| matches!(a, Asked::Mute { .. } | Asked::Change { .. } | Asked::Prefer(_) | Asked::End)));
}
