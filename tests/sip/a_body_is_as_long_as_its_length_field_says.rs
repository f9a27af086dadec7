use crate::house::server;
use crate::peer::{Answer, Peer, ann_and_bob, multipart, one_line, two_lines};

/// The answer to an INVITE over UDP with other fields in place of Content-Length and something after the body.
async fn answer_to(fields: &str, content_type: &str, body: &str, after: &str) -> Answer {
    let (_server, house, node) = server().await;
    let mut peer = Peer::to(node).await;
    peer.sequence = 1;
    let invite = peer.request("INVITE", "z9hG4bKlength", &format!("Content-Type: {content_type}\r\n"), body);
    let (head, _) = invite.split_once("Content-Length: ").unwrap();
    peer.send(&format!("{head}{fields}\r\n{body}{after}")).await;
    let answer = peer.answer_to("INVITE").await;
    assert_eq!(house.sessions(), usize::from(answer.status == 200), "{}", answer.text);
    answer
}

#[tokio::test]
async fn without_the_field_it_is_all_that_came() {
    assert_eq!(answer_to("", "application/sdp", &two_lines("sendonly"), "").await.body.matches("m=audio").count(), 2);
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    assert_eq!(answer_to("", &content_type, &body, "").await.body.matches("a=label:").count(), 2);
}

#[tokio::test]
async fn the_field_is_known_however_it_is_written() {
    let length = one_line().len();
    for field in [format!("l: {length}"), format!("CONTENT-LENGTH \t:{length}"), format!("content-length:\r\n  {length}")] {
        let answer = answer_to(&format!("{field}\r\n"), "application/sdp", &one_line(), "m=audio 40002 RTP/AVP 0\r\n").await;
        assert_eq!((answer.status, answer.body.matches("m=audio").count()), (200, 1), "{field:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_came_beyond_it_is_cut_off() {
    let answer = answer_to(&format!("Content-Length: {}\r\n", one_line().len()), "application/sdp", &one_line(), "no SDP at all").await;
    assert_eq!((answer.status, answer.body.matches("m=audio").count()), (200, 1), "{}", answer.text);
}

#[tokio::test]
async fn a_length_that_is_none_or_more_than_came_is_refused() {
    let more = (one_line().len() + 1).to_string();
    for length in ["-5", "+5", "ten", "", "5, 5", "99999999999999999999999", "5\r\nl: 6", &more] {
        let answer = answer_to(&format!("Content-Length: {length}\r\n"), "application/sdp", &one_line(), "").await;
        assert_eq!(answer.status, 400, "{length:?}: {}", answer.text);
        assert!(answer.warning().contains("not well-formed"), "{}", answer.text);
    }
}
