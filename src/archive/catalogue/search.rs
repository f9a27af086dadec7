//! Pages of the archive: recordings that a filter asks for and a sight covers, newest first (archive.md A6, B2, B3).
//!
//! What narrows a list is a set of tests that all have to hold. One of them *leads*: what it gives is read from an index, and the others are tried on each of
//! its rows. Which one leads is a matter of how many rows it would give, counted up to a limit; databases do not choose so by themselves, since none knows how
//! often two things come together. Where a test gives few rows in the whole archive, it leads there; else what is rarest among the newest, whose index is
//! walked until a page is full. Beginnings of words give rows in no order: with one of them the archive is searched in windows of time, the newest first, each
//! wider than the one before, and what leads is chosen in each of them anew. That bounds what has to be put in order or looked through at once.

mod sql;

use std::collections::BTreeSet;

use sqlx::Any;
use sqlx::any::AnyRow;
use sqlx::pool::PoolConnection;

use super::Catalogue;
use super::columns::Reading;
use super::recordings::{ROW, recording_of};
use super::wanted::fetch;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::narrow::{Bounds, Test, Value, tests};
use crate::archive::recording::{ListFilter, Page, Recording};
use crate::archive::rights::Sight;
use crate::archive::stretches::begins;
use sql::{Sql, Tried};

/// How far rows of a test are counted in a window.
pub(super) const MANY: i64 = 8_000;
/// As far they are counted in the whole archive, and what gives fewer leads there; such a part of it where a beginning is looked up for each of them, or
/// gives them in no order.
const WITH_WORDS: i64 = 3;
/// A window is at most so many times as wide as the one before.
const WIDER: i64 = 4;
/// Stretches of a window at most, each of them is named in a statement.
const WIDEST: i64 = 1_024;
/// What a look for a beginning somewhere in the terms costs, where a row of an index that is read in its order costs one.
const LOOK: i64 = 8;
/// What a row costs that an index gives without saying what else may be asked of it.
const ROW_ELSEWHERE: i64 = 4;
/// What a row costs that has to be put in order.
const SORTED: i64 = 2;
/// Recordings whose names are offered: what is newest is what is looked for.
const NAMED: i64 = 400;
/// Such a part of [`MANY`] is much to look through.
const MUCH: i64 = 8;
/// The values of a list are walked one by one, where there are no more than so many.
const WALKED: usize = 16;

/// Names that occur in what somebody sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesSeen {
    /// Agents.
    pub agents: BTreeSet<String>,
    /// Queues.
    pub queues: BTreeSet<String>,
}

/// A row's place in the order of every list.
type Place = (i64, String);

impl Catalogue {
    /// A page of the recordings that somebody sees, newest first. A recording that is added while somebody pages changes no later page.
    ///
    /// # Errors
    /// A filter that cannot be, by its name.
    pub async fn recordings(&self, filter: &ListFilter, sight: &Sight) -> Result<Page> {
        let limit = filter.limit()?;
        let (mut reading, mut places) = self.first_places(filter, sight, i64::from(limit) + 1).await?;
        let more = places.len() > limit as usize;
        places.truncate(limit as usize);
        let items = reading.rows(places).await?;
        let next = items.last().filter(|_| more).map(ListFilter::key_of);
        Ok(Page { items, next })
    }

    /// How many recordings somebody finds, counted up to `most`.
    ///
    /// # Errors
    /// As for a page.
    pub async fn count_recordings(&self, filter: &ListFilter, sight: &Sight, most: u32) -> Result<u32> {
        let found = self.first_places(filter, sight, i64::from(most)).await?.1.len();
        Ok(u32::try_from(found).unwrap_or(u32::MAX).min(most))
    }

