//! One SIP flow (a UDP socket or a TCP connection) for many calls: sends requests, gives answers to those who wait, answers the node's own requests.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};

use super::message::{LoadError, SipMessage};

/// How the node is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipFlow {
    /// Datagrams, with retransmission.
    Udp,
    /// One stream.
    Tcp,
}

enum Writer {
    Udp(Arc<UdpSocket>),
    Tcp(tokio::sync::Mutex<OwnedWriteHalf>),
}

const T1: Duration = Duration::from_millis(500);
const GIVE_UP: Duration = Duration::from_secs(32);

/// A flow to a node.
pub struct SiprecClient {
    writer: Writer,
    /// Our end of the flow.
    pub local: SocketAddr,
    /// The node.
    pub node: SocketAddr,
    flow: SipFlow,
    waiting: Mutex<HashMap<String, mpsc::UnboundedSender<SipMessage>>>,
    ended: Mutex<HashMap<String, watch::Sender<bool>>>,
}

impl SiprecClient {
    /// Opens a flow to a node's SIP address.
    pub async fn connect(node: SocketAddr, flow: SipFlow) -> std::io::Result<Arc<Self>> {
        match flow {
            SipFlow::Udp => {
                let any = if node.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = Arc::new(UdpSocket::bind(any).await?);
                socket.connect(node).await?;
                let local = socket.local_addr()?;
                let client = Arc::new(Self::new(Writer::Udp(socket.clone()), local, node, flow));
                tokio::spawn(read_datagrams(Arc::downgrade(&client), socket));
                Ok(client)
            }
            SipFlow::Tcp => {
                let stream = TcpStream::connect(node).await?;
                stream.set_nodelay(true)?;
                let local = stream.local_addr()?;
                let (read, write) = stream.into_split();
                let client = Arc::new(Self::new(Writer::Tcp(tokio::sync::Mutex::new(write)), local, node, flow));
                tokio::spawn(read_stream(Arc::downgrade(&client), read));
                Ok(client)
            }
        }
    }

    fn new(writer: Writer, local: SocketAddr, node: SocketAddr, flow: SipFlow) -> Self {
        Self { writer, local, node, flow, waiting: Mutex::default(), ended: Mutex::default() }
    }

    /// `UDP` or `TCP`, as Via has it.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        if self.flow == SipFlow::Udp { "UDP" } else { "TCP" }
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&self, bytes: &[u8]) -> std::io::Result<()> {
        match &self.writer {
            Writer::Udp(socket) => socket.send(bytes).await.map(|_| ()),
            Writer::Tcp(stream) => stream.lock().await.write_all(bytes).await,
        }
    }

    /// Sends a request and waits for its final answer; over UDP it is sent again until one comes.
    pub async fn transact(&self, method: &str, branch: &str, request: &str) -> Result<SipMessage, LoadError> {
        let (sender, mut answers) = mpsc::unbounded_channel();
        self.waiting.lock().insert(branch.to_owned(), sender);
        let result = self.wait_for_final(method, request, &mut answers).await;
        self.waiting.lock().remove(branch);
        result
    }

    async fn wait_for_final(
        &self,
        method: &str,
        request: &str,
        answers: &mut mpsc::UnboundedReceiver<SipMessage>,
    ) -> Result<SipMessage, LoadError> {
        let give_up = tokio::time::Instant::now() + GIVE_UP;
        let mut interval = T1;
        let mut provisional = false;
        self.send_raw(request.as_bytes()).await?;
        loop {
            let again = if self.flow == SipFlow::Tcp || (provisional && method == "INVITE") { GIVE_UP } else { interval };
            let wait = give_up.min(tokio::time::Instant::now() + again);
            match tokio::time::timeout_at(wait, answers.recv()).await {
                Ok(Some(answer)) if answer.status >= 200 => return Ok(answer),
                Ok(Some(_)) => provisional = true,
                Ok(None) => return Err(LoadError::NoAnswer(method.to_owned())),
                Err(_) if tokio::time::Instant::now() >= give_up => return Err(LoadError::NoAnswer(method.to_owned())),
                Err(_) => {
                    self.send_raw(request.as_bytes()).await?;
                    interval *= 2;
                }
            }
        }
    }

    /// Tells when the node ends a call (by BYE).
    pub(super) fn watch_end(&self, call_id: &str) -> watch::Receiver<bool> {
        let (sender, receiver) = watch::channel(false);
        self.ended.lock().insert(call_id.to_owned(), sender);
        receiver
    }

    pub(super) fn forget(&self, call_id: &str) {
        self.ended.lock().remove(call_id);
    }

    async fn take(&self, message: SipMessage) {
        if message.status > 0 {
            let waiting = message.branch().and_then(|branch| self.waiting.lock().get(branch).cloned());
            if let Some(waiting) = waiting {
                let _ = waiting.send(message);
            }
            return;
        }
        if message.word == "ACK" {
            return;
        }
        let known = message.field("Call-ID").is_some_and(|id| self.ended.lock().contains_key(id));
        let status = if known { "200 OK" } else { "481 Call/Transaction Does Not Exist" };
        let _ = self.send_raw(message.answer(status).as_bytes()).await;
        if message.word == "BYE"
            && let Some(ended) = message.field("Call-ID").and_then(|id| self.ended.lock().get(id).cloned())
        {
            let _ = ended.send(true);
        }
    }
}

async fn read_datagrams(client: std::sync::Weak<SiprecClient>, socket: Arc<UdpSocket>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let received = tokio::time::timeout(Duration::from_secs(1), socket.recv(&mut buffer)).await;
        let Some(client) = client.upgrade() else { return };
        if let Ok(Ok(length)) = received
            && let Some(message) = SipMessage::parse(&buffer[..length])
        {
            client.take(message).await;
        }
    }
}

async fn read_stream(client: std::sync::Weak<SiprecClient>, mut stream: tokio::net::tcp::OwnedReadHalf) {
    let mut buffer: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 16_384];
    loop {
        match stream.read(&mut chunk).await {
            Ok(length) if length > 0 => buffer.extend_from_slice(&chunk[..length]),
            _ => return,
        }
        while let Some(length) = whole_message(&buffer) {
            let message = SipMessage::parse(&buffer[..length]);
            buffer.drain(..length);
            let Some(client) = client.upgrade() else { return };
            if let Some(message) = message {
                client.take(message).await;
            }
        }
    }
}

fn whole_message(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    let length = text.split("\r\n").find_map(|l| l.strip_prefix("content-length:")).and_then(|l| l.trim().parse::<usize>().ok());
    let total = head + length.unwrap_or(0);
    (buffer.len() >= total).then_some(total)
}
