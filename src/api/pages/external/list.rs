//! What is shared: one stands open, several stand collapsed, each with its own end.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::frame::{Frame, answer};
use super::media::{Reader, chat_lines};
use crate::api::auth::random_text;
use crate::api::noted::now;
use crate::api::pages::words::length;
use crate::api::problem::Problem;
use crate::api::rest::shares::time_zone;
use crate::api::state::ApiState;
use crate::api::whence::Whence;
use crate::archive::ArchiveError;
use crate::archive::shares::{Share, ShareFiles, ShareItem, ShareSession, ShareStatus, Shared};
use crate::model::role::Role;
use crate::model::time::WallClock;
use crate::model::zone::Zone;

#[derive(Template)]
#[template(path = "external/list.html")]
struct ListPage {
    frame: Frame,
    /// This showing of the page: each is a play of its own.
    view: String,
    stay: String,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "external/over.html")]
struct OverPage {
    frame: Frame,
    why: &'static str,
}

struct Item {
    id: String,
    chat: bool,
    open: bool,
    started: String,
    started_text: String,
    length: String,
    duration_ms: u64,
    until: String,
    queue: Option<String>,
    access_number: Option<String>,
    picture: bool,
    peaks: bool,
    split: bool,
    lines: Vec<Line>,
}

struct Line {
    at: String,
    at_text: String,
    from: String,
    side: &'static str,
    text: String,
}

/// A time where the workspace is, in the one way of writing it that every language reads.
fn local(at: WallClock, zone: &Zone, form: &str) -> String {
    let read = Timestamp::from_nanosecond(i128::from(at.0)).map(|at| at.to_zoned(zone.rules().clone()));
    read.map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

const MINUTE: &str = "%Y-%m-%d %H:%M";

/// The list, or why there is none any more.
pub async fn show(
    state: &ApiState,
    frame: Frame,
    session: &ShareSession,
    open: Option<&str>,
    whence: &Whence,
) -> Result<Response, Problem> {
    let (now, zone) = (now(), time_zone(state).await?);
    let shares = state.catalogue.shares_of_page(&session.page, now).await?;
    let valid: Vec<&Share> =
        shares.iter().filter(|share| share.status(now) == ShareStatus::Valid && share.files == ShareFiles::There).collect();
    if valid.is_empty() {
        let why = shares.first().map_or("over-expired", |share| why(share.status(now)));
        return Ok(answer(StatusCode::GONE, &OverPage { frame, why }));
    }
    let wanted: Vec<(&Share, &ShareItem)> =
        valid.iter().flat_map(|share| share.items.iter().filter(|item| !item.gone).map(move |item| (*share, item))).collect();
    let reader = Reader { state, session, whence };
    let (view, alone) = (random_text()[..16].to_owned(), wanted.len() == 1);
    let mut items = Vec::new();
    for (share, item) in wanted {
        let is_open = alone || open == Some(item.id.as_str());
        if let Some(shown) = shown(&reader, share, item, is_open, &view, &zone).await? {
            items.push(shown);
        }
    }
    if items.is_empty() {
        return Ok(answer(StatusCode::GONE, &OverPage { frame, why: "over-gone" }));
    }
    Ok(answer(StatusCode::OK, &ListPage { frame, view, stay: local(session.until, &zone, MINUTE), items }))
}

/// The message about a share that opens nothing.
pub fn why(status: ShareStatus) -> &'static str {
    match status {
        ShareStatus::Cancelled => "over-cancelled",
        ShareStatus::Expired | ShareStatus::Valid => "over-expired",
    }
}

/// `None` where it is no longer there.
async fn shown(reader: &Reader<'_>, share: &Share, item: &ShareItem, open: bool, view: &str, zone: &Zone) -> Result<Option<Item>, Problem> {
    let until = local(share.until, zone, MINUTE);
    let mut made = Item {
        id: item.id.to_string(),
        chat: item.what == Shared::Chat,
        open,
        started: String::new(),
        started_text: String::new(),
        length: String::new(),
        duration_ms: 0,
        until,
        queue: None,
        access_number: None,
        picture: false,
        peaks: false,
        split: false,
        lines: Vec::new(),
    };
    let started = match &item.what {
        Shared::Recording(id) => {
            let recording = match reader.state.catalogue.recording(id).await {
                Ok(recording) => recording,
                Err(ArchiveError::NotFound { .. }) => return Ok(None),
                Err(other) => return Err(other.into()),
            };
            made.length = recording.duration_ms.map(length).unwrap_or_default();
            made.duration_ms = recording.duration_ms.unwrap_or_default();
            made.queue = recording.queue.filter(|_| share.show_queue_name);
            made.access_number = recording.access_number.filter(|_| share.show_access_number).map(|number| number.reveal().to_owned());
            let media = recording.manifest.as_ref().map(|manifest| &manifest.media);
            made.picture = media.is_some_and(|media| media.resolution.is_some());
            made.split = media.is_some_and(|media| media.channels == 2 && !made.picture);
            made.peaks = !made.picture;
            recording.started_at
        }
        Shared::Chat => {
            let chat = match reader.state.catalogue.chat(&item.session).await {
                Ok(chat) => chat,
                Err(ArchiveError::NotFound { .. }) => return Ok(None),
                Err(other) => return Err(other.into()),
            };
            if open {
                let Some(lines) = chat_lines(reader, &item.id, view).await? else { return Ok(None) };
                made.lines = lines.into_iter().map(|line| line_of(line, zone)).collect();
            }
            chat.started_at
        }
    };
    made.started = started.to_string();
    made.started_text = local(started, zone, MINUTE);
    Ok(Some(made))
}

fn line_of(line: crate::archive::chats::ChatLine, zone: &Zone) -> Line {
    Line {
        at: line.at.to_string(),
        at_text: local(line.at, zone, "%H:%M"),
        from: line.from.reveal().to_owned(),
        side: match line.role {
            Some(Role::Agent) => "agent",
            Some(Role::Customer) => "customer",
            _ => "",
        },
        text: line.text.reveal().to_owned(),
    }
}
