//! What narrows a list of recordings: a filter and a sight as tests that all have to hold. Pure.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::error::{ArchiveError, Result};
use super::facts::{cut, digits, is_number};
use super::page_key::{key_of, place_of};
use super::recording::{InFolder, ListFilter, Recording};
use super::rights::Sight;
use super::stretches::stretch;
use crate::model::id::RecordingId;

/// Rows a page where none are asked for, and the most.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// Longest text of a filter, in characters.
const LONGEST: usize = 256;
/// Most words that are searched for at once.
const MOST_WORDS: usize = 8;
/// The end of a number is looked for from so many digits on.
const END_DIGITS: usize = 4;

/// What is bound to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Terms of a kind that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub kind: &'static str,
    pub from: String,
}

impl Range {
    /// What comes after all of them, in the order of bytes.
    pub(super) fn to(&self) -> String {
        format!("{}\u{10FFFF}", self.from)
    }
}

/// One thing that has to hold of a recording. Columns are names in the catalogue, never from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The column is this.
    Is(&'static str, Value),
    /// The column is one of these.
    OneOf(&'static str, Vec<Value>),
    /// The column holds nothing.
    Nothing(&'static str),
    /// The column is this or more.
    AtLeast(&'static str, i64),
    /// The column is this or less.
    AtMost(&'static str, i64),
    /// It has this term of this kind.
    Term(&'static str, Value),
    /// It has one of these terms of this kind.
    OneTerm(&'static str, Vec<Value>),
    /// It has a term within one of these ranges.
    Beginning(Vec<Range>),
}

impl Test {
    /// Whether it looks at a row of `recordings`, and not at its terms.
    pub(super) fn is_of_row(&self) -> bool {
        !matches!(self, Self::Term(..) | Self::OneTerm(..) | Self::Beginning(_))
    }
}

/// Between which places of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Begun at or after.
    pub from: Option<i64>,
    /// Begun before.
    pub to: Option<i64>,
    /// Behind this place.
    pub after: Option<(i64, String)>,
}

impl Bounds {
    /// Of these, what lies between two times as well.
    pub(super) fn within(&self, from: i64, to: i64) -> Self {
        let (from, to) = (self.from.map_or(from, |own| own.max(from)), self.to.map_or(to, |own| own.min(to)));
        Self { from: Some(from), to: Some(to), after: self.after.clone() }
    }

    /// The stretches of time that they touch.
    pub(super) fn stretches(&self) -> RangeInclusive<i64> {
        stretch(self.from.unwrap_or(i64::MIN))..=stretch(self.to.unwrap_or(i64::MAX).saturating_sub(1))
    }
}

impl ListFilter {
    /// Rows a page.
    pub(super) fn limit(&self) -> Result<u32> {
        let limit = self.limit.unwrap_or(PAGE);
        let fits = (1..=LARGEST_PAGE).contains(&limit);
        if fits { Ok(limit) } else { Err(ArchiveError::invalid("limit", format!("must be 1 to {LARGEST_PAGE}"))) }
    }

    /// Where a page ended, as its reader carries it.
    pub(super) fn key_of(last: &Recording) -> String {
        key_of(last.started_at, &last.id)
    }
}

fn checked<'a>(name: &str, text: &'a str) -> Result<&'a str> {
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    if fits {
        Ok(text.trim())
    } else {
        Err(ArchiveError::invalid(name, format!("1 to {LONGEST} characters, none of them a control character")))
    }
}

/// The bounds, and branches: a recording is in the list where all tests of one branch hold. `in_groups`: agents of the sight's groups, where it has any.
pub(super) fn tests(filter: &ListFilter, sight: &Sight, in_groups: Option<BTreeSet<String>>) -> Result<(Bounds, Vec<Vec<Test>>)> {
    let bounds = bounds(filter, sight)?;
    let mut tests = asked(filter)?;
    let texts = |set: &BTreeSet<String>| set.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>();
    if !sight.restricted {
        tests.push(Test::Is("restricted", Value::Number(0)));
    }
    if let Some(only) = &sight.projects {
        tests.push(Test::OneOf("project", only.iter().map(|slug| Value::from(slug.as_str())).collect()));
    }
    if let Some(only) = &sight.queues {
        tests.push(Test::OneOf("queue", texts(only)));
    }
    if let Some(agents) = in_groups {
        tests.push(Test::OneTerm("agent", agents.iter().map(|agent| Value::Text(cut(agent))).collect()));
    }
    let Some(own) = &sight.own else { return Ok((bounds, vec![tests])) };
    let mut branches = vec![[tests.clone(), vec![Test::Term("agent", Value::Text(cut(&own.agent)))]].concat()];
    if !own.listening.is_empty() {
        let listening = own.listening.iter().map(|slug| Value::from(slug.as_str())).collect();
        branches.push([tests, vec![Test::OneOf("project", listening)]].concat());
    }
    Ok((bounds, branches))
}

fn bounds(filter: &ListFilter, sight: &Sight) -> Result<Bounds> {
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && to <= from
    {
        return Err(ArchiveError::invalid("to", "must be later than `from`"));
    }
    Ok(Bounds {
        // A sight reaches to what began after a time, a filter to what began at it.
        from: filter.from.map(|from| from.0).max(sight.after.map(|after| after.0.saturating_add(1))),
        to: filter.to.map(|to| to.0),
        after: filter.after.as_deref().map(place_of::<RecordingId>).transpose()?,
    })
}

fn asked(filter: &ListFilter) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    let is = |column, value: String| Test::Is(column, Value::Text(value));
    tests.extend(filter.session.as_ref().map(|session| is("session", session.as_str().to_owned())));
    tests.extend(filter.project.as_ref().map(|project| is("project", project.as_str().to_owned())));
    tests.extend(filter.state.map(|state| Test::Is("state", state.as_str().into())));
    tests.extend(filter.source.map(|source| Test::Is("source", source.as_str().into())));
    tests.extend(filter.restricted.map(|flag| Test::Is("restricted", Value::Number(i64::from(flag)))));
    for (name, text) in [("queue", &filter.queue), ("external_id", &filter.external_id)] {
        if let Some(text) = text {
            tests.push(is(name, checked(name, text)?.to_owned()));
        }
    }
    match &filter.folder {
        Some(InFolder::One(id)) => tests.push(is("folder", checked("folder", id)?.to_owned())),
        Some(InFolder::None) => tests.push(Test::Nothing("folder")),
        None => {}
    }
    for (kind, text) in [("agent", &filter.agent), ("label", &filter.label), ("order", &filter.order), ("assignee", &filter.assignee)] {
        if let Some(text) = text {
            tests.push(Test::Term(kind, Value::Text(cut(checked(kind, text)?))));
        }
    }
    if let Some(number) = &filter.number {
        let digits = digits(checked("number", number)?);
        if digits.is_empty() || !number.chars().all(|c| c.is_ascii_digit() || " +-().*#/".contains(c)) {
            return Err(ArchiveError::invalid("number", "is no telephone number"));
        }
        tests.push(Test::Beginning(vec![ending(&digits)]));
    }
    if let Some(email) = &filter.email {
        let email = checked("email", email)?;
        if !email.contains('@') {
            return Err(ArchiveError::invalid("email", "is no e-mail address, as name@example.com"));
        }
        tests.push(Test::Term("email", Value::Text(cut(&email.to_lowercase()))));
    }
    tests.extend(filter.longer_ms.map(|least| Test::AtLeast("duration_ms", least.cast_signed())));
    tests.extend(filter.shorter_ms.map(|most| Test::AtMost("duration_ms", most.cast_signed())));
    if let (Some(longer), Some(shorter)) = (filter.longer_ms, filter.shorter_ms)
        && shorter < longer
    {
        return Err(ArchiveError::invalid("shorter_than_s", "must not be below `longer_than_s`"));
    }
    if let Some(ids) = &filter.only {
        tests.push(Test::OneOf("id", ids.iter().map(|id| Value::from(id.as_str())).collect()));
    }
    if let Some(text) = &filter.q {
        tests.extend(words(text)?);
    }
    Ok(tests)
}

/// What is typed: every word is the beginning of something that the recording is found by.
fn words(text: &str) -> Result<Vec<Test>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let text = checked("q", text)?;
    // A number with blanks in it is one number.
    if is_number(text) {
        return Ok(vec![number(text)]);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > MOST_WORDS {
        return Err(ArchiveError::invalid("q", format!("at most {MOST_WORDS} words")));
    }
    Ok(words
        .into_iter()
        .map(|word| if is_number(word) { number(word) } else { Test::Beginning(vec![beginning(&without_stops(word).to_lowercase())]) })
        .collect())
}

/// What ends a part of a sentence is none of its words.
fn without_stops(word: &str) -> &str {
    let bare = word.trim_end_matches([',', ';', '.']);
    if bare.is_empty() { word } else { bare }
}

fn beginning(word: &str) -> Range {
    Range { kind: "word", from: cut(word) }
}

fn ending(digits: &str) -> Range {
    Range { kind: "number_end", from: digits.chars().rev().collect() }
}

/// Digits: the beginning or the end of a telephone number, or of anything else as it is written.
fn number(text: &str) -> Test {
    let digits = digits(text);
    let mut ranges = vec![beginning(&digits)];
    let written = text.trim().to_lowercase();
    if written != digits {
        ranges.push(beginning(&written));
    }
    if digits.len() >= END_DIGITS {
        ranges.push(ending(&digits));
    }
    Test::Beginning(ranges)
}
