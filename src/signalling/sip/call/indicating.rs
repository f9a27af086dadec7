//! The parties' right to know, and to be asked: `a=record` and `a=recordpref` (RFC 7866 §7.1.2, §7.1.3).

use std::collections::BTreeMap;
use std::time::Duration;

use rsipstack::sip::{Method, Response};
use tokio::sync::mpsc;

use crate::model::preference::RecordPreference;
use crate::model::switchboard::Refusal;
use crate::signalling::sdp::{Indication, SessionDescription, preference_of};
use crate::signalling::sip::indicator::{Outcome, Way};
use crate::signalling::sip::{fields, outgoing};

use super::{Call, CallEvent, End, PartyKey};

impl Call<'_> {
    /// Has the session tell the call of its state from now on. In recording sessions the sender tells its parties itself.
    pub(super) async fn follow_state(&self, events: &mpsc::UnboundedSender<CallEvent>) -> Result<(), Refusal> {
        if !self.plain {
            return Ok(());
        }
        let (now, events) = (self.now.clone(), events.clone());
        let listener = move |state| {
            *now.lock() = state;
            events.send(CallEvent::StateChanged).is_ok()
        };
        self.shared.switchboard.hear_state(&self.session, Box::new(listener)).await
    }

    /// What the peer is to be told now.
    pub(super) fn indication(&mut self) -> Indication {
        self.indicator.wish(Indication::of(*self.now.lock()));
        self.indicator.now_is()
    }

    /// Follows what the devices ask, where it is something else than before.
    pub(super) async fn follow_preferences(&mut self, said: &SessionDescription) {
        if !self.plain {
            return;
        }
        // Somebody else on the way records as well: a recorder has nobody to show it to (RFC 7866 §6.3).
        if let Some(word) = said.media.iter().find_map(|m| m.value("record")).filter(|word| ["on", "off", "paused"].contains(word)) {
            tracing::info!(session = %self.session, record = word, "the peer says that the call is recorded elsewhere");
        }
        let mut asked: BTreeMap<PartyKey, RecordPreference> = BTreeMap::new();
        for (line, media) in said.media.iter().enumerate() {
            if let (Some(preference), Some(open)) = (preference_of(said, media), self.state.lines.get(&line)) {
                let most_private = asked.entry(open.owner.clone()).or_insert(preference);
                *most_private = preference.min(*most_private);
            }
        }
        for (owner, preference) in asked {
            if self.preferences.insert(owner.clone(), preference) == Some(preference) {
                continue;
            }
            let Some(party) = self.state.parties.get(&owner) else { continue };
            if let Err(refusal) = self.shared.switchboard.prefer(&self.session, &party.participant, preference).await {
                tracing::warn!(session = %self.session, %refusal, "a party's wish about its recording was not heard");
            }
        }
    }

    /// Tells the peer where there is something to tell and nothing else is open.
    pub(super) fn indicate(&mut self, events: &mpsc::UnboundedSender<CallEvent>) {
        if !self.plain {
            return;
        }
        self.indication();
        if self.asking || self.unacknowledged {
            return;
        }
        let Some(way) = self.indicator.due(self.shared.now()) else { return };
        self.describe();
        let method = if way == Way::Update { Method::Update } else { Method::Invite };
        let peer = self.dialog.next_hop();
        let extra = self.fields_of_change();
        let request = outgoing::build(self.shared, &mut self.dialog, &self.connection, method, &extra, &self.last_answer);
        let Some(request) = request else {
            self.indicator.answered(Some(400), self.shared.now(), Duration::ZERO, None);
            return;
        };
        self.send_change(way, request, peer, events, CallEvent::Indicated);
    }

    /// The peer's answer to that.
    pub(super) async fn indicated(&mut self, answer: Option<&Response>) -> Option<End> {
        // The one who did not begin the call waits up to 2 s (RFC 3261 §14.1).
        let glare = Duration::from_millis(rand::random_range(0..200u64) * 10);
        let retry_after = answer.and_then(|a| fields::first(&a.headers, "Retry-After"));
        let retry_after = retry_after.and_then(|text| text.split([';', ' ']).next()?.parse().ok()).map(Duration::from_secs);
        let status = answer.map(|a| a.status_code.code());
        if self.wants_longer(answer) {
            self.indicator.ask_again();
            return None;
        }
        match self.indicator.answered(status, self.shared.now(), glare, retry_after) {
            Outcome::Gone => return Some(End::Bye("the peer does not know the call any more")),
            Outcome::NotTaken => tracing::debug!(session = %self.session, ?status, "a change of the indication was not taken"),
            Outcome::Taken => {
                let answer = answer?;
                self.dialog.refresh_target(&answer.headers, self.dialog.next_hop());
                self.agreed(answer);
                self.take_answer(&answer.body, false).await;
            }
        }
        None
    }
}
