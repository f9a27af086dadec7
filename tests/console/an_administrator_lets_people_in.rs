use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;

#[test]
fn a_user_is_made_signs_in_and_a_key_is_shown_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    let key = std::fs::read_to_string(dir.path().join("data/admin.key")).expect("a key");
    let said = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/rights.mjs"))
        .env("FERRIC_URL", &node.http)
        .env("FERRIC_KEY", key.trim())
        .env("PICTURES", Path::new(env!("CARGO_TARGET_TMPDIR")).join("console"))
        .output()
        .expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
}
