//! A7: a video or sound file sent by a customer or an agent becomes a recording as live ones do.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::running_node::RunningNode;
use crate::tus::{Sender, ffmpeg, place};

const FLASH_AND_BEEP: [&str; 10] = [
    "-f",
    "lavfi",
    "-i",
    // White for a tenth of a second at the beginning of each second, black else.
    "color=black:s=320x180:r=30:d=6,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'",
    "-f",
    "lavfi",
    "-i",
    "aevalsrc='if(lt(mod(t,1),0.1),0.8*sin(2*PI*1000*t),0)':s=48000:d=6",
    "-pix_fmt",
    "yuv420p",
];

async fn until_ends(node: &RunningNode, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let answer = node.open(&format!("/v1/recordings/{id}")).await;
        let row: Value = answer.json().await.expect("JSON");
        if row["state"] == "ready" || row["state"] == "failed" {
            return row;
        }
        assert!(Instant::now() < deadline, "{row:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ready(node: &RunningNode, id: &str) -> Value {
    let row = until_ends(node, id).await;
    assert_eq!(row["state"], "ready", "{row:#}");
    assert_eq!((row["source"].as_str(), row["progress"].as_u64()), (Some("upload"), Some(100)));
    row
}

fn said(command: &mut Command) -> String {
    let said = command.output().expect("runs");
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr)
}

fn probe(file: &Path) -> Value {
    let entries = "stream=codec_name,codec_type,profile,width,height,nb_read_frames,pix_fmt:format=duration";
    let text = said(Command::new("ffprobe").args(["-v", "error", "-count_frames", "-show_entries", entries, "-of", "json"]).arg(file));
    serde_json::from_str(&text).expect("JSON")
}

fn stream<'a>(probed: &'a Value, kind: &str) -> Option<&'a Value> {
    probed["streams"].as_array()?.iter().find(|s| s["codec_type"] == kind)
}

/// Seconds at which pictures turn white and sound begins.
fn flashes_and_beeps(file: &Path) -> (Vec<f64>, Vec<f64>) {
    let raw = |arguments: &[&str]| {
        let out = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(file).args(arguments).arg("-").output().expect("runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    let frames = raw(&["-vf", "fps=120,scale=1:1", "-pix_fmt", "gray", "-f", "rawvideo"]);
    let rises = |levels: &[bool], rate: f64| {
        let quiet = (rate * 0.3) as usize;
        let is_rise = |n: &usize| levels[*n] && !levels[n.saturating_sub(quiet)..*n].iter().any(|on| *on);
        (0..levels.len()).filter(is_rise).map(|n| n as f64 / rate).collect::<Vec<_>>()
    };
    let bright: Vec<bool> = frames.iter().map(|b| *b > 128).collect();
    let sound = raw(&["-ac", "1", "-ar", "48000", "-f", "s16le"]);
    let loud: Vec<bool> = sound.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]).unsigned_abs() > 6000).collect();
    (rises(&bright, 120.0), rises(&loud, 48_000.0))
}

