//! SIGTERM: live calls are closed and rendered, then exit code 0.

use std::time::Duration;

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};

use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_told_to_stop_renders_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let node = RunningNode::start(&data);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Tcp).await.unwrap();
    let mut call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let stopping = tokio::task::spawn_blocking(move || node.terminate());
    tokio::time::timeout(Duration::from_secs(10), call.wait_for_end()).await.expect("the node says BYE");
    assert_eq!(stopping.await.unwrap(), 0);
    assert!(std::fs::read_dir(data.join("spool")).unwrap().next().is_none(), "nothing is left to be rendered");

    let node = RunningNode::start(&data);
    let ready = node.recordings_in("ready", 1, Duration::from_secs(5)).await;
    assert!(ready[0]["duration_ms"].as_u64().unwrap() > 2500);
}
