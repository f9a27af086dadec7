use std::fs;
use std::time::Duration;

use ferric::store::{Store, StoreError};

use crate::behaviour::bytes_of;
use crate::files::{Local, local};
use crate::server::{Server, until};

const KEY: &str = "recordings/1/recording.mp4";
/// Four parts, the last a short one.
const LENGTH: usize = 3 * 5 * 1024 * 1024 + 4_321;

struct Scene {
    server: Server,
    dir: tempfile::TempDir,
    file: Local,
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = local(dir.path(), "source", LENGTH, 11);
        Self { server: Server::start().await, dir, file }
    }

    fn journal(&self) -> std::path::PathBuf {
        self.dir.path().join("journal")
    }

    /// Starts an upload that hangs in its third part, waits until two parts are noted, and kills the client.
    async fn killed_after_two_parts(&self) {
        self.server.hold_part(3);
        self.server.hold_part(4);
        let store = self.server.store(Some(self.journal())).await;
        let (path, sha256) = (self.file.path.clone(), self.file.sha256.clone());
        let client = tokio::spawn(async move { store.put_file(KEY, &path, &sha256).await });
        let noted = || self.notes().iter().any(|n| n.contains("\"1\":") && n.contains("\"2\":"));
        until("two parts in the journal", || noted() && self.server.holding() == 2).await;
        client.abort();
        assert!(client.await.expect_err("killed").is_cancelled());
        assert_eq!(self.server.parts_taken(), [1, 2]);
        self.server.release();
        self.server.forget_requests();
    }

    fn notes(&self) -> Vec<String> {
        let files = fs::read_dir(self.journal()).into_iter().flatten().flatten();
        files.filter(|f| f.path().extension().is_some_and(|e| e == "json")).filter_map(|f| fs::read_to_string(f.path()).ok()).collect()
    }

    async fn holds_the_file(&self) {
        let store = self.server.store(None).await;
        assert_eq!(bytes_of(&store, KEY, None).await.expect("read"), self.file.bytes);
        let part = self.server_part(5 * 1024 * 1024 - 2..5 * 1024 * 1024 + 2).await;
        assert_eq!(part, self.file.bytes[5 * 1024 * 1024 - 2..5 * 1024 * 1024 + 2], "a range over a seam");
        assert_eq!(self.server.parts_lying(), 0, "no part is left behind");
        assert_eq!(self.notes(), [""; 0], "no note is left behind");
    }

    async fn server_part(&self, range: std::ops::Range<u64>) -> Vec<u8> {
        bytes_of(&self.server.store(None).await, KEY, Some(range)).await.expect("read")
    }
}

#[tokio::test]
async fn a_new_client_sends_the_missing_parts_only() {
    let scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    let store = scene.server.store(Some(scene.journal())).await;
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [3, 4]);
    assert_eq!(scene.server.requests("POST /rec/eu/recordings/1/recording.mp4?uploads"), [""; 0], "the same upload went on");
    scene.holds_the_file().await;
}

#[tokio::test]
async fn without_a_journal_the_file_is_sent_anew() {
    let scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    fs::remove_dir_all(scene.journal()).expect("lost");
    let store = scene.server.store(Some(scene.journal())).await;
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [1, 2, 3, 4]);
    assert_eq!(scene.server.parts_lying(), 2, "what the lost upload had sent");
    assert_eq!(store.abort_stale(Duration::from_hours(1)).await.expect("listed"), 1);
    scene.holds_the_file().await;
}

#[tokio::test]
async fn an_upload_of_this_node_is_not_stale() {
    let scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    let store = scene.server.store(Some(scene.journal())).await;
    assert_eq!(store.abort_stale(Duration::ZERO).await.expect("listed"), 0);
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [3, 4]);
}

#[tokio::test]
async fn another_file_under_the_same_key_begins_anew() {
    let mut scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    scene.file = local(scene.dir.path(), "rendered again", LENGTH, 12);
    let store = scene.server.store(Some(scene.journal())).await;
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [1, 2, 3, 4]);
    scene.holds_the_file().await;
}

#[tokio::test]
async fn a_part_that_vanished_or_shrank_is_sent_again() {
    let scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    let parts = fs::read_dir(scene.server.root.path()).expect("read").flatten().map(|e| e.path());
    let second = parts.into_iter().find(|p| p.to_string_lossy().ends_with(".part-2")).expect("lies there");
    fs::write(second, b"cut short").expect("damaged");
    let store = scene.server.store(Some(scene.journal())).await;
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [2, 3, 4]);
    scene.holds_the_file().await;
}

/// The server lists a damaged part with the right size: only reading the whole object back finds it.
#[tokio::test]
async fn a_part_damaged_in_between_is_found_by_reading_back() {
    let scene = Scene::new().await;
    scene.killed_after_two_parts().await;
    let parts = fs::read_dir(scene.server.root.path()).expect("read").flatten().map(|e| e.path());
    let first = parts.into_iter().find(|p| p.to_string_lossy().ends_with(".part-1")).expect("lies there");
    let mut bytes = fs::read(&first).expect("read");
    bytes[77] ^= 0x10;
    fs::write(&first, bytes).expect("damaged");
    let store = scene.server.store(Some(scene.journal())).await;
    let no = store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect_err("does not agree");
    assert!(matches!(no, StoreError::Mismatch { .. }), "{no}");
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("the next try sends it whole");
    scene.holds_the_file().await;
}

#[tokio::test]
async fn a_part_that_fails_is_tried_again() {
    let scene = Scene::new().await;
    scene.server.fail_part(2, 2);
    let store = scene.server.store(Some(scene.journal())).await;
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert_eq!(scene.server.parts_taken(), [1, 2, 3, 4]);
    scene.holds_the_file().await;
}

#[tokio::test]
async fn a_server_that_was_away_gets_the_rest() {
    let scene = Scene::new().await;
    scene.server.hold_part(4);
    let store = scene.server.store(Some(scene.journal())).await;
    let (path, sha256) = (scene.file.path.clone(), scene.file.sha256.clone());
    let beside = store.clone();
    let client = tokio::spawn(async move { beside.put_file(KEY, &path, &sha256).await });
    until("three parts in the journal", || {
        scene.notes().iter().any(|n| n.contains("\"1\":") && n.contains("\"2\":") && n.contains("\"3\":"))
    })
    .await;
    scene.server.away(true);
    let no = client.await.expect("runs").expect_err("the server is away").to_string();
    assert!(no.contains("s3://rec/eu/recordings/1/recording.mp4") && no.contains("part"), "{no}");
    let no = store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect_err("still away").to_string();
    assert!(no.contains("cannot be reached"), "{no}");
    scene.server.away(false);
    scene.server.release();
    scene.server.forget_requests();
    store.put_file(KEY, &scene.file.path, &scene.file.sha256).await.expect("stored");
    assert!(scene.server.parts_taken().iter().all(|p| *p > 3), "{:?}", scene.server.parts_taken());
    scene.holds_the_file().await;
}
