use std::time::{Duration, Instant};

use ferric::archive::{Catalogue, EventLog, EventReader, NewEvent};
use ferric::model::event_kind::EventKind;
use ferric::model::id::SessionId;
use ferric::model::time::WallClock;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::support::{on_sqlite, sqlite_in};

#[tokio::test]
async fn on_sqlite_events_rise() {
    on_sqlite(events_rise).await;
}

#[tokio::test]
async fn on_sqlite_names_go_from_wherever_events_lie() {
    on_sqlite(names_go_from_wherever_events_lie).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_a_reader_that_follows_misses_none() {
    on_sqlite(a_reader_that_follows_misses_none).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_ten_thousand_behind() {
    on_sqlite(ten_thousand_behind).await;
}

fn state(at: i64, session: Option<&SessionId>, data: Value) -> NewEvent {
    NewEvent { at: WallClock::from_unix_ms(at), session: session.cloned(), kind: EventKind::State, data }
}

async fn take(reader: &mut EventReader, count: usize) -> Vec<i64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(50), reader.next());
        seen.push(next.await.unwrap_or_else(|_| panic!("{} of {count} came", seen.len())).expect("read").seq);
    }
    seen
}

pub async fn events_rise(c: Catalogue) {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::open(c.clone(), dir.path()).await.expect("opens");
    let (one, two) = (SessionId::random(), SessionId::random());
    for n in 1..=10i64 {
        let session = if n % 2 == 0 { &two } else { &one };
        // PostgreSQL has no NUL in texts; JSON escapes it, so it comes back all the same.
        assert_eq!(log.tell(state(n, Some(session), json!({"n": n, "text": "ø\u{0}\""}))), n);
    }
    assert_eq!(log.tell(NewEvent { kind: EventKind::Command, ..state(11, None, json!(null)) }), 11);
    log.committed().await;
    let all = c.events_since(0, None, 100).await.expect("read");
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    assert_eq!(all[1].data, json!({"n": 2, "text": "ø\u{0}\""}));
    assert_eq!((all[1].at, all[1].session.as_ref(), all[1].kind.as_str()), (WallClock::from_unix_ms(2), Some(&two), "state"));
    assert_eq!((all[10].session.as_ref(), all[10].kind.as_str()), (None, "command"));
    let of_two = c.events_since(4, Some(&two), 2).await.expect("read");
    assert_eq!(of_two.iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 8]);
    let told: Vec<i64> = log.of_session(&two, 3).await.expect("read").iter().map(|e| e.seq).collect();
    assert_eq!(told, [2, 4, 6]);
    assert_eq!(c.events_since(0, None, 0).await.expect_err("no rows asked for").to_string(), "limit: must be at least 1");
    assert_eq!(c.forget_events(WallClock::from_unix_ms(12)).await.expect("gone"), 11);
    assert_eq!(log.tell(state(12, None, json!({}))), 12, "no number is used twice");
    let ahead = log.read(Some(13), None).map(|_| ()).expect_err("nobody can have heard of it");
    assert_eq!(ahead.to_string(), "since: there is no event of that number; the newest is 12");
    log.close().await;

    let log = EventLog::open(c.clone(), dir.path()).await.expect("opens again");
    let mut reader = log.read(Some(12), None).expect("known");
    let next = log.tell(state(13, None, json!({})));
    assert!(next > 12);
    assert_eq!(take(&mut reader, 1).await, [next], "the gap between two runs holds nothing");
    log.close().await;
}

/// What is taken out of events is read nowhere any more; nothing else changes, and nothing is lost.
pub async fn names_go_from_wherever_events_lie(c: Catalogue) {
    let dir = tempfile::tempdir().expect("a folder");
    let journals = || ["events.1.journal", "events.2.journal"].map(|name| std::fs::read(dir.path().join(name)).expect("read")).concat();
    let says = |what: &str| String::from_utf8_lossy(&journals()).contains(what);
    let log = EventLog::open(c.clone(), dir.path()).await.expect("opens");
    let (one, two) = (SessionId::random(), SessionId::random());
    let told = |kind, session: &SessionId, data: Value| NewEvent { kind, ..state(1, Some(session), data) };
    for (session, name) in [(&one, "Kari Personal"), (&two, "Paal Kept")] {
        log.tell(told(EventKind::SessionOpened, session, json!({ "project": "default", "external_id": format!("ticket of {name}") })));
        log.tell(told(EventKind::ParticipantJoined, session, json!({ "participant": "p", "role": "customer", "name": name })));
        log.tell(told(EventKind::State, session, json!({ "name": "no person's" })));
    }
    assert!(says("Kari Personal") && says("Paal Kept"));
    log.forget_names(std::slice::from_ref(&one)).await.expect("gone");
    assert!(!says("Kari Personal"));
    let expected = [
        json!({ "project": "default", "external_id": null }),
        json!({ "participant": "p", "role": "customer", "name": null }),
        json!({ "name": "no person's" }),
        json!({ "project": "default", "external_id": "ticket of Paal Kept" }),
        json!({ "participant": "p", "role": "customer", "name": "Paal Kept" }),
        json!({ "name": "no person's" }),
    ];
    let read = async |log: &EventLog| {
        let mut reader = log.read(Some(0), None).expect("known");
        let mut rows = Vec::new();
        while let Some(row) = reader.at_once().await.expect("read") {
            rows.push(row.data.clone());
        }
        rows
    };
    assert_eq!(read(&log).await, expected, "from memory");
    let kept: Vec<Value> = c.events_since(0, None, 100).await.expect("read").into_iter().map(|row| row.data).collect();
    assert_eq!(kept, expected, "from the catalogue");
    log.close().await;
    let log = EventLog::open(c, dir.path()).await.expect("opens again");
    assert_eq!(read(&log).await, expected, "from what the next run finds");
    log.close().await;
}

