//! Chat logs in their table.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json};
use super::shares::chat_goes;
use super::wanted::Wanted;
use crate::archive::chats::{Chat, ChatFilter, ChatRow};
use crate::archive::error::{ArchiveError, Result};
use crate::model::id::{ParticipantId, SessionId};

impl Catalogue {
    /// Keeps a session's chat log whole, in the place of an earlier one, but for the lines of participants who declined: answers what was kept. Where nothing
    /// is left, nothing is kept.
    pub async fn put_chat(&self, mut chat: Chat) -> Result<Chat> {
        let mut tx = self.configuring().await?;
        let rows = sqlx::query("SELECT participant FROM chat_erasures WHERE session = $1")
            .bind(chat.session.as_str().to_owned())
            .fetch_all(&mut *tx)
            .await?;
        let gone = rows.iter().map(|row| Reading::of("chat_erasures", row).word("participant")).collect::<Result<Vec<ParticipantId>>>()?;
        chat.lines.retain(|line| line.participant.as_ref().is_none_or(|participant| !gone.contains(participant)));
        if !chat.lines.is_empty() {
            write(&mut tx, &chat).await?;
        }
        tx.commit().await?;
        Ok(chat)
    }

    /// The chat log of a session.
    pub async fn chat(&self, session: &SessionId) -> Result<Chat> {
        let row =
            sqlx::query("SELECT * FROM chats WHERE session = $1").bind(session.as_str().to_owned()).fetch_optional(&self.read).await?;
        let row = row.ok_or_else(|| ArchiveError::not_found("chat log of the session", session.as_str()))?;
        chat_of(&row)
    }

    /// The chat log of a session as lists have it.
    pub async fn chat_row(&self, session: &SessionId) -> Result<ChatRow> {
        let of = ChatFilter { only: Some(vec![session.clone()]), limit: 1, ..ChatFilter::default() };
        self.chats(&of).await?.pop().ok_or_else(|| ArchiveError::not_found("chat log of the session", session.as_str()))
    }

    /// Chat logs, newest first, from where a page ended.
    pub async fn chats(&self, filter: &ChatFilter) -> Result<Vec<ChatRow>> {
        let mut wanted = Wanted::default();
        if let Some(project) = &filter.project {
            wanted.test("project =", project.as_str());
        }
        if let Some(only) = &filter.only {
            wanted.one_of("session", only.iter().map(SessionId::as_str));
        }
        if let Some(from) = filter.from {
            wanted.test("started_at >=", from.0);
        }
        if let Some(to) = filter.to {
            wanted.test("started_at <", to.0);
        }
        if let Some((at, session)) = &filter.after {
            let (at, session) = (wanted.place(at.0), wanted.place(session.as_str()));
            wanted.says(format!("(started_at, session) < (${at}, ${session})"));
        }
        let mut c = self.read.acquire().await?;
        let select = "SELECT session, project, started_at, line_count FROM chats";
        let rows = wanted.fetch(&mut c, select, "started_at DESC, session DESC", i64::from(filter.limit)).await?;
        rows.iter().map(row_of).collect()
    }

    /// Deletes the chat log of a session: whether there was one.
    pub async fn delete_chat(&self, session: &SessionId) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let gone = sqlx::query("DELETE FROM chats WHERE session = $1").bind(session.as_str().to_owned()).execute(&mut *tx).await?;
        chat_goes(&mut tx, session).await?;
        tx.commit().await?;
        Ok(gone.rows_affected() > 0)
    }
}

/// Takes a participant's lines out of a session's chat log, for good; a log of theirs alone goes. What is put later of theirs is not kept. The change that
/// this is part of stands in the line of [`Catalogue::configuring`].
pub(super) async fn erase(c: &mut AnyConnection, session: &SessionId, participant: &ParticipantId) -> Result<()> {
    sqlx::query("INSERT INTO chat_erasures (session, participant) VALUES ($1, $2) ON CONFLICT (session, participant) DO NOTHING")
        .bind(session.as_str().to_owned())
        .bind(participant.as_str().to_owned())
        .execute(&mut *c)
        .await?;
    let row = sqlx::query("SELECT * FROM chats WHERE session = $1").bind(session.as_str().to_owned()).fetch_optional(&mut *c).await?;
    let Some(mut chat) = row.as_ref().map(chat_of).transpose()? else { return Ok(()) };
    chat.lines.retain(|line| line.participant.as_ref() != Some(participant));
    chat_goes(c, session).await?;
    if chat.lines.is_empty() {
        sqlx::query("DELETE FROM chats WHERE session = $1").bind(session.as_str().to_owned()).execute(c).await?;
        return Ok(());
    }
    write(c, &chat).await
}

fn row_of(row: &AnyRow) -> Result<ChatRow> {
    let row = Reading::of("chats", row);
    Ok(ChatRow {
        session: row.word("session")?,
        project: row.word("project")?,
        started_at: row.time("started_at")?,
        lines: row.number("line_count")?.unsigned_abs(),
    })
}

async fn write(c: &mut AnyConnection, chat: &Chat) -> Result<()> {
    sqlx::query(
        "INSERT INTO chats (session, project, started_at, put_at, line_count, lines) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (session) DO UPDATE SET project = excluded.project, started_at = excluded.started_at, put_at = excluded.put_at, \
         line_count = excluded.line_count, lines = excluded.lines",
    )
    .bind(chat.session.as_str().to_owned())
    .bind(chat.project.as_str().to_owned())
    .bind(chat.started_at.0)
    .bind(chat.put_at.0)
    .bind(chat.lines.len() as i64)
    .bind(json(&chat.lines, "lines")?)
    .execute(c)
    .await?;
    Ok(())
}

fn chat_of(row: &AnyRow) -> Result<Chat> {
    let row = Reading::of("chats", row);
    Ok(Chat {
        session: row.word("session")?,
        project: row.word("project")?,
        started_at: row.time("started_at")?,
        put_at: row.time("put_at")?,
        lines: row.json("lines")?,
    })
}
