//! SIP messages as the load generator writes and reads them.

use std::fmt::Write as _;

/// Why a call could not be placed or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The network.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// No final answer within 32 s.
    #[error("no answer to {0}")]
    NoAnswer(String),
    /// A refusal: status and its Warning.
    #[error("{method} was refused: {status} {reason}")]
    Refused {
        /// What was asked.
        method: String,
        /// Status.
        status: u16,
        /// The Warning's text, or the reason phrase.
        reason: String,
    },
    /// An answer that makes no sense.
    #[error("the answer makes no sense: {0}")]
    Answer(&'static str),
}

/// A request or a response that was received.
#[derive(Clone, Debug, Default)]
pub struct SipMessage {
    /// Status of a response, 0 for a request.
    pub status: u16,
    /// Reason phrase of a response, method of a request.
    pub word: String,
    /// Fields, names as they came.
    pub fields: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl SipMessage {
    /// Reads a message.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let first = lines.next()?;
        let (status, word) = match first.strip_prefix("SIP/2.0 ") {
            Some(rest) => {
                let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
                (status.parse().ok()?, phrase.to_owned())
            }
            None => (0, first.split(' ').next()?.to_owned()),
        };
        let fields = lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())).collect();
        Some(Self { status, word, fields, body: body.to_owned() })
    }

    /// The first value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The branch of the topmost Via.
    pub(super) fn branch(&self) -> Option<&str> {
        self.field("Via")?.split(';').find_map(|p| p.trim().strip_prefix("branch="))
    }

    /// The refusal's own words, else the phrase of the status.
    #[must_use]
    pub fn reason(&self) -> String {
        self.field("Warning").and_then(|w| w.split('"').nth(1)).unwrap_or(&self.word).to_owned()
    }

    /// The answer to a request that was received.
    pub(super) fn answer(&self, status: &str) -> String {
        let mut out = format!("SIP/2.0 {status}\r\n");
        for (name, value) in &self.fields {
            if ["via", "from", "to", "call-id", "cseq"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
                let _ = write!(out, "{name}: {value}\r\n");
            }
        }
        out + "Content-Length: 0\r\n\r\n"
    }
}

/// A multipart body of SDP and metadata, and its Content-Type.
pub(super) fn multipart(sdp: &str, metadata: &str) -> (String, String) {
    let boundary = "ferric-load-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--{boundary}\r\n\
         Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n{metadata}\r\n--{boundary}--\r\n"
    );
    (format!("multipart/mixed;boundary={boundary}"), body)
}
