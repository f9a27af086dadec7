//! Statements of searches, put together: only fixed words enter their text, every value is bound.
//!
//! Databases are told what they cannot guess. A column that is looked up is written so that SQLite takes no index for it (`NOT (a <> b)`), which PostgreSQL
//! reads as `a = b`; where neither of them may take one, since what is looked up lies beside each other in the order of time alone, `a || '' = b` is
//! written. A term that is looked up is asked for with `LIMIT 1 OFFSET 0`, which neither of them turns into a join of its own.

use crate::archive::narrow::{Bounds, Range, Test, Value};

/// A statement.
#[derive(Clone, Default)]
pub(super) struct Sql {
    pub text: String,
    pub values: Vec<Value>,
}

/// What a row's place is called.
#[derive(Clone, Copy)]
struct Names {
    id: &'static str,
    at: &'static str,
}

const OF_ROWS: Names = Names { id: "r.id", at: "r.started_at" };
const OF_TERMS: Names = Names { id: "t.recording", at: "t.started_at" };
const OF_FOUND: Names = Names { id: "f.id", at: "f.started_at" };

/// A test of what a leading one gives.
#[derive(Clone, Copy)]
pub(super) struct Tried<'a> {
    pub test: &'a Test,
    /// All that it gives is read once, instead of a look for each row.
    pub as_a_set: bool,
}

