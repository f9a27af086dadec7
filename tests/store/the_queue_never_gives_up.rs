use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use ferric::model::id::RecordingId;
use ferric::store::fs::FolderStore;
use ferric::store::queue::{QueueError, QueueSettings, UploadFile, UploadQueue};
use ferric::store::{SharedStore, Store, StoreError, Stored};
use futures::stream::BoxStream;
use parking_lot::Mutex;

use crate::behaviour::bytes_of;
use crate::files::{Local, local};
use crate::server::{Server, until};

/// A real folder behind a line that can be cut.
#[derive(Clone)]
struct Flaky {
    folder: FolderStore,
    cut: Arc<AtomicBool>,
    tries: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    order: Arc<Mutex<Vec<String>>>,
}

impl Flaky {
    fn new(root: &Path) -> Self {
        let folder = FolderStore::open(root).expect("opens");
        Self { folder, cut: Arc::default(), tries: Arc::default(), now: Arc::default(), most: Arc::default(), order: Arc::default() }
    }

    fn shared(&self) -> SharedStore {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Store for Flaky {
    async fn put_file(&self, key: &str, file: &Path, sha256: &str) -> Result<Stored, StoreError> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        if self.cut.load(Ordering::SeqCst) {
            return Err(StoreError::Backend { key: key.into(), why: "the line is cut".into() });
        }
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let stored = self.folder.put_file(key, file, sha256).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.order.lock().push(key.to_owned());
        stored
    }

    async fn head(&self, key: &str) -> Result<Stored, StoreError> {
        self.folder.head(key).await
    }

    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Stored, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        self.folder.get(key, range).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.folder.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.folder.list(prefix).await
    }
}

struct Scene {
    dir: tempfile::TempDir,
    store: Flaky,
}

