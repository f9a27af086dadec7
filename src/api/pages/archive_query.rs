//! What the archive's address asks for: fields by name, as they were typed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::Words;
use crate::api::escaped::escaped;
use crate::api::rest::chats::place_of;
use crate::archive::chats::ChatFilter;
use crate::archive::{ArchiveError, InFolder, ListFilter, RecordingState, Source};
use crate::model::id::{ProjectSlug, SessionId};
use crate::model::time::WallClock;

/// A field's own text for a value.
#[derive(Clone)]
pub struct Choice {
    pub value: String,
    pub text: String,
}

impl Choice {
    pub fn of(value: &str, text: String) -> Self {
        Self { value: value.to_owned(), text }
    }
}

/// A filter in words, with the address that lacks it.
pub struct Chip {
    pub words: String,
    pub without: String,
}

/// The address's fields. Unknown ones ask for nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct ArchiveQuery(BTreeMap<String, String>);

const STATES: [RecordingState; 5] =
    [RecordingState::Recording, RecordingState::Processing, RecordingState::Ready, RecordingState::Failed, RecordingState::Discarded];

impl ArchiveQuery {
    /// Filters beside what is typed, in their order, with the kind of their field.
    pub const FIELDS: [(&'static str, &'static str); 17] = [
        ("from", "date"),
        ("to", "date"),
        ("project", "select"),
        ("agent", "list"),
        ("queue", "list"),
        ("number", "text"),
        ("email", "text"),
        ("label", "list"),
        ("folder", "select"),
        ("assignee", "text"),
        ("source", "select"),
        ("state", "select"),
        ("longer", "minutes"),
        ("shorter", "minutes"),
        ("order", "text"),
        ("session", "text"),
        ("external_id", "text"),
    ];

