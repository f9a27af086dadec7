use crate::running_node::RunningNode;
use crate::script::{run, script};

#[test]
fn one_stays_signed_in_here_and_is_signed_out_everywhere_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    run(&mut script("own_password.mjs", &node));
}
