//! An INVITE's transaction, beside the call that answers it (RFC 3261 §9.2, §14.2).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use rsipstack::sip::{Method, Request, SipMessage};
use rsipstack::transaction::key::TransactionKey;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use rsipstack::transaction::{Transaction, TransactionState};
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use crate::signalling::sip::address::NameAddress;
use crate::signalling::sip::fields;
use crate::signalling::sip::reply::Reply;

use super::CallEvent;

const WAITS: u8 = 0;
const TAKEN: u8 = 1;
const CANCELLED: u8 = 2;

/// An INVITE on its way to an answer.
#[derive(Clone)]
pub(in crate::signalling::sip) struct Invitation {
    pub(super) request: Request,
    pub(super) connection: Option<SipConnection>,
    begins_call: bool,
    key: TransactionKey,
    respond: TransactionEventSender,
    progress: Arc<AtomicU8>,
    answering: Arc<AtomicBool>,
}

impl Invitation {
    /// Puts our tag on the INVITE, so that every answer to it bears the same.
    pub(in crate::signalling::sip) fn of(mut transaction: Transaction, local_tag: &str, answering: Arc<AtomicBool>) -> (Self, Transaction) {
        let to = fields::first(&transaction.original.headers, "To").unwrap_or_default().to_owned();
        let begins_call = NameAddress::parse(&to).tag().is_none();
        if begins_call {
            fields::replace(&mut transaction.original.headers, "To", format!("{to};tag={local_tag}"));
        }
        let invitation = Self {
            request: transaction.original.clone(),
            connection: transaction.connection.clone(),
            begins_call,
            key: transaction.key.clone(),
            respond: transaction.tu_sender.clone(),
            progress: Arc::new(AtomicU8::new(WAITS)),
            answering,
        };
        (invitation, transaction)
    }

    /// Makes the answer the call's to give; not, where the peer has cancelled.
    pub(super) fn take(&self) -> bool {
        self.progress.compare_exchange(WAITS, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Makes the answer 487; not, where the call is at it. What an INVITE within a call changes cannot be taken back half-way: who hears 487 must be able
    /// to rely on nothing having changed, and who hears 200 on everything having.
    fn cancel(&self) -> bool {
        self.progress.compare_exchange(WAITS, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub(super) fn answer(&self, reply: &Reply) {
        let response = reply.to_response(&self.request, None);
        let _ = self.respond.send(TransactionEvent::Respond(response));
        // The stack keeps it to itself where an answer could not be written. By this the driver looks.
        let _ = self.respond.send(TransactionEvent::Terminate(self.key.clone()));
        self.answered();
    }

    fn answered(&self) {
        self.answering.store(false, Ordering::Release);
    }
}

/// Drives an INVITE's transaction: retransmissions, ACK, CANCEL.
pub(in crate::signalling::sip) async fn drive_invite(
    mut transaction: Transaction,
    invitation: Invitation,
    events: mpsc::UnboundedSender<CallEvent>,
) {
    let _ = transaction.send_trying().await;
    let mut acked = false;
    loop {
        let Some(message) = transaction.receive().await else {
            // Nothing of the stack ends a transaction whose answer did not go out: its timers run from the answer on.
            match transaction.state {
                TransactionState::Accepted | TransactionState::Completed | TransactionState::Confirmed => continue,
                _ => break,
            }
        };
        let SipMessage::Request(request) = message else { continue };
        match request.method {
            // The ACK of a refusal is the transaction's own affair.
            Method::Ack if was_accepted(&transaction) => {
                acked = true;
                let _ = events.send(CallEvent::Acked(request.body));
            }
            Method::Cancel if invitation.cancel() => {
                let reply = Reply::new(487).to_response(&transaction.original, None);
                let told = transaction.respond(reply).await;
                if invitation.begins_call {
                    let _ = events.send(CallEvent::Cancelled);
                } else {
                    invitation.answered();
                }
                if told.is_err() {
                    break;
                }
            }
            _ => {}
        }
    }
    if was_accepted(&transaction) && !acked {
        let _ = events.send(CallEvent::AckMissing);
    }
}

fn was_accepted(transaction: &Transaction) -> bool {
    transaction.last_response.as_ref().is_some_and(|r| (200..300).contains(&r.status_code.code()))
}
