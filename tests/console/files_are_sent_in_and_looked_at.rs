use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;
use crate::script::{run, script};

fn made(file: &Path, arguments: &[&str]) {
    let said = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(file).output().expect("ffmpeg runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_film_is_sent_in_and_played_beside_its_chat_and_a_guest_sends_one_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let (film, sound, wrong) = (dir.path().join("lamp.webm"), dir.path().join("note.mp3"), dir.path().join("none.mp4"));
    made(
        &film,
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=640x360:r=25:d=65",
            "-f",
            "lavfi",
            "-i",
            "sine=440:beep_factor=4:d=65",
            "-c:v",
            "libvpx",
            "-deadline",
            "realtime",
            "-b:v",
            "400k",
            "-c:a",
            "libopus",
        ],
    );
    made(&sound, &["-f", "lavfi", "-i", "sine=660:d=3"]);
    std::fs::write(&wrong, "no film at all").expect("written");
    let node = RunningNode::start(&dir.path().join("data"));
    run(script("uploads.mjs", &node).env("FILM", &film).env("SOUND", &sound).env("WRONG", &wrong));
    assert_eq!(node.terminate(), 0);
}
