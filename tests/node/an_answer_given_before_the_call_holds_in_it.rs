//! What a platform's dialogue was told comes with the INVITE, in a real SIPREC call: a customer who declined there is on no tape; where everybody has to agree,
//! who comes late closes everybody until they answer.

use std::time::Duration;

use ferric::app::load::siprec::{LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use serde_json::json;

use crate::declined::{decrypted, holds_tone, participant, session_of_the_call};
use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

const CUSTOMER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 1250.0;
const THIRD_HZ: f64 = 2100.0;

#[tokio::test(flavor = "multi_thread")]
async fn who_declined_before_the_call_is_on_no_tape() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start_with(&folder.path().join("data"), &[("FERRIC_DATA_KEEP_TAPE_DAYS", "1")]);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let mut plan = two_tones();
    let field = "declined;flow=main/consent;at=2026-01-02T03:04:05Z;text=v3;language=en;number=+4712345678";
    plan.fields = vec![("X-Ferric-Consent".to_owned(), field.to_owned())];
    let call = SiprecCall::place(&client, &pump, plan).await.unwrap();
    let session = session_of_the_call(&node).await;
    let customer = participant(&node, &session, "customer").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    call.hang_up(&pump).await.unwrap();
    let recording = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();

    let packets = decrypted(&node, &session, folder.path());
    assert!(!holds_tone(&packets, &Sound::tone(440, -12.0)), "the customer is on the tape");
    assert!(holds_tone(&packets, &Sound::tone(1250, -12.0)), "the agent is found by the same search");
    let heard = Heard::decode(&node.fetch_mp4(&recording, folder.path()).await, 2);
    assert!(heard.tone(0, AGENT_HZ, 0.5, 2.0) > 0.15);
    assert!((0..2).all(|channel| heard.spans(channel, CUSTOMER_HZ, 0.01).is_empty()), "the customer is heard");
    let manifest = node.get(&format!("/v1/recordings/{recording}/files/manifest.json")).await;
    let said = manifest["consents"].as_array().unwrap().iter().find(|c| c["participant"] == customer.as_str());
    let said = said.unwrap_or_else(|| panic!("no record: {manifest:#}"));
    let by = &said["answers"][0]["by"];
    assert_eq!((&said["consent"], &by["source"], &by["flow"]), (&"declined".into(), &"ivr".into(), &"main/consent".into()), "{said:#}");
    assert_eq!((&by["text_version"], &by["language"]), (&"v3".into(), &"en".into()), "{said:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_late_closes_everybody_until_they_agree() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let settings = json!({ "consent": "all_party", "conference_mode": "all" });
    let (status, told) = node.post("/v1/projects", json!({ "slug": "everybody", "kind": "call", "settings": settings })).await;
    assert_eq!(status, 201, "{told}");
    let agent = json!({ "name": "agent", "projects": ["everybody"], "addresses": ["sip:agent@test.example"] });
    assert_eq!(node.post("/v1/agents", agent).await.0, 201);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let mut plan = two_tones();
    plan.project = "everybody".to_owned();
    plan.fields = vec![("X-Ferric-Consent".to_owned(), "granted, granted;party=agent".to_owned())];
    let mut call = SiprecCall::place(&client, &pump, plan).await.unwrap();
    let session = session_of_the_call(&node).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let late = LegPlan::pcmu("3", "Third", "sip:third@test.example", Sound::tone(THIRD_HZ as u32, -12.0));
    call.add_leg(&pump, late).await.unwrap();
    let third = participant(&node, &session, "third_party").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(node.command(&session, &third, "consent_grant").await.0, 200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.hang_up(&pump).await.unwrap();

    let recording = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    let heard = Heard::decode(&node.fetch_mp4(&recording, folder.path()).await, 2);
    let longer = |channel: usize, hz: f64| -> Vec<(f64, f64)> {
        heard.spans(channel, hz, 0.03).into_iter().filter(|(from, to)| to - from > 0.03).collect()
    };
    let (customer, agent, third) = (longer(1, CUSTOMER_HZ), longer(0, AGENT_HZ), longer(0, THIRD_HZ));
    let (Some(opens), 1) = (third.first().map(|s| s.0), third.len()) else { panic!("{third:?}") };
    for (who, spans) in [("customer", &customer), ("agent", &agent)] {
        assert_eq!(spans.len(), 2, "{who}: heard, closed, heard again: {spans:?}");
        assert!(spans[0].0 < 0.5 && spans[1].0 - spans[0].1 > 1.5, "{who}: {spans:?}");
        assert!((spans[1].0 - opens).abs() < 0.1, "{who} and the third open together: {spans:?} {third:?}");
    }
}