    /// Agents and queues of the newest recordings that somebody sees.
    ///
    /// # Errors
    /// Where the catalogue does not answer.
    pub async fn names_seen(&self, sight: &Sight) -> Result<NamesSeen> {
        let (mut reading, mut places) = self.first_places(&ListFilter::default(), sight, NAMED).await?;
        places.truncate(usize::try_from(NAMED).unwrap_or_default());
        let mut seen = NamesSeen::default();
        if places.is_empty() {
            return Ok(seen);
        }
        let ids: Vec<Value> = places.into_iter().map(|(_, id)| Value::Text(id)).collect();
        let mut sql = Sql::of("SELECT DISTINCT r.agents, r.queue FROM recordings r WHERE r.id IN ");
        sql.list(ids);
        for row in &reading.fetch(sql).await? {
            let row = Reading::of("recordings", row);
            seen.agents.extend(row.json::<Vec<String>>("agents")?);
            seen.queues.extend(row.maybe_text("queue")?);
        }
        Ok(seen)
    }

    /// The newest places of a list, from several branches each up to `rows`.
    async fn first_places(&self, filter: &ListFilter, sight: &Sight, rows: i64) -> Result<(Searching, Vec<Place>)> {
        let in_groups = match &sight.groups {
            Some(groups) => Some(self.agents_in(groups).await?),
            None => None,
        };
        let (bounds, branches) = tests(filter, sight, in_groups)?;
        let mut reading = Searching { c: self.read.acquire().await?, many: self.many };
        let mut places: Vec<Place> = Vec::new();
        for branch in branches {
            places.extend(reading.branch(branch, &bounds, rows).await?);
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        Ok((reading, places))
    }

    /// Agents who are in one of these groups.
    async fn agents_in(&self, groups: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let all = self.agents_by_group().await?;
        Ok(all.into_iter().filter(|(group, _)| groups.contains(group)).map(|(_, agent)| agent).collect())
    }
}

/// One connection for all that a page asks.
struct Searching {
    c: PoolConnection<Any>,
    many: i64,
}

impl Searching {
    async fn rows(&mut self, places: Vec<Place>) -> Result<Vec<Recording>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Value> = places.into_iter().map(|(_, id)| Value::Text(id)).collect();
        let mut sql = Sql::of(ROW);
        sql.say(" WHERE r.id IN ").list(ids);
        let mut items = self.fetch(sql).await?.iter().map(recording_of).collect::<Result<Vec<_>>>()?;
        items.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
        Ok(items)
    }

    /// The newest places at which all tests hold.
    async fn branch(&mut self, tests: Vec<Test>, bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let leading: Vec<usize> = (0..tests.len()).filter(|n| leads(&tests[*n])).collect();
        if leading.is_empty() || (tests.len() == 1 && is_in_order(&tests[0])) {
            return self.led(&tests, leading.first().copied(), &BTreeSet::new(), bounds, rows).await;
        }
        let Some(bounds) = self.narrowed(bounds).await? else { return Ok(Vec::new()) };
        let few = if tests.iter().any(is_begun) { (self.many / WITH_WORDS).max(1) } else { self.many };
        let is_named = bounds.stretches().count() <= WIDEST as usize;
        let counted: Vec<usize> = leading.iter().copied().filter(|n| is_named || !is_begun(&tests[*n])).collect();
        let asked: Vec<_> = counted.iter().map(|n| Some(&tests[*n])).collect();
        let counts = self.counts(&asked, &bounds, few).await?;
        match counts.into_iter().zip(counted).min() {
            Some((0, _)) => Ok(Vec::new()),
            Some((count, n)) if count < few => self.led(&tests, Some(n), &BTreeSet::new(), &bounds, rows).await,
            _ if !tests.iter().any(is_begun) => self.walked(&tests, &bounds, rows).await,
            _ => self.in_windows(&tests, &bounds, rows).await,
        }
    }

    /// Nothing is put in order here: an index is walked in its order until a page is full, of what is rarest among the newest.
    async fn walked(&mut self, tests: &[Test], bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        // The last stretch may have begun a moment ago.
        let newest = bounds.within(begins(*bounds.stretches().end() - 1), i64::MAX);
        let leading: Vec<usize> = (0..tests.len()).filter(|n| leads(&tests[*n]) && !is_length(&tests[*n])).collect();
        let asked: Vec<_> = leading.iter().map(|n| Some(&tests[*n])).chain([None]).collect();
        let counts = self.counts(&asked, &newest, self.many).await?;
        let candidates = leading.into_iter().map(Some).chain([None]);
        let least = counts.into_iter().zip(candidates).min_by_key(|(count, n)| count * n.map_or(1, |n| cost(&tests[n])));
        self.led(tests, least.and_then(|(_, n)| n), &BTreeSet::new(), bounds, rows).await
    }

