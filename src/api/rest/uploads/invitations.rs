//! Inviting somebody outside to send one file.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::metadata::Told;
use crate::api::auth::{Account, random_text};
use crate::api::base_url::BaseUrl;
use crate::api::body::{At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::scope::Scope;
use crate::archive::uploads::{UploadDetails, UploadInvitation};
use crate::archive::{AuditAction, keys};
use crate::model::id::{ProjectSlug, RecordingId, UploadInvitationId};
use crate::model::redact::{Personal, Secret};
use crate::model::role::Role;
use crate::model::time::WallClock;

/// The usual life of an invitation, and the longest.
const LIFE_DAYS: u64 = 7;
const LONGEST_DAYS: u64 = 90;
const DAY_NS: u64 = 86_400_000_000_000;

/// Whom to invite to send what.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUploadInvitation {
    /// The project that the recording will belong to.
    #[schema(value_type = String)]
    project: ProjectSlug,
    /// The ticket that it belongs to.
    #[serde(default)]
    ticket: Option<String>,
    /// Whose it will be.
    #[serde(default)]
    customer_email: Option<String>,
    /// Their name.
    #[serde(default)]
    name: Option<String>,
    /// What it will be called.
    #[serde(default)]
    title: Option<String>,
    /// The platform's own id.
    #[serde(default)]
    external_id: Option<String>,
    /// Until when a file may be sent (RFC 3339); a week from now if absent, at most 90 days.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    expires: Option<WallClock>,
}

/// An invitation. Its token is in the page's address, told once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadInvitationJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UploadInvitationId,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// Where a file can be sent, with the token in the fragment, which browsers do not send; only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// For `Authorization: Bearer …` at `/v1/invited-uploads`; only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Until when.
    #[schema(value_type = String)]
    pub expires: WallClock,
    /// When it was made.
    #[schema(value_type = String)]
    pub created_at: WallClock,
    /// The recording that was sent, or is being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recording: Option<RecordingId>,
}

impl UploadInvitationJson {
    fn of(invitation: UploadInvitation) -> Self {
        Self {
            id: invitation.id,
            project: invitation.details.project,
            page_url: None,
            token: None,
            expires: invitation.expires_at,
            created_at: invitation.created_at,
            recording: invitation.recording,
        }
    }
}

/// Invites somebody outside to send one file.
#[utoipa::path(post, path = "/v1/upload-invitations", tag = "uploads", request_body = NewUploadInvitation,
    responses((status = 201, body = UploadInvitationJson), (status = 422, body = Problem)))]
pub async fn create(
    account: Account,
    State(state): State<ApiState>,
    base: BaseUrl,
    Body(wanted): Body<NewUploadInvitation>,
) -> Result<(StatusCode, Json<UploadInvitationJson>), Problem> {
    account.needs(Scope::Uploads)?;
    if !account.reaches(&wanted.project) {
        return Err(Problem::invalid(format!("project: there is no project `{}`", wanted.project)));
    }
    Ok((StatusCode::CREATED, Json(made(&account, &state, &base, wanted).await?)))
}

async fn made(account: &Account, state: &ApiState, base: &BaseUrl, wanted: NewUploadInvitation) -> Result<UploadInvitationJson, Problem> {
    let created_at = now();
    let expires_at = wanted.expires.unwrap_or_else(|| created_at.plus_ns(LIFE_DAYS * DAY_NS));
    if expires_at <= created_at || expires_at > created_at.plus_ns(LONGEST_DAYS * DAY_NS) {
        return Err(Problem::invalid(format!("expires: from now to {LONGEST_DAYS} days from now")));
    }
    let mut told = std::collections::BTreeMap::new();
    for (name, value) in [("ticket", &wanted.ticket), ("customer_email", &wanted.customer_email), ("title", &wanted.title)] {
        if let Some(value) = value {
            if value.trim().is_empty() {
                return Err(Problem::invalid(format!("{name}: says nothing; leave it out")));
            }
            told.insert(name.to_owned(), value.clone());
        }
    }
    let details = UploadDetails {
        project: wanted.project,
        role: Role::Customer,
        sender: wanted.name.map(Personal::new),
        agent: None,
        external_id: wanted.external_id,
        metadata: Told::of(told).rest()?,
    };
    let token = Secret::new(random_text());
    let invitation = UploadInvitation {
        id: UploadInvitationId::random(),
        token_hash: keys::hash(token.reveal()),
        made_by: account.actor.clone(),
        details,
        upload: None,
        recording: None,
        created_at,
        expires_at,
    };
    state.catalogue.insert_upload_invitation(&invitation).await?;
    let detail = serde_json::json!({ "project": invitation.details.project, "expires": expires_at });
    account.note(state, AuditAction::Share, format!("upload-invitation:{}", invitation.id), detail).await?;
    let page_url = format!("{}/send#{}", base.0, token.reveal());
    Ok(UploadInvitationJson { page_url: Some(page_url), token: Some(token.reveal().to_owned()), ..UploadInvitationJson::of(invitation) })
}

/// Invitations of this caller that are not over, newest first.
#[utoipa::path(get, path = "/v1/upload-invitations", tag = "uploads", responses((status = 200, body = Vec<UploadInvitationJson>)))]
pub async fn list(account: Account, State(state): State<ApiState>) -> Result<Json<Vec<UploadInvitationJson>>, Problem> {
    account.needs(Scope::Uploads)?;
    let all = state.catalogue.upload_invitations(&account.actor).await?;
    Ok(Json(all.into_iter().map(UploadInvitationJson::of).collect()))
}

/// Takes an invitation back. What was sent stays.
#[utoipa::path(delete, path = "/v1/upload-invitations/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(account: Account, State(state): State<ApiState>, At(id): At<UploadInvitationId>) -> Result<StatusCode, Problem> {
    account.needs(Scope::Uploads)?;
    if state.catalogue.delete_upload_invitation(&id, &account.actor).await? {
        account.note(&state, AuditAction::Cancel, format!("upload-invitation:{id}"), serde_json::json!({})).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("there is no upload invitation `{id}`")))
}
