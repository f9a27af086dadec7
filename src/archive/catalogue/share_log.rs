//! The log of shares: searched, in pages, each row with what became of its letter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::Reading;
use super::shares::{items_of, share_of};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::outbox::LetterState;
use crate::archive::shares::{Delivery, Share, ShareFilter, ShareKind, ShareLogRow, SharePage, ShareStatus};
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
        let wanted = Wanted::of(filter, now)?;
        let (conditions, values) = (wanted.conditions, wanted.values);
        let which = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let sql = format!("{ROWS} {which} ORDER BY shares.created DESC, shares.id DESC LIMIT ${}", values.len() + 1);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        let mut c = self.read.acquire().await?;
        let rows = query.bind(i64::from(limit) + 1).fetch_all(&mut *c).await?;
        let more = rows.len() > limit as usize;
        let mut items = rows.iter().take(limit as usize).map(log_row).collect::<Result<Vec<_>>>()?;
        for row in &mut items {
            row.share.items = items_of(&mut c, &row.share.id).await?;
        }
        let next = items.last().filter(|_| more).map(|last| key_of(&last.share));
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

enum Value {
    Text(String),
    Number(i64),
}

/// Conditions with their values. Only fixed words and numbers of places enter the text; every value is bound.
#[derive(Default)]
struct Wanted {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Wanted {
    fn of(filter: &ShareFilter, now: WallClock) -> Result<Self> {
        let mut wanted = Self::default();
        if let Some(from) = filter.from {
            wanted.number("shares.created >=", from.0);
        }
        if let Some(to) = filter.to {
            wanted.number("shares.created <", to.0);
        }
        if let Some(kind) = filter.kind {
            wanted.conditions.push(
                match kind {
                    ShareKind::Recordings => "shares.kind IN ('recordings', 'both')",
                    ShareKind::Chats => "shares.kind IN ('chats', 'both')",
                    ShareKind::Both => "shares.kind = 'both'",
                }
                .to_owned(),
            );
        }
        for (column, text) in
            [("shares.name_key", &filter.name), ("shares.address_key", &filter.address), ("lower(shares.ordered_by)", &filter.ordered_by)]
        {
            if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
                wanted.holds(column, text);
            }
        }
        match filter.status {
            Some(ShareStatus::Cancelled) => wanted.conditions.push("shares.cancelled_at IS NOT NULL".to_owned()),
            Some(ShareStatus::Valid) => {
                wanted.conditions.push("shares.cancelled_at IS NULL".to_owned());
                wanted.number("shares.until >=", now.0);
            }
            Some(ShareStatus::Expired) => {
                wanted.conditions.push("shares.cancelled_at IS NULL".to_owned());
                wanted.number("shares.until <", now.0);
            }
            None => {}
        }
        if let Some(after) = &filter.after {
            let (created, id) = place_of(after)?;
            wanted.values.push(Value::Number(created));
            wanted.values.push(Value::Text(id));
            let places = wanted.values.len();
            wanted.conditions.push(format!("(shares.created, shares.id) < (${}, ${places})", places - 1));
        }
        Ok(wanted)
    }

    fn number(&mut self, test: &'static str, value: i64) {
        self.values.push(Value::Number(value));
        self.conditions.push(format!("{test} ${}", self.values.len()));
    }

    fn holds(&mut self, column: &'static str, text: &str) {
        let escaped: String =
            text.to_lowercase().chars().flat_map(|c| if matches!(c, '%' | '_' | '!') { vec!['!', c] } else { vec![c] }).collect();
        self.values.push(Value::Text(format!("%{escaped}%")));
        self.conditions.push(format!("{column} LIKE ${} ESCAPE '!'", self.values.len()));
    }
}

/// Where a page ended, as its reader carries it.
fn key_of(last: &Share) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", last.created.0, last.id))
}

fn place_of(key: &str) -> Result<(i64, String)> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
        let (created, id) = text.split_once(' ')?;
        let id: ShareId = id.parse().ok()?;
        Some((created.parse().ok()?, id.into()))
    };
    read().ok_or_else(|| ArchiveError::invalid("after", "is no `next` of a page"))
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
