//! A bucket as a store, on AWS or on anything that speaks S3.
//!
//! Small files go in one request, larger ones in parts (see `multipart`). Each request carries the SHA-256 of its bytes, so that the server refuses what
//! was damaged on the way; the object is read back whole afterwards, so that what the server then holds has been seen.

mod errors;
mod journal;
mod line;
mod multipart;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::io::ReaderStream;

use self::journal::Journal;
pub use self::line::BucketLine;
use super::hash::{sha256_of_file, sha256_of_object};
use super::key;
use super::{Store, StoreError, Stored};
use crate::model::redact::Secret;

/// Under which name an object's SHA-256 stands in its metadata.
const HASH: &str = "sha256";
/// The smallest part that S3 takes, but for the last.
pub const SMALLEST_PART: u64 = 5 * 1024 * 1024;
/// Most parts of an object.
const MOST_PARTS: u64 = 10_000;
/// Bytes a piece of a stream.
const PIECE: usize = 64 * 1024;

/// A key pair for S3.
#[derive(Clone, Debug)]
pub struct S3Credentials {
    /// Access key id.
    pub access_key: Secret,
    /// Secret access key.
    pub secret_key: Secret,
}

/// What a bucket needs beside its line.
#[derive(Clone, Debug)]
pub struct S3Options {
    /// Keys; absent: from the environment (`AWS_ACCESS_KEY_ID` …), a profile, or the machine's role.
    pub credentials: Option<S3Credentials>,
    /// A folder that remembers unfinished uploads, so that a restart sends only what is missing.
    pub journal: Option<PathBuf>,
    /// Bytes a part, at least 5 MiB; a file of more goes in parts.
    pub part_bytes: u64,
    /// Parts of one file that are under way at once.
    pub parts_at_once: usize,
    /// Tries of one request before the whole file is given back as failed.
    pub tries: u32,
    /// The longest time one try may take.
    pub try_timeout: Duration,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            credentials: None,
            journal: None,
            part_bytes: 8 * 1024 * 1024,
            parts_at_once: 3,
            tries: 4,
            try_timeout: Duration::from_mins(2),
        }
    }
}

/// A bucket as a store. Clones share it.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    line: Arc<BucketLine>,
    journal: Option<Journal>,
    part_bytes: u64,
    parts_at_once: usize,
}

