//! WebRTC peers that send to us: ICE, DTLS, SRTP, repair of losses, keyframe requests.
//!
//! `peer` is a machine without I/O around the `rtc` crate's connection; `driver` gives it sockets and a clock, a task for each peer. Nothing outside
//! this folder knows the crate.

mod addresses;
mod counters;
mod driver;
mod engine;
mod keyframes;
mod offer;
mod peer;
mod repair;
mod track;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

pub use counters::PeerCounters;

use super::error::IngestError;
use super::stamped_socket::StampedSocket;
use super::tap::SharedTapFactory;
use crate::model::id::ParticipantId;
use crate::model::switchboard::{PeerId, RemoteCandidate, WebrtcAnswer};
use driver::{Order, Port};
use peer::Peer;

/// Where peer connections come in.
#[derive(Clone, Debug)]
pub struct WebrtcConfig {
    /// Addresses that sockets are bound to; each gives a host candidate. An unspecified one stands for every address of the machine but loopback.
    pub bind_ips: Vec<IpAddr>,
    /// UDP ports that they may take.
    pub ports: RangeInclusive<u16>,
    /// Address told to peers instead of the bound one (NAT).
    pub public_ip: Option<IpAddr>,
}

/// The peer connections of a node. Clones share them.
#[derive(Clone, Debug)]
pub struct WebrtcIngest {
    node: Arc<Node>,
}

#[derive(Debug)]
struct Node {
    config: WebrtcConfig,
    peers: Mutex<Peers>,
}

#[derive(Debug)]
struct Peers {
    live: HashMap<PeerId, Live>,
    gone: PeerCounters,
    next_port: u16,
}

#[derive(Clone, Debug)]
struct Live {
    orders: mpsc::Sender<Order>,
    counters: Arc<Mutex<PeerCounters>>,
}

impl WebrtcIngest {
    /// Without any peer.
    ///
    /// # Errors
    /// Where no address or no port is given.
    pub fn start(config: WebrtcConfig) -> Result<Self, IngestError> {
        if config.ports.is_empty() {
            return Err(IngestError::BadRange { range: config.ports });
        }
        if config.bind_ips.is_empty() {
            return Err(IngestError::Webrtc("no address to bind to".to_owned()));
        }
        let span = u32::from(config.ports.end() - config.ports.start()) + 1;
        let next_port = config.ports.start() + (rand::random::<u32>() % span) as u16;
        let peers = Mutex::new(Peers { live: HashMap::new(), gone: PeerCounters::default(), next_port });
        Ok(Self { node: Arc::new(Node { config, peers }) })
    }

    /// Answers an offer: `recvonly`, all candidates of ours in the answer. `taps` opens a track for each m-line that is taken; its `lost` is called
    /// once, when the peer is gone without `close`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`IngestError::BadOffer`] where the offer cannot be taken whole; ports, tape.
    pub async fn accept(&self, participant: ParticipantId, offer_sdp: &str, taps: SharedTapFactory) -> Result<WebrtcAnswer, IngestError> {
        let ports = self.node.bind()?;
        let addresses: Vec<_> = ports.iter().map(|p| p.known_as).collect();
        let (mut peer, sdp, specs) = Peer::answer(&participant, offer_sdp, &addresses, Instant::now())?;
        let opener = Arc::clone(&taps);
        // Opening a track makes a key file and may wait for the disk.
        let opened = tokio::task::spawn_blocking(move || {
            specs.into_iter().map(|spec| opener.open(spec.clone()).map(|tap| (spec, tap))).collect::<Result<Vec<_>, _>>()
        });
        peer.tracks(opened.await.map_err(|e| IngestError::Webrtc(e.to_string()))?.map_err(IngestError::Tape)?);

        let id = PeerId(uuid::Uuid::new_v4().simple().to_string());
        let (orders, inbox) = mpsc::channel(16);
        let counters = Arc::<Mutex<PeerCounters>>::default();
        self.node.peers.lock().live.insert(id.clone(), Live { orders, counters: Arc::clone(&counters) });
        let (node, mine) = (Arc::clone(&self.node), id.clone());
        tokio::spawn(async move {
            let closed = Box::pin(driver::run(peer, ports, inbox, Arc::clone(&counters))).await;
            {
                let mut peers = node.peers.lock();
                peers.live.remove(&mine);
                peers.gone += *counters.lock();
            }
            if !closed {
                tokio::task::spawn_blocking(move || taps.lost(&participant, &mine));
            }
        });
        Ok(WebrtcAnswer { sdp, peer: id })
    }

