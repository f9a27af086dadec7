//! The archive: recordings found as one types, by filters whose state the address holds, and picked for what is to be done with them (archive.md A5, A6); chat
//! logs too.
//!
//! Everything works as a plain form first; `web/src/archive.ts` fetches the same list (`/parts/archive`) as one types.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::archive_chats::{self, ChatLogRow};
use super::archive_folders::folders_html;
use super::archive_query::{ArchiveQuery, Chip, Choice};
use super::recording_row::RecordingRow;
use super::recording_sorting::LabelShown;
use super::refused::problem_page;
use super::shell::{Shell, page};
use super::words::Words;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::rest::chats::seen_page;
use crate::api::state::ApiState;
use crate::archive::folders::KnownLabel;
use crate::archive::internal_links::Linked;
use crate::archive::rights::Sight;
use crate::archive::{ArchiveError, InFolder, NamesSeen, Recording};
use crate::model::id::{RecordingId, SessionId};

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
    /// The chat log of its session, unless it stands beside another recording of it.
    chat: Option<ChatLogRow>,
}

#[derive(Template)]
#[template(path = "parts/archive.html")]
struct ArchivePart {
    w: Words,
    rows: Vec<ArchiveRow>,
    chats: Vec<ChatLogRow>,
    /// Chat logs are listed, and no recordings.
    lists_chats: bool,
    /// What a colleague sent is listed.
    selection: bool,
    recordings_url: String,
    chats_url: String,
    clear_url: String,
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
    lists_chats: bool,
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

/// Rows of a page.
#[derive(Default)]
struct Listed {
    rows: Vec<ArchiveRow>,
    chats: Vec<ChatLogRow>,
    next: Option<String>,
}

/// Why there is no list: a field that cannot be, or something else.
enum Unlisted {
    Wrong { field: String, why: String },
    Other(Problem),
}

impl From<ArchiveError> for Unlisted {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Invalid { field, why } => Self::Wrong { field, why },
            other => Self::Other(other.into()),
        }
    }
}

impl From<Problem> for Unlisted {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl ArchiveRow {
    fn new(reading: &Reading<'_>, recording: &Recording, chat: Option<ChatLogRow>) -> Self {
        let (folders, known) = (&reading.folders, &reading.labels);
        let row = RecordingRow::new(reading.w, recording, reading.state);
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
            chat,
            row,
        }
    }
}

/// What a page is put together from: read once.
struct Reading<'r> {
    member: &'r Member,
    state: &'r ApiState,
    w: Words,
    query: &'r ArchiveQuery,
    sight: Sight,
    folders: Vec<Choice>,
    labels: Vec<KnownLabel>,
}

impl<'r> Reading<'r> {
    async fn of(member: &'r Member, state: &'r ApiState, w: Words, query: &'r ArchiveQuery) -> Result<Self, Problem> {
        let folders = state.catalogue.folders().await?.into_iter();
        Ok(Self {
            member,
            state,
            w,
            query,
            sight: member.sight(state).await?,
            folders: folders.map(|folder| Choice::of(folder.id.as_str(), folder.name)).collect(),
            labels: state.catalogue.known_labels().await?,
        })
    }

    async fn part(&self) -> Result<Found, Problem> {
        let listed = if self.query.lists_chats() { self.chats().await } else { self.recordings().await };
        let (listed, wrong) = match listed {
            Ok(listed) => (listed, None),
            // A page that somebody kept the address of, from before something changed: the first one is shown.
            Err(Unlisted::Wrong { field, why }) => (Listed::default(), Some((field, why))),
            Err(Unlisted::Other(problem)) => return Err(problem),
        };
        let (w, query) = (self.w, self.query);
        let html = ArchivePart {
            w,
            rows: listed.rows,
            chats: listed.chats,
            lists_chats: query.lists_chats(),
            selection: query.selection().is_some(),
            recordings_url: query.of_kind(false).url(),
            chats_url: query.of_kind(true).url(),
            clear_url: query.bare().url(),
            chips: query.chips(w, &self.folders),
            wrong: wrong.as_ref().map(|(field, why)| ArchiveQuery::complaint(w, field, why)),
            filtered: query.is_filtered(),
            paged: query.is_paged(),
            first_url: query.without("after").url(),
            next_url: listed.next.map(|next| query.with("after", &next).url()),
        };
        Ok(Found { html: html.render().map_err(|e| Problem::internal(&e))?, wrong })
    }

    async fn chats(&self) -> Result<Listed, Unlisted> {
        let (rows, next) = seen_page(self.member, self.state, self.query.chat_filter(ROWS)?).await?;
        Ok(Listed { chats: rows.iter().map(|row| ChatLogRow::of(self.w, row)).collect(), next, ..Listed::default() })
    }

