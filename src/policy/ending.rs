//! How outputs end (recording-policy.md §4, §9.6, 20, 21, 31, 32).

use super::action::Action;
use super::instant::Instant;
use super::rules::conference;
use super::situation::Situation;
use super::{discard, receipts};
use crate::model::gate::{DiscardReason, EndedBy};
use crate::model::role::Role;

pub(super) fn end_main(situation: &mut Situation, by: EndedBy, now: Instant, actions: &mut Vec<Action>) {
    if let Some(main) = situation.main.take() {
        end_output(situation, main.output, by, now, actions);
    }
}

/// Ends the running receipt: it is complete, and may now replace others of its order.
pub(super) fn end_receipt(situation: &mut Situation, by: EndedBy, now: Instant, actions: &mut Vec<Action>) {
    if let Some(place) = situation.receipt.take() {
        end_output(situation, place, by, now, actions);
        receipts::replace_earlier(situation, place, actions);
    }
}

pub(super) fn end_all(situation: &mut Situation, by: EndedBy, now: Instant, actions: &mut Vec<Action>) {
    end_main(situation, by, now, actions);
    end_receipt(situation, by, now, actions);
}

fn end_output(situation: &mut Situation, place: usize, by: EndedBy, now: Instant, actions: &mut Vec<Action>) {
    let output = &mut situation.outputs[place];
    output.end(by, now);
    actions.push(Action::OutputEnded { output: output.key.clone(), ended_by: by });
}

/// A third party has joined: under the two modes that do not record conferences all recording is over for good.
pub(super) fn on_join(situation: &mut Situation, joined: usize, now: Instant, actions: &mut Vec<Action>) {
    let mode = situation.settings.conference_mode;
    if situation.conference_stopped || situation.parties[joined].role != Role::ThirdParty || !conference::ends_recording(mode) {
        return;
    }
    situation.conference_stopped = true;
    if conference::discards(mode) {
        let interrupted = situation.receipt.take();
        end_main(situation, EndedBy::ThirdParty, now, actions);
        if let Some(place) = interrupted {
            // Not complete: it replaces nothing and is taken back like the mains.
            end_output(situation, place, EndedBy::ThirdParty, now, actions);
        }
        for place in 0..situation.outputs.len() {
            if situation.outputs[place].is_main() || Some(place) == interrupted {
                discard::discard(situation, place, DiscardReason::ConferenceNone, actions);
            }
        }
    } else {
        end_all(situation, EndedBy::ThirdParty, now, actions);
    }
}

/// Somebody has left: the last agent, or the last of all.
pub(super) fn on_leave(situation: &mut Situation, left: usize, now: Instant, actions: &mut Vec<Action>) {
    let last_agent_left = situation.parties[left].is_agent() && situation.agents_present().next().is_none();
    if last_agent_left && situation.settings.stop_when_host_leaves {
        end_all(situation, EndedBy::HostLeft, now, actions);
    }
    if situation.present().next().is_none() {
        end_all(situation, EndedBy::LastLeft, now, actions);
    }
}
