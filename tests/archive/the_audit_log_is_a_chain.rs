use ferric::archive::{ArchiveError, AuditAction, AuditFilter, Catalogue, NewAudit};
use ferric::model::time::WallClock;
use serde_json::json;
use sqlx::Connection;

use crate::support::{on_sqlite, sqlite_in};

fn entry(at_ms: i64, actor: &str, action: AuditAction, subject: &str) -> NewAudit {
    NewAudit {
        at: WallClock::from_unix_ms(at_ms),
        actor: actor.into(),
        action,
        subject: subject.into(),
        detail: json!({ "why": "ü\u{0}\"" }),
    }
}

#[tokio::test]
async fn on_sqlite_entries_are_found_by_what_they_say() {
    on_sqlite(entries_are_found_by_what_they_say).await;
}

pub async fn entries_are_found_by_what_they_say(c: Catalogue) {
    for n in 1..=120 {
        let (actor, action) = if n % 3 == 0 { ("key:admin", AuditAction::Play) } else { ("participant:p_1", AuditAction::Command) };
        let subject = if n % 2 == 0 { "recording:r%" } else { "session:s1" };
        assert_eq!(c.audit(entry(n, actor, action, subject)).await.expect("kept"), n.cast_unsigned());
    }
    let mut all = Vec::new();
    let mut filter = AuditFilter { limit: Some(50), ..AuditFilter::default() };
    loop {
        let page = c.audit_entries(&filter).await.expect("read");
        all.extend(page.items.into_iter().map(|e| e.seq));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
        c.audit(entry(500, "system", AuditAction::Erase, "session:s2")).await.expect("kept");
    }
    assert_eq!(all, (1..=120).rev().collect::<Vec<u64>>(), "what comes in meanwhile is on no later page");

    let count = async |filter: AuditFilter| c.audit_entries(&AuditFilter { limit: Some(200), ..filter }).await.expect("read").items.len();
    assert_eq!(count(AuditFilter { actor: Some("key:admin".into()), ..AuditFilter::default() }).await, 40);
    assert_eq!(count(AuditFilter { actor: Some("participant:*".into()), ..AuditFilter::default() }).await, 80);
    assert_eq!(
        count(AuditFilter { actor: Some("participant:p%".into()), ..AuditFilter::default() }).await,
        0,
        "no sign but `*` stands for others"
    );
    assert_eq!(
        count(AuditFilter { subject: Some("recording:r%".into()), action: Some(AuditAction::Play), ..AuditFilter::default() }).await,
        20
    );
    let (from, to) = (Some(WallClock::from_unix_ms(10)), Some(WallClock::from_unix_ms(20)));
    assert_eq!(count(AuditFilter { from, to, ..AuditFilter::default() }).await, 10);
    for (filter, says) in [
        (AuditFilter { limit: Some(201), ..AuditFilter::default() }, "limit:"),
        (AuditFilter { after: Some("x".into()), ..AuditFilter::default() }, "after:"),
        (AuditFilter { from: to, to: from, ..AuditFilter::default() }, "to:"),
    ] {
        let no = c.audit_entries(&filter).await.expect_err("is refused").to_string();
        assert!(no.starts_with(says), "{no}");
    }
    let chain = c.check_audit_chain().await.expect("followed");
    assert_eq!((chain.entries, chain.broken), (122, None));
}

#[tokio::test]
async fn on_sqlite_many_who_note_at_once_form_one_line() {
    on_sqlite(many_who_note_at_once_form_one_line).await;
}

pub async fn many_who_note_at_once_form_one_line(c: Catalogue) {
    let writers = (0..8).map(|n| {
        let c = c.clone();
        tokio::spawn(async move {
            for at in 0..10 {
                c.audit(entry(at, &format!("agent:a{n}"), AuditAction::Command, "session:s")).await.expect("kept");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("wrote");
    }
    let chain = c.check_audit_chain().await.expect("followed");
    assert_eq!((chain.entries, chain.broken), (80, None));
}

#[tokio::test]
async fn on_sqlite_what_is_no_entry_is_refused_and_changes_nothing() {
    on_sqlite(what_is_no_entry_is_refused_and_changes_nothing).await;
}

pub async fn what_is_no_entry_is_refused_and_changes_nothing(c: Catalogue) {
    for (actor, subject, says) in [("admin", "node", "actor:"), ("key:a\n", "node", "actor:"), ("system", "", "subject:")] {
        let no = c.audit(entry(1, actor, AuditAction::SignIn, subject)).await.expect_err("is refused");
        assert!(matches!(no, ArchiveError::Invalid { .. }) && no.to_string().starts_with(says), "{no}");
    }
    c.audit(entry(1, "user:anna@example.com", AuditAction::SignIn, "agent:+4722334455")).await.expect("kept");
    let kept = c.audit_entries(&AuditFilter::default()).await.expect("read").items.remove(0);
    assert_eq!((kept.seq, kept.actor.as_str(), kept.subject.as_str()), (1, "user:a***@example.com", "agent:***455"));
    let found =
        c.audit_entries(&AuditFilter { actor: Some("user:anna@example.com".into()), ..AuditFilter::default() }).await.expect("read");
    assert_eq!(found.items, [kept], "asked for by the name, found as it is kept");
}

#[tokio::test]
async fn every_tampering_is_found_at_its_first_entry() {
    for (sql, seq, what) in [
        ("UPDATE audit SET actor = 'key:other' WHERE seq = 3", 3, "was changed after it was written"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1, "was changed after it was written"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 6", 6, "was changed after it was written"),
        ("DELETE FROM audit WHERE seq = 2", 2, "is missing"),
        ("DELETE FROM audit WHERE seq > 4", 5, "is missing, and so is all that came after it"),
        ("DELETE FROM audit", 1, "is missing, and so is all that came after it"),
        ("UPDATE audit SET previous_hash = hash WHERE seq = 4", 4, "does not follow from the one before"),
        ("UPDATE audit SET seq = seq + 100 WHERE seq = 6", 6, "is missing"),
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        let url = sqlite_in(dir.path());
        let c = Catalogue::open(&url).await.expect("opens");
        for n in 0..6 {
            c.audit(entry(n, "key:admin", AuditAction::Play, "recording:r")).await.expect("kept");
        }
        let mut db = sqlx::SqliteConnection::connect(&url).await.expect("opens");
        sqlx::query(sql).execute(&mut db).await.expect("done");
        db.close().await.expect("closed");
        let broken = c.check_audit_chain().await.expect("followed").broken.expect("is found");
        assert_eq!((broken.seq, broken.what), (seq, what), "{sql}");
        c.close().await;
    }
}