    /// Recordings with the chat logs of their sessions; of what a colleague sent, what was chosen and no more (archive.md D1).
    async fn recordings(&self) -> Result<Listed, Unlisted> {
        let (member, state, w) = (self.member, self.state, self.w);
        let mut filter = self.query.filter(ROWS)?;
        let mut chosen = None;
        if let Some(link) = self.query.selection() {
            let (recordings, sessions) = selected(state, link).await?;
            filter.only = Some(recordings);
            chosen = Some(sessions);
        }
        let page = state.catalogue.recordings(&filter, &self.sight).await?;
        let (chats, mut beside) = match chosen {
            Some(_) if self.query.is_paged() => (Vec::new(), BTreeMap::new()),
            Some(sessions) => (archive_chats::seen(member, state, sessions).await?, BTreeMap::new()),
            None => (Vec::new(), archive_chats::beside(member, state, w, &page.items).await?),
        };
        let row = |recording: &Recording| ArchiveRow::new(self, recording, beside.remove(recording.id.as_str()));
        Ok(Listed {
            rows: page.items.iter().map(row).collect(),
            chats: chats.iter().map(|row| ChatLogRow::of(w, row)).collect(),
            next: page.next,
        })
    }

    /// What a field may be; of names, those alone that occur in what this member sees (archive.md B3).
    async fn choices(&self, name: &str, seen: &NamesSeen) -> Result<Vec<Choice>, Problem> {
        let named = |names: &BTreeSet<String>| names.iter().map(|name| Choice::of(name, name.clone())).collect();
        Ok(match name {
            "project" => {
                let all = self.state.catalogue.projects().await?.into_iter().map(|row| row.slug);
                let seen = all.filter(|slug| self.sight.projects.as_ref().is_none_or(|only| only.contains(slug)));
                seen.map(|slug| Choice::of(slug.as_str(), slug.to_string())).collect()
            }
            "folder" => [vec![Choice::of(InFolder::NOWHERE, self.w.t("archive-folder-none"))], self.folders.clone()].concat(),
            "label" => self.labels.iter().map(|row| Choice::of(&row.name, row.name.clone())).collect(),
            "agent" => named(&seen.agents),
            "queue" => named(&seen.queues),
            _ => ArchiveQuery::choices(self.w, name),
        })
    }

    /// Names that are offered: all that are configured to whoever sees everything, else what is met in what they see.
    async fn names(&self) -> Result<NamesSeen, Problem> {
        if self.query.lists_chats() {
            return Ok(NamesSeen::default());
        }
        if self.sight != Sight::everything() {
            return Ok(self.state.catalogue.names_seen(&self.sight).await?);
        }
        let agents = self.state.catalogue.agents().await?.into_iter().map(|row| row.name);
        let queues = self.state.catalogue.queues().await?.into_iter().map(|row| row.name);
        Ok(NamesSeen { agents: agents.collect(), queues: queues.collect() })
    }
}

/// What a colleague sent (archive.md D1); a list is narrowed by what its reader finds. A link that never was holds nothing.
async fn selected(state: &ApiState, link: &str) -> Result<(Vec<RecordingId>, Vec<SessionId>), Problem> {
    let Ok(id) = link.parse() else { return Ok((Vec::new(), Vec::new())) };
    let items = match state.catalogue.internal_link(&id).await {
        Ok(link) => link.items,
        Err(ArchiveError::NotFound { .. }) => Vec::new(),
        Err(other) => return Err(other.into()),
    };
    let (mut recordings, mut sessions) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Linked::Recording(id) => recordings.push(id),
            Linked::Chat(session) => sessions.push(session),
        }
    }
    Ok((recordings, sessions))
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
    let reading = Reading::of(member, state, w, query).await?;
    let (found, names) = tokio::try_join!(reading.part(), reading.names())?;
    let wrong_of =
        |name: &str| found.wrong.as_ref().filter(|(field, _)| field == name).map(|(field, why)| ArchiveQuery::complaint(w, field, why));
    let mut fields = Vec::new();
    for (name, kind) in query.fields() {
        fields.push(FilterField {
            name,
            label: w.of("archive-filter", name),
            value: query.get(name).to_owned(),
            kind,
            choices: reading.choices(name, &names).await?,
            wrong: wrong_of(name),
        });
    }
    let status = if found.wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let lists_chats = query.lists_chats();
    let folders_html = if lists_chats { String::new() } else { folders_html(state, w, query.get("folder")).await? };
    let page = ArchivePage {
        folders_html,
        part_html: found.html,
        q: query.get("q").to_owned(),
        q_wrong: wrong_of("q").is_some(),
        // What a colleague sent is what is looked at, not how it was found.
        open: lists_chats || query.without("sel").is_filtered_beside("q"),
        lists_chats,
        fields,
        most: MOST_PICKED,
        shell,
    };
    Ok((status, page))
}

/// `GET /parts/archive`: chips and rows alone, for the page's script.
pub async fn rows(member: Member, State(state): State<ApiState>, Query(query): Query<ArchiveQuery>) -> Result<Response, Problem> {
    let found = Reading::of(&member, &state, Words::english(), &query).await?.part().await?;
    Ok(axum::response::Html(found.html).into_response())
}
