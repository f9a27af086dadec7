//! Sending: what is due goes to the server, several letters at once, so that a slow answer to one holds up no other.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rand::Rng as _;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{MailSettings, Security};
use crate::archive::outbox::{Letter, LetterState};
use crate::archive::{Catalogue, now};
use crate::model::id::LetterId;
use crate::model::time::WallClock;

/// Letters under way at once.
const AT_ONCE: usize = 8;
/// The longest sleep: another node may have written letters into the same catalogue.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Wait after a failure of the catalogue.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a letter that is over is shown.
const SHOWN_NS: i64 = 400 * 86_400 * 1_000_000_000;
/// How often those that are no longer shown are removed.
const SWEEP: Duration = Duration::from_secs(3_600);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// What of the settings cannot be.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender.
    #[error("from: is no address, as `no-reply@example.com` or `Example <no-reply@example.com>`")]
    Sender,
    /// The authority's certificates.
    #[error("tls_root: {0}")]
    Root(String),
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::Sender)
}

pub(super) fn transport(settings: &MailSettings) -> Result<Transport, MailError> {
    let tls = match settings.security {
        Security::None => Tls::None,
        kept => {
            let mut parameters = TlsParameters::builder(settings.host.clone());
            if let Some(pem) = &settings.tls_root {
                // Only this authority: a server that some other one vouches for is not ours.
                parameters = parameters.certificate_store(CertificateStore::None);
                let one = Certificate::from_pem(pem).map_err(|error| MailError::Root(error.to_string()))?;
                parameters = parameters.add_root_certificate(one);
            }
            let parameters = parameters.build_rustls().map_err(|error| MailError::Root(error.to_string()))?;
            if kept == Security::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        }
    };
    let mut builder = Transport::builder_dangerous(settings.host.clone())
        .port(settings.port)
        .tls(tls)
        .hello_name(ClientId::default())
        .timeout(Some(settings.timeout));
    if !settings.user.is_empty() {
        builder = builder
            .credentials(Credentials::new(settings.user.clone(), settings.password.reveal().to_owned()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

/// What came of a letter's try.
type Done = (Letter, Result<(), String>);

pub(super) async fn run(catalogue: Catalogue, settings: Arc<MailSettings>, more: Arc<Notify>, stop: CancellationToken) {
    let Ok(transport) = transport(&settings) else { return };
    let mut under_way: JoinSet<Done> = JoinSet::new();
    let mut busy: HashSet<LetterId> = HashSet::new();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let wait = match start_due(&catalogue, &settings, &transport, &mut under_way, &mut busy).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read; tried again");
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = more.notified() => {}
            _ = sweep.tick() => {
                let before = WallClock(now().0.saturating_sub(SHOWN_NS));
                if let Err(error) = catalogue.forget_letters(before).await {
                    tracing::error!(%error, "old letters could not be removed");
                }
            }
            Some(done) = under_way.join_next() => match done {
                Ok((letter, came)) => {
                    busy.remove(&letter.id);
                    keep(&catalogue, &settings, letter, came).await;
                }
                Err(error) => {
                    tracing::error!(%error, "sending a letter ended by itself");
                    busy.clear();
                    under_way.abort_all();
                }
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
    // What the server is about to take must not go out once more after the next start.
    let last = async {
        while let Some(Ok((letter, came))) = under_way.join_next().await {
            keep(&catalogue, &settings, letter, came).await;
        }
    };
    let _ = tokio::time::timeout(AGAIN, last).await;
}

/// Starts as many as may be under way; answers how long there is nothing to look for.
async fn start_due(
    catalogue: &Catalogue,
    settings: &Arc<MailSettings>,
    transport: &Transport,
    under_way: &mut JoinSet<Done>,
    busy: &mut HashSet<LetterId>,
) -> Result<Duration, crate::archive::ArchiveError> {
    if busy.len() >= AT_ONCE {
        return Ok(LOOK_EVERY);
    }
    let now = now();
    for letter in catalogue.letters_due(now, (AT_ONCE * 2) as u32).await? {
        if busy.len() >= AT_ONCE {
            return Ok(LOOK_EVERY);
        }
        if !busy.insert(letter.id.clone()) {
            continue;
        }
        let (settings, transport) = (settings.clone(), transport.clone());
        under_way.spawn(async move {
            let came = send(&settings, &transport, &letter).await;
            (letter, came)
        });
    }
    if !busy.is_empty() {
        // Those under way are due too; the one that ends first wakes this.
        return Ok(Duration::from_secs(1));
    }
    let next = catalogue.next_letter_at().await?;
    Ok(next.map_or(LOOK_EVERY, |at| Duration::from_nanos(u64::try_from(at.0 - now.0).unwrap_or(0).max(1_000_000))).min(LOOK_EVERY))
}

async fn send(settings: &MailSettings, transport: &Transport, letter: &Letter) -> Result<(), String> {
    let message = message(settings, letter)?;
    // Each answer has its time; this bounds all of them together.
    match tokio::time::timeout(settings.timeout.saturating_mul(4), transport.send(message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(why(&error)),
        Err(_) => Err("the mail server was too slow".to_owned()),
    }
}

fn message(settings: &MailSettings, letter: &Letter) -> Result<Message, String> {
    let from = match letter.sender.as_deref() {
        Some(sender) => mailbox(sender),
        None => mailbox(&settings.from),
    };
    let from = from.map_err(|_| "the sender's address does not read".to_owned())?;
    let to: Address = letter.recipient.reveal().parse().map_err(|_| "the recipient's address does not read".to_owned())?;
    let name = letter.recipient_name.as_ref().map(|name| name.reveal().to_owned());
    let domain = from.email.domain().to_owned();
    // The row's id: whoever gets a letter twice can tell.
    let id = format!("<{}@{domain}>", letter.id);
    let builder = Message::builder()
        .from(from)
        .to(Mailbox::new(name, to))
        .subject(letter.subject.reveal())
        .message_id(Some(id))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(letter.body.reveal().to_owned());
    builder.singlepart(text).map_err(|_| "the letter cannot be written".to_owned())
}

/// What went wrong, for people: the server's words without any address in them.
fn why(error: &lettre::transport::smtp::Error) -> String {
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let late = error.is_timeout() || said.contains("timed out") || said.contains("deadline has elapsed");
    let kind = match error.status() {
        Some(code) => format!("the mail server refused it ({code})"),
        None if late => "the mail server was too slow".to_owned(),
        None if error.is_tls() => "no safe connection to the mail server".to_owned(),
        None if error.is_response() => "the mail server's answer is none of SMTP".to_owned(),
        None => "no connection to the mail server".to_owned(),
    };
    let said = without_addresses(&said);
    if said.is_empty() { kind } else { format!("{kind}: {said}") }
}

fn without_addresses(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word }).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(200).collect()
}

async fn keep(catalogue: &Catalogue, settings: &MailSettings, mut letter: Letter, came: Result<(), String>) {
    let now = now();
    letter.attempts = letter.attempts.saturating_add(1);
    letter.last_at = Some(now);
    match came {
        Ok(()) => {
            letter.state = LetterState::Sent;
            letter.failure = None;
        }
        Err(why) => {
            tracing::warn!(letter = %letter.id, attempts = letter.attempts, why, "a letter did not go out");
            letter.failure = Some(why);
            match settings.pace.next(letter.attempts, now, letter.give_up_at, rand::rng().random()) {
                Some(next) => letter.next_at = next,
                None => letter.state = LetterState::Failed,
            }
        }
    }
    while let Err(error) = catalogue.letter_tried(&letter).await {
        tracing::error!(%error, "what became of a letter could not be kept; tried again");
        if error.is_of_stopping() {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_addresses_is_left_out() {
        assert_eq!(without_addresses("5.1.1 <kari@example.com>: unknown\r\n user"), "5.1.1 … unknown user");
    }
}