const QUICK: QueueSettings = QueueSettings { at_once: 3, first_wait_ms: 10, longest_wait_ms: 80 };

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Flaky::new(&dir.path().join("store"));
        Self { dir, store }
    }

    fn queue(&self) -> UploadQueue {
        UploadQueue::start(self.store.shared(), QUICK)
    }

    /// A recording of five files, the manifest named first.
    fn recording(&self, seed: u64) -> (RecordingId, Vec<UploadFile>, BTreeMap<String, Local>) {
        let id = RecordingId::random();
        let (mut files, mut locals) = (Vec::new(), BTreeMap::new());
        for (n, name) in ["manifest.json", "hls/index.m3u8", "hls/audio.m3u8", "recording.mp4", "poster.jpg"].iter().enumerate() {
            let file = local(self.dir.path(), &format!("{id}-{n}"), 1_000 + n, seed * 10 + n as u64);
            let key = format!("recordings/{id}/{name}");
            files.push(UploadFile { path: file.path.clone(), key: key.clone(), sha256: file.sha256.clone() });
            locals.insert(key, file);
        }
        (id, files, locals)
    }

    async fn holds(&self, locals: &BTreeMap<String, Local>) {
        for (key, file) in locals {
            assert_eq!(bytes_of(&self.store, key, None).await.expect("read"), file.bytes);
            assert!(file.path.exists(), "the local copy is its owner's");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_files_are_stored_and_the_manifest_is_last() {
    let scene = Scene::new();
    let queue = scene.queue();
    let mut waiting = Vec::new();
    for seed in 0..8 {
        let (id, files, locals) = scene.recording(seed);
        waiting.push((queue.enqueue(&id, files).await.expect("taken"), locals));
    }
    for (ticket, locals) in waiting {
        let id = ticket.recording.clone();
        let stored = ticket.stored().await.expect("stored");
        assert_eq!(stored.iter().map(|s| s.0.clone()).collect::<std::collections::BTreeSet<_>>(), locals.keys().cloned().collect());
        for (key, as_stored) in stored {
            assert_eq!(scene.store.head(&key).await.expect("there"), as_stored);
        }
        scene.holds(&locals).await;
        let order: Vec<_> = scene.store.order.lock().iter().filter(|k| k.contains(id.as_str())).cloned().collect();
        let tail: Vec<_> = order[2..].iter().filter_map(|k| k.rsplit('/').next()).collect();
        assert_eq!(tail, ["audio.m3u8", "index.m3u8", "manifest.json"]);
        queue.forget(&id).await.expect("forgotten");
    }
    assert!(scene.store.most.load(Ordering::SeqCst) <= 3, "no more than three at once");
    assert!(queue.status().await.expect("runs").is_empty());
}

#[tokio::test]
async fn a_store_that_comes_back_gets_everything() {
    let scene = Scene::new();
    scene.store.cut.store(true, Ordering::SeqCst);
    let queue = scene.queue();
    let (id, files, locals) = scene.recording(1);
    let ticket = queue.enqueue(&id, files).await.expect("taken");
    until("ten tries", || scene.store.tries.load(Ordering::SeqCst) >= 10).await;
    let status = queue.status().await.expect("runs");
    assert_eq!((status[0].recording.clone(), status[0].stored, status[0].files), (id, 0, 5));
    assert!(status[0].failures >= 5, "{status:?}");
    assert!(status[0].last_error.as_deref().is_some_and(|e| e.contains("the line is cut")), "{status:?}");
    scene.store.cut.store(false, Ordering::SeqCst);
    ticket.stored().await.expect("stored");
    scene.holds(&locals).await;
}

/// A second queue is a restarted node's, whose owner plans again what was not through.
#[tokio::test]
async fn a_restart_goes_on_with_what_is_planned_again() {
    let scene = Scene::new();
    let (first, second) = (scene.recording(1), scene.recording(2));
    let queue = scene.queue();
    queue.enqueue(&first.0, first.1.clone()).await.expect("taken").stored().await.expect("stored");
    let before = scene.store.head(&first.1[3].key).await.expect("there");
    scene.store.cut.store(true, Ordering::SeqCst);
    let never = queue.enqueue(&second.0, second.1.clone()).await.expect("taken");
    drop(queue);
    assert!(matches!(never.stored().await, Err(QueueError::Closed)), "a queue that stops says so");

    scene.store.cut.store(false, Ordering::SeqCst);
    let queue = scene.queue();
    for (id, files, locals) in [&first, &second] {
        queue.enqueue(id, files.clone()).await.expect("taken").stored().await.expect("stored");
        scene.holds(locals).await;
    }
    assert_eq!(scene.store.head(&first.1[3].key).await.expect("there"), before, "what was stored before is not sent again");
}

#[tokio::test]
async fn a_second_plan_stands_instead_of_the_first() {
    let scene = Scene::new();
    let queue = scene.queue();
    let (id, mut files, _) = scene.recording(1);
    queue.enqueue(&id, files.clone()).await.expect("taken").stored().await.expect("stored");
    let again = local(scene.dir.path(), "rendered again", 77, 99);
    files[3] = UploadFile { path: again.path.clone(), sha256: again.sha256.clone(), key: files[3].key.clone() };
    let tries = scene.store.tries.load(Ordering::SeqCst);
    queue.enqueue(&id, files.clone()).await.expect("taken").stored().await.expect("stored");
    assert_eq!(scene.store.tries.load(Ordering::SeqCst) - tries, 1, "only what changed");
    assert_eq!(bytes_of(&scene.store, &files[3].key, None).await.expect("read"), again.bytes);
    files[0].key = "../manifest.json".into();
    let no = queue.enqueue(&id, files).await.expect_err("no store would take it").to_string();
    assert!(no.contains("../manifest.json"), "{no}");
}

/// The local file is gone, the store has it: an earlier run had come that far.
#[tokio::test]
async fn a_file_that_is_gone_here_but_stored_there_counts() {
    let scene = Scene::new();
    let (id, files, locals) = scene.recording(1);
    for file in &files {
        scene.store.put_file(&file.key, &file.path, &file.sha256).await.expect("stored");
        std::fs::remove_file(&file.path).expect("gone");
    }
    let queue = scene.queue();
    assert_eq!(queue.enqueue(&id, files).await.expect("taken").stored().await.expect("counts").len(), locals.len());
}

#[tokio::test]
async fn into_a_bucket_through_a_killed_queue_and_a_server_that_is_away() {
    let server = Server::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "source", 3 * 5 * 1024 * 1024 + 99, 21);
    let manifest = local(dir.path(), "manifest", 500, 22);
    let id = RecordingId::random();
    let keys = [format!("recordings/{id}/manifest.json"), format!("recordings/{id}/recording.mp4")];
    let of = |local: &Local, key: &String| UploadFile { path: local.path.clone(), key: key.clone(), sha256: local.sha256.clone() };
    let journal = dir.path().join("parts");
    server.hold_part(3);
    server.hold_part(4);
    let plan = vec![of(&manifest, &keys[0]), of(&file, &keys[1])];
    let queue = UploadQueue::start(Arc::new(server.store(Some(journal.clone())).await), QUICK);
    queue.enqueue(&id, plan.clone()).await.expect("taken");
    let noted = || {
        let files = std::fs::read_dir(&journal).into_iter().flatten().flatten();
        files.filter_map(|f| std::fs::read_to_string(f.path()).ok()).any(|n| n.contains("\"1\":") && n.contains("\"2\":"))
    };
    until("two parts in the journal", || noted() && server.holding() == 2).await;
    drop(queue);
    server.away(true);
    server.release();
    server.forget_requests();
    let queue = UploadQueue::start(Arc::new(server.store(Some(journal.clone())).await), QUICK);
    let ticket = queue.enqueue(&id, plan).await.expect("taken");
    let mut failed = false;
    for _ in 0..2_000 {
        failed = queue.status().await.expect("runs")[0].last_error.as_deref().is_some_and(|e| e.contains("cannot be reached"));
        if failed {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(failed, "the server is away and the queue says so");
    server.away(false);
    let stored = ticket.stored().await.expect("stored");
    assert_eq!(stored.len(), 2);
    assert_eq!(server.parts_taken(), [3, 4], "only the missing parts: {:#?}", server.requests(""));
    let puts = server.requests("PUT ");
    assert!(puts.last().is_some_and(|p| p.contains("manifest.json")), "{puts:?}");
    let store = server.store(None).await;
    assert_eq!(bytes_of(&store, &keys[1], None).await.expect("read"), file.bytes);
}
