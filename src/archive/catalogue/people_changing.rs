//! Changes to people, groups and properties. Each is one transaction: look, check, change, note in the audit log.

use serde_json::json as object;
use sqlx::{AnyConnection, Row};

use super::audit::append;
use super::changing::{Changing, Put, noted};
use super::columns::{json, word};
use super::configured::projects_named;
use super::people::{groups_in, user_in, users_in, workspace_properties_in};
use crate::archive::audit::{AuditAction, NewAudit};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::people::{GroupRow, User, UserRow, check_group, check_properties, check_user, email_key};
use crate::archive::rights::Properties;
use crate::model::redact::Secret;

/// Ways to sign in that a change of a user brings along; absent = as it was.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// What is kept of a new password (`passwords::hash`).
    pub password: Option<Secret>,
    /// The provider's own id of the person.
    pub subject: Option<String>,
}

impl Changing<'_> {
    /// Makes a user, or makes or replaces one whole. Another role, another agent, disabling and a new password end the user's sessions.
    pub async fn put_user(&self, row: &UserRow, put: Put, new: &Credentials) -> Result<User> {
        check_user(row)?;
        let mut tx = self.catalogue.configuring().await?;
        let before = user_in(&mut tx, &row.name).await?;
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "user", name: row.name.clone() });
        }
        self.change.check("user", &row.name, before.as_ref().map(|user| &user.row))?;
        is_alone(&mut tx, row).await?;
        names_what_is_there(&mut tx, row).await?;
        let counted = sqlx::query("SELECT value FROM counters WHERE name = 'configuration'").fetch_one(&mut *tx).await?;
        let now: i64 = counted.try_get("value")?;
        let ends = before.as_ref().is_none_or(|user| {
            new.password.is_some() || user.row.role != row.role || user.row.agent != row.agent || user.row.disabled != row.disabled
        });
        let epoch = if ends { now } else { before.as_ref().map_or(now, |user| user.epoch) };
        write_user(&mut tx, row, epoch, before.as_ref().map_or(self.change.at.0, |user| user.created.0)).await?;
        replace_groups(&mut tx, row).await?;
        let entry = self.change.entry(format!("user:{}", row.name), before.as_ref().map(|user| &user.row), Some(row));
        if let Some(entry) = entry {
            append(&mut tx, &entry).await?;
        }
        self.keep_credentials(&mut tx, &row.name, new).await?;
        let kept = user_in(&mut tx, &row.name).await?.ok_or_else(|| ArchiveError::not_found("user", row.name.as_str()))?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives a user another password, which ends their sessions.
    pub async fn put_password(&self, name: &str, hash: Secret) -> Result<User> {
        let mut tx = self.catalogue.configuring().await?;
        if user_in(&mut tx, name).await?.is_none() {
            return Err(ArchiveError::not_found("user", name));
        }
        sqlx::query("UPDATE users SET epoch = (SELECT value FROM counters WHERE name = 'configuration') WHERE name = $1")
            .bind(name.to_owned())
            .execute(&mut *tx)
            .await?;
        self.keep_credentials(&mut tx, name, &Credentials { password: Some(hash), subject: None }).await?;
        let kept = user_in(&mut tx, name).await?.ok_or_else(|| ArchiveError::not_found("user", name))?;
        tx.commit().await?;
        Ok(kept)
    }

    async fn keep_credentials(&self, c: &mut AnyConnection, name: &str, new: &Credentials) -> Result<()> {
        let mut detail = object!({ "via": self.change.via });
        if let Some(hash) = &new.password {
            detail["password"] = object!("set");
            sqlx::query("UPDATE users SET password = $2 WHERE name = $1")
                .bind(name.to_owned())
                .bind(hash.reveal().to_owned())
                .execute(&mut *c)
                .await?;
        }
        if let Some(subject) = &new.subject {
            detail["identity"] = object!("linked");
            sqlx::query("UPDATE users SET subject = $2 WHERE name = $1")
                .bind(name.to_owned())
                .bind(subject.clone())
                .execute(&mut *c)
                .await?;
        }
        if new.password.is_some() || new.subject.is_some() {
            let (at, actor) = (self.change.at, self.change.actor.clone());
            append(c, &NewAudit { at, actor, action: AuditAction::SettingChange, subject: format!("user:{name}"), detail }).await?;
        }
        Ok(())
    }

    /// Deletes a user. What they did stays in the audit log.
    pub async fn delete_user(&self, name: &str) -> Result<User> {
        let mut tx = self.catalogue.configuring().await?;
        let before = user_in(&mut tx, name).await?.ok_or_else(|| ArchiveError::not_found("user", name))?;
        self.change.check("user", name, Some(&before.row))?;
        for sql in ["DELETE FROM group_members WHERE user_name = $1", "DELETE FROM users WHERE name = $1"] {
            sqlx::query(sql).bind(name.to_owned()).execute(&mut *tx).await?;
        }
        self.gone(tx, format!("user:{name}"), &before.row).await?;
        Ok(before)
    }

    /// Makes a group, or makes or replaces one whole, with its members.
    pub async fn put_group(&self, row: &GroupRow, put: Put) -> Result<()> {
        check_group(row)?;
        let mut tx = self.catalogue.configuring().await?;
        let before = groups_in(&mut tx).await?.into_iter().find(|group| group.name == row.name);
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "group", name: row.name.clone() });
        }
        self.change.check("group", &row.name, before.as_ref())?;
        let users = users_in(&mut tx).await?;
        if let Some(unknown) = row.members.iter().find(|name| !users.iter().any(|user| user.row.name == **name)) {
            return Err(ArchiveError::invalid("members", format!("there is no user `{unknown}`")));
        }
        let Some(entry) = self.change.entry(format!("group:{}", row.name), before.as_ref(), Some(row)) else { return Ok(()) };
        sqlx::query(
            "INSERT INTO user_groups (name, properties) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET properties = excluded.properties",
        )
        .bind(row.name.clone())
        .bind(json(&row.properties, "properties")?)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM group_members WHERE group_name = $1").bind(row.name.clone()).execute(&mut *tx).await?;
        for member in &row.members {
            join(&mut tx, &row.name, member).await?;
        }
        noted(tx, entry).await
    }

    /// Deletes a group. Refused while somebody is limited to its recordings: deleting it would leave them a filter that nothing passes.
    pub async fn delete_group(&self, name: &str) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let before = groups_in(&mut tx).await?.into_iter().find(|group| group.name == name);
        let Some(before) = before else { return Err(ArchiveError::not_found("group", name)) };
        self.change.check("group", name, Some(&before))?;
        let limited = |user: &&User| user.row.filter.groups.as_ref().is_some_and(|groups| groups.contains(name));
        if let Some(user) = users_in(&mut tx).await?.iter().find(limited) {
            let why = format!("user `{}` is limited to it", user.row.name);
            return Err(ArchiveError::InUse { what: "group", name: name.to_owned(), why });
        }
        for sql in ["DELETE FROM group_members WHERE group_name = $1", "DELETE FROM user_groups WHERE name = $1"] {
            sqlx::query(sql).bind(name.to_owned()).execute(&mut *tx).await?;
        }
        self.gone(tx, format!("group:{name}"), &before).await
    }

    /// Sets the workspace's properties.
    pub async fn put_workspace_properties(&self, properties: &Properties) -> Result<()> {
        check_properties(properties)?;
        let mut tx = self.catalogue.configuring().await?;
        let before = workspace_properties_in(&mut tx).await?;
        self.change.check("workspace", "properties", Some(&before))?;
        let Some(entry) = self.change.entry("workspace".to_owned(), Some(&before), Some(properties)) else { return Ok(()) };
        sqlx::query("UPDATE workspace_properties SET properties = $1 WHERE id = 1")
            .bind(json(properties, "properties")?)
            .execute(&mut *tx)
            .await?;
        noted(tx, entry).await
    }
}

