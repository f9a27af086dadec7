//! The disk that the catalogue lies on is full while a call is recorded and rendered: its recording is in the archive once there is room, by itself.

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};

use crate::heard::Heard;
use crate::nothing_told_is_lost_or_doubled_by_a_kill::listen;
use crate::running_node::RunningNode;
use crate::small_disk::SmallDisk;
use crate::two_tones::two_tones;

fn tapes(data: &Path) -> usize {
    std::fs::read_dir(data.join("spool")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn and_its_tape_stays_meanwhile() {
    if crate::catalogues::on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, small) = (folder.path().join("data"), folder.path().join("small"));
    let Some(_disk) = SmallDisk::mount(&small, "8m") else { return };
    let catalogue = format!("sqlite:{}", small.join("catalogue.db").display());
    let node = RunningNode::start_with(&data, &[("FERRIC_DATA_CATALOGUE", &catalogue)]);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    // Pages of the log that were there before are written over without any room.
    let before = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    before.hang_up(&pump).await.unwrap();
    let first = node.recordings_in("ready", 1, Duration::from_secs(30)).await;

    let ballast = small.join("ballast");
    let _ = std::fs::write(&ballast, vec![1u8; 8 << 20]);
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    call.hang_up(&pump).await.unwrap();
    // Rendered and stored by now, as far as that goes.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let ready = node.recordings_in("ready", 1, Duration::ZERO).await;
    assert_eq!((ready.len(), tapes(&data)), (1, 1), "the catalogue could take no more: the tape is there");

    std::fs::remove_file(&ballast).unwrap();
    let ready = node.recordings_in("ready", 2, Duration::from_secs(30)).await;
    let row = ready.iter().find(|row| row["id"] != first[0]["id"]).unwrap();
    let heard = Heard::decode(&node.fetch_mp4(row["id"].as_str().unwrap(), folder.path()).await, 2);
    let to = heard.seconds() - 0.3;
    assert!(to > 1.5 && heard.tone(0, 1250.0, 0.3, to) > 0.15 && heard.tone(1, 440.0, 0.3, to) > 0.15, "{to} s");
    let session = row["session"].as_str().unwrap();
    let told = listen(&node, session, 0, |event| event["event"] == "recording.ready").await;
    assert_eq!(told[0]["event"], "session.opened", "all of it was told, from the first on");
    let deadline = Instant::now() + Duration::from_secs(10);
    while tapes(&data) > 0 {
        assert!(Instant::now() < deadline, "a tape stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(node.terminate(), 0);
}
