//! The task of one peer: its sockets and its clock.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use super::counters::PeerCounters;
use super::peer::{Condition, Peer};
use crate::ingest::arrival::ClockReading;
use crate::ingest::error::IngestError;
use crate::ingest::stamped_socket::{ReadBuffer, read};
use crate::model::switchboard::RemoteCandidate;

/// Datagrams read in one go before anything else gets its turn.
const BATCH: usize = 128;
/// A datagram in a buffer is no older than this: the task would have been woken for it.
const OLDEST: Duration = Duration::from_millis(500);

/// What the handle asks of the task.
pub(super) enum Order {
    Trickle(Vec<RemoteCandidate>, oneshot::Sender<Result<(), IngestError>>),
    Keyframe,
    Close(oneshot::Sender<()>),
}

/// A socket and the address under which peers know it.
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    pub(super) known_as: SocketAddr,
}

/// Runs a peer until it is gone or closed; true where it was closed by order.
pub(super) async fn run(mut peer: Peer, ports: Vec<Port>, mut orders: mpsc::Receiver<Order>, counters: Arc<Mutex<PeerCounters>>) -> bool {
    let mut buffer = ReadBuffer::new();
    loop {
        send_all(&mut peer, &ports);
        *counters.lock() = peer.counters;
        if peer.condition() == Condition::Gone {
            return false;
        }
        let deadline = peer.deadline();
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Trickle(candidates, answer)) => {
                    // Nobody waits any more where this fails.
                    let _ = answer.send(peer.trickle(&candidates));
                }
                Some(Order::Keyframe) => peer.wish_keyframes(),
                Some(Order::Close(done)) => {
                    peer.close();
                    send_all(&mut peer, &ports);
                    *counters.lock() = peer.counters;
                    let _ = done.send(());
                    return true;
                }
                None => {
                    peer.close();
                    send_all(&mut peer, &ports);
                    return true;
                }
            },
            () = readable(&ports) => read_all(&mut peer, &ports, &mut buffer),
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
        let now = Instant::now();
        if now >= peer.deadline() {
            peer.timeout(now);
        }
    }
}

async fn readable(ports: &[Port]) {
    std::future::poll_fn(|context| {
        let ready = ports.iter().any(|port| port.socket.poll_recv_ready(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn read_all(peer: &mut Peer, ports: &[Port], buffer: &mut ReadBuffer) {
    for port in ports {
        let clocks = ClockReading::take(OLDEST);
        for _ in 0..BATCH {
            let done = port.socket.try_io(Interest::READABLE, || {
                let datagram = read(&port.socket, buffer)?.ok_or(io::ErrorKind::WouldBlock)?;
                if let (true, Some(from)) = (datagram.whole, datagram.source) {
                    peer.datagram(datagram.bytes, from, port.known_as, clocks.arrival(datagram.stamp));
                }
                Ok(())
            });
            // Empty, or an ICMP answer to something of ours.
            if done.is_err() {
                break;
            }
        }
    }
}

fn send_all(peer: &mut Peer, ports: &[Port]) {
    while let Some(out) = peer.transmit() {
        if let Some(port) = ports.iter().find(|p| p.known_as == out.from).or(ports.first()) {
            // A full buffer loses the datagram, as the network may: everything here is sent again where it matters.
            let _ = port.socket.try_send_to(&out.bytes, out.to);
        }
    }
}
