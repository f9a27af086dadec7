//! The catalogue: one schema, one code path, SQLite by default.
//!
//! Invariants: every change is one statement, or a transaction whose first statement writes (so that two of them stand in a line on any database);
//! events come with their numbers (see `event_log`); nothing of a row is ever part of an error.

mod amending;
mod answers;
mod audit;
mod changing;
mod chats;
mod columns;
mod configured;
mod consent_texts;
mod deletions;
mod events;
mod holds;
mod internal_links;
mod keys;
mod live;
mod outbox;
mod people;
mod people_changing;
mod recordings;
mod requesters;
mod search;
mod sessions;
mod share_configuration;
mod share_copies;
mod share_entry;
mod share_log;
mod shares;
mod sorting;
mod terms;
mod triage;
mod uploads;
mod visibility;
mod wanted;
mod webhooks;

pub use changing::{Changing, Put};
pub use keys::KeyOwner;
pub use live::RowChange;
pub use people::SignInRow;
pub use people_changing::Credentials;
pub use search::NamesSeen;
pub use share_entry::{CodeBounds, NewCode, Opened};

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction};

use super::error::{ArchiveError, Result};
use super::schema;

/// Connections that read at once.
const READERS: u32 = 4;
/// How long a connection to PostgreSQL is waited for, be the server away or all of them in use: telephones wait for what is looked up meanwhile.
const CONNECTED: Duration = Duration::from_secs(5);
/// How long a connection to PostgreSQL may take to be through with what nobody waits for any more.
const WELL: Duration = Duration::from_mins(1);
/// How long a change waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(30);
/// How long emptying the write-ahead log waits for those who read: every change waits for it meanwhile.
const BRIEF: Duration = Duration::from_millis(100);

/// The catalogue. Clones share it.
#[derive(Clone)]
pub struct Catalogue {
    /// Reads.
    read: AnyPool,
    /// Changes. One connection for SQLite, which has one writer anyway: waiting in a queue is fairer and quicker than its polling.
    write: AnyPool,
    /// So many rows are many to a search.
    many: i64,
    /// It is a file with a write-ahead log beside it.
    is_file: bool,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalogue")
    }
}

impl Catalogue {
    /// Opens `sqlite:<path>` (made where absent, mode 0600) and brings its schema up to date; makes the project `default` where there is none.
    /// `postgres://…` opens a PostgreSQL database with the same schema and the same statements.
    pub async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let catalogue = if let Some(path) = url.strip_prefix("sqlite:") {
            Self::open_sqlite(path.strip_prefix("//").unwrap_or(path)).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            AnyConnection::connect(url).await?.close().await?;
            let options = AnyPoolOptions::new().max_connections(READERS + 4).acquire_timeout(CONNECTED).after_connect(|c, _| {
                Box::pin(async move {
                    // A search is planned for its values: a plan for any values takes the index that fits most of them.
                    c.execute("SET plan_cache_mode = force_custom_plan").await?;
                    // A search reads little, however much PostgreSQL expects: compiling its plan takes longer than carrying it out.
                    c.execute("SET jit = off").await?;
                    Ok(())
                })
            });
            // The pool asks whoever comes back whether it is well, and waits for that: a host that vanished would take a connection's place for a quarter of
            // an hour.
            let options = options.after_release(|c, _| {
                Box::pin(async move {
                    let well = tokio::time::timeout(WELL, c.ping()).await;
                    well.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            });
            let pool = options.connect(url).await?;
            Self { read: pool.clone(), write: pool, many: search::MANY, is_file: false }
        } else {
            return Err(ArchiveError::invalid("catalogue", "must be `sqlite:<path>` or `postgres://…`"));
        };
        schema::bring_up_to_date(&catalogue.write).await?;
        catalogue.make_default_project().await?;
        Ok(catalogue)
    }

    async fn open_sqlite(path: &str) -> Result<Self> {
        if path.is_empty() {
            return Err(ArchiveError::invalid("catalogue", "`sqlite:` needs a path behind it"));
        }
        if path == ":memory:" {
            let pool = AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect("sqlite::memory:").await?;
            return Ok(Self { read: pool.clone(), write: pool, many: search::MANY, is_file: false });
        }
        make_private_file(path.into()).await?;
        let url = format!("sqlite:{}?mode=rwc", escaped(Path::new(path)));
        // A pool tries again until its time is up and then says only that; one connection says what is wrong.
        let mut first = AnyConnection::connect(&url).await?;
        prepare(&mut first, true).await?;
        let write = sqlite_pool(1, true).connect(&url).await?;
        let read = sqlite_pool(READERS, false).connect(&url).await?;
        first.close().await?;
        Ok(Self { read, write, many: search::MANY, is_file: true })
    }

    /// The same catalogue, whose searches take so few rows for many. What they find is the same; that they find it so can be tested without a million rows.
    #[doc(hidden)]
    #[must_use]
    pub fn taking_for_many(mut self, rows: i64) -> Self {
        self.many = rows;
        self
    }

    /// Closes every connection once its work is done; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// After a deletion: SQLite's write-ahead log still holds what was. It is folded into the file, where that is written over, and emptied. Where somebody
    /// reads just then it stays for the next time.
    pub(super) async fn empty_the_log(&self) {
        if !self.is_file {
            return;
        }
        // To its end, whoever waits for it: the only connection that writes must not be left with a short patience.
        let pool = self.write.clone();
        let emptied = tokio::spawn(async move {
            let mut c = pool.acquire().await?;
            patience(&mut c, BRIEF).await?;
            let emptied = c.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
            patience(&mut c, BUSY).await?;
            emptied.map(drop)
        });
        if let Ok(Err(error)) = emptied.await {
            tracing::debug!(%error, "the catalogue's write-ahead log was not emptied after a deletion");
        }
    }

    /// Begins a change that looks before it writes: counts `configuration` up first, which puts such changes in a line.
    async fn configuring(&self) -> Result<Transaction<'static, Any>> {
        let mut tx = self.write.begin().await?;
        sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'configuration'").execute(&mut *tx).await?;
        Ok(tx)
    }
}

