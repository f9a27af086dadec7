use std::os::unix::fs::PermissionsExt;

use ferric::archive::{ArchiveError, Catalogue, newest_schema};
use ferric::model::project_kind::ProjectKind;
use sqlx::Connection;

use crate::support::{on_sqlite, project, sqlite_in};

#[tokio::test]
async fn on_sqlite_a_call_has_somewhere_to_go() {
    on_sqlite(a_call_has_somewhere_to_go).await;
}

pub async fn a_call_has_somewhere_to_go(c: Catalogue) {
    let all = c.projects().await.expect("read");
    assert_eq!(all.iter().map(|p| (p.slug.as_str(), p.kind)).collect::<Vec<_>>(), [("default", ProjectKind::Call)]);
    assert_eq!(c.workspace().await.expect("read"), ferric::archive::WorkspaceRow::default());
}

#[tokio::test]
async fn an_existing_file_is_opened_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", dir.path().join("new/odd name?#%41.db").display());
    let c = Catalogue::open(&url).await.expect("opens");
    let mut default = project("default");
    default.kind = ProjectKind::Room;
    c.put_project(&default).await.expect("replaced");
    c.close().await;
    let file = dir.path().join("new/odd name?#%41.db");
    assert_eq!(std::fs::metadata(&file).expect("at that very path").permissions().mode() & 0o777, 0o600, "numbers lie in it");
    let c = Catalogue::open(&url).await.expect("opens again");
    assert_eq!(c.projects().await.expect("read"), [default], "`default` is made only where there is none");
    c.close().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let url = sqlite_in(dir.path());
    Catalogue::open(&url).await.expect("opens").close().await;
    let mut db = sqlx::SqliteConnection::connect(&url).await.expect("opens");
    let newer = newest_schema() + 3;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, 'from the future', TRUE, x'00', 0)")
        .bind(newer)
        .execute(&mut db)
        .await
        .expect("written");
    let no = Catalogue::open(&url).await.expect_err("is refused");
    assert!(matches!(no, ArchiveError::Newer { found, known } if found == newer && known == newest_schema()), "{no}");
    assert!(no.to_string().contains(&format!("the catalogue has schema {newer}")), "{no}");
}

#[tokio::test]
async fn what_is_no_catalogue_is_refused_by_name() {
    for (url, says) in [("mysql://x", "catalogue: must be"), ("sqlite:", "catalogue: `sqlite:` needs a path")] {
        let no = Catalogue::open(url).await.expect_err("is refused").to_string();
        assert!(no.starts_with(says), "{no}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ferric.db");
    std::fs::write(&file, "this is no database, it is a letter to somebody, and long enough to be looked at\n".repeat(20))
        .expect("written");
    let no = Catalogue::open(&format!("sqlite:{}", file.display())).await.expect_err("is refused").to_string();
    assert!(no.contains("not a database"), "{no}");
    let no = Catalogue::open(&format!("sqlite:{}/x.db", file.display())).await.expect_err("is refused").to_string();
    assert!(no.contains("ferric.db"), "names the path: {no}");
}
