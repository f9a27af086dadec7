//! One live session: the policy is fed here, and what follows from it goes to the tape and to those who follow, in one order for everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::notice::{Followers, Notice, SessionNotice};
use super::preference::{Wish, command_of};
use super::view::{GateView, OutputView, ParticipantView, SessionView};
use crate::ingest::{LegId, MediaClock, RtpIngest};
use crate::model::command::{Command, Reason, Verb};
use crate::model::consent::{Answer, AnswerContext, AnswerSource, ConsentRecord, Ledger, Question, answer_of};
use crate::model::event::{Party, SessionOpened, TapeEvent};
use crate::model::gate::State;
use crate::model::id::{ParticipantId, RecordingId, SessionId, TrackId};
use crate::model::preference::RecordPreference;
use crate::model::settings::{AgentProperties, Consent};
use crate::model::switchboard::{CommandRequest, EndListener, PeerId, Refusal, StateListener};
use crate::model::time::MediaTime;
use crate::policy::{Action, Controls, Gatekeeper, Input, Permit};
use crate::tape::SessionTape;

/// Somebody known to the session, in it or not.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) party: Party,
    pub(super) initiator: bool,
    pub(super) properties: AgentProperties,
    pub(super) present: bool,
    /// Has been in at least once.
    pub(super) came: bool,
    /// Their stream carries other voices of the session as well.
    pub(super) carries_others: bool,
    pub(super) tracks: Vec<TrackId>,
    pub(super) legs: Vec<(TrackId, LegId)>,
    pub(super) peers: Vec<PeerId>,
    /// What their device asked for, and what was done about it.
    pub(super) wish: Wish,
    /// Raised by every new connection: the pending departure of one that was lost before it is then void.
    pub(super) arrivals: u64,
    /// Connections that are being opened.
    pub(super) opening: usize,
    /// The last of their connections is gone: if none of those that are being opened comes, they have left.
    pub(super) given_up: bool,
    /// Consent answers given before they came; they take effect when they do.
    pub(super) answers: Vec<(Verb, AnswerContext)>,
}

impl Member {
    /// Their coming in, as the policy hears of it.
    fn join(&self) -> Input {
        Input::Join { participant: self.party.id.clone(), role: self.party.role, initiator: self.initiator, properties: self.properties }
    }

    /// Whether any way is open on which media of theirs comes.
    pub(super) fn has_media(&self) -> bool {
        !self.peers.is_empty() || !self.legs.is_empty()
    }

    /// Whether they have left by the loss of a connection. A page that is loaded anew ends the old one while the new one is being opened: that decides it.
    pub(super) fn has_left(&mut self) -> bool {
        self.given_up = !self.has_media();
        self.given_up && self.opening == 0
    }

    /// A connection could not be opened. Whether they have left by that: whoever came in by it, or lost their last one meanwhile.
    pub(super) fn was_refused(&mut self, came_by_it: bool) -> bool {
        self.opening -= 1;
        self.given_up = !self.has_media() && (self.given_up || came_by_it);
        self.present && self.given_up && self.opening == 0
    }
}

pub(super) struct Inner {
    gatekeeper: Gatekeeper,
    pub(super) members: Vec<Member>,
    outputs: Vec<OutputView>,
    next_track: u16,
    last: MediaTime,
    pub(super) over: bool,
    listeners: Vec<StateListener>,
    end_listeners: Vec<EndListener>,
    empty_since: Option<Instant>,
    state_since: MediaTime,
}

/// Whether something is being recorded, so that people who can hear us are told.
fn is_told_aloud(state: State) -> bool {
    matches!(state, State::Recording | State::AutomaticWithoutCaller)
}

/// A live session. Every change goes through its one lock, so that the tape, the policy and the followers see one order.
pub(super) struct Live {
    pub(super) opened: SessionOpened,
    pub(super) clock: MediaClock,
    pub(super) tape: SessionTape,
    followers: Arc<Followers>,
    rtp: RtpIngest,
    inner: Mutex<Inner>,
    /// Raised while those who can hear us are to be told of the recording.
    pub(super) aloud: Arc<AtomicBool>,
    /// Who was asked and answered what. Its lock is taken within `inner`'s, never the other way.
    consents: Mutex<Ledger>,
    deadline_ns: AtomicU64,
    revision: AtomicU64,
    /// Held while it is being ended.
    pub(super) ending: tokio::sync::Mutex<()>,
}

