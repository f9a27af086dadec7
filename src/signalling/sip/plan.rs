//! From what a call is to what it shall be: the steps between, in an order that never leaves a session without anybody. Pure.

use litemap::LiteMap;

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
    /// The peer offered to talk both ways, and did not agree to sending alone since: only then does sending alone mean a hold.
    pub(super) two_way: bool,
    /// It was told that other voices are in it too.
    pub(super) is_shared: bool,
}

/// What a call is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CallState {
    pub(super) parties: LiteMap<PartyKey, PartyIn>,
    pub(super) lines: LiteMap<usize, OpenLine>,
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

fn on_hold(offer: &StreamOffer, wish: &Wish<'_>, two_way: bool) -> bool {
    match offer.direction {
        Direction::Inactive | Direction::RecvOnly => true,
        Direction::SendOnly => wish.sendonly_is_hold && two_way,
        Direction::SendRecv => false,
    }
}

fn same_source(a: &StreamOffer, b: &StreamOffer) -> bool {
    a.formats == b.formats && a.remote_rtp == b.remote_rtp && a.remote_rtcp == b.remote_rtcp && a.rtcp_mux == b.rtcp_mux
}

/// The peer listens, or has ceased to: what is said to it begins or ends.
fn same_ear(a: &StreamOffer, b: &StreamOffer) -> bool {
    a.direction.receives() == b.direction.receives()
}

impl Step {
    /// It lets nothing in: somebody's media end, or are on hold.
    pub(super) fn is_an_end(&self) -> bool {
        matches!(self, Self::Mute { muted: true, .. } | Self::Withdraw { .. } | Self::Leave(_))
    }
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
                if on_hold(offer, wish, false) {
                    plan.push(Step::Mute { line, muted: true });
                }
            }
            (Some(open), Some(offer), Some(owner)) if open.owner == owner => {
                if !same_source(&open.offer, offer) || !same_ear(&open.offer, offer) {
                    plan.push(Step::Change { line });
                }
                let muted = on_hold(offer, wish, open.two_way);
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
                    if on_hold(offer, wish, false) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::media::MediaKind;
    use proptest::prelude::*;

    fn stream(direction: Direction, port: u16) -> StreamOffer {
        StreamOffer {
            kind: MediaKind::Audio,
            formats: Vec::new(),
            direction,
            label: None,
            remote_rtp: Some(([127, 0, 0, 1], port).into()),
            remote_rtcp: None,
            rtcp_mux: false,
        }
    }

    /// A world that takes steps, and knows which tracks are alive: a track dies with its owner's going.
    #[derive(Default)]
    struct World {
        state: CallState,
        next_track: u16,
        least_present: usize,
    }

    impl World {
        fn take(&mut self, plan: Vec<Step>, wish: &Wish<'_>) {
            self.least_present = usize::MAX;
            for step in plan {
                match step {
                    Step::Join(party) => {
                        let entry = PartyIn { participant: ParticipantId::random(), role: party.role };
                        assert!(self.state.parties.insert(party.key, entry).is_none(), "came in twice");
                    }
                    Step::Open { line, owner } => {
                        assert!(self.state.parties.contains_key(&owner), "a stream for nobody");
                        let track = TrackId(self.next_track);
                        self.next_track += 1;
                        let address = ([127, 0, 0, 1], 1).into();
                        let answer = RtpAnswer { track, rtp: address, rtcp: address, speaks: false };
                        let offer = wish.streams[line].clone().expect("only what is offered is opened");
                        self.state.lines.insert(
                            line,
                            OpenLine {
                                owner,
                                track,
                                answer,
                                two_way: offer.direction == Direction::SendRecv,
                                offer,
                                muted: false,
                                is_shared: false,
                            },
                        );
                    }
                    Step::Change { line } => {
                        let open = self.state.lines.get_mut(&line).expect("only what is open changes");
                        open.offer = wish.streams[line].clone().expect("to something offered");
                    }
                    Step::Mute { line, muted } => {
                        let open = self.state.lines.get_mut(&line).expect("only what is open is muted");
                        assert_ne!(open.muted, muted, "it is so already");
                        open.muted = muted;
                    }
                    Step::Withdraw { line, owner } => {
                        assert_eq!(self.state.lines.remove(&line).map(|l| l.owner), Some(owner));
                    }
                    Step::Leave(key) => {
                        self.state.lines.retain(|_, open| open.owner != key);
                        assert!(self.state.parties.remove(&key).is_some(), "left without having been in");
                    }
                }
                self.least_present = self.least_present.min(self.state.parties.len());
            }
        }
    }

    type Round = (Vec<(Option<(u8, u16)>, usize)>, Vec<bool>, bool);

    fn rounds() -> impl Strategy<Value = Vec<Round>> {
        let line = (proptest::option::of((0u8..4, 1u16..3)), 0usize..4);
        let round = (proptest::collection::vec(line, 0..4), proptest::collection::vec(any::<bool>(), 4), any::<bool>());
        proptest::collection::vec(round, 1..6)
    }

    proptest! {
        /// After any sequence of wishes whoever is wanted is in, nobody else is, and no line is received for anybody but its owner.
        #[test]
        fn steps_lead_to_what_is_wished(rounds in rounds(), sendonly_is_hold in any::<bool>()) {
            let mut world = World::default();
            for (lines, present, can_answer) in rounds {
                let directions = [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
                let streams: Vec<Option<StreamOffer>> =
                    lines.iter().map(|(s, _)| s.map(|(d, port)| stream(directions[usize::from(d)], port))).collect();
                let parties: Vec<WantedParty> = (0..4)
                    .filter(|p| present[*p])
                    .map(|p| WantedParty {
                        key: PartyKey::of_line(p),
                        role: Role::Customer,
                        initiator: false,
                        name: None,
                        address: None,
                        agent: None,
                        lines: lines.iter().enumerate().filter(|(_, (_, owner))| *owner == p).map(|(i, _)| i).collect(),
                    })
                    .collect();
                let before = world.state.parties.len();
                let wish = Wish { streams: &streams, parties: &parties, sendonly_is_hold, can_answer };
                let plan = steps(&world.state, &wish);
                world.take(plan, &wish);
                let inside: Vec<&PartyKey> = world.state.parties.keys().collect();
                let mut wanted: Vec<&PartyKey> = parties.iter().map(|p| &p.key).collect();
                wanted.sort();
                prop_assert_eq!(inside, wanted);
                for (line, open) in &world.state.lines {
                    if let Some(Some(offer)) = streams.get(*line) {
                        let owner = parties.iter().find(|p| p.lines.contains(line)).map(|p| &p.key);
                        prop_assert_eq!(owner, Some(&open.owner), "line {} is received for somebody else", line);
                        prop_assert!(same_source(&open.offer, offer));
                        prop_assert_eq!(open.muted, on_hold(offer, &wish, open.two_way));
                    }
                }
                if can_answer {
                    for (line, offer) in streams.iter().enumerate() {
                        let owned = parties.iter().any(|p| p.lines.contains(&line));
                        prop_assert!(offer.is_none() || !owned || world.state.lines.contains_key(&line), "line {} is lost", line);
                    }
                }
                if before > 0 && !parties.is_empty() && world.least_present != usize::MAX {
                    prop_assert!(world.least_present > 0, "nobody was in between one party and the next");
                }
            }
        }
    }
}
