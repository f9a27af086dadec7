//! What a request asks for, or why it is refused. Pure.

use std::collections::BTreeMap;

use rsipstack::sip::{Headers, Request};

use crate::model::id::{ProjectSlug, SessionId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::signalling::sdp::{self, Attribute, MediaDescription, SessionDescription, StreamOffer, StreamRefused};
use crate::signalling::siprec::{BodyError, Conversation, Metadata, Participant, parse_metadata, read_body};

use super::address::NameAddress;
use super::consent::{self, Given};
use super::reply::{ACCEPT, EXTENSIONS, Reply};
use super::{fields, vendor};

/// An SDP offer and what of it can be taken.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) description: SessionDescription,
    pub(super) streams: Vec<Option<StreamOffer>>,
    refused: Vec<Option<StreamRefused>>,
}

impl Offered {
    /// What stands from before, where a message brings no new offer.
    pub(super) fn standing(streams: &[Option<StreamOffer>]) -> Self {
        Self { description: SessionDescription::default(), streams: streams.to_vec(), refused: vec![None; streams.len()] }
    }

    /// One line with everything that is read here: what a peer that leaves the offer to us is asked for. Where it sends from it says in its answer.
    pub(super) fn of_ours() -> Self {
        let attribute = |name: &str, value: &str| Attribute { name: name.to_owned(), value: Some(value.to_owned()) };
        let media = MediaDescription {
            kind: "audio".to_owned(),
            port: 9,
            protocol: "RTP/AVP".to_owned(),
            formats: ["0", "8", "96", "101"].map(str::to_owned).to_vec(),
            connection: None,
            attributes: vec![attribute("rtpmap", "96 opus/48000/2"), attribute("rtpmap", "101 telephone-event/8000")],
        };
        Self::judge(SessionDescription { media: vec![media], ..SessionDescription::default() })
    }

    fn judge(description: SessionDescription) -> Self {
        let judged: Vec<_> = description.media.iter().map(|media| sdp::read_stream(&description, media)).collect();
        let streams = judged.iter().map(|j| j.clone().ok()).collect();
        let refused = judged.into_iter().map(Result::err).collect();
        Self { description, streams, refused }
    }

    pub(super) fn has_usable_line(&self) -> bool {
        self.streams.iter().any(Option::is_some)
    }

    pub(super) fn is_all_off(&self) -> bool {
        self.refused.iter().all(|r| *r == Some(StreamRefused::SwitchedOff))
    }

    /// 488 with the reason of each line.
    pub(super) fn refuse(&self) -> Reply {
        let reasons: Vec<String> =
            self.refused.iter().enumerate().filter_map(|(i, r)| r.map(|r| format!("m-line {}: {r}", i + 1))).collect();
        let why = if reasons.is_empty() { "the offer has no m-line".to_owned() } else { reasons.join("; ") };
        Reply::refuse(488, &why)
    }
}

/// The parts of a message's body that matter.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub(super) offer: Option<Offered>,
    pub(super) metadata: Option<Metadata>,
}

/// A new call.
pub(super) struct Intake {
    pub(super) project: ProjectSlug,
    /// A recording session, not a plain call.
    pub(super) siprec: bool,
    /// A conversation with one party.
    pub(super) plain: bool,
    pub(super) offer: Offered,
    /// The peer leaves the offer to us and answers in its ACK.
    pub(super) late_offer: bool,
    pub(super) conversation: Option<Conversation>,
    pub(super) metadata: BTreeMap<String, Personal>,
    pub(super) external_id: Option<String>,
    /// The session that a plain call wants to be a leg of.
    pub(super) session: Option<SessionId>,
    /// The role that a plain call says it has.
    pub(super) role: Option<Role>,
    /// What its parties answered beforehand.
    pub(super) answers: Vec<Given>,
}

/// As long as `POST /v1/sessions` takes it.
const LONGEST_EXTERNAL_ID: usize = 256;

/// Key under which a plain call's only party stands in its made-up metadata.
pub(super) const CALLER: &str = "caller";

/// Refuses extensions that are required and not known (RFC 3261 §8.2.2.3).
pub(super) fn check_required(headers: &Headers) -> Result<(), Reply> {
    let unknown: Vec<String> =
        fields::tokens(headers, "Require").into_iter().filter(|token| !EXTENSIONS.contains(&token.as_str())).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let clean: String = unknown.join(", ").chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect();
    Err(Reply::refuse(420, "a required extension is not known here").with("Unsupported", clean))
}

pub(super) fn read_offer(body: &[u8]) -> Result<Offered, Reply> {
    let description = sdp::parse(body).map_err(|error| Reply::refuse(400, &error.to_string()))?;
    Ok(Offered::judge(description))
}

