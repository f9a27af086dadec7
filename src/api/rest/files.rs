//! Files of recordings: from the store once they are ready, from the render folder while they grow.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::range::{Wanted, not_modified, range_counts, wanted};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::RecordingState;
use crate::model::id::RecordingId;
use crate::store::SharedStore;

/// Where a file's bytes come from.
enum Place {
    /// The store of its region.
    Stored(SharedStore, String),
    /// The render folder.
    Growing(PathBuf),
}

struct Found {
    place: Place,
    size: u64,
    /// With quotes; weak where the file grows.
    etag: String,
}

/// A file of a recording. One `Range` at a time; `ETag`, `If-None-Match`, `If-Range`. While the recording grows, `recording.mp4` and its playlist are
/// served as far as they are rendered.
#[utoipa::path(get, path = "/v1/recordings/{id}/files/{*name}", tag = "recordings",
    params(("id" = String, Path), ("name" = String, Path, description = "`recording.mp4`, `hls/index.m3u8` and what it names, `poster.jpg`, `thumbnails.vtt`, `waveform.png`, `peaks.json`, `manifest.json`")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206, content_type = "application/octet-stream"), (status = 304),
    (status = 404, body = Problem), (status = 416, body = Problem)))]
pub async fn get(
    _: Operator,
    State(state): State<ApiState>,
    method: Method,
    headers: HeaderMap,
    At((id, name)): At<(RecordingId, String)>,
) -> Result<Response, Problem> {
    if !is_file_name(&name) {
        return Err(Problem::not_found("the recording has no such file"));
    }
    let reading = state.growing.reading(&id).ok_or_else(being_erased)?;
    let found = find(&state, &id, &name).await?;
    let mut answer = HeaderMap::new();
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&name)));
    answer.insert(header::ETAG, HeaderValue::from_str(&found.etag).map_err(|e| Problem::internal(&e))?);
    if not_modified(&headers, &found.etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    let range =
        headers.get(header::RANGE).and_then(|v| v.to_str().ok()).filter(|_| method == Method::GET && range_counts(&headers, &found.etag));
    let (status, first, length) = match wanted(range, found.size) {
        Wanted::Whole => (StatusCode::OK, 0, found.size),
        Wanted::Part { first, last } => {
            let value = format!("bytes {first}-{last}/{}", found.size);
            answer.insert(header::CONTENT_RANGE, HeaderValue::from_str(&value).map_err(|e| Problem::internal(&e))?);
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
        }
        Wanted::Unsatisfiable => return Ok(not_satisfiable(found.size, "range_not_satisfiable", "Range: outside the file")),
        Wanted::Several => return Ok(not_satisfiable(found.size, "multiple_ranges", "Range: one range at a time")),
    };
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body =
        if method == Method::HEAD || length == 0 { Body::empty() } else { open(found.place, first, length, found.size, reading).await? };
    Ok((status, answer, body).into_response())
}

/// A piece of a file for somebody who may play it and no more: at most `most` bytes, and only where a player asks for a range, so that no address gives
/// the whole.
pub(in crate::api) async fn piece(
    state: &ApiState,
    id: &RecordingId,
    name: &str,
    headers: &HeaderMap,
    most: u64,
) -> Result<Response, Problem> {
    let reading = state.growing.reading(id).ok_or_else(being_erased)?;
    let found = find(state, id, name).await?;
    let picture = media_type(name).starts_with("image/");
    let (first, last) = match wanted(headers.get(header::RANGE).and_then(|v| v.to_str().ok()), found.size) {
        Wanted::Part { first, last } => (first, last.min(first + most - 1)),
        Wanted::Whole if picture && (1..=most).contains(&found.size) => (0, found.size - 1),
        _ => return Ok(not_satisfiable(found.size, "in_pieces_only", "Range: one range within the file")),
    };
    let length = last - first + 1;
    let mut answer = HeaderMap::new();
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let status = if length == found.size && picture {
        StatusCode::OK
    } else {
        let value = format!("bytes {first}-{last}/{}", found.size);
        answer.insert(header::CONTENT_RANGE, HeaderValue::from_str(&value).map_err(|e| Problem::internal(&e))?);
        StatusCode::PARTIAL_CONTENT
    };
    Ok((status, answer, open(found.place, first, length, found.size, reading).await?).into_response())
}

