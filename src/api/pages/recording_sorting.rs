//! The panel on a recording's page that says and sets how it is sorted: title, folder, labels, assignees, restricted.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::recording::render;
use super::settings::Sent;
use super::words::Words;
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::recordings::amend;
use crate::api::state::ApiState;
use crate::archive::amendment::Amendment;
use crate::archive::folders::{KnownLabel, LabelColor};
use crate::archive::{ArchiveError, Recording};
use crate::model::id::RecordingId;

/// A label with the colour that it is known by.
pub struct LabelShown {
    /// What it is called.
    pub name: String,
    /// Its colour's name, or nothing.
    pub color: &'static str,
}

impl LabelShown {
    /// A label as it is known.
    pub fn of(name: &str, known: &[KnownLabel]) -> Self {
        let color = known.iter().find(|one| one.name == *name).and_then(|one| one.color);
        Self { name: name.to_owned(), color: color.map_or("", LabelColor::as_str) }
    }
}

/// Something of a list.
pub struct Pick {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub words: String,
    /// Chosen now.
    pub chosen: bool,
}

/// What the panel shows.
pub struct SortingPanel {
    /// What people call it.
    pub title: String,
    /// Folders, none first.
    pub folders: Vec<Pick>,
    /// Its labels with their colours.
    pub shown: Vec<LabelShown>,
    /// The same as they are typed.
    pub labels: String,
    /// Known labels.
    pub offered: Vec<LabelShown>,
    /// Whom it is assigned to.
    pub assigned: Vec<Pick>,
    /// Whom it can be assigned to besides.
    pub people: Vec<String>,
    /// Flagged.
    pub restricted: bool,
    /// Whether the flag can be changed.
    pub may_restrict: bool,
    /// Rules that sorted it.
    pub rules: Option<String>,
    /// The field that is wrong, and how.
    pub wrong: Option<(String, String)>,
}

/// What was typed, shown again where it cannot be kept.
pub struct Typed {
    title: String,
    folder: String,
    labels: String,
    assignees: Vec<String>,
    restricted: bool,
    wrong: (String, String),
}

impl SortingPanel {
    /// Of a recording; with what was typed where that was refused.
    ///
    /// # Errors
    /// 500 where the catalogue does not answer.
    pub async fn of(w: Words, member: &Member, state: &ApiState, recording: &Recording, typed: Option<Typed>) -> Result<Self, Problem> {
        let known = state.catalogue.known_labels().await?;
        let shown = |name: &String| LabelShown::of(name, &known);
        let everybody: Vec<String> = state.catalogue.assignable().await?.into_iter().map(|one| one.name).collect();
        let now = typed.as_ref().map_or(&recording.assignees, |typed| &typed.assignees);
        let assigned = now.iter().map(|name| Pick {
            words: if everybody.contains(name) { name.clone() } else { w.t1("person-gone", "name", name) },
            value: name.clone(),
            chosen: true,
        });
        let assigned = assigned.collect();
        let people = everybody.iter().filter(|name| !now.contains(name)).cloned().collect();
        let rules = state.catalogue.triaged(&recording.id).await?.map(|(_, rules)| rules).filter(|rules| !rules.is_empty());
        let lies_in = typed.as_ref().map_or_else(|| recording.folder.clone().unwrap_or_default(), |typed| typed.folder.clone());
        let none = Pick { value: String::new(), words: w.t("sorting-no-folder"), chosen: lies_in.is_empty() };
        let folders = state.catalogue.folders().await?.into_iter().map(|folder| Pick {
            chosen: folder.id.as_str() == lies_in,
            value: folder.id.to_string(),
            words: folder.name,
        });
        let title = recording.title.as_ref().map(|title| title.reveal().to_owned()).unwrap_or_default();
        Ok(Self {
            title: typed.as_ref().map_or(title, |typed| typed.title.clone()),
            folders: std::iter::once(none).chain(folders).collect(),
            shown: recording.labels.iter().map(shown).collect(),
            labels: typed.as_ref().map_or_else(|| recording.labels.join(", "), |typed| typed.labels.clone()),
            offered: known.iter().map(|one| shown(&one.name)).collect(),
            assigned,
            people,
            restricted: typed.as_ref().map_or(recording.restricted, |typed| typed.restricted),
            may_restrict: member.needs(|has| has.restricted_access).is_ok(),
            rules: rules.map(|rules| rules.join(", ")),
            wrong: typed.map(|typed| typed.wrong),
        })
    }

    /// What is wrong with a field.
    pub fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(name, _)| name == field).map(|(_, says)| says.as_str())
    }

    /// What is wrong with none of the fields.
    pub fn wrong_elsewhere(&self) -> Option<&str> {
        let fields = ["title", "folder", "labels", "assignees"];
        self.wrong.as_ref().filter(|(name, _)| !fields.contains(&name.as_str())).map(|(_, says)| says.as_str())
    }
}

/// Labels as they are typed: a comma between two, each once.
pub(super) fn labels_of(text: &str) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in text.split(',').map(str::trim).filter(|label| !label.is_empty()) {
        if !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }
    labels
}

/// `POST /recordings/{id}/sorting`
pub async fn save(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<RecordingId>,
    sent: Sent,
) -> Result<Response, Problem> {
    member.check_form(sent.get("csrf"))?;
    let mut assignees: Vec<String> = sent.all("assignee").map(str::to_owned).collect();
    if !sent.get("assign").is_empty() {
        assignees.push(sent.get("assign").to_owned());
    }
    let restricted = sent.all("restricted").any(|one| one == "on");
    let done = async {
        let folder = match sent.get("folder") {
            "" => None,
            id => Some(id.parse().map_err(|_| Problem::from(ArchiveError::not_found("folder", id)))?),
        };
        let title = Some(sent.get("title")).filter(|title| !title.is_empty()).map(str::to_owned);
        let amendment = Amendment {
            title: Some(title),
            folder: Some(folder),
            labels: Some(labels_of(sent.get("labels"))),
            assignees: Some(assignees.clone()),
            // A box that cannot be ticked is not sent: it says nothing then.
            restricted: member.needs(|has| has.restricted_access).is_ok().then_some(restricted),
            ..Amendment::default()
        };
        amend(&member, &state, &id, &amendment).await
    };
    let problem = match done.await {
        Ok(_) => return Ok(Redirect::to(&format!("/recordings/{id}#sorting")).into_response()),
        Err(problem) if problem.status == 422 => problem,
        Err(other) => return Err(other),
    };
    let (field, says) = problem.detail.split_once(": ").unwrap_or(("", problem.detail.as_str()));
    let field = field.split('[').next().unwrap_or_default();
    let typed = Typed {
        title: sent.get("title").to_owned(),
        folder: sent.get("folder").to_owned(),
        labels: sent.get("labels").to_owned(),
        assignees,
        restricted,
        wrong: (field.to_owned(), says.to_owned()),
    };
    Ok(render(&member, &state, &base, &id, Some(typed)).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_typed() {
        assert_eq!(labels_of(" lamp, late ,, lamp,Late"), ["lamp", "late", "Late"]);
        assert!(labels_of(" , ").is_empty());
    }
}
