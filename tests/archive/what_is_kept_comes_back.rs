use std::collections::BTreeMap;

use ferric::archive::{Catalogue, QueueRow, RecordingState, Source};
use ferric::model::gate::{DiscardReason, EndedBy};
use ferric::model::id::OutputKey;
use ferric::model::manifest::{FileEntry, Manifest, MediaReport};
use ferric::model::project_kind::ProjectKind;
use ferric::model::redact::Personal;
use ferric::model::role::Role;
use ferric::model::settings::{Kind, QueueProperties, RecordMode, Trigger};
use ferric::model::time::WallClock;

use crate::support::{agent, on_sqlite, project, recording, session};

#[tokio::test]
async fn on_sqlite_every_column_comes_back() {
    on_sqlite(every_column_comes_back).await;
}

pub async fn every_column_comes_back(c: Catalogue) {
    configuration_comes_back(&c).await;
    let slug = "rooms.2".parse().expect("a slug");
    let mut s = session("rooms.2");
    s.metadata.insert("note".into(), Personal::new("a\nb\u{1f4de}"));
    c.insert_session(&s).await.expect("kept");
    assert_eq!(c.session(&s.id).await.expect("read"), s);
    assert_eq!(c.insert_session(&s).await.expect_err("taken").to_string(), format!("there is a session `{}` already", s.id));
    assert_eq!(c.open_sessions().await.expect("read"), [s.clone()]);
    c.end_session(&s.id, WallClock(7)).await.expect("ended");
    c.end_session(&s.id, WallClock(9)).await.expect("a second end changes nothing");
    s.ended_at = Some(WallClock(7));
    assert_eq!(c.session(&s.id).await.expect("read"), s);

    let mut r = recording(i64::MAX - 1);
    r.session = s.id.clone();
    (r.project, r.kind, r.source, r.state) = (slug, Kind::Room, Source::Upload, RecordingState::Failed);
    (r.progress, r.failure, r.discarded) = (99, Some("the codec is unknown".into()), Some(DiscardReason::TooShort));
    (r.ended_at, r.duration_ms, r.ended_by) = (Some(WallClock(i64::MAX)), Some(u64::MAX), Some(EndedBy::LastLeft));
    r.external_id = Some("ø".into());
    r.labels = vec!["a,b".into(), String::new()];
    r.output = OutputKey::Receipt { order: "O:77".into(), number: 2 };
    r.manifest = Some(Manifest {
        format: 1,
        id: r.id.clone(),
        session: s.id.clone(),
        output: r.output.clone(),
        project: r.project.clone(),
        external_id: None,
        region: None,
        metadata: BTreeMap::from([("caller".to_owned(), Personal::new("+4712345678"))]),
        started_at: WallClock::from_unix_ms(5),
        ended_at: WallClock::from_unix_ms(6),
        session_offset_ms: 1,
        duration_ms: 2,
        started_by: Some(ferric::model::beginning::StartedBy::AutoSecond),
        ended_by: EndedBy::LastLeft,
        parties: Vec::new(),
        spans: BTreeMap::new(),
        cuts: Vec::new(),
        consents: Vec::new(),
        gaps: Vec::new(),
        tracks: Vec::new(),
        media: MediaReport {
            codecs: vec!["mp4a.40.2".into()],
            sample_hz: 8_000,
            channels: 2,
            channel_layout: vec!["agent".into(), "customer".into()],
            resolution: None,
            frames: None,
            av_offset_p95_ms: Some(0.1),
        },
        files: vec![FileEntry { name: "recording.mp4".into(), media_type: "video/mp4".into(), bytes: 1, sha256: "00".into() }],
    });
    c.put_recording(&r).await.expect("kept");
    assert_eq!(c.recording(&r.id).await.expect("read"), r);
    assert_eq!(c.unfinished_recordings().await.expect("read"), [r.clone()], "a failed one is tried again");
    let bare = recording(0);
    c.put_recording(&bare).await.expect("kept");

    assert_eq!(c.recording(&bare.id).await.expect("read"), bare);

    // Labels are people's, the rest of a row is the node's: neither writes over the other, in whatever order they come.
    let before = c.recording(&bare.id).await.expect("there");
    let change = ferric::archive::Change::of_the_node();
    c.set_labels(&bare.id, &["kept".to_owned()], &change).await.expect("labelled");
    c.put_recording(&ferric::archive::Recording { progress: 7, ..before }).await.expect("replaced");
    let after = c.recording(&bare.id).await.expect("there");
    assert_eq!((after.labels.as_slice(), after.progress), (["kept".to_owned()].as_slice(), 7));
    for bad in [vec![String::new()], vec!["x".repeat(65)], vec!["x".to_owned(); 33]] {
        assert!(c.set_labels(&bare.id, &bad, &change).await.expect_err("refused").to_string().starts_with("labels: "));
    }
    assert_eq!(c.recording(&bare.id).await.expect("there"), after);

    crate::support::delete(&c, r.clone()).await;
    assert_eq!(c.recording(&r.id).await.expect_err("gone").to_string(), format!("there is no recording `{}`", r.id));
}

async fn configuration_comes_back(c: &Catalogue) {
    let mut workspace = c.workspace().await.expect("read");
    workspace.settings.record_mode = Some(RecordMode::ReceiptsForbid);
    c.put_workspace(&workspace).await.expect("kept");
    assert_eq!(c.workspace().await.expect("read"), workspace);

    let mut p = project("rooms.2");
    (p.kind, p.caller_is, p.settings.trigger, p.settings.max_duration_s) =
        (ProjectKind::Video, Role::Agent, Some(Trigger::Prompt), Some(1));
    c.create_project(&p).await.expect("kept");
    assert_eq!(c.project(&p.slug).await.expect("read"), p);

    let mut a = agent("Åse 'the' \"voice\"", &["sip:*@agents.example", "+4712345678"], &["rooms.2"]);
    a.properties.forced = true;
    c.put_agent(&a).await.expect("kept");
    assert_eq!(c.agents().await.expect("read"), [a]);

    let q = QueueRow { name: "Büro; DROP TABLE queues".into(), properties: QueueProperties { forced: true } };
    c.put_queue(&q).await.expect("kept");
    assert_eq!(c.queues().await.expect("read"), [q]);
}
