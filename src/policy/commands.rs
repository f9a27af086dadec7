//! What an accepted command does.

use super::action::Action;
use super::instant::Instant;
use super::party::Answer;
use super::situation::{Pause, Prompt, Situation};
use super::{ending, receipts, trigger};
use crate::model::command::{Command, Verb};
use crate::model::gate::EndedBy;

/// Carries out what `refusal::check` let pass.
pub(super) fn carry_out(situation: &mut Situation, now: Instant, by: usize, command: Command, actions: &mut Vec<Action>) {
    match command.verb {
        Verb::Start => trigger::start_main(situation, now, actions),
        Verb::Stop => ending::end_main(situation, EndedBy::Stop, now, actions),
        Verb::Pause => pause_main(situation, Pause::Commanded, now, actions),
        Verb::Resume => resume_main(situation, now, actions),
        Verb::CustomerOn => situation.customer_on = true,
        Verb::CustomerOff => situation.customer_on = false,
        Verb::CensorOn => situation.censor_on = true,
        Verb::CensorOff => situation.censor_on = false,
        Verb::ReceiptStart => receipts::start(situation, command.order.unwrap_or_default(), now, actions),
        Verb::ReceiptStop => ending::end_receipt(situation, EndedBy::ReceiptStop, now, actions),
        Verb::PromptAccept => {
            situation.prompt = Prompt::Answered(by);
            trigger::start_main(situation, now, actions);
        }
        Verb::PromptDecline => situation.prompt = Prompt::Answered(by),
        Verb::ConsentGrant => situation.parties[by].answer = Answer::Granted,
        Verb::ConsentDecline => situation.parties[by].answer = Answer::Declined,
        Verb::ConsentWithdraw => situation.parties[by].answer = Answer::Withdrawn,
    }
}

pub(super) fn pause_main(situation: &mut Situation, why: Pause, now: Instant, actions: &mut Vec<Action>) {
    let cuts = super::rules::pause::cuts(situation.settings.pause_behavior);
    let Some(main) = &mut situation.main else { return };
    main.pause = Some(why);
    if cuts {
        let output = &mut situation.outputs[main.output];
        output.cut(now);
        actions.push(Action::TimelineCut { output: output.key.clone() });
    }
}

pub(super) fn resume_main(situation: &mut Situation, now: Instant, actions: &mut Vec<Action>) {
    let cuts = super::rules::pause::cuts(situation.settings.pause_behavior);
    let Some(main) = &mut situation.main else { return };
    main.pause = None;
    if cuts {
        let output = &mut situation.outputs[main.output];
        output.go_on(now);
        actions.push(Action::TimelineResumed { output: output.key.clone() });
    }
}
