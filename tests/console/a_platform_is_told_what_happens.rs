use crate::running_node::RunningNode;
use crate::script::{run, script};

#[test]
fn a_webhook_is_made_tried_out_sent_again_and_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start_with(&dir.path().join("data"), &[("FERRIC_WEBHOOKS_ALLOW_PRIVATE", "true")]);
    run(&mut script("webhooks.mjs", &node));
    assert_eq!(node.terminate(), 0);
}