    /// From where to where there are recordings within the bounds.
    async fn narrowed(&mut self, bounds: &Bounds) -> Result<Option<Bounds>> {
        let sql = Sql::of("SELECT (SELECT MIN(started_at) FROM recordings) AS oldest, (SELECT MAX(started_at) FROM recordings) AS newest");
        let row = self.fetch_one(sql).await?;
        let row = Reading::of("recordings", &row);
        let (Some(oldest), Some(newest)) = (row.maybe_number("oldest")?, row.maybe_number("newest")?) else { return Ok(None) };
        let last = bounds.after.as_ref().map_or(newest, |(started_at, _)| newest.min(*started_at));
        let from = bounds.from.map_or(oldest, |from| from.max(oldest));
        let to = bounds.to.unwrap_or(i64::MAX).min(last.saturating_add(1));
        Ok((from < to).then(|| Bounds { from: Some(from), to: Some(to), after: bounds.after.clone() }))
    }

    /// Nothing is rare in the whole archive: the newest places, window by window.
    async fn in_windows(&mut self, tests: &[Test], bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let stretches = bounds.stretches();
        let (oldest, mut last) = (*stretches.start(), *stretches.end());
        let (mut width, mut places) = (1, Vec::new());
        // The oldest stretch of the last window that gave too much: what it gave lies between there and what was searched since.
        let mut too_much = None;
        while last >= oldest {
            let first = last.saturating_sub(width - 1).max(oldest);
            let window = bounds.within(begins(first), begins(last.saturating_add(1)));
            let wanted = rows - i64::try_from(places.len()).unwrap_or(rows);
            let Some((found, cost)) = self.in_window(tests, &window, wanted, width > 1).await? else {
                too_much = Some(first);
                width = (width / WIDER).max(1);
                continue;
            };
            let still = wanted - i64::try_from(found.len()).unwrap_or(wanted);
            if still <= 0 {
                places.extend(found);
                break;
            }
            // As wide as fills the page if the next one gives as much, and not so wide that it has to be cut.
            let fills = i64::try_from(found.len()).ok().filter(|found| *found > 0).map_or(WIDER, |found| still * 3 / (2 * found) + 1);
            let wider = fills.min(self.many / (2 * cost.max(1))).clamp(1, WIDER);
            places.extend(found);
            (last, width) = (first - 1, (width * wider).min(WIDEST));
            too_much = too_much.filter(|oldest| *oldest <= last);
            width = too_much.map_or(width, |oldest| width.min((last - oldest + 1) / 2).max(1));
        }
        Ok(places)
    }

    /// The newest places of a window, and what they cost; nothing where it may be cut, and would be better.
    async fn in_window(&mut self, tests: &[Test], window: &Bounds, rows: i64, may_be_cut: bool) -> Result<Option<(Vec<Place>, i64)>> {
        // What length it has is in no index that begins with a time.
        let leading: Vec<usize> = (0..tests.len()).filter(|n| leads(&tests[*n]) && !is_length(&tests[*n])).collect();
        let asked: Vec<_> = leading.iter().map(|n| Some(&tests[*n])).collect();
        let counts = self.counts(&asked, window, self.many).await?;
        if counts.contains(&0) {
            return Ok(Some((Vec::new(), 0)));
        }
        let counted = || counts.iter().copied().zip(leading.iter().copied());
        let led = counted().map(|(count, n)| (count * cost(&tests[n]), Some(n))).min().unwrap_or((self.many, None));
        // To walk through everything is worth a thought only where each test gives much.
        let is_little = led.0 < self.many / MUCH;
        let all = if is_little { self.many } else { self.counts(&[None], window, self.many).await?.pop().unwrap_or(self.many) };
        let (least, lead) = led.min((all, None));
        if least >= self.many && may_be_cut {
            return Ok(None);
        }
        // As many rows are tried as fill a page, if what they are tried for is spread evenly, and no more than there are.
        let tried = |count: i64| if lead.is_some_and(|n| !is_in_order(&tests[n])) { least } else { least.min(rows * all / count) };
        let sets =
            counted().filter(|(count, n)| is_begun(&tests[*n]) && *count < self.many && *count < LOOK * tried(*count)).map(|(_, n)| n);
        let found = self.led(tests, lead, &sets.collect(), window, rows).await?;
        Ok(Some((found, least)))
    }

