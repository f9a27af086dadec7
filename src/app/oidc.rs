//! The configuration's `[oidc]` as the pages take it.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::config::OpenId;
use crate::api::{Oidc, OidcSettings};
use crate::archive::rights::Role;
use crate::model::redact::Secret;

/// The provider that the configuration names, if it does.
///
/// # Errors
/// Where it is no address, or something that it needs is not said.
pub fn provider(config: &OpenId) -> Result<Option<Arc<Oidc>>> {
    if config.issuer.is_empty() {
        return Ok(None);
    }
    if config.client_id.is_empty() {
        bail!("oidc.client_id: has to be there where oidc.issuer is");
    }
    if !config.scopes.split(' ').any(|scope| scope == "openid") {
        bail!("oidc.scopes: `openid` has to be among them");
    }
    let unknown = match config.unknown.as_str() {
        "" => None,
        "admin" => Some(Role::Admin),
        "agent" => Some(Role::Agent),
        "reviewer" => Some(Role::Reviewer),
        _ => bail!("oidc.unknown: `agent`, `reviewer`, `admin`, or nothing"),
    };
    let groups = [(Role::Admin, &config.admin_group), (Role::Agent, &config.agent_group), (Role::Reviewer, &config.reviewer_group)];
    let settings = OidcSettings {
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret: Secret::new(config.client_secret.reveal()),
        scopes: config.scopes.clone(),
        groups_claim: config.groups_claim.clone(),
        roles: groups.into_iter().filter(|(_, group)| !group.is_empty()).map(|(role, group)| (role, group.clone())).collect(),
        unknown,
    };
    Ok(Some(Arc::new(Oidc::new(settings).context("oidc.issuer")?)))
}
