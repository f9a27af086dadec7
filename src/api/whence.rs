//! Where a request came from, for the audit log.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use serde_json::{Value, json};

/// The address that a request came from, and the one that the nearest proxy says it came from.
#[derive(Clone, Debug, Default)]
pub struct Whence {
    peer: Option<IpAddr>,
    forwarded: Option<IpAddr>,
}

impl Whence {
    /// As the audit log keeps it. What a proxy says is told apart: whoever reaches the node without one can say anything.
    #[must_use]
    pub fn noted(&self) -> Value {
        match self.forwarded {
            Some(forwarded) => json!({ "address": self.peer, "forwarded_for": forwarded }),
            None => json!({ "address": self.peer }),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        // The last one is what the proxy nearest to us wrote.
        let said = parts.headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        let forwarded = said.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
        Ok(Self { peer, forwarded })
    }
}
