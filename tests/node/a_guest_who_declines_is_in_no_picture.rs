//! A room whose guest declines after being recorded: their colour and their tone are in no film, no poster, no thumbnail, no piece of HLS fetched by itself,
//! in what was stored, in what grows and in a receipt that runs. What held nobody else is gone while the session goes on. Who merely withdraws stays in what
//! was recorded of them.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::whip::{Film, Publisher, publish};
use ferric::model::redact::Secret;
use serde_json::{Value, json};

use crate::declined::{decline, ready_without, until};
use crate::heard::Heard;
use crate::running_node::RunningNode;

const WITHIN: Duration = Duration::from_secs(60);

/// Somebody of the room: what their camera shows and what their microphone hears.
struct Person {
    id: String,
    colour: [u8; 3],
    hz: f64,
    publisher: Publisher,
}

/// A plain colour of the fixtures, and a tone that FFmpeg makes.
fn film(colour: &str, hz: f64, folder: &Path) -> Film {
    let tone = folder.join(format!("{hz}.opus"));
    let sine = format!("aevalsrc='0.25*sin(2*PI*{hz}*t)':s=48000");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &sine, "-t", "6", "-ac", "1", "-c:a", "libopus", "-b:a", "48k"])
        .args(["-frame_duration", "20"])
        .arg(&tone)
        .status()
        .expect("ffmpeg runs");
    assert!(made.success());
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room").join(format!("{colour}.ivf"));
    Film::read(&pictures).unwrap().with(Film::read(&tone).unwrap())
}

impl Person {
    async fn comes(node: &RunningNode, session: &str, role: &str, (name, colour): (&str, [u8; 3]), hz: f64, folder: &Path) -> Self {
        let (status, invited) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": role, "name": role })).await;
        assert_eq!(status, 201, "{invited}");
        let film = Arc::new(film(name, hz, folder));
        let (url, token) = (invited["whip_url"].as_str().unwrap(), Secret::new(invited["token"].as_str().unwrap()));
        let publisher = publish(film, IpAddr::V4(Ipv4Addr::LOCALHOST), url, token, false).await.unwrap();
        until("media flow", WITHIN, async || (publisher.sent().picture_frames > 30).then_some(())).await;
        Self { id: invited["id"].as_str().unwrap().to_owned(), colour, hz, publisher }
    }
}

/// Pictures of a file, ten a second where it is a film, of 160 by 90 pixels of RGB.
fn pictures(file: &Path) -> Vec<Vec<u8>> {
    let is_still = file.extension().is_some_and(|e| e == "jpg");
    let filter = if is_still { "scale=iw:ih" } else { "fps=10,scale=160:90:flags=neighbor" };
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-an", "-vf", filter, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&out.stderr));
    if is_still { vec![out.stdout] } else { out.stdout.chunks_exact(160 * 90 * 3).map(<[u8]>::to_vec).collect() }
}

/// Whether a colour fills at least a hundredth of a picture.
fn shows(picture: &[u8], colour: [u8; 3]) -> bool {
    let is_it = |pixel: &&[u8]| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 50);
    picture.chunks_exact(3).filter(is_it).count() * 100 > picture.len() / 3
}

fn shown(file: &Path, colour: [u8; 3]) -> usize {
    pictures(file).iter().filter(|picture| shows(picture, colour)).count()
}

/// For how many seconds a tone is heard. Its phase may jump where a sender on a busy machine stumbles.
fn sounds(heard: &Heard, hz: f64) -> f64 {
    heard.spans(0, hz, 0.05).iter().map(|(from, to)| to - from).sum()
}

