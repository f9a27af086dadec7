use ferric::archive::outbox::{Letter, LetterState};
use ferric::archive::{AuditAction, Catalogue, NewAudit};
use ferric::model::id::{LetterId, SessionId};
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;

use crate::support::{delete, on_sqlite, recording};

#[tokio::test]
async fn on_sqlite_addresses_go_with_the_recording_that_they_were_for() {
    on_sqlite(addresses_go_with_the_recording_that_they_were_for).await;
}

fn letter(about: String, state: LetterState) -> Letter {
    Letter {
        id: LetterId::random(),
        recipient: Personal::new("kari@personal.example"),
        recipient_name: None,
        sender: None,
        subject: Personal::new("s"),
        body: Personal::new("b"),
        about: Some(about),
        urgent: true,
        state,
        attempts: 0,
        created: WallClock(1),
        next_at: WallClock(1),
        give_up_at: WallClock(9),
        last_at: None,
        failure: None,
    }
}

async fn name(c: &Catalogue, session: &SessionId) -> Result<bool, String> {
    let entry = NewAudit {
        at: WallClock(5),
        actor: "key:admin".into(),
        action: AuditAction::Share,
        subject: format!("session:{session}"),
        detail: serde_json::json!({}),
    };
    c.name_requester(session, "kari@personal.example", entry).await.map_err(|error| error.to_string())
}

pub async fn addresses_go_with_the_recording_that_they_were_for(c: Catalogue) {
    let (first, mut last, other) = (recording(1), recording(2), recording(3));
    last.session = first.session.clone();
    let letters = [LetterState::Waiting, LetterState::Sent].map(|state| letter(format!("recording:{}", first.id), state));
    let others = letter(format!("recording:{}", other.id), LetterState::Waiting);
    for letter in letters.iter().chain([&others]) {
        c.put_letter(letter).await.expect("kept");
    }
    c.put_recording(&last).await.expect("kept");
    let session = first.session.clone();
    assert_eq!(name(&c, &session).await, Ok(true));
    assert_eq!(name(&c, &session).await, Ok(false), "once");

    delete(&c, first).await;
    for letter in &letters {
        assert!(c.letter(&letter.id).await.is_err(), "what waits leads nowhere, what went out names somebody");
    }
    assert_eq!(c.letters_due(WallClock(5), 10).await.expect("read").len(), 1, "another's goes out");
    assert!(c.requester(&session).await.expect("read").is_some(), "the session has another recording");
    assert_eq!(name(&c, &session).await, Ok(false));

    delete(&c, last).await;
    assert_eq!(c.requester(&session).await.expect("read"), None);
    assert!(name(&c, &session).await.expect_err("nothing is left").contains("recording of session"));
    assert_eq!(c.requester(&session).await.expect("read"), None);
    let live = SessionId::random();
    assert_eq!(name(&c, &live).await, Ok(true), "of one that has none yet it may be said");
}
