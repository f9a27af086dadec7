//! How recipients' pages look and what letters begin with (archive.md C10).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::auth::Member;
use crate::api::body::{Body, parse};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::shares::{Logo, ShareSettings};
use crate::archive::{Change, Expected};
use crate::model::language::Language;
use crate::share::letter;
use crate::share::logo::redrawn;
use crate::share::terms::{Fault, checked};

/// The largest logo, in bytes.
pub use crate::share::logo::MOST_BYTES as LOGO_BYTES;

/// Fields of the answer that a whole put back may have and that change nothing.
const READ_ONLY: [&str; 3] = ["logo", "languages", "sender"];

/// A language that senders see.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LanguageJson {
    /// `en`, `no`, `se`, `dk`, `fi`, `lv`, `lt`, `ee`.
    #[schema(value_type = String)]
    pub code: Language,
    /// Its tag (BCP 47).
    pub tag: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    /// It has terms of use: a sender may choose it.
    pub offered: bool,
    /// The subject that a letter in it begins with.
    pub subject: String,
    /// The text that a letter in it begins with.
    pub body: String,
}

/// The logo.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LogoJson {
    /// `image/png`, whatever it was sent as.
    #[serde(rename = "type")]
    pub media_type: &'static str,
    /// Size.
    pub bytes: usize,
}

/// How recipients' pages look, what letters begin with, and what follows of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ShareConfigurationJson {
    /// As it was set.
    #[serde(flatten)]
    pub settings: ShareSettings,
    /// The sender that letters have; read-only here.
    pub sender: String,
    /// All languages, with what a letter in each begins with; read-only here.
    pub languages: Vec<LanguageJson>,
    /// The logo at `/v1/shares/configuration/logo`; null where there is none. Read-only here.
    pub logo: Option<LogoJson>,
}

impl ShareConfigurationJson {
    fn of(state: &ApiState, settings: ShareSettings, logo: Option<Logo>) -> Self {
        let language = |code: Language| LanguageJson {
            code,
            tag: code.tag(),
            name: code.own_name(),
            offered: settings.terms.contains_key(&code),
            subject: settings.subject.clone().unwrap_or_else(|| letter::subject(code)),
            body: settings.body.clone().unwrap_or_else(|| letter::body(code)),
        };
        Self {
            languages: Language::ALL.into_iter().map(language).collect(),
            sender: settings.from.clone().unwrap_or_else(|| state.outbox.sender().to_owned()),
            logo: logo.map(|logo| LogoJson { bytes: logo.bytes.len(), media_type: Logo::MEDIA_TYPE }),
            settings,
        }
    }
}

fn change(member: &Member) -> Change {
    Change { at: now(), actor: member.actor.clone(), via: "api", expects: Expected::Anything }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::invalid(fault.to_string())
    }
}

/// What letters begin with and how recipients' pages look. Needs `external_links` or `external_access_page`.
#[utoipa::path(get, path = "/v1/shares/configuration", tag = "shares",
    responses((status = 200, body = ShareConfigurationJson), (status = 403, body = Problem)))]
pub async fn get(member: Member, State(state): State<ApiState>) -> Result<Json<ShareConfigurationJson>, Problem> {
    shown(&member, &state).await.map(Json)
}

/// As it stands, for pages too.
pub(in crate::api) async fn shown(member: &Member, state: &ApiState) -> Result<ShareConfigurationJson, Problem> {
    member.needs(|has| has.external_links || has.external_access_page)?;
    Ok(ShareConfigurationJson::of(state, state.catalogue.share_settings().await?, state.catalogue.share_logo().await?))
}

/// Replaces it; what is left out is as it was at first. Needs `external_access_page`.
#[utoipa::path(put, path = "/v1/shares/configuration", tag = "shares", request_body = ShareSettings,
    responses((status = 200, body = ShareConfigurationJson), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    member: Member,
    State(state): State<ApiState>,
    Body(mut body): Body<serde_json::Map<String, serde_json::Value>>,
) -> Result<Json<ShareConfigurationJson>, Problem> {
    body.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    let settings: ShareSettings = parse(serde_json::Value::Object(body).to_string().as_bytes())?;
    set(&member, &state, settings).await?;
    shown(&member, &state).await.map(Json)
}

/// Sets it, for pages too.
pub(in crate::api) async fn set(member: &Member, state: &ApiState, settings: ShareSettings) -> Result<(), Problem> {
    member.needs(|has| has.external_access_page)?;
    Ok(state.catalogue.put_share_settings(&checked(settings)?, &change(member)).await?)
}

/// The logo.
#[utoipa::path(get, path = "/v1/shares/configuration/logo", tag = "shares",
    responses((status = 200, content_type = "image/png"), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn logo(member: Member, State(state): State<ApiState>) -> Result<Response, Problem> {
    member.needs(|has| has.external_links || has.external_access_page)?;
    logo_answer(&state).await
}

/// The logo as it is.
pub(in crate::api) async fn logo_answer(state: &ApiState) -> Result<Response, Problem> {
    let logo = state.catalogue.share_logo().await?.ok_or_else(|| Problem::not_found("there is no logo"))?;
    let headers = [(header::CONTENT_TYPE, Logo::MEDIA_TYPE), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, logo.bytes).into_response())
}

/// Sets the logo: a PNG or JPEG of at most 512 KiB and 2,000 pixels a side. Its pixels are kept, as a PNG, and nothing else of the file. Needs `external_access_page`.
#[utoipa::path(put, path = "/v1/shares/configuration/logo", tag = "shares", request_body(content = Vec<u8>, content_type = "image/png"),
    responses((status = 204), (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn put_logo(
    member: Member,
    State(state): State<ApiState>,
    _: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<StatusCode, Problem> {
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("a logo may have {LOGO_BYTES} bytes"));
    set_logo(&member, &state, Some(body.map_err(too_large)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the logo away. Needs `external_access_page`.
#[utoipa::path(delete, path = "/v1/shares/configuration/logo", tag = "shares", responses((status = 204), (status = 403, body = Problem)))]
pub async fn delete_logo(member: Member, State(state): State<ApiState>) -> Result<StatusCode, Problem> {
    set_logo(&member, &state, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets it or (`None`) takes it away, for pages too.
pub(in crate::api) async fn set_logo(member: &Member, state: &ApiState, bytes: Option<Bytes>) -> Result<(), Problem> {
    member.needs(|has| has.external_access_page)?;
    let logo = match bytes {
        None => None,
        Some(bytes) => {
            let redrawn = tokio::task::spawn_blocking(move || redrawn(&bytes)).await.map_err(|e| Problem::internal(&e))?;
            Some(redrawn.map_err(|fault| Problem::invalid(format!("logo: {fault}")))?)
        }
    };
    Ok(state.catalogue.put_share_logo(logo.map(|bytes| Logo { bytes }).as_ref(), &change(member)).await?)
}
