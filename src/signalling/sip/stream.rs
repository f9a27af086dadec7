//! What the sockets receive, handed to the stack: nothing that one peer sends costs another its call.

use std::net::SocketAddr;
use std::time::Duration;

use rsipstack::Error;
use rsipstack::sip::{HeadersExt, Param, SipMessage, ToTypedHeader, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use super::body::read_message;
use super::framing::{Frame, Framer};
use super::stateless::refuse_unreadable;

/// Read from a stream at once.
const PIECE: usize = 16_384;
/// So long a peer whose stream is given up may take to read the answer.
const LINGER: Duration = Duration::from_secs(2);

/// Hands a message to the stack. What comes back is the answer to one that cannot be read, where it may have any (RFC 3261 §8.2.1, §21.4.1).
pub(super) async fn receive(endpoint: &EndpointInnerRef, bytes: &[u8], flow: &SipConnection, peer: SocketAddr) -> Option<Vec<u8>> {
    let transport = flow.transport();
    let message = read_message(bytes).and_then(|message| with_source(message, peer, transport));
    let Some(message) = message else { return refuse_unreadable(bytes) };
    let from = SipAddr { r#type: Some(transport), addr: peer.into() };
    match endpoint.on_received_message(message, flow.clone(), &from).await {
        Err(Error::SipMessageError(_) | Error::Error(_)) => refuse_unreadable(bytes),
        // A transaction that ended in this instant or a connection that broke is no fault of the message.
        Ok(()) | Err(_) => None,
    }
}

/// Writes into its Via where a message came from. Over UDP the stack would have the answer sent to that port by all means; who did not ask for it
/// (RFC 3581 §4) may listen on no other than the one its Via names (RFC 3261 §18.2.2). Where the Via names another host, there is a NAT in between, and no
/// port but the one it came from leads back.
fn with_source(message: SipMessage, peer: SocketAddr, transport: Transport) -> Option<SipMessage> {
    let names_port = |param: &Param| matches!(param, Param::Rport(_));
    let asks = match &message {
        SipMessage::Request(request) => {
            let via = request.via_header().ok()?.first_value().ok()?.typed().ok()?;
            via.params.iter().any(names_port) || via.uri.host_with_port.host.to_string() != peer.ip().to_string()
        }
        SipMessage::Response(_) => true,
    };
    let mut message = SipConnection::update_msg_received(message, peer, transport).ok()?;
    if let SipMessage::Request(request) = &mut message
        && transport == Transport::Udp
        && !asks
    {
        let unasked = request.via_header_mut().ok()?.update_first_value(|via| {
            let mut typed = via.typed()?;
            typed.params.retain(|param| !names_port(param));
            Ok(typed.into())
        });
        unasked.ok()?;
    }
    Some(message)
}

/// Serves an accepted connection until either side ends it (RFC 3261 §18.3).
///
/// The stack closes a connection at the first message that it cannot read; therefore it is read here, and the stack keeps the connection for sending.
pub(super) async fn serve(endpoint: EndpointInnerRef, connection: TcpConnection, stop: CancellationToken) {
    let Ok(peer) = connection.inner.remote_addr.get_socketaddr() else { return };
    // The stack's reader waits for this lock. Finding nothing to read when it is let go, it takes the connection for closed: forgets and shuts it.
    let mut reader = connection.inner.read_half.lock().await;
    let Some(mut stream) = reader.take() else { return };
    endpoint.transport_layer.add_connection(SipConnection::Tcp(connection.clone()));
    tokio::select! {
        () = stop.cancelled() => {}
        () = read(&endpoint, &connection, &mut stream, peer) => {}
    }
}

async fn read(endpoint: &EndpointInnerRef, connection: &TcpConnection, stream: &mut (impl AsyncRead + Unpin), peer: SocketAddr) {
    let flow = SipConnection::Tcp(connection.clone());
    let idle = endpoint.transport_layer.stream_idle_timeout();
    let mut framer = Framer::default();
    let mut piece = vec![0; PIECE];
    while let Ok(Ok(length @ 1..)) = tokio::time::timeout(idle, stream.read(&mut piece)).await {
        framer.push(&piece[..length]);
        while let Some(frame) = framer.take() {
            let (answer, lost) = match &frame {
                Frame::Ping => (Some(b"\r\n".to_vec()), false),
                Frame::Message(bytes) => (receive(endpoint, bytes, &flow, peer).await, false),
                Frame::Lost(head) => (refuse_unreadable(head), true),
            };
            if let Some(answer) = answer {
                let _ = connection.inner.send_raw(&answer).await;
            }
            if lost {
                return give_up(endpoint, &flow, stream, &mut piece).await;
            }
        }
    }
}

/// Ends a stream that cannot be followed any more. Whatever still comes is thrown away: closing a socket with unread bytes would reset the connection
/// before the peer has read the answer.
async fn give_up(endpoint: &EndpointInnerRef, flow: &SipConnection, stream: &mut (impl AsyncRead + Unpin), piece: &mut [u8]) {
    endpoint.transport_layer.remove_connection(flow);
    let farewell = async {
        let _ = flow.close().await;
        while let Ok(1..) = stream.read(piece).await {}
    };
    let _ = tokio::time::timeout(LINGER, farewell).await;
}
