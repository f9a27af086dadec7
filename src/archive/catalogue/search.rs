//! Pages of the archive: recordings that a filter asks for and a sight covers, newest first (archive.md A6, B2, B3).
//!
//! What narrows a list is a set of tests that all have to hold. One of them *leads*: its index is walked from the newest on, and the others are looked up for
//! each row that it gives. Which one leads is a matter of how many rows it would give, counted up to a limit: whatever is combined, a page costs about as
//! much as the rarest of its tests, and where none is rare a page is full soon. Databases do not choose so by themselves: SQLite knows nothing of how often
//! a single value is there. Every test that does not lead is written so that SQLite takes no index for it (`NOT (a <> b)`), which PostgreSQL reads as `a = b`.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::Reading;
use super::recordings::{ROW, recording_of};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::narrow::{Bounds, Test, Value, tests};
use crate::archive::recording::{ListFilter, Page, Recording};
use crate::archive::rights::Sight;

/// How far rows of a test are counted.
const COUNTED: i64 = 20_000;
/// A test that gives no order leads where it gives at most so many rows: they are sorted.
const SORTED: i64 = 5_000;
/// The values of a list are walked one by one, where there are no more than so many.
const WALKED: usize = 16;

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
        let in_groups = match &sight.groups {
            Some(groups) => Some(self.agents_in(groups).await?),
            None => None,
        };
        let (bounds, branches) = tests(filter, sight, in_groups)?;
        let mut places: Vec<Place> = Vec::new();
        for branch in branches {
            places.extend(self.branch(branch, &bounds, i64::from(limit) + 1).await?);
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        let more = places.len() > limit as usize;
        places.truncate(limit as usize);
        let items = self.rows(places).await?;
        let next = items.last().filter(|_| more).map(ListFilter::key_of);
        Ok(Page { items, next })
    }

    /// Agents who are in one of these groups.
    #[allow(clippy::unused_async)]
    async fn agents_in(&self, _groups: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }

    async fn rows(&self, places: Vec<Place>) -> Result<Vec<Recording>> {
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
    async fn branch(&self, tests: Vec<Test>, bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let mut best: Option<(i64, usize)> = None;
        let candidates: Vec<usize> = (0..tests.len()).filter(|n| leads(&tests[*n])).collect();
        let alone = candidates.len() == 1 && !sorted(&tests[candidates[0]]);
        for n in candidates {
            let count = if alone { 0 } else { self.count(&tests[n], bounds).await? };
            let fits = !sorted(&tests[n]) || count <= SORTED;
            if fits && best.is_none_or(|(least, _)| count < least) {
                best = Some((count, n));
            }
            if count == 0 && !alone {
                return Ok(Vec::new());
            }
        }
        let Some((_, lead)) = best else { return self.walk(&tests, bounds, rows).await };
        let mut rest = tests;
        let lead = rest.remove(lead);
        let singles: Vec<Test> = match lead {
            Test::OneOf(column, values) => values.into_iter().map(|value| Test::Is(column, value)).collect(),
            Test::OneTerm(kind, terms) => terms.into_iter().map(|term| Test::Term(kind, term)).collect(),
            one => vec![one],
        };
        let mut places = Vec::new();
        for single in singles {
            places.extend(self.led(&single, &rest, bounds, rows).await?);
        }
        Ok(places)
    }

    async fn count(&self, test: &Test, bounds: &Bounds) -> Result<i64> {
        let singles: Vec<Test> = match test {
            Test::OneOf(column, values) => values.iter().map(|value| Test::Is(column, value.clone())).collect(),
            Test::OneTerm(kind, terms) => terms.iter().map(|term| Test::Term(kind, term.clone())).collect(),
            one => vec![one.clone()],
        };
        let mut all = 0;
        for single in singles {
            let mut sql = Sql::of("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM (");
            sql.lead(&single, bounds);
            sql.say(&format!(") AS l LIMIT {COUNTED}) AS c"));
            all += Reading::of("recordings", &self.fetch_one(sql).await?).number("n")?;
        }
        Ok(all)
    }

    /// From the newest recording on.
    async fn walk(&self, tests: &[Test], bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let mut sql = Sql::of("SELECT r.id, r.started_at FROM recordings r WHERE 1 = 1");
        sql.bounds("r", "id", bounds);
        tests.iter().for_each(|test| sql.test(test));
        sql.say(" ORDER BY r.started_at DESC, r.id DESC LIMIT ").bind(rows);
        self.places(sql).await
    }

    async fn led(&self, lead: &Test, rest: &[Test], bounds: &Bounds, rows: i64) -> Result<Vec<Place>> {
        let mut sql = Sql::default();
        match lead {
            Test::Is(column, value) => {
                sql.say(&format!("SELECT r.id, r.started_at FROM recordings r WHERE r.{column} = ")).bind(value.clone());
                sql.bounds("r", "id", bounds);
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY r.started_at DESC, r.id DESC LIMIT ").bind(rows);
            }
            Test::Term(kind, term) => {
                let alone = rest.is_empty();
                sql.say("SELECT t.recording AS id, t.started_at FROM recording_terms t");
                sql.say(if alone { "" } else { " CROSS JOIN recordings r" });
                sql.say(" WHERE t.kind = ").bind(*kind).say(" AND t.term = ").bind(term.clone());
                sql.bounds("t", "recording", bounds);
                sql.say(if alone { "" } else { " AND r.id = t.recording AND r.started_at = t.started_at" });
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY t.started_at DESC, t.recording DESC LIMIT ").bind(rows);
            }
            sorted => {
                sql.say("WITH found AS MATERIALIZED (");
                sql.lead(sorted, bounds);
                sql.say(") SELECT DISTINCT r.id, r.started_at FROM found CROSS JOIN recordings r WHERE r.id = found.id");
                rest.iter().for_each(|test| sql.test(test));
                sql.say(" ORDER BY r.started_at DESC, r.id DESC LIMIT ").bind(rows);
            }
        }
        self.places(sql).await
    }

    async fn places(&self, sql: Sql) -> Result<Vec<Place>> {
        let rows = self.fetch(sql).await?;
        rows.iter()
            .map(|row| {
                let row = Reading::of("recordings", row);
                Ok((row.number("started_at")?, row.text("id")?))
            })
            .collect()
    }

    async fn fetch(&self, sql: Sql) -> Result<Vec<AnyRow>> {
        // A plan is made for these values: one for any values would take the wrong index.
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.text)).persistent(false);
        for value in sql.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(&self.read).await?)
    }

    async fn fetch_one(&self, sql: Sql) -> Result<AnyRow> {
        self.fetch(sql).await?.pop().ok_or(ArchiveError::Damaged { table: "recordings", column: "id" })
    }
}

fn leads(test: &Test) -> bool {
    match test {
        Test::Is(..) | Test::Term(..) | Test::Beginning(_) | Test::AtLeast(..) | Test::AtMost(..) => true,
        Test::OneOf(_, values) | Test::OneTerm(_, values) => values.len() <= WALKED,
        Test::Nothing(_) => false,
    }
}

/// Whether what it gives is in no order.
fn sorted(test: &Test) -> bool {
    matches!(test, Test::Beginning(_) | Test::AtLeast(..) | Test::AtMost(..))
}
