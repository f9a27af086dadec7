//! People of the workspace and their groups (archive.md B1 to B3).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use super::rights::{Effective, Person, Properties, Role};
use super::validate;
use crate::model::email::{BadAddress, EmailAddress};
use crate::model::id::ProjectSlug;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Groups of one user, and names of one filter, at most.
const MOST: usize = 200;
/// Longest list of reasons, in characters.
const LONGEST_REASONS: usize = 4_000;
/// Longest age that access may be limited to, in days: a hundred years.
const MOST_DAYS: u32 = 36_525;

/// Which recordings a user is limited to; absent = no limit. All that is there has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceFilter {
    /// Of these queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<BTreeSet<String>>,
    /// With an agent of one of these groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<String>>,
    /// Of these projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub projects: Option<BTreeSet<ProjectSlug>>,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRow {
    /// Their name in the workspace; without `@`, so that it is no address.
    pub name: String,
    /// What people call them.
    #[serde(default)]
    #[schema(value_type = String)]
    pub display_name: Personal,
    /// Their address: they can sign in with it, and letters go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Personal>,
    /// `admin`, `agent` or `reviewer`.
    pub role: Role,
    /// The configured agent that they are: recordings of this agent are their own. Absent: whoever their own name names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Groups that they are in.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Properties that they have, whatever their groups and the workspace say.
    #[serde(default)]
    pub properties: Properties,
    /// Recordings that they are limited to.
    #[serde(default)]
    pub filter: ResourceFilter,
    /// Nobody signs in as them.
    #[serde(default)]
    pub disabled: bool,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Properties of its members, where they have none of their own.
    #[serde(default)]
    pub properties: Properties,
    /// Its members, by name.
    #[serde(default)]
    pub members: BTreeSet<String>,
}

/// A user as the node knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What is configured.
    pub row: UserRow,
    /// They have a password.
    pub has_password: bool,
    /// They sign in through the identity provider.
    pub has_subject: bool,
    /// Rises with everything that ends their sessions.
    pub epoch: i64,
    /// When they were made.
    pub created: WallClock,
}

/// A user with everything that their rights follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user: User,
    /// Properties of their groups, by name.
    pub groups: Vec<GroupRow>,
    /// Properties of the workspace.
    pub workspace: Properties,
}

impl UserRow {
    /// What recordings call them.
    #[must_use]
    pub fn stands_for(&self) -> &str {
        self.agent.as_deref().unwrap_or(&self.name)
    }
}

impl Standing {
    /// What holds for them.
    #[must_use]
    pub fn effective(&self) -> Effective {
        let groups: Vec<Properties> = self.groups.iter().map(|group| group.properties.clone()).collect();
        Effective::of(self.user.row.role, &self.user.row.properties, &groups, &self.workspace)
    }

    /// They as the decision takes them.
    #[must_use]
    pub fn person(&self, workspace: &str) -> Person {
        let row = &self.user.row;
        Person {
            name: row.stands_for().to_owned(),
            workspace: workspace.to_owned(),
            role: row.role,
            properties: self.effective(),
            queues: row.filter.queues.clone(),
            groups: row.filter.groups.clone(),
            projects: row.filter.projects.clone(),
        }
    }
}

/// Where a property's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The role says it, whatever the places say; or `play`, which takes others along.
    Role,
    /// The user's own.
    User,
    /// One or several groups.
    Group,
    /// The workspace.
    Workspace,
    /// Nobody says anything.
    Default,
}

/// A property that holds, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Sourced {
    /// Its name.
    pub name: &'static str,
    /// What holds.
    pub value: serde_json::Value,
    /// Who says so.
    pub from: Origin,
    /// The groups that do.
    pub groups: Vec<String>,
}

