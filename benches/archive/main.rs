//! What a page of a large archive costs: a million recordings in SQLite and in PostgreSQL, made once and kept below `target/`, and pages as people and
//! platforms ask for them: with the rights of an agent or of an administrator, filters alone and combined, the first page and the thousandth.
//!
//! `cargo bench --bench archive` measures both; `-- sqlite` or `-- postgres` one; `-- 100000` makes fewer recordings.

mod cluster;
mod made;
mod questions;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ferric::archive::Catalogue;

use questions::{Asked, Question, questions};

/// How often each question is asked.
const ASKED: usize = 60;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows = arguments.iter().find_map(|text| text.parse().ok()).unwrap_or(1_000_000);
    let only = |name: &str| arguments.iter().any(|text| text == name);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target").join(format!("archive-{rows}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    if !only("postgres") {
        let url = format!("sqlite:{}", folder.join("ferric.db").display());
        made::make(&url, rows).await;
        measure("SQLite", &url, rows).await;
    }
    if !only("sqlite") {
        let cluster = cluster::Cluster::start(&folder.join("postgres"));
        let url = cluster.database().await;
        made::make(&url, rows).await;
        measure("PostgreSQL", &url, rows).await;
    }
}

async fn measure(name: &str, url: &str, rows: i64) {
    let catalogue = Catalogue::open(url).await.expect("opens");
    println!("{name}, {rows} recordings\n| p50 ms | p95 ms | worst | found | question |\n| --- | --- | --- | --- | --- |");
    let mut all = Vec::new();
    for Question { what, asked, ask } in questions(rows) {
        let (mut took, mut found) = (Vec::new(), 0);
        for n in 0..ASKED {
            let (filter, sight) = ask(n);
            let begun = Instant::now();
            found += match asked {
                Asked::Page => catalogue.recordings(&filter, &sight).await.expect("a page").items.len(),
                Asked::Count => catalogue.count_recordings(&filter, &sight, 1_000).await.expect("a number") as usize,
                Asked::Names => catalogue.names_seen(&sight).await.expect("names").agents.len(),
            };
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let (p50, p95, worst) = (at(&took, 50), at(&took, 95), at(&took, 100));
        println!("| {p50:.1} | {p95:.1} | {worst:.1} | {:.0} | {what} |", found as f64 / ASKED as f64);
        all.extend(took);
    }
    all.sort_unstable();
    println!("| {:.1} | {:.1} | {:.1} | | all of them |\n", at(&all, 50), at(&all, 95), at(&all, 100));
    catalogue.close().await;
}

/// Of a hundred, milliseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default().as_secs_f64() * 1_000.0
}
