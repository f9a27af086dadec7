//! WHIP (RFC 9725): a browser or an encoder publishes by one HTTP request.

use std::sync::Arc;

use crate::model::switchboard::{ParticipantTokens, Switchboard};

/// What the endpoint says of itself.
#[derive(Clone, Debug, Default)]
pub struct WhipConfig {
    /// The URL under which the node is reached from outside (`https://rec.example.org`), where the request's own headers do not tell.
    pub public_url: Option<String>,
    /// ICE servers told to peers in `Link` headers (RFC 9725 §4.6), as whole header values.
    pub ice_links: Vec<String>,
}

/// The endpoint `/whip/{session}/{participant}` and its resources.
pub fn router(_switchboard: Arc<dyn Switchboard>, _tokens: Arc<dyn ParticipantTokens>, _config: WhipConfig) -> axum::Router {
    todo!()
}
