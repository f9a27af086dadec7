//! Recordings by the million, made by statements that both databases understand. What a field holds is a hash of the row's number: the same every time.

use ferric::archive::{Catalogue, ProjectRow, RecordingState, Source};
use ferric::model::id::{OutputKey, RecordingId};
use ferric::model::project_kind::ProjectKind;
use ferric::model::redact::Personal;
use ferric::model::role::Role;
use ferric::model::settings::SettingsLayer;
use sqlx::{AnyConnection, Connection, Executor};

/// The newest recording began then.
pub const NEWEST_NS: i64 = 1_795_000_000_000_000_000;
/// Between the beginnings of two.
pub const STEP_NS: i64 = 63_000_000_000;
pub const PROJECTS: i64 = 40;
pub const AGENTS: i64 = 400;
pub const QUEUES: i64 = 60;

const SALTS: [i64; 14] = [
    2_654_435_761,
    2_246_822_519,
    3_266_489_917,
    668_265_263,
    374_761_393,
    1_610_612_741,
    805_306_457,
    402_653_189,
    2_147_483_647,
    1_500_450_271,
    3_367_900_313,
    1_908_874_353,
    2_860_486_313,
    4_093_082_899,
];

fn sql(salt: i64, of: i64) -> String {
    format!("(((i * {}) % 4294967291) / 61 % {of})", SALTS[usize::try_from(salt).unwrap_or(0)])
}