fn sqlite_pool(connections: u32, writes: bool) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
    options.after_connect(move |c, _| Box::pin(prepare(c, writes))).before_acquire(|c, _| {
        // Where SQLite has undone a transaction by itself (a full disk), the driver counts it as open for ever, and what is committed from then on is in
        // nobody's file. Such a connection is closed, and another opened.
        let is_clean = !c.is_in_transaction();
        Box::pin(std::future::ready(Ok(is_clean)))
    })
}

/// How long a connection waits for others.
async fn patience(c: &mut AnyConnection, wait: Duration) -> std::result::Result<(), sqlx::Error> {
    c.execute(sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA busy_timeout = {}", wait.as_millis())))).await.map(drop)
}

async fn prepare(c: &mut AnyConnection, writes: bool) -> std::result::Result<(), sqlx::Error> {
    patience(c, BUSY).await?;
    c.execute("PRAGMA foreign_keys = ON").await?;
    if !writes {
        // Searches of a large archive read many pages here and there: out of the system's cache, without copying each.
        c.execute("PRAGMA mmap_size = 2147418112").await?;
        c.execute("PRAGMA cache_size = -16384").await?;
    }
    if writes {
        // What is deleted is not left to be read in the file.
        c.execute("PRAGMA secure_delete = ON").await?;
        c.execute("PRAGMA journal_mode = WAL").await?;
        // A recording that is said to be ready is ready after a power cut too.
        c.execute("PRAGMA synchronous = FULL").await?;
    }
    Ok(())
}

/// Phone numbers lie in this file: nobody but its owner reads it. SQLite gives its side files the same mode.
async fn make_private_file(path: PathBuf) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = tokio::task::spawn_blocking(move || {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| file_error(folder, &e))?;
        }
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(file_error(&path, &e)),
        }
    });
    made.await.map_err(|_| ArchiveError::invalid("catalogue", "the node is shutting down"))?
}

pub(super) fn file_error(path: &Path, e: &std::io::Error) -> ArchiveError {
    ArchiveError::File { path: path.display().to_string(), why: e.to_string() }
}

/// A path as it may stand in a URL.
fn escaped(path: &Path) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let mut out = String::new();
    for &b in path.as_os_str().as_bytes() {
        if b.is_ascii_alphanumeric() || b"/._-~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}
