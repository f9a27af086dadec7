//! What came of a stream's packets.

use std::ops::AddAssign;

/// Counts of one stream, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RtpCounters {
    /// RTP packets that arrived, whatever became of them.
    pub received: u64,
    /// Written.
    pub kept: u64,
    /// Refused because the permit was closed.
    pub gated: u64,
    /// Refused because they belong to a time when the permit was closed, though they arrived later.
    pub forbidden: u64,
    /// Refused because the stream was muted.
    pub muted: u64,
    /// Lost because the socket's buffer was full.
    pub dropped_by_kernel: u64,
    /// Lost because the tape was closed, erased, or its disk full.
    pub dropped_by_tape: u64,
    /// Datagrams that are neither RTP nor RTCP.
    pub malformed: u64,
    /// Refused because they came from elsewhere while the known source was sending.
    pub wrong_source: u64,
    /// How often another source address was accepted (NAT rebinding, re-routing).
    pub source_changes: u64,
    /// How often the SSRC changed.
    pub ssrc_changes: u64,
    /// Sender reports written.
    pub sender_reports: u64,
    /// Good-byes.
    pub byes: u64,
    /// Receiver reports sent.
    pub reports_sent: u64,
    /// Times that the handling of a stream failed in a way nobody foresaw: what was being handled is lost, the stream and all others go on.
    pub panics: u64,
    /// Packets of notices that told peers of the recording.
    pub notices_sent: u64,
}

impl AddAssign for RtpCounters {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.kept += other.kept;
        self.gated += other.gated;
        self.forbidden += other.forbidden;
        self.muted += other.muted;
        self.dropped_by_kernel += other.dropped_by_kernel;
        self.dropped_by_tape += other.dropped_by_tape;
        self.malformed += other.malformed;
        self.wrong_source += other.wrong_source;
        self.source_changes += other.source_changes;
        self.ssrc_changes += other.ssrc_changes;
        self.sender_reports += other.sender_reports;
        self.byes += other.byes;
        self.reports_sent += other.reports_sent;
        self.panics += other.panics;
        self.notices_sent += other.notices_sent;
    }
}
