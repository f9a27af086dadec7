//! What all metadata of a recording session so far says together: complete documents replace, partial ones change (RFC 7866 §9.1).

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::{DataMode, Metadata, ParticipantStreams};

/// Somebody of the conversation that is being recorded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The metadata's id.
    pub id: String,
    /// Addresses of record.
    pub addresses: Vec<String>,
    /// Name as people see it.
    pub name: Option<String>,
    /// Is in the conversation now.
    pub present: bool,
}

/// The metadata's view of a call.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    people: Vec<Person>,
    labels: BTreeMap<String, String>,
    sends: BTreeMap<String, Vec<String>>,
    told_senders: bool,
}

impl Conversation {
    /// Takes a document in.
    pub fn apply(&mut self, update: &Metadata) {
        if update.mode == DataMode::Complete {
            for person in &mut self.people {
                person.present = false;
            }
            self.sends.clear();
            self.labels.clear();
        }
        // Some senders associate nobody with the session; then all that are described are in it.
        let nobody_associated = !update.participants.iter().any(|p| p.associated);
        for said in &update.participants {
            let at = self.people.iter().position(|p| p.id == said.id).unwrap_or_else(|| {
                self.people.push(Person { id: said.id.clone(), ..Person::default() });
                self.people.len() - 1
            });
            let person = &mut self.people[at];
            if !said.addresses.is_empty() {
                person.addresses.clone_from(&said.addresses);
            }
            if said.name.is_some() {
                person.name.clone_from(&said.name);
            }
            let here = said.associated || nobody_associated || update.mode == DataMode::Partial;
            person.present = here && !said.gone;
        }
        for stream in &update.streams {
            if let Some(label) = &stream.label {
                self.labels.retain(|_, l| l != label);
                self.labels.insert(stream.id.clone(), label.clone());
            }
        }
        self.told_senders |= update.associations.iter().any(|association| !association.sends.is_empty());
        // One document may have an element for each stream of somebody; another document's are of before (RFC 7865 §6.8).
        let mut renewed = BTreeSet::new();
        for ParticipantStreams { participant, sends, gone } in &update.associations {
            let sent = self.sends.entry(participant.clone()).or_default();
            if *gone {
                sent.retain(|stream| !sends.is_empty() && !sends.contains(stream));
                continue;
            }
            if renewed.insert(participant) {
                sent.clear();
            }
            sent.extend(sends.iter().filter(|stream| !sent.contains(stream)).cloned().collect::<Vec<_>>());
        }
    }

    /// Whoever is in the conversation now, in the order of first mention.
    pub fn present(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|p| p.present)
    }

    /// Whoever contributes to the stream of a label now. Some senders name labels where ids belong.
    pub fn senders_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Person> {
        self.present().filter(move |person| {
            self.sends
                .get(&person.id)
                .is_some_and(|sends| sends.iter().any(|stream| self.labels.get(stream).is_some_and(|l| l == label) || stream == label))
        })
    }

    /// Whether the metadata knows a stream of this label at all.
    #[must_use]
    pub fn knows(&self, label: &str) -> bool {
        self.labels.values().any(|l| l == label)
    }

    /// Whether the metadata ever said of anybody that they send something.
    #[must_use]
    pub fn ever_told_senders(&self) -> bool {
        self.told_senders
    }
}
