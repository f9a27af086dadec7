//! Folders and labels: what people sort recordings by (archive.md A5). Folders have one level; a recording is in one of them or in none.

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use super::validate;
use crate::model::id::FolderId;

/// Folders of a workspace at most: the list is shown as a whole beside the archive.
pub const MOST_FOLDERS: usize = 500;
/// Known labels at most.
pub const MOST_KNOWN_LABELS: usize = 500;

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Folder {
    /// Its id: stays when it is renamed.
    #[schema(value_type = String)]
    pub id: FolderId,
    /// What it is called: unique in the workspace, whatever the case of its letters.
    pub name: String,
}

impl Folder {
    /// An id for a folder of this name: its letters and digits where there are any, so that people can read an address that holds it.
    #[must_use]
    pub fn id_for(name: &str) -> FolderId {
        let mut text = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        }
        let text: String = text.chars().take(48).collect();
        text.trim_end_matches('-').parse().unwrap_or_else(|_| FolderId::random())
    }

    /// What two names have in common that read the same.
    #[must_use]
    pub fn key(name: &str) -> String {
        name.to_lowercase()
    }
}

/// A colour that a label may have. Each is drawn so that its text can be read on it, in both themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "colours are what they are called")]
pub enum LabelColor {
    Grey,
    Red,
    Amber,
    Green,
    Blue,
    Violet,
}

impl LabelColor {
    /// Every colour, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Grey, Self::Red, Self::Amber, Self::Green, Self::Blue, Self::Violet];

    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Violet => "violet",
        }
    }
}

/// A label that is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownLabel {
    /// What it is called, on recordings too.
    pub name: String,
    /// Its colour; absent = none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<LabelColor>,
}

/// A folder's name.
pub(super) fn folder_name(name: &str) -> Result<()> {
    validate::name("name", name)
}

/// A label as an administrator makes it. Free labels are separated by commas where people type them.
pub(super) fn label(row: &KnownLabel) -> Result<()> {
    validate::name("name", &row.name)?;
    validate::label("name", &row.name)?;
    if row.name.contains(',') {
        return Err(ArchiveError::invalid("name", "must not hold a comma: labels are separated by them"));
    }
    Ok(())
}

/// Somebody whom recordings can be assigned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Assignable {
    /// The name that they are assigned by.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_id_can_be_read_where_its_name_can() {
        for (name, id) in [("Support, uploads", "support-uploads"), ("  42 ", "42"), ("Éte --- x", "te-x")] {
            assert_eq!(Folder::id_for(name).as_str(), id, "{name}");
        }
        assert_eq!(Folder::id_for("客服").as_str().len(), 32, "nothing to read it by");
        assert!(Folder::id_for(&"long name ".repeat(20)).as_str().len() <= 48);
    }
}
