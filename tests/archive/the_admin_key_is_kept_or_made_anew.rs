use std::fs;
use std::os::unix::fs::PermissionsExt;

use ferric::archive::scope::Scope;
use ferric::archive::{Catalogue, keys};

use crate::support::{on_sqlite, sqlite_in};

#[tokio::test]
async fn on_sqlite_the_key_lives_as_long_as_its_file() {
    on_sqlite(the_key_lives_as_long_as_its_file).await;
}

pub async fn the_key_lives_as_long_as_its_file(c: Catalogue) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("admin.key");
    keys::ensure_admin_key(&c, &path).await.expect("made");
    let first = fs::read_to_string(&path).expect("readable").trim().to_owned();
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(first.len() > 43, "256 bits do not fit into {} characters", first.len());
    let owner = c.key_owner(&keys::hash(&first)).await.expect("read").expect("known");
    assert_eq!((owner.name.as_str(), owner.scopes), ("admin", [Scope::Admin].into()));
    assert_eq!(c.key_owner(&keys::hash("ferric_guess")).await.expect("read"), None);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    keys::ensure_admin_key(&c, &path).await.expect("kept");
    assert_eq!(fs::read_to_string(&path).expect("readable").trim(), first, "a second start keeps it");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "and closes what stood open");

    fs::remove_file(&path).expect("gone");
    keys::ensure_admin_key(&c, &path).await.expect("made anew");
    let second = fs::read_to_string(&path).expect("readable").trim().to_owned();
    assert_ne!(first, second);
    assert!(c.key_owner(&keys::hash(&second)).await.expect("read").is_some());
    assert_eq!(c.key_owner(&keys::hash(&first)).await.expect("read"), None, "the lost key opens nothing any more");

    fs::write(&path, "password\n").expect("written");
    let no = keys::ensure_admin_key(&c, &path).await.expect_err("is no key").to_string();
    assert!(no.contains("admin.key: holds no key") && !no.contains("password"), "{no}");

    c.delete_key("admin").await.expect("gone");
    assert_eq!(c.key_owner(&keys::hash(&second)).await.expect("read"), None);
}

#[tokio::test]
async fn a_new_catalogue_beside_an_old_file_takes_its_key_in() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("admin.key");
    let c = Catalogue::open(&sqlite_in(dir.path())).await.expect("opens");
    keys::ensure_admin_key(&c, &path).await.expect("made");
    let key = fs::read_to_string(&path).expect("readable");
    c.close().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let c = Catalogue::open(&sqlite_in(elsewhere.path())).await.expect("opens");
    keys::ensure_admin_key(&c, &path).await.expect("taken in");
    assert_eq!(fs::read_to_string(&path).expect("readable"), key);
    assert!(c.key_owner(&keys::hash(key.trim())).await.expect("read").is_some());
}
