//! What an invited participant gets.

use serde::Serialize;

use crate::api::base_url::BaseUrl;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::role::Role;
use crate::session::Invitation;

/// An invitation. The token is told once, here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvitationJson {
    /// The participant.
    #[schema(value_type = String)]
    pub id: ParticipantId,
    /// Speaks for them, until the session ends: `Authorization: Bearer …`.
    pub token: String,
    /// Where their media goes (WHIP, RFC 9725), with the token.
    pub whip_url: String,
    /// A page that does all of it in a browser. The token is in its fragment, which browsers do not send.
    pub page_url: String,
}

impl InvitationJson {
    /// With absolute URLs.
    #[must_use]
    pub fn new(invitation: &Invitation, session: &SessionId, role: Role, base: &BaseUrl) -> Self {
        let token = invitation.token.reveal();
        let part = if role == Role::Agent { "host" } else { "guest" };
        Self {
            id: invitation.participant.clone(),
            token: token.to_owned(),
            whip_url: whip_url(base, session, &invitation.participant),
            page_url: format!("{}/room/{session}?as={part}#{token}", base.0),
        }
    }
}

/// Where a participant publishes.
#[must_use]
pub fn whip_url(base: &BaseUrl, session: &SessionId, participant: &ParticipantId) -> String {
    format!("{}/whip/{session}/{participant}", base.0)
}