fn is_in_step(file: &Path, what: &str) {
    let (flashes, beeps) = flashes_and_beeps(file);
    assert!(flashes.len() >= 5 && beeps.len() >= 5, "{what}: {flashes:?} {beeps:?}");
    for flash in flashes.iter().skip(1) {
        let nearest = beeps.iter().map(|beep| (beep - flash).abs()).fold(f64::MAX, f64::min);
        assert!(nearest < 0.045, "{what}: a flash at {flash} and no beep near it: {beeps:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_whatever_ffmpeg_reads_plays_in_step_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let sender = Sender::admin(&node);
    let with = |more: &[&'static str]| FLASH_AND_BEEP.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    let fits = ffmpeg(dir.path(), "fits.mp4", &with(&["-c:v", "libx264", "-g", "60", "-c:a", "aac"]));
    let fits_text = fits.to_str().unwrap().to_owned();
    let files = [
        fits.clone(),
        ffmpeg(dir.path(), "b-frames.mov", &with(&["-c:v", "libx264", "-g", "60", "-bf", "3", "-c:a", "aac"])),
        ffmpeg(dir.path(), "browser.webm", &with(&["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"])),
        ffmpeg(dir.path(), "stream.ts", &with(&["-c:v", "libx264", "-c:a", "mp2"])),
        ffmpeg(dir.path(), "old.avi", &with(&["-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3"])),
        ffmpeg(
            dir.path(),
            "changing-rate.mkv",
            &with(&["-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "vfr", "-c:v", "libx264", "-c:a", "flac"]),
        ),
        ffmpeg(dir.path(), "odd.mkv", &with(&["-vf", "scale=321:181", "-c:v", "ffv1", "-c:a", "pcm_s16le"])),
        ffmpeg(dir.path(), "phone.mp4", &["-i", &fits_text, "-c", "copy", "-metadata:s:v", "rotate=90"]),
    ];
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let id = sender.file(&node, file, &[("filename", name), ("ticket", "T-7"), ("title", "A film")]).await;
        let row = ready(&node, &id).await;
        let names: Vec<&str> = row["files"].as_array().unwrap().iter().filter_map(|f| f["name"].as_str()).collect();
        for wanted in ["recording.mp4", "poster.jpg", "thumbnails.vtt", "waveform.png", "peaks.json"] {
            assert!(names.contains(&wanted), "{name}: {names:?}");
        }
        let mp4 = node.fetch_mp4(&id, dir.path()).await;
        let probed = probe(&mp4);
        let (video, audio) = (stream(&probed, "video").unwrap(), stream(&probed, "audio").unwrap());
        assert_eq!((video["codec_name"].as_str(), audio["codec_name"].as_str()), (Some("h264"), Some("aac")), "{name}");
        assert_eq!(video["pix_fmt"], "yuv420p", "{name}");
        let seconds: f64 = probed["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!((5.9..6.2).contains(&seconds), "{name}: {seconds} s");
        is_in_step(&mp4, name);
        let (width, height) = (video["width"].as_u64().unwrap(), video["height"].as_u64().unwrap());
        match name {
            "phone.mp4" => assert_eq!((width, height), (180, 320)),
            "odd.mkv" => assert!(width % 2 == 0 && height % 2 == 0),
            _ => assert_eq!((width, height), (320, 180), "{name}"),
        }
        if name == "fits.mp4" || name == "b-frames.mov" {
            assert_eq!(frames(file), frames(&mp4), "{name}: what fits is copied");
        }
    }
    assert_eq!(node.get("/v1/uploads").await, json!([]), "nothing is left of the files");
    assert_eq!(std::fs::read_dir(node.data.join("uploads/inbox")).unwrap().count(), 0);
    let verified = node.tool().arg("verify").arg(&node.data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// Hashes of all decoded pictures.
fn frames(file: &Path) -> Vec<String> {
    let text = said(Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(file).args([
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ]));
    text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.rsplit(',').next().map(|h| h.trim().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_sound_alone_and_pictures_alone_and_what_lasts_long() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let sender = Sender::admin(&node);
    let tone = ["-f", "lavfi", "-i", "sine=frequency=660:sample_rate=44100:duration=65"];
    let wav = ffmpeg(dir.path(), "tone.wav", &tone);
    let from = ["-i", wav.to_str().unwrap()];
    let of = |more: &[&'static str]| from.iter().map(|s| (*s).to_owned()).chain(more.iter().map(|s| (*s).to_owned())).collect::<Vec<_>>();
    for (name, more) in [
        ("tone.mp3", vec!["-c:a", "libmp3lame"]),
        ("tone.ogg", vec!["-c:a", "libvorbis"]),
        ("tone.m4a", vec!["-c:a", "aac"]),
        ("tone.flac", vec!["-c:a", "flac"]),
        ("again.wav", vec![]),
    ] {
        let arguments = of(&more);
        let file = ffmpeg(dir.path(), name, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let id = sender.file(&node, &file, &[("filename", name)]).await;
        let row = ready(&node, &id).await;
        let names: Vec<&str> = row["files"].as_array().unwrap().iter().filter_map(|f| f["name"].as_str()).collect();
        for wanted in ["hls/index.m3u8", "hls/media.m3u8", "waveform.png", "peaks.json", "poster.jpg"] {
            assert!(names.contains(&wanted), "{name}: {names:?}");
        }
        let mp4 = node.fetch_mp4(&id, dir.path()).await;
        let heard = said(Command::new("ffmpeg").args(["-hide_banner", "-i"]).arg(&mp4).args([
            "-af",
            "bandpass=f=660:width_type=h:w=60,volumedetect",
            "-f",
            "null",
            "-",
        ]));
        let level = heard.split("mean_volume: ").nth(1).and_then(|t| t.split(' ').next()).and_then(|t| t.parse::<f64>().ok());
        assert!(level.is_some_and(|level| level > -25.0), "{name}: the tone is heard: {level:?}");
        let length = row["duration_ms"].as_u64().unwrap();
        assert!((64_900..65_150).contains(&length), "{name}: {length} ms");
    }
    let silent = ffmpeg(dir.path(), "silent.mp4", &["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3", "-c:v", "mpeg4"]);
    let id = sender.file(&node, &silent, &[]).await;
    let row = ready(&node, &id).await;
    let names: Vec<&str> = row["files"].as_array().unwrap().iter().filter_map(|f| f["name"].as_str()).collect();
    assert!(names.contains(&"thumbnails.vtt") && !names.contains(&"waveform.png"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_hostile_files_fail_in_their_own_process_with_a_reason_and_can_be_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let limits = [("FERRIC_UPLOADS_CPU_S", "5"), ("FERRIC_UPLOADS_TIME_S", "60"), ("FERRIC_UPLOADS_MEMORY_MB", "700")];
    let node = RunningNode::start_with(&data, &limits);
    let sender = Sender::admin(&node);
    let secret = ffmpeg(dir.path(), "secret.ts", &["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3", "-c:v", "libx264"]);
    let secret = secret.display();
    let write = |name: &str, bytes: &[u8]| {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let playlist = format!("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{secret}\n#EXT-X-ENDLIST\n");
    let address = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n";
    let concat = format!("ffconcat version 1.0\nfile '{secret}'\n");
    let sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 40000 RTP/AVP 0\n";
    let dash = format!(
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\"><BaseURL>file://{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    );
    let whole =
        std::fs::read(ffmpeg(dir.path(), "whole.mp4", &["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3", "-c:v", "libx264"])).unwrap();
    let huge = ffmpeg(
        dir.path(),
        "huge.mkv",
        &["-f", "lavfi", "-i", "color=black:s=12000x12000:r=5:d=2", "-c:v", "libx264", "-preset", "ultrafast"],
    );
    let picture = ffmpeg(dir.path(), "picture.png", &["-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1"]);
    let hostile = [
        write("playlist.m3u8", playlist.as_bytes()),
        write("address.m3u8", address.as_bytes()),
        write("list.ffconcat", concat.as_bytes()),
        write("session.sdp", sdp.as_bytes()),
        write("dash.mpd", dash.as_bytes()),
        write("cut.mp4", &whole[..whole.len() / 2]),
        write("noise.bin", &(0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>()),
        write("text.txt", b"no film at all\n"),
        picture,
        huge,
    ];
    let mut failed = Vec::new();
    for file in &hostile {
        let id = sender.file(&node, file, &[("filename", file.file_name().unwrap().to_str().unwrap())]).await;
        let row = until_ends(&node, &id).await;
        assert_eq!(row["state"], "failed", "{}: {row:#}", file.display());
        let why = row["failure"].as_str().unwrap_or_default();
        assert!(!why.is_empty() && !why.contains(dir.path().to_str().unwrap()), "{}: {why}", file.display());
        println!("{}: {why}", file.display());
        failed.push(id);
    }
    let (status, _) = node.post(&format!("/v1/recordings/{}/retry", failed[0]), json!({})).await;
    assert_eq!(status, 202);
    assert_eq!(until_ends(&node, &failed[0]).await["state"], "failed");
    // The node is as well as before, and what is good is made after what was not.
    let good = ffmpeg(dir.path(), "good.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let id = sender.file(&node, &good, &[]).await;
    ready(&node, &id).await;
    let (status, answer) = node.post(&format!("/v1/recordings/{id}/retry"), json!({})).await;
    assert_eq!((status, answer["reason"].as_str()), (409, Some("nothing_to_retry")));
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", failed[1]), json!({})).await.0, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_an_upload_goes_on_where_it_broke_off_also_after_the_node_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    let sender = Sender::admin(&node);
    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=4"]);
    let bytes = std::fs::read(&file).unwrap();

    let answer = sender.begin(bytes.len(), &[("filename", "a.wav")]).await;
    let url = place(&node, &answer);
    assert_eq!(sender.bytes(&url, 0, &bytes[..100_000]).await, 204);
    assert_eq!(sender.bytes(&url, 50, &bytes[50..60]).await, 409, "not where it is");
    assert_eq!(sender.bytes(&url, 100_000, &vec![0; bytes.len()]).await, 400, "longer than it was said to be");
    let sum = |piece: &[u8]| {
        let digest = ring::digest::digest(&ring::digest::SHA256, piece);
        format!("sha256 {}", base64::engine::general_purpose::STANDARD.encode(digest.as_ref()))
    };
    let piece = &bytes[100_000..200_000];
    let wrong = sender.piece(&url, 100_000, piece).header("Upload-Checksum", sum(b"other")).send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 460);
    assert_eq!(sender.offset(&url).await, (200, 100_000), "nothing of it was kept");
    let right = sender.piece(&url, 100_000, piece).header("Upload-Checksum", sum(piece)).send().await.unwrap();
    assert_eq!(right.status().as_u16(), 204);
    let untyped = sender.request(Method::PATCH, &url).header("Upload-Offset", 200_000).body("x").send().await.unwrap();
    assert_eq!(untyped.status().as_u16(), 415);
    let other = reqwest::Client::new().head(&url).bearer_auth(&sender.token).header("Tus-Resumable", "0.2.2").send().await.unwrap();
    assert_eq!(other.status().as_u16(), 412);

    let path = url.strip_prefix(&node.http).unwrap().to_owned();
    node.kill();
    let node = RunningNode::start(&data);
    let sender = Sender::admin(&node);
    let url = format!("{}{path}", node.http);
    assert_eq!(sender.offset(&url).await, (200, 200_000));
    assert_eq!(sender.bytes(&url, 200_000, &bytes[200_000..]).await, 204);
    let list = node.get("/v1/recordings").await;
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ready(&node, &id).await["duration_ms"], 4000);

    // One that is taken back is gone.
    let answer = sender.begin(10, &[]).await;
    let url = place(&node, &answer);
    let gone = sender.request(Method::DELETE, &url).send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    assert_eq!(sender.offset(&url).await.0, 404);
    for (length, metadata, status, word) in [
        (0, vec![], 400, "Upload-Length"),
        (usize::MAX >> 2, vec![], 413, "Upload-Length"),
        (10, vec![("project", "nobody")], 422, "project"),
        (10, vec![("colour", "red")], 422, "colour"),
        (10, vec![("customer_email", "kari")], 422, "customer_email"),
    ] {
        let answer = sender.begin(length, &metadata).await;
        let got = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(got, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{problem}");
    }
    // So many at once and no more.
    let mut last = 0;
    for _ in 0..9 {
        last = sender.begin(10, &[]).await.status().as_u16();
    }
    assert_eq!(last, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_somebody_who_was_invited_sends_one_file_and_sees_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let wanted = json!({ "project": "default", "ticket": "T-9", "customer_email": "kari@example.com", "name": "Kari" });
    let (status, invitation) = node.post("/v1/upload-invitations", wanted).await;
    assert_eq!(status, 201, "{invitation}");
    let token = invitation["token"].as_str().unwrap();
    assert!(invitation["page_url"].as_str().unwrap().ends_with(&format!("/send#{token}")));
    let listed = node.get("/v1/upload-invitations").await;
    assert!(listed[0]["token"].is_null() && !listed.to_string().contains(token), "told once");
    let guest = Sender::with(format!("{}/v1/invited-uploads", node.http), token.to_owned());
    for path in ["/v1/recordings", "/v1/uploads", "/v1/chats", "/", "/v1/upload-invitations"] {
        let answer = guest.request(Method::GET, &format!("{}{path}", node.http)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{path}");
    }
    let answer = guest.begin(10, &[("project", "other")]).await;
    assert_eq!(answer.status().as_u16(), 422, "what the invitation says is not theirs to say");
    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let id = guest.file(&node, &file, &[("filename", "a.wav")]).await;
    let row = ready(&node, &id).await;
    assert_eq!(row["parties"][0]["role"], "customer");
    assert_eq!(guest.begin(10, &[]).await.status().as_u16(), 409, "one file");
    let answer = guest.request(Method::GET, &guest.at).send().await.unwrap();
    let standing: Value = answer.json().await.unwrap();
    assert_eq!(standing["sent"], true);
    let stranger = Sender::with(guest.at.clone(), "0".repeat(64));
    assert_eq!(stranger.begin(10, &[]).await.status().as_u16(), 401);
    let (status, problem) = node.post("/v1/upload-invitations", json!({ "project": "default", "expires": "2020-01-01T00:00:00Z" })).await;
    assert_eq!((status, problem["detail"].as_str().unwrap().starts_with("expires")), (422, true));
    assert_eq!(
        node.send(Method::DELETE, &format!("/v1/upload-invitations/{}", invitation["id"].as_str().unwrap()), json!({})).await.0,
        204
    );
    let answer = guest.request(Method::GET, &guest.at).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "taken back");
}
