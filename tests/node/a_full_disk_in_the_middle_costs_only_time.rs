//! The disk that renderings go to is full while calls are rendered live: the calls go on, nothing fails, and once there is room they are whole.

use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::small_disk::SmallDisk;
use crate::two_tones::two_tones;

#[tokio::test(flavor = "multi_thread")]
async fn and_is_told_by_nothing_but_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let render = data.join("render");
    let Some(disk) = SmallDisk::mount(&render, "1m") else { return };
    let ballast = render.join("ballast");
    let node = RunningNode::start(&data);
    // Room for the head of a recording, not for its first seconds.
    std::fs::write(&ballast, vec![1u8; (disk.free() as usize - 5) * 4096]).unwrap();

    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let first = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while disk.free() > 0 {
        assert!(Instant::now() < deadline, "{} blocks are still free", disk.free());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The disk is full; the next call is taken all the same.
    let second = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sent = [second.hang_up(&pump).await.unwrap(), first.hang_up(&pump).await.unwrap()];
    let sent: u64 = sent.iter().flat_map(|report| &report.packets).sum();
    std::fs::remove_file(&ballast).unwrap();

    let mut recorded = 0;
    for row in node.recordings_in("ready", 2, Duration::from_secs(90)).await {
        let id = row["id"].as_str().unwrap();
        let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
        recorded += manifest["tracks"].as_array().unwrap().iter().map(|t| t["received"].as_u64().unwrap()).sum::<u64>();
        let heard = Heard::decode(&node.fetch_mp4(id, folder.path()).await, 2);
        let to = heard.seconds() - 0.3;
        assert!(heard.tone(0, 1250.0, 0.3, to) > 0.15 && heard.tone(1, 440.0, 0.3, to) > 0.15, "both parties are heard to the end");
    }
    assert_eq!(recorded, sent, "every packet is on a tape and in a recording");
}
