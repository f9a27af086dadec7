//! Metadata may tell of one party in several elements: one for each call after a transfer, one for each stream (RFC 7865 §6.6, §6.8). What one of them
//! ends the others do not, and a line that loses its sender would become somebody else's.

use ferric::model::role::Role::{Agent, Customer};
use ferric::signalling::siprec::{Conversation, parse_metadata};

use crate::house::{Asked, House, server};
use crate::peer::{Answer, Peer, ann_and_bob, multipart, two_lines};

const STREAMS: &str = "<stream stream_id=\"st1\"><label>1</label></stream><stream stream_id=\"st2\"><label>2</label></stream>\
    <stream stream_id=\"st3\"><label>3</label></stream>";

fn document(mode: &str, elements: &str) -> String {
    format!("<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>{mode}</datamode>{elements}</recording>")
}

fn person(id: &str, name: &str) -> String {
    format!("<participant participant_id=\"{id}\"><nameID aor=\"sip:{name}@example.com\"><name>{name}</name></nameID></participant>")
}

fn time(over: bool) -> String {
    let name = if over { "disassociate" } else { "associate" };
    format!("<{name}-time>2026-01-01T00:00:00Z</{name}-time>")
}

fn stay(id: &str, session: Option<&str>, over: bool) -> String {
    let session = session.map(|s| format!(" session_id=\"{s}\"")).unwrap_or_default();
    format!("<participantsessionassoc participant_id=\"{id}\"{session}>{}</participantsessionassoc>", time(over))
}

fn streams(id: &str, inner: &str, over: bool) -> String {
    format!("<participantstreamassoc participant_id=\"{id}\">{inner}{}</participantstreamassoc>", time(over))
}

fn after(documents: &[String]) -> Conversation {
    let mut conversation = Conversation::default();
    documents.iter().for_each(|xml| conversation.apply(&parse_metadata(xml.as_bytes()).unwrap()));
    conversation
}

fn is_in(stays: &str) -> bool {
    after(&[document("complete", &format!("{}{stays}", person("pa", "ann")))]).present().count() == 1
}

#[test]
fn who_left_one_call_and_is_in_another_is_there() {
    let (one, two) = (Some("one"), Some("two"));
    assert!(is_in(&(stay("pa", one, true) + &stay("pa", two, false))));
    assert!(is_in(&(stay("pa", two, false) + &stay("pa", one, true))));
    assert!(is_in(&(stay("pa", one, true) + &stay("pa", one, false))), "came back");
    assert!(!is_in(&(stay("pa", one, true) + &stay("pa", two, true))));
    assert!(!is_in(&(stay("pa", one, false) + &stay("pa", one, true))));
}

#[test]
fn an_end_that_may_be_any_calls_is_that_of_all() {
    let (one, two) = (Some("one"), Some("two"));
    assert!(!is_in(&(stay("pa", one, false) + &stay("pa", two, false) + &stay("pa", None, true))));
    assert!(!is_in(&(stay("pa", None, false) + &stay("pa", one, true))));
    let element = format!("<participant id=\"pb\" session=\"one\"/>{}", stay("pb", one, true));
    assert_eq!(after(&[document("complete", &element)]).present().count(), 0, "an attribute of old drafts");
    let reverse = format!("{}<participant id=\"pb\" session=\"one\"/>", stay("pb", one, true));
    assert_eq!(after(&[document("complete", &reverse)]).present().count(), 0);
    let left = format!("<participant id=\"pb\">{}</participant>{}", time(true), stay("pb", one, false));
    assert_eq!(after(&[document("complete", &left)]).present().count(), 0, "the participant itself");
}

fn sends(documents: &[String]) -> String {
    let conversation = after(documents);
    ["1", "2", "3"].into_iter().filter(|label| conversation.senders_of(label).any(|p| p.id == "pa")).collect()
}

fn first(associations: &str) -> String {
    document("complete", &format!("{}{STREAMS}{associations}", person("pa", "ann")))
}

