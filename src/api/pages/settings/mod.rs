//! The administrator's pages: workspace, projects, agents, queues, the audit log, and what a project would record.

mod agents;
mod audit;
mod fields;
mod folders;
mod people;
mod policy;
mod presets;
mod projects;
mod queues;
mod retention;
mod story;
mod triage;
mod triage_rule;
pub(super) mod triage_words;
mod workspace;
mod would_record;

use axum::extract::{FromRequest, Request};
use axum::routing::get;

pub(super) use people::role_name;

use super::form::Form;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::Expected;

/// Every page below `/settings`.
pub(super) fn routes() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/settings", get(workspace::show).post(workspace::save))
        .route("/settings/projects", get(projects::list).post(projects::create))
        .route("/settings/projects/{slug}", get(projects::show).post(projects::save))
        .route("/settings/projects/{slug}/would-record", get(would_record::show))
        .route("/settings/new-project", get(projects::new))
        .route("/settings/agents", get(agents::list).post(agents::create))
        .route("/settings/agents/{name}", get(agents::show).post(agents::save))
        .route("/settings/new-agent", get(agents::new))
        .route("/settings/queues", get(queues::list).post(queues::create))
        .route("/settings/queues/{name}", get(queues::show).post(queues::save))
        .route("/settings/new-queue", get(queues::new))
        .route("/settings/folders", get(folders::list).post(folders::create_folder))
        .route("/settings/folders/{id}", get(folders::show_folder).post(folders::save_folder))
        .route("/settings/new-folder", get(folders::new_folder))
        .route("/settings/labels", axum::routing::post(folders::create_label))
        .route("/settings/labels/{name}", get(folders::show_label).post(folders::save_label))
        .route("/settings/new-label", get(folders::new_label))
        .route("/settings/triage", get(triage::list).post(triage_rule::create))
        .route("/settings/triage/{id}", get(triage_rule::show).post(triage_rule::save))
        .route("/settings/triage/{id}/move", axum::routing::post(triage::shift))
        .route("/settings/new-triage-rule", get(triage_rule::new))
        .route("/settings/retention", get(retention::show).post(retention::hold))
        .route("/settings/retention/{id}", axum::routing::post(retention::release))
        .route("/settings/audit", get(audit::show))
        .merge(people::routes())
}

/// The entries of the pages' own bar: name and address.
pub(super) const TABS: [(&str, &str); 11] = [
    ("workspace", "/settings"),
    ("projects", "/settings/projects"),
    ("agents", "/settings/agents"),
    ("queues", "/settings/queues"),
    ("folders", "/settings/folders"),
    ("triage", "/settings/triage"),
    ("people", "/settings/people"),
    ("keys", "/settings/keys"),
    ("webhooks", "/settings/webhooks"),
    ("retention", "/settings/retention"),
    ("audit", "/settings/audit"),
];

/// Whether the page follows a change that was kept.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct AfterSaving {
    saved: String,
}

impl AfterSaving {
    pub(super) fn is_so(&self) -> bool {
        !self.saved.is_empty()
    }
}

/// A form's fields as they were sent; a name may come more than once.
pub struct Sent(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, state).await?;
        // Browsers send line ends of text fields as CRLF.
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect()))
    }
}

impl Sent {
    /// The field's text without blanks around it, empty where it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    /// Every value of a field.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The row that the form was filled in for.
    fn expects(&self) -> Expected {
        match self.get("etag") {
            "" => Expected::Anything,
            tag => Expected::OneOf(vec![tag.to_owned()]),
        }
    }
}
