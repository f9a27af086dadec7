//! Headers of the tus protocol.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::inbox::InboxLimits;
use crate::api::problem::Problem;
use crate::archive::uploads::Upload;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,termination,checksum,expiration";
const ALGORITHMS: &str = "sha1,sha256";

pub(super) fn options(limits: &InboxLimits) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static(ALGORITHMS));
    headers.insert("tus-max-size", HeaderValue::from(limits.file_bytes));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The version has to be ours.
pub(super) fn version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("tus-resumable").is_some_and(|v| v == VERSION) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "tus_version", format!("Tus-Resumable: this end speaks {VERSION}")))
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, Problem> {
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad_header", format!("{name}: a whole number is needed"));
    let text = headers.get(name).and_then(|v| v.to_str().ok()).ok_or_else(bad)?;
    // A sign would parse too.
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().map_err(|_| bad()) } else { Err(bad()) }
}

/// What a piece has to add up to.
pub(super) struct Sum {
    context: ring::digest::Context,
    wanted: Vec<u8>,
}

impl Sum {
    pub(super) fn asked(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
        let bad = |what: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_checksum", format!("Upload-Checksum: {what}"));
        let (name, sum) =
            value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(|| bad("algorithm and sum in Base64"))?;
        let algorithm = match name {
            "sha1" => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &ring::digest::SHA256,
            _ => return Err(bad("one of sha1, sha256")),
        };
        let wanted = STANDARD.decode(sum.trim()).map_err(|_| bad("the sum is no Base64"))?;
        Ok(Some(Self { context: ring::digest::Context::new(algorithm), wanted }))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(super) fn holds(self) -> bool {
        self.context.finish().as_ref() == self.wanted
    }
}

/// The status that the protocol has for a wrong sum.
pub(super) fn wrong_sum() -> Problem {
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    Problem::new(status, "checksum_mismatch", "Upload-Checksum: these bytes add up to something else; nothing of them was kept")
}

/// Headers of an answer about a file.
pub(super) fn about(upload: &Upload, offset: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    headers.insert("upload-offset", HeaderValue::from(offset));
    headers.insert("upload-length", HeaderValue::from(upload.bytes));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    if offset < upload.bytes
        && let Some(date) = http_date(upload.expires_at.as_unix_ms())
    {
        headers.insert("upload-expires", date);
    }
    headers
}

fn http_date(unix_ms: i64) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_millisecond(unix_ms).ok()?;
    let text = at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_written_as_http_writes_dates() {
        assert_eq!(http_date(784_111_777_000).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_sign_is_no_number() {
        let with = |text: &'static str| HeaderMap::from_iter([("upload-offset".parse().unwrap(), HeaderValue::from_static(text))]);
        assert_eq!(number(&with("12"), "upload-offset").unwrap(), 12);
        for bad in ["+1", "-1", "", "1.0", "99999999999999999999999"] {
            assert_eq!(number(&with(bad), "upload-offset").unwrap_err().status, 400, "{bad}");
        }
    }
}
