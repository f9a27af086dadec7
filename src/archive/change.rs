//! A change to the configuration: whose it is, what it rests on, and what the audit log keeps of it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::audit::{AuditAction, NewAudit, masked};
use super::error::{ArchiveError, Result};
use crate::model::time::WallClock;

/// Who changes the configuration, and what they believe is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: WallClock,
    /// Who, as the audit log names actors.
    pub actor: String,
    /// `api`, `page` or `node`.
    pub via: &'static str,
    /// What has to be there for the change to be made.
    pub expects: Expected,
}

/// What a change rests on (RFC 9110 §13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    #[default]
    Anything,
    /// Nothing: `If-None-Match: *`.
    Nothing,
    /// Something: `If-Match: *`.
    Something,
    /// One of these tags: `If-Match: "…"`.
    OneOf(Vec<String>),
}

/// The time now, as rows carry it.
#[must_use]
pub fn now() -> WallClock {
    WallClock(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}

impl Change {
    /// By the node itself, now.
    #[must_use]
    pub fn of_the_node() -> Self {
        Self { at: now(), actor: "system".to_owned(), via: "node", expects: Expected::Anything }
    }

    /// Refuses a change that rests on something that is not so any more.
    pub(super) fn check<T: Serialize>(&self, what: &'static str, name: &str, now: Option<&T>) -> Result<()> {
        let holds = match (&self.expects, now) {
            (Expected::Anything, _) | (Expected::Nothing, None) | (Expected::Something, Some(_)) => true,
            (Expected::OneOf(tags), Some(row)) => tags.contains(&tag(row)),
            (Expected::Nothing, Some(_)) | (Expected::Something | Expected::OneOf(_), None) => false,
        };
        if holds { Ok(()) } else { Err(ArchiveError::ChangedMeanwhile { what, name: name.to_owned() }) }
    }

    /// The entry about it, `None` where nothing changes.
    pub(super) fn entry<T: Serialize>(&self, subject: String, before: Option<&T>, after: Option<&T>) -> Option<NewAudit> {
        let as_json = |row: Option<&T>| row.and_then(|row| serde_json::to_value(row).ok()).map_or(Value::Null, without_addresses);
        let changed = row_text(before) != row_text(after);
        let (before, after) = difference(as_json(before), as_json(after));
        let detail = json!({ "via": self.via, "before": before, "after": after });
        changed.then(|| NewAudit { at: self.at, actor: self.actor.clone(), action: AuditAction::SettingChange, subject, detail })
    }
}

fn row_text<T: Serialize>(row: Option<&T>) -> Option<String> {
    row.and_then(|row| serde_json::to_string(row).ok())
}

/// A row's entity tag without its quotes: the first 128 bits of the SHA-256 of its JSON, in hex.
#[must_use]
pub fn tag<T: Serialize>(row: &T) -> String {
    let text = serde_json::to_string(row).unwrap_or_default();
    hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref().get(..16).unwrap_or_default())
}

/// The log cannot forget, so it keeps no address in clear, and of people what they sign in with.
fn without_addresses(mut row: Value) -> Value {
    for (field, hidden) in [("email", masked as fn(&str) -> String), ("display_name", initial)] {
        if let Some(text) = row.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            row[field] = Value::String(hidden(text));
        }
    }
    if let Some(addresses) = row.get_mut("addresses").and_then(Value::as_array_mut) {
        for address in addresses {
            if let Some(text) = address.as_str() {
                *address = Value::String(masked(text));
            }
        }
    }
    row
}

fn initial(name: &str) -> String {
    format!("{}***", name.chars().next().unwrap_or_default())
}

/// Both sides without what they have in common. What one side lacks is null there.
fn difference(before: Value, after: Value) -> (Value, Value) {
    let (Value::Object(before), Value::Object(mut after)) = (&before, after.clone()) else { return (before, after) };
    let (mut was, mut is) = (Map::new(), Map::new());
    for (key, old) in before {
        match after.remove(key) {
            Some(new) if new == *old => {}
            new => {
                let (old, new) = difference(old.clone(), new.unwrap_or(Value::Null));
                was.insert(key.clone(), old);
                is.insert(key.clone(), new);
            }
        }
    }
    for (key, new) in after {
        was.insert(key.clone(), Value::Null);
        is.insert(key, new);
    }
    (Value::Object(was), Value::Object(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_what_changed_and_nothing_else() {
        let before = json!({ "slug": "a", "settings": { "record_mode": "both", "consent": "per_party" }, "addresses": ["+4722334455"] });
        let after = json!({ "slug": "a", "settings": { "record_mode": "none", "trigger": "manual", "consent": "per_party" }, "addresses": ["1001"] });
        let change = Change::of_the_node();
        let entry = change.entry("project:a".into(), Some(&before), Some(&after)).unwrap();
        assert_eq!(
            entry.detail,
            json!({ "via": "node",
                "before": { "settings": { "record_mode": "both", "trigger": null }, "addresses": ["***455"] },
                "after": { "settings": { "record_mode": "none", "trigger": "manual" }, "addresses": ["1001"] } })
        );
        assert_eq!(change.entry("project:a".into(), Some(&before), Some(&before)), None);
        let made = change.entry("project:a".into(), None, Some(&json!({ "slug": "a" }))).unwrap();
        assert_eq!((&made.detail["before"], &made.detail["after"]["slug"]), (&Value::Null, &json!("a")));
    }

    #[test]
    fn a_change_rests_on_what_it_expects() {
        let row = json!({ "a": 1 });
        let with = |expects| Change { expects, ..Change::of_the_node() };
        for (expects, there, absent) in [
            (Expected::Anything, true, true),
            (Expected::Nothing, false, true),
            (Expected::Something, true, false),
            (Expected::OneOf(vec!["x".into(), tag(&row)]), true, false),
            (Expected::OneOf(vec!["x".into()]), false, false),
        ] {
            assert_eq!(with(expects.clone()).check("row", "a", Some(&row)).is_ok(), there, "{expects:?}");
            assert_eq!(with(expects.clone()).check::<Value>("row", "a", None).is_ok(), absent, "{expects:?}");
        }
    }
}