impl Standing {
    /// Every property, with where its value comes from.
    #[must_use]
    pub fn sources(&self) -> Vec<Sourced> {
        let holds = self.effective();
        let own = &self.user.row.properties;
        let place = |sets: &dyn Fn(&Properties) -> bool| {
            let groups: Vec<String> = self.groups.iter().filter(|group| sets(&group.properties)).map(|group| group.name.clone()).collect();
            match (sets(own), groups.is_empty(), sets(&self.workspace)) {
                (true, ..) => (Origin::User, Vec::new()),
                (false, false, _) => (Origin::Group, groups),
                (false, true, true) => (Origin::Workspace, Vec::new()),
                (false, true, false) => (Origin::Default, Vec::new()),
            }
        };
        let mut found = Vec::new();
        for name in Properties::SWITCHES {
            let (mut from, mut groups) = place(&|properties| properties.switch(name).is_some());
            // What a nearer place says and does not hold, something else overrules: the role, or `play` that is off.
            let said = own.switch(name).or_else(|| self.workspace.switch(name).filter(|_| from == Origin::Workspace));
            let plain = said.unwrap_or_else(|| Effective::defaults().switch(name));
            if from != Origin::Group && plain != holds.switch(name) || from == Origin::Group && !self.groups_say(name, holds.switch(name)) {
                (from, groups) = (Origin::Role, Vec::new());
            }
            found.push(Sourced { name, value: holds.switch(name).into(), from, groups });
        }
        let (mut from, mut groups) = place(&|properties| properties.access_days.is_some());
        if self.user.row.role == Role::Admin && from != Origin::Default {
            (from, groups) = (Origin::Role, Vec::new());
        }
        found.push(Sourced { name: "access_days", value: holds.access_days.map_or(serde_json::Value::Null, Into::into), from, groups });
        let (from, groups) = place(&|properties| properties.playback_reason.is_some());
        found.push(Sourced { name: "playback_reason", value: String::from(holds.playback_reason).into(), from, groups });
        found
    }

    fn groups_say(&self, name: &str, value: bool) -> bool {
        self.groups.iter().any(|group| group.properties.switch(name) == Some(value))
    }
}

/// An address as it is compared.
pub(super) fn email_key(email: &Personal) -> Result<String> {
    let address: EmailAddress = email.reveal().parse().map_err(|bad: BadAddress| ArchiveError::invalid("email", bad.to_string()))?;
    Ok(address.key())
}

/// A user, as far as one can be judged alone.
pub(super) fn check_user(row: &UserRow) -> Result<()> {
    named("name", &row.name)?;
    if !row.display_name.reveal().is_empty() {
        validate::name("display_name", row.display_name.reveal())?;
    }
    if let Some(email) = &row.email {
        email_key(email)?;
    }
    if let Some(agent) = &row.agent {
        validate::name("agent", agent)?;
    }
    if row.groups.len() > MOST {
        return Err(ArchiveError::invalid("groups", format!("at most {MOST}")));
    }
    for (field, names) in [("filter.queues", &row.filter.queues), ("filter.groups", &row.filter.groups)] {
        for name in names.iter().flatten() {
            validate::name(field, name)?;
        }
        if names.as_ref().is_some_and(|names| names.len() > MOST) {
            return Err(ArchiveError::invalid(field, format!("at most {MOST}")));
        }
    }
    check_properties(&row.properties)
}

/// A group, as far as it can be judged alone.
pub(super) fn check_group(row: &GroupRow) -> Result<()> {
    named("name", &row.name)?;
    check_properties(&row.properties)
}

/// Properties that can be kept.
pub(super) fn check_properties(properties: &Properties) -> Result<()> {
    if properties.access_days.is_some_and(|days| days > MOST_DAYS) {
        return Err(ArchiveError::invalid("properties.access_days", format!("must be 0 to {MOST_DAYS}; 0 = recordings of any age")));
    }
    let reasons = properties.playback_reason.clone().map(String::from).unwrap_or_default();
    if reasons.chars().count() > LONGEST_REASONS || reasons.chars().any(char::is_control) {
        let why = format!("must have at most {LONGEST_REASONS} characters, none of them a control character");
        return Err(ArchiveError::invalid("properties.playback_reason", why));
    }
    Ok(())
}

/// A name that addresses and the words of paths cannot be taken for.
fn named(field: &str, text: &str) -> Result<()> {
    validate::name(field, text)?;
    if text.contains(['@', '/']) {
        return Err(ArchiveError::invalid(field, "must not hold `@` or `/`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(change: impl FnOnce(&mut UserRow)) -> Result<()> {
        let mut row: UserRow = serde_json::from_str(r#"{"name":"anna","role":"agent"}"#).unwrap();
        change(&mut row);
        check_user(&row)
    }

    #[test]
    fn what_cannot_be_is_named_by_its_field() {
        assert!(user(|_| {}).is_ok());
        let says = |found: Result<()>| found.unwrap_err().to_string();
        assert!(says(user(|row| row.name = "a@b.example".into())).starts_with("name: "));
        assert!(says(user(|row| row.email = Some(Personal::new("nobody")))).starts_with("email: "));
        assert!(says(user(|row| row.filter.queues = Some(BTreeSet::from([String::new()])))).starts_with("filter.queues: "));
        assert!(says(user(|row| row.properties.access_days = Some(40_000))).starts_with("properties.access_days: "));
    }

    #[test]
    fn an_agents_recordings_are_known_by_the_agents_name() {
        let row: UserRow = serde_json::from_str(r#"{"name":"anna","role":"agent","agent":"desk 7"}"#).unwrap();
        assert_eq!(row.stands_for(), "desk 7");
    }
}
