//! While main is paused a marker tone is sent: it is in no file and not on the decrypted tape.

use std::process::Command;
use std::time::Duration;

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient, Sound};

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

const MARKER_HZ: f64 = 1900.0;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_a_pause_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start_with(&folder.path().join("data"), &[("FERRIC_DATA_KEEP_TAPE_DAYS", "1")]);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = node.get("/v1/recordings").await["items"][0]["session"].as_str().map(str::to_owned);
    let session = match session {
        Some(session) => session,
        None => node.recordings_in("recording", 1, Duration::from_secs(5)).await[0]["session"].as_str().unwrap().to_owned(),
    };
    let view = node.get(&format!("/v1/sessions/{session}")).await;
    let of_role = |role: &str| {
        let found = view["participants"].as_array().unwrap().iter().find(|p| p["role"] == role);
        found.unwrap_or_else(|| panic!("no {role} in {view:#}"))["id"].as_str().unwrap().to_owned()
    };
    let (agent, customer) = (of_role("agent"), of_role("customer"));

    tokio::time::sleep(Duration::from_secs(2)).await;
    let (status, answer) = node.command(&session, &agent, "pause").await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("paused")), "{answer}");
    call.legs().iter().for_each(|leg| leg.play(Sound::tone(MARKER_HZ as u32, -6.0)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (status, _) = node.command(&session, &customer, "pause").await;
    assert_eq!(status, 409, "a customer may not");
    call.legs()[0].play(Sound::tone(440, -12.0));
    call.legs()[1].play(Sound::tone(1250, -12.0));
    // Packets with the marker may still be on their way through the loopback.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (status, answer) = node.command(&session, &agent, "resume").await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("recording")), "{answer}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.hang_up(&pump).await.unwrap();

    let ready = node.recordings_in("ready", 1, Duration::from_secs(30)).await;
    let id = ready[0]["id"].as_str().unwrap().to_owned();
    let duration_ms = ready[0]["duration_ms"].as_u64().unwrap();
    assert!((3800..4800).contains(&duration_ms), "the pause is cut out: {duration_ms} ms");
    let file = node.fetch_mp4(&id, folder.path()).await;
    let heard = Heard::decode(&file, 2);
    for channel in 0..2 {
        assert!(heard.spans(channel, MARKER_HZ, 0.02).is_empty(), "the marker is heard: {:?}", heard.spans(channel, MARKER_HZ, 0.02));
    }
    for (from, to) in [(0.5, 1.5), (heard.seconds() - 1.5, heard.seconds() - 0.5)] {
        assert!(heard.tone(1, 440.0, from, to) > 0.15, "the customer is heard from {from} to {to} s");
    }

    let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
    for track in manifest["tracks"].as_array().unwrap() {
        assert_eq!(track["lost"], 0, "what the pause kept out is not lost: {track}");
    }

    let tape = node.data.join("spool").join(&session);
    let pcap = folder.path().join("tape.pcapng");
    let out = Command::new(env!("CARGO_BIN_EXE_ferric")).args(["tape", "to-pcap"]).arg(&tape).arg("--out").arg(&pcap).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let packets = std::fs::read(&pcap).unwrap();
    assert!(packets.len() > 50_000, "the tape holds the call: {} bytes", packets.len());
    assert!(holds(&packets, &Sound::tone(440, -12.0)), "what was allowed is found by the same search");
    assert!(!holds(&packets, &Sound::tone(MARKER_HZ as u32, -6.0)), "the marker is on the tape");
}

/// Whether any 20 ms of a tone, at any phase of it, stand in the bytes.
fn holds(bytes: &[u8], tone: &Sound) -> bool {
    let samples = tone.samples();
    let looped: Vec<u8> = samples.iter().chain(samples).copied().collect();
    (0..50).any(|frame| {
        let packet = &looped[frame * 160..frame * 160 + 160];
        bytes.windows(packet.len()).any(|window| window == packet)
    })
}
