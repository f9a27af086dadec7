use std::fs;

use ferric::store::s3::S3Store;
use ferric::store::{Store, StoreError, open};

use crate::behaviour::{bytes_of, keeps_objects, refuses_what_it_must};
use crate::files::local;
use crate::server::{Server, options, with_keys};

#[tokio::test]
async fn a_bucket_behaves_as_a_store() {
    let server = Server::start().await;
    let store = server.store(None).await;
    keeps_objects(&store).await;
    refuses_what_it_must(&store).await;
}

#[tokio::test]
async fn refused_credentials_are_named_and_the_secret_is_not() {
    let server = Server::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "a", 10, 1);
    for (access, secret) in [("AKIAFERRICTEST", "wrong-secret"), ("AKIANOBODY", "a-secret-that-must-not-be-seen")] {
        let store = S3Store::open(&server.line(), with_keys(access, secret)).await.expect("opens");
        for no in [
            store.put_file("recordings/1/a", &file.path, &file.sha256).await.expect_err("is refused").to_string(),
            store.get("recordings/1/a", None).await.err().expect("is refused").to_string(),
            store.list("").await.expect_err("is refused").to_string(),
        ] {
            assert!(no.contains("s3://rec/eu/") && no.contains("credentials"), "{no}");
            assert!(!no.contains(secret) && !no.contains(access), "{no}");
        }
        assert!(!format!("{store:?}").contains(secret), "not even when printed for debugging");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_server_is_said() {
    let server = Server::start().await;
    let line = server.line().replace("s3://rec/", "s3://nobucket/");
    let store = S3Store::open(&line, options(None)).await.expect("opens");
    let no = store.list("").await.expect_err("is refused").to_string();
    assert!(no.contains("s3://nobucket/eu/") && no.contains("there is no such bucket"), "{no}");
    // A port that was free a moment ago and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let line = format!("s3://rec?endpoint=http://{free}&path_style=true");
    let store = S3Store::open(&line, with_keys("a", "b")).await.expect("opens");
    let no = store.head("recordings/1/a").await.expect_err("nobody is there").to_string();
    assert!(no.contains("s3://rec/recordings/1/a: the server cannot be reached: Connection refused"), "{no}");
    let no = open("s3://rec?path_style=perhaps").await.err().expect("is refused").to_string();
    assert_eq!(no, "store: path_style: must be true or false");
}

#[tokio::test]
async fn an_object_damaged_on_the_server_is_noticed_and_mended() {
    let server = Server::start().await;
    let store = server.store(None).await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "a", 100_000, 1);
    let key = "recordings/1/recording.mp4";
    store.put_file(key, &file.path, &file.sha256).await.expect("stored");
    server.forget_requests();
    store.put_file(key, &file.path, &file.sha256).await.expect("stored");
    assert_eq!(server.requests("PUT "), [""; 0], "what is there and reads back well is not sent again");
    let mut damaged = file.bytes.clone();
    damaged[99_999] ^= 1;
    fs::write(server.file_of(key), &damaged).expect("damaged");
    store.put_file(key, &file.path, &file.sha256).await.expect("sent again");
    assert_eq!(server.requests("PUT ").len(), 1);
    assert_eq!(bytes_of(&store, key, None).await.expect("read"), file.bytes);
}

/// The server's disk damages what it is given: the store must not call it stored, nor leave it there to be served.
#[tokio::test]
async fn a_server_that_damages_what_it_takes_is_found_out() {
    let server = Server::start().await;
    let store = server.store(None).await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "a", 100_000, 1);
    let key = "recordings/1/recording.mp4";
    server.damage_what_is_put();
    let no = store.put_file(key, &file.path, &file.sha256).await.expect_err("does not agree");
    assert!(matches!(&no, StoreError::Mismatch { key: k, wrote, .. } if k == key && *wrote == file.sha256), "{no}");
    assert!(matches!(store.head(key).await, Err(StoreError::NotFound(_))));
    assert!(file.path.exists());
}
