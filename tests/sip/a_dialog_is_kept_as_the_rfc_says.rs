use std::sync::Arc;
use std::time::Duration;

use crate::house::{server, server_with, until};
use crate::peer::{Peer, ann_and_bob, multipart, one_line, two_lines};

#[tokio::test]
async fn a_repeated_invite_gets_the_same_answer_and_begins_no_second_session() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.sequence = 1;
    let invite = peer.request("INVITE", "z9hG4bKrepeat", "Content-Type: application/sdp\r\n", &two_lines("sendonly"));
    peer.send(&invite).await;
    let first = peer.answer_to("INVITE").await;
    // Without an ACK the 200 comes again by itself and for each copy of the INVITE.
    peer.send(&invite).await;
    peer.send(&invite).await;
    let second = peer.answer_to("INVITE").await;
    assert_eq!((first.status, &first.text, &first.body), (200, &second.text, &second.body));
    peer.to = first.field("To").unwrap().to_owned();
    peer.ack().await;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    assert_eq!((house.sessions(), house.joined().len()), (1, 2));
}

#[tokio::test]
async fn an_invite_that_came_by_two_ways_is_taken_once() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.sequence = 1;
    let fields = "Content-Type: application/sdp\r\n";
    let one = peer.request("INVITE", "z9hG4bKway1", fields, &one_line());
    let other = peer.request("INVITE", "z9hG4bKway2", fields, &one_line());
    peer.send(&one).await;
    assert_eq!(peer.answer_to("INVITE").await.status, 200);
    peer.send(&other).await;
    loop {
        let answer = peer.answer_to("INVITE").await;
        if answer.field("Via").unwrap().contains("way2") {
            assert_eq!(answer.status, 482);
            break;
        }
    }
    assert_eq!(house.sessions(), 1);
}

#[tokio::test]
async fn an_answer_that_is_never_acknowledged_ends_with_bye_after_64_times_t1() {
    let (server, house, node) = server_with(|o| o.t1 = Duration::from_millis(20)).await;
    let mut peer = Peer::to(node).await;
    peer.sequence = 1;
    let invite = peer.request("INVITE", "z9hG4bKnoack", "Content-Type: application/sdp\r\n", &two_lines("sendonly"));
    let begun = std::time::Instant::now();
    peer.send(&invite).await;
    assert_eq!(peer.answer_to("INVITE").await.status, 200);
    let bye = peer.receive_request().await;
    assert!(bye.text.starts_with("BYE "), "{}", bye.text);
    assert!(bye.field("Reason").unwrap().contains("never acknowledged"), "{}", bye.text);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(1270), "{waited:?}");
    assert_eq!(house.ended(), 1);
    peer.agree_to(&bye).await;
    until("the call is gone", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn a_cancelled_invite_is_answered_487_and_leaves_no_session_open() {
    let (server, house, node) = server().await;
    let dawdle = Arc::new(tokio::sync::Notify::new());
    *house.dawdle.lock() = Some(dawdle.clone());
    let mut peer = Peer::to(node).await;
    peer.sequence = 1;
    let fields = "Content-Type: application/sdp\r\n";
    let invite = peer.request("INVITE", "z9hG4bKcancelled", fields, &two_lines("sendonly"));
    peer.send(&invite).await;
    until("the INVITE is being worked on", || server.live_calls() == 1).await;
    let cancel = peer.request("CANCEL", "z9hG4bKcancelled", "", "");
    peer.send(&cancel).await;
    let (mut cancelled, mut terminated) = (0, 0);
    while cancelled == 0 || terminated == 0 {
        let answer = peer.receive().await;
        if answer.field("CSeq") == Some("1 CANCEL") {
            cancelled = answer.status;
        } else {
            terminated = answer.status;
            let to = std::mem::replace(&mut peer.to, answer.field("To").unwrap().to_owned());
            let ack = peer.request("ACK", "z9hG4bKcancelled", "", "");
            peer.send(&ack).await;
            peer.to = to;
        }
    }
    assert_eq!((cancelled, terminated), (200, 487));
    dawdle.notify_one();
    until("what was opened meanwhile is closed", || house.ended() == 1 && server.live_calls() == 0).await;
    assert_eq!(house.sessions(), 1);
}

#[tokio::test]
async fn gaps_in_the_numbering_are_fine_and_going_back_is_not() {
    let (_server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 200);
    peer.sequence += 40;
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 200);
    peer.sequence -= 10;
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 500);
    peer.sequence += 40;
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
}

