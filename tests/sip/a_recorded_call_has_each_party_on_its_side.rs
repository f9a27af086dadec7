use std::time::{Duration, Instant};

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use serde_json::json;

use crate::recorded::{decibels, only_recording};
use crate::running_node::RunningNode;

const AGENT: usize = 0;
const CUSTOMER: usize = 1;

fn plan(first: Sound, second: Sound) -> CallPlan {
    CallPlan {
        legs: vec![
            LegPlan::pcmu("1", "Carla", "sip:carla@example.com", first),
            LegPlan { payload_type: 8, ..LegPlan::pcmu("2", "Albert", "sip:albert@example.com", second) },
        ],
        fields: vec![("X-Ferric-Ticket".to_owned(), "T-9".to_owned())],
        ..CallPlan::default()
    }
}

async fn speak(call: &SiprecCall, packets: u64) {
    let target: Vec<u64> = call.legs().iter().map(|leg| leg.packets() + packets).collect();
    let deadline = Instant::now() + Duration::from_mins(1);
    while call.legs().iter().zip(&target).any(|(leg, target)| leg.packets() < *target) {
        assert!(Instant::now() < deadline, "the sender stands still");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn agent_left_and_customer_right_without_crosstalk() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(dir.path());
    // The agent is who the configuration says, though the second stream.
    let (status, answer) = node.post("/v1/agents", json!({ "name": "albert", "addresses": ["sip:albert@example.com"] })).await;
    assert!(status < 300, "{answer}");
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let pump = Pump::start().unwrap();
    let invited = Instant::now();
    let call = SiprecCall::place(&client, &pump, plan(Sound::tone(440, -12.0), Sound::tone(1000, -12.0))).await.unwrap();
    let answered = Instant::now();
    speak(&call, 250).await;
    let shortest = answered.elapsed().as_secs_f64();
    call.hang_up(&pump).await.unwrap();
    let longest = invited.elapsed().as_secs_f64();
    let (length, heard, row) = only_recording(&node, dir.path()).await;

    assert!((shortest - 0.1..longest + 0.1).contains(&length), "a call of {shortest} to {longest} s became {length} s");
    let (from, to) = (0.5, heard.seconds() - 0.5);
    for (channel, own, other) in [(AGENT, 1000.0, 440.0), (CUSTOMER, 440.0, 1000.0)] {
        let level = decibels(heard.tone(channel, own, from, to));
        assert!((-13.5..-10.5).contains(&level), "channel {channel} has its tone at {level} dBFS");
        let leaked = decibels(heard.tone(channel, other, from, to)) - level;
        assert!(leaked < -40.0, "channel {channel} hears the other at {leaked} dB");
    }
    assert_eq!(row["ended_by"], "end", "{row:#}");
    let session = row["session"].as_str().unwrap();
    let manifest = node.get(&format!("/v1/recordings/{}/files/manifest.json", row["id"].as_str().unwrap())).await;
    assert!(manifest.to_string().contains("T-9"), "{manifest:#} of {session}");
    drop(node);
}

#[tokio::test]
async fn both_sides_are_in_step_and_a_hold_stays_as_long_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(dir.path());
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Tcp).await.unwrap();
    let pump = Pump::start().unwrap();
    let mut call = SiprecCall::place(&client, &pump, plan(Sound::ticks(500, -6.0), Sound::ticks(500, -6.0))).await.unwrap();
    speak(&call, 150).await;
    call.hold().await.unwrap();
    let held = Instant::now();
    // Exactly 2 s on the sample clock, which runs on: the beeps stay on whole seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.resume().await.unwrap();
    let held = held.elapsed().as_secs_f64();
    speak(&call, 150).await;
    call.hang_up(&pump).await.unwrap();
    let (_, heard, _) = only_recording(&node, dir.path()).await;

    let (left, right) = (heard.spans(0, 500.0, 0.1), heard.spans(1, 500.0, 0.1));
    assert_eq!(left.len(), right.len(), "{left:?} {right:?}");
    // A beep at either edge of the hold may be there, in part, or not.
    assert!((5..=8).contains(&left.len()), "{left:?}");
    for (l, r) in left.iter().zip(&right) {
        assert!((l.0 - r.0).abs() <= 0.02, "{l:?} beside {r:?}");
    }
    let longest = left.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(0.0, f64::max);
    assert!(longest > held - 0.1, "a hold of {held} s became {longest} s between two beeps");
    for pair in left.windows(2) {
        let apart = pair[1].0 - pair[0].0;
        assert!((apart - apart.round()).abs() < 0.03, "beeps {apart} s apart: the timeline has moved");
    }
    drop(node);
}

#[tokio::test]
async fn a_leg_dialled_into_a_session_of_the_api_is_in_its_recording() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(dir.path());
    let (status, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "call" })).await;
    assert_eq!(status, 201, "{session}");
    let session = session["id"].as_str().unwrap().to_owned();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let pump = Pump::start().unwrap();
    let leg = |role: &str, hz: u32| CallPlan {
        legs: vec![LegPlan::pcmu("1", role, "sip:x@example.com", Sound::tone(hz, -12.0))],
        fields: vec![("X-Ferric-Session".to_owned(), session.clone()), ("X-Ferric-Role".to_owned(), role.to_owned())],
        without_metadata: true,
        as_telephone: true,
        ..CallPlan::default()
    };
    let agent = SiprecCall::place(&client, &pump, leg("agent", 700)).await.unwrap();
    let customer = SiprecCall::place(&client, &pump, leg("customer", 1100)).await.unwrap();
    speak(&agent, 150).await;
    agent.hang_up(&pump).await.unwrap();
    customer.hang_up(&pump).await.unwrap();
    // Both legs have left; the session of the API goes on until it is ended there.
    let everybody_left = |view: &serde_json::Value| view["participants"].as_array().unwrap().iter().all(|p| p["present"] == false);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !everybody_left(&node.get(&format!("/v1/sessions/{session}")).await) {
        assert!(Instant::now() < deadline, "a leg that hung up is still in the session");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    node.post(&format!("/v1/sessions/{session}/end"), json!({})).await;
    let (_, heard, row) = only_recording(&node, dir.path()).await;
    assert_eq!(row["session"], session.as_str());
    for (channel, own, other) in [(AGENT, 700.0, 1100.0), (CUSTOMER, 1100.0, 700.0)] {
        let level = decibels(heard.tone(channel, own, 0.5, 2.5));
        assert!((-13.5..-10.5).contains(&level), "channel {channel} has its tone at {level} dBFS");
        assert!(decibels(heard.tone(channel, other, 0.5, 2.5)) < level - 40.0, "crosstalk on channel {channel}");
    }
    drop(node);
}
