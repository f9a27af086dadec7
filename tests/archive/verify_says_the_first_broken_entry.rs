use std::process::Command;

use ferric::app::config::Config;
use ferric::archive::{AuditAction, Catalogue, NewAudit};
use ferric::model::time::WallClock;
use sqlx::Connection;

/// What `ferric verify` says of a data folder, and its exit code.
fn verify(data: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let said = Command::new(env!("CARGO_BIN_EXE_ferric"))
        .arg("verify")
        .arg(data)
        .args(arguments)
        .env_remove("FERRIC_TEST_CATALOGUE")
        .output()
        .expect("runs");
    (said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
}

#[tokio::test]
async fn a_changed_entry_is_damage_and_a_whole_chain_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = Config::default();
    config.data.dir = dir.path().to_owned();
    let url = config.catalogue_url();
    let c = Catalogue::open(&url).await.expect("opens");
    for n in 0..5 {
        let entry = NewAudit {
            at: WallClock::from_unix_ms(n),
            actor: "key:admin".into(),
            action: AuditAction::Play,
            subject: "recording:r".into(),
            detail: serde_json::json!({ "n": n }),
        };
        c.audit(entry).await.expect("kept");
    }
    let head = c.check_audit_chain().await.expect("followed").head;
    c.close().await;
    let (code, said) = verify(dir.path(), &[]);
    assert!(code == Some(0) && said.contains("5 audit entries"), "{code:?} {said}");
    let (code, said) = verify(dir.path(), &["--json"]);
    assert!(code == Some(0) && said.contains(&head), "the head is told, to be kept elsewhere: {said}");

    let mut db = sqlx::SqliteConnection::connect(&url).await.expect("opens");
    sqlx::query("UPDATE audit SET actor = 'key:somebody' WHERE seq >= 3").execute(&mut db).await.expect("changed");
    db.close().await.expect("closed");
    let (code, said) = verify(dir.path(), &[]);
    assert!(code == Some(1) && said.contains("audit log: entry 3 was changed after it was written"), "{code:?} {said}");
}
