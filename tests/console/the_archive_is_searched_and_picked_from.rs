use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;
use crate::script::{run, script};

fn made(file: &Path, arguments: &[&str]) {
    let said = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(file).output().expect("ffmpeg runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn somebody_finds_recordings_as_they_type_and_picks_forty_with_mouse_and_keys() {
    let dir = tempfile::tempdir().expect("a folder");
    let (film, sound) = (dir.path().join("lamp.webm"), dir.path().join("note.mp3"));
    let screen = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=4", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "300k"];
    made(&film, &screen);
    made(&sound, &["-f", "lavfi", "-i", "sine=660:beep_factor=3:d=2"]);
    let node = RunningNode::start(&dir.path().join("data"));
    run(script("archive.mjs", &node).env("FILM", &film).env("SOUND", &sound));
    assert_eq!(node.terminate(), 0);
}
