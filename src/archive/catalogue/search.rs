//! Pages of the archive: recordings that a filter asks for and a sight covers, newest first (archive.md A6, B2, B3).
//!
//! What narrows a list is a set of tests that all have to hold. One of them *leads*: its index is walked from the newest on, and the others are looked up for
//! each row that it gives. Which one leads is a matter of how many rows it would give, counted up to a limit: whatever is combined, a page costs about as
//! much as the rarest of its tests, and where none is rare a page is full soon. Databases do not choose so by themselves: SQLite knows nothing of how often
//! a single value is there. Every test that does not lead is written so that SQLite takes no index for it (`NOT (a <> b)`), which PostgreSQL reads as `a = b`.

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

/// How far rows of a test are counted.
const COUNTED: i64 = 8_000;
/// Where nothing else does, so many rows are sorted.
const SORTED: i64 = 400_000;
/// Of rows that had to be sorted the newest are looked at first: mostly they do.
const FIRST_SORTED: i64 = 400;
/// So many of the newest rows are walked before what has to be sorted leads, however many it gives.
const FIRST_WALKED: i64 = 4_000;
/// Recordings whose names are offered: what is newest is what is looked for.
const NAMED: i64 = 1_000;
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

/// A statement as it is put together: only fixed words enter the text, every value is bound.
#[derive(Clone, Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn of(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    fn list(&mut self, values: &[Value]) -> &mut Self {
        self.say("(");
        for (n, value) in values.iter().enumerate() {
            self.say(if n > 0 { ", " } else { "" }).bind(value.clone());
        }
        self.say(")")
    }

    /// Times, and where the page before ended.
    fn bounds(&mut self, alias: &str, id: &str, bounds: &Bounds) {
        if let Some(from) = bounds.from {
            self.say(&format!(" AND {alias}.started_at >= ")).bind(from);
        }
        if let Some(to) = bounds.to {
            self.say(&format!(" AND {alias}.started_at < ")).bind(to);
        }
        if let Some((started_at, last)) = &bounds.after {
            self.say(&format!(" AND ({alias}.started_at, {alias}.{id}) < (")).bind(*started_at).say(", ").bind(last.clone()).say(")");
        }
    }

    /// A test of row `r`.
    fn test(&mut self, test: &Test) {
        self.say(" AND ");
        match test {
            Test::Is(column, value) => {
                self.say(&format!("NOT (r.{column} <> ")).bind(value.clone()).say(")");
            }
            Test::OneOf(_, values) | Test::OneTerm(_, values) if values.is_empty() => {
                self.say("1 = 0");
            }
            Test::OneOf(column, values) => {
                self.say(&format!("NOT (r.{column} NOT IN ")).list(values).say(")");
            }
            Test::Nothing(column) => {
                self.say(&format!("r.{column} IS NULL"));
            }
            Test::AtLeast(column, value) => {
                self.say(&format!("NOT (r.{column} < ")).bind(*value).say(")");
            }
            Test::AtMost(column, value) => {
                self.say(&format!("NOT (r.{column} > ")).bind(*value).say(")");
            }
            Test::Term(kind, term) => {
                self.say("EXISTS (SELECT 1 FROM recording_terms w WHERE w.kind = ").bind(*kind).say(" AND w.term = ").bind(term.clone());
                self.say(" AND w.started_at = r.started_at AND w.recording = r.id)");
            }
            Test::OneTerm(kind, terms) => {
                self.say("EXISTS (SELECT 1 FROM recording_terms w WHERE w.recording = r.id AND w.kind = ")
                    .bind(*kind)
                    .say(" AND w.term IN ");
                self.list(terms).say(")");
            }
            Test::Beginning(ranges) => {
                self.say("(");
                for (n, range) in ranges.iter().enumerate() {
                    self.say(if n > 0 { " OR " } else { "" });
                    self.say("EXISTS (SELECT 1 FROM recording_terms w WHERE w.recording = r.id AND w.kind = ").bind(range.kind);
                    self.say(" AND w.term >= ").bind(range.from.as_str()).say(" AND w.term < ").bind(range.to().as_str()).say(")");
                }
                self.say(")");
            }
        }
    }

    /// The rows of a test that leads: `id` and `started_at`, as `t`.
    fn lead(&mut self, test: &Test, bounds: &Bounds) {
        match test {
            Test::Is(column, value) => {
                self.say(&format!("SELECT t.id, t.started_at FROM recordings t WHERE t.{column} = ")).bind(value.clone());
                self.bounds("t", "id", bounds);
            }
            Test::Term(kind, term) => {
                self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t WHERE t.kind = ").bind(*kind);
                self.say(" AND t.term = ").bind(term.clone());
                self.bounds("t", "recording", bounds);
            }
            Test::AtLeast(column, value) | Test::AtMost(column, value) => {
                let sign = if matches!(test, Test::AtLeast(..)) { ">=" } else { "<=" };
                self.say(&format!("SELECT t.id, t.started_at FROM recordings t WHERE t.{column} {sign} ")).bind(*value);
                self.bounds("t", "id", bounds);
            }
            Test::Beginning(ranges) => {
                for (n, range) in ranges.iter().enumerate() {
                    self.say(if n > 0 { " UNION ALL " } else { "" });
                    self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t WHERE t.kind = ").bind(range.kind);
                    self.say(" AND t.term >= ").bind(range.from.as_str()).say(" AND t.term < ").bind(range.to().as_str());
                    self.bounds("t", "recording", bounds);
                }
            }
            Test::OneOf(..) | Test::OneTerm(..) | Test::Nothing(_) => {
                self.say("SELECT t.id, t.started_at FROM recordings t WHERE 1 = 0");
            }
        }
    }
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
        sql.list(&ids);
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
        let mut reading = Searching(self.read.acquire().await?);
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
struct Searching(PoolConnection<Any>);

