//! Uploads in parts, resumed where they stopped.
//!
//! 1. A note of the upload is in the journal before its first part goes out.
//! 2. A part's tag is noted when the server has it.
//! 3. After a restart the server's list of parts decides: a part counts where it is listed with its size and with the tag that was noted (or, unnoted,
//!    with the checksum of our bytes); all others are sent.
//! 4. The note goes when the object stands.
//!
//! An upload whose file is another one by now is aborted, not resumed.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Part};
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;

use super::journal::Unfinished;
use super::{HASH, MOST_PARTS, PART_CHECKSUM, S3Store, bare, checksum, errors, media_type};
use crate::store::StoreError;

impl S3Store {
    pub(super) async fn put_in_parts(&self, full: &str, file: &Path, bytes: u64, sha256: &str) -> Result<(), StoreError> {
        let part_bytes = self.part_bytes.max(bytes.div_ceil(MOST_PARTS));
        let file = std::fs::File::open(file).map_err(|e| StoreError::Local { key: full.to_owned(), why: e.to_string() })?;
        let source = Arc::new(Source { file, bytes, part_bytes, key: full.to_owned() });
        let fresh = Unfinished {
            place: self.place(full),
            upload: String::new(),
            sha256: sha256.to_owned(),
            bytes,
            part_bytes,
            parts: BTreeMap::new(),
        };
        let (note, listed) = match self.resume(full, &fresh).await? {
            Some(known) => known,
            None => (self.begin(full, fresh).await?, Vec::new()),
        };
        let note = Mutex::new(note);
        let last = i32::try_from(bytes.div_ceil(part_bytes)).unwrap_or(i32::MAX);
        // After a failure no further part begins, but those under way are waited for: what the server took of them is noted.
        let failed = AtomicBool::new(false);
        let sent = futures::stream::iter(1..=last).map(|number| {
            let (source, note, failed) = (source.clone(), &note, &failed);
            let listed = listed.iter().find(|p| p.part_number() == Some(number));
            async move {
                if failed.load(Ordering::Relaxed) {
                    return None;
                }
                let sent = self.part(full, source, note, number, listed).await;
                failed.fetch_or(sent.is_err(), Ordering::Relaxed);
                Some(sent)
            }
        });
        let sent: Vec<_> = sent.buffered(self.parts_at_once).collect().await;
        let parts = sent.into_iter().flatten().collect::<Result<Vec<CompletedPart>, _>>()?;
        let upload = note.into_inner().upload;
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.line.bucket).key(full).upload_id(&upload);
        complete.multipart_upload(all).send().await.map_err(|e| self.failed(full, errors::say(&e)))?;
        self.without_note(full);
        Ok(())
    }

    /// One part: known to be there, or sent.
    async fn part(
        &self,
        full: &str,
        source: Arc<Source>,
        note: &Mutex<Unfinished>,
        number: i32,
        listed: Option<&Part>,
    ) -> Result<CompletedPart, StoreError> {
        let body = tokio::task::spawn_blocking(move || source.part(number)).await;
        let body = body.unwrap_or_else(|_| Err(self.failed(full, "the node is shutting down")))?;
        let sum = checksum(&body);
        let (upload, noted) = {
            let note = note.lock();
            (note.upload.clone(), note.parts.get(&number).cloned())
        };
        let done = CompletedPart::builder().part_number(number).checksum_sha256(&sum);
        if let Some(listed) = listed
            && let Some(tag) = counts(listed, body.len() as u64, noted, &sum)
        {
            return Ok(done.e_tag(tag).build());
        }
        let length = body.len() as i64;
        let put = self.client.upload_part().bucket(&self.line.bucket).key(full).upload_id(upload).part_number(number);
        let put = put.content_length(length).checksum_sha256(sum).body(ByteStream::from(body));
        let put = put.send().await.map_err(|e| self.failed(full, format!("part {number}: {}", errors::say(&e))))?;
        let tag = put.e_tag().unwrap_or_default().to_owned();
        if let Some(journal) = &self.journal {
            let mut note = note.lock();
            note.parts.insert(number, tag.clone());
            journal.write(&note).map_err(|e| self.failed(full, format!("the journal cannot be written: {e}")))?;
        }
        Ok(done.e_tag(tag).build())
    }

    async fn begin(&self, full: &str, mut note: Unfinished) -> Result<Unfinished, StoreError> {
        let create = self.client.create_multipart_upload().bucket(&self.line.bucket).key(full).metadata(HASH, &note.sha256);
        let create = create.content_type(media_type(full)).checksum_algorithm(PART_CHECKSUM);
        let made = create.send().await.map_err(|e| self.failed(full, errors::say(&e)))?;
        note.upload = made.upload_id().ok_or_else(|| self.failed(full, "the server gave an upload no id"))?.to_owned();
        if let Some(journal) = &self.journal {
            journal.write(&note).map_err(|e| self.failed(full, format!("the journal cannot be written: {e}")))?;
        }
        Ok(note)
    }

    /// The upload that a crash or a failure left, with what the server has of it.
    async fn resume(&self, full: &str, wanted: &Unfinished) -> Result<Option<(Unfinished, Vec<Part>)>, StoreError> {
        let Some(note) = self.journal.as_ref().and_then(|j| j.read(&wanted.place)) else { return Ok(None) };
        if (&note.sha256, note.bytes, note.part_bytes) != (&wanted.sha256, wanted.bytes, wanted.part_bytes) {
            self.abort(full, &note.upload).await?;
            self.without_note(full);
            return Ok(None);
        }
        let mut pages = self.client.list_parts().bucket(&self.line.bucket).key(full).upload_id(&note.upload).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => listed.extend(page.parts().iter().cloned()),
                Err(e) if errors::is_no_upload(&e) => {
                    self.without_note(full);
                    return Ok(None);
                }
                Err(e) => return Err(self.failed(full, errors::say(&e))),
            }
        }
        // A server may list nothing for an upload that it does not know.
        if listed.is_empty() {
            let _ = self.abort(full, &note.upload).await;
            self.without_note(full);
            return Ok(None);
        }
        Ok(Some((note, listed)))
    }

    /// Drops what is left of an upload to a place where the object stands already.
    pub(super) async fn forget(&self, full: &str) -> Result<(), StoreError> {
        if let Some(note) = self.journal.as_ref().and_then(|j| j.read(&self.place(full))) {
            let _ = self.abort(full, &note.upload).await;
            self.without_note(full);
        }
        Ok(())
    }

    /// Aborts uploads under the prefix that began longer ago than `age` and that this node does not know as its own: left by crashes that lost their
    /// journal, they would cost storage for ever. Answers how many.
    pub async fn abort_stale(&self, age: Duration) -> Result<usize, StoreError> {
        let mine = self.journal.as_ref().map(super::Journal::uploads).unwrap_or_default();
        let oldest = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let prefix = &self.line.prefix;
        let (mut key_marker, mut upload_marker, mut aborted) = (None, None, 0);
        loop {
            let page = self.client.list_multipart_uploads().bucket(&self.line.bucket).prefix(prefix);
            let page = page.set_key_marker(key_marker).set_upload_id_marker(upload_marker).send().await;
            let page = page.map_err(|e| self.failed(prefix, errors::say(&e)))?;
            for upload in page.uploads() {
                let (Some(full), Some(id), Some(began)) = (upload.key(), upload.upload_id(), upload.initiated()) else { continue };
                let began = SystemTime::try_from(*began).unwrap_or(SystemTime::now());
                if began <= oldest && full.starts_with(prefix.as_str()) && !mine.iter().any(|m| m == id) {
                    self.abort(full, id).await?;
                    aborted += 1;
                }
            }
            if page.is_truncated() != Some(true) {
                return Ok(aborted);
            }
            (key_marker, upload_marker) = (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
        }
    }

    async fn abort(&self, full: &str, upload: &str) -> Result<(), StoreError> {
        match self.client.abort_multipart_upload().bucket(&self.line.bucket).key(full).upload_id(upload).send().await {
            Ok(_) => Ok(()),
            Err(e) if errors::is_no_upload(&e) => Ok(()),
            Err(e) => Err(self.failed(full, errors::say(&e))),
        }
    }

    fn without_note(&self, full: &str) {
        if let Some(journal) = &self.journal {
            journal.remove(&self.place(full));
        }
    }

    fn place(&self, full: &str) -> String {
        format!("{}/{full}", self.line.bucket)
    }
}

/// The tag of a part that the server has as we would send it.
fn counts(listed: &Part, bytes: u64, noted: Option<String>, sum: &str) -> Option<String> {
    if listed.size().map(i64::cast_unsigned) != Some(bytes) || listed.checksum_sha256().is_some_and(|theirs| theirs != sum) {
        return None;
    }
    match (noted, listed.e_tag()) {
        (Some(noted), None) => Some(noted),
        (Some(noted), Some(tag)) => (bare(Some(&noted)) == bare(Some(tag))).then_some(noted),
        (None, tag) => listed.checksum_sha256().and(tag).map(str::to_owned),
    }
}

/// The local file, read part by part.
struct Source {
    file: std::fs::File,
    bytes: u64,
    part_bytes: u64,
    key: String,
}

impl Source {
    fn part(&self, number: i32) -> Result<Bytes, StoreError> {
        let from = u64::from(number.unsigned_abs() - 1) * self.part_bytes;
        let mut bytes = vec![0; self.part_bytes.min(self.bytes - from) as usize];
        let read = self.file.read_exact_at(&mut bytes, from);
        read.map_err(|e| StoreError::Local { key: self.key.clone(), why: e.to_string() })?;
        Ok(bytes.into())
    }
}
