//! A WHIP publisher: sends a film in real time, over and over, as a browser would its camera.

mod connection;
mod fixture;
mod stream;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use parking_lot::Mutex;
use reqwest::header;
use rtc::peer_connection::RTCPeerConnection;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use fixture::{Film, FilmTrack, Frame};
pub use stream::SentFrame;

use crate::model::redact::Secret;
use connection::Place;
use stream::Stream;

/// What a publisher has sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// RTP packets, first transmissions only.
    pub packets: u64,
    /// Frames of sound.
    pub sound_frames: u64,
    /// Frames of pictures.
    pub picture_frames: u64,
    /// Each frame, where the publisher was told to keep a ledger.
    pub ledger: Vec<SentFrame>,
    /// Whether ICE and DTLS came up.
    pub connected: bool,
}

/// A publisher that has made its offer and waits for the answer.
pub struct Offered {
    /// The offer, with its candidate.
    pub sdp: String,
    connection: RTCPeerConnection,
    places: Vec<Place>,
    socket: UdpSocket,
    film: Arc<Film>,
    ledger: bool,
}

/// A publisher at work.
#[derive(Debug)]
pub struct Publisher {
    sent: Arc<Mutex<Sent>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    resource: Option<(reqwest::Client, String, Secret)>,
}

/// Makes an offer of a film from an address of this machine. With a ledger every frame sent is remembered.
///
/// # Errors
/// Where no socket can be had.
pub async fn offer(film: Arc<Film>, from: IpAddr, ledger: bool) -> anyhow::Result<Offered> {
    let socket = UdpSocket::bind((from, 0)).await.context("binding the publisher's socket")?;
    let codecs: Vec<_> = film.tracks.iter().map(|t| t.codec).collect();
    let (connection, places, sdp) = connection::offering(&codecs, socket.local_addr()?, Instant::now())?;
    Ok(Offered { sdp, connection, places, socket, film, ledger })
}

/// Publishes a film to a WHIP endpoint with a participant's token.
///
/// # Errors
/// Where the endpoint cannot be reached or refuses; its reason is told.
pub async fn publish(film: Arc<Film>, from: IpAddr, url: &str, token: Secret, ledger: bool) -> anyhow::Result<Publisher> {
    // Already installed by whoever came first: the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let offered = offer(film, from, ledger).await?;
    let client = reqwest::Client::new();
    let request = client.post(url).bearer_auth(token.reveal()).header(header::CONTENT_TYPE, "application/sdp");
    let response = request.body(offered.sdp.clone()).send().await?;
    let status = response.status();
    let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body = response.text().await?;
    if status != reqwest::StatusCode::CREATED {
        bail!("WHIP was refused with {status}: {body}");
    }
    let resource = location.context("WHIP answered without a Location")?;
    let mut publisher = offered.begin(body)?;
    publisher.resource = Some((client, resource, token));
    Ok(publisher)
}

impl Offered {
    /// Takes the answer and begins to send as soon as the connection is up.
    ///
    /// # Errors
    /// Where the answer does not fit the offer.
    pub fn begin(mut self, answer: String) -> anyhow::Result<Publisher> {
        self.connection.set_remote_description(Instant::now(), RTCSessionDescription::answer(answer)?)?;
        let sent = Arc::<Mutex<Sent>>::default();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(self, Arc::clone(&sent), stopped));
        Ok(Publisher { sent, stop: Some(stop), task, resource: None })
    }
}

impl Publisher {
    /// What has been sent so far.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.sent.lock().clone()
    }

    /// Stops sending, says good-bye by DTLS and, where it was published by HTTP, ends the resource.
    ///
    /// # Errors
    /// Where the resource cannot be ended.
    pub async fn stop(mut self) -> anyhow::Result<Sent> {
        if let Some(stop) = self.stop.take() {
            // Where the task is gone already there is nothing to stop.
            let _ = stop.send(());
        }
        if let Some((client, url, token)) = self.resource.take() {
            let answer = client.delete(&url).bearer_auth(token.reveal()).send().await?;
            if !answer.status().is_success() && answer.status() != reqwest::StatusCode::NOT_FOUND {
                bail!("ending the WHIP resource: {}", answer.status());
            }
        }
        self.task.await?;
        Ok(self.sent.lock().clone())
    }
}

async fn run(offered: Offered, sent: Arc<Mutex<Sent>>, mut stopped: oneshot::Receiver<()>) {
    let Offered { mut connection, places, socket, film, ledger, .. } = offered;
    let Ok(local) = socket.local_addr() else { return };
    let mut streams: Vec<_> = film.tracks.iter().zip(places).map(|(track, place)| Stream::new(track, place, film.length)).collect();
    let mut buffer = vec![0; 2048];
    let mut begun = None;
    loop {
        while let Some(event) = connection.poll_event() {
            use rtc::peer_connection::event::RTCPeerConnectionEvent::OnConnectionStateChangeEvent as Changed;
            match event {
                Changed(RTCPeerConnectionState::Connected) => {
                    begun.get_or_insert_with(Instant::now);
                    sent.lock().connected = true;
                }
                Changed(RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed) => return,
                _ => {}
            }
        }
        while connection.poll_read().is_some() {}
        let now = Instant::now();
        if let Some(begun) = begun {
            for stream in &mut streams {
                stream.send_due(&mut connection, begun, now, &mut sent.lock(), ledger);
            }
        }
        flush(&mut connection, &socket).await;
        let next = begun.and_then(|begun| streams.iter().filter_map(|s| s.due(begun)).min());
        let far = now + Duration::from_secs(1);
        let deadline = [connection.poll_timeout(), next].into_iter().flatten().fold(far, Instant::min);
        tokio::select! {
            read = socket.recv_from(&mut buffer) => if let Ok((len, from)) = read {
                take(&mut connection, &buffer[..len], from, local);
                while let Ok((len, from)) = socket.try_recv_from(&mut buffer) {
                    take(&mut connection, &buffer[..len], from, local);
                }
            },
            () = tokio::time::sleep_until(deadline.into()) => {
                if connection.handle_timeout(Instant::now()).is_err() {
                    return;
                }
            }
            _ = &mut stopped => {
                // Says good-bye; where that fails there is nobody to say it to.
                let _ = connection.close();
                flush(&mut connection, &socket).await;
                return;
            }
        }
    }
}

fn take(connection: &mut RTCPeerConnection, bytes: &[u8], from: SocketAddr, to: SocketAddr) {
    let transport = TransportContext { local_addr: to, peer_addr: from, transport_protocol: TransportProtocol::UDP, ecn: None };
    // A datagram that cannot be read concerns itself alone.
    let _ = connection.handle_read(TaggedBytesMut { now: Instant::now(), transport, message: bytes.into() });
}

async fn flush(connection: &mut RTCPeerConnection, socket: &UdpSocket) {
    while let Some(out) = connection.poll_write() {
        // What the socket will not take is lost, as on any network.
        let _ = socket.send_to(&out.message, out.transport.peer_addr).await;
    }
}
