use std::path::PathBuf;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use serde_json::json;

use crate::people_use_the_pages::devices;
use crate::running_node::RunningNode;
use crate::script::{run, script};

/// Waits for a file that the script writes when it is time.
async fn signalled(signals: PathBuf, name: &str) {
    let began = Instant::now();
    while !signals.join(name).exists() {
        assert!(began.elapsed() < Duration::from_mins(8), "the script never came to {name}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A SIPREC call with the agent in it, from one signal to another.
async fn call(
    node: std::net::SocketAddr,
    signals: PathBuf,
    (from, to): (&str, &str),
    customer: &str,
    project: &str,
    fields: &[(&str, &str)],
) {
    signalled(signals.clone(), from).await;
    let pump = Pump::start().expect("a pump");
    let client = SiprecClient::connect(node, SipFlow::Udp).await.expect("connected");
    let legs = vec![
        LegPlan::pcmu("1", customer, "sip:caller@example.com", Sound::tone(440, -20.0)),
        LegPlan::pcmu("2", "Paal", "sip:paal@pbx.example", Sound::tone(880, -20.0)),
    ];
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let plan = CallPlan { project: project.to_owned(), legs, fields, ..CallPlan::default() };
    let placed = SiprecCall::place(&client, &pump, plan).await.expect("taken");
    signalled(signals, to).await;
    placed.hang_up(&pump).await.expect("hung up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_a_host_guests_and_strangers_use_what_is_theirs() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    for (path, body) in [
        ("/v1/agents", json!({ "name": "paal", "addresses": ["sip:paal@pbx.example"] })),
        ("/v1/queues", json!({ "name": "sales", "properties": { "forced": true } })),
        ("/v1/projects", json!({ "slug": "shop", "kind": "call", "settings": { "record_mode": "agent_only_allow" } })),
        ("/v1/projects", json!({ "slug": "strict", "kind": "call", "settings": { "record_mode": "agent_only_forbid" } })),
    ] {
        let (status, answer) = node.post(path, body).await;
        assert_eq!(status, 201, "{path}: {answer}");
    }
    let signals = dir.path().join("signals");
    std::fs::create_dir(&signals).expect("a folder");
    let sip: std::net::SocketAddr = node.sip.parse().expect("an address");
    let first = call(sip, signals.clone(), ("first-call", "first-ends"), "Kari Nordmann", "shop", &[("X-Ferric-Order", "O-77")]);
    let second = call(sip, signals.clone(), ("second-call", "second-ends"), "Ola Hansen", "strict", &[("X-Ferric-Queue", "sales")]);
    let calls = [tokio::spawn(first), tokio::spawn(second)];

    let (camera, microphone) = devices(dir.path());
    let mut controls = script("controls.mjs", &node);
    controls.env("CAMERA", camera).env("MICROPHONE", microphone).env("SIGNALS", signals);
    tokio::task::spawn_blocking(move || run(&mut controls)).await.expect("the script came to its end");
    for call in calls {
        call.await.expect("the call was recorded");
    }
    assert_eq!(node.terminate(), 0);
}
