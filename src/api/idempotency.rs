//! `Idempotency-Key`: whoever cannot know whether a request arrived sends it again with the same key, and gets the first answer instead of a second thing.
//!
//! Holds for every `POST` below `/v1`, for each caller apart, for 24 hours. An answer that says that the request was not carried out for a reason of the node
//! (5xx) or of the moment (409, 429, 401, 403) is not kept: the same key may be tried again. A request goes on where its caller goes away: what it answers is
//! there for the next try.
//!
//! What ends or narrows a recording does not depend on the catalogue: where that is away, it is carried out without being remembered. What begins or widens
//! one does: sent again after a pause, it would end that.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::auth::Caller;
use super::body::MAX_BODY_BYTES;
use super::noted::now;
use super::problem::Problem;
use super::state::ApiState;
use crate::archive::answers::{Answer, AnswerKey, Known};
use crate::archive::{ArchiveError, Catalogue, patiently};
use crate::model::command::Verb;
use crate::model::time::WallClock;

/// The header.
pub const HEADER: &str = "idempotency-key";
/// Longest key, in characters.
const LONGEST_KEY: usize = 255;
/// Largest answer that is kept: what a request that makes something answers is a few kilobytes.
const LARGEST_ANSWER: usize = 1 << 20;
/// How long somebody who asks for less to be recorded waits for the catalogue, and every answer for being kept.
const PATIENCE: Duration = Duration::from_millis(500);
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Headers of a request that say what is asked for, beside its body.
const ASKED: [&str; 5] = ["content-type", "upload-length", "upload-metadata", "if-match", "if-none-match"];
/// Headers of an answer that are given again.
const ANSWERED: [HeaderName; 5] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL, HeaderName::from_static("tus-resumable")];

