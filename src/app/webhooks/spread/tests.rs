#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::app::webhooks::{Pace, start};
use crate::archive::webhooks::new_secret;
use crate::archive::{Catalogue, EventLog, NewEvent, RowChange, SessionRow};
use crate::model::event_kind::EventKind;
use crate::model::settings::Kind;

struct Told {
    parts: WebhookParts,
    url: String,
    _dir: tempfile::TempDir,
}

impl Told {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("c.db").display());
        let catalogue = Catalogue::open(&url).await.unwrap();
        let log = EventLog::open(catalogue.clone(), dir.path()).await.unwrap();
        let (timeout, stop) = (Duration::from_secs(1), CancellationToken::new());
        let parts = WebhookParts { catalogue, log, allow_private: true, timeout, pace: Pace::default(), stop };
        Self { parts, url, _dir: dir }
    }

    async fn hook(&self, projects: &[&str]) -> Webhook {
        let hook = Webhook {
            id: WebhookId::random(),
            // Nobody listens there: what is delivered stays in line.
            url: "http://127.0.0.1:9/".into(),
            kinds: vec![EventKind::State],
            projects: projects.iter().map(|slug| slug.parse().unwrap()).collect(),
            active: true,
            secret: new_secret().unwrap(),
            old_secret: None,
            created: now(),
            told_upto: self.parts.log.newest(),
        };
        self.parts.catalogue.create_webhook(&hook).await.unwrap();
        hook
    }

    fn tell(&self, session: &SessionId, kind: EventKind, data: serde_json::Value) {
        self.parts.log.tell(NewEvent { at: now(), session: Some(session.clone()), kind, data });
    }

    /// Waits until an event of a session is among a webhook's deliveries.
    async fn comes(&self, hook: &Webhook, session: &SessionId, within: u64) -> bool {
        let comes = async {
            loop {
                let page = self.parts.catalogue.deliveries(&hook.id, None, 50, None).await.unwrap();
                if page.items.iter().any(|delivery| delivery.session.as_ref() == Some(session)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(within), comes).await.is_ok()
    }

    async fn run(&self, statement: &str) {
        let mut c = AnyConnection::connect(&self.url).await.unwrap();
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut c).await.unwrap();
        c.close().await.unwrap();
    }
}

fn row(project: &str) -> SessionRow {
    let (id, project) = (SessionId::random(), project.parse().unwrap());
    SessionRow { id, project, kind: Kind::Call, external_id: None, metadata: BTreeMap::new(), started_at: now(), ended_at: None }
}

#[tokio::test]
async fn a_session_whose_row_is_not_kept_yet_has_the_project_that_was_told() {
    let told = Told::new().await;
    let session = SessionId::random();
    told.tell(&session, EventKind::SessionOpened, json!({ "project": "default" }));
    // Made after it was told: the event itself is not read again.
    let hook = told.hook(&["default"]).await;
    let other = told.hook(&["elsewhere"]).await;
    start(told.parts.clone()).unwrap();
    told.tell(&session, EventKind::State, json!({ "state": "recording" }));
    assert!(told.comes(&hook, &session, 20).await);
    assert!(!told.comes(&other, &session, 0).await);
    // The same where a period is sent again.
    told.parts.log.committed().await;
    let again = told.parts.catalogue.deliver_period_again(&hook, crate::model::time::WallClock(0), None, now()).await.unwrap();
    assert_eq!(again, 1);
    told.parts.stop.cancel();
}

#[tokio::test]
async fn an_event_whose_project_cannot_be_read_waits() {
    let told = Told::new().await;
    let row = row("default");
    told.parts.catalogue.keep(&[RowChange::SessionBegan(Box::new(row.clone()))]).await.unwrap();
    let (every, hook) = (told.hook(&[]).await, told.hook(&["default"]).await);
    told.run("ALTER TABLE sessions RENAME TO sessions_away").await;
    start(told.parts.clone()).unwrap();
    told.tell(&row.id, EventKind::State, json!({ "state": "recording" }));
    told.parts.log.committed().await;
    assert!(!told.comes(&every, &row.id, 2).await, "it is not told past one that it is not known for");
    let replay = told.parts.catalogue.deliver_period_again(&hook, crate::model::time::WallClock(0), None, now()).await;
    assert!(replay.is_err_and(|error| error.is_passing()));
    told.run("ALTER TABLE sessions_away RENAME TO sessions").await;
    assert!(told.comes(&every, &row.id, 20).await && told.comes(&hook, &row.id, 20).await);
    told.parts.stop.cancel();
}
