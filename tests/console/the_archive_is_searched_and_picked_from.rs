use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;

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
    let key = std::fs::read_to_string(dir.path().join("data/admin.key")).expect("a key");
    let said = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/archive.mjs"))
        .env("FERRIC_URL", &node.http)
        .env("FERRIC_KEY", key.trim())
        .env("FILM", &film)
        .env("SOUND", &sound)
        .env("PICTURES", Path::new(env!("CARGO_TARGET_TMPDIR")).join("console"))
        .output()
        .expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
    assert_eq!(node.terminate(), 0);
}