impl S3Store {
    /// Makes a client for `s3://bucket/prefix?endpoint=…&region=…&path_style=true`. Nothing is asked of the server yet.
    pub async fn open(line: &str, options: S3Options) -> Result<Self, StoreError> {
        let line: BucketLine = line.parse()?;
        if options.part_bytes < SMALLEST_PART {
            return Err(StoreError::Configuration(format!("part_bytes: must be at least {SMALLEST_PART}")));
        }
        let journal = options.journal.as_deref().map(Journal::open).transpose()?;
        // Both rustls providers are linked; whoever builds a TLS client first would have to choose otherwise.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = if let Some(keys) = &options.credentials {
            let keys = Credentials::new(keys.access_key.reveal(), keys.secret_key.reveal(), None, None, "configuration");
            aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).credentials_provider(keys)
        } else {
            let mut surroundings = aws_config::defaults(BehaviorVersion::latest());
            // Whoever knows the region, or is no AWS at all, need not ask the machine's metadata service, which may not exist.
            if let Some(region) = line.region.clone().or_else(|| line.endpoint.as_ref().map(|_| "us-east-1".to_owned())) {
                surroundings = surroundings.region(Region::new(region));
            }
            aws_sdk_s3::config::Builder::from(&surroundings.load().await)
        };
        // Servers other than AWS's do not know the checksums that newer clients add unasked; ours are given explicitly.
        config = config
            .force_path_style(line.path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(options.tries.max(1)))
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(options.try_timeout).build(),
            );
        if let Some(region) = &line.region {
            config = config.region(Region::new(region.clone()));
        } else if options.credentials.is_some() {
            config = config.region(Region::new("us-east-1"));
        }
        if let Some(endpoint) = &line.endpoint {
            config = config.endpoint_url(endpoint.clone());
        }
        let client = Client::from_conf(config.build());
        let parts_at_once = options.parts_at_once.max(1);
        Ok(Self { client, line: Arc::new(line), journal, part_bytes: options.part_bytes, parts_at_once })
    }

    /// A key as the bucket knows it.
    fn full(&self, key: &str) -> Result<String, StoreError> {
        key::check(key)?;
        Ok(format!("{}{key}", self.line.prefix))
    }

    /// An answer that was no success, with the bucket and the key it was about.
    fn failed(&self, full: &str, why: impl Into<String>) -> StoreError {
        StoreError::Backend { key: format!("s3://{}/{full}", self.line.bucket), why: why.into() }
    }

    /// The object's size, tag and the SHA-256 that it was stored with.
    async fn look(&self, key: &str) -> Result<(Stored, Option<String>), StoreError> {
        let full = self.full(key)?;
        let asked = self.client.head_object().bucket(&self.line.bucket).key(&full).send().await;
        let head = asked
            .map_err(|e| if errors::is_absent(&e) { StoreError::NotFound(key.to_owned()) } else { self.failed(&full, errors::say(&e)) })?;
        let hash = head.metadata().and_then(|m| m.get(HASH)).cloned();
        Ok((Stored { bytes: head.content_length().unwrap_or(0).cast_unsigned(), etag: bare(head.e_tag()) }, hash))
    }

    async fn put_whole(&self, full: &str, file: &Path, sha256: &str) -> Result<(), StoreError> {
        let bytes = tokio::fs::read(file).await.map_err(|e| StoreError::Local { key: full.to_owned(), why: e.to_string() })?;
        let put = self.client.put_object().bucket(&self.line.bucket).key(full).metadata(HASH, sha256).content_type(media_type(full));
        let put = put.content_length(bytes.len() as i64).checksum_sha256(checksum(&bytes)).body(ByteStream::from(bytes));
        put.send().await.map_err(|e| self.failed(full, errors::say(&e)))?;
        Ok(())
    }

    async fn size_of(&self, key: &str, range: &Range<u64>) -> Result<StoreError, StoreError> {
        let size = self.look(key).await?.0.bytes;
        Ok(StoreError::Range { key: key.to_owned(), size, start: range.start, end: range.end })
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put_file(&self, key: &str, file: &Path, sha256: &str) -> Result<Stored, StoreError> {
        let full = self.full(key)?;
        let path = file.to_owned();
        let read = tokio::task::spawn_blocking(move || Ok((std::fs::metadata(&path)?.len(), sha256_of_file(&path)?))).await;
        let read = read.unwrap_or_else(|_| Err(std::io::Error::other("the node is shutting down")));
        let (bytes, got) = read.map_err(|e: std::io::Error| StoreError::Local { key: key.to_owned(), why: e.to_string() })?;
        if got != sha256 {
            return Err(StoreError::Mismatch { key: key.to_owned(), got, wrote: sha256.to_owned() });
        }
        // Sent before, by this node or by the one that crashed: then reading it back is all there is to do.
        let there = match self.look(key).await {
            Ok((there, hash)) => there.bytes == bytes && hash.as_deref() == Some(sha256),
            Err(StoreError::NotFound(_)) => false,
            Err(other) => return Err(other),
        };
        if there && sha256_of_object(self, key).await?.1 == sha256 {
            self.forget(&full).await?;
            return self.head(key).await;
        }
        if bytes > self.part_bytes {
            self.put_in_parts(&full, file, bytes, sha256).await?;
        } else {
            self.put_whole(&full, file, sha256).await?;
        }
        let (stored, got) = sha256_of_object(self, key).await?;
        if got == sha256 && stored.bytes == bytes {
            return Ok(stored);
        }
        // Nobody may be served what is not the file; the next try begins from nothing.
        self.delete(key).await?;
        Err(StoreError::Mismatch { key: key.to_owned(), got, wrote: sha256.to_owned() })
    }

    async fn head(&self, key: &str) -> Result<Stored, StoreError> {
        Ok(self.look(key).await?.0)
    }

    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Stored, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        let full = self.full(key)?;
        if let Some(empty) = range.as_ref().filter(|r| r.start >= r.end) {
            let stored = self.head(key).await?;
            if empty.start > empty.end || empty.end > stored.bytes {
                return Err(StoreError::Range { key: key.to_owned(), size: stored.bytes, start: empty.start, end: empty.end });
            }
            return Ok((stored, futures::stream::empty().boxed()));
        }
        let mut get = self.client.get_object().bucket(&self.line.bucket).key(&full);
        if let Some(r) = &range {
            get = get.range(format!("bytes={}-{}", r.start, r.end - 1));
        }
        let got = match (get.send().await, &range) {
            (Ok(got), _) => got,
            (Err(e), _) if errors::is_absent(&e) => return Err(StoreError::NotFound(key.to_owned())),
            (Err(e), Some(r)) if errors::is_range(&e) => return Err(self.size_of(key, r).await?),
            (Err(e), _) => return Err(self.failed(&full, errors::say(&e))),
        };
        let length = got.content_length().unwrap_or(0).cast_unsigned();
        if let Some(r) = &range
            && length != r.end - r.start
        {
            // S3 cuts a range that reaches over the end; here that is an error.
            return Err(self.size_of(key, r).await?);
        }
        let size = got.content_range().and_then(|r| r.rsplit('/').next()?.parse().ok()).unwrap_or(length);
        let stored = Stored { bytes: size, etag: bare(got.e_tag()) };
        let store = self.clone();
        let pieces = ReaderStream::with_capacity(got.body.into_async_read(), PIECE);
        Ok((stored, pieces.map(move |piece| piece.map_err(|e| store.failed(&full, format!("the answer broke off: {e}")))).boxed()))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let full = self.full(key)?;
        match self.client.delete_object().bucket(&self.line.bucket).key(&full).send().await {
            Ok(_) => Ok(()),
            Err(e) if errors::is_absent(&e) => Ok(()),
            Err(e) => Err(self.failed(&full, errors::say(&e))),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        key::check_prefix(prefix)?;
        let full = format!("{}{prefix}", self.line.prefix);
        let mut pages = self.client.list_objects_v2().bucket(&self.line.bucket).prefix(&full).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| self.failed(&full, errors::say(&e)))?;
            let keys = page.contents().iter().filter_map(|o| o.key()?.strip_prefix(self.line.prefix.as_str()));
            found.extend(keys.map(str::to_owned));
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// An entity tag without its quotes.
fn bare(tag: Option<&str>) -> String {
    tag.unwrap_or_default().trim_matches('"').to_owned()
}

/// SHA-256 as S3 writes it.
fn checksum(bytes: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

fn media_type(key: &str) -> &'static str {
    match key.rsplit('.').next() {
        Some("mp4") => "video/mp4",
        Some("m3u8") => "application/vnd.apple.mpegurl",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("vtt") => "text/vtt",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Which checksum every part carries.
const PART_CHECKSUM: ChecksumAlgorithm = ChecksumAlgorithm::Sha256;
