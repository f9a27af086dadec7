//! Reads an SDP body. Line ends of any kind, missing `v=`, `o=`, `s=`, `t=`, unknown lines and attributes are all taken;
//! only what cannot be a body at all, or an m-line without a port, is refused, with its line number.

use super::description::{Attribute, MediaDescription, Origin, SessionDescription};

/// More lines than any sender has reason to write.
const MOST_LINES: usize = 4096;
/// More m-lines than any sender has reason to write.
const MOST_STREAMS: usize = 64;

/// Where and why a body cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("SDP line {line}: {what}")]
pub struct SdpError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

fn attribute(text: &str) -> Attribute {
    match text.split_once(':') {
        Some((name, value)) => Attribute { name: name.trim().to_ascii_lowercase(), value: Some(value.trim().to_owned()) },
        None => Attribute { name: text.trim().to_ascii_lowercase(), value: None },
    }
}

fn connection(text: &str) -> Option<std::net::IpAddr> {
    let address = text.split_ascii_whitespace().nth(2)?;
    // A multicast address may carry a lifetime behind a slash (RFC 4566 §5.7).
    address.split('/').next()?.parse().ok()
}

fn media(text: &str, line: usize) -> Result<MediaDescription, SdpError> {
    let mut words = text.split_ascii_whitespace();
    let kind = words.next().ok_or(SdpError { line, what: "an m-line without a media type" })?;
    let port = words.next().ok_or(SdpError { line, what: "an m-line without a port" })?;
    let port = port.split('/').next().unwrap_or_default();
    let port = port.parse().map_err(|_| SdpError { line, what: "the port of an m-line is not a number up to 65535" })?;
    let protocol = words.next().ok_or(SdpError { line, what: "an m-line without a transport" })?;
    Ok(MediaDescription {
        kind: kind.to_ascii_lowercase(),
        port,
        protocol: protocol.to_ascii_uppercase(),
        formats: words.map(str::to_owned).collect(),
        ..MediaDescription::default()
    })
}

/// Reads a body. Bytes that are not UTF-8 are replaced, since only addresses, numbers and tokens matter here.
pub fn parse(body: &[u8]) -> Result<SessionDescription, SdpError> {
    let text = String::from_utf8_lossy(body);
    let mut session = SessionDescription::default();
    let mut seen_any = false;
    let lines = text.split('\n').flat_map(|line| line.split('\r').filter(|piece| !piece.is_empty()).map(str::trim_start));
    for (index, line) in lines.enumerate() {
        let number = index + 1;
        if number > MOST_LINES {
            return Err(SdpError { line: number, what: "too many lines" });
        }
        if line.trim().is_empty() {
            continue;
        }
        let mut chars = line.chars();
        let (Some(letter), Some('=')) = (chars.next(), chars.next()) else {
            return Err(SdpError { line: number, what: "not of the form <letter>=<value>" });
        };
        seen_any = true;
        let value = chars.as_str().trim();
        match letter {
            'm' if session.media.len() == MOST_STREAMS => return Err(SdpError { line: number, what: "too many m-lines" }),
            'm' => session.media.push(media(value, number)?),
            'c' => match session.media.last_mut() {
                Some(stream) => stream.connection = connection(value),
                None => session.connection = connection(value),
            },
            'a' => match session.media.last_mut() {
                Some(stream) => stream.attributes.push(attribute(value)),
                None => session.attributes.push(attribute(value)),
            },
            'o' if session.origin.is_none() => {
                let mut words = value.split_ascii_whitespace().skip(1);
                session.origin = Some(Origin {
                    session_id: words.next().unwrap_or_default().to_owned(),
                    version: words.next().unwrap_or_default().to_owned(),
                });
            }
            _ => {}
        }
    }
    if seen_any { Ok(session) } else { Err(SdpError { line: 1, what: "the body is empty" }) }
}
