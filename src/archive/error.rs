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

    /// The database cannot be reached, takes no changes now (a full disk, a switch to another server) or is held up by others: what failed may be tried
    /// again, unchanged. Any other error stays what it is however often one tries.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                true
            }
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
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
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        // Connections, serialization and deadlocks, no resources (a full disk), not in the state for it, an operator, the system; a server that only reads.
        return ["08", "40", "53", "55", "57", "58"].contains(&&code[..2]) || code == "25006";
    }
    // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    code.parse::<u32>().is_ok_and(|code| [5, 6, 8, 10, 13, 14].contains(&(code & 0xff)))
}

pub(super) type Result<T> = std::result::Result<T, ArchiveError>;
