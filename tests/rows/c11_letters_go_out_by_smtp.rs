use std::time::Duration;

use ferric::archive::Catalogue;
use ferric::archive::outbox::LetterState;
use ferric::model::id::LetterId;
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use ferric::share::mail::{MailSettings, NewLetter, Outbox, Pace, Security};
use tokio_util::sync::CancellationToken;

use crate::smtp::{Mood, PASSWORD, Smtp, USER, Way};

const SECOND_NS: u64 = 1_000_000_000;

fn now() -> WallClock {
    WallClock(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap())
}

struct Post {
    catalogue: Catalogue,
    outbox: Outbox,
    stop: CancellationToken,
    dir: tempfile::TempDir,
}

fn settings(smtp: &Smtp, security: Security) -> MailSettings {
    MailSettings {
        host: "localhost".into(),
        port: smtp.port,
        security,
        user: USER.into(),
        password: Personal::new(PASSWORD),
        from: "Ferric <no-reply@example.com>".into(),
        tls_root: Some(std::fs::read(smtp.root()).unwrap()),
        timeout: Duration::from_secs(1),
        pace: Pace { first_ns: SECOND_NS / 10, longest_ns: SECOND_NS / 2, give_up_ns: 60 * SECOND_NS },
    }
}

impl Post {
    async fn of(settings: MailSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&crate::catalogues::url_in(dir.path())).await.unwrap();
        let outbox = Outbox::new(catalogue.clone(), settings).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(outbox.clone().run(stop.clone()));
        Self { catalogue, outbox, stop, dir }
    }

    async fn write(&self, to: &str, useful_for: Option<Duration>) -> LetterId {
        let letter = NewLetter {
            to: to.parse().unwrap(),
            to_name: Some(Personal::new("Kåre Ødegård")),
            from: None,
            subject: "Opptak: blåbær".into(),
            body: "Hei Kåre,\n.\nher er lenken: https://rec.example/e/x=y\n".into(),
            about: Some("share:1".into()),
            urgent: false,
            useful_for,
        };
        self.outbox.post(letter, now()).await.unwrap()
    }

    async fn until(&self, id: &LetterId, what: &str, holds: impl Fn(&ferric::archive::outbox::Letter) -> bool) {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let letter = self.catalogue.letter(id).await.unwrap();
            if holds(&letter) {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "{what}: {letter:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_letter_goes_out_over_each_way_with_the_sender_signed_in() {
    for (way, security, logins_only) in [
        (Way::Starttls, Security::Starttls, false),
        (Way::Tls, Security::Tls, false),
        (Way::Clear, Security::None, false),
        (Way::Starttls, Security::Starttls, true),
    ] {
        let smtp = Smtp::start_with(way, logins_only).await;
        let post = Post::of(settings(&smtp, security)).await;
        let id = post.write("kari@example.com", None).await;
        let letter = smtp.after(0).await;
        assert_eq!((letter.from.as_str(), letter.to.as_str()), ("no-reply@example.com", "kari@example.com"));
        assert_eq!((letter.over_tls, letter.signed_in.as_deref()), (way != Way::Clear, Some(USER)));
        assert_eq!(letter.text().replace("\r\n", "\n").trim_end(), "Hei Kåre,\n.\nher er lenken: https://rec.example/e/x=y");
        assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(letter.header("Message-ID"), Some(format!("<{id}@example.com>")));
        post.until(&id, "sent", |letter| letter.state == LetterState::Sent).await;
        let row = post.catalogue.letter(&id).await.unwrap();
        assert!(row.body.reveal().is_empty() && row.subject.reveal().is_empty(), "what it said is forgotten");
        post.stop.cancel();
    }
}

#[tokio::test]
async fn a_server_that_is_away_slow_or_refuses_gets_it_later_and_the_row_says_why() {
    let mut smtp = Smtp::start(Way::Starttls).await;
    let post = Post::of(settings(&smtp, Security::Starttls)).await;

    smtp.go_away();
    let id = post.write("kari@example.com", None).await;
    post.until(&id, "away", |l| l.attempts >= 2 && l.failure.as_deref().is_some_and(|f| f.contains("no connection"))).await;
    smtp.come_back().await;
    post.until(&id, "back", |l| l.state == LetterState::Sent).await;

    for refusal in ["451 4.7.1 <kari@example.com>: come back later", "550 5.1.1 <kari@example.com>: not here"] {
        smtp.feel(Mood::Refuses(refusal));
        let id = post.write("kari@example.com", None).await;
        let code = &refusal[..3];
        post.until(&id, "refused", |l| l.attempts >= 2 && l.failure.as_deref().is_some_and(|f| f.contains(code))).await;
        let failure = post.catalogue.letter(&id).await.unwrap().failure.unwrap();
        assert!(!failure.contains("kari"), "{failure}");
        smtp.feel(Mood::Takes);
        post.until(&id, "taken", |l| l.state == LetterState::Sent && l.failure.is_none()).await;
    }

    smtp.feel(Mood::Slow(Duration::from_secs(12)));
    let slow = post.write("kari@example.com", None).await;
    post.until(&slow, "slow", |l| l.attempts >= 1 && l.failure.as_deref().is_some_and(|f| f.contains("slow"))).await;
    smtp.feel(Mood::Takes);
    post.until(&slow, "taken", |l| l.state == LetterState::Sent).await;
    post.stop.cancel();
}

#[tokio::test]
async fn a_letter_of_no_more_use_is_given_up_and_one_that_waits_outlives_a_restart() {
    let mut smtp = Smtp::start(Way::Starttls).await;
    let post = Post::of(settings(&smtp, Security::Starttls)).await;
    smtp.go_away();
    let short = post.write("kari@example.com", Some(Duration::from_millis(400))).await;
    post.until(&short, "given up", |l| l.state == LetterState::Failed && l.failure.is_some()).await;
    assert!(post.catalogue.letter(&short).await.unwrap().body.reveal().is_empty());
    let long = post.write("kari@example.com", None).await;
    post.stop.cancel();
    post.catalogue.close().await;

    smtp.come_back().await;
    let catalogue = Catalogue::open(&crate::catalogues::url_in(post.dir.path())).await.unwrap();
    let outbox = Outbox::new(catalogue.clone(), settings(&smtp, Security::Starttls)).unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(outbox.run(stop.clone()));
    assert_eq!(smtp.after(0).await.to, "kari@example.com");
    let again = Post { catalogue, outbox: post.outbox.clone(), stop, dir: post.dir };
    again.until(&long, "sent after the restart", |l| l.state == LetterState::Sent).await;
    assert_eq!(smtp.arrived().len(), 1, "once, and not the one that was given up");
    again.stop.cancel();
}

#[tokio::test]
async fn nothing_is_sent_where_the_way_is_not_safe_or_the_server_does_not_know_us() {
    let (clear, tls) = (Smtp::start(Way::Clear).await, Smtp::start(Way::Starttls).await);
    // No STARTTLS there: the password is not said.
    let post = Post::of(settings(&clear, Security::Starttls)).await;
    let id = post.write("kari@example.com", None).await;
    post.until(&id, "no TLS", |l| l.failure.is_some()).await;
    assert!(clear.arrived().is_empty() && clear.tries() > 0);
    post.stop.cancel();
    // Another authority than the configured one.
    let post = Post::of(MailSettings { tls_root: Some(std::fs::read(clear.root()).unwrap()), ..settings(&tls, Security::Starttls) }).await;
    let id = post.write("kari@example.com", None).await;
    post.until(&id, "another authority", |l| l.failure.is_some()).await;
    post.stop.cancel();
    // A wrong password.
    let post = Post::of(MailSettings { password: Personal::new("wrong"), ..settings(&tls, Security::Starttls) }).await;
    let id = post.write("kari@example.com", None).await;
    post.until(&id, "not known", |l| l.failure.as_deref().is_some_and(|f| f.contains("535"))).await;
    assert!(tls.arrived().is_empty());
    post.stop.cancel();
}
