//! The SIP server: sockets, and which call a request belongs to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rsipstack::EndpointBuilder;
use rsipstack::sip::{Method, Request, Transport};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::udp::{UdpConnection, UdpInner};
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, error::SendError};
use tokio_util::sync::CancellationToken;

use crate::model::switchboard::Switchboard;

use super::call::{CallEvent, Invitation, drive_invite, refuse_after_end, run_call};
use super::dialog::DialogKey;
use super::fields;
use super::options::{SipError, SipOptions};
use super::reply::{ALLOW, Reply};
use super::stream;

/// Datagrams are at most this long; a multipart INVITE with much metadata is longer than the stack's own reader takes.
const LONGEST_DATAGRAM: usize = 65_536;
/// A stream without a byte for this long is closed; TCP's own keepalive finds dead peers sooner.
const IDLE_STREAM: Duration = Duration::from_hours(4);

/// What finds a call from outside.
#[derive(Clone)]
pub(super) struct CallHandle {
    pub(super) events: mpsc::UnboundedSender<CallEvent>,
    /// An INVITE of this dialog has no final answer yet.
    pub(super) answering: Arc<AtomicBool>,
    invite: (String, u32),
}

/// What all calls share.
pub(super) struct Shared {
    pub(super) endpoint: EndpointInnerRef,
    pub(super) switchboard: Arc<dyn Switchboard>,
    pub(super) options: SipOptions,
    pub(super) calls: Mutex<HashMap<DialogKey, CallHandle>>,
    bound: SocketAddr,
    started: Instant,
    closing: AtomicBool,
}

impl Shared {
    /// Time since the server started.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The address of ours that a peer reached: the one listened on, or what the system would use towards it.
    pub(super) fn local_ip_towards(&self, peer: SocketAddr) -> IpAddr {
        let ip = self.bound.ip();
        if !ip.is_unspecified() {
            return ip;
        }
        let probe = UdpSocket::bind(SocketAddr::new(ip, 0)).and_then(|s| s.connect(peer).and_then(|()| s.local_addr()));
        probe.map_or(ip, |local| local.ip())
    }

    /// What stands in Contact and Via towards a peer.
    pub(super) fn reached_at(&self, peer: SocketAddr) -> SocketAddr {
        let ip = self.options.advertised.unwrap_or_else(|| self.local_ip_towards(peer));
        SocketAddr::new(ip, self.bound.port())
    }

    pub(super) fn forget(&self, key: &DialogKey) {
        self.calls.lock().remove(key);
    }
}

/// A running SIP server (UDP and TCP on one port). Dropping it does not stop it; [`SipServer::shutdown`] does.
pub struct SipServer {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

fn taken(transport: &'static str, address: SocketAddr, source: std::io::Error) -> SipError {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        SipError::InUse { transport, address }
    } else {
        SipError::Listen { transport, address, source }
    }
}

fn bind_udp(address: SocketAddr) -> std::io::Result<tokio::net::UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A burst of calls must not be lost while the node is busy; the system caps this at its own limit.
    let _ = socket.set_recv_buffer_size(4 << 20);
    socket.bind(&address.into())?;
    tokio::net::UdpSocket::from_std(socket.into())
}

fn bind_tcp(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(20));
    socket.set_tcp_keepalive(&keepalive)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

fn bind_both(listen: SocketAddr) -> Result<(TcpListener, tokio::net::UdpSocket, SocketAddr), SipError> {
    let mut attempts = 0;
    loop {
        let tcp = bind_tcp(listen).map_err(|e| taken("TCP", listen, e))?;
        let bound = tcp.local_addr().map_err(|e| taken("TCP", listen, e))?;
        match bind_udp(bound) {
            Ok(udp) => return Ok((tcp, udp, bound)),
            // Of port 0 the system gave a port that is free for TCP only: another one.
            Err(_) if listen.port() == 0 && attempts < 32 => attempts += 1,
            Err(error) => return Err(taken("UDP", bound, error)),
        }
    }
}

