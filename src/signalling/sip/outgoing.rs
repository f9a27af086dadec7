//! Requests of ours within a dialog.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::{Header, HeadersExt, Method, Request, Response, SipMessage, StatusCodeKind, Transport};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection};

use super::dialog::Dialog;
use super::fields;
use super::server::Shared;

/// A Via of ours for a flow.
fn via(shared: &Shared, connection: &SipConnection, peer: SocketAddr) -> String {
    let transport = if connection.is_reliable() { "TCP" } else { "UDP" };
    let branch = uuid::Uuid::new_v4().simple();
    format!("SIP/2.0/{transport} {};branch=z9hG4bK{branch};rport", shared.reached_at(peer))
}

/// Builds a request within the dialog.
pub(super) fn build(
    shared: &Shared,
    dialog: &mut Dialog,
    connection: &SipConnection,
    method: Method,
    extra: &[(&'static str, String)],
    sdp: &str,
) -> Option<Request> {
    let via = via(shared, connection, dialog.next_hop());
    dialog.request(method, via, extra, sdp)
}

/// Acknowledges a 2xx to an INVITE of ours, and each repetition of it for as long as the peer may send one (RFC 3261 §13.2.2.4).
pub(super) async fn acknowledge_answer(shared: &Shared, dialog: &Dialog, connection: &SipConnection, answer: &Response, sdp: &str) {
    let number = fields::sequence_number(&answer.headers).unwrap_or_default();
    let Some(ack) = acknowledge(shared, dialog, connection, number, sdp).await else { return };
    // The stack has ended the transaction at the 2xx; to what it finds under the key of an ended one, it answers with that.
    if let Ok(key) = TransactionKey::from_response(answer, TransactionRole::Client) {
        shared.endpoint.detach_transaction(&key, Some(SipMessage::Request(ack)));
    }
}

/// Acknowledges a 2xx to an INVITE of ours. The first repetition is half a second away, so that where datagrams may be lost it goes out twice.
pub(super) async fn acknowledge(
    shared: &Shared,
    dialog: &Dialog,
    connection: &SipConnection,
    number: u32,
    answer: &str,
) -> Option<Request> {
    let peer = dialog.next_hop();
    let ack = dialog.acknowledge(number, via(shared, connection, peer), answer)?;
    let target = SipAddr { r#type: None, addr: peer.into() };
    for _ in 0..if connection.is_reliable() { 1 } else { 2 } {
        let _ = connection.send(SipMessage::Request(ack.clone()), Some(&target)).await;
    }
    Some(ack)
}

async fn attempt(shared: &Arc<Shared>, request: Request, connection: Option<SipConnection>, hop: SipAddr) -> Option<Response> {
    let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
    let mut transaction = Transaction::new_client(key, request, shared.endpoint.clone(), connection);
    transaction.destination = Some(hop);
    transaction.send().await.ok()?;
    while let Some(message) = transaction.receive().await {
        if let SipMessage::Response(response) = message
            && response.status_code.kind() != StatusCodeKind::Provisional
        {
            return Some(response);
        }
    }
    None
}

/// Sends a request and waits for its final answer. A stream that broke is opened anew once, to where the dialog says.
pub(super) async fn send(shared: Arc<Shared>, request: Request, connection: SipConnection, hop: SocketAddr) -> Option<Response> {
    let reliable = connection.is_reliable();
    let transport = if reliable { Transport::Tcp } else { Transport::Udp };
    let target = SipAddr { r#type: Some(transport), addr: hop.into() };
    let alive = !connection.cancel_token().is_some_and(|token| token.is_cancelled());
    if alive || !reliable {
        let answer = attempt(&shared, request.clone(), Some(connection), target.clone()).await;
        if !reliable || answer.as_ref().is_none_or(|a| a.status_code.code() != 503) {
            return answer;
        }
    }
    // A new branch: this is a new transaction with the same number.
    let mut request = request;
    let via = request.via_header().ok().map(|via| via.value().to_owned())?;
    let fresh = format!("branch=z9hG4bK{}", uuid::Uuid::new_v4().simple());
    let via = via.split(';').map(|p| if p.starts_with("branch=") { fresh.as_str() } else { p }).collect::<Vec<_>>().join(";");
    request.headers.retain(|h| !matches!(h, Header::Via(_)));
    request.headers.push_front(Header::Via(via.into()));
    attempt(&shared, request, None, target).await
}
