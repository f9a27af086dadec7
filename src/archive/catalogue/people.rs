//! Users, groups and properties in their tables.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::Reading;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::own_calls::own_calls;
use crate::archive::people::{GroupRow, ResourceFilter, Standing, User, UserRow};
use crate::archive::rights::Properties;
use crate::archive::rows::AgentRow;
use crate::model::redact::{Personal, Secret};
use crate::model::settings::AgentProperties;

const COLUMNS: &str =
    "name, display_name, email, role, agent, password, subject, properties, queues, only_groups, projects, disabled, epoch, created";

/// What a sign-in with a password is checked against.
#[derive(Debug)]
pub struct SignInRow {
    /// The user's name.
    pub name: String,
    /// What was kept of the password; absent = they have none.
    pub password: Option<Secret>,
    /// See [`User::epoch`].
    pub epoch: i64,
    /// Nobody signs in as them.
    pub disabled: bool,
}

impl Catalogue {
    /// Every user, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let mut c = self.read.acquire().await?;
        users_in(&mut c).await
    }

    /// A user.
    pub async fn user(&self, name: &str) -> Result<User> {
        let mut c = self.read.acquire().await?;
        user_in(&mut c, name).await?.ok_or_else(|| ArchiveError::not_found("user", name))
    }

    /// A user with everything that their rights follow from; `None` where there is none of this name.
    pub async fn standing(&self, name: &str) -> Result<Option<Standing>> {
        let mut c = self.read.acquire().await?;
        let Some(user) = user_in(&mut c, name).await? else { return Ok(None) };
        let rows = sqlx::query(
            "SELECT g.name, g.properties FROM user_groups g JOIN group_members m ON m.group_name = g.name WHERE m.user_name = $1 ORDER BY g.name",
        )
        .bind(name.to_owned())
        .fetch_all(&mut *c)
        .await?;
        let groups = rows.iter().map(group_of).collect::<Result<_>>()?;
        Ok(Some(Standing { user, groups, workspace: workspace_properties_in(&mut c).await? }))
    }

    /// What holds in the calls of an agent, from the user that it is, what is configured for it, groups and the workspace.
    pub async fn own_calls(&self, agent: &AgentRow) -> Result<AgentProperties> {
        let mut c = self.read.acquire().await?;
        let sql = "SELECT name FROM users WHERE agent = $1 OR (agent IS NULL AND name = $1) ORDER BY agent IS NULL";
        let row = sqlx::query(sql).bind(agent.name.clone()).fetch_optional(&mut *c).await?;
        let workspace = workspace_properties_in(&mut c).await?;
        drop(c);
        let standing = match row {
            Some(row) => self.standing(&Reading::of("users", &row).text("name")?).await?,
            None => None,
        };
        Ok(own_calls(agent.properties, standing.as_ref(), &workspace))
    }

    /// Whoever signs in with this name, or with this address.
    pub async fn signing_in(&self, name_or_email: &str) -> Result<Option<SignInRow>> {
        let (column, key) = if name_or_email.contains('@') {
            ("email_key", name_or_email.trim().to_lowercase())
        } else {
            ("name", name_or_email.to_owned())
        };
        let sql = format!("SELECT name, password, epoch, disabled FROM users WHERE {column} = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(&self.read).await?;
        row.as_ref().map(sign_in_of).transpose()
    }

    /// Whoever the identity provider knows by this id.
    pub async fn signing_in_by_subject(&self, subject: &str) -> Result<Option<SignInRow>> {
        let row = sqlx::query("SELECT name, password, epoch, disabled FROM users WHERE subject = $1")
            .bind(subject.to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(sign_in_of).transpose()
    }

    /// Every group, by name.
    pub async fn groups(&self) -> Result<Vec<GroupRow>> {
        let mut c = self.read.acquire().await?;
        groups_in(&mut c).await
    }

    /// A group.
    pub async fn group(&self, name: &str) -> Result<GroupRow> {
        let found = self.groups().await?.into_iter().find(|group| group.name == name);
        found.ok_or_else(|| ArchiveError::not_found("group", name))
    }

    /// Properties that hold where neither a user nor a group says something.
    pub async fn workspace_properties(&self) -> Result<Properties> {
        let mut c = self.read.acquire().await?;
        workspace_properties_in(&mut c).await
    }

    /// What recordings call the members of each group: for filters by group.
    pub async fn agents_by_group(&self) -> Result<Vec<(String, String)>> {
        let rows = sqlx::query(
            "SELECT m.group_name, u.name, u.agent FROM group_members m JOIN users u ON u.name = m.user_name ORDER BY m.group_name, u.name",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let row = Reading::of("group_members", row);
                let agent = row.maybe_text("agent")?;
                Ok((row.text("group_name")?, agent.map_or_else(|| row.text("name"), Ok)?))
            })
            .collect()
    }
}

