//! RTP of SIP legs: a pair of sockets for each, read in a timed sweep by one thread.
//!
//! A recorder has no deadline, so nothing wakes for a packet: every 160 ms one thread reads what the sockets hold, and has it written
//! to the tapes at once. The kernel stamps each datagram when it comes in, so the sweep does not blur arrival times.

mod counters;
mod leg;
mod notice;
mod ports;
mod speaker;
mod sweep;

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

pub use counters::RtpCounters;
pub use notice::Notice;

use super::error::IngestError;
use super::tap::Tap;
use crate::model::switchboard::{RtpAnswer, RtpOffer};
use crate::tape::WriteBell;
use sweep::Sweep;

/// Where the sockets of SIP legs are.
#[derive(Clone, Debug)]
pub struct RtpIngestConfig {
    /// Address that they are bound to.
    pub bind_ip: IpAddr,
    /// Ports that they may take: RTP the even one, RTCP the odd one above it.
    pub ports: RangeInclusive<u16>,
    /// Address told to peers, where it is not the bound one (NAT).
    pub advertised_ip: Option<IpAddr>,
    /// Rung after each sweep, so that what was read is written at once.
    pub bell: Option<WriteBell>,
}

/// A stream to be received.
#[derive(Clone, Debug)]
pub struct RtpLegSpec {
    /// Its way onto the tape.
    pub tap: Tap,
    /// What the peer offered.
    pub offer: RtpOffer,
}

/// A stream being received. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LegId(pub(crate) u64);

/// Receives the RTP of all SIP legs of a node. Clones share it; the thread ends with the last clone.
#[derive(Clone, Debug)]
pub struct RtpIngest {
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    sweep: Arc<Sweep>,
    thread: Option<JoinHandle<()>>,
}

impl RtpIngest {
    /// Starts the sweeping thread.
    ///
    /// # Errors
    /// Where the range holds no pair of ports, or the thread or its epoll instances cannot be made.
    pub fn start(config: RtpIngestConfig) -> Result<Self, IngestError> {
        let sweep = Arc::new(Sweep::new(config)?);
        let mine = Arc::clone(&sweep);
        let thread = std::thread::Builder::new()
            .name("rtp-sweep".to_owned())
            .spawn(move || mine.run())
            .map_err(IngestError::io("starting the RTP thread"))?;
        Ok(Self { running: Arc::new(Running { sweep, thread: Some(thread) }) })
    }

    /// Opens a pair of ports for a stream and receives it from now on.
    ///
    /// # Errors
    /// Where no pair is free, or the system gives no sockets.
    pub fn add(&self, leg: RtpLegSpec) -> Result<(LegId, RtpAnswer), IngestError> {
        self.running.sweep.add(leg)
    }

    /// A re-offer: what the stream carries or where it comes from has changed. The ports stay; the source is learned anew.
    ///
    /// # Errors
    /// Where there is no such stream.
    pub fn change(&self, leg: LegId, offer: RtpOffer) -> Result<RtpAnswer, IngestError> {
        self.running.sweep.change(leg, offer)
    }

    /// Gives a stream a voice: while `recording` is raised its peer is played the notice, as long as its offer says that it hears us. Whether it can be:
    /// without G.711 it cannot. A stream that has a voice keeps it.
    ///
    /// # Errors
    /// Where there is no such stream.
    pub fn speak(&self, leg: LegId, notice: &Arc<Notice>, recording: &Arc<AtomicBool>) -> Result<bool, IngestError> {
        self.running.sweep.speak(leg, notice, recording)
    }

    /// Reads what has arrived, closes the ports, and says what came of the stream. `None` where it is gone already.
    pub fn remove(&self, leg: LegId) -> Option<RtpCounters> {
        self.running.sweep.remove(leg)
    }

    /// Reads now what has arrived of some streams: before a gate moves, so that what came until then is judged by what held until then.
    pub fn read_out(&self, legs: &[LegId]) {
        self.running.sweep.read_out(legs);
    }

    /// While muted (held, `inactive`) nothing of a stream is written, even if its peer goes on sending.
    ///
    /// # Errors
    /// Where there is no such stream.
    pub fn set_muted(&self, leg: LegId, muted: bool) -> Result<(), IngestError> {
        self.running.sweep.set_muted(leg, muted)
    }

    /// What came of a stream so far.
    #[must_use]
    pub fn counters(&self, leg: LegId) -> Option<RtpCounters> {
        self.running.sweep.counters(leg)
    }

    /// All streams' counters together, removed ones' too.
    #[must_use]
    pub fn totals(&self) -> RtpCounters {
        self.running.sweep.totals()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.sweep.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed by its hook; there is nobody left to be told.
            let _ = thread.join();
        }
    }
}
