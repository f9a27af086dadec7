//! Refreshes of the session timer (RFC 4028 §7.4, §10): by UPDATE, or by INVITE to a peer that does not know it.

use std::net::SocketAddr;
use std::time::Duration;

use rsipstack::sip::{Method, Request, Response};
use tokio::sync::mpsc;

use crate::signalling::sip::indicator::Way;
use crate::signalling::sip::outgoing;
use crate::signalling::sip::reply::ALLOW;
use crate::signalling::sip::server::contact;

use super::{Call, CallEvent, End, supported};

impl Call<'_> {
    /// What stands in each request of ours that changes or refreshes the session.
    pub(super) fn fields_of_change(&self) -> Vec<(&'static str, String)> {
        let peer = self.dialog.next_hop();
        let mut fields = vec![
            ("Contact", contact(self.shared, Some((peer, self.connection.is_reliable())), self.siprec)),
            ("Allow", ALLOW.to_owned()),
            ("Supported", supported(self.plain)),
        ];
        fields.extend(self.timer.map(|timer| ("Session-Expires", timer.field_of_request())));
        fields.extend(self.timer.and_then(|timer| timer.min_se()).map(|least| ("Min-SE", least.to_string())));
        fields
    }

    /// The peer took a request of ours that refreshes the session.
    pub(super) fn agreed(&mut self, answer: &Response) {
        let (now, shortest_s) = (self.shared.now(), self.shared.options.min_session_expires_s);
        if let Some(timer) = self.timer.as_mut() {
            timer.agreed(&answer.headers, shortest_s, now);
        }
    }

    /// The peer would take the same request with a longer interval, which is what the next one says.
    pub(super) fn wants_longer(&mut self, answer: Option<&Response>) -> bool {
        let answer = answer.filter(|answer| answer.status_code.code() == 422);
        answer.zip(self.timer.as_mut()).is_some_and(|(answer, timer)| timer.raise(&answer.headers))
    }

    /// Sends the refresh that is owed, if one is. It waits while a request of the same kind is open (RFC 3261 §14.1, RFC 3311 §5.1), which may well
    /// refresh the session itself.
    pub(super) fn refresh(&mut self, events: &mpsc::UnboundedSender<CallEvent>) {
        let way = self.indicator.way_to_refresh();
        let waits = self.indicator.is_pending() || (way == Way::Invite && (self.asking || self.unacknowledged));
        let Some(timer) = self.timer.as_mut().filter(|timer| timer.owes_refresh() && !waits) else { return };
        timer.asked();
        match way {
            Way::Update => self.send_refresh(way, "", events),
            // What holds is said once more, unchanged; a telephone that were asked for an offer might end a hold by it.
            Way::Invite if self.plain => self.send_refresh(way, &self.last_answer.clone(), events),
            // In a recording session the offers are the sender's (RFC 7866 §7.2).
            Way::Invite => self.ask_for_offer(events),
        }
    }

    fn send_refresh(&mut self, way: Way, sdp: &str, events: &mpsc::UnboundedSender<CallEvent>) {
        let method = if way == Way::Update { Method::Update } else { Method::Invite };
        let (peer, extra) = (self.dialog.next_hop(), self.fields_of_change());
        let Some(request) = outgoing::build(self.shared, &mut self.dialog, &self.connection, method, &extra, sdp) else { return };
        self.asking |= way == Way::Invite;
        self.send_change(way, request, peer, events, move |answer| CallEvent::Refreshed(way, answer));
    }

    /// Sends an UPDATE or INVITE of ours, and tells its answer.
    pub(super) fn send_change(
        &self,
        way: Way,
        request: Request,
        peer: SocketAddr,
        events: &mpsc::UnboundedSender<CallEvent>,
        told: impl FnOnce(Option<Box<Response>>) -> CallEvent + Send + 'static,
    ) {
        let (shared, connection, mut dialog, events) = (self.shared.clone(), self.connection.clone(), self.dialog.clone(), events.clone());
        tokio::spawn(async move {
            let answer = outgoing::send(shared.clone(), request, connection.clone(), peer).await;
            // Acknowledged here, so that it happens also where the call has ended meanwhile.
            if let Some(answer) = answer.as_ref().filter(|a| way == Way::Invite && (200..300).contains(&a.status_code.code())) {
                dialog.refresh_target(&answer.headers, peer);
                outgoing::acknowledge_answer(&shared, &dialog, &connection, answer, "").await;
            }
            let _ = events.send(told(answer.map(Box::new)));
        });
    }

    /// The peer's answer to that.
    pub(super) async fn refreshed(
        &mut self,
        way: Way,
        answer: Option<&Response>,
        events: &mpsc::UnboundedSender<CallEvent>,
    ) -> Option<End> {
        if way == Way::Invite {
            self.asking = false;
        }
        let now = self.shared.now();
        let status = answer.map(|a| a.status_code.code());
        let longer = self.wants_longer(answer);
        match (status, self.timer.as_mut()) {
            (Some(_), Some(timer)) if longer => timer.ask_again(now),
            (None | Some(408 | 481), _) => return Some(End::Bye("the peer does not know the call any more")),
            (Some(200..=299), _) => {
                let answer = answer?;
                self.dialog.refresh_target(&answer.headers, self.dialog.next_hop());
                self.agreed(answer);
                if way == Way::Invite {
                    self.take_answer(&answer.body, false).await;
                }
            }
            (Some(405 | 501), Some(timer)) if way == Way::Update => {
                timer.ask_again(now);
                self.indicator.takes_no_update();
            }
            // The one who did not begin the call waits up to 2 s (RFC 3261 §14.1).
            (Some(491), Some(timer)) => timer.ask_again(now + Duration::from_millis(rand::random_range(0..200u64) * 10)),
            (Some(_), Some(timer)) => timer.refused(now),
            (Some(_), None) => {}
        }
        // A new party's line may have waited for the INVITE to be over.
        if self.wants_offer && !self.asking && way == Way::Invite {
            self.ask_for_offer(events);
        }
        None
    }
}
