//! One call: an actor that takes the dialog's requests in turn and asks the switchboard for what they mean.

mod asking;
mod ending;
mod indicating;
mod invitation;
mod late_offer;
mod parties;
mod refreshing;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use litemap::LiteMap;
use parking_lot::Mutex;
use rsipstack::sip::{Method, Request, Response};
use rsipstack::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use crate::model::event::GapCause;
use crate::model::gate::State;
use crate::model::id::{ProjectSlug, SessionId};
use crate::model::preference::RecordPreference;
use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::model::switchboard::{JoinRequest, OpenSession, Refusal, RtpOffer};
use crate::signalling::sdp::{AcceptedStream, AnswerHeader, Direction, SessionDescription, StreamOffer, write_answer};
use crate::signalling::siprec::{Conversation, PartyKey, WantedParty};

use super::consent::Given;
use super::dialog::Dialog;
use super::fields;
use super::indicator::{Indicator, Way};
use super::intake::{self, Intake, Offered};
use super::plan::{CallState, OpenLine, PartyIn, Step, Wish, steps};
use super::reply::{ALLOW, EXTENSIONS, Reply};
use super::server::{Shared, contact, source_of};
use super::session_timer::{Due, Limits, SessionTimer, negotiate};

pub(super) use ending::refuse_after_end;
use ending::{End, part};
pub(super) use invitation::{Invitation, drive_invite};
use parties::{WhoIsWho, with_mixtures};

/// What happens to a call.
pub(super) enum CallEvent {
    /// A re-INVITE.
    Invite(Box<Invitation>),
    /// Any other request of the dialog.
    Request(Box<Transaction>),
    /// The ACK of a 2xx came, with its body.
    Acked(Vec<u8>),
    /// The ACK of a 2xx never came.
    AckMissing,
    /// The INVITE that begins the call was cancelled before its answer.
    Cancelled,
    /// A refresh of ours was answered (or not).
    Refreshed(Way, Option<Box<Response>>),
    /// An INVITE of ours without an offer was answered (or not).
    Offered(Option<Box<Response>>),
    /// Time to send such an INVITE once more.
    AskForOffer,
    /// It is time to look up again who could not be looked up.
    LookUpAgain,
    /// The session's state has changed.
    StateChanged,
    /// A change of the indication was answered (or not).
    Indicated(Option<Box<Response>>),
    /// The node wants the call to end, or its session is over.
    Close(&'static str),
}

struct Call<'a> {
    shared: &'a Arc<Shared>,
    dialog: Dialog,
    connection: SipConnection,
    session: SessionId,
    /// The session is this call's alone and ends with it.
    own_session: bool,
    siprec: bool,
    project: ProjectSlug,
    caller: Role,
    role_wish: Option<Role>,
    /// What its parties answered before the call came.
    answers: Vec<Given>,
    conversation: Option<Conversation>,
    state: CallState,
    /// Everybody who was ever in: who comes back is the same person, with the same role, and what they answered still holds.
    known: LiteMap<PartyKey, PartyIn>,
    streams: Vec<Option<StreamOffer>>,
    header: AnswerHeader,
    last_answer: String,
    timer: Option<SessionTimer>,
    /// A line has a new owner whose port could not be told yet.
    wants_offer: bool,
    /// What holds for somebody could not be looked up, or they could not come in.
    looks_up_again: bool,
    /// The time of the next try is set.
    look_up_waits: bool,
    /// An INVITE of ours is on its way.
    asking: bool,
    /// Lines, by number and label, that were somebody's whom the metadata named.
    claimed: BTreeSet<(usize, Option<String>)>,
    /// Lines that carry several voices.
    mixed_lines: BTreeSet<usize>,
    /// One party that we are in a conversation with: it is told of the recording and may have wishes about it.
    plain: bool,
    /// The m-lines that our side of the SDP follows.
    lines: SessionDescription,
    indicator: Indicator,
    /// The session's state, kept up to date by the session itself.
    now: Arc<Mutex<State>>,
    /// A 2xx of ours to an INVITE has no ACK yet: no INVITE of ours before it (RFC 3261 §14.1).
    unacknowledged: bool,
    /// That 2xx had an offer of ours, and its answer comes in the ACK (§13.2.1).
    awaits_answer: bool,
    /// The call is to end for this reason once that ACK is here.
    closing: Option<&'static str>,
    /// What each party's device asked last.
    preferences: LiteMap<PartyKey, RecordPreference>,
}

