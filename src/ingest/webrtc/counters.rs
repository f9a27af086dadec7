//! What came of a peer's packets.

use std::ops::AddAssign;

/// Counts of one peer connection, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerCounters {
    /// RTP packets after decryption and RTX, whatever became of them.
    pub received: u64,
    /// Seen before: probes and needless retransmissions; not written.
    pub duplicates: u64,
    /// Written.
    pub kept: u64,
    /// Refused because the permit was closed.
    pub gated: u64,
    /// Refused because they belong to a time when the permit was closed, though they arrived later.
    pub forbidden: u64,
    /// Lost because the tape was closed, erased, or its disk full.
    pub dropped_by_tape: u64,
    /// RTP that could not be written out again.
    pub malformed: u64,
    /// Of pictures: came late or after being asked for.
    pub mended: u64,
    /// Of pictures: given up.
    pub lost: u64,
    /// Packets asked for again (one asked for twice counts twice).
    pub nacks: u64,
    /// Keyframe requests sent.
    pub plis: u64,
    /// Keyframes that began on the tape.
    pub keyframes: u64,
    /// Sender reports written.
    pub sender_reports: u64,
}

impl AddAssign for PeerCounters {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.duplicates += other.duplicates;
        self.kept += other.kept;
        self.gated += other.gated;
        self.forbidden += other.forbidden;
        self.dropped_by_tape += other.dropped_by_tape;
        self.malformed += other.malformed;
        self.mended += other.mended;
        self.lost += other.lost;
        self.nacks += other.nacks;
        self.plis += other.plis;
        self.keyframes += other.keyframes;
        self.sender_reports += other.sender_reports;
    }
}
