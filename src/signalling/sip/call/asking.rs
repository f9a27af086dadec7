//! What the node asks of a call by itself: a refresh of the session timer, and an offer where a stream has a new owner.

use std::time::Duration;

use rsipstack::sip::{Method, Response};
use tokio::sync::mpsc;

use crate::signalling::sip::reply::ALLOW;
use crate::signalling::sip::server::contact;
use crate::signalling::sip::{fields, intake, outgoing};

use super::{Call, CallEvent, supported};

impl Call<'_> {
    pub(super) fn refresh(&mut self, events: &mpsc::UnboundedSender<CallEvent>) {
        let Some(timer) = self.timer else { return };
        let peer = self.dialog.next_hop();
        let extra = [
            ("Contact", contact(self.shared, Some((peer, self.connection.is_reliable())), self.siprec)),
            ("Session-Expires", format!("{};refresher=uac", timer.interval_s)),
            ("Supported", supported(self.plain)),
        ];
        let Some(request) = outgoing::build(self.shared, &mut self.dialog, &self.connection, Method::Update, &extra, "") else { return };
        let sent = outgoing::send(self.shared.clone(), request, self.connection.clone(), peer);
        let events = events.clone();
        tokio::spawn(async move {
            let _ = events.send(CallEvent::Refreshed(sent.await.map(|answer| answer.status_code.code())));
        });
    }

    /// Asks the peer for an offer: an INVITE of a recorder has none itself (RFC 7866 §7.2).
    pub(super) fn ask_for_offer(&mut self, events: &mpsc::UnboundedSender<CallEvent>) {
        let peer = self.dialog.next_hop();
        let extra = [
            ("Contact", contact(self.shared, Some((peer, self.connection.is_reliable())), self.siprec)),
            ("Allow", ALLOW.to_owned()),
            ("Supported", supported(self.plain)),
        ];
        let Some(request) = outgoing::build(self.shared, &mut self.dialog, &self.connection, Method::Invite, &extra, "") else { return };
        self.asking = true;
        let sent = outgoing::send(self.shared.clone(), request, self.connection.clone(), peer);
        let events = events.clone();
        tokio::spawn(async move {
            let _ = events.send(CallEvent::Offered(sent.await.map(Box::new)));
        });
    }

    /// The answer to such an INVITE: the offer in it is answered in the ACK.
    pub(super) async fn offered(&mut self, answer: Option<&Response>, events: &mpsc::UnboundedSender<CallEvent>) {
        self.asking = false;
        let Some(answer) = answer else { return };
        match answer.status_code.code() {
            200..=299 => {}
            491 => {
                // The one who did not begin the call waits up to 2 s (RFC 3261 §14.1).
                let wait = Duration::from_millis(rand::random_range(0..200u64) * 10);
                let events = events.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    let _ = events.send(CallEvent::AskForOffer);
                });
                return;
            }
            status => {
                tracing::warn!(session = %self.session, status, "the peer gives no new offer: a stream of a new party is not recorded");
                return;
            }
        }
        self.dialog.refresh_target(&answer.headers, self.dialog.next_hop());
        let number = fields::sequence_number(&answer.headers).unwrap_or_default();
        if let Ok(offer) = intake::read_offer(&answer.body) {
            let parties = self.parties_now(&offer).await;
            if let Err(refusal) = self.become_wish(&offer, &parties, true).await {
                tracing::warn!(session = %self.session, %refusal, "a stream of a new party is not recorded");
            }
        } else {
            tracing::warn!(session = %self.session, "the peer's new offer cannot be read: a stream of a new party is not recorded");
        }
        outgoing::acknowledge(self.shared, &self.dialog, &self.connection, number, &self.last_answer).await;
    }
}
