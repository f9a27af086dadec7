//! The end of a call: by the peer, by the node, or because its session is over (RFC 3261 §15).

use rsipstack::sip::{Method, Response};
use tokio::sync::mpsc;

use crate::model::switchboard::Refusal;
use crate::signalling::sip::outgoing;
use crate::signalling::sip::reply::Reply;

use super::{Call, CallEvent};

/// Why the call is over for the actor.
pub(super) enum End {
    /// The peer ended it, or never had it.
    Gone,
    /// We end it with BYE and this reason.
    Bye(&'static str),
}

/// Ends the session, and the dialog with it.
pub(super) async fn part(mut call: Box<Call<'_>>, end: End, mut mailbox: mpsc::UnboundedReceiver<CallEvent>) {
    let sent = match end {
        End::Bye(why) => call.bye(why),
        End::Gone => None,
    };
    // The recording ends now, whether or not the peer answers; the BYE is sent again by its transaction meanwhile.
    call.close_session().await;
    if let Some(mut sent) = sent {
        loop {
            tokio::select! {
                _ = &mut sent => break,
                event = mailbox.recv() => match event {
                    None => break,
                    Some(event) => refuse_after_end(event).await,
                },
            }
        }
    }
    // An INVITE that nobody answers would keep its transaction for good.
    mailbox.close();
    while let Ok(event) = mailbox.try_recv() {
        refuse_after_end(event).await;
    }
}

/// Answers what came for a call that is over.
pub(in crate::signalling::sip) async fn refuse_after_end(event: CallEvent) {
    match event {
        CallEvent::Invite(invitation) if invitation.take() => invitation.answer(&Reply::refuse(481, "the call is over")),
        CallEvent::Request(mut transaction) => {
            // The peer's BYE met ours.
            let bye = transaction.original.method == Method::Bye;
            let reply = if bye { Reply::new(200) } else { Reply::refuse(481, "the call is over") };
            let _ = transaction.respond(reply.to_response(&transaction.original, None)).await;
        }
        _ => {}
    }
}

impl Call<'_> {
    /// Has the session tell the call of its state and of its end. A call of another's session would else go on for a peer that believes in its recording.
    pub(super) async fn follow_session(&self, events: &mpsc::UnboundedSender<CallEvent>) -> Result<(), Refusal> {
        let over = events.clone();
        // Where the call itself has ended the session, nobody reads this any more.
        let listener = move || drop(over.send(CallEvent::Close("the session is over")));
        self.shared.switchboard.hear_end(&self.session, Box::new(listener)).await?;
        self.follow_state(events).await
    }

    /// Ends the call; not before the peer has acknowledged that it began, or has had its time to (§15).
    pub(super) fn close(&mut self, why: &'static str) -> Option<End> {
        if self.unacknowledged {
            self.closing = Some(why);
            return None;
        }
        Some(End::Bye(why))
    }

    fn bye(&mut self, why: &'static str) -> Option<tokio::task::JoinHandle<Option<Response>>> {
        let reason = [("Reason", format!("SIP ;cause=200 ;text=\"{why}\""))];
        let hop = self.dialog.next_hop();
        let request = outgoing::build(self.shared, &mut self.dialog, &self.connection, Method::Bye, &reason, "")?;
        Some(tokio::spawn(outgoing::send(self.shared.clone(), request, self.connection.clone(), hop)))
    }

    pub(super) async fn close_session(&mut self) {
        let switchboard = self.shared.switchboard.clone();
        for (_, party) in std::mem::take(&mut self.state.parties) {
            if !self.own_session {
                let _ = switchboard.leave(&self.session, &party.participant).await;
            }
        }
        if std::mem::take(&mut self.own_session) {
            let _ = switchboard.end(&self.session).await;
        }
        self.state.lines.clear();
    }
}
