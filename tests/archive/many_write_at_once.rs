use ferric::archive::deletion::Asked;
use ferric::archive::rights::Sight;
use ferric::archive::{ArchiveError, AuditAction, Catalogue, EventRow, ListFilter, NewAudit, RecordingState, RowChange};
use ferric::model::time::WallClock;

use crate::support::{agent, on_sqlite, project, recording, session, sqlite_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_no_change_is_lost() {
    on_sqlite(no_change_is_lost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_one_of_many_gets_the_name() {
    on_sqlite(one_of_many_gets_the_name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_declines_and_deletions_wait_for_each_other() {
    on_sqlite(declines_and_deletions_wait_for_each_other).await;
}

/// Two catalogues over one file are two processes to SQLite: they wait for each other instead of failing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_share_a_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let one = Catalogue::open(&sqlite_in(dir.path())).await.expect("opens");
    let two = Catalogue::open(&sqlite_in(dir.path())).await.expect("opens beside the other");
    let mut work = tokio::task::JoinSet::new();
    for c in [one.clone(), two.clone()] {
        work.spawn(async move {
            for n in 0..40 {
                let seq = c.take_event_numbers(1).await.expect("waits its turn");
                let event = EventRow { seq, at: WallClock(n), session: None, kind: "state".into(), data: serde_json::json!({}) };
                c.keep_events(&[event]).await.expect("waits its turn");
                c.put_agent(&agent("shared", &[], &[])).await.expect("waits its turn");
            }
        });
    }
    work.join_all().await;
    let kept = one.events_since(0, None, 100).await.expect("read");
    assert_eq!(kept.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
}

pub async fn no_change_is_lost(c: Catalogue) {
    let mut work = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let c = c.clone();
        work.spawn(async move {
            for n in 0..8 {
                let s = session("default");
                c.insert_session(&s).await.expect("kept");
                let mut r = recording(writer * 100 + n);
                r.session = s.id.clone();
                c.put_recording(&r).await.expect("kept");
                r.state = RecordingState::Ready;
                r.progress = 100;
                c.put_recording(&r).await.expect("replaced");
                c.end_session(&s.id, WallClock(9)).await.expect("ended");
                assert_eq!(c.recording(&r.id).await.expect("read").state, RecordingState::Ready, "a writer reads what it wrote");
            }
        });
    }
    work.join_all().await;
    let filter = ListFilter { state: Some(RecordingState::Ready), limit: Some(200), ..ListFilter::default() };
    assert_eq!(c.recordings(&filter, &Sight::everything()).await.expect("read").items.len(), 128);
    assert!(c.open_sessions().await.expect("read").is_empty());
    assert!(c.unfinished_recordings().await.expect("read").is_empty());
}

/// Both write to recordings and to the audit log.
pub async fn declines_and_deletions_wait_for_each_other(c: Catalogue) {
    let mut rows = (0..4).map(recording).collect::<Vec<_>>();
    for row in &mut rows {
        (row.state, row.progress) = (RecordingState::Ready, 100);
        c.put_recording(row).await.expect("kept");
    }
    let mut work = tokio::task::JoinSet::new();
    for n in 0..8_i64 {
        let (c, rows) = (c.clone(), rows.clone());
        work.spawn(async move {
            for row in &rows {
                if n % 2 == 0 {
                    let ids = rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
                    let asked = Asked { by: "key:admin".into(), why: "request", at: WallClock(n) };
                    c.begin_deletions(&ids, &asked).await.expect("waits its turn");
                    continue;
                }
                let (actor, subject) = ("participant:p1".to_owned(), format!("session:{}", row.session));
                let entry = NewAudit { at: WallClock(n), actor, action: AuditAction::Erase, subject, detail: serde_json::json!({}) };
                let erased = RowChange::ChatErased { session: row.session.clone(), participant: "p1".parse().expect("an id") };
                let noted = RowChange::Audited(row.session.clone(), Box::new(entry));
                c.keep(&[noted, erased, RowChange::Recording(Box::new(row.clone()))]).await.expect("waits its turn");
                c.keep(&[RowChange::Recording(Box::new(row.clone()))]).await.expect("waits its turn");
            }
        });
    }
    work.join_all().await;
    let chain = c.check_audit_chain().await.expect("read");
    assert_eq!((chain.entries, chain.broken), (4 * 4 + 4, None));
}

pub async fn one_of_many_gets_the_name(c: Catalogue) {
    let mut work = tokio::task::JoinSet::new();
    for n in 0..12 {
        let c = c.clone();
        work.spawn(async move {
            let made = match c.create_project(&project("sales")).await {
                Ok(()) => 1,
                Err(ArchiveError::Exists { .. }) => 0,
                Err(other) => panic!("{other}"),
            };
            let taken = match c.put_agent(&agent(&format!("agent {n}"), &["4711"], &[])).await {
                Ok(()) => 1,
                Err(ArchiveError::Invalid { .. }) => 0,
                Err(other) => panic!("{other}"),
            };
            (made, taken)
        });
    }
    let all = work.join_all().await;
    assert_eq!((all.iter().map(|a| a.0).sum::<i32>(), all.iter().map(|a| a.1).sum::<i32>()), (1, 1));
    assert_eq!(c.agents().await.expect("read").len(), 1);
}