/// Answers as before where a key was seen before; else lets the request through and keeps what it answers.
pub async fn keep(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().map(Caller::actor);
    let is_asked = request.method() == Method::POST && request.uri().path().starts_with("/v1/");
    let (Some(caller), Some(sent), true) = (caller, request.headers().get(HEADER).cloned(), is_asked) else {
        return next.run(request).await;
    };
    match kept(state, caller, &sent, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// A request that begins.
struct Begun {
    catalogue: Catalogue,
    key: Arc<AnswerKey>,
    at: WallClock,
    /// Its beginning, where the catalogue has not said whether it took it.
    unsure: Option<JoinHandle<Result<Known, ArchiveError>>>,
}

async fn kept(state: ApiState, caller: String, sent: &HeaderValue, request: Request, next: Next) -> Result<Response, Problem> {
    let key = Arc::new(state.answers.of(&caller, &key_of(sent)?)?);
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BODY_BYTES).await else {
        let detail = format!("with an Idempotency-Key the body may have {MAX_BODY_BYTES} bytes; send a file's bytes apart, without one");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
    };
    let place = parts.uri.path_and_query().map_or("", |place| place.as_str());
    let fingerprint = fingerprint(place, &parts.headers, &bytes);
    let mut begun = Begun { catalogue: state.catalogue.clone(), key, at: now(), unsure: None };
    match begun.begin(fingerprint, goes_on(parts.uri.path(), &bytes)).await? {
        Known::New => {}
        Known::UnderWay => {
            return Err(Problem::conflict(
                "idempotency_in_flight",
                "Idempotency-Key: the first request with it is not answered yet; ask again in a moment",
            ));
        }
        Known::Reused => {
            let detail = "Idempotency-Key: was used for another request; a new request needs a new key";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
        }
        Known::Answered(answer) => return Ok(again(&answer)),
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    // Goes on where the caller goes away (`to_the_end`): the next try finds what it answered.
    Ok(noted(begun, next.run(request).await).await)
}

/// Whether a request is carried out also where it cannot be remembered. While a decline, a pause or an end is refused somebody goes on being recorded;
/// carried out twice they do nothing more than once, or the policy refuses the second.
fn goes_on(path: &str, body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Asked {
        #[serde(rename = "do")]
        verb: Verb,
    }
    let end = path.strip_prefix("/v1/sessions/").and_then(|rest| rest.split_once('/')).map(|(_, end)| end);
    match end {
        Some("leave" | "end") => true,
        Some("commands") => serde_json::from_slice::<Asked>(body).is_ok_and(|asked| narrows(asked.verb)),
        _ => false,
    }
}

fn narrows(verb: Verb) -> bool {
    match verb {
        Verb::Stop
        | Verb::Pause
        | Verb::CustomerOff
        | Verb::CensorOn
        | Verb::ReceiptStop
        | Verb::PromptDecline
        | Verb::ConsentDecline
        | Verb::ConsentWithdraw => true,
        Verb::Start | Verb::Resume | Verb::CustomerOn | Verb::CensorOff | Verb::ReceiptStart | Verb::PromptAccept | Verb::ConsentGrant => {
            false
        }
    }
}

impl Begun {
    /// What is known of the key. `goes_on`: as of a new one where the catalogue does not say so soon.
    async fn begin(&mut self, fingerprint: String, goes_on: bool) -> Result<Known, Problem> {
        let (catalogue, key, at) = (self.catalogue.clone(), self.key.clone(), self.at);
        // A task: one that is waited for no longer is over before its answer is kept.
        let mut asked = tokio::spawn(async move { catalogue.begin_answer(&key, &fingerprint, at).await });
        let known = if goes_on {
            let Ok(known) = timeout(PATIENCE, &mut asked).await else {
                tracing::error!("a request is carried out without being remembered: the catalogue does not answer");
                self.unsure = Some(asked);
                return Ok(Known::New);
            };
            known
        } else {
            asked.await
        };
        match known.map_err(|error| Problem::internal(&error))? {
            Err(error) if goes_on && error.is_passing() => {
                tracing::error!(%error, "a request is carried out without being remembered");
                Ok(Known::New)
            }
            Err(error) => {
                // The catalogue may have taken it and said so in vain.
                if error.is_passing() {
                    tokio::spawn(Self { unsure: None, key: self.key.clone(), catalogue: self.catalogue.clone(), at }.remember(None));
                }
                Err(error.into())
            }
            Ok(known) => Ok(known),
        }
    }

    /// Keeps the answer, or forgets the request: until then the same request is refused as under way.
    async fn remember(self, answer: Option<Answer>) {
        if let Some(beginning) = self.unsure {
            let _ = beginning.await;
        }
        let (catalogue, key, at) = (&self.catalogue, &*self.key, self.at);
        let done = match &answer {
            Some(answer) => patiently("an answer that is given again", || catalogue.keep_answer(key, at, answer)).await,
            None => patiently("a request that may be made again", || catalogue.forget_answer(key, at)).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, "an answer could not be kept: the same request again is refused as under way");
        }
    }
}

async fn noted(begun: Begun, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_ANSWER).await;
    let passing = parts.status.is_server_error()
        || matches!(
            parts.status,
            StatusCode::CONFLICT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
        );
    let answer = bytes.as_ref().ok().filter(|_| !passing).map(|bytes| {
        let names = ANSWERED;
        let headers = names.iter().filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())));
        Answer { status: parts.status.as_u16(), headers: headers.collect(), body: STANDARD.encode(bytes) }
    });
    // Goes on where the catalogue is away: the answer does not wait for it.
    let _ = timeout(PATIENCE, tokio::spawn(begun.remember(answer))).await;
    match bytes {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn again(answer: &Answer) -> Response {
    let body = STANDARD.decode(&answer.body).unwrap_or_default();
    let mut response = (StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The key as it was meant: a structured field's string stands in double quotes, and many clients leave them out.
fn key_of(sent: &HeaderValue) -> Result<String, Problem> {
    let text = sent.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=LONGEST_KEY).contains(&bare.len()) && bare.bytes().all(|b| (0x20..0x7f).contains(&b));
    let detail = format!("Idempotency-Key: 1 to {LONGEST_KEY} printable characters, such as a UUID");
    fits.then(|| bare.to_owned()).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", detail))
}

fn fingerprint(place: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    add(place.as_bytes());
    for name in ASKED {
        add(headers.get(name).map_or(b"", HeaderValue::as_bytes));
    }
    add(body);
    hex::encode(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_and_without_its_quotes() {
        let read = |text: &'static str| key_of(&HeaderValue::from_static(text)).map_err(|problem| problem.reason.into_owned());
        assert_eq!(read("\"8e03978e-40d5\""), Ok("8e03978e-40d5".to_owned()));
        assert_eq!(read(" 8e03978e-40d5 "), Ok("8e03978e-40d5".to_owned()));
        for bad in ["", "\"\"", "  "] {
            assert_eq!(read(bad), Err("bad_idempotency_key".to_owned()));
        }
    }

    #[test]
    fn what_ends_or_narrows_a_recording_goes_on_and_what_makes_something_does_not() {
        assert!(["leave", "end"].iter().all(|end| goes_on(&format!("/v1/sessions/s-1/{end}"), b"{}")));
        for other in ["/v1/sessions", "/v1/sessions/s-1/participants", "/v1/sessions/s-1/arrive", "/v1/projects/end", "/v1/sessions/end"] {
            assert!(!goes_on(other, b"{}"), "{other}");
        }
        let commands = |body: &str| goes_on("/v1/sessions/s-1/commands", body.as_bytes());
        assert!(["pause", "stop", "consent_decline"].iter().all(|verb| commands(&format!(r#"{{"do":"{verb}","by":"p"}}"#))));
        assert!(!["resume", "start", "consent_grant"].iter().any(|verb| commands(&format!(r#"{{"do":"{verb}","by":"p"}}"#))));
        assert!(!commands("") && !commands(r#"{"do":"dance"}"#));
    }

    #[test]
    fn requests_that_differ_anywhere_are_different() {
        let of = |place: &str, length: &'static str, body: &str| {
            fingerprint(
                place,
                &HeaderMap::from_iter([(HeaderName::from_static("upload-length"), HeaderValue::from_static(length))]),
                body.as_bytes(),
            )
        };
        let one = of("/v1/sessions", "1", "{}");
        assert_eq!(one, of("/v1/sessions", "1", "{}"));
        for other in
            [of("/v1/session", "1", "{}"), of("/v1/sessions", "2", "{}"), of("/v1/sessions", "1", "{} "), of("/v1/sessions?a=1", "1", "{}")]
        {
            assert_ne!(one, other);
        }
    }
}
