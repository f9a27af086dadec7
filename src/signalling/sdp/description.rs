//! What an SDP body says, before anybody judges it.

use std::net::{IpAddr, SocketAddr};

/// Which way a stream flows, seen from the one who wrote the line (RFC 4566 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways: what holds when nothing is said.
    SendRecv,
    /// The writer only sends.
    SendOnly,
    /// The writer only receives.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the writer of the line sends anything.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer of the line takes anything in.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// `a=name` or `a=name:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name, in lower case.
    pub name: String,
    /// What follows the colon, if there is one.
    pub value: Option<String>,
}

/// `o=`: who wrote the body and which version of it this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Session id.
    pub session_id: String,
    /// Version; grows with every change.
    pub version: String,
}

/// A whole body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionDescription {
    /// `o=`.
    pub origin: Option<Origin>,
    /// `c=` of the session; a host name counts as none.
    pub connection: Option<IpAddr>,
    /// Attributes of the session.
    pub attributes: Vec<Attribute>,
    /// The m-lines, in their order.
    pub media: Vec<MediaDescription>,
}

/// One m-line and what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaDescription {
    /// `audio`, `video` …, in lower case.
    pub kind: String,
    /// Port; 0 refuses the stream.
    pub port: u16,
    /// `RTP/AVP` …, in upper case.
    pub protocol: String,
    /// Payload types or format names.
    pub formats: Vec<String>,
    /// `c=` of this stream.
    pub connection: Option<IpAddr>,
    /// Attributes of this stream.
    pub attributes: Vec<Attribute>,
}

fn value_of<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.name == name).and_then(|a| a.value.as_deref())
}

fn direction_in(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|a| match a.name.as_str() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}

impl SessionDescription {
    /// The direction that holds for an m-line: its own, else the session's, else both ways.
    #[must_use]
    pub fn direction_of(&self, media: &MediaDescription) -> Direction {
        direction_in(&media.attributes).or_else(|| direction_in(&self.attributes)).unwrap_or(Direction::SendRecv)
    }

    /// Where an m-line says its RTP comes from. Nothing for the unspecified address (`0.0.0.0`), a host name, or port 0.
    #[must_use]
    pub fn rtp_address_of(&self, media: &MediaDescription) -> Option<SocketAddr> {
        let ip = media.connection.or(self.connection).filter(|ip| !ip.is_unspecified())?;
        (media.port != 0).then(|| SocketAddr::new(ip, media.port))
    }

    /// Where an m-line says its RTCP comes from: `a=rtcp` (RFC 3605), else the port above RTP's; the same port with `a=rtcp-mux` (RFC 5761).
    #[must_use]
    pub fn rtcp_address_of(&self, media: &MediaDescription) -> Option<SocketAddr> {
        let rtp = self.rtp_address_of(media)?;
        if media.has("rtcp-mux") {
            return Some(rtp);
        }
        let Some(text) = media.value("rtcp") else {
            return rtp.port().checked_add(1).map(|port| SocketAddr::new(rtp.ip(), port));
        };
        let mut words = text.split_ascii_whitespace();
        let port = words.next()?.parse().ok()?;
        let ip = words.nth(2).and_then(|ip| ip.parse().ok()).unwrap_or(rtp.ip());
        Some(SocketAddr::new(ip, port))
    }
}

impl MediaDescription {
    /// The value of the first attribute of a name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        value_of(&self.attributes, name)
    }

    /// Whether an attribute is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|a| a.name == name)
    }

    /// `a=label` (RFC 4574), by which SIPREC metadata names the stream.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.value("label").map(str::trim).filter(|label| !label.is_empty())
    }

    /// What `a=rtpmap` says of a payload type: `name/clock[/channels]`.
    #[must_use]
    pub fn rtpmap(&self, pt: u8) -> Option<&str> {
        self.by_payload_type("rtpmap", pt)
    }

    /// What `a=fmtp` says of a payload type.
    #[must_use]
    pub fn fmtp(&self, pt: u8) -> Option<&str> {
        self.by_payload_type("fmtp", pt)
    }

    fn by_payload_type(&self, name: &str, pt: u8) -> Option<&str> {
        self.attributes.iter().filter(|a| a.name == name).find_map(|a| {
            let (number, rest) = a.value.as_deref()?.trim().split_once(char::is_whitespace)?;
            (number.parse() == Ok(pt)).then(|| rest.trim())
        })
    }
}