impl Searching {
    async fn rows(&mut self, places: Vec<Place>) -> Result<Vec<Recording>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Value> = places.into_iter().map(|(_, id)| Value::Text(id)).collect();
        let mut sql = Sql::of(ROW);
        sql.say(" WHERE r.id IN ").list(&ids);
        let mut items = self.fetch(sql).await?.iter().map(recording_of).collect::<Result<Vec<_>>>()?;
        items.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
        Ok(items)
    }

    /// The newest places at which all tests hold.
    async fn branch(&mut self, tests: Vec<Test>, bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let (mut ordered, mut sorted): (Lead, Lead) = (None, None);
        for (n, test) in tests.iter().enumerate().filter(|(_, test)| leads(test)) {
            let count = self.count(test, bounds, COUNTED).await?;
            if count == 0 {
                return Ok(Vec::new());
            }
            let best = if is_sorted(test) { &mut sorted } else { &mut ordered };
            if best.is_none_or(|(least, _)| count < least) {
                *best = Some((count, n));
            }
        }
        // What is counted to its end leads, the least of all; a rare one that has to be sorted costs a little more for each row.
        let rare = |lead: Lead| lead.filter(|(count, _)| *count < COUNTED);
        match (rare(ordered), rare(sorted)) {
            (Some((count, n)), Some((other, _))) if count <= other => self.led(&tests, Some(n), bounds, rows, None).await,
            (_, Some((_, n))) => {
                let newest = self.led(&tests, Some(n), bounds, rows, Some(FIRST_SORTED)).await?;
                if is_full(&newest, rows) { Ok(newest) } else { self.led(&tests, Some(n), bounds, rows, None).await }
            }
            (Some((_, n)), None) => self.led(&tests, Some(n), bounds, rows, None).await,
            // Nothing is rare. The newest are looked through; where that does not do, what is sorted may all be old.
            (None, None) => {
                let walked = ordered.map(|(_, n)| n);
                if sorted.is_none() {
                    return self.led(&tests, walked, bounds, rows, None).await;
                }
                let newest = self.led(&tests, walked, bounds, rows, Some(FIRST_WALKED)).await?;
                if is_full(&newest, rows) { Ok(newest) } else { self.all_old(&tests, walked, bounds, rows).await }
            }
        }
    }

    /// What is asked for is hardly among the newest: led by the rarest of what has to be sorted, where one is rare enough for that.
    async fn all_old(&mut self, tests: &[Test], walked: Option<usize>, bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let mut rarest: Lead = None;
        for (n, test) in tests.iter().enumerate().filter(|(_, test)| is_sorted(test)) {
            let count = self.count(test, bounds, SORTED).await?;
            if rarest.is_none_or(|(least, _)| count < least) {
                rarest = Some((count, n));
            }
        }
        let Some((_, n)) = rarest.filter(|(count, _)| *count < SORTED) else { return self.led(tests, walked, bounds, rows, None).await };
        let newest = self.led(tests, Some(n), bounds, rows, Some(FIRST_WALKED)).await?;
        if is_full(&newest, rows) { Ok(newest) } else { self.led(tests, Some(n), bounds, rows, None).await }
    }

    /// How many rows a test gives; `up_to` where there may be more.
    async fn count(&mut self, test: &Test, bounds: &Bounds, up_to: i64) -> Result<i64> {
        let singles = singles(test);
        let each = up_to / i64::try_from(singles.len()).unwrap_or(1).max(1);
        let mut all = 0;
        for single in singles {
            let mut sql = Sql::of("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM (");
            sql.lead(&single, bounds);
            sql.say(&format!(") AS l LIMIT {each}) AS c"));
            let found = Reading::of("recordings", &self.fetch_one(sql).await?).number("n")?;
            if found >= each {
                return Ok(up_to);
            }
            all += found;
        }
        Ok(all)
    }

    /// The newest places at which all tests hold, of those that one of them gives, or of all: of the `within` newest of these.
    async fn led(&mut self, tests: &[Test], lead: Option<usize>, bounds: &Bounds, rows: i64, within: Option<i64>) -> Result<Vec<Place>> {
        let rest: Vec<&Test> = tests.iter().enumerate().filter(|(n, _)| Some(*n) != lead).map(|(_, test)| test).collect();
        let Some(lead) = lead.map(|n| &tests[n]) else { return self.led_by(None, &rest, bounds, rows, within).await };
        let mut places = Vec::new();
        for single in singles(lead) {
            places.extend(self.led_by(Some(&single), &rest, bounds, rows, within).await?);
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        Ok(places)
    }

    async fn led_by(&mut self, lead: Option<&Test>, rest: &[&Test], bounds: &Bounds, rows: i64, within: Option<i64>) -> Result<Vec<Place>> {
        let mut sql = Sql::default();
        match lead {
            // One index gives the rows in their order, and says what else is asked of them.
            Some(Test::Is(..)) | None if within.is_none() => {
                sql.say("SELECT r.id, r.started_at FROM recordings r WHERE ");
                match lead {
                    Some(Test::Is(column, value)) => sql.say(&format!("r.{column} = ")).bind(value.clone()),
                    _ => sql.say("1 = 1"),
                };
                sql.bounds("r", "id", bounds);
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY r.started_at DESC, r.id DESC LIMIT ").bind(rows);
            }
            Some(Test::Term(kind, term)) if within.is_none() => {
                sql.say("SELECT t.recording AS id, t.started_at FROM recording_terms t");
                sql.say(if rest.is_empty() { "" } else { " CROSS JOIN recordings r" });
                sql.say(" WHERE t.kind = ").bind(*kind).say(" AND t.term = ").bind(term.clone());
                sql.bounds("t", "recording", bounds);
                sql.say(if rest.is_empty() { "" } else { " AND r.started_at = t.started_at AND NOT (r.id <> t.recording)" });
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY t.started_at DESC, t.recording DESC LIMIT ").bind(rows);
            }
            lead => {
                sql.say("WITH found AS MATERIALIZED (");
                if let Some(lead) = lead {
                    sql.lead(lead, bounds);
                } else {
                    sql.say("SELECT t.id, t.started_at FROM recordings t WHERE 1 = 1");
                    sql.bounds("t", "id", bounds);
                }
                if let Some(within) = within {
                    sql.say(" ORDER BY 2 DESC, 1 DESC LIMIT ").bind(within);
                }
                sql.say(") SELECT DISTINCT found.id, found.started_at FROM found");
                sql.say(if rest.is_empty() {
                    " WHERE 1 = 1"
                } else {
                    " CROSS JOIN recordings r WHERE r.started_at = found.started_at AND NOT (r.id <> found.id)"
                });
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY 2 DESC, 1 DESC LIMIT ").bind(rows);
            }
        }
        self.places(sql).await
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
        fetch(&mut self.0, sql.text, sql.values).await
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

fn is_full(places: &[Place], rows: i64) -> bool {
    i64::try_from(places.len()).is_ok_and(|found| found >= rows)
}

/// Of a list of values, each.
fn singles(test: &Test) -> Vec<Test> {
    match test {
        Test::OneOf(column, values) => values.iter().map(|value| Test::Is(column, value.clone())).collect(),
        Test::OneTerm(kind, terms) => terms.iter().map(|term| Test::Term(kind, term.clone())).collect(),
        one => vec![one.clone()],
    }
}

/// How many rows a test gives, counted up to [`COUNTED`], and its place.
type Lead = Option<(i64, usize)>;

/// Whether what it gives is in no order.
fn is_sorted(test: &Test) -> bool {
    matches!(test, Test::Beginning(_) | Test::AtLeast(..) | Test::AtMost(..))
}