    fn live(&self, peer: &PeerId) -> Result<Live, IngestError> {
        self.node.peers.lock().live.get(peer).cloned().ok_or(IngestError::NoSuchPeer)
    }

    /// Candidates that the peer found later.
    ///
    /// # Errors
    /// Where the peer is gone or a candidate is none.
    pub async fn trickle(&self, peer: &PeerId, candidates: Vec<RemoteCandidate>) -> Result<(), IngestError> {
        let (answer, answered) = oneshot::channel();
        self.live(peer)?.orders.send(Order::Trickle(candidates, answer)).await.map_err(|_| IngestError::NoSuchPeer)?;
        answered.await.map_err(|_| IngestError::NoSuchPeer)?
    }

    /// Closes a peer connection. `lost` is not called for it.
    ///
    /// # Errors
    /// Where the peer is gone.
    pub async fn close(&self, peer: &PeerId) -> Result<(), IngestError> {
        let (done, was_done) = oneshot::channel();
        self.live(peer)?.orders.send(Order::Close(done)).await.map_err(|_| IngestError::NoSuchPeer)?;
        was_done.await.map_err(|_| IngestError::NoSuchPeer)
    }

    /// Asks for a keyframe of every picture of a peer.
    ///
    /// # Errors
    /// Where the peer is gone.
    pub fn request_keyframe(&self, peer: &PeerId) -> Result<(), IngestError> {
        // Where the inbox is full a request is not lost on anybody: the wish stands already.
        let _ = self.live(peer)?.orders.try_send(Order::Keyframe);
        Ok(())
    }

    /// What came of a live peer's packets so far.
    #[must_use]
    pub fn counters(&self, peer: &PeerId) -> Option<PeerCounters> {
        self.live(peer).ok().map(|live| *live.counters.lock())
    }

    /// All peers' counters together, those that are gone too.
    #[must_use]
    pub fn totals(&self) -> PeerCounters {
        let peers = self.node.peers.lock();
        let mut all = peers.gone;
        for live in peers.live.values() {
            all += *live.counters.lock();
        }
        all
    }
}

impl Node {
    fn bind(&self) -> Result<Vec<Port>, IngestError> {
        let addresses = addresses::concrete(&self.config.bind_ips);
        let mut ports = Vec::with_capacity(addresses.len());
        for ip in addresses {
            let (socket, port) = self.bind_one(ip)?;
            let socket = UdpSocket::from_std(socket.into_std()).map_err(IngestError::io("watching a WebRTC socket"))?;
            let public = self.config.public_ip.filter(|public| public.is_ipv4() == ip.is_ipv4() && !ip.is_loopback());
            ports.push(Port { socket, known_as: SocketAddr::new(public.unwrap_or(ip), port) });
        }
        if ports.is_empty() { Err(IngestError::Webrtc("the machine has no address that a peer could reach".to_owned())) } else { Ok(ports) }
    }

    /// The next port of the range that is free on an address, each in its turn.
    fn bind_one(&self, ip: IpAddr) -> Result<(StampedSocket, u16), IngestError> {
        let range = &self.config.ports;
        for _ in range.clone() {
            let port = {
                let mut peers = self.peers.lock();
                let port = peers.next_port;
                peers.next_port = if port == *range.end() { *range.start() } else { port + 1 };
                port
            };
            if let Some(socket) = StampedSocket::bind(ip, port)? {
                return Ok((socket, port));
            }
        }
        Err(IngestError::PortsExhausted { range: range.clone() })
    }
}
