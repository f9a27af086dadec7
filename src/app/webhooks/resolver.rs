//! Names of receivers, looked up without what is private.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::archive::webhooks::is_public;

/// Looks names up and leaves out what is not public: also where a name leads elsewhere than when the webhook was made.
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.filter(|at| is_public(at.ip())).collect();
            if found.is_empty() {
                return Err("the name leads to a private address; see webhooks.allow_private".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
