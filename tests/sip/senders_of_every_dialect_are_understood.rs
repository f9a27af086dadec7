//! One INVITE in the manner of each sender (telephony.md), written anew after their documentation and traces; names and numbers are made up.

use ferric::model::role::Role;
use ferric::model::role::Role::{Agent, Customer, ThirdParty};

use crate::house::{Asked, server};
use crate::peer::{Peer, two_lines};

struct Sent<'a> {
    contact: &'a str,
    fields: &'a str,
    content_type: &'a str,
    body: String,
}

struct Understood {
    joined: Vec<(Role, String)>,
    tracks: Vec<(Option<String>, String)>,
    addresses: Vec<String>,
    sdp: String,
    peer: Peer,
    house: std::sync::Arc<crate::house::House>,
    _server: ferric::signalling::sip::SipServer,
}

async fn understood(sent: Sent<'_>, alike: bool) -> Understood {
    let (server, house, node) = server().await;
    *house.alike.lock() = alike;
    let mut peer = Peer::to(node).await;
    peer.contact = format!("<sip:src@{}>{}", peer.local, sent.contact);
    let fields = format!("{}Content-Type: {}\r\n", sent.fields, sent.content_type);
    let answer = peer.ask("INVITE", &fields, &sent.body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let addresses = house
        .log()
        .iter()
        .filter_map(|a| match a {
            Asked::Join { address, .. } => Some(address.clone()),
            _ => None,
        })
        .collect();
    Understood { joined: house.joined(), tracks: house.tracks(), addresses, sdp: answer.body, peer, house, _server: server }
}

fn names(list: &[(Role, &str)]) -> Vec<(Role, String)> {
    list.iter().map(|(r, n)| (*r, (*n).to_owned())).collect()
}

fn tracks(list: &[(&str, &str)]) -> Vec<(Option<String>, String)> {
    list.iter().map(|(l, n)| (Some((*l).to_owned()), (*n).to_owned())).collect()
}

fn parts(boundary: &str, sdp: &str, metadata_type: &str, xml: &str) -> String {
    format!(
        "--{boundary}\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--{boundary}\r\nContent-Type: {metadata_type}\r\n\
         Content-Disposition: recording-session\r\n\r\n{xml}\r\n--{boundary}--"
    )
}

#[tokio::test]
async fn opensips() {
    let sdp = "v=0\r\no=- 5 5 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
               m=audio 35010 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=label:1\r\na=sendonly\r\n\
               m=audio 35012 RTP/AVP 8 0 101\r\na=label:2\r\na=sendonly\r\n";
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns='urn:ietf:params:xml:ns:recording:1'>
	<datamode>complete</datamode>
	<session session_id="b1A="><sipSessionID>77-88</sipSessionID></session>
	<participant participant_id="cDE="><nameID aor="sip:eve@example.com"></nameID></participant>
	<participant participant_id="cDI="><nameID aor="sip:fay@example.com"></nameID></participant>
	<stream stream_id="czE=" session_id="b1A="><label>1</label></stream>
	<stream stream_id="czI=" session_id="b1A="><label>2</label></stream>
	<sessionrecordingassoc session_id="b1A="><associate-time>2026-01-01T10:00:00Z</associate-time></sessionrecordingassoc>
	<participantsessionassoc participant_id="cDE=" session_id="b1A="><associate-time>2026-01-01T10:00:00Z</associate-time></participantsessionassoc>
	<participantsessionassoc participant_id="cDI=" session_id="b1A="><associate-time>2026-01-01T10:00:00Z</associate-time></participantsessionassoc>
	<participantstreamassoc participant_id="cDE="><send>czE=</send><recv>czI=</recv></participantstreamassoc>
	<participantstreamassoc participant_id="cDI="><send>czI=</send><recv>czE=</recv></participantstreamassoc>
</recording>"#;
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Require: siprec\r\nUser-Agent: OpenSIPS\r\n",
        content_type: "multipart/mixed;boundary=OSS-unique-boundary-42",
        body: parts("OSS-unique-boundary-42", sdp, "application/rs-metadata+xml", xml),
    };
    let got = understood(sent, false).await;
    assert_eq!(got.addresses, ["sip:eve@example.com", "sip:fay@example.com"]);
    assert_eq!(got.joined.iter().map(|j| j.0).collect::<Vec<_>>(), [Customer, Agent]);
    assert!(got.sdp.contains("a=ptime:20") && got.sdp.contains("a=label:2"), "{}", got.sdp);
    // No address of theirs is known, as 0.0.0.0 is none, and it is no hold either.
    assert!(got.house.log().iter().all(|a| !matches!(a, Asked::Mute { .. })));
    assert!(got.house.log().iter().all(|a| !matches!(a, Asked::Rtp { offer, .. } if offer.remote_rtp.is_some())));
}

