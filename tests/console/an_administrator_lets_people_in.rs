use crate::running_node::RunningNode;
use crate::script::{run, script};

#[test]
fn a_user_is_made_signs_in_and_a_key_is_shown_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    run(&mut script("rights.mjs", &node));
}
