//! A recording's page: player, who was recorded when, and everything the manifest says.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::ask::{Ask, PlayForm, Refused};
use super::console::{kind_name, short};
use super::form::Form;
use super::lane::Lane;
use super::lane_html::{cause, lane_html, role_word};
use super::recording_beside::{Beside, ChatFact, NoteFact, beside};
use super::recording_events::HappenedFact;
use super::recording_row::{discarded, file_url, parties_of, state_name};
use super::recording_sorting::{SortingPanel, Typed};
use super::refused::problem_page;
use super::shell::{Shell, page};
use super::visibility::VisibilityPanel;
use super::words::{Words, length, size};
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::plays::{begin, may_download, may_play};
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::{Recording, RecordingState, Source};
use crate::model::event::Party;
use crate::model::gate::{EndedBy, Gate};
use crate::model::id::{OutputKey, RecordingId};
use crate::model::manifest::Manifest;
use crate::model::media::MediaKind;
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::settings::Kind;

/// Metadata that have a place of their own on the page.
const SAID_ELSEWHERE: [&str; 6] = ["title", "ticket", "customer_email", "queue", "order", "access_number"];

struct PartyFact {
    role: &'static str,
    role_word: String,
    name: String,
    address: Option<String>,
    recorded: String,
}

struct GapFact {
    who: String,
    from: String,
    length: String,
    why: String,
}

struct TrackFact {
    who: String,
    kind: String,
    codecs: String,
    loss: String,
    drift: String,
}

struct FileFact {
    name: String,
    url: String,
    size: String,
    sha256: String,
}

struct Fact {
    name: String,
    value: String,
}

struct Times {
    iso: String,
    short: String,
}

#[derive(Template)]
#[template(path = "recording.html")]
struct RecordingPage {
    shell: Shell,
    id: String,
    title: String,
    state: &'static str,
    state_word: String,
    note: Option<String>,
    note_kind: &'static str,
    playable: bool,
    has_picture: bool,
    growing: bool,
    mp4: String,
    poster: Option<String>,
    /// Whose each lane of the waveform is; one lane of everybody where the sound is mixed.
    wave_names: Vec<String>,
    /// What the script needs: addresses of what is there, cuts, length.
    player: String,
    lane_html: String,
    length: String,
    started: Times,
    ended: Option<Times>,
    facts: Vec<Fact>,
    /// Of the customer and the call.
    call: Vec<Fact>,
    metadata: Vec<Fact>,
    parties: Vec<PartyFact>,
    gaps: Option<Vec<GapFact>>,
    tracks: Vec<TrackFact>,
    files: Vec<FileFact>,
    acts: Acts,
    sorting: SortingPanel,
    happened: Vec<HappenedFact>,
    /// It failed, and the file that it would be made of is there.
    can_retry: bool,
    chat: Vec<ChatFact>,
    notes: Vec<NoteFact>,
    visibility: Option<VisibilityPanel>,
    /// A reason has to be given before anything of it is heard or seen.
    ask: Option<Ask>,
    /// It may be seen that it is there, and no more.
    barred: bool,
    admin: bool,
}

/// Whether the member may play it.
enum May {
    Open,
    Ask(Ask),
    Barred,
}

/// What can be done with it; where something cannot, why not.
struct Acts {
    download: Option<String>,
    delete: Option<String>,
}

impl Acts {
    async fn of(w: Words, member: &Member, state: &ApiState, recording: &Recording) -> Self {
        let said = |act: &str, why: &str| w.t2("act-not-allowed", ("act", &w.t(act)), ("why", why));
        let growing = matches!(recording.state, RecordingState::Recording | RecordingState::Processing);
        let delete = match member.may(state, &recording.id, &Action::Delete).await {
            Ok(_) if growing => Some(w.t("act-not-yet")),
            Ok(_) => None,
            Err(no) => Some(no.detail),
        };
        Self {
            download: may_download(member, state, &recording.id).await.err().map(|no| said("download", &no.detail)),
            delete: delete.map(|why| said("delete", &why)),
        }
    }
}

/// What of it the member gets to see, and may do.
struct Beheld {
    may: May,
    acts: Acts,
    sorting: SortingPanel,
    beside: Beside,
}

/// `GET /recordings/{id}`
pub async fn show(member: Member, State(state): State<ApiState>, base: BaseUrl, At(id): At<RecordingId>) -> Response {
    render(&member, &state, &base, &id, None).await
}

