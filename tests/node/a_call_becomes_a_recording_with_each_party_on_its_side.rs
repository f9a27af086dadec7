//! A SIPREC call with two G.711 legs: agent left, customer right, nothing of the one in the other.

use std::process::Command;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

const CUSTOMER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 1250.0;

#[tokio::test(flavor = "multi_thread")]
async fn each_party_is_on_its_side_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let report = call.hang_up(&pump).await.unwrap();
    let lasted = began.elapsed().as_secs_f64();

    let ready = node.recordings_in("ready", 1, Duration::from_secs(30)).await;
    let id = ready[0]["id"].as_str().unwrap();
    let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
    let recorded: u64 = manifest["tracks"].as_array().unwrap().iter().map(|t| t["received"].as_u64().unwrap()).sum();
    assert_eq!(recorded, report.packets.iter().sum::<u64>(), "every packet sent is on the tape");

    let file = node.fetch_mp4(id, folder.path()).await;
    let heard = Heard::decode(&file, 2);
    assert!((heard.seconds() - lasted).abs() < 0.25, "{} s recorded, the call lasted {lasted} s", heard.seconds());
    let (from, to) = (0.5, heard.seconds() - 0.5);
    let (left, right) = (0, 1);
    assert!(heard.tone(left, AGENT_HZ, from, to) > 0.15, "the agent is left");
    assert!(heard.tone(right, CUSTOMER_HZ, from, to) > 0.15, "the customer is right");
    for (channel, own, other) in [(left, AGENT_HZ, CUSTOMER_HZ), (right, CUSTOMER_HZ, AGENT_HZ)] {
        let crosstalk_db = 20.0 * (heard.tone(channel, other, from, to) / heard.tone(channel, own, from, to)).log10();
        assert!(crosstalk_db < -40.0, "crosstalk on channel {channel}: {crosstalk_db:.1} dB");
    }

    let told_ms = ready[0]["duration_ms"].as_f64().unwrap();
    assert!((told_ms / 1000.0 - heard.seconds()).abs() < 0.1, "the row says {told_ms} ms, the file lasts {} s", heard.seconds());
    for duration_s in [by_ffprobe(&file), by_mediainfo(&file)] {
        assert!((duration_s - told_ms / 1000.0).abs() < 0.15, "a parser says {duration_s} s, the row {told_ms} ms");
    }
    for picture in ["poster.jpg", "waveform.png"] {
        let bytes = node.bytes(&format!("/v1/recordings/{id}/files/{picture}")).await;
        assert!(image::load_from_memory(&bytes).is_ok(), "{picture}");
    }
    let verified = node.tool().arg("verify").arg(&node.data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    // A manifest that somebody made to fit what they changed: its hashes are right, the seal is not.
    let manifest = node.data.join("store/recordings").join(id).join("manifest.json");
    let original = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, original.replacen("\"agent\"", "\"customer\"", 1)).unwrap();
    let verified = node.tool().arg("verify").arg(&node.data).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.code() == Some(1) && said.contains("manifest.sig"), "{said}");
    std::fs::write(&manifest, original).unwrap();

    let stored = node.data.join("store/recordings").join(id).join("recording.mp4");
    let mut bytes = std::fs::read(&stored).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&stored, bytes).unwrap();
    let verified = node.tool().arg("verify").arg(&node.data).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.code() == Some(1) && said.contains(id) && said.contains("recording.mp4"), "{said}");
    assert!(std::fs::read_dir(node.data.join("spool")).unwrap().next().is_none(), "the tape goes once its recording is stored");
}

fn number(out: &[u8]) -> f64 {
    let text = String::from_utf8_lossy(out);
    text.trim().parse().unwrap_or_else(|_| panic!("no number: {text:?}"))
}

fn by_ffprobe(file: &std::path::Path) -> f64 {
    let out = Command::new("ffprobe").args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]).arg(file).output();
    number(&out.expect("ffprobe runs").stdout)
}

fn by_mediainfo(file: &std::path::Path) -> f64 {
    let out = Command::new("mediainfo").arg("--Inform=General;%Duration%").arg(file).output();
    number(&out.expect("mediainfo runs").stdout) / 1000.0
}
