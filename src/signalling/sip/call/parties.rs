//! Who is in the call: what is offered and what the metadata says, together.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::role::Role;
use crate::model::switchboard::Refusal;
use crate::signalling::sdp::StreamOffer;
use crate::signalling::sip::intake::{CALLER, Offered};
use crate::signalling::siprec::{Conversation, LineView, Mixture, PartyKey, WantedParty, addresses_to_look_up, assign};

use super::Call;

/// A mixed line is kept as the line of its most restricted party: a third party where there is one, else the customer.
pub(super) fn with_mixtures(mut parties: Vec<WantedParty>, mixtures: &[Mixture]) -> Vec<WantedParty> {
    for mixture in mixtures {
        let strictest = parties.iter_mut().filter(|p| mixture.parties.contains(&p.key)).max_by_key(|p| p.role);
        if let Some(party) = strictest {
            party.lines.push(mixture.line);
        }
    }
    parties
}

/// Who is in a call, and what is not known of them.
pub(super) struct WhoIsWho {
    pub(super) parties: Vec<WantedParty>,
    pub(super) mixtures: Vec<Mixture>,
    /// Why what holds for whoever is new could not be looked up.
    pub(super) unanswered: Option<Refusal>,
}

impl Call<'_> {
    /// Whether a stream that holds several voices may be recorded: only where the settings give all of them the same gate at all times.
    pub(super) async fn mixture_is_honourable(&self, mixture: &Mixture, parties: &[WantedParty]) -> Result<bool, Refusal> {
        let roles: BTreeSet<Role> = parties.iter().filter(|p| mixture.parties.contains(&p.key)).map(|p| p.role).collect();
        let roles: Vec<Role> = roles.into_iter().collect();
        self.shared.switchboard.treats_alike(&self.session, &self.project, &roles).await
    }

    pub(super) async fn who_is_who(&self, streams: &[Option<StreamOffer>], conversation: Option<&Conversation>) -> WhoIsWho {
        let (mut agents, mut unanswered) = (BTreeMap::new(), None);
        for address in addresses_to_look_up(conversation, |key| self.state.parties.contains_key(key)) {
            match self.shared.switchboard.agent_of(&self.project, &address).await {
                Ok(None) => {}
                Ok(Some(agent)) => {
                    agents.insert(address, agent);
                }
                Err(refusal) => {
                    unanswered = Some(refusal);
                    break;
                }
            }
        }
        let lines: Vec<LineView> = streams
            .iter()
            .enumerate()
            .filter_map(|(index, offer)| {
                let offer = offer.as_ref()?;
                let owner = self.state.lines.get(&index).map(|open| open.owner.clone());
                let claimed = self.claimed.contains(&(index, offer.label.clone()));
                Some(LineView { index, label: offer.label.clone(), owner, claimed, is_only: streams.len() == 1 })
            })
            .collect();
        let mut roles: BTreeMap<PartyKey, Role> = self.known.iter().map(|(key, p)| (key.clone(), p.role)).collect();
        if let Some(role) = self.role_wish {
            roles.entry(PartyKey::of_participant(CALLER)).or_insert(role);
        }
        let (parties, mixtures) = assign(&lines, conversation, &agents, self.caller, &roles);
        WhoIsWho { parties, mixtures, unanswered }
    }

    /// Whoever shall be in by what is offered and known now. A mixture that may not be recorded is received no more; its parties stay in the call. Whose
    /// rules cannot be looked up stays out, with every line that has their voice in it, and is looked up again.
    pub(super) async fn parties_now(&mut self, offer: &Offered) -> Vec<WantedParty> {
        let WhoIsWho { mut parties, mut mixtures, unanswered } = self.who_is_who(&offer.streams, self.conversation.as_ref()).await;
        self.claim(offer, &parties, &mixtures);
        self.looks_up_again = unanswered.is_some();
        if let Some(refusal) = unanswered {
            tracing::warn!(session = %self.session, %refusal, "whoever is new in a call is not recorded before it is known what holds for them");
            let is_in = |key: &PartyKey| !key.is_of_participant() || self.state.parties.contains_key(key);
            parties.retain(|party| is_in(&party.key));
            mixtures.retain(|mixture| mixture.parties.iter().all(is_in));
        }
        let mut honourable = Vec::new();
        for mixture in mixtures {
            if self.mixture_is_honourable(&mixture, &parties).await.unwrap_or(false) {
                honourable.push(mixture);
            }
        }
        self.mixed_lines = honourable.iter().map(|mixture| mixture.line).collect();
        with_mixtures(parties, &honourable)
    }

    /// Lines that became mixtures while their owner stayed: a refusal by any of the voices closes them.
    pub(super) async fn share_voices(&mut self, parties: &[WantedParty]) {
        for line in &self.mixed_lines {
            let Some(open) = self.state.lines.get_mut(line).filter(|open| !open.is_shared) else { continue };
            let stays = parties.iter().any(|party| party.key == open.owner && party.lines.contains(line));
            if let (true, Some(owner)) = (stays, self.state.parties.get(&open.owner)) {
                self.shared.switchboard.shares_voice(&self.session, &owner.participant).await;
                open.is_shared = true;
            }
        }
    }

    /// Remembers which lines are somebody's whom the metadata names. A number may be given again, to a stream of another label (RFC 3264 §8.1).
    pub(super) fn claim(&mut self, offer: &Offered, parties: &[WantedParty], mixtures: &[Mixture]) {
        let named = parties.iter().filter(|p| p.key.is_of_participant()).flat_map(|p| p.lines.iter().copied());
        for line in named.chain(mixtures.iter().map(|mixture| mixture.line)) {
            if let Some(Some(stream)) = offer.streams.get(line) {
                self.claimed.insert((line, stream.label.clone()));
            }
        }
    }
}