/// `POST /recordings/{id}/plays`
pub async fn play(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<RecordingId>,
    Form(sent): Form<PlayForm>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    match begin(&member, &state, &id, Some(&sent.reason)).await {
        Ok(_) => Ok(Redirect::to(&format!("/recordings/{id}")).into_response()),
        Err(no) => match sent.refused(&no) {
            Some(refused) => {
                let template = compose(&member, &state, &base, &id, Some(refused), None).await?;
                Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &template))
            }
            None => Ok(problem_page(&member, &no)),
        },
    }
}

/// The page; with what was typed where that could not be kept.
pub(super) async fn render(member: &Member, state: &ApiState, base: &BaseUrl, id: &RecordingId, typed: Option<Typed>) -> Response {
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    match compose(member, state, base, id, None, typed).await {
        Ok(template) => page(status, &template),
        Err(problem) => problem_page(member, &problem),
    }
}

async fn compose(
    member: &Member,
    state: &ApiState,
    base: &BaseUrl,
    id: &RecordingId,
    sent: Option<Refused>,
    typed: Option<Typed>,
) -> Result<RecordingPage, Problem> {
    let recording = member.may(state, id, &Action::See).await?;
    let may = match may_play(member, state, id).await {
        Ok(_) => May::Open,
        Err(no) if no.reason == "reason_needed" => May::Ask(Ask::of(member, format!("/recordings/{id}/plays"), sent)),
        Err(no) if no.status == 403 => May::Barred,
        Err(no) => return Err(no),
    };
    let shell = Shell::of(member, "");
    let acts = Acts::of(shell.w, member, state, &recording).await;
    let sorting = SortingPanel::of(shell.w, member, state, &recording, typed).await?;
    let beside = beside(member, state, base, &recording).await?;
    Ok(RecordingPage::new(shell, &recording, state, Beheld { may, acts, sorting, beside }))
}

impl RecordingPage {
    fn new(shell: Shell, recording: &Recording, state: &ApiState, beheld: Beheld) -> Self {
        let Beheld { may, acts, sorting, beside } = beheld;
        let w = shell.w;
        let parties = parties_of(recording, state);
        let manifest = recording.manifest.as_ref();
        let growing = matches!(recording.state, RecordingState::Recording | RecordingState::Processing);
        let dir = state.growing.dir(&recording.id);
        let grows_there = |name: &str| growing && dir.as_ref().is_some_and(|d| d.join(name).is_file());
        let base = format!("/v1/recordings/{}/files/", recording.id);
        let url = |name: &str| file_url(recording, name).or_else(|| grows_there(name).then(|| format!("{base}{name}")));
        let mp4 = url("recording.mp4");
        let has_picture = manifest.is_some_and(|m| m.media.resolution.is_some()) || (manifest.is_none() && recording.kind == Kind::Room);
        let wave_names = wave_names(w, recording, &parties);
        let player = json!({
            "split": wave_names.len() > 1,
            "id": recording.id,
            "mp4": mp4,
            "hls": url("hls/index.m3u8"),
            "peaks": url("peaks.json"),
            "thumbnails": url("thumbnails.vtt"),
            "growing": growing,
            "picture": has_picture,
            "duration_ms": recording.duration_ms,
            "fps": 25,
        });
        Self {
            id: recording.id.to_string(),
            title: title(w, recording),
            state: state_name(recording.state),
            state_word: w.of("recording", state_name(recording.state)),
            note: note(w, recording),
            note_kind: match recording.state {
                RecordingState::Recording => "rec",
                RecordingState::Failed => "warn",
                _ => "",
            },
            playable: mp4.is_some()
                && matches!(may, May::Open)
                && matches!(recording.state, RecordingState::Ready | RecordingState::Recording | RecordingState::Processing),
            has_picture,
            growing,
            mp4: mp4.unwrap_or_default(),
            poster: url("poster.jpg").filter(|_| has_picture),
            // A `<` in JSON could end the script element; as an escape it cannot.
            player: player.to_string().replace('<', "\\u003c"),
            wave_names,
            lane_html: manifest.map(|m| lane_html(w, &Lane::of_manifest(m, recording.kind))).unwrap_or_default(),
            length: recording.duration_ms.map(length).unwrap_or_default(),
            started: Times { iso: recording.started_at.to_string(), short: short(recording.started_at) },
            ended: recording.ended_at.map(|t| Times { iso: t.to_string(), short: short(t) }),
            facts: facts(w, recording),
            call: call_facts(w, recording),
            metadata: manifest.map(|m| metadata(w, m)).unwrap_or_default(),
            parties: parties.iter().map(|p| party(w, recording.kind, p, manifest)).collect(),
            gaps: manifest.map(|m| gaps(w, recording.kind, m, &parties)),
            tracks: manifest.map(|m| tracks(w, recording.kind, m, &parties)).unwrap_or_default(),
            files: manifest.map(|m| files(recording, m)).unwrap_or_default(),
            acts,
            sorting,
            happened: beside.happened,
            can_retry: beside.can_retry,
            chat: beside.chat,
            notes: beside.notes,
            visibility: beside.visibility,
            barred: matches!(may, May::Barred),
            ask: match may {
                May::Ask(ask) => Some(ask),
                May::Open | May::Barred => None,
            },
            admin: beside.admin,
            shell,
        }
    }
}

