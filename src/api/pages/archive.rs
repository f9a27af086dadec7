//! The archive: recordings found as one types, by filters whose state the address holds, and picked for what is to be done with them (archive.md A5, A6).
//!
//! Everything works as a plain form first; `web/src/archive.ts` fetches the same list (`/parts/archive`) as one types.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::archive_folders::folders_html;
use super::archive_query::{ArchiveQuery, Chip, Choice};
use super::recording_row::RecordingRow;
use super::recording_sorting::LabelShown;
use super::refused::problem_page;
use super::shell::{Shell, page};
use super::words::Words;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::folders::KnownLabel;
use crate::archive::internal_links::Linked;
use crate::archive::{ArchiveError, InFolder, Recording};
use crate::model::id::RecordingId;

/// Recordings a page.
const ROWS: u32 = 50;
/// The most that can be picked at once (archive.md C1).
const MOST_PICKED: usize = 40;

/// A recording with what the archive shows of it beside.
struct ArchiveRow {
    row: RecordingRow,
    name: String,
    title: String,
    queue: String,
    number: String,
    email: String,
    labels: Vec<LabelShown>,
    folder: String,
    is_restricted: bool,
    is_held: bool,
    is_upload: bool,
    /// Pictures to look through before it is opened.
    thumbnails: Option<String>,
    duration_ms: u64,
}

#[derive(Template)]
#[template(path = "parts/archive.html")]
struct ArchivePart {
    w: Words,
    rows: Vec<ArchiveRow>,
    chips: Vec<Chip>,
    wrong: Option<String>,
    filtered: bool,
    paged: bool,
    first_url: String,
    next_url: Option<String>,
}

#[derive(Template)]
#[template(path = "archive.html")]
struct ArchivePage {
    shell: Shell,
    folders_html: String,
    part_html: String,
    fields: Vec<FilterField>,
    q: String,
    q_wrong: bool,
    open: bool,
    most: usize,
}

/// A field of the filter.
struct FilterField {
    name: &'static str,
    label: String,
    value: String,
    kind: &'static str,
    choices: Vec<Choice>,
    wrong: Option<String>,
}

/// What a list came to: its part of the page, and the field that is wrong.
struct Found {
    html: String,
    wrong: Option<(String, String)>,
}

impl ArchiveRow {
    fn new(w: Words, recording: &Recording, state: &ApiState, folders: &[Choice], known: &[KnownLabel]) -> Self {
        let row = RecordingRow::new(w, recording, state);
        let revealed = |text: &Option<crate::model::redact::Personal>| text.as_ref().map(|t| t.reveal().to_owned()).unwrap_or_default();
        let folder =
            recording.folder.as_ref().map(|id| folders.iter().find(|f| f.value == *id).map_or_else(|| id.clone(), |f| f.text.clone()));
        let title = revealed(&recording.title);
        let thumbnails = super::recording_row::file_url(recording, "thumbnails.vtt").filter(|_| row.picture.is_some() && !row.is_wave);
        Self {
            name: if title.is_empty() { row.started_short.clone() } else { format!("{title}, {}", row.started_short) },
            title,
            queue: recording.queue.clone().unwrap_or_default(),
            number: revealed(&recording.caller_number),
            email: revealed(&recording.customer_email),
            labels: recording.labels.iter().map(|name| LabelShown::of(name, known)).collect(),
            folder: folder.unwrap_or_default(),
            is_restricted: recording.restricted,
            is_held: recording.legal_hold,
            is_upload: recording.source == crate::archive::Source::Upload,
            thumbnails,
            duration_ms: recording.duration_ms.unwrap_or(0),
            row,
        }
    }
}

async fn part(member: &Member, state: &ApiState, w: Words, query: &ArchiveQuery, folders: &[Choice]) -> Result<Found, Problem> {
    let page = match query.filter(ROWS) {
        Ok(mut filter) => {
            if let Some(link) = query.selection() {
                filter.only = Some(selected(state, link).await?);
            }
            state.catalogue.recordings(&filter, &member.sight(state).await?).await
        }
        Err(wrong) => Err(wrong),
    };
    let (page, wrong) = match page {
        Ok(page) => (Some(page), None),
        // A page that somebody kept the address of, from before something changed: the first one is shown.
        Err(ArchiveError::Invalid { field, why }) => (None, Some((field, why))),
        Err(other) => return Err(other.into()),
    };
    let next = page.as_ref().and_then(|page| page.next.clone());
    let known = state.catalogue.known_labels().await?;
    let html = ArchivePart {
        w,
        rows: page.iter().flat_map(|page| &page.items).map(|r| ArchiveRow::new(w, r, state, folders, &known)).collect(),
        chips: query.chips(w, folders),
        wrong: wrong.as_ref().map(|(field, why)| ArchiveQuery::complaint(w, field, why)),
        filtered: query.is_filtered(),
        paged: query.is_paged(),
        first_url: query.without("after").url(),
        next_url: next.map(|next| query.with("after", &next).url()),
    };
    Ok(Found { html: html.render().map_err(|e| Problem::internal(&e))?, wrong })
}

