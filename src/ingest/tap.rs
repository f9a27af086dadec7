//! Where ingest puts packets.

use std::sync::Arc;
use std::time::Instant;

use crate::model::id::{ParticipantId, TrackId};
use crate::model::media::TrackSpec;
use crate::model::switchboard::PeerId;
use crate::model::time::MediaTime;
use crate::policy::Permit;
use crate::tape::TrackWriter;

/// A session's clock: its instant zero.
#[derive(Clone, Copy, Debug)]
pub struct MediaClock {
    zero: Instant,
}

impl MediaClock {
    /// A session that begins at `zero`.
    #[must_use]
    pub const fn starting(zero: Instant) -> Self {
        Self { zero }
    }

    /// Session time of an instant.
    #[must_use]
    pub fn at(&self, instant: Instant) -> MediaTime {
        MediaTime(u64::try_from(instant.saturating_duration_since(self.zero).as_nanos()).unwrap_or(u64::MAX))
    }

    /// Session time now.
    #[must_use]
    pub fn now(&self) -> MediaTime {
        self.at(Instant::now())
    }
}

/// A track's way onto the tape: its writer, and the permit of its participant.
#[derive(Clone, Debug)]
pub struct Tap {
    /// The track.
    pub track: TrackId,
    /// Whether anything may be written now.
    pub permit: Permit,
    /// Writes it.
    pub writer: TrackWriter,
    /// The session's clock.
    pub clock: MediaClock,
}

/// Makes a tap when a remote track of a peer connection turns up. Given to ingest by the session; may block on a file for a moment.
pub trait TapFactory: Send + Sync + 'static {
    /// Opens a track on the tape (its `Track` event is written by this call).
    ///
    /// # Errors
    /// Says why the track cannot be recorded (session over, disk).
    fn open(&self, spec: TrackSpec) -> Result<Tap, String>;
    /// A peer connection is gone (ICE or DTLS failed, closed by the peer); `participant` has left unless they have another or come back.
    fn lost(&self, participant: &ParticipantId, peer: &PeerId);
    /// Packets that ingest itself had to drop.
    fn dropped(&self, track: TrackId, packets: u64);
}

/// Shared factories.
pub type SharedTapFactory = Arc<dyn TapFactory>;