impl SipServer {
    /// Begins to listen and to take calls.
    pub async fn start(options: SipOptions, switchboard: Arc<dyn Switchboard>) -> Result<Self, SipError> {
        let (tcp, udp, bound) = bind_both(options.listen)?;
        let stop = CancellationToken::new();
        let layer = TransportLayer::new(stop.child_token());
        layer.set_stream_idle_timeout(IDLE_STREAM.min(Duration::from_millis(u64::from(u32::MAX))));
        let udp = Arc::new(udp);
        let address = SipAddr { r#type: Some(Transport::Udp), addr: bound.into() };
        let inner = UdpInner { conn: udp.clone(), addr: address };
        let flow = SipConnection::Udp(UdpConnection::attach(inner, None, Some(stop.child_token())).await);
        let t1 = options.t1;
        let endpoint = EndpointBuilder::new()
            .with_user_agent(concat!("Ferric/", env!("CARGO_PKG_VERSION")))
            .with_transport_layer(layer)
            .with_cancel_token(stop.child_token())
            .with_option(EndpointOption { t1, t1x64: t1 * 64, auto_ack_2xx: false, ..EndpointOption::default() })
            .build();
        let mut incoming = endpoint.incoming_transactions().map_err(|e| SipError::Stack(e.to_string()))?;
        let shared = Arc::new(Shared {
            endpoint: endpoint.inner.clone(),
            switchboard,
            options,
            calls: Mutex::default(),
            bound,
            started: Instant::now(),
            closing: AtomicBool::new(false),
        });
        let serving = endpoint.inner.clone();
        tokio::spawn(async move {
            let _ = serving.serve().await;
        });
        tokio::spawn(read_datagrams(shared.clone(), udp, flow, stop.clone()));
        tokio::spawn(accept_streams(shared.clone(), tcp, stop.clone()));
        let routing = shared.clone();
        tokio::spawn(async move {
            while let Some(transaction) = incoming.recv().await {
                route(&routing, transaction);
            }
        });
        Ok(Self { shared, stop })
    }

    /// Where it listens, UDP and TCP.
    #[must_use]
    pub fn bound(&self) -> SocketAddr {
        self.shared.bound
    }

    /// How many calls are live.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.shared.calls.lock().len()
    }

    /// Takes no new calls from now on (503); live ones go on.
    pub fn drain(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }

    /// Ends all calls with BYE, waits at most `patience` until the peers have answered, and stops listening.
    pub async fn shutdown(&self, patience: Duration) {
        self.drain();
        let deadline = tokio::time::Instant::now() + patience;
        let handles: Vec<CallHandle> = self.shared.calls.lock().values().cloned().collect();
        for handle in handles {
            let _ = handle.events.send(CallEvent::Close("the node is shutting down"));
        }
        while self.live_calls() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop.cancel();
    }
}