fn title(w: Words, recording: &Recording) -> String {
    if let Some(given) = &recording.title {
        return given.reveal().to_owned();
    }
    let project = recording.project.to_string();
    if recording.source == Source::Upload {
        return w.t1("recording-of-upload", "project", project);
    }
    let of = w.t1(&format!("recording-of-{}", kind_name(recording.kind)), "project", project);
    match &recording.output {
        OutputKey::Receipt { order, .. } => format!("{} · {of}", w.t1("recording-receipt", "order", order.as_str())),
        OutputKey::Main(_) => of,
    }
}

fn note(w: Words, recording: &Recording) -> Option<String> {
    match recording.state {
        RecordingState::Ready => None,
        RecordingState::Recording => Some(w.t("recording-growing")),
        RecordingState::Processing => Some(w.t1("recording-processing-note", "progress", recording.progress)),
        RecordingState::Failed if recording.source == Source::Upload => {
            Some(w.t1("recording-failed-upload", "why", recording.failure.as_deref().unwrap_or("?")))
        }
        RecordingState::Failed => Some(w.t1("recording-failed-note", "why", recording.failure.as_deref().unwrap_or("?"))),
        RecordingState::Discarded => {
            let why = recording.discarded.map(|d| discarded(w, d)).unwrap_or_default();
            Some(w.t1("recording-discarded-note", "why", why))
        }
    }
}

fn ended_by(why: EndedBy) -> &'static str {
    match why {
        EndedBy::End => "end",
        EndedBy::Stop => "stop",
        EndedBy::ReceiptStop => "receipt_stop",
        EndedBy::MaxDuration => "max_duration",
        EndedBy::HostLeft => "host_left",
        EndedBy::LastLeft => "last_left",
        EndedBy::ThirdParty => "third_party",
    }
}

fn facts(w: Words, recording: &Recording) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            facts.push(Fact { name: w.t(name), value });
        }
    };
    let manifest = recording.manifest.as_ref();
    fact("fact-started-by", manifest.and_then(|m| m.started_by).map(|by| w.of("started", by.as_str())));
    fact("fact-ended-by", recording.ended_by.map(|e| w.of("ended", ended_by(e))));
    fact("fact-project", Some(recording.project.to_string()));
    fact("fact-source", Some(w.of("source", if recording.source == Source::Upload { "upload" } else { "live" })));
    fact("fact-region", recording.region.map(|region| w.of("opt-region", region.as_str())));
    fact("fact-hold", recording.legal_hold.then(|| w.t("fact-hold-yes")));
    fact("fact-bytes", Some(recording.bytes).filter(|bytes| *bytes > 0).map(size));
    fact("fact-output", Some(recording.output.to_string()));
    fact("fact-external", recording.external_id.clone());
    if let Some(media) = recording.manifest.as_ref().map(|m| &m.media) {
        fact("fact-codecs", Some(media.codecs.join(", ")));
        fact(
            "fact-sound",
            (media.channels > 0).then(|| format!("{} kHz · {}", media.sample_hz as f64 / 1_000.0, media.channel_layout.join(" | "))),
        );
        fact("fact-picture", media.resolution.map(|(width, height)| format!("{width} × {height}")));
        fact("fact-sync", media.av_offset_p95_ms.map(|ms| w.t1("fact-sync-value", "ms", format!("{ms:.0}"))));
    }
    fact("fact-session", Some(recording.session.to_string()));
    facts
}

