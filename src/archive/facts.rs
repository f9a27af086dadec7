//! What a recording is found by: facts out of its session's metadata, its parties and its files, and the form in which they are compared (archive.md A1, A6).

use std::collections::{BTreeMap, BTreeSet};

use super::agents::Address;
use super::recording::Recording;
use crate::model::email::EmailAddress;
use crate::model::event::Party;
use crate::model::id::OutputKey;
use crate::model::manifest::Manifest;
use crate::model::redact::Personal;
use crate::model::role::Role;

/// Longest term, in characters: what is longer is found by its beginning.
pub(super) const LONGEST_TERM: usize = 96;
/// Most words that one recording is found by.
const MOST_WORDS: usize = 64;
/// A text with fewer digits is no telephone number.
const FEWEST_DIGITS: usize = 3;

type Metadata = BTreeMap<String, Personal>;

impl Recording {
    /// Takes what the session's metadata and the parties say; what people say of the recording stays.
    pub fn describe<'a>(&mut self, metadata: &Metadata, parties: impl IntoIterator<Item = &'a Party>) {
        let parties: Vec<&Party> = parties.into_iter().collect();
        let told = |name: &str| metadata.get(name).map(Personal::reveal).map(str::trim).filter(|text| !text.is_empty());
        let number = |text: &str| Personal::new(number_of(text));
        self.queue = told("queue").map(str::to_owned);
        self.access_number = told("access_number").map(number);
        let customer = parties.iter().filter(|party| party.role == Role::Customer);
        let theirs = customer.filter_map(|party| party.address.as_ref()).find(|address| is_number(&number_of(address.reveal())));
        self.caller_number =
            ["caller_number", "caller", "customer_number"].iter().find_map(|name| told(name)).or(theirs.map(Personal::reveal)).map(number);
        self.customer_email = told("customer_email").and_then(|text| text.parse::<EmailAddress>().ok()).map(|a| Personal::new(a.as_str()));
        self.ticket = told("ticket").map(str::to_owned);
        let agents: BTreeSet<&String> = parties.iter().filter_map(|party| party.agent.as_ref()).collect();
        self.agents = agents.into_iter().cloned().collect();
        self.orders = Vec::new();
        if let OutputKey::Receipt { order, .. } = &self.output {
            self.orders.push(order.clone());
        }
        if let Some(order) = told("order").filter(|order| self.orders.iter().all(|known| known != order)) {
            self.orders.push(order.to_owned());
        }
    }

    /// Takes what the metadata says first of what is people's to say from then on. Only a new row is written with it.
    pub fn describe_first(&mut self, metadata: &Metadata) {
        self.title = metadata.get("title").filter(|title| !title.reveal().trim().is_empty()).cloned();
        self.restricted = is_restricted(metadata);
    }

    /// Takes the manifest of what is stored, with what it says of size and parties.
    pub fn take_manifest(&mut self, manifest: Manifest) {
        self.describe(&manifest.metadata, &manifest.parties);
        self.bytes = manifest.files.iter().map(|file| file.bytes).sum();
        self.manifest = Some(manifest);
    }

    /// Nothing that leads to a customer stays: what was recorded of them is going, or gone.
    pub fn forget_people(&mut self) {
        (self.caller_number, self.customer_email) = (None, None);
    }

    /// What it is found by, with the kind of each (see `migrations/0004_archive.sql`).
    pub(super) fn terms(&self) -> BTreeSet<(&'static str, String)> {
        let mut found = BTreeSet::new();
        let mut words = BTreeSet::new();
        for (kind, texts) in [("agent", &self.agents), ("label", &self.labels), ("assignee", &self.assignees), ("order", &self.orders)] {
            found.extend(texts.iter().map(|text| (kind, cut(text))));
        }
        for number in [&self.access_number, &self.caller_number].into_iter().flatten() {
            let digits = digits(number.reveal());
            if digits.len() >= FEWEST_DIGITS {
                found.insert(("number_end", digits.chars().rev().take(LONGEST_TERM).collect()));
                // A number with its country's is also typed without it.
                let country = if number.reveal().trim().starts_with(['+', '0']) { 3 } else { 0 };
                words.extend((0..=country).filter_map(|n| digits.get(n..)).filter(|rest| rest.len() >= FEWEST_DIGITS).map(cut));
            }
        }
        if let Some(email) = &self.customer_email {
            let key = cut(&email.reveal().to_lowercase());
            found.insert(("email", key.clone()));
            words.insert(key);
        }
        words.extend([self.id.as_str().to_lowercase(), self.session.as_str().to_lowercase()]);
        let whole = [&self.external_id, &self.ticket].into_iter().flatten().chain(&self.orders);
        for text in whole.map(|text| text.to_lowercase()) {
            // Who types its first word types the beginning of all of it.
            words.extend(words_of(&text).filter(|word| !text.starts_with(word.as_str())).map(|word| cut(&word)));
            words.insert(cut(&text));
        }
        let names = self.manifest.iter().flat_map(|m| &m.parties).filter_map(|party| party.name.as_ref()).map(Personal::reveal);
        let texts = self.agents.iter().chain(&self.labels).chain(&self.assignees).chain(&self.queue);
        for text in texts.map(String::as_str).chain(self.title.as_ref().map(Personal::reveal)).chain(names) {
            words.extend(words_of(text).chain(written_words_of(text)).map(|word| cut(&word)));
        }
        found.extend(words.into_iter().filter(|word| !word.is_empty()).take(MOST_WORDS).map(|word| ("word", word)));
        found
    }
}

pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TERM).collect()
}

/// The words of a text in lower case: runs of letters and digits.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The words of a text in lower case as they are written, with what is between their letters: `anne-marie`, `o'brien`, `follow-up`.
fn written_words_of(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
}

/// The digits of a telephone number, without its international prefix: what numbers are compared by.
#[must_use]
pub fn digits(number: &str) -> String {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    all.strip_prefix("00").map(str::to_owned).unwrap_or(all)
}

/// Whether a session's metadata flags its recordings as restricted: `restricted`, or the call variable `SET_RESTRICTED`, however it came.
#[must_use]
pub fn is_restricted(metadata: &Metadata) -> bool {
    let flag = |name: &str| {
        let name = name.to_lowercase().replace('-', "_");
        matches!(name.strip_prefix("siprec_").unwrap_or(&name), "restricted" | "set_restricted")
    };
    let off = |value: &str| matches!(value.trim().to_lowercase().as_str(), "" | "0" | "false" | "no" | "off");
    metadata.iter().any(|(name, value)| flag(name) && !off(value.reveal()))
}

pub(super) fn is_number(text: &str) -> bool {
    let separators = |c: char| matches!(c, '+' | '-' | '.' | '(' | ')' | ' ' | '*' | '#' | '/');
    text.chars().filter(char::is_ascii_digit).count() >= FEWEST_DIGITS && text.chars().all(|c| c.is_ascii_digit() || separators(c))
}

/// The number in `"Kari" <sip:+4722334455@host;user=phone>`, in a tel URI, or as people write it; what is none stays as it is.
fn number_of(text: &str) -> String {
    if is_number(text) {
        return text.trim().to_owned();
    }
    Address::parse(text).map_or_else(|| text.to_owned(), Address::into_user)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Personal::new(*value))).collect()
    }

    #[test]
    fn numbers_are_compared_by_their_digits_however_they_are_written() {
        for text in [
            "+47 22 33 44 55",
            "004722334455",
            "\"Kari\" <sip:+4722334455@host;user=phone>",
            "tel:+47-22-33-44-55",
            "<sip:+47(22)334455@a>",
        ] {
            assert_eq!(digits(&number_of(text)), "4722334455", "{text}");
        }
        assert_eq!(number_of("sip:kari@example.com"), "kari");
    }

    #[test]
    fn a_session_is_restricted_where_its_metadata_say_so() {
        for (name, value, restricted) in [
            ("restricted", "1", true),
            ("SET_RESTRICTED", "true", true),
            ("set-restricted", "yes", true),
            ("siprec_set_restricted", "menu 4", true),
            ("restricted", "0", false),
            ("restricted", " No ", false),
            ("queue", "restricted", false),
        ] {
            assert_eq!(is_restricted(&metadata(&[(name, value)])), restricted, "{name}={value}");
        }
    }

    #[test]
    fn words_are_lower_case_runs_of_letters_and_digits() {
        assert_eq!(words_of("Åse Ødegård, T-1042").collect::<Vec<_>>(), ["åse", "ødegård", "t", "1042"]);
    }
}
