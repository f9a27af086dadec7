use ferric::archive::amendment::Amendment;
use ferric::archive::triage::{TriageRule, TriageThen, TriageWhen};
use ferric::archive::{Catalogue, Change, RecordingState, Source};
use ferric::model::id::FolderId;

use crate::support::{on_sqlite, recording};

#[tokio::test]
async fn on_sqlite_recordings_are_sorted_once() {
    on_sqlite(recordings_are_sorted_once).await;
}

fn folder(id: &str) -> FolderId {
    id.parse().unwrap()
}

pub async fn recordings_are_sorted_once(c: Catalogue) {
    let changing = || c.changing(Change::of_the_node());
    changing().make_folder(Some(folder("in")), "Inbox").await.unwrap();
    changing().make_folder(Some(folder("own")), "Own").await.unwrap();
    let rule = |name: &str, then: TriageThen| TriageRule { name: name.into(), enabled: true, when: TriageWhen::default(), then };
    let labels = vec!["new".to_owned()];
    let first =
        changing().make_triage_rule(rule("all", TriageThen { folder: Some(folder("in")), labels, assignees: Vec::new() })).await.unwrap();
    let live = TriageWhen { source: Some(Source::Live), ..TriageWhen::default() };
    let second = TriageRule { when: live, ..rule("live", TriageThen { labels: vec!["live".into()], ..TriageThen::default() }) };
    changing().make_triage_rule(second).await.unwrap();

    let mut row = recording(1);
    row.state = RecordingState::Processing;
    c.put_recording(&row).await.unwrap();
    assert_eq!(c.recording(&row.id).await.unwrap().folder, None, "not before it is ready");
    c.amend_as(&row.id, &Amendment { add_labels: vec!["mine".into()], ..Amendment::default() }, &Change::of_the_node()).await.unwrap();
    row.state = RecordingState::Ready;
    c.put_recording(&row).await.unwrap();
    let sorted = c.recording(&row.id).await.unwrap();
    assert_eq!((sorted.folder.as_deref(), sorted.labels), (Some("in"), vec!["mine".to_owned(), "new".into(), "live".into()]));
    assert_eq!(c.triaged(&row.id).await.unwrap().unwrap().1, ["all", "live"]);

    // Rendered again, it is left as people have it by then.
    let out = Amendment { folder: Some(None), labels: Some(vec!["done".into()]), ..Amendment::default() };
    c.amend_as(&row.id, &out, &Change::of_the_node()).await.unwrap();
    for state in [RecordingState::Processing, RecordingState::Ready] {
        row.state = state;
        c.put_recording(&row).await.unwrap();
    }
    let after = c.recording(&row.id).await.unwrap();
    assert_eq!((after.folder, after.labels), (None, vec!["done".to_owned()]));

    // A folder that somebody gave it before stays; a rule that is off sorts nothing.
    changing().put_triage_rule(&first.id, TriageRule { enabled: false, ..first.rule.clone() }).await.unwrap();
    let mut other = recording(2);
    other.state = RecordingState::Processing;
    c.put_recording(&other).await.unwrap();
    c.amend_as(&other.id, &Amendment { folder: Some(Some(folder("own"))), ..Amendment::default() }, &Change::of_the_node()).await.unwrap();
    other.state = RecordingState::Ready;
    c.put_recording(&other).await.unwrap();
    let sorted = c.recording(&other.id).await.unwrap();
    assert_eq!((sorted.folder.as_deref(), sorted.labels), (Some("own"), vec!["live".to_owned()]));

    let refused =
        c.amend_as(&other.id, &Amendment { folder: Some(Some(folder("x"))), ..Amendment::default() }, &Change::of_the_node()).await;
    assert_eq!(refused.unwrap_err().to_string(), "folder: there is no folder `x`");
    changing().delete_folder(&folder("own"), true).await.unwrap();
    assert_eq!(c.recording(&other.id).await.unwrap().folder, None);
}