/// Refuses an address or an agent that is another's.
async fn is_alone(c: &mut AnyConnection, row: &UserRow) -> Result<()> {
    let key = row.email.as_ref().map(email_key).transpose()?;
    for user in users_in(c).await?.iter().filter(|user| user.row.name != row.name) {
        let same_address = key.is_some() && user.row.email.as_ref().map(email_key).transpose()? == key;
        if same_address {
            return Err(ArchiveError::invalid("email", "is another user's"));
        }
        if user.row.stands_for() == row.stands_for() {
            let field = if row.agent.is_some() { "agent" } else { "name" };
            return Err(ArchiveError::invalid(field, format!("user `{}` is this agent", user.row.name)));
        }
    }
    Ok(())
}

/// Refuses names of groups, projects and agents that are not there.
async fn names_what_is_there(c: &mut AnyConnection, row: &UserRow) -> Result<()> {
    let groups = groups_in(c).await?;
    for (field, names) in [("groups", Some(&row.groups)), ("filter.groups", row.filter.groups.as_ref())] {
        if let Some(unknown) = names.into_iter().flatten().find(|name| !groups.iter().any(|group| group.name == **name)) {
            return Err(ArchiveError::invalid(field, format!("there is no group `{unknown}`")));
        }
    }
    for slug in row.filter.projects.iter().flatten() {
        if projects_named(c, slug.as_str()).await? == 0 {
            return Err(ArchiveError::invalid("filter.projects", format!("there is no project `{slug}`")));
        }
    }
    if let Some(agent) = &row.agent {
        let found = sqlx::query("SELECT name FROM agents WHERE name = $1").bind(agent.clone()).fetch_optional(c).await?;
        if found.is_none() {
            return Err(ArchiveError::invalid("agent", format!("there is no agent `{agent}`")));
        }
    }
    Ok(())
}

