//! Offers of ours and the peer's answers to them: an INVITE without an offer is answered with one, and its answer comes in the ACK (RFC 3261 §13.2.1).

use rsipstack::sip::Request;

use crate::model::event::GapCause;
use crate::signalling::sdp::{self, Direction};
use crate::signalling::sip::reply::Reply;

use super::Call;

impl Call<'_> {
    /// Answers a re-INVITE without an offer: what we would offer were the call to begin now (RFC 3261 §14.2), so that a hold may end by it.
    pub(super) fn offer_ours(&mut self, request: &Request) -> Reply {
        for (line, stream) in self.streams.iter_mut().enumerate() {
            if let (Some(stream), Some(open)) = (stream, self.state.lines.get(&line)) {
                stream.direction = if open.two_way { Direction::SendRecv } else { Direction::SendOnly };
            }
        }
        self.awaits_answer = true;
        self.describe();
        self.accept_with_sdp(request)
    }

    /// The ACK of a 2xx came.
    pub(super) async fn acknowledged(&mut self, body: &[u8]) {
        self.unacknowledged = false;
        if std::mem::take(&mut self.awaits_answer) {
            self.take_answer(body, true).await;
        }
    }

    /// What the peer answers to an offer of ours: where it sends from, and, where that was open, whether it sends.
    pub(super) async fn take_answer(&mut self, body: &[u8], says_hold: bool) {
        let Ok(said) = sdp::parse(body) else { return };
        let switchboard = self.shared.switchboard.clone();
        for (line, media) in said.media.iter().enumerate() {
            let stream = sdp::read_stream(&said, media).ok();
            let direction = stream.as_ref().map_or(Direction::Inactive, |s| s.direction);
            let Some(open) = self.state.lines.get_mut(&line) else { continue };
            // We offered to receive alone: that the peer sends alone from now on is no hold.
            open.two_way = direction == Direction::SendRecv || (open.two_way && direction != Direction::SendOnly);
            let (track, muted) = (open.track, open.muted);
            let mut wanted = open.offer.clone();
            if let Some(stream) = &stream {
                (wanted.remote_rtp, wanted.remote_rtcp) = (stream.remote_rtp, stream.remote_rtcp);
            }
            if says_hold {
                wanted.direction = direction;
                if let Some(Some(standing)) = self.streams.get_mut(line) {
                    standing.direction = direction;
                }
            }
            if wanted != open.offer {
                let changed = switchboard.change_rtp(&self.session, track, self.rtp_offer(&wanted)).await;
                if let (Ok(answer), Some(open)) = (changed, self.state.lines.get_mut(&line)) {
                    (open.answer, open.offer) = (answer, wanted);
                }
            }
            if says_hold
                && muted == direction.sends()
                && switchboard.mute(&self.session, track, !muted, GapCause::Hold).await.is_ok()
                && let Some(open) = self.state.lines.get_mut(&line)
            {
                open.muted = !muted;
            }
        }
        self.follow_preferences(&said).await;
    }
}
