//! Who is in: joins and leaves, and what they set off in which order (recording-policy.md §9.3).

use super::action::Action;
use super::instant::Instant;
use super::party::{Answer, Party};
use super::rules::{consent, enabled};
use super::situation::Situation;
use super::{ending, trigger};
use crate::model::command::Reason;
use crate::model::id::ParticipantId;
use crate::model::role::Role;
use crate::model::settings::AgentProperties;

/// Somebody who comes in.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) participant: ParticipantId,
    pub(super) role: Role,
    pub(super) initiator: bool,
    pub(super) properties: AgentProperties,
}

pub(super) fn count(situation: &Situation) -> usize {
    situation.present().count()
}

/// Presence, conference rule, trigger, forcing.
pub(super) fn join(situation: &mut Situation, now: Instant, arrival: Arrival, actions: &mut Vec<Action>) -> Result<usize, Reason> {
    let joined = come_in(situation, arrival)?;
    let party = &situation.parties[joined];
    if party.answer == Answer::NotYet && consent::is_required(situation) && enabled::why_not(&situation.settings).is_none() {
        actions.push(Action::AskConsent { participant: party.id.clone() });
    }
    ending::on_join(situation, joined, now, actions);
    trigger::on_join(situation, joined, now, actions);
    trigger::update_forcing(situation, now, actions);
    Ok(joined)
}

fn come_in(situation: &mut Situation, arrival: Arrival) -> Result<usize, Reason> {
    let known = situation.number_of(&arrival.participant);
    if let Some(number) = known {
        let party = &situation.parties[number];
        if party.is_present() {
            return Err(Reason::Already);
        }
        if party.role != arrival.role {
            return Err(Reason::NotPermitted);
        }
    }
    let properties = if arrival.role == Role::Agent { arrival.properties } else { AgentProperties::default() };
    situation.joins += 1;
    let stay = Some(situation.joins);
    let number = if let Some(number) = known {
        let party = &mut situation.parties[number];
        party.stay = stay;
        party.properties = properties;
        number
    } else {
        situation.parties.push(Party { id: arrival.participant, role: arrival.role, properties, answer: Answer::NotYet, stay });
        situation.parties.len() - 1
    };
    if arrival.initiator && arrival.role == Role::Agent && situation.initiator.is_none() {
        situation.initiator = Some(number);
    }
    Ok(number)
}

/// Presence, the last agent's leaving, the last participant's leaving, forcing.
pub(super) fn leave(situation: &mut Situation, now: Instant, participant: &ParticipantId, actions: &mut Vec<Action>) -> Result<(), Reason> {
    let left =
        situation.number_of(participant).filter(|number| situation.parties[*number].is_present()).ok_or(Reason::NoSuchParticipant)?;
    situation.parties[left].stay = None;
    ending::on_leave(situation, left, now, actions);
    trigger::update_forcing(situation, now, actions);
    Ok(())
}