impl Sql {
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    pub fn list(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Self {
        self.say("(");
        for (n, value) in values.into_iter().enumerate() {
            self.say(if n > 0 { ", " } else { "" }).bind(value);
        }
        self.say(")")
    }

    /// How many rows each of these tests gives within the bounds (of no test, all rows), counted up to a limit: rows of `place` and `n`.
    pub fn counts(tests: &[Option<&Test>], bounds: &Bounds, up_to: i64) -> Self {
        let mut sql = Self::default();
        for (place, test) in tests.iter().enumerate() {
            sql.say(if place > 0 { " UNION ALL " } else { "" });
            sql.say(&format!("SELECT CAST({place} AS BIGINT) AS place, COUNT(*) AS n FROM (SELECT 1 AS one FROM ("));
            match test {
                Some(test) => sql.rows_of(test, bounds),
                None => sql.say("SELECT t.id FROM recordings t WHERE 1 = 1").bounds("t.id", "t.started_at", bounds),
            };
            sql.say(&format!(") AS l LIMIT {up_to}) AS c"));
        }
        sql
    }

    /// The newest `rows` places at which all tests hold, of those that one test gives, or of all. In no order where they come from several.
    pub fn newest(lead: Option<&Test>, rest: &[Tried<'_>], bounds: &Bounds, rows: i64) -> Self {
        let mut sql = Self::default();
        match lead {
            None => {
                sql.newest_rows(None, rest, bounds, rows);
            }
            Some(Test::Is(column, value)) => {
                sql.newest_rows(Some((column, value)), rest, bounds, rows);
            }
            Some(Test::Term(kind, term)) => {
                sql.newest_of_term(kind, term, rest, bounds, rows);
            }
            Some(Test::OneOf(column, values)) if *column != "id" => {
                sql.each(values, |sql, value| sql.newest_rows(Some((column, value)), rest, bounds, rows));
            }
            Some(Test::OneTerm(kind, terms)) => {
                sql.each(terms, |sql, term| sql.newest_of_term(kind, term, rest, bounds, rows));
            }
            // These come in no order: all of them first.
            Some(test) => {
                sql.say("WITH found AS MATERIALIZED (").rows_of(test, bounds).say(") SELECT DISTINCT f.id, f.started_at FROM found f");
                sql.joined(OF_FOUND, rest).tests(OF_FOUND, rest, bounds).say(" ORDER BY 2 DESC, 1 DESC LIMIT ").bind(rows);
            }
        }
        sql
    }

    /// A statement for each value, all in one.
    fn each(&mut self, values: &[Value], newest: impl Fn(&mut Self, &Value)) {
        if values.is_empty() {
            self.say("SELECT r.id, r.started_at FROM recordings r WHERE 1 = 0");
        }
        for (n, value) in values.iter().enumerate() {
            self.say(if n > 0 { " UNION ALL " } else { "" }).say("SELECT * FROM (");
            newest(self, value);
            self.say(&format!(") AS p{n}"));
        }
    }

    /// One index gives the rows in their order, and says what else is asked of them.
    fn newest_rows(&mut self, lead: Option<(&str, &Value)>, rest: &[Tried<'_>], bounds: &Bounds, rows: i64) {
        self.say("SELECT r.id, r.started_at FROM recordings r WHERE ");
        match lead {
            Some((column, value)) => self.say(&format!("r.{column} = ")).bind(value.clone()),
            None => self.say("1 = 1"),
        };
        self.bounds("r.id", "r.started_at", bounds).tests(OF_ROWS, rest, bounds);
        self.say(" ORDER BY r.started_at DESC, r.id DESC LIMIT ").bind(rows);
    }

    fn newest_of_term(&mut self, kind: &'static str, term: &Value, rest: &[Tried<'_>], bounds: &Bounds, rows: i64) {
        self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t").joined(OF_TERMS, rest);
        self.term("t", kind, term).bounds("t.recording", "t.started_at", bounds).tests(OF_TERMS, rest, bounds);
        self.say(" ORDER BY t.started_at DESC, t.recording DESC LIMIT ").bind(rows);
    }

    /// Rows of `recordings` beside places, where a test looks at them; begins the conditions.
    fn joined(&mut self, names: Names, rest: &[Tried<'_>]) -> &mut Self {
        if rest.iter().any(|tried| tried.test.is_of_row()) {
            let Names { id, at } = names;
            self.say(&format!(" CROSS JOIN recordings r WHERE r.started_at = {at} AND r.id || '' = {id}"))
        } else {
            self.say(" WHERE 1 = 1")
        }
    }

    /// Every row that a test gives: `id` and `started_at`, some twice.
    fn rows_of(&mut self, test: &Test, bounds: &Bounds) -> &mut Self {
        let nothing = "SELECT t.id, t.started_at FROM recordings t WHERE 1 = 0";
        let of_column = |column: &str| format!("SELECT t.id, t.started_at FROM recordings t WHERE t.{column} ");
        match test {
            Test::Is(column, value) => self.say(&of_column(column)).say("= ").bind(value.clone()),
            Test::AtLeast(column, value) => {
                self.say(&of_column(column)).say(">= ").bind(*value);
                return self.tried_bounds(bounds);
            }
            Test::AtMost(column, value) => {
                self.say(&of_column(column)).say("<= ").bind(*value);
                return self.tried_bounds(bounds);
            }
            Test::OneOf(column, values) if !values.is_empty() => self.say(&of_column(column)).say("IN ").list(values.iter().cloned()),
            Test::Term(kind, term) => {
                self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t WHERE 1 = 1").term("t", kind, term);
                return self.bounds("t.recording", "t.started_at", bounds);
            }
            Test::OneTerm(kind, terms) if !terms.is_empty() => {
                self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t WHERE t.kind = ").bind(*kind);
                self.say(" AND t.stretch = 0 AND t.term IN ").list(terms.iter().cloned());
                return self.bounds("t.recording", "t.started_at", bounds);
            }
            Test::Beginning(ranges) => return self.begun(ranges, bounds),
            Test::OneOf(..) | Test::OneTerm(..) | Test::Nothing(_) => return self.say(nothing),
        };
        self.bounds("t.id", "t.started_at", bounds)
    }

    /// Terms that begin so, in each stretch of the bounds.
    fn begun(&mut self, ranges: &[Range], bounds: &Bounds) -> &mut Self {
        let stretches = bounds.stretches();
        for (n, range) in ranges.iter().enumerate() {
            self.say(if n > 0 { " UNION ALL " } else { "" });
            self.say("SELECT t.recording AS id, t.started_at FROM recording_terms t WHERE t.kind = ").bind(range.kind);
            self.say(" AND t.stretch IN ").list(stretches.clone());
            self.say(" AND t.term >= ").bind(range.from.as_str()).say(" AND t.term < ").bind(range.to().as_str());
            self.bounds("t.recording", "t.started_at", bounds);
        }
        self
    }

    fn term(&mut self, alias: &str, kind: &'static str, term: &Value) -> &mut Self {
        self.say(&format!(" AND {alias}.kind = ")).bind(kind);
        self.say(&format!(" AND {alias}.stretch = 0 AND {alias}.term = ")).bind(term.clone())
    }

    /// Times, and where the page before ended.
    fn bounds(&mut self, id: &str, at: &str, bounds: &Bounds) -> &mut Self {
        if let Some(from) = bounds.from {
            self.say(&format!(" AND {at} >= ")).bind(from);
        }
        if let Some(to) = bounds.to {
            self.say(&format!(" AND {at} < ")).bind(to);
        }
        if let Some((started_at, last)) = &bounds.after {
            self.say(&format!(" AND ({at}, {id}) < (")).bind(*started_at).say(", ").bind(last.clone()).say(")");
        }
        self
    }

    /// The same of rows `t`, for an index that does not begin with the time: none that does is taken for it.
    fn tried_bounds(&mut self, bounds: &Bounds) -> &mut Self {
        if let Some(from) = bounds.from {
            self.say(" AND NOT (t.started_at < ").bind(from).say(")");
        }
        if let Some(to) = bounds.to {
            self.say(" AND NOT (t.started_at >= ").bind(to).say(")");
        }
        if let Some((started_at, last)) = &bounds.after {
            self.say(" AND NOT ((t.started_at, t.id) >= (").bind(*started_at).say(", ").bind(last.clone()).say("))");
        }
        self
    }

    fn tests(&mut self, names: Names, tests: &[Tried<'_>], bounds: &Bounds) -> &mut Self {
        for tried in tests {
            self.say(" AND ");
            if tried.as_a_set {
                // No index is taken for it: the leading test gives the order.
                self.say(&format!("{} || '' IN (SELECT s.id FROM (", names.id)).rows_of(tried.test, bounds).say(") AS s)");
            } else {
                self.looked_up(names, tried.test);
            }
        }
        self
    }

    fn looked_up(&mut self, Names { id, at }: Names, test: &Test) {
        let found = "EXISTS (SELECT 1 FROM recording_terms w WHERE";
        let of_row = format!("{found} w.recording = {id} AND w.kind = ");
        match test {
            Test::Is(column, value) => self.say(&format!("NOT (r.{column} <> ")).bind(value.clone()).say(")"),
            Test::OneOf(_, values) | Test::OneTerm(_, values) if values.is_empty() => self.say("1 = 0"),
            Test::OneOf(column, values) => self.say(&format!("NOT (r.{column} NOT IN ")).list(values.iter().cloned()).say(")"),
            Test::Nothing(column) => self.say(&format!("r.{column} IS NULL")),
            Test::AtLeast(column, value) => self.say(&format!("NOT (r.{column} < ")).bind(*value).say(")"),
            Test::AtMost(column, value) => self.say(&format!("NOT (r.{column} > ")).bind(*value).say(")"),
            Test::Term(kind, term) => {
                // Beside each other, where rows come in the order of time: not by the recording, here and there.
                self.say(found).say(&format!(" w.started_at = {at} AND w.recording || '' = {id}"));
                self.term("w", kind, term).say(" LIMIT 1 OFFSET 0)")
            }
            Test::OneTerm(kind, terms) => {
                self.say(&of_row).bind(*kind).say(" AND w.term IN ").list(terms.iter().cloned()).say(" LIMIT 1 OFFSET 0)")
            }
            Test::Beginning(ranges) => {
                self.say("(");
                for (n, range) in ranges.iter().enumerate() {
                    self.say(if n > 0 { " OR " } else { "" }).say(&of_row).bind(range.kind);
                    self.say(" AND w.term >= ").bind(range.from.as_str()).say(" AND w.term < ").bind(range.to().as_str());
                    self.say(" LIMIT 1 OFFSET 0)");
                }
                self.say(")")
            }
        };
    }
}