/// What a colleague sent of recordings (archive.md D1); the list is narrowed by what this member finds. A link that never was holds nothing.
async fn selected(state: &ApiState, link: &str) -> Result<Vec<RecordingId>, Problem> {
    let Ok(id) = link.parse() else { return Ok(Vec::new()) };
    let items = match state.catalogue.internal_link(&id).await {
        Ok(link) => link.items,
        Err(ArchiveError::NotFound { .. }) => return Ok(Vec::new()),
        Err(other) => return Err(other.into()),
    };
    let recording = |item| match item {
        Linked::Recording(id) => Some(id),
        Linked::Chat(_) => None,
    };
    Ok(items.into_iter().filter_map(recording).collect())
}

/// `GET /archive`
pub async fn show(member: Member, State(state): State<ApiState>, Query(query): Query<ArchiveQuery>) -> Response {
    match compose(&member, &state, &query).await {
        Ok((status, template)) => page(status, &template),
        Err(problem) => problem_page(&member, &problem),
    }
}

async fn compose(member: &Member, state: &ApiState, query: &ArchiveQuery) -> Result<(StatusCode, ArchivePage), Problem> {
    let shell = Shell::of(member, "archive");
    let w = shell.w;
    let folders = folders(state).await?;
    let found = part(member, state, w, query, &folders).await?;
    let wrong_of =
        |name: &str| found.wrong.as_ref().filter(|(field, _)| field == name).map(|(field, why)| ArchiveQuery::complaint(w, field, why));
    let mut fields = Vec::new();
    for (name, kind) in ArchiveQuery::FIELDS {
        let choices = match name {
            "project" => projects(member, state).await?,
            "folder" => [vec![Choice::of(InFolder::NOWHERE, w.t("archive-folder-none"))], folders.clone()].concat(),
            "label" => state.catalogue.known_labels().await?.into_iter().map(|row| Choice::of(&row.name, row.name.clone())).collect(),
            "agent" => state.catalogue.agents().await?.into_iter().map(|row| Choice::of(&row.name, row.name.clone())).collect(),
            "queue" => state.catalogue.queues().await?.into_iter().map(|row| Choice::of(&row.name, row.name.clone())).collect(),
            _ => ArchiveQuery::choices(w, name),
        };
        fields.push(FilterField {
            name,
            label: w.of("archive-filter", name),
            value: query.get(name).to_owned(),
            kind,
            choices,
            wrong: wrong_of(name),
        });
    }
    let status = if found.wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = ArchivePage {
        folders_html: folders_html(state, w, query.get("folder")).await?,
        part_html: found.html,
        q: query.get("q").to_owned(),
        q_wrong: wrong_of("q").is_some(),
        open: query.is_filtered_beside("q"),
        fields,
        most: MOST_PICKED,
        shell,
    };
    Ok((status, page))
}

/// Projects that a member may see anything of.
async fn projects(member: &Member, state: &ApiState) -> Result<Vec<Choice>, Problem> {
    let only = member.sight(state).await?.projects;
    let all = state.catalogue.projects().await?.into_iter().map(|row| row.slug);
    let seen = all.filter(|slug| only.as_ref().is_none_or(|only| only.contains(slug)));
    Ok(seen.map(|slug| Choice::of(slug.as_str(), slug.to_string())).collect())
}

async fn folders(state: &ApiState) -> Result<Vec<Choice>, Problem> {
    Ok(state.catalogue.folders().await?.into_iter().map(|folder| Choice::of(folder.id.as_str(), folder.name)).collect())
}

/// `GET /parts/archive`: chips and rows alone, for the page's script.
pub async fn rows(member: Member, State(state): State<ApiState>, Query(query): Query<ArchiveQuery>) -> Result<Response, Problem> {
    let folders = folders(&state).await?;
    let found = part(&member, &state, Words::english(), &query, &folders).await?;
    Ok(axum::response::Html(found.html).into_response())
}
