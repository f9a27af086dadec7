//! From what a call is to what it shall be: the steps between, in an order that never leaves a session without anybody. Pure.

use std::collections::BTreeMap;

use crate::model::id::{ParticipantId, TrackId};
use crate::model::role::Role;
use crate::model::switchboard::RtpAnswer;
use crate::signalling::sdp::{Direction, StreamOffer};
use crate::signalling::siprec::{PartyKey, WantedParty};

/// A party that is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartyIn {
    pub(super) participant: ParticipantId,
    pub(super) role: Role,
}

/// An m-line that is being received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenLine {
    pub(super) owner: PartyKey,
    pub(super) track: TrackId,
    pub(super) answer: RtpAnswer,
    pub(super) offer: StreamOffer,
    pub(super) muted: bool,
}

/// What a call is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CallState {
    pub(super) parties: BTreeMap<PartyKey, PartyIn>,
    pub(super) lines: BTreeMap<usize, OpenLine>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Somebody comes in.
    Join(WantedParty),
    /// A stream is opened for a party; a stream that the line had before is another party's and is left behind.
    Open { line: usize, owner: PartyKey },
    /// The same stream with other codecs or from elsewhere.
    Change { line: usize },
    /// A hold begins or ends.
    Mute { line: usize, muted: bool },
    /// A line is received no more though its owner stays: the owner goes out and comes in again under the same id, without it.
    Withdraw { line: usize, owner: PartyKey },
    /// Somebody is gone, with all streams.
    Leave(PartyKey),
}

/// What is asked of the call.
pub(super) struct Wish<'a> {
    /// The m-lines as offered now; `None` where the line is not taken.
    pub(super) streams: &'a [Option<StreamOffer>],
    /// Whoever shall be in, with their lines.
    pub(super) parties: &'a [WantedParty],
    /// A plain call is on hold when its peer only sends (music); a recording session sends only, always.
    pub(super) sendonly_is_hold: bool,
    /// Whether new ports can be told (there is an offer to answer).
    pub(super) can_answer: bool,
}

fn on_hold(offer: &StreamOffer, wish: &Wish<'_>) -> bool {
    match offer.direction {
        Direction::Inactive | Direction::RecvOnly => true,
        Direction::SendOnly => wish.sendonly_is_hold,
        Direction::SendRecv => false,
    }
}

fn same_source(a: &StreamOffer, b: &StreamOffer) -> bool {
    a.formats == b.formats && a.remote_rtp == b.remote_rtp && a.remote_rtcp == b.remote_rtcp && a.rtcp_mux == b.rtcp_mux
}

/// The steps from `state` to `wish`.
pub(super) fn steps(state: &CallState, wish: &Wish<'_>) -> Vec<Step> {
    let mut plan = Vec::new();
    let wanted = |key: &PartyKey| wish.parties.iter().any(|p| p.key == *key);
    plan.extend(wish.parties.iter().filter(|p| !state.parties.contains_key(&p.key)).cloned().map(Step::Join));
    let owner_of = |line: usize| wish.parties.iter().find(|p| p.lines.contains(&line)).map(|p| p.key.clone());
    for (line, offer) in wish.streams.iter().enumerate() {
        let (open, owner) = (state.lines.get(&line), owner_of(line));
        match (open, offer, owner) {
            (None, Some(offer), Some(owner)) if wish.can_answer => {
                plan.push(Step::Open { line, owner });
                if on_hold(offer, wish) {
                    plan.push(Step::Mute { line, muted: true });
                }
            }
            (Some(open), Some(offer), Some(owner)) if open.owner == owner => {
                if !same_source(&open.offer, offer) {
                    plan.push(Step::Change { line });
                }
                let muted = on_hold(offer, wish);
                if muted != open.muted {
                    plan.push(Step::Mute { line, muted });
                }
            }
            // The line is somebody else's now: media that still comes to the old port is the old owner's no more.
            (Some(open), Some(offer), Some(owner)) => {
                if wanted(&open.owner) {
                    plan.push(Step::Withdraw { line, owner: open.owner.clone() });
                }
                if wish.can_answer {
                    plan.push(Step::Open { line, owner });
                    if on_hold(offer, wish) {
                        plan.push(Step::Mute { line, muted: true });
                    }
                }
            }
            (Some(open), Some(_), None) if wanted(&open.owner) => plan.push(Step::Withdraw { line, owner: open.owner.clone() }),
            (Some(open), None, _) if wanted(&open.owner) && !open.muted => plan.push(Step::Mute { line, muted: true }),
            _ => {}
        }
    }
    plan.extend(state.parties.keys().filter(|key| !wanted(key)).cloned().map(Step::Leave));
    plan
}
