//! The folders beside the archive, with how many recordings somebody sees in each.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::words::Words;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{InFolder, ListFilter};

/// Counted up to so many: beyond, nobody counts.
const MOST_COUNTED: u32 = 999;
/// Folders that are counted.
const MOST_FOLDERS: usize = 100;

struct Side {
    name: String,
    href: String,
    /// How many, `999+` where there are more, or nothing where that was not counted.
    count: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "parts/archive_folders.html")]
struct FoldersPart {
    w: Words,
    folders: Vec<Side>,
}

/// Which folder is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Looked {
    folder: String,
}

/// The list without counts, which is there at once.
///
/// # Errors
/// 500 where the catalogue does not answer.
pub async fn folders_html(state: &ApiState, w: Words, current: &str) -> Result<String, Problem> {
    render(state, w, current, None).await
}

/// `GET /parts/archive-folders`: the same with counts, for the page's script.
pub async fn counted(member: Member, State(state): State<ApiState>, Query(looked): Query<Looked>) -> Result<Response, Problem> {
    Ok(Html(render(&state, Words::english(), &looked.folder, Some(&member)).await?).into_response())
}

async fn render(state: &ApiState, w: Words, current: &str, counts_for: Option<&Member>) -> Result<String, Problem> {
    let sight = match counts_for {
        Some(member) => Some(member.sight(state).await?),
        None => None,
    };
    let all = state.catalogue.folders().await?;
    if all.is_empty() {
        return Ok(String::new());
    }
    let mut folders =
        vec![Side { name: w.t("folders-side-all"), href: "/archive".to_owned(), count: String::new(), current: current.is_empty() }];
    for (n, folder) in all.into_iter().enumerate() {
        let count = match sight.as_ref().filter(|_| n < MOST_FOLDERS) {
            Some(sight) => {
                let filter = ListFilter { folder: Some(InFolder::One(folder.id.to_string())), ..ListFilter::default() };
                let count = state.catalogue.count_recordings(&filter, sight, MOST_COUNTED + 1).await?;
                if count > MOST_COUNTED { format!("{MOST_COUNTED}+") } else { count.to_string() }
            }
            None => String::new(),
        };
        let is_current = current == folder.id.as_str();
        folders.push(Side { href: format!("/archive?folder={}", folder.id), name: folder.name, count, current: is_current });
    }
    folders.push(Side {
        name: w.t("folders-side-none"),
        href: "/archive?folder=none".to_owned(),
        count: String::new(),
        current: current == "none",
    });
    FoldersPart { w, folders }.render().map_err(|e| Problem::internal(&e))
}
