use ferric::signalling::sdp::{self, AnswerHeader, write_answer};
use ferric::signalling::sip::{Frame, Framer};
use ferric::signalling::siprec::{ContentType, parse_metadata, read_body, split_multipart};
use proptest::prelude::*;

use crate::house::server;
use crate::peer::{Peer, ann_and_bob, multipart, two_lines};

/// A valid text with a few places cut, doubled or overwritten.
fn damaged(text: String) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..4, 0usize..30), 0..12).prop_map(move |cuts| {
        let mut bytes = text.clone().into_bytes();
        for (at, byte, kind, length) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

fn try_sdp(bytes: &[u8]) {
    let Ok(description) = sdp::parse(bytes) else { return };
    for media in &description.media {
        if let Ok(stream) = sdp::read_stream(&description, media) {
            assert!(!stream.formats.is_empty());
        }
    }
    let header = AnswerHeader { session_id: 1, version: 1, address: [127, 0, 0, 1].into() };
    let answer = write_answer(&description, &[], header);
    let again = sdp::parse(answer.as_bytes()).expect("our own answer is readable");
    assert_eq!(again.media.len(), description.media.len(), "an answer has a line for each line");
}

/// The frames of a stream that comes in pieces of a length.
fn framed(bytes: &[u8], piece: usize) -> Vec<Frame> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece) {
        framer.push(piece);
        frames.extend(std::iter::from_fn(|| framer.take()));
    }
    frames
}

/// Requests with and without a body, and what keeps a connection open.
fn requests() -> String {
    let one = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n\r\n";
    let two = "INFO sip:a@b SIP/2.0\r\nc: text/plain\r\nContent-Length:\r\n 6\r\n\r\na\r\n\r\nb";
    format!("{one}\r\n\r\n{two}\r\n{one}{two}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn sdp_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        try_sdp(&bytes);
    }

    #[test]
    fn sdp_that_was_damaged(bytes in damaged(two_lines("sendonly"))) {
        try_sdp(&bytes);
    }

    #[test]
    fn a_stream_of_any_bytes(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n')], 0..400), piece in 1usize..9) {
        prop_assert_eq!(framed(&bytes, piece), framed(&bytes, 400));
    }

    #[test]
    fn a_stream_that_was_damaged(bytes in damaged(requests()), piece in 1usize..40) {
        prop_assert_eq!(framed(&bytes, piece), framed(&bytes, 4000));
    }

    #[test]
    fn a_multipart_body_of_any_bytes(boundary in ".{0,20}", bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = split_multipart(Some(&boundary), &bytes);
        let _ = split_multipart(None, &bytes);
        let _ = ContentType::parse(&boundary);
    }

    #[test]
    fn a_multipart_body_that_was_damaged(bytes in damaged(multipart(&two_lines("sendonly"), &ann_and_bob()).1)) {
        if let Ok(bodies) = read_body(Some("multipart/mixed;boundary=unique-boundary-1"), &bytes) {
            bodies.sdp.iter().for_each(|sdp| try_sdp(sdp));
            bodies.metadata.iter().for_each(|xml| drop(parse_metadata(xml)));
        }
    }

    #[test]
    fn metadata_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_metadata(&bytes);
    }

    #[test]
    fn metadata_that_was_damaged(bytes in damaged(ann_and_bob())) {
        let _ = parse_metadata(&bytes);
    }
}

#[tokio::test]
async fn a_node_that_is_sent_rubbish_still_answers() {
    let (_server, _house, node) = server().await;
    let mut peer = Peer::to(node).await;
    let (content_type, body) = multipart(&two_lines("sendonly"), &ann_and_bob());
    let good = peer.request("INVITE", "z9hG4bKx", &format!("Content-Type: {content_type}\r\n"), &body);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = damaged(good);
    for _ in 0..600 {
        let bytes = proptest::strategy::Strategy::new_tree(&strategy, &mut runner).unwrap();
        let bytes = proptest::strategy::ValueTree::current(&bytes);
        let _ = peer.socket.send_to(&bytes[..bytes.len().min(65_000)], node).await;
    }
    let mut other = Peer::to(node).await;
    let answer = other.ask("OPTIONS", "", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(other.invite(&content_type, &body).await.status, 200);
    assert_eq!(other.ask("BYE", "", "").await.status, 200);
}
