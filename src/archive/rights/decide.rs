//! The decision.

use std::collections::BTreeSet;

use super::Role;
use super::property::Effective;
use crate::model::id::ProjectSlug;
use crate::model::time::WallClock;

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name in the workspace: what recordings call their agents.
    pub name: String,
    /// The workspace that they belong to.
    pub workspace: String,
    /// What they are.
    pub role: Role,
    /// Their properties, with all inheritance.
    pub properties: Effective,
    /// Only recordings of these queues; absent = of all (B3).
    pub queues: Option<BTreeSet<String>>,
    /// Only recordings with an agent of these groups; absent = of all.
    pub groups: Option<BTreeSet<String>>,
    /// Only recordings of these projects; absent = of all.
    pub projects: Option<BTreeSet<ProjectSlug>>,
}

/// Who may open a recording by its link (B6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever has the link.
    AnyoneWithLink,
    /// Members of the workspace.
    Members,
    /// Members, and people with these addresses (lower case).
    MembersAndSelected(BTreeSet<String>),
}

/// Whose a recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Agents who were parties of it, or who sent it in.
    pub agents: BTreeSet<String>,
    /// Groups of these agents.
    pub groups: BTreeSet<String>,
}

/// What of a recording decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingFacts {
    /// Its workspace.
    pub workspace: String,
    /// Its project.
    pub project: ProjectSlug,
    /// The queue that its call came by.
    pub queue: Option<String>,
    /// Whose it is.
    pub holder: Holder,
    /// When it began.
    pub started_at: WallClock,
    /// Flagged as restricted.
    pub restricted: bool,
    /// Must not be deleted.
    pub legal_hold: bool,
    /// Its project lets agents hear others' recordings.
    pub agents_can_listen_to_others: bool,
    /// Who may open its link.
    pub visibility: Visibility,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Find it in a list, look at its row.
    See,
    /// Hear and see it; with the reason that was given.
    Play {
        /// As it was written or picked.
        reason: Option<&'a str>,
    },
    /// Keep its files; with the reason that was given.
    Download {
        /// As it was written or picked.
        reason: Option<&'a str>,
    },
    /// Delete it.
    Delete,
    /// Send a link to somebody outside.
    SendLink,
    /// Change who may open its link.
    ChangeVisibility,
    /// Have it made once more where that failed.
    Retry,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denied {
    /// For this person it does not exist: answered as an id that nobody has.
    #[error("there is no such recording")]
    Hidden,
    /// The property is off.
    #[error("this is not among your rights")]
    NotPermitted,
    /// A reason has to be given first, or another one.
    #[error("a reason for playing has to be given first")]
    ReasonNeeded,
    /// A legal hold lies on it.
    #[error("a legal hold lies on this recording")]
    LegalHold,
}

/// Whether a member may do something with a recording.
///
/// # Errors
/// Why not. The first of these is told: what hides it, the right, the hold, the reason.
pub fn may(person: &Person, action: &Action<'_>, recording: &RecordingFacts, now: WallClock) -> Result<(), Denied> {
    if !sees(person, recording, now) {
        return Err(Denied::Hidden);
    }
    let has = &person.properties;
    let is_theirs = person.role == Role::Admin || recording.holder.agents.contains(&person.name);
    let permitted = match action {
        Action::See => true,
        Action::Play { .. } => has.play,
        Action::Download { .. } => has.play && has.download,
        Action::Delete => has.play && has.delete,
        Action::SendLink => has.play && has.external_links,
        // Whoever may open the link plays by it.
        Action::ChangeVisibility => has.play && is_theirs,
        Action::Retry => is_theirs,
    };
    if !permitted {
        return Err(Denied::NotPermitted);
    }
    match action {
        Action::Delete if recording.legal_hold => Err(Denied::LegalHold),
        Action::Play { reason } | Action::Download { reason } if !has.playback_reason.satisfied_by(*reason) => Err(Denied::ReasonNeeded),
        _ => Ok(()),
    }
}

fn sees(person: &Person, recording: &RecordingFacts, now: WallClock) -> bool {
    let listening = recording.agents_can_listen_to_others.then(|| recording.project.clone());
    person.workspace == recording.workspace && person.sight(listening.into_iter().collect(), now).covers(recording)
}

/// Somebody who came by a link and is no member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The address that they proved to be theirs (by a link that was sent to it).
    pub proven_address: Option<String>,
}

/// Whether somebody who is no member may play a recording whose link they have (B6, B7). Nothing else is ever theirs. A restricted one is for members only.
///
/// # Errors
/// [`Denied::Hidden`], always the same.
pub fn visitor_may(visitor: &Visitor, recording: &RecordingFacts) -> Result<(), Denied> {
    let open = match &recording.visibility {
        Visibility::AnyoneWithLink => true,
        Visibility::Members => false,
        Visibility::MembersAndSelected(selected) => {
            visitor.proven_address.as_ref().is_some_and(|address| selected.contains(&address.to_lowercase()))
        }
    };
    if open && !recording.restricted { Ok(()) } else { Err(Denied::Hidden) }
}
