//! Folders and known labels in their tables.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::changing::{Changing, Put, count, noted};
use super::columns::{Reading, word};
use super::configured::agents_in;
use super::people::users_in;
use super::triage::rules_in;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::folders::{Assignable, Folder, KnownLabel, MOST_FOLDERS, MOST_KNOWN_LABELS, folder_name, label};
use crate::archive::recording::InFolder;
use crate::model::id::FolderId;

impl Catalogue {
    /// Every folder, by name.
    pub async fn folders(&self) -> Result<Vec<Folder>> {
        folders_in(&mut *self.read.acquire().await?).await
    }

    /// One folder.
    pub async fn folder(&self, id: &FolderId) -> Result<Folder> {
        let found = folder_in(&mut *self.read.acquire().await?, id).await?;
        found.ok_or_else(|| ArchiveError::not_found("folder", id.as_str()))
    }

    /// How many recordings lie in a folder.
    pub async fn folder_size(&self, id: &FolderId) -> Result<usize> {
        let held = count(&mut *self.read.acquire().await?, "SELECT COUNT(*) AS n FROM recordings WHERE folder = $1", id.as_str()).await?;
        Ok(usize::try_from(held).unwrap_or(0))
    }

    /// Every known label, by name.
    pub async fn known_labels(&self) -> Result<Vec<KnownLabel>> {
        labels_in(&mut *self.read.acquire().await?).await
    }

    /// Everybody whom recordings can be assigned to, by name.
    pub async fn assignable(&self) -> Result<Vec<Assignable>> {
        assignable_in(&mut *self.read.acquire().await?).await
    }
}

impl Changing<'_> {
    /// Makes a folder. Without an id it gets one that its name can be read in.
    pub async fn make_folder(&self, id: Option<FolderId>, name: &str) -> Result<Folder> {
        folder_name(name)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = folders_in(&mut tx).await?;
        if all.len() >= MOST_FOLDERS {
            return Err(ArchiveError::invalid("name", format!("there are {MOST_FOLDERS} folders already, the most there can be")));
        }
        name_is_free(&all, None, name)?;
        let taken = |id: &FolderId| id.as_str() == InFolder::NOWHERE || all.iter().any(|folder| folder.id == *id);
        let id = match id {
            Some(id) if id.as_str() == InFolder::NOWHERE => {
                return Err(ArchiveError::invalid("id", format!("`{}` asks for recordings in no folder", InFolder::NOWHERE)));
            }
            Some(id) if taken(&id) => return Err(ArchiveError::Exists { what: "folder", name: id.to_string() }),
            Some(id) => id,
            None => Some(Folder::id_for(name)).filter(|id| !taken(id)).unwrap_or_else(FolderId::random),
        };
        let folder = Folder { id, name: name.to_owned() };
        let entry = self.change.entry(format!("folder:{}", folder.id), None, Some(&folder));
        sqlx::query("INSERT INTO folders (id, name, name_key) VALUES ($1, $2, $3)")
            .bind(folder.id.as_str().to_owned())
            .bind(folder.name.clone())
            .bind(Folder::key(name))
            .execute(&mut *tx)
            .await?;
        match entry {
            Some(entry) => noted(tx, entry).await?,
            None => tx.commit().await?,
        }
        Ok(folder)
    }

    /// Calls a folder something else. What lies in it stays there.
    pub async fn rename_folder(&self, id: &FolderId, name: &str) -> Result<Folder> {
        folder_name(name)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = folders_in(&mut tx).await?;
        let before = all.iter().find(|folder| folder.id == *id).ok_or_else(|| ArchiveError::not_found("folder", id.as_str()))?;
        self.change.check("folder", id.as_str(), Some(before))?;
        name_is_free(&all, Some(id), name)?;
        let after = Folder { id: id.clone(), name: name.to_owned() };
        let Some(entry) = self.change.entry(format!("folder:{id}"), Some(before), Some(&after)) else { return Ok(after) };
        sqlx::query("UPDATE folders SET name = $2, name_key = $3 WHERE id = $1")
            .bind(id.as_str().to_owned())
            .bind(after.name.clone())
            .bind(Folder::key(name))
            .execute(&mut *tx)
            .await?;
        noted(tx, entry).await?;
        Ok(after)
    }

    /// Deletes a folder. Refused while a rule puts recordings into it, and, without `release`, while recordings lie in it: with it they stay, in no folder.
    pub async fn delete_folder(&self, id: &FolderId, release: bool) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let before = folder_in(&mut tx, id).await?.ok_or_else(|| ArchiveError::not_found("folder", id.as_str()))?;
        self.change.check("folder", id.as_str(), Some(&before))?;
        let in_use = |why: String| ArchiveError::InUse { what: "folder", name: before.name.clone(), why };
        if let Some(row) = rules_in(&mut tx).await?.iter().find(|row| row.rule.then.folder.as_ref() == Some(id)) {
            return Err(in_use(format!("the triage rule `{}` puts recordings into it", row.rule.name)));
        }
        let held = count(&mut tx, "SELECT COUNT(*) AS n FROM recordings WHERE folder = $1", id.as_str()).await?;
        if held > 0 && !release {
            return Err(in_use(format!("recordings lie in it ({held}); move them first, or have them released: they stay, in no folder")));
        }
        if held > 0 {
            sqlx::query("UPDATE recordings SET folder = NULL WHERE folder = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        }
        sqlx::query("DELETE FROM folders WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        match self.change.entry(format!("folder:{id}"), Some(&before), None) {
            Some(mut entry) => {
                entry.detail["released"] = held.into();
                noted(tx, entry).await
            }
            None => Ok(tx.commit().await?),
        }
    }

    /// Makes a known label, or gives one that there is another colour.
    pub async fn put_label(&self, row: &KnownLabel, put: Put) -> Result<()> {
        label(row)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = labels_in(&mut tx).await?;
        let before = all.iter().find(|known| known.name == row.name);
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "label", name: row.name.clone() });
        }
        self.change.check("label", &row.name, before)?;
        if before.is_none() && all.len() >= MOST_KNOWN_LABELS {
            return Err(ArchiveError::invalid("name", format!("there are {MOST_KNOWN_LABELS} labels already, the most there can be")));
        }
        if before.is_none()
            && let Some(same) = all.iter().find(|known| known.name.to_lowercase() == row.name.to_lowercase())
        {
            return Err(ArchiveError::invalid("name", format!("there is a label `{}` already", same.name)));
        }
        let Some(entry) = self.change.entry(format!("label:{}", row.name), before, Some(row)) else { return Ok(()) };
        sqlx::query("INSERT INTO labels (name, color) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET color = excluded.color")
            .bind(row.name.clone())
            .bind(row.color.as_ref().map(|color| word(color, "color")).transpose()?)
            .execute(&mut *tx)
            .await?;
        noted(tx, entry).await
    }

    /// Takes a label off the list. Recordings that have it keep it.
    pub async fn delete_label(&self, name: &str) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let before = labels_in(&mut tx).await?.into_iter().find(|known| known.name == name);
        let Some(before) = before else { return Err(ArchiveError::not_found("label", name)) };
        self.change.check("label", name, Some(&before))?;
        sqlx::query("DELETE FROM labels WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        self.gone(tx, format!("label:{name}"), &before).await
    }
}

