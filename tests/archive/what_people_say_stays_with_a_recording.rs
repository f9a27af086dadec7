use ferric::archive::{AuditFilter, Catalogue, Change, Recording};
use ferric::model::redact::Personal;

use crate::support::{on_sqlite, recording};

#[tokio::test]
async fn on_sqlite_what_people_say_is_noted_and_never_written_over() {
    on_sqlite(what_people_say_is_noted_and_never_written_over).await;
}

pub async fn what_people_say_is_noted_and_never_written_over(c: Catalogue) {
    let mut row = recording(7);
    row.queue = Some("support".into());
    row.access_number = Some(Personal::new("21492979"));
    row.caller_number = Some(Personal::new("+47 91 79 93 00"));
    row.customer_email = Some(Personal::new("Kari@Example.com"));
    row.ticket = Some("T-1042".into());
    row.agents = vec!["paal".into()];
    row.orders = vec!["O-1".into()];
    row.bytes = 1_000_000;
    row.title = Some(Personal::new("A first title"));
    row.restricted = true;
    c.put_recording(&row).await.expect("kept");
    assert_eq!(c.recording(&row.id).await.expect("there"), row);

    let change = Change::of_the_node();
    c.set_labels(&row.id, &["billing".to_owned()], &change).await.expect("labelled");
    c.set_folder(&row.id, Some("f1"), &change).await.expect("filed");
    c.set_assignees(&row.id, &["anna".to_owned()], &change).await.expect("assigned");
    c.set_restricted(&row.id, false, &change).await.expect("opened");
    c.set_title(&row.id, Some("Kari asks for her money"), &change).await.expect("named");
    let said = Recording {
        labels: vec!["billing".into()],
        folder: Some("f1".into()),
        assignees: vec!["anna".into()],
        restricted: false,
        title: Some(Personal::new("Kari asks for her money")),
        ..row.clone()
    };
    assert_eq!(c.recording(&row.id).await.expect("there"), said);

    // The node knows nothing of all that, and writes on.
    row.bytes = 2_000_000;
    row.agents.push("anna".into());
    c.put_recording(&row).await.expect("kept");
    let after = Recording { bytes: row.bytes, agents: row.agents.clone(), ..said };
    assert_eq!(c.recording(&row.id).await.expect("there"), after);

    let noted = c
        .audit_entries(&AuditFilter { subject: Some(format!("recording:{}", row.id)), ..AuditFilter::default() })
        .await
        .expect("read")
        .items;
    assert_eq!(noted.len(), 5);
    assert!(noted.iter().all(|entry| !entry.detail.to_string().contains("Kari")), "what cannot be forgotten names nobody: {noted:?}");
    c.set_restricted(&row.id, false, &change).await.expect("open already");
    let again = c
        .audit_entries(&AuditFilter { subject: Some(format!("recording:{}", row.id)), ..AuditFilter::default() })
        .await
        .expect("read")
        .items;
    assert_eq!(again.len(), noted.len(), "what changes nothing is not noted");

    let no = c.set_title(&row.id, Some(" "), &change).await.expect_err("refused").to_string();
    assert!(no.starts_with("title: "), "{no}");
    let no = c.set_assignees(&row.id, &[" x".to_owned()], &change).await.expect_err("refused").to_string();
    assert!(no.starts_with("assignees: "), "{no}");
    crate::support::delete(&c, row.clone()).await;
    let no = c.set_folder(&row.id, None, &change).await.expect_err("gone").to_string();
    assert_eq!(no, format!("there is no recording `{}`", row.id));
}
