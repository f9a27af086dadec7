//! What every store does, asked of each of them.

use std::ops::Range;

use ferric::store::{Store, StoreError, sha256_of_object};
use futures::TryStreamExt;

use crate::files::local;

pub async fn bytes_of(store: &dyn Store, key: &str, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
    let (_, body) = store.get(key, range).await?;
    body.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    })
    .await
}

/// Put, head, get, ranges, list, replace, delete.
pub async fn keeps_objects(store: &dyn Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "a", 300_001, 1);
    let key = "recordings/0af3/recording.mp4";
    let put = store.put_file(key, &file.path, &file.sha256).await.expect("stored");
    assert_eq!(put.bytes, 300_001);
    assert!(!put.etag.is_empty() && !put.etag.contains('"'), "{put:?}");
    assert_eq!(store.head(key).await.expect("there"), put);
    assert_eq!(bytes_of(store, key, None).await.expect("read"), file.bytes);
    assert_eq!(sha256_of_object(store, key).await.expect("read"), (put.clone(), file.sha256.clone()));
    for range in [0..1, 0..300_001, 299_999..300_001, 65_535..65_537, 100_000..250_000, 7..7] {
        let wanted = &file.bytes[range.start as usize..range.end as usize];
        assert_eq!(bytes_of(store, key, Some(range.clone())).await.expect("read"), wanted, "{range:?}");
    }
    for (start, end) in [(0, 300_002), (300_001, 300_002), (400_000, 500_000), (5, 4)] {
        let no = store.get(key, Some(start..end)).await.err().expect("is outside");
        assert!(matches!(no, StoreError::Range { size: 300_001, .. }), "{no}");
    }
    assert_eq!(store.put_file(key, &file.path, &file.sha256).await.expect("again").bytes, put.bytes, "storing the same again is no error");

    let other = local(dir.path(), "b", 10, 2);
    let replaced = store.put_file(key, &other.path, &other.sha256).await.expect("replaced");
    assert_ne!(replaced.etag, put.etag, "a tag is strong");
    assert_eq!(bytes_of(store, key, None).await.expect("read"), other.bytes);

    let empty = local(dir.path(), "c", 0, 3);
    store.put_file("recordings/0af3/hls/empty.vtt", &empty.path, &empty.sha256).await.expect("stored");
    assert_eq!(bytes_of(store, "recordings/0af3/hls/empty.vtt", None).await.expect("read"), [0u8; 0]);
    store.put_file("recordings/0b/poster jpg+ø%41.jpg", &other.path, &other.sha256).await.expect("an odd name");
    assert_eq!(bytes_of(store, "recordings/0b/poster jpg+ø%41.jpg", None).await.expect("read"), other.bytes);

    let all = ["recordings/0af3/hls/empty.vtt", key, "recordings/0b/poster jpg+ø%41.jpg"];
    assert_eq!(store.list("recordings/").await.expect("listed"), all);
    assert_eq!(store.list("").await.expect("listed"), all);
    assert_eq!(store.list("recordings/0af3/").await.expect("listed"), all[..2]);
    assert_eq!(store.list("recordings/0af3/rec").await.expect("listed"), [key]);
    assert_eq!(store.list("nothing/").await.expect("listed"), [""; 0]);

    store.delete(key).await.expect("deleted");
    store.delete(key).await.expect("absent is no error");
    assert!(matches!(store.head(key).await, Err(StoreError::NotFound(k)) if k == key));
    assert!(matches!(store.get(key, None).await.err(), Some(StoreError::NotFound(_))));
    assert_eq!(store.list("recordings/0af3/").await.expect("listed"), all[..1]);
    store.delete(all[0]).await.expect("deleted");
    store.delete(all[2]).await.expect("deleted");
    assert_eq!(store.list("").await.expect("listed"), [""; 0]);
}

/// Keys that climb, and files that are not what they are said to be.
pub async fn refuses_what_it_must(store: &dyn Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let file = local(dir.path(), "a", 1_000, 1);
    for key in ["../x", "/etc/x", "a/../../x", "a//x", "", ".incoming/x", "a\0x"] {
        assert!(matches!(store.put_file(key, &file.path, &file.sha256).await, Err(StoreError::BadKey(_))), "{key:?}");
        assert!(matches!(store.get(key, None).await.err(), Some(StoreError::BadKey(_))), "{key:?}");
        assert!(matches!(store.head(key).await, Err(StoreError::BadKey(_))), "{key:?}");
        assert!(matches!(store.delete(key).await, Err(StoreError::BadKey(_))), "{key:?}");
    }
    assert!(matches!(store.list("../").await, Err(StoreError::BadKey(_))));
    let other = local(dir.path(), "b", 1_000, 2);
    let no = store.put_file("recordings/1/a", &file.path, &other.sha256).await.expect_err("is another file");
    assert!(matches!(&no, StoreError::Mismatch { got, wrote, .. } if *got == file.sha256 && *wrote == other.sha256), "{no}");
    assert!(matches!(store.head("recordings/1/a").await, Err(StoreError::NotFound(_))), "what does not agree is not kept");
    let no = store.put_file("recordings/1/a", &dir.path().join("gone"), &file.sha256).await.expect_err("no file");
    assert!(matches!(no, StoreError::Local { .. }), "{no}");
}