fn name_is_free(all: &[Folder], but: Option<&FolderId>, name: &str) -> Result<()> {
    let key = Folder::key(name);
    match all.iter().find(|folder| Some(&folder.id) != but && Folder::key(&folder.name) == key) {
        Some(same) => Err(ArchiveError::invalid("name", format!("there is a folder `{}` already", same.name))),
        None => Ok(()),
    }
}

async fn folders_in(c: &mut AnyConnection) -> Result<Vec<Folder>> {
    let rows = sqlx::query("SELECT id, name FROM folders ORDER BY name_key, id").fetch_all(c).await?;
    rows.iter().map(folder_of).collect()
}

pub(super) async fn folder_in(c: &mut AnyConnection, id: &FolderId) -> Result<Option<Folder>> {
    let row = sqlx::query("SELECT id, name FROM folders WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(c).await?;
    row.as_ref().map(folder_of).transpose()
}

fn folder_of(row: &AnyRow) -> Result<Folder> {
    let row = Reading::of("folders", row);
    Ok(Folder { id: row.word("id")?, name: row.text("name")? })
}

async fn labels_in(c: &mut AnyConnection) -> Result<Vec<KnownLabel>> {
    let rows = sqlx::query("SELECT name, color FROM labels ORDER BY name").fetch_all(c).await?;
    let label_of = |row: &AnyRow| {
        let row = Reading::of("labels", row);
        Ok(KnownLabel { name: row.text("name")?, color: row.maybe_word("color")? })
    };
    rows.iter().map(label_of).collect()
}

/// Users who are not locked out, and configured agents who are none of them.
pub(super) async fn assignable_in(c: &mut AnyConnection) -> Result<Vec<Assignable>> {
    let users = users_in(c).await?;
    let mut names: BTreeSet<String> = agents_in(c).await?.into_iter().map(|agent| agent.name).collect();
    for user in &users {
        names.remove(user.row.stands_for());
    }
    names.extend(users.into_iter().filter(|user| !user.row.disabled).map(|user| user.row.name));
    Ok(names.into_iter().map(|name| Assignable { name }).collect())
}