#[tokio::test]
async fn cisco_cube_with_a_third_part_and_an_inactive_first_offer() {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
<datamode>complete</datamode>
<session session_id="oV3Jz/I4EeuABIuOo3Q8DQ=="><sipSessionID>6d0e0ebd5b9d5cbc84e9c1e0d2d5b6a1;remote=00</sipSessionID><start-time>2026-01-01T10:00:00.1Z</start-time></session>
<participant participant_id="p1Jz/w=="><nameID aor="sip:+15550100@192.0.2.5"><name xml:lang="en">Gus</name></nameID></participant>
<participantsessionassoc participant_id="p1Jz/w==" session_id="oV3Jz/I4EeuABIuOo3Q8DQ=="><associate-time>2026-01-01T10:00:00.1Z</associate-time></participantsessionassoc>
<stream stream_id="s1Jz/w==" session_id="oV3Jz/I4EeuABIuOo3Q8DQ=="><label>1</label></stream>
<participant participant_id="p2Jz/w=="><nameID aor="sip:2001@192.0.2.6"><name xml:lang="en">Hal</name></nameID></participant>
<participantsessionassoc participant_id="p2Jz/w==" session_id="oV3Jz/I4EeuABIuOo3Q8DQ=="></participantsessionassoc>
<stream stream_id="s2Jz/w==" session_id="oV3Jz/I4EeuABIuOo3Q8DQ=="><label>2</label></stream>
<participantstreamassoc participant_id="p1Jz/w=="><send>s1Jz/w==</send><recv>s2Jz/w==</recv></participantstreamassoc>
<participantstreamassoc participant_id="p2Jz/w=="><send>s2Jz/w==</send><recv>s1Jz/w==</recv></participantstreamassoc>
</recording>"#;
    let body = format!(
        "--uniqueBoundary\r\nContent-Type: application/sdp\r\nContent-Disposition: session;handling=required\r\n\r\n{}\r\n\
         --uniqueBoundary\r\nContent-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n{xml}\r\n\
         --uniqueBoundary\r\nContent-Type: application/gtd\r\nContent-Disposition: signal;handling=optional\r\n\r\nIAM,\r\nPRN,isdn*,,ETSI ,\r\n\
         --uniqueBoundary--\r\n",
        two_lines("inactive")
    );
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Require: siprec\r\nCisco-Guid: 1111111111-2222222222-0333333333-4444444444\r\nSession-ID: 6d0e;remote=00\r\n\
                 Mime-Version: 1.0\r\nSupported: timer,resource-priority,replaces,sdp-anat\r\nMin-SE: 1800\r\n",
        content_type: "multipart/mixed;boundary=uniqueBoundary",
        body,
    };
    let mut got = understood(sent, false).await;
    assert_eq!(got.joined, names(&[(Customer, "Gus"), (Agent, "Hal")]));
    assert_eq!(got.tracks, tracks(&[("1", "Gus"), ("2", "Hal")]));
    assert_eq!(got.sdp.matches("a=inactive").count(), 2, "{}", got.sdp);
    let Asked::Open(metadata) = &got.house.log()[0] else { panic!() };
    assert_eq!(metadata["call_id"], "1111111111-2222222222-0333333333-4444444444");
    let answer = got.peer.invite("application/sdp", &two_lines("sendonly")).await;
    assert_eq!(answer.body.matches("a=recvonly").count(), 2);
}

