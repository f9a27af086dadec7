//! Who is who in a call: streams to parties, parties to roles (surface.md, "SIP"). Pure: which addresses belong to agents is looked up beforehand.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::role::Role;

use super::conversation::{Conversation, Person};

/// A party's name inside one call: the metadata's participant id, or one made of the m-line's number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyKey(String);

impl PartyKey {
    /// The party that metadata names.
    #[must_use]
    pub fn of_participant(id: &str) -> Self {
        Self(format!("p:{id}"))
    }

    /// The nameless party behind an m-line.
    #[must_use]
    pub fn of_line(index: usize) -> Self {
        Self(format!("line:{index}"))
    }

    /// Whether metadata names it.
    #[must_use]
    pub fn is_of_participant(&self) -> bool {
        self.0.starts_with("p:")
    }
}

impl std::fmt::Debug for PartyKey {
    /// Participant ids can be Call-IDs with addresses in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.split(':').next().unwrap_or_default())
    }
}

/// An m-line that is being recorded, as far as it matters for who speaks on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// Its place among the m-lines, from 0.
    pub index: usize,
    /// Its label.
    pub label: Option<String>,
    /// Whose it was before this update.
    pub owner: Option<PartyKey>,
    /// At some time it was somebody's whom the metadata named.
    pub claimed: bool,
    /// No other m-line was ever offered.
    pub is_only: bool,
}

/// A party as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedParty {
    /// Its name in the call.
    pub key: PartyKey,
    /// Its role.
    pub role: Role,
    /// Began an agent-to-agent call.
    pub initiator: bool,
    /// Name as people see it.
    pub name: Option<crate::model::redact::Personal>,
    /// Address of record.
    pub address: Option<crate::model::redact::Personal>,
    /// The configured agent that it is.
    pub agent: Option<String>,
    /// Its m-lines.
    pub lines: Vec<usize>,
}

/// An m-line that carries the voices of several parties at once: only where all of them have the same gate at all times may it be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mixture {
    /// The m-line.
    pub line: usize,
    /// Whose voices are in it.
    pub parties: Vec<PartyKey>,
}

/// Addresses of record whose owners have to be known before [`assign`]: those of everybody who is not in yet.
#[must_use]
pub fn addresses_to_look_up(conversation: Option<&Conversation>, is_in: impl Fn(&PartyKey) -> bool) -> BTreeSet<String> {
    let newcomers = conversation.into_iter().flat_map(Conversation::present).filter(|p| !is_in(&PartyKey::of_participant(&p.id)));
    newcomers.flat_map(|p| p.addresses.iter().cloned()).collect()
}

struct Draft<'a> {
    key: PartyKey,
    person: Option<&'a Person>,
    lines: Vec<usize>,
}

fn draft<'d, 'a>(drafts: &'d mut Vec<Draft<'a>>, key: PartyKey, person: Option<&'a Person>) -> &'d mut Draft<'a> {
    let at = drafts.iter().position(|d| d.key == key).unwrap_or_else(|| {
        drafts.push(Draft { key, person, lines: Vec::new() });
        drafts.len() - 1
    });
    &mut drafts[at]
}

