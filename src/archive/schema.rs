//! The catalogue's schema: numbered steps, compiled in, each applied once and in order.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr};

use super::error::{ArchiveError, Result};

/// Every step: number, name, statements. A step that has been released is never edited; a change is a new step.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "the catalogue", include_str!("../../migrations/0001_the_catalogue.sql")),
    (2, "the audit log", include_str!("../../migrations/0002_audit.sql")),
    (3, "webhooks", include_str!("../../migrations/0003_webhooks.sql")),
    (4, "what recordings are found by", include_str!("../../migrations/0004_archive.sql")),
    (5, "deletions and legal holds", include_str!("../../migrations/0005_retention.sql")),
    (6, "regions", include_str!("../../migrations/0006_retention.sql")),
    (7, "uploads and chat logs", include_str!("../../migrations/0007_uploads.sql")),
    (8, "letters", include_str!("../../migrations/0008_share.sql")),
    (9, "visibility", include_str!("../../migrations/0009_visibility.sql")),
    (10, "people", include_str!("../../migrations/0010_people.sql")),
    (11, "shares", include_str!("../../migrations/0011_shares.sql")),
    (12, "links to colleagues, requesters", include_str!("../../migrations/0012_internal_links.sql")),
    (13, "sorting", include_str!("../../migrations/0013_sorting.sql")),
    (14, "answers given again", include_str!("../../migrations/0014_idempotency.sql")),
    (15, "logos", include_str!("../../migrations/0015_logo.sql")),
    (16, "copies", include_str!("../../migrations/0016_copies.sql")),
    (17, "stretches of time", include_str!("../../migrations/0017_stretches.sql")),
];

/// The newest schema this Ferric knows.
#[must_use]
pub fn newest() -> i64 {
    STEPS.iter().map(|step| step.0).max().unwrap_or(0)
}

/// Applies what is missing; refuses a database that is ahead of this Ferric.
pub(super) async fn bring_up_to_date(pool: &AnyPool) -> Result<()> {
    // What stands as a comment in a step: SQLite compares by bytes as it is, PostgreSQL has to be told; and what one of the two alone is to do.
    let postgres = pool.acquire().await?.backend_name() == "PostgreSQL";
    let by_bytes = if postgres { "COLLATE \"C\"" } else { "" };
    let (begin, end) = if postgres { ("/*postgres:", ":postgres*/") } else { ("/*sqlite:", ":sqlite*/") };
    let steps = STEPS
        .iter()
        .map(|&(number, name, sql)| {
            let sql = AssertSqlSafe(sql.replace("/*bytes*/", by_bytes).replace(begin, "").replace(end, ""));
            Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    match Migrator::with_migrations(steps).run(pool).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => Err(ArchiveError::Newer { found, known: newest() }),
        Err(other) => Err(ArchiveError::Schema(other)),
    }
}
