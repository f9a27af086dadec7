//! What people change of a recording: each change is made together with its entry in the audit log, and none is ever undone by what the node writes.

use serde::Serialize;
use sqlx::{Any, AnyConnection, Transaction};

use super::Catalogue;
use super::audit::append;
use super::columns::json;
use super::recordings::{ROW, recording_of};
use super::sorting::{assignable_in, folder_in};
use super::terms::keep_terms;
use crate::archive::amendment::Amendment;
use crate::archive::change::Change;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::recording::Recording;
use crate::archive::validate;
use crate::model::id::RecordingId;
use crate::model::redact::Personal;

/// What people say of a recording, as the audit log tells of it. A title may name somebody: the log keeps only that there is one.
#[derive(Serialize)]
struct Said<'a> {
    labels: &'a [String],
    folder: &'a Option<String>,
    assignees: &'a [String],
    restricted: bool,
    title: Option<String>,
}

impl<'a> Said<'a> {
    fn of(row: &'a Recording) -> Self {
        Self {
            labels: &row.labels,
            folder: &row.folder,
            assignees: &row.assignees,
            restricted: row.restricted,
            title: row.title.as_ref().map(|title| format!("{} characters", title.reveal().chars().count())),
        }
    }
}

impl Catalogue {
    /// Gives a recording these labels and no others.
    ///
    /// # Errors
    /// Labels that cannot be; no such recording. The same of the other setters.
    pub async fn set_labels(&self, id: &RecordingId, labels: &[String], change: &Change) -> Result<()> {
        validate::labels(labels)?;
        self.amend(id, change, |row| labels.clone_into(&mut row.labels)).await
    }

    /// Puts a recording into a folder (by the folder's id), or takes it out of the one it lies in.
    pub async fn set_folder(&self, id: &RecordingId, folder: Option<&str>, change: &Change) -> Result<()> {
        self.amend(id, change, |row| row.folder = folder.map(str::to_owned)).await
    }

    /// Assigns a recording to these members (by name) and to no others.
    pub async fn set_assignees(&self, id: &RecordingId, assignees: &[String], change: &Change) -> Result<()> {
        validate::assignees(assignees)?;
        self.amend(id, change, |row| assignees.clone_into(&mut row.assignees)).await
    }

    /// Flags a recording as restricted, or takes the flag away.
    pub async fn set_restricted(&self, id: &RecordingId, restricted: bool, change: &Change) -> Result<()> {
        self.amend(id, change, |row| row.restricted = restricted).await
    }

    /// Calls a recording something, or nothing.
    pub async fn set_title(&self, id: &RecordingId, title: Option<&str>, change: &Change) -> Result<()> {
        if let Some(title) = title {
            validate::title(title)?;
        }
        self.amend(id, change, |row| row.title = title.map(Personal::new)).await
    }

    /// Changes several things of a recording in one go: all of it or nothing, with one entry in the audit log.
    ///
    /// # Errors
    /// A folder or people that are not there; what the setters refuse.
    pub async fn amend_as(&self, id: &RecordingId, amendment: &Amendment, change: &Change) -> Result<Recording> {
        let mut tx = self.configuring().await?;
        if let Some(Some(folder)) = &amendment.folder
            && folder_in(&mut tx, folder).await?.is_none()
        {
            return Err(ArchiveError::invalid("folder", format!("there is no folder `{folder}`")));
        }
        let before = row_in(&mut tx, id).await?;
        if amendment.named().next().is_some() {
            let everybody = assignable_in(&mut tx).await?;
            // Whom it is assigned to already may be gone meanwhile: a list that still names them is no reason to refuse it.
            let known = |name: &String| before.assignees.contains(name) || everybody.iter().any(|one| one.name == *name);
            if let Some(name) = amendment.named().find(|name| !known(name)) {
                return Err(ArchiveError::invalid("assignees", format!("there is nobody called `{name}`")));
            }
        }
        let mut after = before.clone();
        amendment.apply(&mut after)?;
        written(tx, &before, &after, change).await?;
        Ok(after)
    }

    async fn amend(&self, id: &RecordingId, change: &Change, amend: impl FnOnce(&mut Recording)) -> Result<()> {
        let mut tx = self.configuring().await?;
        let before = row_in(&mut tx, id).await?;
        let mut after = before.clone();
        amend(&mut after);
        written(tx, &before, &after, change).await
    }
}

async fn row_in(c: &mut AnyConnection, id: &RecordingId) -> Result<Recording> {
    let row = sqlx::AssertSqlSafe(format!("{ROW} WHERE r.id = $1"));
    let found = sqlx::query(row).bind(id.as_str().to_owned()).fetch_optional(c).await?;
    recording_of(&found.ok_or_else(|| ArchiveError::not_found("recording", id.as_str()))?)
}

/// Keeps what people say now, with its entry; what changes nothing leaves none.
async fn written(mut tx: Transaction<'static, Any>, before: &Recording, after: &Recording, change: &Change) -> Result<()> {
    if after == before {
        return Ok(());
    }
    sqlx::query("UPDATE recordings SET labels = $2, folder = $3, assignees = $4, restricted = $5, title = $6 WHERE id = $1")
        .bind(after.id.as_str().to_owned())
        .bind(json(&after.labels, "labels")?)
        .bind(after.folder.clone())
        .bind(json(&after.assignees, "assignees")?)
        .bind(i64::from(after.restricted))
        .bind(after.title.as_ref().map(|title| title.reveal().to_owned()))
        .execute(&mut *tx)
        .await?;
    keep_terms(&mut tx, after).await?;
    if let Some(entry) = change.entry(format!("recording:{}", after.id), Some(&Said::of(before)), Some(&Said::of(after))) {
        append(&mut tx, &entry).await?;
    }
    Ok(tx.commit().await?)
}