/// Runs a call from its first INVITE to its end. Hundreds of them wait for their next event at any time: what is done in between has its room only while
/// it is done.
pub(super) async fn run_call(
    shared: &Arc<Shared>,
    invitation: Box<Invitation>,
    mut mailbox: mpsc::UnboundedReceiver<CallEvent>,
    events: mpsc::UnboundedSender<CallEvent>,
) {
    let Some(mut call) = Box::pin(begin(shared, invitation, &events)).await else { return };
    let end = loop {
        call.indicate(&events);
        call.refresh(&events);
        // While an INVITE is open there is nothing to tell, and its end is an event.
        let tells_at = call.indicator.next_at().filter(|_| !call.asking && !call.unacknowledged);
        let next = call.timer.map(|t| t.next_at()).into_iter().chain(tells_at).min();
        let next = next.map(|at| at.saturating_sub(shared.now()));
        let event = tokio::select! {
            event = mailbox.recv() => event,
            () = tokio::time::sleep(next.unwrap_or(Duration::from_hours(1))), if next.is_some() => {
                if call.timer.as_mut().and_then(|t| t.due(shared.now())) == Some(Due::Expired) {
                    break End::Bye("no session refresh came");
                }
                continue;
            }
        };
        if let Some(end) = Box::pin(call.take_event(event, &events)).await {
            break end;
        }
    };
    Box::pin(part(call, end, mailbox)).await;
}

/// Answers the first INVITE; `None` where there is no call after it.
async fn begin<'a>(
    shared: &'a Arc<Shared>,
    invitation: Box<Invitation>,
    events: &mpsc::UnboundedSender<CallEvent>,
) -> Option<Box<Call<'a>>> {
    let mut call = match set_up(shared, &invitation, events).await {
        Ok(call) => Box::new(call),
        Err(reply) => {
            if invitation.take() {
                invitation.answer(&reply);
            }
            return None;
        }
    };
    if !invitation.take() {
        call.close_session().await;
        return None;
    }
    let answer = call.accept_with_sdp(&invitation.request);
    invitation.answer(&answer);
    Some(call)
}

