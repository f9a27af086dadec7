use std::collections::HashSet;
use std::time::{Duration, Instant};

use ferric::archive::rights::Sight;
use ferric::archive::{Catalogue, ListFilter, Recording, RecordingState};
use ferric::model::time::WallClock;

use crate::support::{on_sqlite, project, recording};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_ten_thousand_page_without_gap_or_repeat() {
    on_sqlite(|c| pages_without_gap_or_repeat(c, 10_000)).await;
}

#[tokio::test]
async fn on_sqlite_filters_and_limits_hold() {
    on_sqlite(filters_and_limits_hold).await;
}

async fn all_pages(c: &Catalogue, mut filter: ListFilter) -> Vec<Recording> {
    let mut all = Vec::new();
    loop {
        let page = c.recordings(&filter, &Sight::everything()).await.expect("a page");
        all.extend(page.items);
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return all,
        }
    }
}

/// Pages through `rows` recordings, seven of them at each instant, while others are added and one already read is replaced.
pub async fn pages_without_gap_or_repeat(c: Catalogue, rows: i64) {
    let all: Vec<_> = (0..rows).map(|n| recording(1_000 + n / 7)).collect();
    let ids: HashSet<_> = all.iter().map(|r| r.id.clone()).collect();
    c.put_recordings(&all).await.expect("kept");
    let mut filter = ListFilter { limit: Some(200), ..ListFilter::default() };
    let (mut seen, mut slowest, mut added) = (Vec::new(), Duration::ZERO, 0);
    loop {
        let asked = Instant::now();
        let page = c.recordings(&filter, &Sight::everything()).await.expect("a page");
        slowest = slowest.max(asked.elapsed());
        for n in 0..3 {
            c.put_recording(&recording(1_000_000 + added + n)).await.expect("a newer one");
        }
        added += 3;
        let mut again = page.items[0].clone();
        again.external_id = Some("seen".into());
        c.put_recording(&again).await.expect("replaced in place");
        seen.extend(page.items.iter().map(|r| (r.started_at, r.id.clone())));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first, strictly");
    assert_eq!(seen.iter().map(|s| s.1.clone()).collect::<HashSet<_>>(), ids, "every one, and none that came later");
    assert!(slowest < Duration::from_millis(500), "a page took {slowest:?}");
}

pub async fn filters_and_limits_hold(c: Catalogue) {
    c.create_project(&project("sales")).await.expect("made");
    let mut rows = Vec::new();
    for n in 0..60 {
        let mut r = recording(n);
        if n % 3 == 0 {
            r.project = "sales".parse().expect("a slug");
        }
        if n % 2 == 0 {
            r.state = RecordingState::Ready;
        }
        c.put_recording(&r).await.expect("kept");
        rows.push(r);
    }
    let starts = |found: Vec<Recording>| found.iter().map(|r| r.started_at.0).collect::<Vec<_>>();
    let by = ListFilter {
        project: Some("sales".parse().expect("a slug")),
        state: Some(RecordingState::Ready),
        limit: Some(3),
        ..ListFilter::default()
    };
    assert_eq!(starts(all_pages(&c, by).await), (0..60).rev().filter(|n| n % 6 == 0).collect::<Vec<_>>());
    let by = ListFilter { from: Some(WallClock(10)), to: Some(WallClock(20)), limit: Some(4), ..ListFilter::default() };
    assert_eq!(starts(all_pages(&c, by).await), (10..20).rev().collect::<Vec<_>>());
    let by = ListFilter { session: Some(rows[7].session.clone()), ..ListFilter::default() };
    assert_eq!(all_pages(&c, by).await, [rows[7].clone()]);
    let page = c.recordings(&ListFilter::default(), &Sight::everything()).await.expect("a page");
    assert_eq!((page.items.len(), page.next.is_some()), (50, true), "50 where none are asked for");
    let page = c.recordings(&ListFilter { limit: Some(60), ..ListFilter::default() }, &Sight::everything()).await.expect("a page");
    assert_eq!((page.items.len(), page.next), (60, None), "no key where nothing follows");

    let no = async |filter: ListFilter| c.recordings(&filter, &Sight::everything()).await.expect_err("is refused").to_string();
    assert_eq!(no(ListFilter { limit: Some(0), ..ListFilter::default() }).await, "limit: must be 1 to 200");
    assert_eq!(no(ListFilter { limit: Some(201), ..ListFilter::default() }).await, "limit: must be 1 to 200");
    assert_eq!(
        no(ListFilter { from: Some(WallClock(2)), to: Some(WallClock(2)), ..ListFilter::default() }).await,
        "to: must be later than `from`"
    );
    for forged in ["", "x", "MTIz", "' OR 1=1"] {
        assert_eq!(no(ListFilter { after: Some(forged.into()), ..ListFilter::default() }).await, "after: is no `next` of a page");
    }
}