async fn write_user(c: &mut AnyConnection, row: &UserRow, epoch: i64, created: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO users (name, display_name, email, email_key, role, agent, properties, queues, only_groups, projects, disabled, epoch, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, email = excluded.email, email_key = excluded.email_key, \
         role = excluded.role, agent = excluded.agent, properties = excluded.properties, queues = excluded.queues, \
         only_groups = excluded.only_groups, projects = excluded.projects, disabled = excluded.disabled, epoch = excluded.epoch",
    )
    .bind(row.name.clone())
    .bind(row.display_name.reveal().to_owned())
    .bind(row.email.as_ref().map(|email| email.reveal().to_owned()))
    .bind(row.email.as_ref().map(email_key).transpose()?)
    .bind(word(&row.role, "role")?)
    .bind(row.agent.clone())
    .bind(json(&row.properties, "properties")?)
    .bind(row.filter.queues.as_ref().map(|names| json(names, "queues")).transpose()?)
    .bind(row.filter.groups.as_ref().map(|names| json(names, "only_groups")).transpose()?)
    .bind(row.filter.projects.as_ref().map(|names| json(names, "projects")).transpose()?)
    .bind(i64::from(row.disabled))
    .bind(epoch)
    .bind(created)
    .execute(c)
    .await?;
    Ok(())
}

async fn replace_groups(c: &mut AnyConnection, row: &UserRow) -> Result<()> {
    sqlx::query("DELETE FROM group_members WHERE user_name = $1").bind(row.name.clone()).execute(&mut *c).await?;
    for group in &row.groups {
        join(c, group, &row.name).await?;
    }
    Ok(())
}

async fn join(c: &mut AnyConnection, group: &str, user: &str) -> Result<()> {
    sqlx::query("INSERT INTO group_members (group_name, user_name) VALUES ($1, $2)")
        .bind(group.to_owned())
        .bind(user.to_owned())
        .execute(c)
        .await?;
    Ok(())
}
