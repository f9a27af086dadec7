//! SIGTERM: live calls are closed and rendered, then exit code 0.

use std::time::Duration;

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};

use crate::running_node::RunningNode;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_told_to_stop_renders_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let node = RunningNode::start(&data);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Tcp).await.unwrap();
    let plan = CallPlan {
        legs: vec![
            LegPlan::pcmu("1", "Customer", "sip:customer@test.example", Sound::tone(440, -12.0)),
            LegPlan::pcmu("2", "Agent", "sip:agent@test.example", Sound::tone(1250, -12.0)),
        ],
        ..CallPlan::default()
    };
    let mut call = SiprecCall::place(&client, &pump, plan).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let stopping = tokio::task::spawn_blocking(move || node.terminate());
    tokio::time::timeout(Duration::from_secs(10), call.wait_for_end()).await.expect("the node says BYE");
    assert_eq!(stopping.await.unwrap(), 0);
    assert!(std::fs::read_dir(data.join("spool")).unwrap().next().is_none(), "nothing is left to be rendered");

    let node = RunningNode::start(&data);
    let ready = node.recordings_in("ready", 1, Duration::from_secs(5)).await;
    assert!(ready[0]["duration_ms"].as_u64().unwrap() > 2500);
}
