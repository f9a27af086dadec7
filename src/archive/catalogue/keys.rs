//! API keys: who they belong to and what they may do. Only hashes are kept.

use super::Catalogue;
use super::columns::{Reading, json};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::validate;
use crate::model::time::WallClock;

/// Whose an API key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key's name.
    pub name: String,
    /// What it may do: `admin` may do everything.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: WallClock,
}

impl Catalogue {
    /// Whose key has this SHA-256 (lower-case hex, see `keys::hash`), if anybody's.
    pub async fn key_owner(&self, hash: &str) -> Result<Option<KeyOwner>> {
        let row = sqlx::query("SELECT name, scopes, created FROM api_keys WHERE hash = $1")
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
            "INSERT INTO api_keys (name, hash, scopes, created) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, scopes = excluded.scopes, created = excluded.created",
        )
        .bind(owner.name.clone())
        .bind(hash.to_owned())
        .bind(json(&owner.scopes, "scopes")?)
        .bind(owner.created.0)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Every key's owner, by name.
    pub async fn keys(&self) -> Result<Vec<KeyOwner>> {
        let rows = sqlx::query("SELECT name, scopes, created FROM api_keys ORDER BY name").fetch_all(&self.read).await?;
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
    Ok(KeyOwner { name: row.text("name")?, scopes: row.json("scopes")?, created: row.time("created")? })
}
