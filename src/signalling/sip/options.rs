//! How the SIP server is to run, and why it cannot.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Settings of the SIP server.
#[derive(Clone, Debug)]
pub struct SipOptions {
    /// Where to listen, UDP and TCP; port 0 takes a free one, the same for both.
    pub listen: SocketAddr,
    /// The address that peers reach, where it is not the one listened on (behind a NAT): stands in Contact and Via.
    pub advertised: Option<IpAddr>,
    /// RFC 3261 T1, the base of all retransmission timers; an answer without ACK is given up after 64 of them.
    pub t1: Duration,
    /// Longest time between refreshes that is proposed to peers that know session timers (RFC 4028), seconds.
    pub session_expires_s: u32,
    /// Shortest such time that is accepted (RFC 4028 §5 wants at least 90), seconds.
    pub min_session_expires_s: u32,
}

impl SipOptions {
    /// The defaults of the RFCs on an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, advertised: None, t1: Duration::from_millis(500), session_expires_s: 1800, min_session_expires_s: 90 }
    }
}

/// Why the SIP server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// Somebody else listens there.
    #[error("SIP: {transport} {address} is in use by another program")]
    InUse {
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// The address is not one of this machine, or not allowed.
    #[error("SIP: cannot listen on {transport} {address}: {source}")]
    Listen {
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The SIP stack did not start.
    #[error("SIP: the stack did not start: {0}")]
    Stack(String),
}
