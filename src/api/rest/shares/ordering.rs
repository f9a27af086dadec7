//! Carrying an order out: rights, copies, letter, row; all or nothing.

use std::time::Duration;

use serde_json::json;

use super::body::{Order, ShareBody};
use super::wire::ShareJson;
use crate::api::auth::Member;
use crate::api::base_url::{BaseUrl, in_letters};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::audit::masked;
use crate::archive::chats::chat_of;
use crate::archive::outbox::{Letter, LetterState};
use crate::archive::rights::{Action, Sight};
use crate::archive::shares::{Copying, Share, ShareFiles, ShareItem, ShareKind, Shared};
use crate::archive::visibility::new_link;
use crate::archive::{AuditAction, NewAudit, Recording, RecordingState};
use crate::model::id::{LetterId, SessionId, ShareId, ShareItemId, SharePageId};
use crate::model::redact::{Personal, Secret};
use crate::model::time::WallClock;
use crate::model::zone::Zone;
use crate::share::days::until;
use crate::share::letter::written;
use crate::share::mail::NewLetter;

/// Sends somebody outside a letter with a link, for pages too.
///
/// # Errors
/// What and where; nothing is sent then.
pub(in crate::api) async fn order(member: &Member, state: &ApiState, base: &BaseUrl, body: ShareBody) -> Result<ShareJson, Problem> {
    member.needs(|has| has.external_links)?;
    let settings = state.catalogue.share_settings().await?;
    let order = body.checked(&settings)?;
    let sources = sources(member, state, &order).await?;
    can_send(state)?;
    let now = now();
    let share = share_of(&order, &sources, member, now, &time_zone(state).await?, settings.from);
    let link = new_link()?;
    let letter = letter(state, base, &share, &link, now)?;
    let share = Share { letter: letter.id.clone(), ..share };

    // Copies are made after this, and the letter goes out once all of them are there.
    let letter = Letter { state: LetterState::Held, ..letter };
    keep(state, member, &share, &link, &letter).await?;
    state.copies.notify_one();
    tracing::info!(share = %share.id, by = %member.actor, items = share.items.len(), "recordings are to be shared with somebody outside");
    super::shown(state, &share.id).await
}

/// Refuses what needs a letter where none can go out.
pub(in crate::api) fn can_send(state: &ApiState) -> Result<(), Problem> {
    if state.outbox.is_there() {
        return Ok(());
    }
    Err(Problem::conflict("no_mail_server", "no letters go out: `[mail]` in the node's configuration names no server"))
}

enum Source {
    Recording(Box<Recording>),
    Chat(SessionId),
}

impl Source {
    fn session(&self) -> &SessionId {
        match self {
            Self::Recording(recording) => &recording.session,
            Self::Chat(session) => session,
        }
    }
}

/// All that is ordered, if this member may send all of it.
async fn sources(member: &Member, state: &ApiState, order: &Order) -> Result<Vec<Source>, Problem> {
    let mut sources = Vec::new();
    for (n, id) in order.recordings.iter().enumerate() {
        let at = |problem: Problem| Problem { detail: format!("recordings[{n}]: {}", problem.detail), ..problem };
        let recording = member.may(state, id, &Action::SendLink).await.map_err(at)?;
        if recording.state != RecordingState::Ready {
            return Err(at(Problem::conflict("not_ready", "only a recording that is ready can be shared")));
        }
        sources.push(Source::Recording(Box::new(recording)));
    }
    for (n, session) in order.sessions.iter().enumerate() {
        let at = |problem: Problem| Problem { detail: format!("sessions[{n}]: {}", problem.detail), ..problem };
        may_send_chat(member, state, session).await.map_err(at)?;
        sources.push(Source::Chat(session.clone()));
    }
    Ok(sources)
}

/// A chat log stands under the rights of all recordings of its session; where there is none, who sees everything may send it.
async fn may_send_chat(member: &Member, state: &ApiState, session: &SessionId) -> Result<(), Problem> {
    member.may_with_chat(state, session, &Action::SendLink).await?;
    let hidden = || Problem::from(crate::archive::ArchiveError::not_found("chat log of the session", session.as_str()));
    if state.catalogue.states_of(session).await?.is_empty() && member.sight(state).await? != Sight::everything() {
        let why = "nothing of this session is recorded: only who sees the whole archive sends its chat log";
        return Err(Problem::forbidden("not_permitted", why));
    }
    chat_of(&state.catalogue, session).await?.map(drop).ok_or_else(hidden)
}

