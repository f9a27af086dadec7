//! WebRTC peers that send to us: ICE, DTLS, SRTP, repair of losses, keyframe requests.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::error::IngestError;
use super::tap::SharedTapFactory;
use crate::model::id::ParticipantId;
use crate::model::switchboard::{PeerId, RemoteCandidate, WebrtcAnswer};

/// Where peer connections come in.
#[derive(Clone, Debug)]
pub struct WebrtcConfig {
    /// Addresses that sockets are bound to; each gives a host candidate. Loopback counts too.
    pub bind_ips: Vec<IpAddr>,
    /// UDP ports that they may take.
    pub ports: RangeInclusive<u16>,
    /// Address told to peers instead of the bound one (NAT).
    pub public_ip: Option<IpAddr>,
}

/// The peer connections of a node. Clones share them.
#[derive(Clone, Debug)]
pub struct WebrtcIngest {}

impl WebrtcIngest {
    /// Without any peer.
    ///
    /// # Errors
    /// Where no address is given.
    pub fn start(_config: WebrtcConfig) -> Result<Self, IngestError> {
        todo!()
    }

    /// Answers an offer: `recvonly`, all candidates of ours in the answer. `taps` opens a track for each m-line that is taken; its `lost` is called
    /// once, when the peer is gone without `close`.
    ///
    /// # Errors
    /// [`IngestError::BadOffer`] where the offer cannot be taken whole; ports, tape.
    pub async fn accept(
        &self,
        _participant: ParticipantId,
        _offer_sdp: &str,
        _taps: SharedTapFactory,
    ) -> Result<WebrtcAnswer, IngestError> {
        todo!()
    }

    /// Candidates that the peer found later.
    ///
    /// # Errors
    /// Where the peer is gone or a candidate is none.
    pub async fn trickle(&self, _peer: &PeerId, _candidates: Vec<RemoteCandidate>) -> Result<(), IngestError> {
        todo!()
    }

    /// Closes a peer connection. `lost` is not called for it.
    ///
    /// # Errors
    /// Where the peer is gone.
    pub async fn close(&self, _peer: &PeerId) -> Result<(), IngestError> {
        todo!()
    }

    /// Asks for a keyframe of every picture of a peer.
    ///
    /// # Errors
    /// Where the peer is gone.
    pub fn request_keyframe(&self, _peer: &PeerId) -> Result<(), IngestError> {
        todo!()
    }
}
