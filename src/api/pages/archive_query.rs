//! What the archive's address asks for: fields by name, as they were typed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::Words;
use crate::api::escaped::escaped;
use crate::archive::{ArchiveError, InFolder, ListFilter, RecordingState, Source};
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

    fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("q").chain(Self::FIELDS.iter().map(|(name, _)| *name)).chain(["restricted", "sel"])
    }

    /// The selection of a colleague that is looked at, instead of what fields ask for.
    pub fn selection(&self) -> Option<&str> {
        Some(self.get("sel")).filter(|link| !link.is_empty())
    }

    /// Whether anything is asked for.
    pub fn is_filtered(&self) -> bool {
        Self::names().any(|name| !self.get(name).is_empty())
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
        let said = Self::names().chain(["after"]).map(|name| (name, self.get(name))).filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if query.is_empty() { "/archive".to_owned() } else { format!("/archive?{}", query.join("&")) }
    }

    /// What is asked of the catalogue.
    ///
    /// # Errors
    /// With the name of a field that cannot be read.
    pub fn filter(&self, rows: u32) -> Result<ListFilter, ArchiveError> {
        let said = |name: &str| Some(self.get(name)).filter(|text| !text.is_empty());
        let text = |name: &str| said(name).map(str::to_owned);
        let no = |field: &str, why: &str| ArchiveError::Invalid { field: field.to_owned(), why: why.to_owned() };
        let day = |name: &str, days: i64| -> Result<Option<WallClock>, ArchiveError> {
            let Some(text) = said(name) else { return Ok(None) };
            let date: jiff::civil::Date = text.parse().map_err(|_| no(name, "a day, as 2026-01-31"))?;
            let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| no(name, "a day, as 2026-01-31"))?.timestamp();
            Ok(Some(WallClock::from_unix_ms(start.as_millisecond() + days * 86_400_000)))
        };
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
            session: said("session").map(str::parse).transpose().map_err(|_| no("session", "is no id of a session"))?,
            project: said("project").map(str::parse).transpose().map_err(|_| no("project", "is no project's name"))?,
            state,
            source,
            from: day("from", 0)?,
            to: day("to", 1)?,
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
        Self::names()
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
    fn every_field_has_its_words() {
        let w = Words::english();
        for name in ArchiveQuery::names() {
            for id in [format!("archive-chip-{name}"), format!("archive-filter-{name}")] {
                assert!(!w.t1(&id, "value", "x").contains('⟨'), "{id}");
            }
        }
    }
}
