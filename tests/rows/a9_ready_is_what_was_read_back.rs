//! A9: a recording is ready only when what was stored was read back and decodes; until then the tape stays. The store here is a real S3 server that says that
//! all is well and damages, cuts or loses what it is given, or reads it wrong.

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use reqwest::Method;
use serde_json::json;

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::server::{ACCESS, Harm, SECRET, Server};
use crate::two_tones::two_tones;

const CUSTOMER_HZ: f64 = 440.0;

fn node(data: &Path, server: &Server) -> RunningNode {
    let line = server.line();
    let environment = [("FERRIC_DATA_STORE", line.as_str()), ("AWS_ACCESS_KEY_ID", ACCESS), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    RunningNode::start_with(data, &environment)
}

fn tapes(data: &Path) -> usize {
    std::fs::read_dir(data.join("spool")).unwrap().flatten().filter(|entry| entry.path().join("keys").is_dir()).count()
}

/// How often the recording's film was put.
fn puts(server: &Server) -> usize {
    server.requests("recording.mp4").iter().filter(|request| request.starts_with("PUT")).count()
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn not_ready_before_the_store_is_true(harm: Harm, restart: bool) {
    let server = Server::start().await;
    server.harm(Some(harm));
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut running = node(&data, &server);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(running.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    // What is recorded has a length.
    tokio::time::sleep(Duration::from_secs(3)).await;
    call.hang_up(&pump).await.unwrap();
    let id = running.recordings_in("processing", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    let at = format!("/v1/recordings/{id}");

    until("it is stored again and again", async || puts(&server) >= 2).await;
    assert_eq!(running.get(&at).await["state"], "processing", "{harm:?}");
    assert_eq!(tapes(&data), 1, "{harm:?}: the tape stays");
    let (status, problem) = running.send(Method::DELETE, &at, json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("still_processing")), "{problem}");
    if restart {
        running.kill();
        server.forget_requests();
        running = node(&data, &server);
        until("the next run stores it again", async || puts(&server) >= 2).await;
        assert_ne!(running.get(&at).await["state"], "ready", "{harm:?}");
        assert_eq!(tapes(&data), 1, "{harm:?}: the tape stays over a restart");
    }

    server.harm(None);
    running.recordings_in("ready", 1, Duration::from_secs(180)).await;
    let heard = Heard::decode(&running.fetch_mp4(&id, dir.path()).await, 2);
    assert!(heard.tone(1, CUSTOMER_HZ, 0.5, 2.0) > 0.15, "{harm:?}: it plays");
    until("the tape goes", async || tapes(&data) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a_store_that_damages_makes_nothing_ready() {
    not_ready_before_the_store_is_true(Harm::Flip, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a_store_that_cuts_makes_nothing_ready() {
    not_ready_before_the_store_is_true(Harm::Halve, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a_store_that_loses_makes_nothing_ready() {
    not_ready_before_the_store_is_true(Harm::Lose, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a_store_that_reads_wrong_makes_nothing_ready() {
    not_ready_before_the_store_is_true(Harm::FlipRead, false).await;
}
