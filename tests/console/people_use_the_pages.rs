use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};

use crate::running_node::RunningNode;
use crate::script::script;

/// Speech at 8 kHz: who speaks is seen in the waveform.
fn speech(dir: &Path, name: &str, voice: &str, text: &str) -> Sound {
    let (raw, wav) = (dir.join(format!("{name}.raw.wav")), dir.join(format!("{name}.wav")));
    run(Command::new("espeak-ng").args(["-v", voice, "-s", "150", "-w"]).arg(&raw).arg(text));
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(&raw)
        .args(["-ar", "8000", "-ac", "1", "-c:a", "pcm_s16le"])
        .arg(&wav));
    Sound::from_file(&wav).expect("speech")
}

fn run(command: &mut Command) {
    let said = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// A camera's picture and a microphone's sound for Chromium's fake devices.
pub fn devices(dir: &Path) -> (PathBuf, PathBuf) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room");
    let (camera, microphone) = (dir.join("camera.y4m"), dir.join("microphone.wav"));
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(fixtures.join("host.ivf"))
        .args(["-t", "8", "-pix_fmt", "yuv420p"])
        .arg(&camera));
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(fixtures.join("host.opus"))
        .args(["-t", "8", "-ar", "48000"])
        .arg(&microphone));
    (camera, microphone)
}

async fn call(node: std::net::SocketAddr, customer: Sound, agent: Sound, seen: PathBuf) {
    let pump = Pump::start().expect("a pump");
    let client = SiprecClient::connect(node, SipFlow::Udp).await.expect("connected");
    let legs = vec![
        LegPlan::pcmu("1", "Kari Nordmann", "sip:kari@example.com", customer),
        LegPlan::pcmu("2", "Paal", "sip:paal@pbx.example", agent),
    ];
    let placed = SiprecCall::place(&client, &pump, CallPlan { legs, ..CallPlan::default() }).await.expect("taken");
    // HLS is made of what lasts over a minute; and the script has looked at the live call by then.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(62_500) || !seen.exists() {
        assert!(began.elapsed() < Duration::from_mins(5), "nobody looked at the live call");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    placed.hang_up(&pump).await.expect("hung up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_sign_in_hold_a_room_and_play_what_was_recorded() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));

    let (camera, microphone) = devices(dir.path());
    let customer = speech(
        dir.path(),
        "customer",
        "en-gb+f3",
        "Hello, I ordered a lamp last week, and it has not come. Could you look where it is, please? My order is number seventy seven. … … Thank you.",
    );
    let agent = speech(
        dir.path(),
        "agent",
        "en-us+m3",
        "… … Good morning, this is Paal. … Of course, let me look. … It left our house on Monday, and will be with you tomorrow.",
    );
    let seen = dir.path().join("seen");
    let calling = tokio::spawn(call(node.sip.parse().expect("an address"), customer, agent, seen.clone()));

    let mut people = script("people.mjs", &node);
    people.env("CAMERA", camera).env("MICROPHONE", microphone).env("SEEN", seen);
    tokio::task::spawn_blocking(move || crate::script::run(&mut people)).await.expect("the script came to its end");
    calling.await.expect("the call was recorded");
    assert_eq!(node.terminate(), 0);
}
