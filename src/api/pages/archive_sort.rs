//! Recordings that were picked in the archive, sorted or deleted together: a form of its own, so that it works before scripts and by keys alone.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::console::short;
use super::recording_sorting::{LabelShown, Pick, labels_of};
use super::refused::problem_page;
use super::settings::Sent;
use super::shell::{Shell, page};
use super::words::Words;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::rest::bulk::{BulkBody, MOST_AT_ONCE, do_all};
use crate::api::state::ApiState;
use crate::archive::folders::LabelColor;
use crate::archive::rights::Action;
use crate::archive::{ArchiveError, Recording};
use crate::model::id::RecordingId;

/// What a form sends for a folder that stays as it is.
const AS_IT_IS: &str = "=";

/// A recording that was picked.
struct Picked {
    id: String,
    name: String,
}

/// What became of one that could not be done.
struct Refused {
    id: String,
    /// As people know it, where they may see it.
    name: Option<String>,
    why: String,
}

#[derive(Template)]
#[template(path = "archive_sort.html")]
struct SortPage {
    shell: Shell,
    back: String,
    picked: Vec<Picked>,
    /// Chat logs that were picked: they are not sorted.
    chats: usize,
    folders: Vec<Pick>,
    labels: String,
    offered: Vec<LabelShown>,
    /// Labels that any of them has.
    labelled: Vec<String>,
    /// Whom any of them is assigned to.
    assigned: Vec<String>,
    people: Vec<String>,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "archive_sorted.html")]
struct SortedPage {
    shell: Shell,
    back: String,
    done: usize,
    refused: Vec<Refused>,
}

/// Where the archive was looked at before: its address on this node, without what would lead elsewhere.
fn back_of(text: &str) -> String {
    let query = text.split_once("/archive").map(|(_, query)| query).filter(|query| query.is_empty() || query.starts_with('?'));
    format!("/archive{}", query.unwrap_or_default().chars().filter(|c| !c.is_control()).collect::<String>())
}

fn ids(sent: &Sent) -> Vec<RecordingId> {
    let mut seen = BTreeSet::new();
    sent.all("recording").filter_map(|id| id.parse::<RecordingId>().ok()).filter(|id| seen.insert(id.clone())).collect()
}

/// `POST /archive/sort`: what is to be done with them.
pub async fn ask(member: Member, State(state): State<ApiState>, headers: HeaderMap, sent: Sent) -> Result<Response, Problem> {
    member.check_form(sent.get("csrf"))?;
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let back = if sent.get("back").is_empty() { back_of(referer) } else { back_of(sent.get("back")) };
    form(StatusCode::OK, &member, &state, &sent, back, None).await
}

async fn form(
    status: StatusCode,
    member: &Member,
    state: &ApiState,
    sent: &Sent,
    back: String,
    wrong: Option<String>,
) -> Result<Response, Problem> {
    let mut rows: Vec<Recording> = Vec::new();
    for id in ids(sent).iter().take(MOST_AT_ONCE) {
        // One that is gone, or none of theirs, is left out.
        rows.extend(member.may(state, id, &Action::See).await.ok());
    }
    if rows.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let shell = Shell::of(member, "archive");
    let w = shell.w;
    let known = state.catalogue.known_labels().await?;
    let stays = Pick { value: AS_IT_IS.to_owned(), words: w.t("sort-folder-stays"), chosen: true };
    let none = Pick { value: String::new(), words: w.t("sorting-no-folder"), chosen: false };
    let folders = state.catalogue.folders().await?.into_iter();
    let folders = folders.map(|folder| Pick { value: folder.id.to_string(), words: folder.name, chosen: false });
    let all = |list: fn(&Recording) -> &Vec<String>| rows.iter().flat_map(list).cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let template = SortPage {
        picked: rows.iter().map(|row| Picked { id: row.id.to_string(), name: name_of(w, row) }).collect(),
        folders: [stays, none].into_iter().chain(folders).collect(),
        chats: sent.all("chat").collect::<BTreeSet<_>>().len(),
        labels: sent.get("labels").to_owned(),
        offered: known.into_iter().map(|one| LabelShown { color: one.color.map_or("", LabelColor::as_str), name: one.name }).collect(),
        labelled: all(|row| &row.labels),
        assigned: all(|row| &row.assignees),
        people: state.catalogue.assignable().await?.into_iter().map(|one| one.name).collect(),
        wrong,
        back,
        shell,
    };
    Ok(page(status, &template))
}

fn name_of(w: Words, row: &Recording) -> String {
    let title = row.title.as_ref().map_or_else(|| w.of("kind", super::console::kind_name(row.kind)), |title| title.reveal().to_owned());
    format!("{} · {title}", short(row.started_at))
}

/// `POST /archive/sorted`: does it.
pub async fn act(member: Member, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    member.check_form(sent.get("csrf"))?;
    let (ids, back) = (ids(&sent), back_of(sent.get("back")));
    let delete = sent.get("act") == "delete";
    let texts = |name: &'static str| sent.all(name).filter(|text| !text.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let mut body = BulkBody { ids, delete, ..BulkBody::default() };
    if !delete {
        body.folder = match sent.get("folder") {
            AS_IT_IS => None,
            "" => Some(None),
            id => Some(Some(id.parse().map_err(|_| Problem::from(ArchiveError::not_found("folder", id)))?)),
        };
        body.add_labels = labels_of(sent.get("labels"));
        (body.remove_labels, body.assign, body.unassign) = (texts("unlabel"), texts("assign"), texts("unassign"));
    }
    let done = match do_all(&member, &state, body).await {
        Ok(done) => done,
        Err(problem) if problem.status == 422 => {
            let says = if problem.detail.starts_with("says nothing") {
                Words::english().t("sort-nothing")
            } else {
                problem.detail.split_once(": ").map_or(problem.detail.clone(), |(_, says)| says.to_owned())
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return form(status, &member, &state, &sent, back, Some(says)).await;
        }
        Err(other) => return Ok(problem_page(&member, &other)),
    };
    let (fine, refused): (Vec<_>, Vec<_>) = done.items.into_iter().partition(|item| item.status < 300);
    if refused.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let shell = Shell::of(&member, "archive");
    let mut lines = Vec::new();
    for item in refused {
        let name = member.may(&state, &item.id, &Action::See).await.ok().map(|row| name_of(shell.w, &row));
        lines.push(Refused { id: item.id.to_string(), name, why: item.detail.unwrap_or_default() });
    }
    let template = SortedPage { back, done: fine.len(), refused: lines, shell };
    Ok(page(StatusCode::OK, &template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_node() {
        for (text, back) in [
            ("https://rec.example/archive?q=a&folder=b", "/archive?q=a&folder=b"),
            ("/archive", "/archive"),
            ("", "/archive"),
            ("https://evil.example/", "/archive"),
            ("/archive//evil.example", "/archive"),
            ("/archive@evil.example", "/archive"),
            ("/archive?x\r\ny", "/archive?xy"),
        ] {
            assert_eq!(back_of(text), back, "{text}");
        }
    }
}