    /// What a field says.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    /// With another value of a field.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.0.insert(name.to_owned(), value.to_owned());
        other
    }

    /// Without a field.
    pub fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.0.remove(name);
        other
    }

    /// Fields that chat logs are found by.
    const OF_CHATS: [&'static str; 4] = ["from", "to", "project", "session"];

    /// What may be asked for, in its order.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let chats = self.lists_chats();
        let all = std::iter::once("q").chain(Self::FIELDS.iter().map(|(name, _)| *name)).chain(["restricted", "sel"]);
        all.filter(move |name| !chats || Self::OF_CHATS.contains(name))
    }

    /// Whether chat logs are listed, and no recordings.
    pub fn lists_chats(&self) -> bool {
        self.get("show") == "chats"
    }

    /// The same of recordings, or of chat logs: with what both are found by.
    pub fn of_kind(&self, chats: bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| Self::OF_CHATS.contains(&name.as_str()));
        let show = chats.then(|| ("show".to_owned(), "chats".to_owned()));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).chain(show).collect())
    }

    /// Without anything that is asked for.
    pub fn bare(&self) -> Self {
        Self(self.0.iter().filter(|(name, _)| *name == "show").map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// The fields that its form has, with the kind of each.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let chats = self.lists_chats();
        Self::FIELDS.into_iter().filter(move |(name, _)| !chats || Self::OF_CHATS.contains(name))
    }

    /// The selection of a colleague that is looked at, instead of what fields ask for.
    pub fn selection(&self) -> Option<&str> {
        Some(self.get("sel")).filter(|link| !link.is_empty())
    }

    /// Whether anything is asked for.
    pub fn is_filtered(&self) -> bool {
        self.names().any(|name| !self.get(name).is_empty())
    }

    /// Whether anything else is.
    pub fn is_filtered_beside(&self, name: &str) -> bool {
        self.without(name).is_filtered()
    }

    /// Whether this is no first page.
    pub fn is_paged(&self) -> bool {
        !self.get("after").is_empty()
    }

    /// Its address.
    pub fn url(&self) -> String {
        let said = ["show"]
            .into_iter()
            .filter(|_| self.lists_chats())
            .chain(self.names())
            .chain(["after"])
            .map(|name| (name, self.get(name)))
            .filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if query.is_empty() { "/archive".to_owned() } else { format!("/archive?{}", query.join("&")) }
    }

    fn said(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|text| !text.is_empty())
    }

    /// The beginning of a day that a field names, so many days later.
    fn day(&self, name: &str, days: i64) -> Result<Option<WallClock>, ArchiveError> {
        let Some(text) = self.said(name) else { return Ok(None) };
        let no = || no(name, "a day, as 2026-01-31");
        let date: jiff::civil::Date = text.parse().map_err(|_| no())?;
        let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| no())?.timestamp();
        Ok(Some(WallClock::from_unix_ms(start.as_millisecond() + days * 86_400_000)))
    }

    fn session(&self) -> Result<Option<SessionId>, ArchiveError> {
        self.said("session").map(str::parse).transpose().map_err(|_| no("session", "is no id of a session"))
    }

    fn project(&self) -> Result<Option<ProjectSlug>, ArchiveError> {
        self.said("project").map(str::parse).transpose().map_err(|_| no("project", "is no project's name"))
    }

    /// What is asked of the catalogue where chat logs are listed.
    ///
    /// # Errors
    /// With the name of a field that cannot be read.
    pub fn chat_filter(&self, rows: u32) -> Result<ChatFilter, ArchiveError> {
        let after = self.said("after").map(|key| place_of(key).ok_or_else(|| no("after", "is no `next` of a page"))).transpose()?;
        Ok(ChatFilter {
            project: self.project()?,
            only: self.session()?.map(|session| vec![session]),
            from: self.day("from", 0)?,
            to: self.day("to", 1)?,
            after,
            limit: rows,
        })
    }

    /// What is asked of the catalogue.
    ///
    /// # Errors
    /// With the name of a field that cannot be read.
    pub fn filter(&self, rows: u32) -> Result<ListFilter, ArchiveError> {
        let said = |name: &str| self.said(name);
        let text = |name: &str| said(name).map(str::to_owned);
        let minutes = |name: &str| -> Result<Option<u64>, ArchiveError> {
            let Some(text) = said(name) else { return Ok(None) };
            let minutes: f64 = text.replace(',', ".").parse().map_err(|_| no(name, "minutes, as 10"))?;
            let fits = (0.0..=5_256_000.0).contains(&minutes);
            if fits { Ok(Some((minutes * 60_000.0).round() as u64)) } else { Err(no(name, "minutes, as 10")) }
        };
        let named = |name: &str, all: &[&str]| match said(name) {
            Some(text) if !all.contains(&text) => Err(no(name, &all.join(", "))),
            other => Ok(other),
        };
        let states: Vec<&str> = STATES.iter().map(|state| state.as_str()).collect();
        let state = named("state", &states)?.and_then(|text| STATES.into_iter().find(|state| state.as_str() == text));
        let source = named("source", &["live", "upload"])?.map(|text| if text == "live" { Source::Live } else { Source::Upload });
        Ok(ListFilter {
            session: self.session()?,
            project: self.project()?,
            state,
            source,
            from: self.day("from", 0)?,
            to: self.day("to", 1)?,
            agent: text("agent"),
            queue: text("queue"),
            number: text("number"),
            email: text("email"),
            label: text("label"),
            folder: text("folder").map(InFolder::asked),
            order: text("order"),
            external_id: text("external_id"),
            assignee: text("assignee"),
            restricted: named("restricted", &["true", "false"])?.map(|flag| flag == "true"),
            longer_ms: minutes("longer")?,
            shorter_ms: minutes("shorter")?,
            q: text("q"),
            only: None,
            limit: Some(rows),
            after: text("after"),
        })
    }

    /// What is wrong, in words that name the field.
    pub fn complaint(w: Words, field: &str, why: &str) -> String {
        let field = match field {
            "longer_than_s" => "longer",
            "shorter_than_s" => "shorter",
            "after" => return w.t("archive-page-gone"),
            other => other,
        };
        w.t2("archive-wrong", ("field", &w.of("archive-filter", field)), ("why", why))
    }

    /// The choices of a field that has few.
    pub fn choices(w: Words, name: &str) -> Vec<Choice> {
        match name {
            "source" => ["live", "upload"].into_iter().map(|value| Choice::of(value, w.of("archive-source", value))).collect(),
            "state" => STATES.into_iter().map(|state| Choice::of(state.as_str(), w.of("recording", state.as_str()))).collect(),
            _ => Vec::new(),
        }
    }

    /// Every filter in words, each with the address that lacks it.
    pub fn chips(&self, w: Words, folders: &[Choice]) -> Vec<Chip> {
        let first = self.without("after");
        self.names()
            .map(|name| (name, self.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                let known =
                    |choices: &[Choice]| choices.iter().find(|c| c.value == value).map_or_else(|| value.to_owned(), |c| c.text.clone());
                let said = match name {
                    "folder" if value == InFolder::NOWHERE => w.t("archive-folder-none"),
                    "folder" => known(folders),
                    other => known(&Self::choices(w, other)),
                };
                Chip { words: w.t1(&format!("archive-chip-{name}"), "value", said), without: first.without(name).url() }
            })
            .collect()
    }
}

