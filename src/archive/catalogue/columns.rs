//! How values stand in columns: words of enums as TEXT, structures as JSON, times as nanoseconds.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::archive::error::{ArchiveError, Result};
use crate::model::time::WallClock;

/// A structure as JSON text.
pub(super) fn json<T: Serialize>(value: &T, column: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|_| ArchiveError::invalid(column, "cannot be written as JSON"))
}

/// An enum without data as its name on every surface.
pub(super) fn word<T: Serialize>(value: &T, column: &'static str) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(ArchiveError::invalid(column, "is no word")),
    }
}

/// A row being read: errors name table and column, never the value.
pub(super) struct Reading<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Reading<'r> {
    pub(super) fn of(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    fn damaged(&self, column: &'static str) -> ArchiveError {
        ArchiveError::Damaged { table: self.table, column }
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        self.row.try_get(column).map_err(|_| self.damaged(column))
    }

    pub(super) fn maybe_text(&self, column: &'static str) -> Result<Option<String>> {
        self.row.try_get(column).map_err(|_| self.damaged(column))
    }

    pub(super) fn number(&self, column: &'static str) -> Result<i64> {
        self.row.try_get(column).map_err(|_| self.damaged(column))
    }

    pub(super) fn maybe_number(&self, column: &'static str) -> Result<Option<i64>> {
        self.row.try_get(column).map_err(|_| self.damaged(column))
    }

    pub(super) fn time(&self, column: &'static str) -> Result<WallClock> {
        self.number(column).map(WallClock)
    }

    pub(super) fn maybe_time(&self, column: &'static str) -> Result<Option<WallClock>> {
        Ok(self.maybe_number(column)?.map(WallClock))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>> {
        self.maybe_text(column)?.map(|t| serde_json::from_str(&t).map_err(|_| self.damaged(column))).transpose()
    }

    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        serde_json::from_value(serde_json::Value::String(text)).map_err(|_| self.damaged(column))
    }

    pub(super) fn maybe_word<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>> {
        self.maybe_text(column)?.map(|t| serde_json::from_value(serde_json::Value::String(t)).map_err(|_| self.damaged(column))).transpose()
    }
}