/// Where the workspace's days begin and end.
pub(in crate::api) async fn time_zone(state: &ApiState) -> Result<Zone, Problem> {
    Ok(state.catalogue.workspace().await?.settings.time_zone.unwrap_or_default())
}

fn share_of(order: &Order, sources: &[Source], member: &Member, now: WallClock, zone: &Zone, sender: Option<String>) -> Share {
    let item = |source: &Source| ShareItem {
        id: ShareItemId::random(),
        what: match source {
            Source::Recording(recording) => Shared::Recording(recording.id.clone()),
            Source::Chat(_) => Shared::Chat,
        },
        session: source.session().clone(),
        gone: false,
        copied: false,
    };
    Share {
        id: ShareId::random(),
        page: SharePageId::random(),
        created: now,
        ordered_by: member.actor.clone(),
        kind: match (order.recordings.is_empty(), order.sessions.is_empty()) {
            (false, false) => ShareKind::Both,
            (true, _) => ShareKind::Chats,
            (false, true) => ShareKind::Recordings,
        },
        name: order.name.clone(),
        address: Personal::new(order.address.as_str()),
        reason: order.reason.clone(),
        days: order.days,
        until: until(now, order.days, zone),
        language: order.language,
        show_access_number: order.show_access_number,
        show_queue_name: order.show_queue_name,
        subject: Personal::new(order.subject.clone()),
        body: Personal::new(order.body.clone()),
        sender,
        letter: LetterId::random(),
        cancelled_at: None,
        cancelled_by: None,
        files: ShareFiles::Copying,
        copying: Copying::default(),
        items: sources.iter().map(item).collect(),
    }
}

/// The letter with a link.
pub(super) fn letter(state: &ApiState, base: &BaseUrl, share: &Share, link: &Secret, now: WallClock) -> Result<Letter, Problem> {
    // Only a node that listens everywhere takes a member's word for how it is called.
    let url = format!("{}/e/{}", in_letters(state).unwrap_or(&base.0), link.reveal());
    let left_ns = u64::try_from(share.until.0 - now.0).unwrap_or_default();
    Ok(state.outbox.row(
        NewLetter {
            to: share.address.reveal().parse().map_err(|e| Problem::internal(&e))?,
            to_name: Some(share.name.clone()),
            from: share.sender.clone(),
            subject: share.subject.reveal().to_owned(),
            body: written(share.body.reveal(), share.name.reveal(), &url),
            about: Some(format!("share:{}", share.id)),
            urgent: false,
            // A link that is over is of no use; before that it is tried as long as any letter.
            useful_for: (left_ns < LONGEST_WAIT_NS).then(|| Duration::from_nanos(left_ns)),
        },
        now,
    ))
}

/// A letter is tried for a day; a share that is over sooner ends that.
const LONGEST_WAIT_NS: u64 = 24 * 3_600 * 1_000_000_000;

/// Keeps the share with its letter and its entries.
async fn keep(state: &ApiState, member: &Member, share: &Share, link: &Secret, letter: &Letter) -> Result<(), Problem> {
    // What is taken out of a recording meanwhile is not to be shared.
    let mut readings = Vec::new();
    for item in &share.items {
        if let Shared::Recording(id) = &item.what {
            readings.push(state.growing.reading(id).ok_or_else(being_erased)?);
        }
    }
    state.catalogue.put_share(share, link, letter, &entries(member, share)).await?;
    if readings.iter().any(tokio_util::sync::CancellationToken::is_cancelled) {
        for item in &share.items {
            if let Shared::Recording(id) = &item.what {
                state.external.take_out(id).await;
            }
        }
    }
    Ok(())
}

/// One entry for the share, and one for each thing that is shared.
fn entries(member: &Member, share: &Share) -> Vec<NewAudit> {
    let recipient = masked(share.address.reveal());
    let one = |item: &ShareItem| {
        let subject = match &item.what {
            Shared::Recording(id) => format!("recording:{id}"),
            Shared::Chat => format!("session:{}", item.session),
        };
        let what = if item.what == Shared::Chat { "chat" } else { "recording" };
        member.did(AuditAction::Share, subject, json!({ "what": what, "share": share.id, "recipient": recipient, "until": share.until }))
    };
    let detail =
        json!({ "recipient": recipient, "items": share.items.len(), "days": share.days, "until": share.until, "language": share.language });
    std::iter::once(member.did(AuditAction::Share, format!("share:{}", share.id), detail)).chain(share.items.iter().map(one)).collect()
}

fn being_erased() -> Problem {
    let why = "somebody declined to be recorded: what is theirs is being taken out of a recording; try again in a moment";
    Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "being_erased", why)
}
