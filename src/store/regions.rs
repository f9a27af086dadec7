//! A store for each region, and the one for recordings of no region (archive.md A3).
//!
//! Invariant: what is of a region is never looked for, stored or removed anywhere but in that region's store. Where none is configured (any more), every
//! call fails as that of a store that is away: what is to be stored waits, and nothing lands elsewhere.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::{S3Options, SharedStore, Store, StoreError, Stored, open_with};
use crate::model::region::Region;

/// The stores of a node by region. Clones share them.
#[derive(Clone)]
pub struct Regions {
    default: SharedStore,
    america: SharedStore,
    europe: SharedStore,
    configured: Vec<Region>,
}

impl std::fmt::Debug for Regions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Regions").field(&self.configured).finish()
    }
}

impl Regions {
    /// One store, and none for any region.
    #[must_use]
    pub fn only(default: SharedStore) -> Self {
        let none = |region| Arc::new(NoStore(region));
        Self { default, america: none(Region::America), europe: none(Region::Europe), configured: Vec::new() }
    }

    /// Opens the default store and one for each region that has a line. `options` are asked for by region.
    ///
    /// # Errors
    /// With the region whose line does not read or whose place cannot be opened, or is that of another region.
    pub async fn open(
        default: &str,
        lines: &[(Region, String)],
        options: impl Fn(Option<Region>) -> S3Options,
    ) -> Result<Self, (Option<Region>, StoreError)> {
        let mut regions = Self::only(open_with(default, options(None)).await.map_err(|error| (None, error))?);
        for (n, (region, line)) in lines.iter().enumerate() {
            if lines[..n].iter().any(|(_, other)| other == line) {
                let why = "is the same place as that of another region".to_owned();
                return Err((Some(*region), StoreError::Configuration(why)));
            }
            let store = open_with(line, options(Some(*region))).await.map_err(|error| (Some(*region), error))?;
            match region {
                Region::America => regions.america = store,
                Region::Europe => regions.europe = store,
            }
            regions.configured.push(*region);
        }
        Ok(regions)
    }

    /// The store of what is of a region, or of none.
    #[must_use]
    pub fn of(&self, region: Option<Region>) -> &SharedStore {
        match region {
            None => &self.default,
            Some(Region::America) => &self.america,
            Some(Region::Europe) => &self.europe,
        }
    }

    /// Whether a region has a store.
    #[must_use]
    pub fn has(&self, region: Region) -> bool {
        self.configured.contains(&region)
    }

    /// Regions that have one.
    #[must_use]
    pub fn configured(&self) -> &[Region] {
        &self.configured
    }
}

/// Stands where a region's store should be.
struct NoStore(Region);

impl NoStore {
    fn is_away(&self, key: &str) -> StoreError {
        StoreError::Backend { key: key.to_owned(), why: format!("the region `{}` has no store: [regions] {0}", self.0) }
    }
}

#[async_trait]
impl Store for NoStore {
    async fn put_file(&self, key: &str, _file: &Path, _sha256: &str) -> Result<Stored, StoreError> {
        Err(self.is_away(key))
    }

    async fn head(&self, key: &str) -> Result<Stored, StoreError> {
        Err(self.is_away(key))
    }

    async fn get(
        &self,
        key: &str,
        _range: Option<Range<u64>>,
    ) -> Result<(Stored, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        Err(self.is_away(key))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        Err(self.is_away(key))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Err(self.is_away(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_of_a_region_without_a_store_is_nowhere_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let place = |name: &str| format!("folder:{}", dir.path().join(name).display());
        let lines = [(Region::Europe, place("europe"))];
        let regions = Regions::open(&place("default"), &lines, |_| S3Options::default()).await.expect("opens");
        assert!(regions.has(Region::Europe) && !regions.has(Region::America));
        let file = dir.path().join("file");
        std::fs::write(&file, b"a").expect("written");
        let hash = crate::store::sha256_of_file(&file).expect("read");
        for region in [None, Some(Region::Europe)] {
            regions.of(region).put_file("recordings/r/a", &file, &hash).await.expect("stored");
        }
        let refused = regions.of(Some(Region::America)).put_file("recordings/r/a", &file, &hash).await.expect_err("no store");
        assert!(refused.to_string().contains("[regions] america"), "{refused}");
        let twice = [(Region::America, place("same")), (Region::Europe, place("same"))];
        assert!(Regions::open(&place("default"), &twice, |_| S3Options::default()).await.is_err());
    }
}