fn lines_to_parties<'a>(lines: &[LineView], conversation: Option<&'a Conversation>) -> (Vec<Draft<'a>>, Vec<Mixture>) {
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    let mut mixtures = Vec::new();
    let mut unclaimed = Vec::new();
    for line in lines {
        let senders: Vec<&Person> = match (conversation, line.label.as_deref()) {
            (Some(conversation), Some(label)) => {
                conversation.present().filter(|p| conversation.senders_of(label).any(|s| s.id == p.id)).collect()
            }
            _ => Vec::new(),
        };
        match senders.as_slice() {
            [] => unclaimed.push(line),
            [one] => draft(&mut drafts, PartyKey::of_participant(&one.id), Some(one)).lines.push(line.index),
            several => {
                for person in several {
                    draft(&mut drafts, PartyKey::of_participant(&person.id), Some(person));
                }
                let parties = several.iter().map(|p| PartyKey::of_participant(&p.id)).collect();
                mixtures.push(Mixture { line: line.index, parties });
            }
        }
    }
    let present: Vec<&Person> = conversation.into_iter().flat_map(Conversation::present).collect();
    let is_known = |key: &PartyKey| present.iter().find(|p| PartyKey::of_participant(&p.id) == *key).copied();
    // One line for several people, and nothing said of who sends: what is known of senders of one mixed line. It is one, whoever had it before, unless this
    // sender does tell who sends and is silent just now.
    let tells_senders = conversation.is_some_and(Conversation::ever_told_senders);
    if let ([only], true, [_, _, ..]) = (lines, drafts.is_empty() && mixtures.is_empty(), present.as_slice())
        && (only.owner.is_none() || (only.is_only && !tells_senders))
    {
        for person in &present {
            draft(&mut drafts, PartyKey::of_participant(&person.id), Some(person));
        }
        let parties = present.iter().map(|p| PartyKey::of_participant(&p.id)).collect();
        mixtures.push(Mixture { line: only.index, parties });
        return (drafts, mixtures);
    }
    // A line that nobody is said to send on just now (a hold) stays with its owner while that one is in the call.
    let (held, unclaimed): (Vec<&LineView>, Vec<&LineView>) = unclaimed.into_iter().partition(|line| {
        line.owner.as_ref().is_some_and(|owner| is_known(owner).is_some() || (present.is_empty() && conversation.is_none()))
    });
    for line in held {
        let Some(owner) = &line.owner else { continue };
        draft(&mut drafts, owner.clone(), is_known(owner)).lines.push(line.index);
    }
    // Otherwise in order: the first line nobody claims belongs to the first party without a line.
    for line in unclaimed {
        let free = present.iter().find(|p| !drafts.iter().any(|d| d.key == PartyKey::of_participant(&p.id)));
        match free {
            Some(person) => draft(&mut drafts, PartyKey::of_participant(&person.id), Some(person)).lines.push(line.index),
            // Whoever it was has left, and nobody else has come: somebody new would be named (RFC 7865 §6.5).
            None if line.claimed => {}
            None => draft(&mut drafts, PartyKey::of_line(line.index), None).lines.push(line.index),
        }
    }
    for person in present {
        draft(&mut drafts, PartyKey::of_participant(&person.id), Some(person));
    }
    drafts.sort_by_key(|d| d.lines.iter().min().copied().unwrap_or(usize::MAX));
    (drafts, mixtures)
}

/// Decides who is in the call, with which role, on which lines.
///
/// `agents` names the configured agent behind an address of record, `caller` is the role of the first stream where no agent is known, and
/// `roles` holds the parties that are in the call already: a role once given stays.
#[must_use]
pub fn assign(
    lines: &[LineView],
    conversation: Option<&Conversation>,
    agents: &BTreeMap<String, String>,
    caller: Role,
    roles: &BTreeMap<PartyKey, Role>,
) -> (Vec<WantedParty>, Vec<Mixture>) {
    let (drafts, mixtures) = lines_to_parties(lines, conversation);
    let agent_of = |draft: &Draft<'_>| draft.person.and_then(|p| p.addresses.iter().find_map(|a| agents.get(a).cloned()));
    let mut taken: BTreeSet<Role> = drafts.iter().filter_map(|d| roles.get(&d.key).copied()).collect();
    if drafts.iter().any(|d| agent_of(d).is_some()) {
        taken.insert(Role::Agent);
    }
    let other = if caller == Role::Agent { Role::Customer } else { Role::Agent };
    let mut parties = Vec::with_capacity(drafts.len());
    for (position, draft) in drafts.into_iter().enumerate() {
        let agent = agent_of(&draft);
        let vacant = || [caller, other].into_iter().find(|role| !taken.contains(role)).unwrap_or(Role::ThirdParty);
        let role = roles.get(&draft.key).copied().unwrap_or_else(|| if agent.is_some() { Role::Agent } else { vacant() });
        taken.insert(role);
        parties.push(WantedParty {
            key: draft.key,
            role,
            initiator: position == 0 && role == Role::Agent,
            name: draft.person.and_then(|p| p.name.as_deref()).map(crate::model::redact::Personal::new),
            address: draft.person.and_then(|p| p.addresses.first()).map(crate::model::redact::Personal::new),
            agent,
            lines: draft.lines,
        });
    }
    (parties, mixtures)
}
