use ferric::model::role::Role;

use crate::house::{Asked, server, until};
use crate::peer::{Peer, one_line};

#[tokio::test]
async fn without_a_session_it_begins_one_and_ends_it() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let answer = peer.ask("INVITE", "Content-Type: application/sdp\r\n", &one_line()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("a=recvonly"), "{}", answer.body);
    assert!(!answer.field("Contact").unwrap().contains("srs"));
    assert_eq!(house.joined(), [(Role::Customer, "Sender".to_owned())]);
    // A phone that puts us on hold plays music to us.
    let held = one_line() + "a=sendonly\r\n";
    peer.ask("INVITE", "Content-Type: application/sdp\r\n", &held).await;
    assert!(house.log().iter().any(|a| matches!(a, Asked::Mute { muted: true, .. })));
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    until("the session has ended", || house.ended() == 1 && server.live_calls() == 0).await;
}

#[tokio::test]
async fn with_a_session_it_is_a_leg_of_it_and_only_leaves() {
    let (server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let fields = "Content-Type: application/sdp\r\nX-Ferric-Session: abc123\r\nX-Ferric-Role: agent\r\n";
    assert_eq!(peer.ask("INVITE", fields, &one_line()).await.status, 200);
    assert_eq!(house.joined(), [(Role::Agent, "Sender".to_owned())]);
    assert!(house.asked.lock().iter().all(|(session, _)| session.as_str() == "abc123"));
    peer.ask("BYE", "", "").await;
    until("the leg has left", || server.live_calls() == 0).await;
    assert!(matches!(house.log().last(), Some(Asked::Leave(_))));
    assert_eq!((house.sessions(), house.ended()), (0, 0));
}

#[tokio::test]
async fn a_session_or_role_that_is_none_is_refused() {
    let (_server, house, node) = server().await;
    for (fields, status) in [("X-Ferric-Session: unknown\r\n", 404), ("X-Ferric-Session: ../x\r\n", 400), ("X-Ferric-Role: boss\r\n", 400)]
    {
        let fields = format!("Content-Type: application/sdp\r\n{fields}");
        let mut peer = Peer::to(node).await;
        peer.contact = format!("<sip:phone@{}>", peer.local);
        assert_eq!(peer.ask("INVITE", &fields, &one_line()).await.status, status, "{fields}");
    }
    assert_eq!(house.sessions(), 0);
}

#[tokio::test]
async fn who_calls_is_known_by_the_asserted_identity() {
    let (_server, house, node) = server().await;
    house.agents.lock().insert("sip:ada@example.com".to_owned(), "ada".to_owned());
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:phone@{}>", peer.local);
    let fields = "Content-Type: application/sdp\r\nP-Asserted-Identity: \"Ada\" <sip:ada@example.com>\r\n";
    peer.ask("INVITE", fields, &one_line()).await;
    let Some(Asked::Join { role, name, agent, .. }) = house.log().into_iter().find(|a| matches!(a, Asked::Join { .. })) else {
        panic!("nobody joined")
    };
    assert_eq!((role, name.as_str(), agent.as_deref()), (Role::Agent, "Ada", Some("ada")));
}

#[tokio::test]
async fn a_telephones_built_in_bridge_says_which_end_it_sends() {
    let (_server, house, node) = server().await;
    for (end, role) in [("x-nearend;x-refci=27", Role::Agent), ("x-farend;x-refci=28", Role::Customer), ("x-refci=29", Role::Customer)] {
        let mut peer = Peer::to(node).await;
        peer.contact = format!("<sip:phone@{}>", peer.local);
        peer.sequence += 1;
        let invite = peer.request("INVITE", "z9hG4bKbridge", "Content-Type: application/sdp\r\n", &one_line());
        peer.send(&invite.replace("<sip:src@example.net>", &format!("<sip:2001@example.net;{end}>"))).await;
        assert_eq!(peer.answer_to("INVITE").await.status, 200);
        assert_eq!(house.joined().last().unwrap().0, role, "{end}");
    }
}
