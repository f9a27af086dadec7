//! Recording metadata (RFC 7865) and its older dialects, by element names alone: namespaces differed between drafts (`…ns:recording`, `…ns:siprec`),
//! prefixes (`tns:`) are sometimes not even declared, and vendors escape HTML into extensions.

use std::collections::BTreeMap;

use roxmltree::{Document, Error as XmlError, Node, ParsingOptions};

use crate::model::text::in_one_line;

/// Whether a metadata document says all or only what changed (RFC 7865 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataMode {
    /// Everything; what is not in it is no more.
    #[default]
    Complete,
    /// Changes only.
    Partial,
}

/// `<participant>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Participant {
    /// Its id, without `urn:uuid:`.
    pub id: String,
    /// Addresses of record, as sent.
    pub addresses: Vec<String>,
    /// Name as people see it.
    pub name: Option<String>,
    /// It has left: the document says so of it, or of every session that it is associated with (`disassociate-time`, RFC 7865 §6.6).
    pub gone: bool,
    /// This document says that it takes part in the session (an association, not merely the element).
    pub associated: bool,
    /// The element itself is in this document (an association alone names somebody known already).
    pub described: bool,
}

/// `<stream>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Its id.
    pub id: String,
    /// The SDP label that it has.
    pub label: Option<String>,
}

/// `<participantstreamassoc>`: who sends what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantStreams {
    /// The participant's id.
    pub participant: String,
    /// Ids of streams that it contributes to.
    pub sends: Vec<String>,
    /// The association is over, for the streams that it names; for all, where it names none.
    pub gone: bool,
}

/// A metadata document.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// All or changes.
    pub mode: DataMode,
    /// In the order of first mention.
    pub participants: Vec<Participant>,
    /// In document order.
    pub streams: Vec<Stream>,
    /// In document order.
    pub associations: Vec<ParticipantStreams>,
    /// `<sipSessionID>` and ids of communication sessions.
    pub session_ids: Vec<String>,
    /// Short texts of extension elements, by name.
    pub extensions: Vec<(String, String)>,
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MetadataError {
    /// Not XML even after mending; where (line, column) and what.
    #[error("recording metadata line {line} column {column}: {what}")]
    NotXml {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The parser's words, without document text.
        what: &'static str,
    },
    /// XML of another kind.
    #[error("recording metadata: the root element is not `recording`")]
    NotRecording,
    /// Larger than any call needs.
    #[error("recording metadata is larger than {MOST_BYTES} bytes")]
    TooLarge,
}

const MOST_BYTES: usize = 256 * 1024;
const MOST_MENDINGS: usize = 16;
const MOST_TEXT: usize = 512;

/// Declares an undeclared prefix at the root element.
fn declare_prefix(xml: &str, prefix: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let at = from + xml.get(from..)?.find('<')?;
        let after = xml[at + 1..].chars().next()?;
        if after == '?' || after == '!' {
            from = at + 1;
            continue;
        }
        let name_end = at + 1 + xml[at + 1..].find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
        return Some(format!("{} xmlns:{prefix}=\"urn:undeclared:{prefix}\"{}", &xml[..name_end], &xml[name_end..]));
    }
}

/// Turns references that XML does not know (`&nbsp;`, a bare `&`) into text.
fn escape_ampersands(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() + 64);
    let mut rest = xml;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let name = tail.split(';').next().unwrap_or_default();
        let numeric = name.strip_prefix('#').is_some_and(|n| {
            let n = n.strip_prefix('x').map_or_else(|| n.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            n.and_then(char::from_u32).is_some_and(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))
        });
        let known = name.len() < tail.len() && (numeric || matches!(name, "amp" | "lt" | "gt" | "quot" | "apos"));
        out.push_str(if known { "&" } else { "&amp;" });
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn local_id(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("urn:uuid:").or_else(|| text.strip_prefix("URN:UUID:")).unwrap_or(text);
    short(text)
}

fn short(text: &str) -> String {
    in_one_line(text).chars().take(MOST_TEXT).collect()
}

fn attribute<'a>(node: Node<'a, '_>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| node.attributes().find(|a| a.name().eq_ignore_ascii_case(name)).map(|a| a.value()))
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name().eq_ignore_ascii_case(name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|c| is(*c, name))
}

fn text_of(node: Node<'_, '_>) -> String {
    short(&node.descendants().filter_map(|n| n.is_text().then(|| n.text()).flatten()).collect::<String>())
}

