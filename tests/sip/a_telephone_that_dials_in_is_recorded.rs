use std::path::Path;
use std::process::{Command, Stdio};

use crate::recorded::{decibels, only_recording};
use crate::running_node::RunningNode;

/// A sine tone as a WAV file of 8 kHz.
fn write_tone(file: &Path, hz: f64, seconds: u32) {
    let samples = (0..8000 * seconds).map(|n| (8000.0 * (std::f64::consts::TAU * hz * f64::from(n) / 8000.0).sin()) as i16);
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    wav.extend(8000u32.to_le_bytes());
    wav.extend(16_000u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend_from_slice(b"data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    std::fs::write(file, wav).unwrap();
}

/// Has baresip call the node for five seconds from a folder of its own, saying 600 Hz in A-law. Keeps what it says and hears as `dump-…-enc.wav` and
/// `dump-…-dec.wav`.
pub async fn call_with_baresip(node: &RunningNode, phone: &Path) {
    std::fs::create_dir(phone).unwrap();
    let tone = phone.join("tone.wav");
    write_tone(&tone, 600.0, 20);
    let config = format!(
        "module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nsnd_path {}\n\
         module_app account.so\nmodule_app menu.so\naudio_source aufile,{}\naudio_player aubridge,nil\nnet_interface 127.0.0.1\nsip_listen 127.0.0.1:0\n",
        phone.display(),
        tone.display()
    );
    std::fs::write(phone.join("config"), config).unwrap();
    std::fs::write(phone.join("accounts"), "<sip:alice@127.0.0.1>;regint=0;audio_codecs=PCMA\n").unwrap();
    std::fs::write(phone.join("contacts"), "").unwrap();
    let mut command = Command::new("baresip");
    command.arg("-f").arg(phone).args(["-t", "5", "-e", &format!("/dial sip:default@{}", node.sip)]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let out = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("baresip runs");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("Call established"), "{said}");
}

#[tokio::test]
async fn baresip_over_udp() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    call_with_baresip(&node, &dir.path().join("phone")).await;
    let (length, heard, row) = only_recording(&node, dir.path()).await;
    assert!((3.0..6.5).contains(&length), "{length} s: {row:#}");
    // The caller is the customer, on the right; nobody is on the left.
    let (from, to) = (0.5, heard.seconds() - 0.5);
    let level = decibels(heard.tone(1, 600.0, from, to));
    assert!((-14.0..-10.5).contains(&level), "{level} dBFS");
    assert!(decibels(heard.tone(0, 600.0, from, to)) < level - 40.0);
    drop(node);
}