#[tokio::test]
async fn cisco_cube_network_based_recording_without_any_metadata() {
    let sent = Sent { contact: "", fields: "Cisco-Guid: 9-9-9-9\r\n", content_type: "application/sdp", body: two_lines("sendonly") };
    let got = understood(sent, false).await;
    assert_eq!(got.joined, names(&[(Customer, ""), (Agent, "")]));
    assert_eq!(got.tracks, tracks(&[("1", ""), ("2", "")]));
}

#[tokio::test]
async fn broadworks_with_the_old_draft_one_mixed_line_and_a_newcomer_by_update() {
    let sdp = "v=0\r\no=BroadWorks 1 1 IN IP4 192.0.2.8\r\ns=-\r\nc=IN IP4 192.0.2.8\r\nt=0 0\r\n\
               m=audio 20000 RTP/AVP 111 0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=label:1\r\na=sendonly\r\n";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
                <recording_metadata xmlns=\"urn:ietf:params:xml:ns:recording\" xmlns:ext=\"urn:example:ext\"><dataMode>complete</dataMode>";
    let person = |n: u8, name: &str| {
        format!(
            "<participant id=\"urn:uuid:0000000{n}\" session=\"urn:uuid:99\"><aor>sip:{name}@example.com</aor><name>{name}</name>\
             <send>urn:uuid:77</send></participant>"
        )
    };
    let tail = "<session id=\"urn:uuid:99\"><ext:extTrackingID>tr:5</ext:extTrackingID></session>\
                <stream id=\"urn:uuid:77\" session=\"urn:uuid:99\"><label>1</label><mode>mixed</mode></stream></recording_metadata>";
    let xml = format!("{head}{}{}{tail}", person(1, "ida"), person(2, "jo"));
    let sent = Sent {
        contact: ";src",
        fields: "",
        content_type: "multipart/mixed; boundary=UniqueBroadWorksBoundary",
        body: parts("UniqueBroadWorksBoundary", sdp, "application/rs-metadata+xml", &xml),
    };
    let mut got = understood(sent, true).await;
    assert_eq!(got.joined, names(&[(Customer, "ida"), (Agent, "jo")]));
    assert_eq!(got.tracks, tracks(&[("1", "ida")]));
    assert!(got.sdp.contains("a=rtpmap:111 opus/48000/2"), "{}", got.sdp);
    let Asked::Open(metadata) = &got.house.log()[0] else { panic!() };
    assert_eq!(metadata["siprec_exttrackingid"], "tr:5");
    // The newcomer's voice is in the mixture: where that may not be, the line is received no more.
    *got.house.alike.lock() = false;
    let update = format!("{head}{}{}{}{tail}", person(1, "ida"), person(2, "jo"), person(3, "kim"));
    let answer = got.peer.ask("UPDATE", "Content-Type: application/rs-metadata+xml\r\n", &update).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let log = got.house.log();
    let left = log.iter().position(|a| matches!(a, Asked::Leave(_))).expect("the line is withdrawn");
    assert!(log[left..].iter().any(|a| matches!(a, Asked::Join { name, role: Customer, .. } if name == "ida")), "{log:?}");
    assert!(log.iter().any(|a| matches!(a, Asked::Join { name, role: ThirdParty, .. } if name == "kim")));
    assert!(!log[left..].iter().any(|a| matches!(a, Asked::Rtp { .. })));
}

