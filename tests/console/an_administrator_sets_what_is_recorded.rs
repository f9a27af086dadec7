use crate::running_node::RunningNode;
use crate::script::{run, script};

#[test]
fn a_project_is_made_refused_changed_and_shown_as_it_would_record() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    run(&mut script("administrator.mjs", &node));
    assert_eq!(node.terminate(), 0);
}