/// Eight tell at once, one reads from the start and one comes again at every event by its number: both see every event, in order.
pub async fn a_reader_that_follows_misses_none(c: Catalogue) {
    const TELLERS: i64 = 8;
    const EACH: i64 = 200;
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::open(c, dir.path()).await.expect("opens");
    let mut tellers = tokio::task::JoinSet::new();
    for _ in 0..TELLERS {
        let log = log.clone();
        tellers.spawn(async move {
            for n in 0..EACH {
                log.tell(state(n, None, json!({})));
                tokio::task::yield_now().await;
            }
        });
    }
    let all: Vec<i64> = (1..=TELLERS * EACH).collect();
    let coming_again = {
        let log = log.clone();
        tokio::spawn(async move {
            let mut seen = vec![0];
            while seen.len() <= (TELLERS * EACH) as usize {
                let last = *seen.last().expect("one");
                seen.extend(take(&mut log.read(Some(last), None).expect("known"), 1).await);
            }
            seen.split_off(1)
        })
    };
    let mut reader = log.read(Some(0), None).expect("known");
    assert_eq!(take(&mut reader, all.len()).await, all);
    assert_eq!(coming_again.await.expect("done"), all);
    tellers.join_all().await;
    log.close().await;
}

/// Somebody who opened a stream and did not read, and somebody who comes back after 10,000 events: both get all of them, once.
pub async fn ten_thousand_behind(c: Catalogue) {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::open(c, dir.path()).await.expect("opens");
    let session = SessionId::random();
    let mut slow = log.read(None, None).expect("from now on");
    let mut slow_of_one = log.read(None, Some(session.clone())).expect("from now on");
    for n in 1..=10_000 {
        log.tell(state(n, (n % 10 == 0).then_some(&session), json!({ "n": n })));
        if n == 6_000 {
            log.committed().await;
        }
    }
    let all: Vec<i64> = (1..=10_000).collect();
    assert_eq!(take(&mut slow, 10_000).await, all);
    assert_eq!(take(&mut slow_of_one, 1_000).await, all.iter().copied().filter(|n| n % 10 == 0).collect::<Vec<_>>());
    log.committed().await;
    assert_eq!(take(&mut log.read(Some(17), None).expect("known"), 9_983).await, all[17..]);
    log.close().await;
}

#[tokio::test]
async fn a_catalogue_that_is_held_up_delays_no_listener() {
    let dir = tempfile::tempdir().expect("a folder");
    let catalogue = Catalogue::open(&sqlite_in(dir.path())).await.expect("opens");
    let log = EventLog::open(catalogue.clone(), dir.path()).await.expect("opens");
    let mut reader = log.read(None, None).expect("from now on");
    let mut other = sqlx::SqliteConnection::connect(&sqlite_in(dir.path())).await.expect("opens");
    other.execute("BEGIN IMMEDIATE").await.expect("nobody writes now but this");
    for n in 1..=20 {
        let told = Instant::now();
        log.tell(state(n, None, json!({})));
        assert_eq!(reader.next().await.expect("read").seq, n);
        assert!(told.elapsed() < Duration::from_millis(200), "{:?}", told.elapsed());
    }
    assert!(catalogue.events_since(0, None, 100).await.expect("read").is_empty(), "the catalogue was held up");
    assert_eq!(
        take(&mut log.read(Some(5), None).expect("known"), 15).await,
        (6..=20).collect::<Vec<_>>(),
        "who comes again misses nothing"
    );
    other.execute("ROLLBACK").await.expect("let go");
    log.committed().await;
    assert_eq!(catalogue.events_since(0, None, 100).await.expect("read").len(), 20);
    log.close().await;
}

/// A runtime that is dropped while events wait for the catalogue is a killed process to the log.
#[test]
fn what_was_told_before_a_crash_keeps_its_number() {
    let dir = tempfile::tempdir().expect("a folder");
    let url = sqlite_in(dir.path());
    let run = |first: i64, before: &[i64]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let catalogue = Catalogue::open(&url).await.expect("opens");
            let log = EventLog::open(catalogue.clone(), dir.path()).await.expect("opens");
            let kept: Vec<i64> = catalogue.events_since(0, None, 1_000).await.expect("read").iter().map(|row| row.seq).collect();
            assert_eq!(kept, before, "what an earlier run told is there before anybody can ask");
            // Without an await the committer gets no turn: a listener may have seen these, the catalogue has not.
            (0..20).map(|n| log.tell(state(first + n, None, json!({ "n": first + n })))).collect::<Vec<_>>()
        })
    };
    let mut all = Vec::new();
    for round in 0..4 {
        let new = run(round * 20, &all);
        assert!(all.last().is_none_or(|last| new[0] > *last), "{new:?} after {all:?}");
        assert!(new.windows(2).all(|two| two[1] == two[0] + 1));
        all.extend(new);
    }
}