fn being_erased() -> Problem {
    let why = "somebody declined to be recorded: what is theirs is being taken out of this recording; try again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "being_erased", why)
}

fn not_satisfiable(size: u64, reason: &'static str, detail: &str) -> Response {
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, reason, format!("{detail}; it has {size} bytes")).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

async fn find(state: &ApiState, id: &RecordingId, name: &str) -> Result<Found, Problem> {
    let row = state.catalogue.recording(id).await?;
    if row.state != RecordingState::Ready {
        // What the store may hold of it is of before: only what is ready is served from there.
        let found = match state.growing.dir(id) {
            Some(dir) => growing(&dir.join(name)).await,
            None => None,
        };
        return found.ok_or_else(|| Problem::not_found("the recording has no such file, or not yet"));
    }
    let key = format!("recordings/{id}/{name}");
    let store = state.regions.of(row.region).clone();
    let stored = store.head(&key).await?;
    Ok(Found { place: Place::Stored(store, key), size: stored.bytes, etag: format!("\"{}\"", stored.etag) })
}

async fn growing(path: &Path) -> Option<Found> {
    let meta = tokio::fs::symlink_metadata(path).await.ok()?;
    if !meta.is_file() {
        return None;
    }
    let changed = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Some(Found { place: Place::Growing(path.to_owned()), size: meta.len(), etag: format!("W/\"{}-{changed}\"", meta.len()) })
}

/// The rest of a file that may be read no more: the connection breaks, so that nobody takes the piece for the whole.
fn cut_by<S, E>(pieces: S, reading: CancellationToken) -> impl Stream<Item = std::io::Result<Bytes>>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let end = reading.clone();
    let cut = futures::stream::once(async move {
        let cut = || std::io::Error::other("what is theirs was taken out of the recording");
        end.is_cancelled().then(|| Err(cut()))
    });
    pieces.map_err(std::io::Error::other).take_until(reading.cancelled_owned()).chain(cut.filter_map(std::future::ready))
}

async fn open(place: Place, first: u64, length: u64, size: u64, reading: CancellationToken) -> Result<Body, Problem> {
    match place {
        Place::Stored(store, key) => {
            let range = (length < size).then_some(first..first + length);
            let (_, stream) = store.get(&key, range).await?;
            Ok(Body::from_stream(cut_by(stream, reading)))
        }
        Place::Growing(path) => {
            let mut file = tokio::fs::File::open(&path).await.map_err(|_| Problem::not_found("the recording has no such file"))?;
            file.seek(std::io::SeekFrom::Start(first)).await.map_err(|e| Problem::internal(&e))?;
            Ok(Body::from_stream(cut_by(ReaderStream::with_capacity(file.take(length), 64 * 1024), reading)))
        }
    }
}

/// Names as renders make them: parts of letters, digits, dot, dash and underscore, none starting with a dot.
fn is_file_name(name: &str) -> bool {
    name.len() <= 200
        && name.split('/').all(|part| {
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "mp4" | "m4s" => "video/mp4",
        "m3u8" => "application/vnd.apple.mpegurl",
        "jpg" => "image/jpeg",
        "png" => "image/png",
        "vtt" => "text/vtt; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_reading_is_cut_off_with_an_error() {
        let reading = CancellationToken::new();
        let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"piece")));
        let mut body = std::pin::pin!(cut_by(pieces, reading.clone()));
        assert!(matches!(body.next().await, Some(Ok(_))));
        reading.cancel();
        assert!(matches!(body.next().await, Some(Err(_))), "an error, not an end");
        assert!(body.next().await.is_none());
        let whole = cut_by(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"all"))]), CancellationToken::new());
        assert_eq!(whole.collect::<Vec<_>>().await.len(), 1);
    }

    #[test]
    fn a_name_cannot_leave_the_recording() {
        for name in ["../x", "a/../b", "/etc/passwd", "a//b", ".hidden", "hls/.x", "a\\b", "", "a b", "x/"] {
            assert!(!is_file_name(name), "{name}");
        }
        for name in ["recording.mp4", "hls/index.m3u8", "thumbnails-1.jpg"] {
            assert!(is_file_name(name), "{name}");
        }
    }
}
