//! A party declines in mid-call: their key goes at once, and nothing of them is left in what was made before: finished recordings in the store, growing
//! ones, what somebody is just reading. `kill -9` in between changes nothing of it.

use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient, Sound};

use serde_json::json;

use crate::declined::{decline, decrypted, files_with, holds_tone, participant, ready_without, session_of_the_call, until};
use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

const CUSTOMER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 1250.0;
const LARGE: usize = 48 << 20;

/// A piece of the sound of a stored recording, which an erased one does not have.
fn piece_of(mp4: &[u8]) -> Vec<u8> {
    mp4[mp4.len() / 2..mp4.len() / 2 + 64].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_and_what_grows_is_made_anew_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let may_start = json!({ "name": "agent", "addresses": ["sip:agent@test.example"], "properties": { "manual_recording_allowed": true } });
    assert_eq!(node.post("/v1/agents", may_start).await.0, 201);
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = session_of_the_call(&node).await;
    let (agent, customer) = (participant(&node, &session, "agent").await, participant(&node, &session, "customer").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.command(&session, &agent, "stop").await.0, 200);
    assert_eq!(node.command(&session, &agent, "start").await.0, 200);
    let first = node.recordings_in("ready", 1, Duration::from_secs(30)).await[0]["id"].as_str().unwrap().to_owned();
    let second = node.recordings_in("recording", 1, Duration::from_secs(5)).await[0]["id"].as_str().unwrap().to_owned();
    let before = node.fetch_mp4(&first, folder.path()).await;
    assert!(Heard::decode(&before, 2).tone(1, CUSTOMER_HZ, 0.5, 2.0) > 0.15, "the customer is in the first recording");
    let piece = piece_of(&std::fs::read(&before).unwrap());
    assert_eq!(files_with(&node.data.join("store"), &piece).len(), 1, "the search finds what is there");
    // The second recording grows: sound is written every four seconds.
    let growing = node.data.join("render").join(&second).join("recording.mp4");
    until("the second recording grows", Duration::from_secs(30), async || {
        std::fs::metadata(&growing).ok().filter(|m| m.len() > 20_000).map(|_| ())
    })
    .await;
    let grown = node.fetch_mp4(&second, folder.path()).await;
    assert!(Heard::decode(&grown, 2).tone(1, CUSTOMER_HZ, 0.5, 2.0) > 0.15, "and in the second");
    let playlist = String::from_utf8(node.bytes(&format!("/v1/recordings/{second}/files/hls/media.m3u8")).await).unwrap();
    assert!(playlist.contains("recording.mp4"), "{playlist}");
    let grown_piece = piece_of(&std::fs::read(&grown).unwrap());

    // Somebody is reading a large file of the first recording, slowly.
    let large = node.data.join("store/recordings").join(&first).join("recording.mp4");
    std::fs::write(&large, vec![0x5a; LARGE]).unwrap();
    let mut reader = node.open(&format!("/v1/recordings/{first}/files/recording.mp4")).await;
    assert!(reader.chunk().await.unwrap().is_some());

    let declined_at = Instant::now();
    decline(&node, &session, &customer).await;
    let answered = declined_at.elapsed();
    // The answer stands for this: what was rendered is gone, and nothing of before is served. A growing one may be begun anew already.
    for piece in [&piece, &grown_piece] {
        assert_eq!(files_with(&node.data.join("render"), piece), Vec::<std::path::PathBuf>::new());
    }
    let refused = node.open(&format!("/v1/recordings/{first}/files/recording.mp4")).await;
    match refused.status().as_u16() {
        503 => assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["reason"], "being_erased"),
        404 => {}
        // It may be whole again by now, without them.
        200 => assert!(!crate::declined::holds(&refused.bytes().await.unwrap(), &piece), "what was stored before is served"),
        status => panic!("{status}"),
    }
    let stored = until("the copy leaves the store", Duration::from_secs(20), async || {
        std::fs::metadata(&large).map_or(true, |m| m.len() != LARGE as u64).then(|| declined_at.elapsed())
    })
    .await;
    let keys = node.data.join("spool").join(&session).join("keys");
    let names: Vec<String> = std::fs::read_dir(&keys).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with(&format!("p-{customer}.")) && name.ends_with(".key")), "the key is there: {names:?}");
    let packets = decrypted(&node, &session, folder.path());
    assert!(!holds_tone(&packets, &Sound::tone(440, -12.0)), "the declined party is on the decrypted tape");
    assert!(holds_tone(&packets, &Sound::tone(1250, -12.0)), "the other one is found by the same search");

    let mut read = 0;
    let cut = loop {
        match reader.chunk().await {
            Ok(Some(bytes)) => read += bytes.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(cut && read < LARGE / 2, "a reader went on for {read} bytes");
    let left = [files_with(&node.data, &piece), files_with(&node.data, &grown_piece)].concat();
    assert!(left.is_empty(), "files hold the party: {left:?}");
    println!("decline answered (key, rendered files and serving stopped) after {answered:?}, the copy had left the store after {stored:?}");
    // A second is meant for the key; a machine that runs other tests as well may take its time.
    assert!(answered < Duration::from_secs(3), "{answered:?}");

    let manifest = ready_without(&node, &first, &customer, Duration::from_secs(40)).await;
    let again = declined_at.elapsed();
    println!("the first recording was ready again after {again:?}");
    let after = Heard::decode(&node.fetch_mp4(&first, folder.path()).await, 2);
    assert!(after.tone(0, AGENT_HZ, 0.5, after.seconds() - 0.5) > 0.15, "the agent stays");
    assert!(after.spans(1, CUSTOMER_HZ, 0.01).is_empty() && after.spans(0, CUSTOMER_HZ, 0.01).is_empty(), "the customer is heard");
    let consents = manifest["consents"].as_array().unwrap();
    let said = consents.iter().find(|c| c["participant"] == customer.as_str()).unwrap_or_else(|| panic!("no record: {manifest:#}"));
    assert_eq!((&said["consent"], &said["answers"][0]["by"]["flow"]), (&"declined".into(), &"night/consent".into()), "{said:#}");
    assert_eq!(said["answers"][0]["by"]["caller_number"], "+4712345678");

    until("the second recording grows again", Duration::from_secs(30), async || {
        std::fs::metadata(&growing).ok().filter(|m| m.len() > 20_000).map(|_| ())
    })
    .await;
    let grown = Heard::decode(&node.fetch_mp4(&second, folder.path()).await, 2);
    assert!(grown.tone(0, AGENT_HZ, 0.5, 2.0) > 0.15 && grown.spans(1, CUSTOMER_HZ, 0.01).is_empty(), "what grows has the agent alone");
    call.hang_up(&pump).await.unwrap();
    ready_without(&node, &second, &customer, Duration::from_secs(40)).await;
    let whole = Heard::decode(&node.fetch_mp4(&second, folder.path()).await, 2);
    assert!(whole.spans(1, CUSTOMER_HZ, 0.01).is_empty() && whole.tone(0, AGENT_HZ, 0.5, 2.0) > 0.15);

    let entries = node.get(&format!("/v1/audit?action=erase&subject=session:{session}")).await;
    let entries = entries["items"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["actor"], format!("participant:{customer}"));
    assert_eq!(entries[0]["detail"]["recordings"].as_array().map(Vec::len), Some(2), "{entries:?}");
    let verified = node.tool().arg("verify").arg(&node.data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_after_the_decline_erases_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let node = RunningNode::start(&data);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let _call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = session_of_the_call(&node).await;
    let (agent, customer) = (participant(&node, &session, "agent").await, participant(&node, &session, "customer").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.command(&session, &agent, "stop").await.0, 200);
    let first = node.recordings_in("ready", 1, Duration::from_secs(30)).await[0]["id"].as_str().unwrap().to_owned();
    let stored = data.join("store/recordings").join(&first).join("recording.mp4");
    let before = std::fs::read(&stored).unwrap();
    let piece = piece_of(&before);
    decline(&node, &session, &customer).await;
    node.kill();
    // As if it had died before anything of the store was touched.
    std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
    std::fs::write(&stored, &before).unwrap();

    let node = RunningNode::start(&data);
    let fetched = node.open(&format!("/v1/recordings/{first}/files/recording.mp4")).await.bytes().await.unwrap_or_default();
    assert!(!crate::declined::holds(&fetched, &piece), "what the store held from before is served");
    ready_without(&node, &first, &customer, Duration::from_secs(40)).await;
    assert!(files_with(&data, &piece).is_empty(), "{:?}", files_with(&data, &piece));
    let after = Heard::decode(&node.fetch_mp4(&first, folder.path()).await, 2);
    assert!(after.tone(0, AGENT_HZ, 0.5, after.seconds() - 0.5) > 0.15 && after.spans(1, CUSTOMER_HZ, 0.01).is_empty());
    let entries = node.get(&format!("/v1/audit?action=erase&subject=session:{session}")).await;
    assert_eq!(entries["items"].as_array().map(Vec::len), Some(1), "{entries}");
}