/// Makes what is not there yet.
pub async fn make(url: &str, rows: i64) {
    let catalogue = Catalogue::open(url).await.expect("opens");
    for n in 1..PROJECTS {
        let slug = format!("project-{n}").parse().expect("a slug");
        let row = ProjectRow { slug, kind: ProjectKind::Call, settings: SettingsLayer::default(), caller_is: Role::Customer };
        catalogue.put_project(&row).await.expect("made");
    }
    catalogue.close().await;
    let url = url.strip_prefix("sqlite:").map_or_else(|| url.to_owned(), |path| format!("sqlite:{path}?mode=rwc"));
    let mut c = AnyConnection::connect(&url).await.expect("connects");
    let there: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM recordings").fetch_one(&mut c).await.expect("counted");
    if there == rows {
        return;
    }
    assert_eq!(there, 0, "half made: delete the folder below target/");
    let begun = std::time::Instant::now();
    if url.starts_with("sqlite:") {
        for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"] {
            c.execute(sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"))).await.expect("set");
        }
    }
    for statement in statements(rows) {
        c.execute(sqlx::AssertSqlSafe(statement.clone())).await.unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    if url.starts_with("postgres:") {
        c.execute("VACUUM ANALYZE").await.expect("analysed");
    }
    c.close().await.expect("closes");
    println!("made in {:.0} s", begun.elapsed().as_secs_f64());
    agrees(if url.starts_with("sqlite:") { url.trim_end_matches("?mode=rwc") } else { &url }).await;
}

fn statements(rows: i64) -> Vec<String> {
    let digits = |salt| format!("SUBSTR(CAST({} + 100000000 AS TEXT), 2)", sql(salt, 100_000_000));
    // 32 characters that no other row has.
    let id = format!("{} || {} || SUBSTR(CAST(i + 1000000000 AS TEXT), 2) || '0000000'", digits(0), digits(1));
    let session = format!("{} || {} || SUBSTR(CAST(i + 1000000000 AS TEXT), 2) || '1111111'", digits(2), digits(3));
    let chance = |salt: i64, percent: i64, then: &str| format!("CASE WHEN {} < {percent} THEN {then} END", sql(salt, 100));
    let list = |text: &str| format!("COALESCE('[\"' || {text} || '\"]', '[]')");
    let project =
        format!("CASE WHEN {} < 50 THEN 'default' ELSE 'project-' || CAST({} + 1 AS TEXT) END", sql(4, 100), sql(4, PROJECTS - 1));
    let agent = format!("'agent ' || CAST({} AS TEXT)", sql(5, AGENTS));
    let queue = format!("'queue ' || CAST({} AS TEXT)", sql(6, QUEUES));
    let number = format!("'+47' || CAST(90000000 + {} AS TEXT)", sql(7, 9_000_000));
    let email = chance(8, 40, &format!("'customer' || CAST({} AS TEXT) || '@example.com'", sql(8, 100_000)));
    let ticket = chance(9, 50, &format!("'T-' || CAST({} AS TEXT)", sql(9, 300_000)));
    let label = chance(10, 30, &format!("'label ' || CAST({} AS TEXT)", sql(10, 3_000_000_000) + " % 30"));
    let assignee = chance(11, 10, &format!("'agent ' || CAST({} AS TEXT)", sql(1, 50)));
    let folder = chance(12, 20, &format!("'f' || CAST({} AS TEXT)", sql(2, 25)));
    let order = chance(13, 10, &format!("'O-' || CAST({} AS TEXT)", sql(3, 50_000)));
    // A call in a thousand lasts over an hour.
    let length = format!("CASE WHEN {} < 1 THEN 3600000 + {} ELSE {} END", sql(9, 1_000), sql(7, 3_600_000), sql(11, 1_200_000));
    let state = format!("CASE WHEN {} < 3 THEN 'failed' WHEN {0} < 6 THEN 'discarded' ELSE 'ready' END", sql(12, 1_000));
    let source = format!("CASE WHEN {} < 4 THEN 'upload' ELSE 'live' END", sql(13, 100));
    let restricted = format!("CASE WHEN {} < 5 THEN 1 ELSE 0 END", sql(6, 10_000) + " % 100");
    let oldest = NEWEST_NS - rows * STEP_NS;
    let mut all = vec![
        "DROP INDEX recording_terms_by_recording".to_owned(),
        format!(
            "INSERT INTO recordings (id, session, output, project, kind, source, state, progress, started_at, ended_at, duration_ms, ended_by, external_id, \
             labels, queue, access_number, caller_number, customer_email, ticket, agents, orders, bytes, folder, assignees, restricted) \
             WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             SELECT {id}, {session}, 'main', {project}, 'call', {source}, {state}, 100, {oldest} + i * {STEP_NS}, {oldest} + i * {STEP_NS} + 60000000000, \
             {length}, 'end', 'call-' || CAST(i + 10000000 AS TEXT), {labels}, {queue}, '2149' || CAST(1000 + {line} AS TEXT), {number}, {email}, {ticket}, \
             {agents}, {orders}, 1000000, {folder}, {assignees}, {restricted} FROM n",
            last = rows - 1,
            labels = list(&label),
            line = sql(6, 40),
            agents = list(&agent),
            orders = list(&order),
            assignees = list(&assignee),
        ),
        format!("INSERT INTO manifests (recording, manifest) SELECT id, REPLACE('{}', '@id', id) FROM recordings", manifest()),
    ];
    all.extend(terms());
    all.push("CREATE INDEX recording_terms_by_recording ON recording_terms (recording, kind, term)".to_owned());
    all
}

/// A short manifest; `@id` stands for the recording's.
fn manifest() -> String {
    serde_json::json!({
        "format": 1, "id": "@id", "session": "@id", "output": "main", "project": "default",
        "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:01:00Z", "session_offset_ms": 0, "duration_ms": 60_000, "ended_by": "end",
        "parties": [], "spans": {}, "cuts": [], "gaps": [], "tracks": [],
        "media": { "codecs": ["mp4a.40.2"], "sample_hz": 8_000, "channels": 2, "channel_layout": ["agent", "customer"] },
        "files": [{ "name": "recording.mp4", "media_type": "video/mp4", "bytes": 1_000_000, "sha256": "00" }],
    })
    .to_string()
}

/// As `archive::facts` has them.
fn terms() -> Vec<String> {
    let item = |column: &str| format!("SUBSTR({column}, 3, LENGTH({column}) - 4)");
    let put = |kind: &str, term: &str, there: &str| {
        let stretch = if matches!(kind, "word" | "number_end") { "started_at / 259200000000000" } else { "0" };
        format!(
            "INSERT INTO recording_terms (kind, stretch, term, started_at, recording) SELECT '{kind}', {stretch}, {term}, started_at, id FROM recordings \
             WHERE {there} ORDER BY 2, 3, started_at, id"
        )
    };
    let reversed =
        |column: &str, digits: usize| (1..=digits).rev().map(|n| format!("SUBSTR({column}, {n}, 1)")).collect::<Vec<_>>().join(" || ");
    let digits = "SUBSTR(caller_number, 2)";
    let (agent, queue_word) = (item("agents"), "SUBSTR(queue, 7)");
    let mut words = vec![
        ("id".to_owned(), "1 = 1".to_owned()),
        ("session".to_owned(), "1 = 1".to_owned()),
        ("external_id".to_owned(), "1 = 1".to_owned()),
        ("SUBSTR(external_id, 6)".to_owned(), "1 = 1".to_owned()),
        ("access_number".to_owned(), "1 = 1".to_owned()),
        ("'agent'".to_owned(), "1 = 1".to_owned()),
        ("'queue'".to_owned(), "1 = 1".to_owned()),
        ("customer_email".to_owned(), "customer_email IS NOT NULL".to_owned()),
        ("LOWER(ticket)".to_owned(), "ticket IS NOT NULL".to_owned()),
        ("SUBSTR(ticket, 3)".to_owned(), "ticket IS NOT NULL".to_owned()),
        ("'label'".to_owned(), "labels <> '[]'".to_owned()),
        (format!("LOWER({})", item("orders")), "orders <> '[]'".to_owned()),
        ("SUBSTR(orders, 5, LENGTH(orders) - 6)".to_owned(), "orders <> '[]'".to_owned()),
    ];
    words.extend((0..4).map(|n| (format!("SUBSTR({digits}, {})", n + 1), "1 = 1".to_owned())));
    let mut all = vec![
        put("agent", &agent, "1 = 1"),
        put("label", &item("labels"), "labels <> '[]'"),
        put("assignee", &item("assignees"), "assignees <> '[]'"),
        put("order", &item("orders"), "orders <> '[]'"),
        put("email", "customer_email", "customer_email IS NOT NULL"),
        put("number_end", &reversed("caller_number", 11).replace(" || SUBSTR(caller_number, 1, 1)", ""), "1 = 1"),
        put("number_end", &reversed("access_number", 8), "1 = 1"),
    ];
    let also = |text: &str, there: &str| put("word", text, there) + " ON CONFLICT DO NOTHING";
    all.extend(words.iter().map(|(text, there)| also(text, there)));
    // Numbers of agents, queues and labels are words too.
    for (text, there) in [
        (format!("SUBSTR({agent}, 7)"), "1 = 1"),
        (queue_word.to_owned(), "1 = 1"),
        (format!("SUBSTR({}, 7)", item("labels")), "labels <> '[]'"),
        (format!("SUBSTR({}, 7)", item("assignees")), "assignees <> '[]'"),
    ] {
        all.push(also(&text, there));
    }
    all
}

/// What was made is what Ferric would have written: writing rows again changes nothing of what they are found by.
async fn agrees(url: &str) {
    let catalogue = Catalogue::open(url).await.expect("opens");
    let connect = if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url.to_owned() };
    let mut c = AnyConnection::connect(&connect).await.expect("connects");
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM recordings ORDER BY started_at DESC LIMIT 20").fetch_all(&mut c).await.expect("read");
    let count = "SELECT CAST(COUNT(*) + SUM(stretch) AS BIGINT) FROM recording_terms WHERE recording = $1";
    for id in ids {
        let parsed: RecordingId = id.parse().expect("an id");
        let row = catalogue.recording(&parsed).await.expect("there");
        assert_eq!((row.output.clone(), row.source == Source::Live || row.source == Source::Upload), (OutputKey::Main(1), true));
        assert!(row.state != RecordingState::Recording && row.caller_number.as_ref().is_some_and(|n| *n != Personal::new("")));
        let made: i64 = sqlx::query_scalar(count).bind(id.clone()).fetch_one(&mut c).await.expect("counted");
        sqlx::query("DELETE FROM recording_terms WHERE recording = $1").bind(id.clone()).execute(&mut c).await.expect("deleted");
        catalogue.put_recording(&row).await.expect("kept");
        let written: i64 = sqlx::query_scalar(count).bind(id.clone()).fetch_one(&mut c).await.expect("counted");
        assert_eq!(made, written, "terms of {id}");
    }
    catalogue.close().await;
}
