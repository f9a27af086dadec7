//! Answers. A refusal always says why, in a Warning field (RFC 3261 §20.43), in words that hold nothing of the request's people.

use rsipstack::sip::{Headers, Request, Response, StatusCode, headers::make_header};

use crate::model::switchboard::Refusal;

use super::fields;

/// Methods that are understood.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO";
/// Bodies that are understood (RFC 7866 §9.2).
pub(super) const ACCEPT: &str = "application/sdp, application/rs-metadata+xml, application/rs-metadata, multipart/mixed";
/// Extensions that are understood.
pub(super) const EXTENSIONS: [&str; 3] = ["siprec", "timer", "record-aware"];

/// An answer, before it is made a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self { status, fields: Vec::new(), body: None }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// A refusal that says why.
    pub(super) fn refuse(status: u16, why: &str) -> Self {
        let why: String = why.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { '\'' } else { c }).take(200).collect();
        Self::new(status).with("Warning", format!("399 ferric \"{why}\""))
    }

    /// What the node is able to do (RFC 3261 §11.2).
    pub(super) fn capabilities(self) -> Self {
        self.with("Allow", ALLOW).with("Supported", EXTENSIONS.join(", ")).with("Accept", ACCEPT)
    }

    /// An answer to OPTIONS within a call: what it has already, and what bodies are read.
    pub(super) fn capabilities_only(self) -> Self {
        self.with("Accept", ACCEPT)
    }

    pub(super) fn with_sdp(mut self, sdp: String) -> Self {
        self.body = Some(sdp);
        self.with("Content-Type", "application/sdp")
    }

    /// The answer to what the node refuses.
    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        match refusal {
            // The name came with the request URI and is no number of anybody's by rule, but may be one by mistake: it is not repeated.
            Refusal::NoSuchProject(_) => Self::refuse(404, "there is no project of the name in the request URI"),
            Refusal::NoSuchSession => Self::refuse(404, "X-Ferric-Session names no live session"),
            Refusal::NoSuchParticipant | Refusal::AlreadyIn | Refusal::NoSuchAgent(_) => {
                Self::refuse(403, "the participant cannot come in")
            }
            Refusal::Policy(reason) => Self::refuse(403, &reason.to_string()),
            Refusal::BadOffer(what) => Self::refuse(488, what),
            Refusal::Draining => Self::refuse(503, "the node is shutting down").with("Retry-After", "30"),
            Refusal::Busy(_) => Self::refuse(503, "the node is busy").with("Retry-After", "10"),
        }
    }

    /// The message. Fields that tie an answer to its request are copied (RFC 3261 §8.2.6.2), Record-Route with what begins a dialog (§12.1.1).
    pub(super) fn to_response(&self, request: &Request, local_tag: Option<&str>) -> Response {
        const COPIED: [&str; 6] = ["Via", "From", "To", "Call-ID", "CSeq", "Timestamp"];
        let begins_dialog = self.status < 300 && request.method == rsipstack::sip::Method::Invite;
        let mut headers = Headers::default();
        for header in request.headers.iter() {
            let name = header.name();
            let copied = COPIED.iter().any(|c| c.eq_ignore_ascii_case(name)) || (begins_dialog && name == "Record-Route");
            if copied {
                headers.push(header.clone());
            }
        }
        if let Some(tag) = local_tag {
            let to = fields::first(&headers, "To").unwrap_or_default().to_owned();
            if super::address::NameAddress::parse(&to).tag().is_none() {
                fields::replace(&mut headers, "To", format!("{to};tag={tag}"));
            }
        }
        headers.push(make_header("Server", format!("Ferric/{}", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &self.fields {
            headers.push(make_header(name, value.clone()));
        }
        let body = self.body.clone().unwrap_or_default().into_bytes();
        headers.push(make_header("Content-Length", body.len().to_string()));
        Response { status_code: StatusCode::from(self.status), wire_reason: None, version: request.version, headers, body }
    }
}