#[tokio::test]
async fn requests_within_a_call_are_all_answered() {
    let (_server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.invite("application/sdp", &two_lines("sendonly")).await;
    let options = peer.ask("OPTIONS", "", "").await;
    assert_eq!(options.status, 200);
    assert!(options.field("Accept").unwrap().contains("application/rs-metadata+xml"), "{}", options.text);
    assert!(options.field("Supported").unwrap().contains("siprec"));
    assert!(options.field("Allow").unwrap().contains("UPDATE"));
    assert_eq!(peer.ask("INFO", "", "").await.status, 200);
    assert_eq!(peer.ask("INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=1\r\n").await.status, 200);
    assert_eq!(peer.ask("INFO", "Content-Type: application/x-unknown\r\n", "x").await.status, 415);
    assert_eq!(peer.ask("MESSAGE", "Content-Type: text/plain\r\n", "hello").await.status, 405);
    assert_eq!(peer.ask("REFER", "Refer-To: <sip:x@y>\r\n", "").await.status, 405);
    assert_eq!(peer.ask("UPDATE", "", "").await.status, 200);
    assert_eq!(peer.ask("BYE", "", "").await.status, 200);
    assert_eq!(peer.ask("OPTIONS", "", "").await.status, 481);
}

#[tokio::test]
async fn options_outside_a_call_tell_what_the_node_can() {
    let (_server, house, node) = server().await;
    let answer = Peer::to(node).await.ask("OPTIONS", "", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.field("Contact").unwrap().contains("+sip.srs"), "{}", answer.text);
    for (field, word) in [("Accept", "application/sdp"), ("Accept", "rs-metadata+xml"), ("Allow", "INVITE"), ("Supported", "siprec, timer")]
    {
        assert!(answer.field(field).unwrap().contains(word), "{field}: {}", answer.text);
    }
    assert_eq!(house.sessions(), 0);
}

#[tokio::test]
async fn a_session_that_is_not_refreshed_ends() {
    let (_server, house, node) = server_with(|o| o.min_session_expires_s = 1).await;
    let mut peer = Peer::to(node).await;
    let fields = "Content-Type: application/sdp\r\nSupported: timer\r\nSession-Expires: 3;refresher=uac\r\n";
    let answer = peer.ask("INVITE", fields, &two_lines("sendonly")).await;
    assert_eq!(answer.field("Session-Expires"), Some("3;refresher=uac"), "{}", answer.text);
    assert_eq!(answer.field("Require"), Some("timer"));
    let begun = std::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A refresh moves the end; then none comes.
    let refresh = peer.ask("UPDATE", "Supported: timer\r\nSession-Expires: 3;refresher=uac\r\n", "").await;
    assert_eq!((refresh.status, refresh.field("Session-Expires")), (200, Some("3;refresher=uac")));
    let bye = peer.receive_request().await;
    assert!(bye.text.starts_with("BYE ") && bye.field("Reason").unwrap().contains("refresh"), "{}", bye.text);
    assert!(begun.elapsed() >= Duration::from_millis(2900), "{:?}", begun.elapsed());
    peer.agree_to(&bye).await;
    assert_eq!(house.ended(), 1);
}

#[tokio::test]
async fn where_the_peer_wants_it_we_refresh_and_a_peer_that_forgot_the_call_ends_it() {
    let (_server, house, node) = server_with(|o| o.min_session_expires_s = 1).await;
    let mut peer = Peer::to(node).await;
    let fields = "Content-Type: application/sdp\r\nSupported: timer\r\nSession-Expires: 2;refresher=uas\r\n";
    peer.ask("INVITE", fields, &two_lines("sendonly")).await;
    let update = peer.receive_request().await;
    assert!(update.text.starts_with("UPDATE "), "{}", update.text);
    assert!(update.field("Contact").unwrap().contains("+sip.srs"), "{}", update.text);
    peer.agree_to(&update).await;
    let update = peer.receive_request().await;
    assert!(update.text.starts_with("UPDATE "), "{}", update.text);
    let mut refusal = String::from("SIP/2.0 481 Gone\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        refusal.push_str(&format!("{name}: {}\r\n", update.field(name).unwrap()));
    }
    peer.send(&(refusal + "Content-Length: 0\r\n\r\n")).await;
    until("the recording has ended", || house.ended() == 1).await;
}

#[tokio::test]
async fn a_timer_that_is_too_short_is_refused_with_the_shortest() {
    let (_server, _house, node) = server().await;
    let fields = "Content-Type: application/sdp\r\nSupported: timer\r\nSession-Expires: 30\r\n";
    let answer = Peer::to(node).await.ask("INVITE", fields, &one_line()).await;
    assert_eq!((answer.status, answer.field("Min-SE")), (422, Some("90")));
}

#[tokio::test]
async fn a_route_by_proxies_is_kept_and_used() {
    let (server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let local = peer.local;
    peer.contact = "<sip:src@192.0.2.99>;+sip.src".to_owned();
    let fields = format!("Content-Type: application/sdp\r\nRecord-Route: <sip:{local};lr>, <sip:192.0.2.7;lr>\r\n");
    let answer = peer.ask("INVITE", &fields, &one_line()).await;
    assert!(answer.text.contains("Record-Route: <sip:"), "{}", answer.text);
    let ((), bye) = tokio::join!(server.shutdown(Duration::from_secs(2)), async {
        let bye = peer.receive_request().await;
        peer.agree_to(&bye).await;
        bye
    });
    assert!(bye.text.starts_with("BYE sip:src@192.0.2.99 "), "{}", bye.text);
    let routes: Vec<&str> = bye.text.lines().filter(|l| l.starts_with("Route: ")).collect();
    assert_eq!(routes, [format!("Route: <sip:{local};lr>").as_str(), "Route: <sip:192.0.2.7;lr>"]);
}

#[tokio::test]
async fn an_invite_longer_than_8_kib_is_read_whole() {
    let (_server, house, node) = server().await;
    let padding = "<!-- padding -->".repeat(900);
    let xml = ann_and_bob().replace("</recording>", &format!("{padding}</recording>"));
    let (content_type, body) = multipart(&two_lines("sendonly"), &xml);
    assert!(body.len() > 14_000);
    assert_eq!(Peer::to(node).await.invite(&content_type, &body).await.status, 200);
    assert_eq!(house.joined().len(), 2);
}
