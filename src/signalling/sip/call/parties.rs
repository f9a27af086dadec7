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

impl Call<'_> {
    /// Whether a stream that holds several voices may be recorded: only where the settings give all of them the same gate at all times.
    pub(super) async fn mixture_is_honourable(&self, mixture: &Mixture, parties: &[WantedParty]) -> Result<bool, Refusal> {
        let roles: BTreeSet<Role> = parties.iter().filter(|p| mixture.parties.contains(&p.key)).map(|p| p.role).collect();
        let roles: Vec<Role> = roles.into_iter().collect();
        self.shared.switchboard.treats_alike(&self.project, &roles).await
    }

    pub(super) async fn who_is_who(
        &self,
        streams: &[Option<StreamOffer>],
        conversation: Option<&Conversation>,
    ) -> Result<(Vec<WantedParty>, Vec<Mixture>), Refusal> {
        let mut agents = BTreeMap::new();
        for address in addresses_to_look_up(conversation, |key| self.state.parties.contains_key(key)) {
            if let Some(agent) = self.shared.switchboard.agent_of(&self.project, &address).await? {
                agents.insert(address, agent);
            }
        }
        let lines: Vec<LineView> = streams
            .iter()
            .enumerate()
            .filter_map(|(index, offer)| {
                let offer = offer.as_ref()?;
                let owner = self.state.lines.get(&index).map(|open| open.owner.clone());
                let claimed = self.claimed.contains(&(index, offer.label.clone()));
                Some(LineView { index, label: offer.label.clone(), owner, claimed })
            })
            .collect();
        let mut roles: BTreeMap<PartyKey, Role> = self.known.iter().map(|(key, p)| (key.clone(), p.role)).collect();
        if let Some(role) = self.role_wish {
            roles.entry(PartyKey::of_participant(CALLER)).or_insert(role);
        }
        Ok(assign(&lines, conversation, &agents, self.caller, &roles))
    }

    /// Whoever shall be in by what is offered and known now. A mixture that may not be recorded is received no more; its parties stay in the call.
    pub(super) async fn parties_now(&mut self, offer: &Offered) -> Result<Vec<WantedParty>, Refusal> {
        let (parties, mixtures) = self.who_is_who(&offer.streams, self.conversation.as_ref()).await?;
        self.claim(offer, &parties, &mixtures);
        let mut honourable = Vec::new();
        for mixture in mixtures {
            if self.mixture_is_honourable(&mixture, &parties).await? {
                honourable.push(mixture);
            }
        }
        self.mixed_lines = honourable.iter().map(|mixture| mixture.line).collect();
        Ok(with_mixtures(parties, &honourable))
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