/// Files of a recording that hold pictures of it, fetched into a folder.
async fn stills(node: &RunningNode, recording: &str, manifest: &Value, into: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let files = manifest["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap());
    for name in files.filter(|name| name.ends_with(".jpg")) {
        let file = into.join(format!("{recording}-{name}"));
        std::fs::write(&file, node.bytes(&format!("/v1/recordings/{recording}/files/{name}")).await).unwrap();
        found.push(file);
    }
    assert!(found.len() >= 2, "a poster and a sheet at least: {found:?}");
    found
}

/// Every piece that the live playlist names, each fetched by its range and put behind the file's beginning alone. `None` until there is one.
async fn pieces(node: &RunningNode, recording: &str, into: &Path) -> Option<Vec<PathBuf>> {
    let playlist = node.open(&format!("/v1/recordings/{recording}/files/hls/media.m3u8")).await;
    let playlist = if playlist.status().is_success() { playlist.text().await.ok()? } else { return None };
    let (mut map, mut ranges) = (None, Vec::new());
    for line in playlist.lines() {
        let of = |text: &str| text.split_once('@').map(|(n, o)| (o.parse::<u64>().unwrap(), n.parse::<u64>().unwrap()));
        if let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            ranges.extend(of(range));
        } else if let Some((_, range)) = line.strip_prefix("#EXT-X-MAP:").and_then(|l| l.split_once("BYTERANGE=\"")) {
            map = of(range.trim_end_matches('"'));
        }
    }
    let mp4 = format!("/v1/recordings/{recording}/files/recording.mp4");
    let fetch = async |(from, length): (u64, u64)| node.part(&mp4, &format!("bytes={from}-{}", from + length - 1)).await;
    let mut files = Vec::new();
    for (n, range) in ranges.into_iter().enumerate() {
        let (status, _, mut bytes) = match map {
            Some(map) => fetch(map).await,
            None => (200, String::new(), node.bytes(&format!("/v1/recordings/{recording}/files/hls/init.mp4")).await),
        };
        let (then, _, piece) = fetch(range).await;
        if status >= 300 || then >= 300 {
            return None;
        }
        bytes.extend(piece);
        let file = into.join(format!("{recording}-{n}.mp4"));
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    (!files.is_empty()).then_some(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_declines_is_in_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let node = RunningNode::start_with(&here.join("data"), &[("FERRIC_RENDER_LAYOUT", "grid")]);
    let settings = json!({ "consent": "per_party", "conference_mode": "all" });
    let (status, project) = node.post("/v1/projects", json!({ "slug": "meeting", "kind": "room", "settings": settings })).await;
    assert_eq!(status, 201, "{project}");
    let (status, session) = node.post("/v1/sessions", json!({ "project": "meeting", "kind": "room" })).await;
    assert_eq!(status, 201, "{session}");
    let session = session["id"].as_str().unwrap().to_owned();
    let say = async |by: &str, what: &str| {
        let order = what.starts_with("receipt").then_some("O-1");
        let mut body = json!({ "do": what, "by": by });
        if let Some(order) = order {
            body["order"] = json!(order);
        }
        let (status, answer) = node.post(&format!("/v1/sessions/{session}/commands"), body).await;
        assert_eq!(status, 200, "{what}: {answer}");
    };
    let recording = async |output: &str, state: &str| {
        until(&format!("{output} {state}"), WITHIN, async || {
            let list = node.get(&format!("/v1/recordings?session={session}&limit=200")).await;
            let row = list["items"].as_array().unwrap().iter().find(|row| row["output"] == output && row["state"] == state).cloned();
            row.map(|row| row["id"].as_str().unwrap().to_owned())
        })
        .await
    };
    let host = Person::comes(&node, &session, "agent", ("red", [0xc0, 0x20, 0x20]), 500.0, here).await;
    let guest = Person::comes(&node, &session, "customer", ("green", [0x20, 0xa0, 0x20]), 1250.0, here).await;
    let third = Person::comes(&node, &session, "third_party", ("blue", [0x20, 0x30, 0xc0]), 2000.0, here).await;

    // The first recording is the guest's alone: nobody else has agreed yet.
    say(&guest.id, "consent_grant").await;
    say(&host.id, "start").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    say(&host.id, "stop").await;
    let alone = recording("main", "ready").await;
    assert!(shown(&node.fetch_mp4(&alone, here).await, guest.colour) > 5, "the search finds the guest");

    // The second is everybody's.
    say(&host.id, "consent_grant").await;
    say(&third.id, "consent_grant").await;
    say(&host.id, "start").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    say(&host.id, "stop").await;
    let stored = recording("main:2", "ready").await;
    let before = node.fetch_mp4(&stored, here).await;
    let before_decline = Heard::decode(&before, 1);
    for person in [&host, &guest, &third] {
        let (seen, long) = (shown(&before, person.colour), sounds(&before_decline, person.hz));
        assert!(seen > 10, "{:?} is in {seen} pictures of {} s", person.colour, before_decline.seconds());
        assert!(long > 1.0, "{} Hz: {long} s", person.hz);
    }
    let manifest = node.get(&format!("/v1/recordings/{stored}/files/manifest.json")).await;
    let found = stills(&node, &stored, &manifest, here).await;
    assert!(found.iter().any(|file| shown(file, guest.colour) > 0), "a thumbnail shows the guest");

    // The third grows, and a receipt runs beside it.
    say(&host.id, "start").await;
    let growing = recording("main:3", "recording").await;
    say(&host.id, "receipt_start").await;
    let grown = until("pieces of HLS", WITHIN, async || pieces(&node, &growing, here).await).await;
    assert!(grown.iter().any(|piece| shown(piece, guest.colour) > 0), "a piece shows the guest");
    say(&third.id, "consent_withdraw").await;
    decline(&node, &session, &guest.id).await;

    // What held nobody but them is gone, and the session goes on.
    until("the guest's own recording is discarded", WITHIN, async || {
        let row = node.get(&format!("/v1/recordings/{alone}")).await;
        (row["state"] == "discarded").then(|| assert_eq!(row["discarded"], "declined", "{row}"))
    })
    .await;
    assert_eq!(node.get(&format!("/v1/sessions/{session}")).await["ended_at"], Value::Null);
    assert_eq!(node.open(&format!("/v1/recordings/{alone}/files/recording.mp4")).await.status().as_u16(), 404);

    let (green, hz) = (guest.colour, guest.hz);
    let nobody = |file: &Path| assert_eq!(shown(file, green), 0, "{} shows the guest", file.display());
    let silent = |heard: &Heard| assert_eq!(heard.leaks(0, hz, 0.01), [], "the guest is heard");
    assert!(!before_decline.leaks(0, hz, 0.01).is_empty(), "who is heard is found");
    let manifest = ready_without(&node, &stored, &guest.id, WITHIN).await;
    let after = node.fetch_mp4(&stored, here).await;
    nobody(&after);
    let heard = Heard::decode(&after, 1);
    silent(&heard);
    for person in [&host, &third] {
        assert!(shown(&after, person.colour) > 10, "{:?} stays", person.colour);
        let long = sounds(&heard, person.hz);
        assert!(long > 1.0, "{} Hz stays for {long} s: withdrawing takes nothing away", person.hz);
    }
    for still in stills(&node, &stored, &manifest, here).await {
        nobody(&still);
    }

    let again = until("pieces of HLS without the guest", WITHIN, async || pieces(&node, &growing, here).await).await;
    again.iter().for_each(|piece| nobody(piece));
    assert!(again.iter().any(|piece| shown(piece, host.colour) > 0), "the host is in them");
    say(&host.id, "receipt_stop").await;
    let receipt = recording("receipt:O-1:1", "ready").await;
    let kept = node.fetch_mp4(&receipt, here).await;
    nobody(&kept);
    silent(&Heard::decode(&kept, 1));
    assert!(shown(&kept, host.colour) > 10, "the receipt goes on with the host");

    for person in [host, guest, third] {
        person.publisher.stop().await.unwrap();
    }
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);
    let last = recording("main:3", "ready").await;
    let whole = node.fetch_mp4(&last, here).await;
    nobody(&whole);
    let heard = Heard::decode(&whole, 1);
    silent(&heard);
    let spans = heard.spans(0, 2000.0, 0.05);
    let withdrew = node.get(&format!("/v1/recordings/{last}/files/manifest.json")).await;
    let until_ms =
        withdrew["spans"].as_object().unwrap().values().flat_map(|s| s.as_array().unwrap()).map(|s| &s["to_ms"]).min_by_key(|t| t.as_u64());
    let until_s = until_ms.and_then(Value::as_f64).unwrap() / 1000.0;
    assert!(spans.first().is_some_and(|s| s.0 < 1.5), "the third is kept up to their withdrawal: {spans:?}");
    assert!(spans.last().is_some_and(|s| s.1 < until_s + 0.3), "and no further than {until_s} s: {spans:?}");
}
