//! Rows to write and a catalogue in a folder of its own.

use std::collections::BTreeMap;
use std::future::Future;

use ferric::archive::deletion::Asked;
use ferric::archive::{AgentRow, Catalogue, ProjectRow, Recording, RecordingState, SessionRow, Source};
use ferric::model::id::{OutputKey, RecordingId, SessionId};
use ferric::model::project_kind::ProjectKind;
use ferric::model::redact::Personal;
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, SettingsLayer};
use ferric::model::time::WallClock;

/// Runs a behaviour over a new catalogue: SQLite, or what the tests are run on.
pub async fn on_sqlite<F: Future<Output = ()>>(behaviour: impl FnOnce(Catalogue) -> F) {
    let dir = tempfile::tempdir().expect("a folder");
    let catalogue = Catalogue::open(&crate::catalogues::url_in(dir.path())).await.expect("opens");
    behaviour(catalogue.clone()).await;
    catalogue.close().await;
}

pub fn sqlite_in(dir: &std::path::Path) -> String {
    format!("sqlite:{}", dir.join("ferric.db").display())
}

pub fn project(slug: &str) -> ProjectRow {
    ProjectRow {
        slug: slug.parse().expect("a slug"),
        kind: ProjectKind::Call,
        settings: SettingsLayer::default(),
        caller_is: Role::Customer,
    }
}

pub fn agent(name: &str, addresses: &[&str], projects: &[&str]) -> AgentRow {
    AgentRow {
        name: name.into(),
        addresses: addresses.iter().map(|a| Personal::new(*a)).collect(),
        projects: projects.iter().map(|p| p.parse().expect("a slug")).collect(),
        properties: AgentProperties::default(),
    }
}

pub fn session(project: &str) -> SessionRow {
    SessionRow {
        id: SessionId::random(),
        project: project.parse().expect("a slug"),
        kind: Kind::Call,
        external_id: Some("ticket 7".into()),
        metadata: BTreeMap::from([("caller".to_owned(), Personal::new("+4712345678"))]),
        started_at: WallClock::from_unix_ms(1_000),
        ended_at: None,
    }
}

pub fn recording(started_at: i64) -> Recording {
    let project = "default".parse().expect("a slug");
    let at = WallClock(started_at);
    Recording::begun(RecordingId::random(), SessionId::random(), OutputKey::Main(1), project, Kind::Call, Source::Live, at)
}

/// Deletes a recording, whatever state it was in.
pub async fn delete(c: &Catalogue, mut row: Recording) {
    row.state = RecordingState::Ready;
    c.put_recording(&row).await.expect("kept");
    let asked = Asked { by: "key:admin".into(), why: "request", at: WallClock(1) };
    let (gone, kept) = c.begin_deletions(std::slice::from_ref(&row.id), &asked).await.expect("begun");
    assert_eq!((gone.len(), kept.len()), (1, 0));
}
