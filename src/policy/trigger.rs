//! How main begins: by a trigger, by forcing, by hand (recording-policy.md §4, §9.15–19, 23).

use super::action::Action;
use super::commands::{pause_main, resume_main};
use super::instant::Instant;
use super::output::Output;
use super::rules::{enabled, forced};
use super::situation::{Main, Pause, Prompt, Situation};
use super::{presence, refusal};
use crate::model::id::OutputKey;
use crate::model::settings::Trigger;

/// Whether an output can be made of the session at all now.
fn can_begin(situation: &Situation) -> bool {
    !situation.ended && !situation.conference_stopped && enabled::why_not(&situation.settings).is_none()
}

/// Somebody has joined: the project's trigger.
pub(super) fn on_join(situation: &mut Situation, joined: usize, now: Instant, actions: &mut Vec<Action>) {
    let wanted_present = match situation.settings.trigger {
        Trigger::Manual => return,
        Trigger::Prompt => return offer_prompt(situation, joined, actions),
        Trigger::AutoFirst => 1,
        Trigger::AutoSecond => 2,
    };
    // Only where the session has had no main: nothing restarts by itself (§9.16).
    if situation.mains == 0 && situation.main.is_none() && presence::count(situation) >= wanted_present && can_begin(situation) {
        start_main(situation, now, actions);
    }
}

/// The first host to join who may start gets the prompt, and it passes to nobody else. Where nothing can begin any more the host is not
/// troubled with the question, but stays the one whom it was for, so that an answer is refused for the true reason.
fn offer_prompt(situation: &mut Situation, joined: usize, actions: &mut Vec<Action>) {
    if situation.prompt == Prompt::NotAsked && refusal::may_start(situation, &situation.parties[joined]) {
        situation.prompt = Prompt::Asked(joined);
        if can_begin(situation) {
            actions.push(Action::Prompt { participant: situation.parties[joined].id.clone() });
        }
    }
}

/// Somebody came or went: forcing may begin (answer, or a transfer to a forced agent) or cease.
pub(super) fn update_forcing(situation: &mut Situation, now: Instant, actions: &mut Vec<Action>) {
    let was = situation.forced;
    situation.forced = forced::in_force(situation);
    if was || !situation.forced || !can_begin(situation) {
        return;
    }
    match situation.main {
        None => start_main(situation, now, actions),
        Some(Main { pause: Some(Pause::FromTheStart), .. }) => resume_main(situation, now, actions),
        // A commanded pause stays: a card number may be being read (§9.23).
        Some(Main { pause: Some(Pause::Commanded) | None, .. }) => {}
    }
}

/// Starts the next main. Gates have no say in it (§9.15).
pub(super) fn start_main(situation: &mut Situation, now: Instant, actions: &mut Vec<Action>) {
    situation.mains += 1;
    let key = OutputKey::Main(situation.mains);
    actions.push(Action::OutputStarted { output: key.clone() });
    situation.main = Some(Main { output: situation.outputs.len(), pause: None });
    situation.outputs.push(Output::starting(key, now));
    if situation.settings.start_paused && !situation.forced {
        pause_main(situation, Pause::FromTheStart, now, actions);
    }
}