fn no(field: &str, why: &str) -> ArchiveError {
    ArchiveError::Invalid { field: field.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> ArchiveQuery {
        ArchiveQuery(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_chip_says_its_filter_and_takes_it_away_and_no_other() {
        let query = query(&[("agent", "Paal"), ("longer", "10"), ("state", "ready"), ("after", "k"), ("unknown", "x")]);
        let chips = query.chips(Words::english(), &[]);
        assert_eq!(chips.iter().map(|c| c.words.as_str()).collect::<Vec<_>>(), ["agent is Paal", "state is Ready", "longer than 10 min"]);
        assert_eq!(chips[0].without, "/archive?state=ready&longer=10");
        assert_eq!(query.url(), "/archive?agent=Paal&state=ready&longer=10&after=k");
    }

    #[test]
    fn every_field_is_read_and_what_cannot_be_is_named() {
        let filter = query(&[("longer", "1,5"), ("to", "2026-01-31"), ("folder", "none"), ("restricted", "true"), ("source", "upload")])
            .filter(50)
            .unwrap();
        assert_eq!((filter.longer_ms, filter.folder, filter.restricted), (Some(90_000), Some(InFolder::None), Some(true)));
        assert_eq!(filter.to.unwrap().to_string(), "2026-02-01T00:00:00.000Z");
        for (name, value) in [
            ("from", "31.1.2026"),
            ("longer", "ten"),
            ("longer", "-1"),
            ("state", "gone"),
            ("source", "tape"),
            ("restricted", "1"),
            ("session", "a b"),
            ("project", "?"),
        ] {
            let no = query(&[(name, value)]).filter(50).unwrap_err().to_string();
            assert!(no.starts_with(&format!("{name}: ")), "{no}");
        }
    }

    #[test]
    fn chat_logs_are_found_by_what_they_have() {
        let both = query(&[("show", "chats"), ("queue", "gold"), ("from", "2026-01-31"), ("sel", "x"), ("after", "k")]);
        assert_eq!(both.url(), "/archive?show=chats&from=2026-01-31&after=k");
        assert_eq!(both.of_kind(false).url(), "/archive?from=2026-01-31");
        assert_eq!(query(&[("queue", "gold"), ("to", "2026-01-31")]).of_kind(true).url(), "/archive?show=chats&to=2026-01-31");
        assert_eq!(both.bare().url(), "/archive?show=chats");
        assert_eq!(both.chips(Words::english(), &[]).len(), 1);
        assert!(both.chat_filter(50).unwrap_err().to_string().starts_with("after: "));
        assert_eq!(both.without("after").chat_filter(50).unwrap().from.unwrap().to_string(), "2026-01-31T00:00:00.000Z");
    }

    #[test]
    fn every_field_has_its_words() {
        let w = Words::english();
        for name in ArchiveQuery::default().names() {
            for id in [format!("archive-chip-{name}"), format!("archive-filter-{name}")] {
                assert!(!w.t1(&id, "value", "x").contains('⟨'), "{id}");
            }
        }
    }
}
