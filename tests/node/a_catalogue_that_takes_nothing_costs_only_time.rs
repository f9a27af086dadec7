//! The catalogue takes nothing while a call is recorded and rendered: its recording is in the archive once it does, by itself, and its tape stays meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::archive::Catalogue;
use sqlx::{Connection, Executor};

use crate::catalogues::Cluster;
use crate::heard::Heard;
use crate::nothing_told_is_lost_or_doubled_by_a_kill::listen;
use crate::running_node::RunningNode;
use crate::small_disk::SmallDisk;
use crate::two_tones::two_tones;

fn tapes(data: &Path) -> usize {
    std::fs::read_dir(data.join("spool")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

/// A call during which the catalogue goes away; it comes back after the call was rendered and stored, as far as that goes without it.
async fn a_call_while_it_is_away(node: RunningNode, folder: &Path, goes: impl FnOnce(), comes_back: impl FnOnce()) {
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let before = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    before.hang_up(&pump).await.unwrap();
    let first = node.recordings_in("ready", 1, Duration::from_secs(30)).await;

    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    goes();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    call.hang_up(&pump).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(tapes(&node.data), 1, "the tape is there");

    comes_back();
    let ready = node.recordings_in("ready", 2, Duration::from_secs(60)).await;
    let row = ready.iter().find(|row| row["id"] != first[0]["id"]).unwrap();
    let heard = Heard::decode(&node.fetch_mp4(row["id"].as_str().unwrap(), folder).await, 2);
    let to = heard.seconds() - 0.3;
    assert!(to > 1.5 && heard.tone(0, 1250.0, 0.3, to) > 0.15 && heard.tone(1, 440.0, 0.3, to) > 0.15, "{to} s");
    let told = listen(&node, row["session"].as_str().unwrap(), 0, |event| event["event"] == "recording.ready").await;
    assert_eq!(told[0]["event"], "session.opened", "all of it was told, from the first on");
    let deadline = Instant::now() + Duration::from_secs(10);
    while tapes(&node.data) > 0 {
        assert!(Instant::now() < deadline, "a tape stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(node.terminate(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    let Some(_disk) = SmallDisk::mount(&small, "8m") else { return };
    let catalogue = format!("sqlite:{}", small.join("catalogue.db").display());
    let node = RunningNode::start_with(&folder.path().join("data"), &[("FERRIC_DATA_CATALOGUE", &catalogue)]);
    let ballast = small.join("ballast");
    let goes = || {
        let full = std::fs::write(&ballast, vec![1u8; 8 << 20]).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    };
    a_call_while_it_is_away(node, folder.path(), goes, || std::fs::remove_file(&ballast).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_died() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start();
    let catalogue = cluster.database("ferric");
    let node = RunningNode::start_with(&folder.path().join("data"), &[("FERRIC_DATA_CATALOGUE", &catalogue)]);
    a_call_while_it_is_away(node, folder.path(), || cluster.stop(), || cluster.go_on()).await;
}

/// Not that it is away: it says no to a row, and would for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let catalogue = format!("sqlite:{}", folder.path().join("catalogue.db").display());
    let start = || RunningNode::start_with(&data, &[("FERRIC_DATA_CATALOGUE", &catalogue)]);
    let node = start();
    let says = async |sql: &'static str| {
        let mut c = sqlx::SqliteConnection::connect(&catalogue).await.unwrap();
        c.execute(sql).await.unwrap();
        c.close().await.unwrap();
    };
    says("CREATE TRIGGER none BEFORE INSERT ON recordings BEGIN SELECT RAISE(ABORT, 'none'); END").await;
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    call.hang_up(&pump).await.unwrap();
    assert_eq!(node.terminate(), 0, "a stop does not wait for it");
    assert_eq!(tapes(&data), 1, "its tape is all that there is");
    let closed = Catalogue::open(&catalogue).await.unwrap();
    let told = closed.events_since(0, None, 1_000).await.unwrap();
    closed.close().await;
    assert!(told.iter().any(|event| event.kind == "recording.ended"));
    assert!(!told.iter().any(|event| event.kind == "recording.ready"), "nobody can have it");

    says("DROP TRIGGER none").await;
    let node = start();
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let told = listen(&node, ready[0]["session"].as_str().unwrap(), 0, |event| event["event"] == "recording.ready").await;
    assert_eq!(told.last().unwrap()["data"]["recording"], ready[0]["id"]);
    assert_eq!(node.terminate(), 0);
    assert_eq!(tapes(&data), 0);
}