impl Live {
    pub(super) fn begin(opened: SessionOpened, zero: Instant, tape: SessionTape, followers: Arc<Followers>, rtp: RtpIngest) -> Self {
        let gatekeeper = Gatekeeper::new(opened.settings.clone());
        let state = gatekeeper.state();
        let live = Self {
            clock: MediaClock::starting(zero),
            tape,
            followers,
            rtp,
            aloud: Arc::new(AtomicBool::new(is_told_aloud(state))),
            consents: Mutex::default(),
            deadline_ns: AtomicU64::new(u64::MAX),
            revision: AtomicU64::new(0),
            ending: tokio::sync::Mutex::default(),
            inner: Mutex::new(Inner {
                gatekeeper,
                members: Vec::new(),
                outputs: Vec::new(),
                next_track: 1,
                last: MediaTime::ZERO,
                over: false,
                listeners: Vec::new(),
                end_listeners: Vec::new(),
                empty_since: Some(zero),
                state_since: MediaTime::ZERO,
            }),
            opened,
        };
        live.tell(MediaTime::ZERO, Notice::Tape(Arc::new(TapeEvent::SessionOpened(Box::new(live.opened.clone())))));
        live.record(MediaTime::ZERO, TapeEvent::State { state });
        live
    }

    pub(super) fn id(&self) -> &SessionId {
        &self.opened.session
    }

    fn tell(&self, at: MediaTime, what: Notice) {
        self.revision.fetch_add(1, Ordering::AcqRel);
        self.followers.tell(&SessionNotice {
            session: self.opened.session.clone(),
            project: self.opened.project.clone(),
            clock: self.clock,
            at,
            wall: self.opened.started_at.plus_ns(at.as_ns()),
            what,
        });
    }

    fn record(&self, at: MediaTime, event: TapeEvent) {
        if let Err(error) = self.tape.event(at, &event) {
            tracing::error!(session = %self.id(), %error, "an event could not be written to the tape");
        }
        self.consents.lock().note(at, self.opened.started_at, &event);
        self.tell(at, Notice::Tape(Arc::new(event)));
    }

    /// Reads the clock under the lock, so that times on the tape never go back.
    fn now(&self, inner: &mut Inner) -> MediaTime {
        inner.last = inner.last.max(self.clock.now());
        inner.last
    }

    /// The time of an input that may shut permits: read when they are shut already, so that nothing that arrived after it was admitted.
    fn now_shut(&self, inner: &mut Inner, input: &Input) -> MediaTime {
        let before = self.now(inner);
        inner.gatekeeper.shut_ahead(before, input);
        self.now(inner)
    }

    fn do_what_is_due(&self, inner: &mut Inner, now: MediaTime) {
        while let Some(due) = inner.gatekeeper.deadline().filter(|due| *due <= now) {
            let actions = inner.gatekeeper.tick_closing(due);
            self.carry_out(inner, due, actions);
            inner.gatekeeper.open_what_may();
        }
    }

    /// What arrived until now is judged by the gates of until now, though no sweep has read it yet.
    fn read_out(&self, inner: &Inner) {
        let legs: Vec<_> = inner.members.iter().flat_map(|m| m.legs.iter().map(|(_, leg)| *leg)).collect();
        if !legs.is_empty() {
            self.rtp.read_out(&legs);
        }
    }

    fn remember_deadline(&self, inner: &Inner) {
        self.deadline_ns.store(inner.gatekeeper.deadline().map_or(u64::MAX, MediaTime::as_ns), Ordering::Release);
    }