#[tokio::test]
async fn oracle_with_numeric_labels_and_the_namespace_without_a_number() {
    let sdp = two_lines("sendonly").replace("label:1", "label:16777227").replace("label:2", "label:16777228");
    let xml = r#"<?xml version='1.0' encoding='UTF-8'?>
<recording xmlns='urn:ietf:params:xml:ns:recording'>
  <dataMode>complete</dataMode>
  <session id="BYiC7uSZEGN3VQdD6fvT9g=="><associate-time>2026-01-01T10:00:00</associate-time></session>
  <participant id="U6jM7BIgRN2=" session="BYiC7uSZEGN3VQdD6fvT9g==">
    <nameID aor="sip:+15550101@192.0.2.2"><name>lee</name></nameID>
    <send>sT1=</send>
    <associate-time>2026-01-01T10:00:00</associate-time>
    <extensiondata xmlns:apkt="http://acmepacket.com/siprec/extensiondata"><apkt:callingParty>true</apkt:callingParty></extensiondata>
  </participant>
  <participant id="U6jM7BIgRN3=" session="BYiC7uSZEGN3VQdD6fvT9g==">
    <nameID aor="sip:+15550102@192.0.2.3"><name>mia</name></nameID>
    <send>sT2=</send>
  </participant>
  <stream id="sT1=" session="BYiC7uSZEGN3VQdD6fvT9g=="><label>16777227</label><mode>separate</mode></stream>
  <stream id="sT2=" session="BYiC7uSZEGN3VQdD6fvT9g=="><label>16777228</label><mode>separate</mode></stream>
</recording>"#;
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Require: siprec\r\n",
        content_type: "multipart/mixed; boundary=unique-boundary-1",
        body: parts("unique-boundary-1", &sdp, "application/rs-metadata+xml", xml),
    };
    let got = understood(sent, false).await;
    assert_eq!(got.joined, names(&[(Customer, "lee"), (Agent, "mia")]));
    assert_eq!(got.tracks, tracks(&[("16777227", "lee"), ("16777228", "mia")]));
}

#[tokio::test]
async fn ribbon_with_an_undeclared_prefix_escaped_html_and_addresses_without_a_scheme() {
    let sdp = "v=0\r\no=Sonus_UAC 1 1 IN IP4 192.0.2.20\r\ns=SIP Media Capabilities\r\nt=0 0\r\n\
               m=audio 1026 RTP/AVP 0\r\nc=IN IP4 192.0.2.21\r\na=label:1\r\na=sendonly\r\na=rtcp:1027\r\n\
               m=audio 1028 RTP/AVP 0\r\nc=IN IP4 192.0.2.22\r\na=label:2\r\na=sendonly\r\n";
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <tns:recording><tns:datamode>complete</tns:datamode>\
        <tns:session session_id=\"x1\"><tns:start-time>1970-01-01T00:00:00Z</tns:start-time></tns:session>\
        <tns:participant participant_id=\"q1\"><tns:nameID aor=\"15550103@192.0.2.30\"><tns:name>nat&nbsp;n &amp; co</tns:name></tns:nameID></tns:participant>\
        <tns:participant participant_id=\"q2\"><tns:nameID aor=\"2002@192.0.2.31\"><tns:name>oli</tns:name></tns:nameID></tns:participant>\
        <tns:extensiondata>&lt;sonus:call&gt;A & B&lt;/sonus:call&gt;</tns:extensiondata>\
        <tns:stream stream_id=\"z1\" session_id=\"x1\"><tns:label>1</tns:label></tns:stream>\
        <tns:stream stream_id=\"z2\" session_id=\"x1\"><tns:label>2</tns:label></tns:stream>\
        <tns:participantstreamassoc participant_id=\"q1\"><tns:send>z1</tns:send></tns:participantstreamassoc>\
        <tns:participantstreamassoc participant_id=\"q2\"><tns:send>z2</tns:send></tns:participantstreamassoc></tns:recording>";
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Supported: siprec\r\n",
        content_type: "multipart/mixed; boundary=\"sonus-content-delim\"",
        body: parts("sonus-content-delim", sdp, "application/rs-metadata+xml", xml),
    };
    let got = understood(sent, false).await;
    assert_eq!(got.addresses, ["15550103@192.0.2.30", "2002@192.0.2.31"]);
    assert_eq!(got.joined.iter().map(|j| j.0).collect::<Vec<_>>(), [Customer, Agent]);
    assert_eq!(got.joined[0].1, "nat&nbsp;n & co");
    let remote: Vec<String> = got
        .house
        .log()
        .iter()
        .filter_map(|a| match a {
            Asked::Rtp { offer, .. } => Some(offer.remote_rtp.unwrap().to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(remote, ["192.0.2.21:1026", "192.0.2.22:1028"]);
}

#[tokio::test]
async fn sems_with_its_labels_type_and_direction() {
    let sdp =
        two_lines("sendonly").replace("label:1", "label:a_leg\r\na=direction:both").replace("label:2", "label:b_leg\r\na=direction:both");
    let xml = crate::peer::metadata(
        "complete",
        &[("p1", "pat", "sip:pat@example.com", &["s1"]), ("p2", "quin", "sip:quin@example.com", &["s2"])],
        &[("s1", "a_leg"), ("s2", "b_leg")],
    );
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Require: siprec\r\n",
        content_type: "multipart/mixed;boundary=sems",
        body: parts("sems", &sdp, "application/rs-metadata", &xml),
    };
    let got = understood(sent, false).await;
    assert_eq!(got.tracks, tracks(&[("a_leg", "pat"), ("b_leg", "quin")]));
}

#[tokio::test]
async fn audiocodes_with_src_for_a_feature_and_inactive_on_mute() {
    let xml = crate::peer::ann_and_bob();
    let sent = Sent {
        contact: ";src",
        fields: "Require: siprec\r\nUser-Agent: Mediant SBC\r\n",
        content_type: "multipart/mixed;boundary=boundary_ac",
        body: format!(
            "This is a preamble\r\n{}\r\nand an epilogue",
            parts("boundary_ac", &two_lines("sendonly"), "application/rs-metadata+xml", &xml)
        ),
    };
    let mut got = understood(sent, false).await;
    assert_eq!(got.joined, names(&[(Customer, "Ann"), (Agent, "Bob")]));
    let one_muted = two_lines("sendonly").replacen("a=sendonly", "a=inactive", 1);
    let answer = got.peer.invite("application/sdp", &one_muted).await;
    assert_eq!((answer.body.matches("a=inactive").count(), answer.body.matches("a=recvonly").count()), (1, 1));
    assert!(matches!(got.house.log().last(), Some(Asked::Mute { track: 0, muted: true, .. })));
}

#[tokio::test]
async fn netsapiens_with_call_ids_for_participants() {
    let xml = crate::peer::metadata(
        "complete",
        &[
            ("20260101100000012345-abc@192.0.2.40", "rob", "sip:rob@example.com", &["1"]),
            ("20260101100000012346-def@192.0.2.40", "sue", "sip:sue@example.com", &["2"]),
        ],
        &[],
    );
    let sent = Sent {
        contact: ";+sip.src",
        fields: "Require: siprec\r\n",
        content_type: "multipart/mixed;boundary=ns",
        body: parts("ns", &two_lines("sendonly"), "application/rs-metadata+xml", &xml),
    };
    let mut got = understood(sent, false).await;
    // It names labels where stream ids belong.
    assert_eq!(got.tracks, tracks(&[("1", "rob"), ("2", "sue")]));
    let again = got.peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &two_lines("sendonly")).await;
    assert!(again.body.contains("a=label:1") && again.body.contains("a=label:2"), "{}", again.body);
}

