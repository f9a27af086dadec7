//! What a SIP message's body brings: an SDP offer, recording metadata, both or neither.

use base64::Engine as _;

use super::multipart::{ContentType, MultipartError, split_multipart};

/// The parts that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bodies {
    /// `application/sdp`.
    pub sdp: Option<Vec<u8>>,
    /// `application/rs-metadata+xml`, or `application/rs-metadata` as older senders have it.
    pub metadata: Option<Vec<u8>>,
    /// Types of the parts that were passed over (`application/gtd` …).
    pub ignored: Vec<String>,
}

/// Why a body is of no use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BodyError {
    /// A single body of a type that Ferric does not read: 415.
    #[error("a body of type `{0}` is not read here")]
    Unsupported(String),
    /// A multipart body that cannot be taken apart.
    #[error("{0}")]
    Multipart(#[from] MultipartError),
    /// A part in base64 that is none.
    #[error("a part of the body is not base64 though it says so")]
    Base64,
}

const DEEPEST: usize = 4;

fn is_metadata(essence: &str) -> bool {
    matches!(essence, "application/rs-metadata+xml" | "application/rs-metadata")
}

fn is_sdp(essence: &str) -> bool {
    essence == "application/sdp"
}

fn gather(content_type: &ContentType, body: &[u8], depth: usize, into: &mut Bodies) -> Result<(), BodyError> {
    for part in split_multipart(content_type.param("boundary"), body)? {
        let essence = part.content_type.essence.as_str();
        if essence.starts_with("multipart/") && depth < DEEPEST {
            gather(&part.content_type, part.body, depth + 1, into)?;
            continue;
        }
        let slot = if is_sdp(essence) {
            &mut into.sdp
        } else if is_metadata(essence) {
            &mut into.metadata
        } else {
            into.ignored.push(essence.to_owned());
            continue;
        };
        let content = if part.base64 {
            let compact: Vec<u8> = part.body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| BodyError::Base64)?
        } else {
            part.body.to_vec()
        };
        // Of two parts of a kind the first is the message's own.
        slot.get_or_insert(content);
    }
    Ok(())
}

/// Takes a message's body apart by its Content-Type. A body without one is recognised by its first letters.
pub fn read_body(content_type: Option<&str>, body: &[u8]) -> Result<Bodies, BodyError> {
    let mut bodies = Bodies::default();
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(bodies);
    }
    let content_type = ContentType::parse(content_type.unwrap_or_default());
    let essence = content_type.essence.as_str();
    let begins = body.trim_ascii_start();
    if essence.starts_with("multipart/") {
        gather(&content_type, body, 0, &mut bodies)?;
    } else if is_sdp(essence) || (essence.is_empty() && begins.starts_with(b"v=")) {
        bodies.sdp = Some(body.to_vec());
    } else if is_metadata(essence) || (essence.is_empty() && begins.starts_with(b"<")) {
        bodies.metadata = Some(body.to_vec());
    } else if essence.is_empty() && begins.starts_with(b"--") {
        gather(&content_type, body, 0, &mut bodies)?;
    } else {
        return Err(BodyError::Unsupported(essence.to_owned()));
    }
    Ok(bodies)
}