/// Reads a message's body.
pub(super) fn read_content(request: &Request) -> Result<Content, Reply> {
    let bodies = read_body(fields::first(&request.headers, "Content-Type"), &request.body).map_err(|error| match error {
        BodyError::Unsupported(_) => Reply::refuse(415, "a body of this type is not read here").with("Accept", ACCEPT),
        other => Reply::refuse(400, &other.to_string()),
    })?;
    let metadata = bodies.metadata.map(|xml| parse_metadata(&xml)).transpose();
    Ok(Content {
        offer: bodies.sdp.map(|sdp| read_offer(&sdp)).transpose()?,
        metadata: metadata.map_err(|error| Reply::refuse(400, &error.to_string()))?,
    })
}

/// Whether an INVITE is of a session recording client (RFC 7866 §6.1.1), also by the ways of those who leave something out.
fn is_siprec(headers: &Headers, content: &Content) -> bool {
    let contact = fields::first(headers, "Contact").map(NameAddress::parse);
    content.metadata.is_some()
        || fields::tokens(headers, "Require").iter().any(|t| t == "siprec")
        || contact.is_some_and(|c| c.has_feature("src"))
}

/// The party of a plain call, out of its From (P-Asserted-Identity stands over it, RFC 3325).
fn caller(headers: &Headers) -> Conversation {
    let from = NameAddress::parse(fields::first(headers, "From").unwrap_or_default());
    let asserted = fields::first(headers, "P-Asserted-Identity").map(NameAddress::parse);
    let address = asserted.as_ref().map_or(from.uri.clone(), |a| a.uri.clone());
    let name = asserted.and_then(|a| a.name).or(from.name);
    let mut conversation = Conversation::default();
    let participant = Participant { id: CALLER.to_owned(), addresses: vec![address], name, described: true, ..Participant::default() };
    conversation.apply(&Metadata { participants: vec![participant], ..Metadata::default() });
    conversation
}

/// The role that a Cisco telephone's built-in bridge tells: it calls once with the voice of the one who sits at it and once with the other's, and marks
/// the From URI with which. The one at the telephone is the agent.
fn role_by_bridge(headers: &Headers) -> Option<Role> {
    let uri = NameAddress::parse(fields::first(headers, "From")?).uri;
    let mut params = uri.split(';').skip(1).map(|p| p.split('=').next().unwrap_or_default().to_ascii_lowercase());
    params.find_map(|p| match p.as_str() {
        "x-nearend" => Some(Role::Agent),
        "x-farend" => Some(Role::Customer),
        _ => None,
    })
}

/// Reads an INVITE that begins a call.
pub(super) fn read_invite(request: &Request) -> Result<Intake, Reply> {
    let headers = &request.headers;
    check_required(headers)?;
    let content = read_content(request)?;
    let siprec = is_siprec(headers, &content);
    let late_offer = content.offer.is_none();
    let offer = match content.offer {
        Some(offer) => offer,
        None if siprec => return Err(Reply::refuse(488, "a recording session without an SDP offer: its streams are the sender's to name")),
        None => Offered::of_ours(),
    };
    if !offer.has_usable_line() {
        return Err(offer.refuse());
    }
    let user = request.uri.auth.as_ref().map(|auth| auth.user.trim()).filter(|user| !user.is_empty()).unwrap_or("default");
    let Ok(project) = user.parse::<ProjectSlug>() else {
        return Err(Reply::refuse(404, "the user part of the request URI is not the name of a project"));
    };
    let usable = offer.streams.iter().flatten().count();
    let conversation = match &content.metadata {
        Some(metadata) => {
            let mut conversation = Conversation::default();
            conversation.apply(metadata);
            Some(conversation)
        }
        // Several lines without metadata are somebody's recording session all the same: their parties have no names.
        None if !siprec && usable == 1 => Some(caller(headers)),
        None => None,
    };
    let session = match vendor::steering(headers, "X-Ferric-Session").map(str::parse::<SessionId>) {
        None => None,
        Some(Ok(session)) => Some(session),
        Some(Err(_)) => return Err(Reply::refuse(400, "X-Ferric-Session is not a session id")),
    };
    let role = match vendor::steering(headers, "X-Ferric-Role").map(consent::role_named) {
        None => role_by_bridge(headers),
        Some(Some(role)) => Some(role),
        Some(None) => return Err(Reply::refuse(400, "X-Ferric-Role is none of agent, customer, third_party")),
    };
    let mut metadata = vendor::metadata_of(headers);
    for (name, value) in content.metadata.iter().flat_map(|m| &m.extensions) {
        metadata.entry(format!("siprec_{name}")).or_insert_with(|| Personal::new(value.clone()));
    }
    let external_id = vendor::steering(headers, "X-Ferric-External-Id").map(str::to_owned);
    if external_id.as_ref().is_some_and(|id| id.chars().count() > LONGEST_EXTERNAL_ID || id.chars().any(char::is_control)) {
        return Err(Reply::refuse(400, "X-Ferric-External-Id: at most 256 characters, none of them a control character"));
    }
    let plain = !siprec && usable == 1;
    let answers = consent::read(headers, siprec)?;
    Ok(Intake { project, siprec, plain, offer, late_offer, conversation, metadata, external_id, session, role, answers })
}