#[test]
fn what_one_document_says_of_streams_counts_together() {
    assert_eq!(sends(&[first(&(streams("pa", "<send>st1</send>", false) + &streams("pa", "<send>st2</send>", false)))]), "12");
    assert_eq!(sends(&[first(&(streams("pa", "<send>st1</send>", false) + &streams("pa", "<recv>st2</recv>", false)))]), "1");
    let both = first(&streams("pa", "<send>st1</send><send>st2</send>", false));
    let next = |associations: &str| document("partial", associations);
    assert_eq!(sends(&[both.clone(), next(&streams("pa", "<send>st3</send>", false))]), "3", "another document's are of before");
    let two = streams("pa", "<send>st2</send>", false) + &streams("pa", "<send>st3</send>", false);
    assert_eq!(sends(&[both.clone(), next(&two)]), "23");
    assert_eq!(sends(&[both, next(&streams("pb", "<send>st3</send>", false))]), "12", "somebody else's");
}

#[test]
fn what_is_over_ends_the_streams_that_it_names() {
    let both = first(&streams("pa", "<send>st1</send><send>st2</send>", false));
    let over = |inner: &str| document("partial", &streams("pa", inner, true));
    assert_eq!(sends(&[both.clone(), over("<send>st1</send>")]), "2");
    assert_eq!(sends(&[both.clone(), over("<recv>st2</recv>")]), "12", "who no more receives sends as before");
    assert_eq!(sends(&[both.clone(), over("")]), "");
    assert_eq!(sends(&[first(&(streams("pa", "<send>st1</send>", true) + &streams("pa", "<send>st1</send>", false)))]), "1");
    let moved = streams("pa", "<send>st1</send>", true) + &streams("pa", "<send>st3</send>", false);
    assert_eq!(sends(&[both, document("partial", &moved)]), "3");
}

fn leaves(house: &House) -> usize {
    house.log().iter().filter(|a| matches!(a, Asked::Leave(_))).count()
}

fn is_open(answer: &Answer) -> bool {
    answer.status == 200 && !answer.body.contains("m=audio 0 ")
}

#[tokio::test]
async fn a_transferred_party_keeps_its_line() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    let snapshot = [
        person("pa", "Ann"),
        person("pb", "Bob"),
        stay("pa", Some("s"), true),
        stay("pa", Some("after"), false),
        stay("pb", Some("after"), false),
        STREAMS.to_owned(),
        streams("pa", "<send>st1</send>", false),
        streams("pa", "<recv>st2</recv>", false),
        streams("pb", "<send>st2</send>", false),
    ];
    let (content_type, body) = multipart(&two_lines("sendonly"), &document("complete", &snapshot.concat()));
    let answer = peer.invite(&content_type, &body).await;
    assert!(is_open(&answer), "{}", answer.text);
    assert_eq!((house.joined().len(), house.tracks().len(), leaves(&house)), (2, 2, 0), "{:?}", house.log());
}

#[tokio::test]
async fn an_element_for_each_stream_swaps_no_sides() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    // Bob sends on the first line: by order alone it would be Ann's.
    let told = [
        person("pa", "Ann"),
        person("pb", "Bob"),
        stay("pa", Some("s"), false),
        stay("pb", Some("s"), false),
        STREAMS.to_owned(),
        streams("pa", "<send>st2</send>", false),
        streams("pa", "<recv>st1</recv>", false),
        streams("pb", "<send>st1</send>", false),
        streams("pb", "<recv>st2</recv>", false),
    ];
    let (content_type, body) = multipart(&two_lines("sendonly"), &document("complete", &told.concat()));
    assert!(is_open(&peer.invite(&content_type, &body).await));
    assert_eq!(house.joined(), [(Customer, "Bob".to_owned()), (Agent, "Ann".to_owned())]);
    let mut tracks = house.tracks();
    tracks.sort();
    assert_eq!(tracks, [(Some("1".to_owned()), "Bob".to_owned()), (Some("2".to_owned()), "Ann".to_owned())]);
}
