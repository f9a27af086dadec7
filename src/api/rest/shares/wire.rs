//! Shares as answers show them.

use serde::Serialize;

use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ArchiveError;
use crate::archive::outbox::LetterState;
use crate::archive::shares::{Delivery, ShareFiles, ShareItem, ShareKind, ShareLogRow, SharePage, ShareStatus, Shared};
use crate::model::id::{RecordingId, SessionId, ShareId};
use crate::model::language::Language;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Who got the letter.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RecipientJson {
    /// Their name.
    #[schema(value_type = String)]
    pub name: Personal,
    /// Their address.
    #[schema(value_type = String)]
    pub email: Personal,
}

/// What became of the letter.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryJson {
    /// `held` (the copies are not there yet), `waiting`, `sent`, `failed`.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    #[schema(value_type = Option<String>)]
    pub last_at: Option<WallClock>,
    /// When it is tried again, while it waits.
    #[schema(value_type = Option<String>)]
    pub next_at: Option<WallClock>,
    /// Why it did not go out then.
    pub failure: Option<String>,
}

impl From<Delivery> for DeliveryJson {
    fn from(d: Delivery) -> Self {
        Self { state: d.state, attempts: d.attempts, last_at: d.last_at, next_at: d.next_at, failure: d.failure }
    }
}

/// The copies in the external store.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CopiesJson {
    /// `copying`, `there`, or `gone`: removed, or to be removed.
    #[schema(value_type = String)]
    pub state: ShareFiles,
    /// Recordings and chat logs that are there or were.
    pub copied: usize,
    /// How often copying failed.
    pub attempts: u32,
    /// When it is tried again, while it is.
    #[schema(value_type = Option<String>)]
    pub next_at: Option<WallClock>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What is shared.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ShareItemJson {
    /// `recording` or `chat`.
    pub kind: &'static str,
    /// The recording; absent of a chat log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recording: Option<RecordingId>,
    /// Its session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// When it began; absent where it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub started_at: Option<WallClock>,
    /// The caller's number, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub caller_number: Option<Personal>,
    /// It was deleted or taken out meanwhile: the recipient has it no longer.
    pub gone: bool,
}

/// A share.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ShareJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ShareId,
    /// When it was ordered.
    #[schema(value_type = String)]
    pub created_at: WallClock,
    /// By whom: `user:…` or `key:…`.
    pub ordered_by: String,
    /// For whom.
    pub recipient: RecipientJson,
    /// Why.
    pub reason: String,
    /// Days after the first.
    pub days: u32,
    /// The last second of the last day.
    #[schema(value_type = String)]
    pub until: WallClock,
    /// The letter's language.
    #[schema(value_type = String)]
    pub language: Language,
    /// The page shows the number that was called.
    pub show_access_number: bool,
    /// The page shows the queue.
    pub show_queue_name: bool,
    /// The letter's subject.
    #[schema(value_type = String)]
    pub subject: Personal,
    /// `recordings`, `chats` or `both`.
    pub kind: ShareKind,
    /// What is shared, in the order in which it was ordered.
    pub items: Vec<ShareItemJson>,
    /// `valid`, `expired` or `cancelled`.
    pub status: ShareStatus,
    /// When it was called back.
    #[schema(value_type = Option<String>)]
    pub cancelled_at: Option<WallClock>,
    /// By whom.
    pub cancelled_by: Option<String>,
    /// The copies of what is shared.
    pub copies: CopiesJson,
    /// What became of the letter; null where that is no longer known.
    pub delivery: Option<DeliveryJson>,
}

impl ShareJson {
    /// As it stands now.
    ///
    /// # Errors
    /// Where the catalogue does not answer.
    pub async fn of(state: &ApiState, row: ShareLogRow, now: WallClock) -> Result<Self, Problem> {
        let mut items = Vec::new();
        for item in &row.share.items {
            items.push(item_of(state, item).await?);
        }
        let status = row.share.status(now);
        let share = row.share;
        let copies = CopiesJson {
            state: share.files,
            copied: share.items.iter().filter(|item| item.copied).count(),
            attempts: share.copying.attempts,
            next_at: share.copying.next_at.filter(|_| share.files == ShareFiles::Copying),
            failure: share.copying.failure,
        };
        Ok(Self {
            id: share.id,
            created_at: share.created,
            ordered_by: share.ordered_by,
            recipient: RecipientJson { name: share.name, email: share.address },
            reason: share.reason,
            days: share.days,
            until: share.until,
            language: share.language,
            show_access_number: share.show_access_number,
            show_queue_name: share.show_queue_name,
            subject: share.subject,
            kind: share.kind,
            items,
            status,
            cancelled_at: share.cancelled_at,
            cancelled_by: share.cancelled_by,
            copies,
            delivery: row.delivery.map(Into::into),
        })
    }
}

async fn item_of(state: &ApiState, item: &ShareItem) -> Result<ShareItemJson, Problem> {
    let recording = match &item.what {
        Shared::Recording(id) => found(state.catalogue.recording(id).await)?,
        Shared::Chat => None,
    };
    let started_at = match (&item.what, &recording) {
        (_, Some(recording)) => Some(recording.started_at),
        (Shared::Chat, None) => found(state.catalogue.chat(&item.session).await)?.map(|chat| chat.started_at),
        (Shared::Recording(_), None) => None,
    };
    Ok(ShareItemJson {
        kind: if item.what == Shared::Chat { "chat" } else { "recording" },
        recording: match &item.what {
            Shared::Recording(id) => Some(id.clone()),
            Shared::Chat => None,
        },
        session: item.session.clone(),
        started_at,
        caller_number: recording.as_ref().and_then(|recording| recording.caller_number.clone()),
        gone: item.gone,
    })
}

fn found<T>(answer: Result<T, ArchiveError>) -> Result<Option<T>, Problem> {
    match answer {
        Ok(row) => Ok(Some(row)),
        Err(ArchiveError::NotFound { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// A page of the log.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SharePageJson {
    /// Newest first.
    pub items: Vec<ShareJson>,
    /// For `after` of the next page; null on the last.
    pub next: Option<String>,
}

impl SharePageJson {
    /// As it stands now.
    ///
    /// # Errors
    /// Where the catalogue does not answer.
    pub async fn of(state: &ApiState, page: SharePage, now: WallClock) -> Result<Self, Problem> {
        let mut items = Vec::new();
        for row in page.items {
            items.push(ShareJson::of(state, row, now).await?);
        }
        Ok(Self { items, next: page.next })
    }
}
