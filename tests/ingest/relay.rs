//! A bad network: a UDP relay that loses, delays and reorders media by a seed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::net::UdpSocket;

/// How bad: per mille.
#[derive(Clone, Copy)]
pub struct Weather {
    pub lost: u32,
    pub late: u32,
    pub doubled: u32,
}

pub struct Relay {
    pub address: SocketAddr,
    pub lost: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Media of RTP and RTP alone: connectivity checks, handshakes and RTCP go through.
fn is_rtp(datagram: &[u8]) -> bool {
    datagram.len() > 12 && (128..192).contains(&datagram[0]) && !(192..224).contains(&datagram[1])
}

impl Relay {
    /// Stands in front of `server`; whoever speaks to it first from elsewhere is the client.
    pub async fn before(server: SocketAddr, weather: Weather, seed: u64) -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let address = socket.local_addr().unwrap();
        let lost = Arc::<AtomicU64>::default();
        let losses = Arc::clone(&lost);
        let task = tokio::spawn(async move {
            let mut dice = StdRng::seed_from_u64(seed);
            let (mut client, mut buffer) = (None, vec![0; 2048]);
            loop {
                let Ok((len, from)) = socket.recv_from(&mut buffer).await else { continue };
                let to = if from == server {
                    client
                } else {
                    client = Some(from);
                    Some(server)
                };
                let Some(to) = to else { continue };
                let datagram = buffer[..len].to_vec();
                let roll = dice.random_range(0..1000);
                if !is_rtp(&datagram) || roll >= weather.lost + weather.late + weather.doubled {
                    let _ = socket.send_to(&datagram, to).await;
                } else if roll < weather.lost {
                    losses.fetch_add(1, Ordering::Relaxed);
                } else {
                    if roll >= weather.lost + weather.late {
                        let _ = socket.send_to(&datagram, to).await;
                    }
                    let (socket, delay) = (Arc::clone(&socket), Duration::from_millis(dice.random_range(2..30)));
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        let _ = socket.send_to(&datagram, to).await;
                    });
                }
            }
        });
        Self { address, lost, task }
    }
}

/// The host candidate of an answer.
pub fn candidate_of(sdp: &str) -> SocketAddr {
    let line = sdp.lines().find(|l| l.starts_with("a=candidate:")).expect("a candidate in the answer");
    let parts: Vec<&str> = line.split_whitespace().collect();
    SocketAddr::new(parts[4].parse().unwrap(), parts[5].parse().unwrap())
}

/// The answer with the relay in place of its candidate.
pub fn through(sdp: &str, relay: SocketAddr) -> String {
    let real = candidate_of(sdp);
    sdp.replace(&format!("{} {} typ host", real.ip(), real.port()), &format!("{} {} typ host", relay.ip(), relay.port()))
}
