//! `kill -9` in mid-call: the next start ends and renders the call by itself.

use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_finishes_its_recordings_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let node = RunningNode::start(&data);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let _call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let lasted = began.elapsed().as_secs_f64();
    node.kill();

    let node = RunningNode::start(&data);
    let ready = node.recordings_in("ready", 1, Duration::from_secs(30)).await;
    let id = ready[0]["id"].as_str().unwrap();
    assert_eq!(ready[0]["ended_by"], "end");
    let heard = Heard::decode(&node.fetch_mp4(id, folder.path()).await, 2);
    // 200 ms until a buffer is written, and what the machine's own load adds to the kill.
    assert!(heard.seconds() > lasted - 0.35, "{} s recorded of {lasted} s", heard.seconds());
    let last = heard.seconds() - 0.3;
    assert!(heard.tone(0, 1250.0, last, last + 0.2) > 0.1, "it is heard to its end");
    assert!(heard.tone(1, 440.0, last, last + 0.2) > 0.1, "it is heard to its end");
}
