//! A script of this folder, run by Node.js against a node: it drives Chromium.

use std::path::Path;
use std::process::Command;

use crate::running_node::RunningNode;

/// The script, told of the node and its key. More can be told by `env`.
pub fn script(name: &str, node: &RunningNode) -> Command {
    let key = std::fs::read_to_string(node.data.join("admin.key")).expect("a key");
    let mut command = Command::new("node");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console").join(name))
        .env("FERRIC_URL", &node.http)
        .env("FERRIC_KEY", key.trim());
    command
}

/// Runs it to its end, which has to be a good one.
pub fn run(command: &mut Command) {
    let said = command.output().expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
}