async fn read_datagrams(shared: Arc<Shared>, socket: Arc<tokio::net::UdpSocket>, flow: SipConnection, stop: CancellationToken) {
    let mut buffer = vec![0; LONGEST_DATAGRAM];
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        // An error here is an ICMP answer to something sent before: it concerns one peer only.
        let Ok((length, peer)) = received else { continue };
        let datagram = &buffer[..length];
        if datagram.iter().all(u8::is_ascii_whitespace) {
            if datagram == b"\r\n\r\n" {
                let _ = socket.send_to(b"\r\n", peer).await;
            }
            continue;
        }
        if let Some(answer) = stream::receive(&shared.endpoint, datagram, &flow, peer).await {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

async fn accept_streams(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((accepted, _)) = accepted else {
            // Out of file descriptors, most likely: give them time to come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = accepted.set_nodelay(true);
        let local = SipAddr { r#type: Some(Transport::Tcp), addr: shared.bound.into() };
        if let Ok(connection) = TcpConnection::from_stream(accepted, local, Some(stop.child_token())) {
            tokio::spawn(stream::serve(shared.endpoint.clone(), connection, stop.clone()));
        }
    }
}

/// Where a request came from, by what the transport wrote into its Via.
pub(super) fn source_of(request: &Request, connection: Option<&SipConnection>) -> Option<SocketAddr> {
    use rsipstack::sip::HeadersExt as _;
    if let Some(remote) = connection.and_then(SipConnection::get_remote_addr) {
        return remote.get_socketaddr().ok();
    }
    let (_, host) = SipConnection::parse_target_from_via(request.via_header().ok()?).ok()?;
    SocketAddr::try_from(host).ok()
}

fn answer(mut transaction: Transaction, reply: Reply) {
    tokio::spawn(async move {
        let tag = uuid::Uuid::new_v4().simple().to_string();
        let response = reply.to_response(&transaction.original, Some(&tag));
        let told = transaction.respond(response).await;
        // An INVITE's refusal is sent again until its ACK comes; the stack does that while it is listened to. It never ends one that could not be sent.
        if told.is_ok() && transaction.original.method == Method::Invite {
            while transaction.receive().await.is_some() {}
        }
    });
}

fn route(shared: &Arc<Shared>, transaction: Transaction) {
    let request = &transaction.original;
    let method = request.method;
    let Some((key, within)) = DialogKey::of_request(&request.headers) else {
        return answer(transaction, Reply::refuse(400, "From, To or Call-ID is missing"));
    };
    if !within {
        return match method {
            Method::Invite => begin(shared, transaction, key),
            Method::Options => answer(transaction, Reply::new(200).capabilities().with("Contact", contact(shared, None, true))),
            Method::Bye | Method::Info | Method::Update | Method::Cancel | Method::PRack => {
                answer(transaction, Reply::refuse(481, "there is no such call"));
            }
            _ => answer(transaction, Reply::refuse(405, "this method is not for a recorder").with("Allow", ALLOW)),
        };
    }
    let Some(call) = shared.calls.lock().get(&key).cloned() else {
        return answer(transaction, Reply::refuse(481, "there is no such call"));
    };
    if method != Method::Invite {
        // A call that ends in this instant drops the event, and with it the transaction: the peer's retransmission then meets 481.
        let _ = call.events.send(CallEvent::Request(Box::new(transaction)));
        return;
    }
    if call.answering.swap(true, Ordering::AcqRel) {
        let wait = rand::random_range(0..=10u8);
        let reply = Reply::refuse(500, "another INVITE of this call is not answered yet").with("Retry-After", wait.to_string());
        return answer(transaction, reply);
    }
    let (invitation, transaction) = Invitation::of(transaction, &key.local_tag, call.answering.clone());
    tokio::spawn(drive_invite(transaction, invitation.clone(), call.events.clone()));
    if let Err(SendError(event)) = call.events.send(CallEvent::Invite(Box::new(invitation))) {
        tokio::spawn(refuse_after_end(event));
    }
}

/// Our Contact; a recording server says so (RFC 7866 §6.2).
pub(super) fn contact(shared: &Shared, peer: Option<(SocketAddr, bool)>, siprec: bool) -> String {
    let address = peer.map_or(shared.bound, |(peer, _)| shared.reached_at(peer));
    let transport = if peer.is_some_and(|(_, reliable)| reliable) { ";transport=tcp" } else { "" };
    let feature = if siprec { ";+sip.srs" } else { "" };
    format!("<sip:ferric@{address}{transport}>{feature}")
}

fn begin(shared: &Arc<Shared>, transaction: Transaction, mut key: DialogKey) {
    if shared.closing.load(Ordering::Relaxed) {
        let refusal = Reply::of_refusal(&crate::model::switchboard::Refusal::Draining);
        return answer(transaction, refusal);
    }
    let number = fields::sequence_number(&transaction.original.headers).unwrap_or(0);
    let invite = (key.remote_tag.clone(), number);
    let mut calls = shared.calls.lock();
    // The same request by another way (RFC 3261 §8.2.2.2): no second session.
    if calls.iter().any(|(known, call)| known.call_id == key.call_id && call.invite == invite) {
        drop(calls);
        return answer(transaction, Reply::refuse(482, "this INVITE came before by another way"));
    }
    key.local_tag = uuid::Uuid::new_v4().simple().to_string();
    let (events, mailbox) = mpsc::unbounded_channel();
    let answering = Arc::new(AtomicBool::new(true));
    calls.insert(key.clone(), CallHandle { events: events.clone(), answering: answering.clone(), invite });
    drop(calls);
    let (invitation, transaction) = Invitation::of(transaction, &key.local_tag, answering);
    tokio::spawn(drive_invite(transaction, invitation.clone(), events.clone()));
    let shared = shared.clone();
    tokio::spawn(async move {
        run_call(&shared, Box::new(invitation), mailbox, events).await;
        shared.forget(&key);
    });
}