pub(super) async fn workspace_properties_in(c: &mut AnyConnection) -> Result<Properties> {
    let row = sqlx::query("SELECT properties FROM workspace_properties WHERE id = 1").fetch_one(c).await?;
    Reading::of("workspace_properties", &row).json("properties")
}

pub(super) async fn users_in(c: &mut AnyConnection) -> Result<Vec<User>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users ORDER BY name"))).fetch_all(&mut *c).await?;
    let members = members_in(c).await?;
    let mut users = rows.iter().map(user_of).collect::<Result<Vec<_>>>()?;
    for user in &mut users {
        user.row.groups = members.iter().filter(|(_, name)| *name == user.row.name).map(|(group, _)| group.clone()).collect();
    }
    Ok(users)
}

pub(super) async fn user_in(c: &mut AnyConnection, name: &str) -> Result<Option<User>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE name = $1")))
        .bind(name.to_owned())
        .fetch_optional(&mut *c)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut user = user_of(&row)?;
    let groups = sqlx::query("SELECT group_name FROM group_members WHERE user_name = $1").bind(name.to_owned()).fetch_all(c).await?;
    user.row.groups = groups.iter().map(|row| Reading::of("group_members", row).text("group_name")).collect::<Result<_>>()?;
    Ok(Some(user))
}

pub(super) async fn groups_in(c: &mut AnyConnection) -> Result<Vec<GroupRow>> {
    let rows = sqlx::query("SELECT name, properties FROM user_groups ORDER BY name").fetch_all(&mut *c).await?;
    let members = members_in(c).await?;
    let mut groups = rows.iter().map(group_of).collect::<Result<Vec<_>>>()?;
    for group in &mut groups {
        group.members = members.iter().filter(|(name, _)| *name == group.name).map(|(_, user)| user.clone()).collect();
    }
    Ok(groups)
}

/// Group and user of every membership.
async fn members_in(c: &mut AnyConnection) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query("SELECT group_name, user_name FROM group_members").fetch_all(c).await?;
    rows.iter()
        .map(|row| {
            let row = Reading::of("group_members", row);
            Ok((row.text("group_name")?, row.text("user_name")?))
        })
        .collect()
}

fn group_of(row: &AnyRow) -> Result<GroupRow> {
    let row = Reading::of("user_groups", row);
    Ok(GroupRow { name: row.text("name")?, properties: row.json("properties")?, members: std::collections::BTreeSet::new() })
}

fn sign_in_of(row: &AnyRow) -> Result<SignInRow> {
    let row = Reading::of("users", row);
    Ok(SignInRow {
        name: row.text("name")?,
        password: row.maybe_text("password")?.map(Secret::new),
        epoch: row.number("epoch")?,
        disabled: row.number("disabled")? != 0,
    })
}

fn user_of(row: &AnyRow) -> Result<User> {
    let row = Reading::of("users", row);
    Ok(User {
        has_password: row.maybe_text("password")?.is_some(),
        has_subject: row.maybe_text("subject")?.is_some(),
        epoch: row.number("epoch")?,
        created: row.time("created")?,
        row: UserRow {
            name: row.text("name")?,
            display_name: Personal::new(row.text("display_name")?),
            email: row.maybe_text("email")?.map(Personal::new),
            role: row.word("role")?,
            agent: row.maybe_text("agent")?,
            groups: std::collections::BTreeSet::new(),
            properties: row.json("properties")?,
            filter: ResourceFilter {
                queues: row.maybe_json("queues")?,
                groups: row.maybe_json("only_groups")?,
                projects: row.maybe_json("projects")?,
            },
            disabled: row.number("disabled")? != 0,
        },
    })
}
