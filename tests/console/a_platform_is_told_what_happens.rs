use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;

#[test]
fn a_webhook_is_made_tried_out_sent_again_and_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start_with(&dir.path().join("data"), &[("FERRIC_WEBHOOKS_ALLOW_PRIVATE", "true")]);
    let key = std::fs::read_to_string(dir.path().join("data/admin.key")).expect("a key");
    let said = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/webhooks.mjs"))
        .env("FERRIC_URL", &node.http)
        .env("FERRIC_KEY", key.trim())
        .env("PICTURES", Path::new(env!("CARGO_TARGET_TMPDIR")).join("console"))
        .output()
        .expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
    assert_eq!(node.terminate(), 0);
}
