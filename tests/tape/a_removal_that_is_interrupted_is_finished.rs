//! A tape goes in one step: a crash in the middle leaves neither a tape whose people seem to have declined nor any of its bytes for long.

use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;

use crate::support::{Gates, Node, id, opened, packet};

fn names(node: &Node) -> Vec<String> {
    let entries = std::fs::read_dir(node.data.path().join("spool")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn at_the_next_start() {
    let node = Node::new();
    let session: SessionId = id("s1");
    let spool = node.spool();
    let tape = spool.create(&opened(&session)).unwrap();
    let writer = tape.track(&id("a1"), TrackId(1)).unwrap();
    writer.rtp(&Gates::open().permit("a1"), MediaTime::from_ms(20), &packet(1, 1, 1));
    tape.close().unwrap();
    drop((writer, tape));

    // As far as a removal had come: out of the way, with a key half destroyed.
    let going = node.data.path().join("spool").join(".going-s1");
    std::fs::rename(node.dir(&session), &going).unwrap();
    let keys = std::fs::read_dir(going.join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let of_somebody = keys.filter(|path| !path.ends_with("session.key")).collect::<Vec<_>>();
    assert_eq!(of_somebody.len(), 1);
    std::fs::remove_file(&of_somebody[0]).unwrap();
    drop(spool);

    let spool = node.spool();
    assert!(spool.recover().unwrap().is_empty(), "it is no tape any more");
    assert!(names(&node).is_empty(), "{:?}", names(&node));
}

#[test]
fn and_one_that_is_not_leaves_nothing() {
    let node = Node::new();
    let session: SessionId = id("s1");
    let spool = node.spool();
    let tape = spool.create(&opened(&session)).unwrap();
    assert!(spool.remove(&session).is_err(), "it is being written");
    tape.close().unwrap();
    spool.remove(&session).unwrap();
    assert!(names(&node).is_empty());
    assert!(spool.remove(&session).is_err(), "it is not there");
}
