//! What the node asks of a call by itself: an offer, where a stream has a new owner or a recording session is to be refreshed.

use std::time::Duration;

use rsipstack::sip::{Method, Response};
use tokio::sync::mpsc;

use crate::signalling::sip::{fields, intake, outgoing};

use super::{Call, CallEvent, End};

/// Between a look-up that failed and the next, in T1 (5 s, where that is 500 ms).
const LOOK_UP_AFTER_T1: u32 = 10;

impl Call<'_> {
    /// Asks the peer for an offer: an INVITE of a recorder has none itself (RFC 7866 §7.2).
    pub(super) fn ask_for_offer(&mut self, events: &mpsc::UnboundedSender<CallEvent>) {
        let peer = self.dialog.next_hop();
        let extra = self.fields_of_change();
        let Some(request) = outgoing::build(self.shared, &mut self.dialog, &self.connection, Method::Invite, &extra, "") else { return };
        self.asking = true;
        let sent = outgoing::send(self.shared.clone(), request, self.connection.clone(), peer);
        let events = events.clone();
        tokio::spawn(async move {
            let _ = events.send(CallEvent::Offered(sent.await.map(Box::new)));
        });
    }

    /// The answer to such an INVITE: the offer in it is answered in the ACK.
    pub(super) async fn offered(&mut self, answer: Option<&Response>, events: &mpsc::UnboundedSender<CallEvent>) -> Option<End> {
        self.asking = false;
        let gone = End::Bye("the peer does not know the call any more");
        let Some(answer) = answer else { return Some(gone) };
        if self.wants_longer(Some(answer)) {
            self.ask_for_offer(events);
            return None;
        }
        let now = self.shared.now();
        match answer.status_code.code() {
            200..=299 => self.agreed(answer),
            408 | 481 => return Some(gone),
            491 => {
                // The one who did not begin the call waits up to 2 s (RFC 3261 §14.1).
                let wait = Duration::from_millis(rand::random_range(0..200u64) * 10);
                let events = events.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    let _ = events.send(CallEvent::AskForOffer);
                });
                return None;
            }
            status => {
                if let Some(timer) = self.timer.as_mut() {
                    timer.refused(now);
                }
                if self.wants_offer || self.looks_up_again {
                    tracing::warn!(session = %self.session, status, "the peer gives no new offer: a stream of a new party is not recorded");
                }
                // Whoever has no offer just now may have one later.
                if status >= 500 {
                    let after_s =
                        fields::first(&answer.headers, "Retry-After").and_then(|after| after.split([' ', ';', '(']).next()?.parse().ok());
                    self.look_up_again(Duration::from_secs(after_s.unwrap_or(0)), events);
                }
                return None;
            }
        }
        self.dialog.refresh_target(&answer.headers, self.dialog.next_hop());
        if let Ok(offer) = intake::read_offer(&answer.body) {
            let parties = self.parties_now(&offer).await;
            if let Err(refusal) = self.become_wish(&offer, &parties, true).await {
                tracing::warn!(session = %self.session, %refusal, "a stream of a new party is not recorded");
                // What is answered is what there is: their offer holds, without the lines that could not be opened.
                self.streams.clone_from(&offer.streams);
                self.lines.clone_from(&offer.description);
                self.describe();
            }
        } else {
            tracing::warn!(session = %self.session, "the peer's new offer cannot be read: a stream of a new party, if there is one, is not recorded");
        }
        outgoing::acknowledge_answer(self.shared, &self.dialog, &self.connection, answer, &self.last_answer).await;
        self.look_up_again(Duration::ZERO, events);
        None
    }

    /// Asks for an offer in a while, not sooner than the peer will have it, where what holds for somebody could not be looked up: they and their lines
    /// come in by it.
    pub(super) fn look_up_again(&mut self, at_least: Duration, events: &mpsc::UnboundedSender<CallEvent>) {
        if !self.looks_up_again || self.look_up_waits {
            return;
        }
        self.look_up_waits = true;
        let (wait, events) = ((self.shared.options.t1 * LOOK_UP_AFTER_T1).max(at_least), events.clone());
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let _ = events.send(CallEvent::LookUpAgain);
        });
    }
}