async fn set_up<'a>(
    shared: &'a Arc<Shared>,
    invitation: &Invitation,
    events: &mpsc::UnboundedSender<CallEvent>,
) -> Result<Call<'a>, Reply> {
    let request = &invitation.request;
    let connection = invitation.connection.clone().ok_or_else(|| Reply::refuse(500, "the flow is gone"))?;
    let source = source_of(request, Some(&connection)).ok_or_else(|| Reply::refuse(400, "the Via field is not readable"))?;
    let dialog = Dialog::of_invite(request, source)?;
    let limits = Limits { proposed_s: shared.options.session_expires_s, shortest_s: shared.options.min_session_expires_s };
    let timer = negotiate(&request.headers, limits, shared.now())?;
    let Intake { project, siprec, plain, offer, late_offer, conversation, metadata, external_id, session, role, answers } =
        intake::read_invite(request)?;
    let switchboard = &shared.switchboard;
    let refused = |refusal: Refusal| Reply::of_refusal(&refusal);
    // A session that lives is of its own project, whatever the request URI says.
    let project = session.as_ref().and_then(|session| switchboard.project_of(session)).unwrap_or(project);
    let caller = switchboard.caller_role(&project).await.map_err(refused)?;
    let own_session = session.is_none();
    let address = shared.reached_at(source).ip();
    let mut call = Call {
        shared,
        dialog,
        connection,
        session: session.clone().unwrap_or_else(SessionId::random),
        own_session,
        siprec,
        project: project.clone(),
        caller,
        role_wish: role,
        answers,
        conversation,
        state: CallState::default(),
        known: LiteMap::new(),
        streams: Vec::new(),
        header: AnswerHeader { session_id: u64::from(rand::random::<u32>()), version: 0, address },
        last_answer: String::new(),
        timer,
        wants_offer: false,
        looks_up_again: false,
        look_up_waits: false,
        asking: false,
        claimed: BTreeSet::new(),
        mixed_lines: BTreeSet::new(),
        plain,
        lines: SessionDescription::default(),
        indicator: Indicator::new(),
        now: Arc::new(Mutex::new(State::Idle)),
        unacknowledged: false,
        awaits_answer: late_offer,
        closing: None,
        preferences: LiteMap::new(),
    };
    call.indicator.learn(&request.headers);
    let WhoIsWho { parties, mixtures, unanswered } = call.who_is_who(&offer.streams, call.conversation.as_ref()).await;
    if let Some(refusal) = unanswered {
        return Err(refused(refusal));
    }
    if let Some(mixture) = mixtures.first()
        && !call.mixture_is_honourable(mixture, &parties).await.map_err(refused)?
    {
        return Err(Reply::refuse(488, "one stream mixes several parties, and the project's settings do not treat all of them alike"));
    }
    if own_session {
        let request = OpenSession { project, kind: Kind::Call, external_id, metadata };
        call.session = switchboard.open(request).await.map_err(refused)?;
    }
    call.claim(&offer, &parties, &mixtures);
    call.mixed_lines = mixtures.iter().map(|mixture| mixture.line).collect();
    if let Err(refusal) = call.follow_session(events).await {
        call.close_session().await;
        return Err(Reply::of_refusal(&refusal));
    }
    let parties = with_mixtures(parties, &mixtures);
    if let Err(refusal) = call.become_wish(&offer, &parties, true).await {
        call.close_session().await;
        return Err(Reply::of_refusal(&refusal));
    }
    // They were of those who came with the call; whoever comes later answers for themselves.
    call.answers.clear();
    Ok(call)
}

