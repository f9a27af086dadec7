//! A stream with several voices in it is a mixture also where it was one party's before: it may be recorded only where all of them have the same gate, and a
//! refusal by any of them closes it.

use std::sync::Arc;

use ferric::model::id::ParticipantId;
use ferric::signalling::sip::SipServer;

use crate::house::{Asked, House, server};
use crate::peer::{Answer, Peer, metadata, multipart, one_line};

const METADATA: &str = "Content-Type: application/rs-metadata+xml\r\n";

type Person<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

const ANN: Person<'static> = ("pa", "Ann", "sip:ann@example.com", &[]);
const BOB: Person<'static> = ("pb", "Bob", "sip:bob@example.com", &[]);
const CYD: Person<'static> = ("pc", "Cyd", "sip:cyd@example.com", &[]);

fn sending(person: Person<'static>) -> Person<'static> {
    (person.0, person.1, person.2, &["st1"])
}

/// A call of one line.
async fn call(alike: bool, people: &[Person<'_>]) -> (SipServer, Arc<House>, Peer) {
    let (server, house, node) = server().await;
    *house.alike.lock() = alike;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&format!("{}a=label:1\r\n", one_line()), &metadata("complete", people, &[("st1", "1")]));
    assert_eq!(peer.invite(&content_type, &body).await.status, 200);
    assert_eq!(house.tracks().len(), 1);
    (server, house, peer)
}

/// Who is in is told without an offer; what became of the line is seen in the answer to one.
async fn update(peer: &mut Peer, people: &[Person<'_>]) -> u16 {
    let told = metadata("complete", people, &[("st1", "1")]);
    let answer: Answer = peer.ask("UPDATE", METADATA, &told).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = peer.invite("application/sdp", &format!("{}a=label:1\r\n", one_line())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.ports()[0]
}

#[tokio::test]
async fn a_newcomer_in_a_stream_of_which_nobody_says_who_sends() {
    let (_server, house, mut peer) = call(true, &[ANN, BOB]).await;
    *house.alike.lock() = false;
    assert_eq!(update(&mut peer, &[ANN, BOB, CYD]).await, 0);
}

#[tokio::test]
async fn the_second_who_is_named_later() {
    let (_server, _house, mut peer) = call(false, &[ANN]).await;
    assert_eq!(update(&mut peer, &[ANN, BOB]).await, 0);
}

#[tokio::test]
async fn where_they_are_treated_alike_it_goes_on_and_is_known_to_carry_both() {
    let (_server, house, mut peer) = call(true, &[sending(ANN)]).await;
    let named = |house: &House, id: &ParticipantId| {
        house.log().into_iter().find_map(|asked| match asked {
            Asked::Join { who, name, .. } if who == *id => Some(name),
            _ => None,
        })
    };
    let shared = |house: &House| -> Vec<Option<String>> {
        let log = house.log();
        log.iter().filter_map(|asked| if let Asked::SharesVoice(who) = asked { Some(named(house, who)) } else { None }).collect()
    };
    assert_eq!(shared(&house), []);
    assert!(update(&mut peer, &[sending(ANN), sending(BOB)]).await > 0);
    assert_eq!((shared(&house), house.tracks().len()), (vec![Some("Ann".to_owned())], 1), "the line stays Ann's and carries Bob too");
}

#[tokio::test]
async fn a_sender_who_is_silent_just_now_keeps_the_line() {
    let (_server, house, mut peer) = call(false, &[sending(ANN), BOB]).await;
    assert!(update(&mut peer, &[ANN, BOB]).await > 0);
    assert_eq!(house.tracks().len(), 1);
}