fn participant_named<'m>(metadata: &'m mut Metadata, id: &str) -> &'m mut Participant {
    let at = metadata.participants.iter().position(|p| p.id == id).unwrap_or_else(|| {
        metadata.participants.push(Participant { id: id.to_owned(), ..Participant::default() });
        metadata.participants.len() - 1
    });
    &mut metadata.participants[at]
}

/// An association of a participant with a session.
struct Stay {
    participant: String,
    session: Option<String>,
    over: bool,
}

/// In document order.
#[derive(Default)]
struct Stays {
    /// By an attribute of old drafts, that stands for as long as the participant is described.
    of_participants: Vec<Stay>,
    /// By elements of their own (RFC 7865 §6.6).
    of_associations: Vec<Stay>,
}

/// One call of several (a transfer) may be over for somebody who is in another. Of one call the last word holds; an end that may mean any call, as it or
/// what stands before it names none, ends that.
fn apply_stays(metadata: &mut Metadata, stays: &Stays) {
    let mut people: BTreeMap<&str, BTreeMap<Option<&str>, bool>> = BTreeMap::new();
    for Stay { participant, session, over } in stays.of_participants.iter().chain(&stays.of_associations) {
        let sessions = people.entry(participant).or_default();
        for (known, left) in sessions.iter_mut().filter(|_| *over) {
            *left |= known.is_none() || session.is_none();
        }
        sessions.insert(session.as_deref(), *over);
    }
    for (id, sessions) in people {
        let participant = participant_named(metadata, id);
        participant.associated = true;
        participant.gone |= sessions.into_values().all(|left| left);
    }
}

fn read_participant(metadata: &mut Metadata, stays: &mut Stays, node: Node<'_, '_>) {
    let Some(id) = attribute(node, &["participant_id", "id", "participant-id"]).map(local_id) else { return };
    let mut addresses = Vec::new();
    let mut name = None;
    for inner in node.descendants().filter(Node::is_element) {
        if is(inner, "nameid") {
            addresses.extend(attribute(inner, &["aor"]).map(short));
        } else if is(inner, "aor") {
            addresses.push(text_of(inner));
        } else if is(inner, "name") && name.is_none() {
            name = Some(text_of(inner)).filter(|text| !text.is_empty());
        }
    }
    // Old drafts say within the participant what it sends.
    let sends: Vec<String> = node.children().filter(|c| is(*c, "send")).map(|c| local_id(&text_of(c))).collect();
    if !sends.is_empty() {
        metadata.associations.push(ParticipantStreams { participant: id.clone(), sends, gone: false });
    }
    let session = attribute(node, &["session", "session_id"]).map(local_id);
    let left = child(node, "disassociate-time").is_some() || child(node, "leave-time").is_some();
    let participant = participant_named(metadata, &id);
    participant.addresses.extend(addresses.into_iter().filter(|a| !a.is_empty()));
    participant.name = participant.name.take().or(name);
    participant.described = true;
    participant.gone |= left && session.is_none();
    if session.is_some() {
        stays.of_participants.push(Stay { participant: id, session, over: left });
    }
}

fn read_element(metadata: &mut Metadata, stays: &mut Stays, node: Node<'_, '_>) {
    let name = node.tag_name().name().to_ascii_lowercase();
    match name.as_str() {
        "datamode" => {
            let partial = text_of(node).eq_ignore_ascii_case("partial");
            metadata.mode = if partial { DataMode::Partial } else { DataMode::Complete };
        }
        "participant" => read_participant(metadata, stays, node),
        "stream" => {
            if let Some(id) = attribute(node, &["stream_id", "id", "stream-id"]).map(local_id) {
                let label = child(node, "label").map(text_of).or_else(|| attribute(node, &["label"]).map(short));
                metadata.streams.push(Stream { id, label: label.filter(|l| !l.is_empty()) });
            }
        }
        "participantstreamassoc" | "participant-stream-assoc" => {
            if let Some(participant) = attribute(node, &["participant_id", "participant", "id"]).map(local_id) {
                let sends: Vec<_> = node.children().filter(|c| is(*c, "send")).map(|c| local_id(&text_of(c))).collect();
                let gone = child(node, "disassociate-time").is_some();
                // Who only receives no more sends as before.
                if !(gone && sends.is_empty() && child(node, "recv").is_some()) {
                    metadata.associations.push(ParticipantStreams { participant, sends, gone });
                }
            }
        }
        "participantsessionassoc" | "participant-session-assoc" => {
            if let Some(id) = attribute(node, &["participant_id", "participant", "id"]).map(local_id) {
                // Here already: the order of first mention tells who is the caller.
                participant_named(metadata, &id);
                let session = attribute(node, &["session_id", "session"]).map(local_id);
                let over = child(node, "disassociate-time").is_some();
                stays.of_associations.push(Stay { participant: id, session, over });
            }
        }
        "session" => {
            metadata.session_ids.extend(attribute(node, &["session_id", "id"]).map(local_id));
            for inner in node.descendants().filter(|n| is(*n, "sipsessionid")) {
                metadata.session_ids.push(text_of(inner));
            }
            read_extensions(metadata, node);
        }
        "group" | "sessionrecordingassoc" | "start-time" | "stop-time" | "requestsnapshot" => {}
        _ => read_extensions(metadata, node),
    }
}

