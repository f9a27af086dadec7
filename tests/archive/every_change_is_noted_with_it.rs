use ferric::archive::change::tag;
use ferric::archive::{ArchiveError, AuditFilter, Catalogue, Change, Expected, Put, QueueRow};
use ferric::model::settings::QueueProperties;

use crate::support::{agent, on_sqlite, project};

fn by(actor: &str, expects: Expected) -> Change {
    Change { actor: actor.into(), via: "api", expects, ..Change::of_the_node() }
}

async fn noted(c: &Catalogue) -> Vec<(String, String)> {
    let page = c.audit_entries(&AuditFilter::default()).await.expect("read");
    page.items.into_iter().rev().map(|e| (e.actor, e.subject)).collect()
}

#[tokio::test]
async fn on_sqlite_a_change_and_its_entry_come_together_or_not_at_all() {
    on_sqlite(a_change_and_its_entry_come_together_or_not_at_all).await;
}

pub async fn a_change_and_its_entry_come_together_or_not_at_all(c: Catalogue) {
    assert_eq!(noted(&c).await, [], "the first start is nobody's change");
    let anna = || c.changing(by("key:anna", Expected::Anything));
    anna().put_project(&project("sales"), Put::New).await.expect("made");
    anna().put_project(&project("sales"), Put::Whole).await.expect("is so already");
    assert!(matches!(anna().put_project(&project("sales"), Put::New).await, Err(ArchiveError::Exists { .. })));
    anna().put_agent(&agent("a", &["1"], &["sales"]), Put::Whole).await.expect("made");
    anna().put_queue(&QueueRow { name: "+4722334455".into(), properties: QueueProperties::default() }, Put::New).await.expect("made");
    assert!(matches!(anna().delete_project(&"sales".parse().expect("slug")).await, Err(ArchiveError::InUse { .. })));
    let before = noted(&c).await;
    let expected = [("key:anna", "project:sales"), ("key:anna", "agent:a"), ("key:anna", "queue:***455")];
    assert_eq!(before.iter().map(|(a, s)| (a.as_str(), s.as_str())).collect::<Vec<_>>(), expected);

    // Who is no actor changes nothing: what cannot be noted is not done.
    let nobody = c.changing(by("somebody", Expected::Anything));
    assert!(nobody.delete_agent("a").await.is_err());
    assert_eq!(c.agents().await.expect("read").len(), 1);

    let row = c.project(&"sales".parse().expect("slug")).await.expect("read");
    let old = c.changing(by("key:bo", Expected::OneOf(vec!["old".into()])));
    let mut changed = row.clone();
    changed.settings.start_paused = Some(true);
    assert!(matches!(old.put_project(&changed, Put::Whole).await, Err(ArchiveError::ChangedMeanwhile { .. })));
    c.changing(by("key:bo", Expected::OneOf(vec![tag(&row)]))).put_project(&changed, Put::Whole).await.expect("changed");
    assert_eq!(noted(&c).await.len(), before.len() + 1);
    assert_eq!(c.check_audit_chain().await.expect("followed").broken, None);
}

#[tokio::test]
async fn on_sqlite_a_wording_is_never_lost() {
    on_sqlite(a_wording_is_never_lost).await;
}

pub async fn a_wording_is_never_lost(c: Catalogue) {
    let slug = "default".parse().expect("slug");
    assert_eq!(c.consent_text(&slug).await.expect("read"), None);
    let change = || c.changing(by("key:anna", Expected::Anything));
    assert_eq!(change().put_consent_text(&slug, "en", "May we?").await.expect("kept").version, 1);
    change().delete_consent_text(&slug).await.expect("gone");
    assert_eq!(c.consent_text(&slug).await.expect("read"), None);
    assert_eq!(change().put_consent_text(&slug, "en", "May we, please?").await.expect("kept").version, 3);
    assert_eq!(c.consent_text_version(&slug, 1).await.expect("read").map(|t| t.text), Some("May we?".into()));
    assert_eq!(c.consent_text_version(&slug, 2).await.expect("read"), None, "then there was none");
    assert_eq!(c.consent_text(&slug).await.expect("read").map(|t| t.version), Some(3));
    assert_eq!(noted(&c).await.len(), 3);
}