/// What is known of the customer and the call.
fn call_facts(w: Words, recording: &Recording) -> Vec<Fact> {
    let shown = |text: &Option<Personal>| text.as_ref().map(|text| text.reveal().to_owned());
    let facts = [
        ("fact-ticket", recording.ticket.clone()),
        ("fact-orders", Some(recording.orders.join(", "))),
        ("fact-queue", recording.queue.clone()),
        ("fact-caller-number", shown(&recording.caller_number)),
        ("fact-access-number", shown(&recording.access_number)),
        ("fact-customer-email", shown(&recording.customer_email)),
    ];
    let said = facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    said.map(|(name, value)| Fact { name: w.t(name), value }).collect()
}

/// What the platform sent besides.
fn metadata(w: Words, manifest: &Manifest) -> Vec<Fact> {
    let rest = manifest.metadata.iter().filter(|(name, _)| !SAID_ELSEWHERE.contains(&name.as_str()));
    rest.map(|(name, value)| Fact { name: w.known("metadata", name), value: value.reveal().to_owned() }).collect()
}

fn name_of(w: Words, kind: Kind, party: &Party) -> String {
    party.name.as_ref().map_or_else(|| role_word(w, kind, party.role), |n| n.reveal().to_owned())
}

/// Channels that hold one role each are lanes of their own; anything else is one lane.
fn wave_names(w: Words, recording: &Recording, parties: &[Party]) -> Vec<String> {
    let layout = recording.manifest.as_ref().map(|m| m.media.channel_layout.as_slice()).unwrap_or_default();
    if layout != ["agent", "customer"] {
        return vec![w.t("wave-everybody")];
    }
    let of = |role: Role| {
        let named = parties.iter().find(|p| p.role == role).map(|p| name_of(w, recording.kind, p));
        named.unwrap_or_else(|| role_word(w, recording.kind, role))
    };
    vec![of(Role::Agent), of(Role::Customer)]
}

fn who(w: Words, kind: Kind, parties: &[Party], id: &crate::model::id::ParticipantId) -> String {
    parties.iter().find(|p| p.id == *id).map_or_else(|| id.to_string(), |p| name_of(w, kind, p))
}

fn party(w: Words, kind: Kind, party: &Party, manifest: Option<&Manifest>) -> PartyFact {
    let open_ms: u64 = manifest
        .and_then(|m| m.spans.get(&party.id))
        .map_or(0, |spans| spans.iter().filter(|s| s.gate == Gate::Open).map(|s| s.to_ms.saturating_sub(s.from_ms)).sum());
    PartyFact {
        role: party.role.as_str(),
        role_word: role_word(w, kind, party.role),
        name: name_of(w, kind, party),
        address: party.address.as_ref().map(|a| a.reveal().to_owned()),
        recorded: match (manifest, open_ms) {
            (None, _) => String::new(),
            (Some(_), 0) => w.t("party-not-recorded"),
            (Some(_), ms) => w.t1("party-recorded", "length", length(ms)),
        },
    }
}

fn gaps(w: Words, kind: Kind, manifest: &Manifest, parties: &[Party]) -> Vec<GapFact> {
    let gap = |g: &crate::model::manifest::Gap| GapFact {
        who: who(w, kind, parties, &g.participant),
        from: length(g.from_ms),
        length: format!("{:.1} s", g.to_ms.saturating_sub(g.from_ms) as f64 / 1_000.0),
        why: cause(w, g.cause),
    };
    manifest.gaps.iter().map(gap).collect()
}

fn tracks(w: Words, kind: Kind, manifest: &Manifest, parties: &[Party]) -> Vec<TrackFact> {
    let track = |t: &crate::model::manifest::TrackReport| TrackFact {
        who: who(w, kind, parties, &t.participant),
        kind: w.of(
            "media",
            match t.kind {
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
                MediaKind::Screen => "screen",
            },
        ),
        codecs: t.codecs.iter().map(|c| format!("{c:?}").to_uppercase()).collect::<Vec<_>>().join(", "),
        loss: {
            let mut args = fluent_bundle::FluentArgs::new();
            args.set("lost", t.lost);
            args.set("received", t.received + t.lost);
            w.say("loss-line", Some(&args))
        },
        drift: if t.drift_ppm.abs() < 0.5 { "0 ppm".to_owned() } else { format!("{:+.0} ppm", t.drift_ppm) },
    };
    manifest.tracks.iter().map(track).collect()
}

fn files(recording: &Recording, manifest: &Manifest) -> Vec<FileFact> {
    let file = |f: &crate::model::manifest::FileEntry| FileFact {
        url: format!("/v1/recordings/{}/files/{}", recording.id, f.name),
        name: f.name.clone(),
        size: size(f.bytes),
        sha256: f.sha256.clone(),
    };
    manifest.files.iter().map(file).collect()
}
