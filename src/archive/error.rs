//! What the archive says no to.

/// What the catalogue said no to. No variant carries a value from a row: errors reach logs, personal data does not.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Nothing of that name.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// The name is taken.
    #[error("there is a {what} `{name}` already")]
    Exists {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// Something still needs it.
    #[error("{what} `{name}` cannot be deleted: {why}")]
    InUse {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
        /// What needs it.
        why: String,
    },
    /// It is not what the caller took it for.
    #[error("{what} `{name}` was changed, made or deleted meanwhile; read it again")]
    ChangedMeanwhile {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// Something that cannot be kept as it is: names the field.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database was written by a newer Ferric.
    #[error(
        "the catalogue has schema {found}, this Ferric knows schemas up to {known}: start a newer Ferric, or restore the copy made before the upgrade"
    )]
    Newer {
        /// Schema found.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error("catalogue: its schema could not be brought up to date: {0}")]
    Schema(sqlx::migrate::MigrateError),
    /// A row that does not read.
    #[error("catalogue: column `{column}` of a row of `{table}` does not read")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
    },
    /// A file beside the database.
    #[error("{path}: {why}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database.
    #[error("catalogue: {0}")]
    Database(#[from] sqlx::Error),
}

impl ArchiveError {
    /// Nothing has this name.
    pub fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { what, name: name.into() }
    }

    /// It may go as well as it failed: the database cannot be reached, takes no changes now (a full disk, a switch to another server), is being restored or
    /// is held up by others. What is wrong with a value or with a row that it needs stays so however often one tries.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error {
            sqlx::Error::Database(error) => !error.code().is_some_and(|code| is_lasting(&code)),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => true,
            _ => false,
        }
    }

    /// The catalogue is closed, because the node stops.
    #[must_use]
    pub fn is_of_stopping(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::PoolClosed))
    }

    pub(super) fn invalid(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), why: why.into() }
    }
}

/// PostgreSQL has codes of five characters whose first two are their class (its manual, appendix A); SQLite has numbers whose low byte is the primary code
/// (sqlite.org, "Result and Error Codes").
fn is_lasting(code: &str) -> bool {
    if code.len() == 5 {
        // Data, constraints, limits of the program.
        return code.get(..2).is_some_and(|class| ["22", "23", "54"].contains(&class));
    }
    // TOOBIG, CONSTRAINT, MISMATCH, RANGE.
    code.parse::<u32>().is_ok_and(|code| [18, 19, 20, 25].contains(&(code & 0xff)))
}

pub(super) type Result<T> = std::result::Result<T, ArchiveError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_value_lasts_and_what_is_wrong_with_the_database_passes() {
        let lasting = ["22021", "23503", "23505", "54000", "19", "787", "2067", "18"];
        let passing =
            ["08006", "53100", "57P01", "57P03", "25006", "40001", "3D000", "42P01", "28P01", "13", "5", "10", "11", "26", "3850"];
        assert!(lasting.iter().all(|code| is_lasting(code)) && !passing.iter().any(|code| is_lasting(code)));
        assert!(ArchiveError::Database(sqlx::Error::PoolTimedOut).is_passing());
        assert!(!ArchiveError::Database(sqlx::Error::RowNotFound).is_passing());
        assert!(!ArchiveError::not_found("project", "p").is_passing());
    }
}