    /// How many rows tests give, of none all: `up_to` where there may be more.
    async fn counts(&mut self, tests: &[Option<&Test>], bounds: &Bounds, up_to: i64) -> Result<Vec<i64>> {
        if tests.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.fetch(Sql::counts(tests, bounds, up_to)).await?;
        let mut counts = rows
            .iter()
            .map(|row| {
                let row = Reading::of("recordings", row);
                Ok((row.number("place")?, row.number("n")?))
            })
            .collect::<Result<Vec<_>>>()?;
        counts.sort_unstable();
        Ok(counts.into_iter().map(|(_, n)| n).collect())
    }

    /// The newest places at which all tests hold, of those that one of them gives, or of all.
    async fn led(&mut self, tests: &[Test], lead: Option<usize>, sets: &BTreeSet<usize>, bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let rest = tests.iter().enumerate().filter(|(n, _)| Some(*n) != lead);
        let rest: Vec<_> = rest.map(|(n, test)| Tried { test, as_a_set: sets.contains(&n) }).collect();
        let mut places = self.places(Sql::newest(lead.map(|n| &tests[n]), &rest, bounds, rows)).await?;
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        Ok(places)
    }

    async fn places(&mut self, sql: Sql) -> Result<Vec<Place>> {
        let rows = self.fetch(sql).await?;
        rows.iter()
            .map(|row| {
                let row = Reading::of("recordings", row);
                Ok((row.number("started_at")?, row.text("id")?))
            })
            .collect()
    }

    async fn fetch(&mut self, sql: Sql) -> Result<Vec<AnyRow>> {
        fetch(&mut self.c, sql.text, sql.values).await
    }

    async fn fetch_one(&mut self, sql: Sql) -> Result<AnyRow> {
        self.fetch(sql).await?.pop().ok_or(ArchiveError::Damaged { table: "recordings", column: "id" })
    }
}

fn leads(test: &Test) -> bool {
    match test {
        // Each id is one row.
        Test::Is(..) | Test::Term(..) | Test::Beginning(_) | Test::AtLeast(..) | Test::AtMost(..) | Test::OneOf("id", _) => true,
        Test::OneOf(_, values) | Test::OneTerm(_, values) => values.len() <= WALKED,
        Test::Nothing(_) => false,
    }
}

/// Whether what a leading test gives is in the order of the list.
fn is_in_order(test: &Test) -> bool {
    matches!(test, Test::Is(..) | Test::Term(..) | Test::OneTerm(..)) || matches!(test, Test::OneOf(column, _) if *column != "id")
}

/// What a row costs that a leading test gives.
fn cost(test: &Test) -> i64 {
    match test {
        test if !is_in_order(test) => SORTED,
        test if test.is_of_row() && !says_all(test) => ROW_ELSEWHERE,
        _ => 1,
    }
}

/// Whether its index says of each row what else may be asked of it, but for its terms.
fn says_all(test: &Test) -> bool {
    matches!(test, Test::Is("project" | "queue" | "folder", _) | Test::OneOf("project" | "queue" | "folder", _))
}

fn is_begun(test: &Test) -> bool {
    matches!(test, Test::Beginning(_))
}

fn is_length(test: &Test) -> bool {
    matches!(test, Test::AtLeast(..) | Test::AtMost(..))
}
