//! The audit log in its table.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::Reading;
use super::wanted::Wanted;
use crate::archive::audit::{self, AuditEntry, AuditFilter, AuditPage, BrokenEntry, Chain, NO_HASH, NewAudit, Sealed};
use crate::archive::error::{ArchiveError, Result};

/// Entries a page where none are asked for, and the most.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// Entries read at once while the chain is followed.
const STRIDE: i64 = 1_000;

const COLUMNS: &str = "seq, at, actor, action, subject, detail, previous_hash, hash";

impl Catalogue {
    /// Appends an entry and answers its number. It is kept when this returns.
    ///
    /// # Errors
    /// `actor` or `subject` that are none; the database.
    pub async fn audit(&self, entry: NewAudit) -> Result<u64> {
        let mut tx = self.write.begin().await?;
        let seq = append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(seq)
    }

    /// A page of entries, newest first. An entry that is added while somebody pages changes no later page.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<AuditPage> {
        let limit = filter.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ArchiveError::invalid("limit", format!("must be 1 to {LARGEST_PAGE}")));
        }
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && to <= from
        {
            return Err(ArchiveError::invalid("to", "must be later than `from`"));
        }
        let mut wanted = Wanted::default();
        if let Some(after) = &filter.after {
            let seq: i64 = after.parse().map_err(|_| ArchiveError::invalid("after", "is no `next` of a page"))?;
            wanted.test("seq <", seq);
        }
        if let Some(from) = filter.from {
            wanted.test("at >=", from.0);
        }
        if let Some(to) = filter.to {
            wanted.test("at <", to.0);
        }
        if let Some(actor) = &filter.actor {
            text_or_beginning(&mut wanted, "actor", actor);
        }
        if let Some(action) = filter.action {
            wanted.test("action =", action.as_str());
        }
        if let Some(subject) = &filter.subject {
            text_or_beginning(&mut wanted, "subject", subject);
        }
        let select = format!("SELECT {COLUMNS} FROM audit");
        let rows = wanted.fetch(&mut *self.read.acquire().await?, &select, "seq DESC", i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        let items = rows.iter().take(limit as usize).map(entry_of).collect::<Result<Vec<_>>>()?;
        let next = items.last().filter(|_| more).map(|last| last.seq.to_string());
        Ok(AuditPage { items, next })
    }

    /// Follows the chain from its first entry and says where it is broken first, if anywhere. Entries may be added meanwhile.
    pub async fn check_audit_chain(&self) -> Result<Chain> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'audit'").fetch_one(&self.read).await?;
        let counted = Reading::of("counters", &row).number("value")?;
        let mut chain = Chain { entries: 0, head: NO_HASH.to_owned(), broken: None };
        let mut seen = 0;
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2");
        loop {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(seen).bind(STRIDE).fetch_all(&self.read).await?;
            for row in &rows {
                let expected = seen + 1;
                if let Err(what) = link(row, expected, &mut chain) {
                    chain.broken = Some(BrokenEntry { seq: expected.cast_unsigned(), what });
                    return Ok(chain);
                }
                seen = expected;
            }
            if rows.is_empty() {
                break;
            }
        }
        if seen < counted {
            chain.broken = Some(BrokenEntry { seq: (seen + 1).cast_unsigned(), what: "is missing, and so is all that came after it" });
        }
        Ok(chain)
    }
}

/// Appends within a transaction: what is noted is kept together with the change that it tells of, or neither is. The counter's row stays locked until
/// the entry is in, so entries form one line on any database.
pub(super) async fn append(c: &mut AnyConnection, entry: &NewAudit) -> Result<u64> {
    let actor = audit::actor(&entry.actor)?;
    let subject = audit::subject(&entry.subject)?;
    let detail = entry.detail.to_string();
    let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'audit' RETURNING value").fetch_one(&mut *c).await?;
    let seq = Reading::of("counters", &row).number("value")?;
    let last = sqlx::query("SELECT hash FROM audit WHERE seq = $1").bind(seq - 1).fetch_optional(&mut *c).await?;
    // Where an entry has gone, the chain goes on from nothing: the check finds the place, and what happens now is still noted.
    let previous_hash = last.map(|row| Reading::of("audit", &row).text("hash")).transpose()?.unwrap_or_else(|| NO_HASH.to_owned());
    let sealed = Sealed {
        seq,
        at: entry.at.0,
        actor: &actor,
        action: entry.action.as_str(),
        subject: &subject,
        detail: &detail,
        previous_hash: &previous_hash,
    };
    let hash = sealed.hash();
    let sql = format!("INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(seq)
        .bind(entry.at.0)
        .bind(actor)
        .bind(entry.action.as_str())
        .bind(subject)
        .bind(detail)
        .bind(previous_hash)
        .bind(hash)
        .execute(&mut *c)
        .await?;
    Ok(seq.cast_unsigned())
}

/// Whether this row is the next link; if so it is the chain's new head.
fn link(row: &AnyRow, expected: i64, chain: &mut Chain) -> std::result::Result<(), &'static str> {
    let row = Reading::of("audit", row);
    let unreadable = |_| "does not read";
    if row.number("seq").map_err(unreadable)? != expected {
        return Err("is missing");
    }
    let text = |column| row.text(column).map_err(unreadable);
    let (actor, action, subject, detail) = (text("actor")?, text("action")?, text("subject")?, text("detail")?);
    let (previous_hash, hash) = (text("previous_hash")?, text("hash")?);
    if previous_hash != chain.head {
        return Err("does not follow from the one before");
    }
    let at = row.number("at").map_err(unreadable)?;
    let sealed =
        Sealed { seq: expected, at, actor: &actor, action: &action, subject: &subject, detail: &detail, previous_hash: &previous_hash };
    if sealed.hash() != hash {
        return Err("was changed after it was written");
    }
    chain.entries += 1;
    chain.head = hash;
    Ok(())
}

fn entry_of(row: &AnyRow) -> Result<AuditEntry> {
    let row = Reading::of("audit", row);
    Ok(AuditEntry {
        seq: row.number("seq")?.cast_unsigned(),
        at: row.time("at")?,
        actor: row.text("actor")?,
        action: row.word("action")?,
        subject: row.text("subject")?,
        detail: row.json("detail")?,
        previous_hash: row.text("previous_hash")?,
        hash: row.text("hash")?,
    })
}

/// A column's whole text, or its beginning where the value ends with `*`.
fn text_or_beginning(wanted: &mut Wanted, column: &'static str, value: &str) {
    if let Some(beginning) = value.strip_suffix('*') {
        // LIKE would take `_` and `%` for more than they are.
        let place = wanted.place(beginning);
        wanted.says(format!("substr({column}, 1, {}) = ${place}", beginning.chars().count()));
    } else {
        // Asked for as it was given, found as it was kept.
        let place = wanted.place(audit::without_personal(value));
        wanted.says(format!("{column} = ${place}"));
    }
}
