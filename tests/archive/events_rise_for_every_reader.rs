use ferric::archive::{Catalogue, NewEvent};
use ferric::model::id::SessionId;
use ferric::model::time::WallClock;
use serde_json::json;

use crate::support::on_sqlite;

#[tokio::test]
async fn on_sqlite_events_rise() {
    on_sqlite(events_rise).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_a_reader_that_follows_misses_none() {
    on_sqlite(a_reader_that_follows_misses_none).await;
}

pub async fn events_rise(c: Catalogue) {
    let (one, two) = (SessionId::random(), SessionId::random());
    assert_eq!(c.last_event().await.expect("read"), 0);
    for n in 1..=10i64 {
        let session = if n % 2 == 0 { &two } else { &one };
        let seq = c.append_event(WallClock::from_unix_ms(n), Some(session), "state", &json!({"n": n, "text": "ø\u{0}\""})).await;
        // PostgreSQL has no NUL in texts; JSON escapes it, so it comes back all the same.
        assert_eq!(seq.expect("appended"), n);
    }
    assert_eq!(c.append_event(WallClock::from_unix_ms(11), None, "node", &json!(null)).await.expect("appended"), 11);
    let all = c.events_since(0, None, 100).await.expect("read");
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    assert_eq!(all[1].data, json!({"n": 2, "text": "ø\u{0}\""}));
    assert_eq!((all[1].at, all[1].session.as_ref(), all[1].kind.as_str()), (WallClock::from_unix_ms(2), Some(&two), "state"));
    assert_eq!(all[10].session, None);
    let of_two = c.events_since(4, Some(&two), 2).await.expect("read");
    assert_eq!(of_two.iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 8]);
    let data = [json!({"a": 1}), json!({"a": 2}), json!({"a": 3})];
    let together: Vec<_> =
        data.iter().map(|data| NewEvent { at: WallClock::from_unix_ms(11), session: Some(&one), kind: "gate", data }).collect();
    assert_eq!(c.append_events(&together).await.expect("appended"), 12, "the first one's number");
    let kept = c.events_since(11, None, 100).await.expect("read");
    assert_eq!(kept.iter().map(|e| (e.seq, e.data["a"].as_i64())).collect::<Vec<_>>(), [(12, Some(1)), (13, Some(2)), (14, Some(3))]);
    assert_eq!(c.events_since(0, None, 0).await.expect_err("no rows asked for").to_string(), "limit: must be at least 1");
    assert_eq!(c.forget_events(WallClock::from_unix_ms(12)).await.expect("gone"), 14);
    assert_eq!(
        c.append_event(WallClock::from_unix_ms(12), None, "node", &json!({})).await.expect("appended"),
        15,
        "no number is used twice"
    );
}

/// Eight writers, one reader that always asks for what is after the last number it saw: it must see every event, in order.
pub async fn a_reader_that_follows_misses_none(c: Catalogue) {
    const WRITERS: i64 = 8;
    const EACH: i64 = 40;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let c = c.clone();
        writers.spawn(async move {
            for n in 0..EACH {
                c.append_event(WallClock::from_unix_ms(n), None, "state", &json!({})).await.expect("appended");
            }
        });
    }
    let reader = async {
        let mut seen = Vec::new();
        while seen.len() < (WRITERS * EACH) as usize {
            let new = c.events_since(seen.last().copied().unwrap_or(0), None, 50).await.expect("read");
            seen.extend(new.iter().map(|e| e.seq));
            tokio::task::yield_now().await;
        }
        seen
    };
    let seen = tokio::time::timeout(std::time::Duration::from_secs(50), reader).await.expect("in time");
    assert_eq!(seen, (1..=WRITERS * EACH).collect::<Vec<_>>());
    writers.join_all().await;
}