#[tokio::test]
async fn twilio_with_four_streams() {
    let mut sdp = two_lines("sendonly");
    sdp.push_str("m=audio 40004 RTP/AVP 8\r\na=label:3\r\na=sendonly\r\nm=audio 40006 RTP/AVP 8\r\na=label:4\r\na=sendonly\r\n");
    let sent =
        Sent { contact: ";+sip.src", fields: "Require: siprec\r\nX-Twilio-CallSid: CA77\r\n", content_type: "application/sdp", body: sdp };
    let got = understood(sent, false).await;
    assert_eq!(got.joined.iter().map(|j| j.0).collect::<Vec<_>>(), [Customer, Agent, ThirdParty, ThirdParty]);
    assert_eq!(got.tracks.len(), 4);
}

#[tokio::test]
async fn the_drafts_with_another_namespace_and_bare_line_feeds() {
    let sdp = two_lines("sendonly").replace("\r\n", "\n");
    let xml = crate::peer::ann_and_bob().replace("urn:ietf:params:xml:ns:recording:1", "urn:ietf:params:xml:ns:siprec");
    let body = parts("b", &sdp, "application/rs-metadata+xml", &xml).replace("\r\n", "\n");
    let sent = Sent { contact: ";+sip.src", fields: "", content_type: "Multipart/Mixed; charset=utf-8; BOUNDARY=b", body };
    let got = understood(sent, false).await;
    assert_eq!(got.tracks, tracks(&[("1", "Ann"), ("2", "Bob")]));
}
