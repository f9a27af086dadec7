//! Who may command what, and the first reason why not (recording-policy.md §9.7–13, 19, 25, 29, 31, 34).

use super::party::{Answer, Party};
use super::rules::{enabled, mode};
use super::situation::{Prompt, Situation};
use crate::model::command::{Command, Reason, Verb};
use crate::model::settings::Kind;

/// A command that is asked for, by somebody who is in.
#[derive(Clone, Copy)]
struct Asked<'a> {
    situation: &'a Situation,
    by: usize,
    party: &'a Party,
    verb: Verb,
    order: Option<&'a str>,
}

/// Whether a reason applies.
type Applies = fn(Asked<'_>) -> bool;

/// The number of the one who speaks, or the first reason in the order of §9.9 for which the command changes nothing.
pub(super) fn check(situation: &Situation, command: &Command) -> Result<usize, Reason> {
    if situation.ended {
        return Err(Reason::Ended);
    }
    let by = situation.number_of(&command.by).filter(|by| situation.parties[*by].is_present()).ok_or(Reason::NoSuchParticipant)?;
    let asked = Asked { situation, by, party: &situation.parties[by], verb: command.verb, order: command.order.as_deref() };
    if let Some(reason) = records_nothing(asked) {
        return Err(reason);
    }
    let reasons: [(Applies, Reason); 8] = [
        (mode_lacks_it, Reason::ModeForbids),
        (forcing_forbids, Reason::Forced),
        (is_for_hosts, Reason::NotHost),
        (is_not_permitted, Reason::NotPermitted),
        (needs_a_main, Reason::NotRecording),
        (is_so_already, Reason::Already),
        (conference_forbids, Reason::ConferenceStopped),
        (lacks_the_receipt, Reason::NoSuchReceipt),
    ];
    match reasons.iter().find(|(applies, _)| applies(asked)) {
        Some((_, reason)) => Err(*reason),
        None => Ok(by),
    }
}

fn is_about_consent(verb: Verb) -> bool {
    match verb {
        Verb::ConsentGrant | Verb::ConsentDecline | Verb::ConsentWithdraw => true,
        Verb::Start
        | Verb::Stop
        | Verb::Pause
        | Verb::Resume
        | Verb::CustomerOn
        | Verb::CustomerOff
        | Verb::CensorOn
        | Verb::CensorOff
        | Verb::ReceiptStart
        | Verb::ReceiptStop
        | Verb::PromptAccept
        | Verb::PromptDecline => false,
    }
}

/// `recording_disabled`, or `mode_forbids` of mode `none`: everything but consent.
fn records_nothing(asked: Asked<'_>) -> Option<Reason> {
    if is_about_consent(asked.verb) { None } else { enabled::why_not(&asked.situation.settings) }
}

fn mode_lacks_it(asked: Asked<'_>) -> bool {
    matches!(asked.verb, Verb::CustomerOn | Verb::CustomerOff) && !mode::has_customer_switch(asked.situation.settings.record_mode)
}

fn forcing_forbids(asked: Asked<'_>) -> bool {
    asked.situation.forced && matches!(asked.verb, Verb::Stop | Verb::Pause | Verb::CustomerOn | Verb::CustomerOff)
}

fn is_for_hosts(asked: Asked<'_>) -> bool {
    !is_about_consent(asked.verb) && !asked.party.is_agent()
}

/// Whether somebody may `start` by hand: any host of a room, in a call an agent who has the property (§4).
pub(super) fn may_start(situation: &Situation, party: &Party) -> bool {
    party.is_agent()
        && match situation.settings.kind {
            Kind::Room => true,
            Kind::Call => party.properties.manual_recording_allowed,
        }
}

fn is_not_permitted(asked: Asked<'_>) -> bool {
    match asked.verb {
        Verb::Start => !may_start(asked.situation, asked.party),
        Verb::CensorOn | Verb::CensorOff => !asked.party.properties.censor_allowed,
        Verb::PromptAccept | Verb::PromptDecline => match asked.situation.prompt {
            Prompt::NotAsked => true,
            Prompt::Asked(whom) | Prompt::Answered(whom) => whom != asked.by,
        },
        Verb::ConsentGrant => asked.party.answer == Answer::Declined,
        Verb::Stop
        | Verb::Pause
        | Verb::Resume
        | Verb::CustomerOn
        | Verb::CustomerOff
        | Verb::ReceiptStart
        | Verb::ReceiptStop
        | Verb::ConsentDecline
        | Verb::ConsentWithdraw => false,
    }
}

fn needs_a_main(asked: Asked<'_>) -> bool {
    matches!(asked.verb, Verb::Stop | Verb::Pause | Verb::Resume) && asked.situation.main.is_none()
}

fn is_so_already(asked: Asked<'_>) -> bool {
    let situation = asked.situation;
    let answered = matches!(situation.prompt, Prompt::Answered(_));
    match asked.verb {
        Verb::Start => situation.main.is_some(),
        Verb::Stop | Verb::ReceiptStop => false,
        Verb::Pause => situation.is_paused(),
        Verb::Resume => !situation.is_paused(),
        Verb::CustomerOn => situation.customer_on,
        Verb::CustomerOff => !situation.customer_on,
        Verb::CensorOn => situation.censor_on,
        Verb::CensorOff => !situation.censor_on,
        Verb::ReceiptStart => situation.receipt.is_some(),
        Verb::PromptAccept => answered || situation.main.is_some(),
        Verb::PromptDecline => answered,
        Verb::ConsentGrant => asked.party.answer == Answer::Granted,
        Verb::ConsentDecline => asked.party.answer == Answer::Declined,
        Verb::ConsentWithdraw => matches!(asked.party.answer, Answer::Withdrawn | Answer::Declined),
    }
}

fn conference_forbids(asked: Asked<'_>) -> bool {
    asked.situation.conference_stopped && matches!(asked.verb, Verb::Start | Verb::PromptAccept | Verb::ReceiptStart)
}

fn lacks_the_receipt(asked: Asked<'_>) -> bool {
    asked.verb == Verb::ReceiptStop
        && match (super::receipts::running_order(asked.situation), asked.order) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(running), Some(named)) => running != named,
        }
}
