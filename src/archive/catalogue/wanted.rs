//! Conditions that a list is asked for, with their values. Only fixed words and numbers of places enter a statement's text; every value is bound.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::archive::error::Result;
use crate::archive::narrow::Value;

/// Conditions that all have to hold.
#[derive(Default)]
pub(super) struct Wanted {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Wanted {
    /// Binds a value: its place in the text.
    pub(super) fn place(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    /// A condition whose values are bound already, or that has none.
    pub(super) fn says(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// A column and a sign, as `at >=`, and what stands behind them.
    pub(super) fn test(&mut self, test: &'static str, value: impl Into<Value>) {
        let place = self.place(value);
        self.says(format!("{test} ${place}"));
    }

    /// A column is one of these; of none, nothing is found.
    pub(super) fn one_of(&mut self, column: &'static str, values: impl IntoIterator<Item = impl Into<Value>>) {
        let places: Vec<String> = values.into_iter().map(|value| format!("${}", self.place(value))).collect();
        self.says(if places.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({})", places.join(", ")) });
    }

    /// The first rows for which all of it holds.
    pub(super) async fn fetch(self, c: &mut AnyConnection, select: &str, order: &str, rows: i64) -> Result<Vec<AnyRow>> {
        let Self { conditions, mut values } = self;
        let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        values.push(rows.into());
        fetch(c, format!("{select} {filter} ORDER BY {order} LIMIT ${}", values.len()), values).await
    }
}

/// The rows of a statement whose text holds fixed words and places alone.
pub(super) async fn fetch(c: &mut AnyConnection, text: String, values: Vec<Value>) -> Result<Vec<AnyRow>> {
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        };
    }
    Ok(query.fetch_all(c).await?)
}