impl Call<'_> {
    /// Does what an event asks for; answers the end, where it is one.
    async fn take_event(&mut self, event: Option<CallEvent>, events: &mpsc::UnboundedSender<CallEvent>) -> Option<End> {
        match event {
            None | Some(CallEvent::Cancelled) => return Some(End::Gone),
            Some(CallEvent::Acked(body)) => {
                self.acknowledged(&body).await;
                if let Some(why) = self.closing.take() {
                    return Some(End::Bye(why));
                }
                // What an INVITE without an offer told of who is who: a line that is somebody else's now was not in our offer.
                if self.wants_offer && !self.asking {
                    self.ask_for_offer(events);
                }
            }
            Some(CallEvent::StateChanged) => {}
            Some(CallEvent::Indicated(answer)) => return self.indicated(answer.as_deref()).await,
            Some(CallEvent::AckMissing) => return Some(End::Bye("the answer was never acknowledged")),
            Some(CallEvent::Close(why)) => return self.close(why),
            Some(CallEvent::Refreshed(way, answer)) => return self.refreshed(way, answer.as_deref(), events).await,
            Some(CallEvent::Offered(answer)) => return self.offered(answer.as_deref(), events).await,
            Some(CallEvent::AskForOffer) => {
                if !self.asking {
                    self.ask_for_offer(events);
                }
            }
            Some(CallEvent::LookUpAgain) => {
                self.look_up_waits = false;
                if self.asking || self.unacknowledged || self.awaits_answer {
                    self.look_up_again(Duration::ZERO, events);
                } else if self.looks_up_again {
                    self.ask_for_offer(events);
                }
            }
            // One that was cancelled before its turn is as if it had not been sent (RFC 3261 §14.2).
            Some(CallEvent::Invite(invitation)) => {
                if invitation.take() {
                    let reply = self.re_invite(&invitation).await;
                    invitation.answer(&reply);
                    self.look_up_again(Duration::ZERO, events);
                }
            }
            Some(CallEvent::Request(transaction)) => {
                if self.request(*transaction).await {
                    return Some(End::Gone);
                }
                if self.looks_up_again {
                    self.look_up_again(Duration::ZERO, events);
                } else if self.wants_offer && !self.asking {
                    self.ask_for_offer(events);
                }
            }
        }
        None
    }

    fn rtp_offer(&self, offer: &StreamOffer) -> RtpOffer {
        RtpOffer {
            kind: offer.kind,
            formats: offer.formats.clone(),
            label: offer.label.clone(),
            remote_rtp: offer.remote_rtp,
            remote_rtcp: offer.remote_rtcp,
            rtcp_mux: offer.rtcp_mux,
            local_ip: self.shared.local_ip_towards(self.dialog.next_hop()),
            hears: self.plain && offer.direction.receives(),
        }
    }

    async fn open_line(&mut self, line: usize, owner: &PartyKey, offer: &StreamOffer) -> Result<(), Refusal> {
        let Some(party) = self.state.parties.get(owner) else { return Err(Refusal::NoSuchParticipant) };
        if self.mixed_lines.contains(&line) {
            self.shared.switchboard.shares_voice(&self.session, &party.participant).await;
        }
        let answer = self.shared.switchboard.open_rtp(&self.session, &party.participant, self.rtp_offer(offer)).await?;
        let open = OpenLine {
            owner: owner.clone(),
            track: answer.track,
            answer,
            offer: offer.clone(),
            muted: false,
            two_way: offer.direction == Direction::SendRecv,
            is_shared: self.mixed_lines.contains(&line),
        };
        self.state.lines.insert(line, open);
        Ok(())
    }

    async fn join(&mut self, party: &WantedParty) -> Result<(), Refusal> {
        let request = JoinRequest {
            id: self.known.get(&party.key).map(|known| known.participant.clone()),
            role: Some(party.role),
            name: party.name.clone(),
            address: party.address.clone(),
            agent: party.agent.clone(),
            initiator: party.initiator,
            answers: self.answers.iter().filter(|given| given.is_of(party.role)).map(|given| (given.verb, given.how.clone())).collect(),
        };
        let participant = self.shared.switchboard.join(&self.session, request).await?;
        let party_in = PartyIn { participant, role: party.role };
        self.known.insert(party.key.clone(), party_in.clone());
        self.state.parties.insert(party.key.clone(), party_in);
        Ok(())
    }

    /// Goes from what the call is to what it shall be.
    async fn become_wish(&mut self, offer: &Offered, parties: &[WantedParty], can_answer: bool) -> Result<(), Refusal> {
        let wish = Wish { streams: &offer.streams, parties, sendonly_is_hold: !self.siprec, can_answer };
        self.share_voices(parties).await;
        let mut refused = None;
        for step in steps(&self.state, &wish) {
            // Where something new cannot be, what is over is over all the same.
            if refused.is_some() && !step.is_an_end() {
                continue;
            }
            if let Err(refusal) = self.take(step, offer, parties, can_answer).await {
                refused.get_or_insert(refusal);
            }
        }
        if let Some(refusal) = refused {
            self.looks_up_again |= matches!(refusal, Refusal::Busy(_));
            return Err(refusal);
        }
        self.streams.clone_from(&offer.streams);
        if can_answer {
            for (line, stream) in self.streams.iter().enumerate() {
                if let (Some(stream), Some(open)) = (stream, self.state.lines.get_mut(&line)) {
                    open.two_way |= stream.direction == Direction::SendRecv;
                }
            }
            self.follow_preferences(&offer.description).await;
            self.lines.clone_from(&offer.description);
            self.describe();
        }
        self.wants_offer = parties.iter().flat_map(|p| &p.lines).any(|line| !self.state.lines.contains_key(line));
        Ok(())
    }

    async fn take(&mut self, step: Step, offer: &Offered, parties: &[WantedParty], can_answer: bool) -> Result<(), Refusal> {
        let switchboard = self.shared.switchboard.clone();
        let stream = |line: usize| offer.streams.get(line).cloned().flatten();
        match step {
            Step::Join(party) => self.join(&party).await?,
            Step::Open { line, owner } => {
                if let Some(stream) = stream(line) {
                    self.open_line(line, &owner, &stream).await?;
                }
            }
            Step::Change { line } => {
                let (Some(stream), Some(open)) = (stream(line), self.state.lines.get(&line)) else { return Ok(()) };
                let changed = switchboard.change_rtp(&self.session, open.track, self.rtp_offer(&stream)).await;
                let Some(open) = self.state.lines.get_mut(&line) else { return Ok(()) };
                match changed {
                    Ok(answer) => (open.track, open.answer, open.offer) = (answer.track, answer, stream),
                    // They were taken out by the platform: there is nothing of theirs to change.
                    Err(Refusal::NoSuchParticipant) => open.offer = stream,
                    Err(refusal) => return Err(refusal),
                }
            }
            Step::Mute { line, muted } => {
                let Some(open) = self.state.lines.get_mut(&line) else { return Ok(()) };
                open.muted = muted;
                switchboard.mute(&self.session, open.track, muted, GapCause::Hold).await?;
            }
            Step::Withdraw { line, owner } => {
                let Some(before) = self.state.parties.get(&owner).cloned() else { return Ok(()) };
                switchboard.leave(&self.session, &before.participant).await?;
                let others: Vec<usize> =
                    self.state.lines.iter().filter(|(i, l)| **i != line && l.owner == owner).map(|(i, _)| *i).collect();
                // Nothing of theirs is open now, whether or not they can come in again.
                self.state.lines.retain(|_, open| open.owner != owner);
                self.state.parties.remove(&owner);
                if let Some(party) = parties.iter().find(|p| p.key == owner) {
                    self.join(party).await?;
                }
                for other in others {
                    if let (true, Some(stream)) = (can_answer, stream(other)) {
                        self.open_line(other, &owner, &stream).await?;
                    }
                }
            }
            Step::Leave(key) => {
                self.state.lines.retain(|_, open| open.owner != key);
                if let Some(party) = self.state.parties.remove(&key) {
                    switchboard.leave(&self.session, &party.participant).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes our side of the SDP as it is now.
    fn describe(&mut self) {
        let record = self.plain.then(|| self.indication());
        let streams: Vec<Option<AcceptedStream>> = self
            .streams
            .iter()
            .enumerate()
            .map(|(line, stream)| {
                let (stream, open) = (stream.as_ref()?, self.state.lines.get(&line)?);
                let reached = |address: SocketAddr| {
                    let ip = if address.ip().is_unspecified() { self.header.address } else { address.ip() };
                    SocketAddr::new(self.shared.options.advertised.unwrap_or(ip), address.port())
                };
                Some(AcceptedStream {
                    rtp: reached(open.answer.rtp),
                    rtcp: reached(open.answer.rtcp),
                    formats: stream.formats.clone(),
                    rtcp_mux: stream.rtcp_mux && open.answer.rtp == open.answer.rtcp,
                    offered: stream.direction,
                    speaks: open.answer.speaks,
                    record,
                })
            })
            .collect();
        let again = write_answer(&self.lines, &streams, self.header);
        // The version grows only with a change (RFC 3264 §8).
        if again != self.last_answer {
            self.header.version += 1;
            self.last_answer = write_answer(&self.lines, &streams, self.header);
        }
    }

    fn accept(&self, request: &Request) -> Reply {
        let source = source_of(request, Some(&self.connection)).unwrap_or_else(|| self.dialog.next_hop());
        let reply = Reply::new(200)
            .with("Contact", contact(self.shared, Some((source, self.connection.is_reliable())), self.siprec))
            .with("Allow", ALLOW)
            .with("Supported", supported(self.plain));
        match &self.timer {
            Some(timer) => {
                let reply = reply.with("Session-Expires", timer.field());
                let peer_knows = fields::tokens(&request.headers, "Supported").iter().any(|t| t == "timer");
                if peer_knows { reply.with("Require", "timer") } else { reply }
            }
            None => reply,
        }
    }

    fn accept_with_sdp(&mut self, request: &Request) -> Reply {
        self.indicator.told_by_answer();
        self.unacknowledged |= request.method == Method::Invite;
        self.accept(request).with_sdp(self.last_answer.clone())
    }

    fn refreshed_by(&mut self, request: &Request) -> Result<(), Reply> {
        if let Some(source) = source_of(request, Some(&self.connection)) {
            self.dialog.refresh_target(&request.headers, source);
        }
        let options = &self.shared.options;
        let limits = Limits { proposed_s: options.session_expires_s, shortest_s: options.min_session_expires_s };
        self.timer = negotiate(&request.headers, limits, self.shared.now())?;
        Ok(())
    }

    async fn re_invite(&mut self, invitation: &Invitation) -> Reply {
        if let Some(connection) = &invitation.connection {
            self.connection = connection.clone();
        }
        self.change(&invitation.request, true).await.unwrap_or_else(|reply| reply)
    }

    /// A re-INVITE or UPDATE: new metadata, a new offer, both, or only a refresh.
    async fn change(&mut self, request: &Request, is_invite: bool) -> Result<Reply, Reply> {
        self.dialog.admit(&request.headers)?;
        intake::check_required(&request.headers)?;
        let content = intake::read_content(request)?;
        let offering = self.asking || self.indicator.is_pending();
        if (offering && (is_invite || content.offer.is_some())) || (self.awaits_answer && content.offer.is_some()) {
            // Both sides at once (RFC 3261 §14.2, RFC 3311 §5.2): the peer tries again later.
            return Err(Reply::refuse(491, "an offer of the recorder is on its way"));
        }
        if let Some(offer) = &content.offer
            && !offer.has_usable_line()
            && !offer.is_all_off()
        {
            return Err(offer.refuse());
        }
        self.refreshed_by(request)?;
        self.indicator.learn(&request.headers);
        let mut conversation = self.conversation.clone();
        if let Some(metadata) = &content.metadata {
            conversation.get_or_insert_default().apply(metadata);
        }
        let can_answer = content.offer.is_some();
        let offer = match content.offer {
            Some(offer) => offer,
            None if content.metadata.is_some() => Offered::standing(&self.streams),
            None if is_invite => return Ok(self.offer_ours(request)),
            None => return Ok(self.accept(request)),
        };
        self.conversation = conversation;
        let refused = |refusal: Refusal| Reply::of_refusal(&refusal);
        let parties = self.parties_now(&offer).await;
        self.become_wish(&offer, &parties, can_answer).await.map_err(refused)?;
        Ok(match (can_answer, is_invite) {
            (true, _) => self.accept_with_sdp(request),
            (false, true) => self.offer_ours(request),
            (false, false) => self.accept(request),
        })
    }

    /// Answers a request other than INVITE. Whether the call is over with it.
    async fn request(&mut self, mut transaction: Transaction) -> bool {
        let request = transaction.original.clone();
        let mut over = false;
        let reply = match request.method {
            Method::Bye => {
                over = true;
                Reply::new(200)
            }
            Method::Update => self.change(&request, false).await.unwrap_or_else(|reply| reply),
            Method::Options => self.admitted(&request).unwrap_or_else(|| self.accept(&request).capabilities_only()),
            Method::Info => self.admitted(&request).unwrap_or_else(|| info(&request)),
            _ => self.admitted(&request).unwrap_or_else(|| Reply::refuse(405, "this method is not for a recorder").with("Allow", ALLOW)),
        };
        let _ = transaction.respond(reply.to_response(&request, None)).await;
        over
    }

    fn admitted(&mut self, request: &Request) -> Option<Reply> {
        self.dialog.admit(&request.headers).err()
    }
}

/// What we say we know, in a conversation or in a recording session.
fn supported(plain: bool) -> String {
    // A recorder has nobody to show a=record to; what it is told of others' recording goes to the log (RFC 7866 §6.3).
    EXTENSIONS.iter().copied().filter(|e| plain || *e != "record-aware").collect::<Vec<_>>().join(", ")
}

/// INFO carries nothing that a recording needs; what is harmless is taken, the rest refused.
fn info(request: &Request) -> Reply {
    let content_type = fields::first(&request.headers, "Content-Type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let harmless = ["application/dtmf-relay", "application/dtmf", "application/media_control+xml"];
    if request.body.is_empty() || harmless.contains(&essence.as_str()) {
        Reply::new(200)
    } else {
        Reply::refuse(415, "an INFO body of this type is not read here").with("Accept", harmless.join(", "))
    }
}
