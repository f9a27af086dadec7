//! The permit: the only key to the tape.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::time::MediaTime;

const CLOSED: u64 = u64::MAX;
const NO_END: u64 = u64::MAX;

/// Leave to write one participant's media now. Only the policy makes and moves it; whoever writes to a tape must show it.
///
/// There is no way to make one outside `policy`, nor to open one that was given:
///
/// ```compile_fail,E0451
/// let forged = ferric::policy::Permit { open_from_ns: Default::default(), until_ns: Default::default() };
/// ```
/// ```compile_fail,E0624
/// let forged = ferric::policy::Permit::closed();
/// ```
/// ```compile_fail,E0624
/// fn force(permit: &ferric::policy::Permit) {
///     permit.open_from(ferric::model::time::MediaTime::ZERO);
/// }
/// ```
///
/// And no media gets onto a tape without one:
///
/// ```compile_fail,E0061
/// use ferric::{model::time::MediaTime, tape::{TrackWriter, Written}};
///
/// fn write(track: &TrackWriter, arrival: MediaTime, packet: &[u8]) -> Written {
///     track.rtp(arrival, packet)
/// }
/// ```
/// ```
/// use ferric::{model::time::MediaTime, policy::Permit, tape::{TrackWriter, Written}};
///
/// fn write(track: &TrackWriter, permit: &Permit, arrival: MediaTime, packet: &[u8]) -> Written {
///     track.rtp(permit, arrival, packet)
/// }
/// ```
///
/// Who has a gatekeeper gets permits from it:
///
/// ```
/// use ferric::model::{command::{Command, Verb}, id::ParticipantId, role::Role, time::MediaTime};
/// use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
/// use ferric::policy::{Gatekeeper, Input};
///
/// let agent: ParticipantId = "agent-1".parse()?;
/// let mut keeper = Gatekeeper::new(Settings::resolve(Kind::Call, &[], QueueProperties::default()));
/// let join = Input::Join { participant: agent.clone(), role: Role::Agent, initiator: false, properties: AgentProperties::default() };
/// keeper.apply(MediaTime::ZERO, join).1?;
/// let permit = keeper.permit(&agent).ok_or("nobody of that id")?;
/// assert!(permit.admits(MediaTime::from_ms(20)));
/// keeper.apply(MediaTime::from_ms(30), Input::Command(Command { by: agent, verb: Verb::Pause, order: None })).1?;
/// assert!(!permit.admits(MediaTime::from_ms(40)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Permit {
    open_from_ns: Arc<AtomicU64>,
    /// What arrives then or later is not admitted, though nobody has closed it yet.
    until_ns: Arc<AtomicU64>,
}

impl Permit {
    pub(super) fn closed() -> Self {
        Self { open_from_ns: Arc::new(AtomicU64::new(CLOSED)), until_ns: Arc::new(AtomicU64::new(NO_END)) }
    }

    pub(super) fn open_from(&self, from: MediaTime) {
        self.open_from_ns.store(from.as_ns(), Ordering::Release);
    }

    /// Sets when it will close by itself: a clock that is late lets nothing in.
    pub(super) fn open_until(&self, until: Option<MediaTime>) {
        self.until_ns.store(until.map_or(NO_END, MediaTime::as_ns), Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.open_from_ns.store(CLOSED, Ordering::Release);
    }

    /// Whether media that arrived at this instant may be written: the gate is open now and was so when it arrived.
    #[must_use]
    pub fn admits(&self, arrival: MediaTime) -> bool {
        arrival.as_ns() >= self.open_from_ns.load(Ordering::Acquire) && arrival.as_ns() < self.until_ns.load(Ordering::Acquire)
    }

    /// Whether anything may be written now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_from_ns.load(Ordering::Acquire) != CLOSED
    }
}
