//! The log of shares: searched, in pages, each row with what became of its letter.

use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::Reading;
use super::shares::{items_of, share_of};
use super::wanted::Wanted;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::outbox::LetterState;
use crate::archive::page_key::{key_of, place_of};
use crate::archive::shares::{Delivery, ShareFilter, ShareKind, ShareLogRow, SharePage, ShareStatus};
use crate::model::id::ShareId;
use crate::model::time::WallClock;

/// Rows a page where none are asked for, and the most.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

const ROWS: &str = "SELECT shares.*, outbox.state AS letter_state, outbox.attempts AS letter_attempts, outbox.last_at AS letter_last_at, \
     outbox.next_at AS letter_next_at, outbox.failure AS letter_failure FROM shares LEFT JOIN outbox ON outbox.id = shares.letter";

impl Catalogue {
    /// A page of the log, newest first. `now` tells what is valid. A share that is ordered while somebody pages changes no later page.
    pub async fn share_log(&self, filter: &ShareFilter, now: WallClock) -> Result<SharePage> {
        let limit = filter.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ArchiveError::invalid("limit", format!("must be 1 to {LARGEST_PAGE}")));
        }
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && to <= from
        {
            return Err(ArchiveError::invalid("to", "must be later than `from`"));
        }
        let wanted = asked(filter, now)?;
        let mut c = self.read.acquire().await?;
        let rows = wanted.fetch(&mut c, ROWS, "shares.created DESC, shares.id DESC", i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        let mut items = rows.iter().take(limit as usize).map(log_row).collect::<Result<Vec<_>>>()?;
        for row in &mut items {
            row.share.items = items_of(&mut c, &row.share.id).await?;
        }
        let next = items.last().filter(|_| more).map(|last| key_of(last.share.created, &last.share.id));
        Ok(SharePage { items, next })
    }

    /// A share as the log shows it.
    pub async fn share_log_row(&self, id: &ShareId) -> Result<ShareLogRow> {
        let mut c = self.read.acquire().await?;
        let sql = format!("{ROWS} WHERE shares.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str().to_owned()).fetch_optional(&mut *c).await?;
        let mut row = row.as_ref().map(log_row).transpose()?.ok_or_else(|| ArchiveError::not_found("share", id.as_str()))?;
        row.share.items = items_of(&mut c, id).await?;
        Ok(row)
    }
}

fn asked(filter: &ShareFilter, now: WallClock) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    if let Some(from) = filter.from {
        wanted.test("shares.created >=", from.0);
    }
    if let Some(to) = filter.to {
        wanted.test("shares.created <", to.0);
    }
    if let Some(kind) = filter.kind {
        wanted.says(match kind {
            ShareKind::Recordings => "shares.kind IN ('recordings', 'both')",
            ShareKind::Chats => "shares.kind IN ('chats', 'both')",
            ShareKind::Both => "shares.kind = 'both'",
        });
    }
    for (column, text) in
        [("shares.name_key", &filter.name), ("shares.address_key", &filter.address), ("lower(shares.ordered_by)", &filter.ordered_by)]
    {
        if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            holds(&mut wanted, column, text);
        }
    }
    match filter.status {
        Some(ShareStatus::Cancelled) => wanted.says("shares.cancelled_at IS NOT NULL"),
        Some(ShareStatus::Valid) => {
            wanted.says("shares.cancelled_at IS NULL");
            wanted.test("shares.until >=", now.0);
        }
        Some(ShareStatus::Expired) => {
            wanted.says("shares.cancelled_at IS NULL");
            wanted.test("shares.until <", now.0);
        }
        None => {}
    }
    if let Some(after) = &filter.after {
        let (created, id) = place_of::<ShareId>(after)?;
        let (created, id) = (wanted.place(created), wanted.place(id));
        wanted.says(format!("(shares.created, shares.id) < (${created}, ${id})"));
    }
    Ok(wanted)
}

/// The column has the text in it.
fn holds(wanted: &mut Wanted, column: &'static str, text: &str) {
    let escaped: String =
        text.to_lowercase().chars().flat_map(|c| if matches!(c, '%' | '_' | '!') { vec!['!', c] } else { vec![c] }).collect();
    let place = wanted.place(format!("%{escaped}%"));
    wanted.says(format!("{column} LIKE ${place} ESCAPE '!'"));
}

fn log_row(row: &AnyRow) -> Result<ShareLogRow> {
    let share = share_of(row)?;
    let row = Reading::of("outbox", row);
    let delivery = match row.maybe_word::<LetterState>("letter_state")? {
        None => None,
        Some(state) => Some(Delivery {
            state,
            attempts: u32::try_from(row.maybe_number("letter_attempts")?.unwrap_or_default()).unwrap_or(u32::MAX),
            last_at: row.maybe_time("letter_last_at")?,
            next_at: row.maybe_time("letter_next_at")?.filter(|_| state == LetterState::Waiting),
            failure: row.maybe_text("letter_failure")?,
        }),
    };
    Ok(ShareLogRow { share, delivery })
}
