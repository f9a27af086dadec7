//! What people change of a recording in one go: its title, folder, labels, assignees, and whether it is restricted.

use super::error::Result;
use super::recording::Recording;
use super::triage::add;
use super::validate;
use crate::model::id::FolderId;
use crate::model::redact::Personal;

/// A change of what people say of a recording; what is absent or empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// Calls it something, or nothing.
    pub title: Option<Option<String>>,
    /// Puts it into a folder, or takes it out of the one it lies in.
    pub folder: Option<Option<FolderId>>,
    /// All its labels.
    pub labels: Option<Vec<String>>,
    /// Labels that it gets besides.
    pub add_labels: Vec<String>,
    /// Labels that it loses.
    pub remove_labels: Vec<String>,
    /// Everybody whom it is assigned to.
    pub assignees: Option<Vec<String>>,
    /// Whom it is assigned to besides.
    pub assign: Vec<String>,
    /// Whom it is taken from.
    pub unassign: Vec<String>,
    /// Flags it as restricted, or takes the flag away.
    pub restricted: Option<bool>,
}

impl Amendment {
    /// Changes a row.
    pub(super) fn apply(&self, row: &mut Recording) -> Result<()> {
        if let Some(title) = &self.title {
            if let Some(title) = title {
                validate::title(title)?;
            }
            row.title = title.as_ref().map(|title| Personal::new(title.trim()));
        }
        if let Some(folder) = &self.folder {
            row.folder = folder.as_ref().map(ToString::to_string);
        }
        change(&mut row.labels, self.labels.as_ref(), &self.add_labels, &self.remove_labels);
        change(&mut row.assignees, self.assignees.as_ref(), &self.assign, &self.unassign);
        validate::labels(&row.labels)?;
        validate::assignees(&row.assignees)?;
        row.restricted = self.restricted.unwrap_or(row.restricted);
        Ok(())
    }

    /// Whom it newly assigns to, as far as the change itself says.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        self.assignees.iter().flatten().chain(&self.assign)
    }
}

fn change(list: &mut Vec<String>, whole: Option<&Vec<String>>, more: &[String], fewer: &[String]) {
    if let Some(whole) = whole {
        list.clear();
        add(list, whole, usize::MAX);
    }
    list.retain(|one| !fewer.contains(one));
    add(list, more, usize::MAX);
}
