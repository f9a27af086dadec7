use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use ferric::model::gate::State;
use ferric::model::preference::RecordPreference;
use ferric::model::role::Role;

use crate::house::{Asked, server, until};

/// A port of its own: left to itself every SIPp takes 5060 over TCP, and hears what was meant for another. Not one of those that the system gives to
/// whoever connects: between looking and taking somebody else's connection could have it.
fn own_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(12_000 + (std::process::id() % 4000) as u16));
    std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
        .find(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// Runs a scenario and fails with SIPp's own account of what went wrong.
async fn play(scenario: &str, node: SocketAddr, transport: &str, calls: u32) {
    let dir = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sip/sipp").join(scenario);
    let port = own_port().to_string();
    let mut command = Command::new("sipp");
    command
        .current_dir(dir.path())
        .args([&node.to_string(), "-sf"])
        .arg(&file)
        .args(["-i", "127.0.0.1", "-p", &port, "-t", transport, "-m", &calls.to_string(), "-r", "20", "-l", "20"])
        .args(["-nostdin", "-timeout", "30s", "-timeout_error", "-trace_err", "-error_file", "errors.log"]);
    let out = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("sipp runs");
    let errors = std::fs::read_to_string(dir.path().join("errors.log")).unwrap_or_default();
    let screen = String::from_utf8_lossy(&out.stdout);
    let screen: Vec<&str> = screen.lines().rev().take(60).collect();
    assert!(out.status.success(), "{scenario} over {transport}: {}\n{errors}\n{screen:#?}", out.status);
}

#[tokio::test]
async fn a_recording_session_over_udp_and_tcp() {
    for transport in ["u1", "t1"] {
        let (server, house, node) = server().await;
        play("recording_session.xml", node, transport, 20).await;
        until("all have ended", || house.ended() == 20 && server.live_calls() == 0).await;
        assert_eq!(house.sessions(), 20);
        assert_eq!(house.joined().iter().filter(|j| **j == (Role::Customer, "Ann".to_owned())).count(), 20);
        assert_eq!(house.tracks().len(), 40);
    }
}

#[tokio::test]
async fn options_and_malformed_bodies_over_udp_and_tcp() {
    let (_server, house, node) = server().await;
    for transport in ["u1", "t1"] {
        play("options.xml", node, transport, 10).await;
        play("malformed.xml", node, transport, 10).await;
    }
    assert_eq!(house.sessions(), 0);
}

#[tokio::test]
async fn a_cancel_over_udp_and_tcp() {
    for transport in ["u1", "t1"] {
        let (server, house, node) = server().await;
        let dawdle = Arc::new(tokio::sync::Notify::new());
        *house.dawdle.lock() = Some(dawdle.clone());
        play("cancel.xml", node, transport, 1).await;
        dawdle.notify_one();
        until("nothing stays open", || server.live_calls() == 0 && house.ended() == house.sessions()).await;
    }
}

#[tokio::test]
async fn a_record_aware_telephone_over_udp_and_tcp() {
    for transport in ["u1", "t1"] {
        let (server, house, node) = server().await;
        house.becomes(State::Recording);
        let changes = async {
            until("the calls are there", || server.live_calls() == 5).await;
            // Each scenario wants its INVITE with `paused`, says by its answer that it has heard it, and wants `off` next.
            house.becomes(State::Paused);
            until("all were told", || {
                house.log().iter().filter(|a| matches!(a, Asked::Prefer(RecordPreference::Nopreference))).count() == 5
            })
            .await;
            house.becomes(State::Stopped);
        };
        tokio::join!(play("record_aware.xml", node, transport, 5), changes);
        until("all have ended", || house.ended() == 5 && server.live_calls() == 0).await;
    }
}
