use ferric::model::role::Role;

use crate::house::{server, until};
use crate::peer::{Peer, ann_and_bob, metadata, multipart, one_line, two_lines};

fn with_metadata(xml: &str) -> (String, String) {
    multipart(&two_lines("sendonly"), xml)
}

#[tokio::test]
async fn each_fault_has_its_status_and_says_what_and_where() {
    let (server, house, node) = server().await;
    let sdp = "application/sdp";
    let g729 = one_line().replace("RTP/AVP 0", "RTP/AVP 18");
    let savp = one_line().replace("RTP/AVP", "RTP/SAVP");
    let bad_port = one_line().replace("40000", "x");
    let (multipart_type, unclosed) = with_metadata("<recording><a></recording>");
    let (_, other_root) = with_metadata("<html/>");
    let cases: [(&str, &str, &str, u16, &str); 9] = [
        (sdp, &g729, "", 488, "m-line 1: none of its codecs is PCMU, PCMA or Opus"),
        (sdp, &savp, "", 488, "m-line 1: its transport is not plain RTP"),
        (sdp, "v=0\r\ns=-\r\nt=0 0\r\n", "", 488, "the offer has no m-line"),
        (sdp, &bad_port, "", 400, "SDP line 6: the port of an m-line is not a number"),
        (sdp, "hello", "", 400, "SDP line 1: not of the form"),
        ("application/pidf+xml", "<x/>", "", 415, "a body of this type"),
        ("multipart/mixed;boundary=nowhere", "nothing", "", 400, "boundary"),
        (&multipart_type, &unclosed, "", 400, "recording metadata line 1 column"),
        (&multipart_type, &other_root, "", 400, "the root element is not `recording`"),
    ];
    for (content_type, body, fields, status, words) in cases {
        let mut peer = Peer::to(node).await;
        let fields = format!("Content-Type: {content_type}\r\n{fields}");
        let answer = peer.ask("INVITE", &fields, body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.warning().contains(words), "{words}: {}", answer.text);
    }
    let mut peer = Peer::to(node).await;
    let answer = peer.ask("INVITE", "Supported: siprec\r\n", "").await;
    assert_eq!(answer.status, 488, "{}", answer.text);
    assert_eq!(house.sessions(), 0);
    until("nothing is left of them", || server.live_calls() == 0).await;
}

#[tokio::test]
async fn an_unknown_project_is_not_found_and_a_busy_node_says_when_to_come_back() {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.user = "nowhere".to_owned();
    let answer = peer.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!(answer.status, 404);
    assert!(answer.warning().contains("no project"), "{}", answer.text);
    let mut peer = Peer::to(node).await;
    peer.user = "%2B31201234567".to_owned();
    assert_eq!(peer.invite("application/sdp", &two_lines("sendonly")).await.status, 404);
    *house.busy.lock() = true;
    let answer = Peer::to(node).await.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.field("Retry-After"), Some("10"), "{}", answer.text);
}

#[tokio::test]
async fn unknown_extensions_methods_and_dialogs() {
    let (_server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let answer = peer.ask("INVITE", "Content-Type: application/sdp\r\nRequire: siprec, 100rel, foo\r\n", &one_line()).await;
    assert_eq!((answer.status, answer.field("Unsupported")), (420, Some("100rel, foo")));
    let mut peer = Peer::to(node).await;
    assert_eq!(peer.ask("REGISTER", "", "").await.status, 405);
    assert_eq!(peer.ask("SUBSCRIBE", "", "").await.status, 405);
    assert_eq!(peer.ask("BYE", "", "").await.status, 481);
    peer.to = "<sip:srs@node>;tag=never".to_owned();
    assert_eq!(peer.ask("BYE", "", "").await.status, 481);
    assert_eq!(peer.ask("UPDATE", "", "").await.status, 481);
    let answer = peer.ask("INVITE", "Content-Type: application/sdp\r\n", &one_line()).await;
    assert_eq!(answer.status, 481);
    let answer = peer.ask("FROBNICATE", "", "").await;
    assert_eq!(answer.status, 501, "{}", answer.text);
}

#[tokio::test]
async fn a_mixed_stream_is_refused_unless_the_project_treats_everybody_alike() {
    let xml = metadata(
        "complete",
        &[("pa", "Ann", "sip:ann@example.com", &["st1"]), ("pb", "Bob", "sip:bob@example.com", &["st1"])],
        &[("st1", "1")],
    );
    let sdp = format!("{}a=label:1\r\n", one_line());
    let (content_type, body) = multipart(&sdp, &xml);
    let (_server, house, node) = server().await;
    let answer = Peer::to(node).await.invite(&content_type, &body).await;
    assert_eq!(answer.status, 488);
    assert!(answer.warning().contains("mixes several parties"), "{}", answer.text);
    assert_eq!(house.sessions(), 0);

    *house.alike.lock() = true;
    let answer = Peer::to(node).await.invite(&content_type, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(house.joined(), [(Role::Customer, "Ann".to_owned()), (Role::Agent, "Bob".to_owned())]);
    assert_eq!(house.tracks(), [(Some("1".to_owned()), "Ann".to_owned())], "the more restricted party owns the mixture");
}

#[tokio::test]
async fn the_lines_of_other_kinds_are_refused_and_the_rest_is_taken_in_order() {
    let sdp = format!(
        "{}m=video 40004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=label:3\r\nm=audio 0 RTP/AVP 0\r\na=label:4\r\n",
        two_lines("sendonly")
    );
    let (content_type, body) = multipart(&sdp, &ann_and_bob());
    let (_server, house, node) = server().await;
    let answer = Peer::to(node).await.invite(&content_type, &body).await;
    assert_eq!(answer.status, 200);
    let lines: Vec<&str> = answer.body.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(lines.len(), 4, "{}", answer.body);
    assert!(lines[0].starts_with("m=audio ") && !lines[0].starts_with("m=audio 0 ") && lines[0].ends_with("RTP/AVP 0 8 101"));
    assert_eq!((lines[2], lines[3]), ("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 0"));
    let labels: Vec<&str> = answer.body.lines().filter(|l| l.starts_with("a=label")).collect();
    assert_eq!(labels, ["a=label:1", "a=label:2", "a=label:3", "a=label:4"]);
    assert_eq!(house.tracks().len(), 2);
}