    fn carry_out(&self, inner: &mut Inner, at: MediaTime, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::OutputStarted { output } => {
                    let recording = RecordingId::random();
                    inner.outputs.push(OutputView { output: output.clone(), recording: recording.clone(), running: true });
                    self.record(at, TapeEvent::OutputStarted { output, recording });
                }
                Action::OutputEnded { output, ended_by } => {
                    for known in inner.outputs.iter_mut().filter(|known| known.output == output) {
                        known.running = false;
                    }
                    self.record(at, TapeEvent::OutputEnded { output, ended_by });
                }
                Action::TimelineCut { output } => self.record(at, TapeEvent::TimelineCut { output }),
                Action::TimelineResumed { output } => self.record(at, TapeEvent::TimelineResumed { output }),
                Action::Gate { output, participant, gate } => self.record(at, TapeEvent::Gate { output, participant, gate }),
                Action::Discarded { output, reason } => self.record(at, TapeEvent::Discarded { output, reason }),
                Action::Erase { participant } => {
                    // The key goes first: should the node die between the two, the media is unreadable all the same.
                    if let Err(error) = self.tape.erase(&participant) {
                        tracing::error!(session = %self.id(), %error, "a declined participant's key could not be destroyed");
                    }
                    self.record(at, TapeEvent::Erased { participant });
                    // The next start has to know of it, should the node die now: what was stored before is still to be replaced.
                    if let Err(error) = self.tape.flush() {
                        tracing::error!(session = %self.id(), %error, "an erasure is not on the disk yet");
                    }
                }
                Action::Prompt { participant } => self.ask(at, participant, Question::Prompt),
                Action::AskConsent { participant } => self.ask(at, participant, Question::Consent),
                Action::State { state } => {
                    self.aloud.store(is_told_aloud(state), Ordering::Release);
                    inner.listeners.retain(|listener| listener(state));
                    inner.state_since = at;
                    self.record(at, TapeEvent::State { state });
                }
            }
        }
    }

    fn ask(&self, at: MediaTime, participant: ParticipantId, what: Question) {
        self.record(at, TapeEvent::Asked { participant, what, source: None, text_version: None, language: None });
    }

    /// Feeds the policy. `event` is written before what follows from the input, and sees whether it was refused.
    ///
    /// What closes is closed before anything of it is told; what opens opens when all of it was told, so that indicators are on first.
    fn feed(&self, inner: &mut Inner, input: Input, event: impl FnOnce(Option<Reason>) -> TapeEvent) -> Result<(), Reason> {
        let verdict = self.feed_closing(inner, input, event);
        inner.gatekeeper.open_what_may();
        verdict
    }

    fn feed_closing(&self, inner: &mut Inner, input: Input, event: impl FnOnce(Option<Reason>) -> TapeEvent) -> Result<(), Reason> {
        self.read_out(inner);
        let now = self.now_shut(inner, &input);
        self.do_what_is_due(inner, now);
        let (actions, verdict) = inner.gatekeeper.apply_closing(now, input);
        self.record(now, event(verdict.err()));
        self.carry_out(inner, now, actions);
        self.remember_deadline(inner);
        verdict
    }

    /// Makes somebody known who is not in yet.
    ///
    /// # Errors
    /// With the id where it is taken.
    pub(super) fn know(&self, member: Member) -> Result<(), ParticipantId> {
        let mut inner = self.inner.lock();
        if inner.members.iter().any(|known| known.party.id == member.party.id) {
            return Err(member.party.id);
        }
        inner.members.reserve_exact(1);
        inner.members.push(member);
        self.revision.fetch_add(1, Ordering::AcqRel);
        self.followers.touch(self.id());
        Ok(())
    }

    /// Lets a known participant in; nothing happens where they are in already. `None` where nobody of that id is known or the session is over.
    pub(super) fn arrive(&self, participant: &ParticipantId) -> Option<Permit> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.over {
            return None;
        }
        let member = inner.members.iter_mut().find(|m| m.party.id == *participant)?;
        if !member.present {
            member.present = true;
            member.came = true;
            member.given_up = false;
            let answers = std::mem::take(&mut member.answers);
            let member = member.clone();
            inner.empty_since = None;
            let input = member.join();
            // A join is never refused.
            let _ = self.feed_closing(inner, input, |_| TapeEvent::Joined {
                party: member.party,
                initiator: member.initiator,
                properties: member.properties,
            });
            // What they said beforehand counts before anything of theirs can be taken.
            for (verb, context) in answers {
                let _ = self.obey_all(inner, Command { by: participant.clone(), verb, order: None }, Some(context));
            }
            inner.gatekeeper.open_what_may();
        }
        inner.gatekeeper.permit(participant)
    }

    /// A command lets in whoever was invited and has never been in, where it is taken: what is refused changes nothing. Whoever left stays out.
    ///
    /// # Errors
    /// The reason for which it is refused.
    pub(super) fn first_contact(&self, command: &Command) -> Result<(), Reason> {
        let refused = {
            let mut guard = self.inner.lock();
            let inner = &mut *guard;
            let Some(newcomer) = inner.members.iter().find(|m| m.party.id == command.by && !m.came).filter(|_| !inner.over) else {
                return Ok(());
            };
            let (join, answers) = (newcomer.join(), newcomer.answers.iter().map(|(verb, _)| *verb).collect::<Vec<_>>());
            let now = self.now(inner);
            let refused = inner.gatekeeper.check_of_newcomer(now, join, answers.into_iter(), command).err();
            // Whose wish is fulfilled by their coming is to come.
            let refused = refused.filter(|reason| *reason != Reason::Already);
            if refused.is_some() {
                let Command { by, verb, order } = command.clone();
                self.record(now, TapeEvent::Command { by, verb, order, refused, context: None });
            }
            refused
        };
        if let Some(reason) = refused {
            return Err(reason);
        }
        self.arrive(&command.by);
        Ok(())
    }

    /// Somebody is gone. Answers the peer connections that were theirs.
    pub(super) fn leave(&self, participant: &ParticipantId) -> Vec<PeerId> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let Some(member) = inner.members.iter_mut().find(|m| m.party.id == *participant && m.present) else {
            return Vec::new();
        };
        member.present = false;
        member.tracks.clear();
        let gone = std::mem::take(&mut member.peers);
        if !inner.over {
            let _ = self
                .feed(inner, Input::Leave { participant: participant.clone() }, |_| TapeEvent::Left { participant: participant.clone() });
        }
        if inner.members.iter().all(|m| !m.present) {
            inner.empty_since = Some(Instant::now());
        }
        gone
    }

    /// A command; when this returns the gates have moved.
    pub(super) fn command(&self, command: Command, context: Option<AnswerContext>) -> Result<State, Reason> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let answer = self.obey_all(inner, command, context);
        inner.gatekeeper.open_what_may();
        answer.map(|()| inner.gatekeeper.state())
    }

    /// Keeps an IVR's consent answer of somebody who has not come yet: it says what they want, not that they are there. Answers the state then.
    pub(super) fn hold_answer(&self, request: &CommandRequest) -> Option<State> {
        let context = request.context.as_ref().filter(|context| context.source == AnswerSource::Ivr)?;
        answer_of(request.verb).filter(|(what, _)| *what == Question::Consent)?;
        let mut inner = self.inner.lock();
        if inner.over {
            return None;
        }
        let member = inner.members.iter_mut().find(|m| m.party.id == request.by && !m.came)?;
        member.answers.push((request.verb, context.clone()));
        Some(inner.gatekeeper.state())
    }

    /// A participant's stream carries other voices too, from now on: what others have refused already it refuses at once.
    pub(super) fn carries_others(&self, participant: &ParticipantId) {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let Some(member) = inner.members.iter_mut().find(|m| m.party.id == *participant) else { return };
        member.carries_others = true;
        let refusals = |record: &ConsentRecord| match record.consent {
            Some(Answer::Declined) => Some(Verb::ConsentDecline),
            Some(Answer::Withdrawn) => Some(Verb::ConsentWithdraw),
            _ => None,
        };
        let standing: Vec<Verb> =
            self.consents.lock().records().iter().filter(|r| r.participant != *participant).filter_map(refusals).collect();
        for verb in standing {
            let because = AnswerContext::of(AnswerSource::SharedStream);
            let _ = self.obey(inner, Command { by: participant.clone(), verb, order: None }, Some(because));
        }
        inner.gatekeeper.open_what_may();
    }

    /// Tells a listener the state, now and from now on.
    pub(super) fn hear(&self, listener: StateListener) {
        let mut inner = self.inner.lock();
        if listener(inner.gatekeeper.state()) && !inner.over {
            inner.listeners.push(listener);
        }
    }

    /// Tells a listener when this is over; at once, where it is.
    pub(super) fn hear_end(&self, listener: EndListener) {
        let mut inner = self.inner.lock();
        if inner.over {
            listener();
        } else {
            inner.end_listeners.push(listener);
        }
    }

    /// A party's device asks something of the recording: noted, and done as far as the policy allows.
    pub(super) fn prefer(&self, participant: &ParticipantId, preference: RecordPreference) -> Result<State, Reason> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.over {
            return Err(Reason::Ended);
        }
        let state = inner.gatekeeper.state();
        let consent_required = self.opened.settings.consent != Consent::NotRequired;
        let member = inner.members.iter_mut().find(|m| m.party.id == *participant && m.present).ok_or(Reason::NoSuchParticipant)?;
        let asked = command_of(preference, member.party.role, state, consent_required, member.wish);
        let now = self.now(inner);
        self.record(now, TapeEvent::Preferred { participant: participant.clone(), preference });
        if let Some(verb) = asked {
            let is_yes = |r: &ConsentRecord| r.participant == *participant && r.consent == Some(Answer::Granted);
            let granted = self.consents.lock().records().iter().any(is_yes);
            let command = Command { by: participant.clone(), verb, order: None };
            let done = self.obey_all(inner, command, Some(AnswerContext::of(AnswerSource::Sip)));
            inner.gatekeeper.open_what_may();
            if let (Ok(()), Some(member)) = (done, inner.members.iter_mut().find(|m| m.party.id == *participant)) {
                member.wish.withdrew = (verb == Verb::ConsentWithdraw).then_some(granted);
            }
        }
        Ok(inner.gatekeeper.state())
    }

    fn obey_all(&self, inner: &mut Inner, command: Command, context: Option<AnswerContext>) -> Result<(), Reason> {
        let (by, verb) = (command.by.clone(), command.verb);
        self.obey(inner, command, context)?;
        if let Some(member) = inner.members.iter_mut().find(|m| m.party.id == by) {
            member.wish.answered(verb);
        }
        if matches!(verb, Verb::ConsentDecline | Verb::ConsentWithdraw) {
            // Their voice is in these streams too, and nobody can take it out again.
            let carriers = inner.members.iter().filter(|m| m.carries_others && m.present && m.party.id != by);
            for carrier in carriers.map(|m| m.party.id.clone()).collect::<Vec<_>>() {
                let because = AnswerContext::of(AnswerSource::SharedStream);
                let _ = self.obey(inner, Command { by: carrier, verb, order: None }, Some(because));
            }
        }
        Ok(())
    }

    fn obey(&self, inner: &mut Inner, command: Command, context: Option<AnswerContext>) -> Result<(), Reason> {
        let (by, verb, order, context) = (command.by.clone(), command.verb, command.order.clone(), context.map(Box::new));
        self.feed_closing(inner, Input::Command(command), |refused| TapeEvent::Command { by, verb, order, refused, context })
    }

    /// Ends the session for everybody; the tape stays open for what is still in the sockets until [`Live::close`].
    pub(super) fn end(&self) -> bool {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.over {
            return false;
        }
        inner.over = true;
        let now = self.now_shut(inner, &Input::End);
        self.do_what_is_due(inner, now);
        let (actions, _) = inner.gatekeeper.apply(now, Input::End);
        self.carry_out(inner, now, actions);
        self.record(now, TapeEvent::SessionEnded);
        self.deadline_ns.store(u64::MAX, Ordering::Release);
        std::mem::take(&mut inner.end_listeners).into_iter().for_each(|listener| listener());
        true
    }

    /// Writes out what is buffered; nothing follows. Whether all of it is written: else the writing threads go on trying.
    pub(super) fn close(&self) -> bool {
        if let Err(error) = self.tape.close() {
            tracing::error!(session = %self.id(), %error, "the tape could not be closed cleanly; its recordings wait for the disk");
        }
        self.tape.is_written()
    }

    /// Tells that the tape is whole: whoever reads it finds everything.
    pub(super) fn tell_closed(&self) {
        let at = self.inner.lock().last;
        self.tell(at, Notice::Closed);
    }

    /// Does what is due by now; cheap where nothing is.
    pub(super) fn tick(&self) {
        let due_ns = self.deadline_ns.load(Ordering::Acquire);
        // Mostly nothing is ever due: then not even the clock is read, hundreds of sessions fifty times a second.
        if due_ns == u64::MAX || self.clock.now().as_ns() < due_ns {
            return;
        }
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.over {
            return;
        }
        self.read_out(inner);
        let now = self.now(inner);
        self.do_what_is_due(inner, now);
        self.remember_deadline(inner);
    }

    /// How long nobody has been in.
    pub(super) fn empty_for(&self) -> Option<Duration> {
        self.inner.lock().empty_since.map(|since| since.elapsed())
    }

    /// Writes an event of signalling or ingest that the policy has no part in.
    pub(super) fn note(&self, event: TapeEvent) {
        let mut inner = self.inner.lock();
        let now = self.now(&mut inner);
        self.record(now, event);
    }

    /// A number for a new track of a participant who is in.
    pub(super) fn new_track(&self, participant: &ParticipantId) -> Option<TrackId> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let member = inner.members.iter_mut().find(|m| m.party.id == *participant && m.present)?;
        let track = TrackId(inner.next_track);
        inner.next_track = inner.next_track.checked_add(1)?;
        member.tracks.push(track);
        Some(track)
    }

    /// Puts a way on which media of somebody comes beside the others, once it is open: from then on it is closed with them. Nobody would ever close it
    /// where they have gone meanwhile, or the session is over.
    ///
    /// # Errors
    /// Where that is so; it is to be closed.
    pub(super) fn connect(&self, participant: &ParticipantId, with: impl FnOnce(&mut Member)) -> Result<(), Refusal> {
        let mut inner = self.inner.lock();
        if inner.over {
            return Err(Refusal::NoSuchSession);
        }
        let member = inner.members.iter_mut().find(|m| m.party.id == *participant && m.present).ok_or(Refusal::NoSuchParticipant)?;
        with(member);
        Ok(())
    }

    /// Whether a track was somebody's who has left since.
    pub(super) fn has_closed(&self, track: TrackId) -> bool {
        let inner = self.inner.lock();
        (1..inner.next_track).contains(&track.0) && !inner.members.iter().any(|m| m.tracks.contains(&track))
    }

    /// Looks at or changes a member.
    pub(super) fn member<T>(&self, participant: &ParticipantId, with: impl FnOnce(&mut Member) -> T) -> Option<T> {
        self.inner.lock().members.iter_mut().find(|m| m.party.id == *participant).map(with)
    }

    /// Everybody known.
    pub(super) fn members(&self) -> Vec<Member> {
        self.inner.lock().members.clone()
    }

    /// The participant that a configured agent is in the session now.
    pub(super) fn participant_of(&self, agent: &str) -> Option<ParticipantId> {
        let inner = self.inner.lock();
        inner.members.iter().find(|m| m.present && m.party.agent.as_deref() == Some(agent)).map(|m| m.party.id.clone())
    }

    /// The session as others see it.
    pub(super) fn view(&self) -> SessionView {
        self.view_of(&self.inner.lock())
    }

    /// The session, and what one participant could command, as they are at one instant.
    pub(super) fn view_for(&self, by: &ParticipantId) -> (SessionView, Controls) {
        let inner = self.inner.lock();
        (self.view_of(&inner), inner.gatekeeper.controls(by))
    }

    fn view_of(&self, inner: &Inner) -> SessionView {
        let consents = self.consents.lock();
        let consent_of = |id: &ParticipantId| consents.records().iter().find(|r| r.participant == *id).cloned();
        let participant = |m: &Member| ParticipantView { party: m.party.clone(), present: m.present, consent: consent_of(&m.party.id) };
        SessionView {
            id: self.opened.session.clone(),
            project: self.opened.project.clone(),
            settings: self.opened.settings.clone(),
            external_id: self.opened.external_id.clone(),
            metadata: self.opened.metadata.clone(),
            started_at: self.opened.started_at,
            state: inner.gatekeeper.state(),
            state_since: self.opened.started_at.plus_ns(inner.state_since.as_ns()),
            revision: self.revision.load(Ordering::Acquire),
            participants: inner.members.iter().map(participant).collect(),
            outputs: inner.outputs.clone(),
            gates: inner.gatekeeper.gates().into_iter().map(|(output, participant, gate)| GateView { output, participant, gate }).collect(),
        }
    }
}
