//! API keys: who they belong to and what they may do. Only hashes are kept.

use std::collections::BTreeSet;

use super::Catalogue;
use super::audit::append;
use super::columns::{Reading, json};
use super::configured::projects_named;
use crate::archive::audit::NewAudit;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::scope::Scope;
use crate::archive::validate;
use crate::model::id::ProjectSlug;
use crate::model::time::WallClock;

/// Whose an API key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key's name.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Only with recordings and sessions of these projects; absent = of all.
    pub projects: Option<BTreeSet<ProjectSlug>>,
    /// When it was made.
    pub created: WallClock,
}

impl Catalogue {
    /// Whose key has this SHA-256 (lower-case hex, see `keys::hash`), if anybody's.
    pub async fn key_owner(&self, hash: &str) -> Result<Option<KeyOwner>> {
        let row = sqlx::query("SELECT name, scopes, projects, created FROM api_keys WHERE hash = $1")
            .bind(hash.to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| owner_of(&row)).transpose()
    }

    /// Makes a key or replaces it: the key that had this name before opens nothing any more.
    pub async fn put_key(&self, owner: &KeyOwner, hash: &str) -> Result<()> {
        validate::name("name", &owner.name)?;
        if hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ArchiveError::invalid("hash", "must be a SHA-256 in lower-case hex"));
        }
        sqlx::query(
            "INSERT INTO api_keys (name, hash, scopes, projects, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET \
             hash = excluded.hash, scopes = excluded.scopes, projects = excluded.projects, created = excluded.created",
        )
        .bind(owner.name.clone())
        .bind(hash.to_owned())
        .bind(json(&owner.scopes, "scopes")?)
        .bind(owner.projects.as_ref().map(|projects| json(projects, "projects")).transpose()?)
        .bind(owner.created.0)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Makes a key of a name that is free, and notes it.
    pub async fn make_key(&self, owner: &KeyOwner, hash: &str, entry: NewAudit) -> Result<()> {
        validate::name("name", &owner.name)?;
        if owner.scopes.is_empty() {
            return Err(ArchiveError::invalid("scopes", "a key without any opens nothing"));
        }
        if owner.projects.is_some() && owner.scopes.contains(&Scope::Admin) {
            return Err(ArchiveError::invalid("projects", "a key with the scope `admin` is limited to none"));
        }
        let mut tx = self.configuring().await?;
        let found = sqlx::query("SELECT name FROM api_keys WHERE name = $1").bind(owner.name.clone()).fetch_optional(&mut *tx).await?;
        if found.is_some() {
            return Err(ArchiveError::Exists { what: "key", name: owner.name.clone() });
        }
        for slug in owner.projects.iter().flatten() {
            if projects_named(&mut tx, slug.as_str()).await? == 0 {
                return Err(ArchiveError::invalid("projects", format!("there is no project `{slug}`")));
            }
        }
        sqlx::query("INSERT INTO api_keys (name, hash, scopes, projects, created) VALUES ($1, $2, $3, $4, $5)")
            .bind(owner.name.clone())
            .bind(hash.to_owned())
            .bind(json(&owner.scopes, "scopes")?)
            .bind(owner.projects.as_ref().map(|projects| json(projects, "projects")).transpose()?)
            .bind(owner.created.0)
            .execute(&mut *tx)
            .await?;
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a key back, and notes it: it opens nothing from now on.
    pub async fn revoke_key(&self, name: &str, entry: NewAudit) -> Result<()> {
        if name == crate::archive::keys::ADMIN {
            let why = "it is the node's own: remove `admin.key` from its data folder and start it again, and it has another".to_owned();
            return Err(ArchiveError::InUse { what: "key", name: name.to_owned(), why });
        }
        let mut tx = self.configuring().await?;
        let gone = sqlx::query("DELETE FROM api_keys WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Err(ArchiveError::not_found("key", name));
        }
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Every key's owner, by name.
    pub async fn keys(&self) -> Result<Vec<KeyOwner>> {
        let rows = sqlx::query("SELECT name, scopes, projects, created FROM api_keys ORDER BY name").fetch_all(&self.read).await?;
        rows.iter().map(owner_of).collect()
    }

    /// Deletes a key: it opens nothing from now on.
    pub async fn delete_key(&self, name: &str) -> Result<()> {
        let gone = sqlx::query("DELETE FROM api_keys WHERE name = $1").bind(name.to_owned()).execute(&self.write).await?;
        if gone.rows_affected() == 0 { Err(ArchiveError::not_found("key", name)) } else { Ok(()) }
    }
}

fn owner_of(row: &sqlx::any::AnyRow) -> Result<KeyOwner> {
    let row = Reading::of("api_keys", row);
    Ok(KeyOwner {
        name: row.text("name")?,
        scopes: row.json("scopes")?,
        projects: row.maybe_json("projects")?,
        created: row.time("created")?,
    })
}
