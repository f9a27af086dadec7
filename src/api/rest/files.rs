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

use super::plays::{may_download, may_play, playing};
use super::range::{Wanted, not_modified, range_counts, wanted};
use crate::api::auth::Member;
use crate::api::body::{Asked, At};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::{AuditAction, RecordingState};
use crate::model::id::RecordingId;
use crate::store::SharedStore;

/// A piece has at most so many bytes, for somebody who may play and not keep.
const PIECE: u64 = 1 << 20;
/// The same where a player says how much it wants: the segments of a stream, of four to six seconds each.
const LARGEST_PIECE: u64 = 8 << 20;

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

/// What a file is to somebody who asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// Sound or picture of it: whoever gets it plays it.
    Media,
    /// Drawn from its media: pictures, the wave, playlists.
    Drawn,
    /// What is known of it.
    Known,
}

impl Is {
    fn of(name: &str) -> Self {
        match name {
            "manifest.json" => Self::Known,
            "hls/init.mp4" => Self::Drawn,
            _ if name.ends_with(".mp4") || name.ends_with(".m4s") => Self::Media,
            _ => Self::Drawn,
        }
    }
}

/// How a file is asked for.
#[derive(Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// To keep it: needs the right `download`, and is noted as that.
    #[param(value_type = Option<String>)]
    download: Option<String>,
}

/// A file of a recording. One `Range` at a time; `ETag`, `If-None-Match`, `If-Range`. While the recording grows, `recording.mp4` and its playlist are
/// served as far as they are rendered. Media and what is drawn from them need the right `play`, and a play that was opened with a reason where one is asked for;
/// `recording.mp4` as a whole needs `download`: whoever lacks it gets pieces (`Range`), of 1 MiB where the range has no end, and of 8 MiB at most.
#[utoipa::path(get, path = "/v1/recordings/{id}/files/{*name}", tag = "recordings",
    params(("id" = String, Path), ("name" = String, Path, description = "`recording.mp4`, `hls/index.m3u8` and what it names, `poster.jpg`, `thumbnails.vtt`, `waveform.png`, `peaks.json`, `manifest.json`"), FileQuery),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206, content_type = "application/octet-stream"), (status = 304),
    (status = 403, body = Problem), (status = 404, body = Problem), (status = 416, body = Problem)))]
pub async fn get(
    member: Member,
    State(state): State<ApiState>,
    method: Method,
    headers: HeaderMap,
    Asked(asked): Asked<FileQuery>,
    At((id, name)): At<(RecordingId, String)>,
) -> Result<Response, Problem> {
    if !is_file_name(&name) {
        return Err(Problem::not_found("the recording has no such file"));
    }
    let is = Is::of(&name);
    let ranged = headers.contains_key(header::RANGE);
    let keeps = asked.download.is_some() || is == Is::Media && !ranged && method == Method::GET;
    match is {
        Is::Known => drop(member.may(&state, &id, &Action::See).await?),
        _ if keeps => drop(may_download(&member, &state, &id).await?),
        Is::Media if method == Method::GET => drop(playing(&member, &state, &id).await?),
        Is::Media | Is::Drawn => drop(may_play(&member, &state, &id).await?),
    }
    if is == Is::Media && !keeps && method == Method::GET && may_download(&member, &state, &id).await.is_err() {
        // A window has no player of ours around it.
        if headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document") {
            return Err(Problem::forbidden("not_permitted", "this recording may be played here and not kept"));
        }
        let most = if open_ended(&headers) { PIECE } else { LARGEST_PIECE };
        return piece(&state, &id, &name, &headers, most).await;
    }
    let reading = state.growing.reading(&id).ok_or_else(being_erased)?;
    let found = find(&state, &id, &name).await?;
    let mut answer = HeaderMap::new();
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(if is == Is::Known { "private, no-cache" } else { "private, no-store" }));
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
    if keeps && method == Method::GET && is != Is::Known {
        member.note(&state, AuditAction::Download, format!("recording:{id}"), serde_json::json!({ "file": name })).await?;
    }
    if asked.download.is_some() {
        let name = format!("attachment; filename=\"{id}-{}\"", name.rsplit('/').next().unwrap_or_default());
        answer.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|e| Problem::internal(&e))?);
    }
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body =
        if method == Method::HEAD || length == 0 { Body::empty() } else { open(found.place, first, length, found.size, reading).await? };
    Ok((status, answer, body).into_response())
}

/// Whether a range says where it begins only, as players ask that take what they get.
fn open_ended(headers: &HeaderMap) -> bool {
    headers.get(header::RANGE).and_then(|range| range.to_str().ok()).is_some_and(|range| range.trim_end().ends_with('-'))
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