/// Unknown elements with a short text (extensions are allowed anywhere, RFC 7865 §6).
fn read_extensions(metadata: &mut Metadata, node: Node<'_, '_>) {
    const KNOWN: [&str; 8] = ["session", "sipsessionid", "group-ref", "start-time", "stop-time", "reason", "nameid", "name"];
    for leaf in node.descendants().filter(|n| n.is_element() && !n.children().any(|c| c.is_element())) {
        let name = leaf.tag_name().name().to_ascii_lowercase();
        let text = text_of(leaf);
        if metadata.extensions.len() < 64 && !text.is_empty() && !KNOWN.contains(&name.as_str()) {
            metadata.extensions.push((name, text));
        }
    }
}

fn read_document(document: &Document<'_>) -> Result<Metadata, MetadataError> {
    let root = document.root_element();
    if !["recording", "recording_metadata", "recording-metadata"].iter().any(|name| is(root, name)) {
        return Err(MetadataError::NotRecording);
    }
    let (mut metadata, mut stays) = (Metadata::default(), Stays::default());
    for mode in ["dataMode", "datamode"] {
        if attribute(root, &[mode]).is_some_and(|m| m.eq_ignore_ascii_case("partial")) {
            metadata.mode = DataMode::Partial;
        }
    }
    for node in root.children().filter(Node::is_element) {
        read_element(&mut metadata, &mut stays, node);
    }
    apply_stays(&mut metadata, &stays);
    Ok(metadata)
}

/// What is wrong, in words that hold nothing of the document (names and numbers of people stand in it).
fn words(error: &XmlError) -> &'static str {
    match error {
        XmlError::UnexpectedCloseTag(..) | XmlError::UnclosedRootNode => "the elements do not nest",
        XmlError::NoRootNode | XmlError::UnexpectedEndOfStream => "the document ends too early",
        XmlError::DuplicatedAttribute(..) => "an attribute stands twice",
        XmlError::DtdDetected => "a document type is not allowed here",
        _ => "this is not well-formed XML",
    }
}

/// Reads a metadata document, mending what senders are known to get wrong.
pub fn parse_metadata(body: &[u8]) -> Result<Metadata, MetadataError> {
    if body.len() > MOST_BYTES {
        return Err(MetadataError::TooLarge);
    }
    let text = String::from_utf8_lossy(body);
    let mut xml = text.trim_start_matches('\u{feff}').trim().trim_end_matches('\0').to_owned();
    let mut escaped = false;
    for _ in 0..MOST_MENDINGS {
        let options = ParsingOptions { nodes_limit: 20_000, ..ParsingOptions::default() };
        match Document::parse_with_options(&xml, options) {
            Ok(document) => return read_document(&document),
            Err(XmlError::UnknownNamespace(prefix, pos)) => match declare_prefix(&xml, &prefix) {
                Some(mended) => xml = mended,
                None => return Err(MetadataError::NotXml { line: pos.row, column: pos.col, what: "an undeclared prefix" }),
            },
            Err(XmlError::UnknownEntityReference(..) | XmlError::MalformedEntityReference(_)) if !escaped => {
                escaped = true;
                xml = escape_ampersands(&xml);
            }
            Err(error) => {
                let pos = error.pos();
                return Err(MetadataError::NotXml { line: pos.row, column: pos.col, what: words(&error) });
            }
        }
    }
    Err(MetadataError::NotXml { line: 1, column: 1, what: "too many undeclared prefixes" })
}
