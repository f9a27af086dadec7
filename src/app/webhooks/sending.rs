//! One attempt: a signed request, and what its answer means.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::WebhookParts;
use super::resolver::PublicOnly;
use super::signature::signature;
use crate::archive::webhooks::{Delivery, Webhook, may_be_public};
use crate::archive::{ArchiveError, EventLog, EventRow, now};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests. Clones share its connections.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    allow_private: bool,
    timeout: Duration,
}

/// What came of an attempt.
pub(super) struct Outcome {
    /// The receiver's answer, where there was one.
    pub(super) status: Option<u16>,
    /// Why it was not taken; absent = it was.
    pub(super) failure: Option<String>,
    /// Trying again is of no use.
    pub(super) final_answer: bool,
    /// The receiver asks for this much time, milliseconds.
    pub(super) asked_ms: Option<u64>,
}

impl Outcome {
    fn failed(why: impl Into<String>) -> Self {
        Self { status: None, failure: Some(why.into()), final_answer: false, asked_ms: None }
    }

    fn hopeless(why: impl Into<String>) -> Self {
        Self { final_answer: true, ..Self::failed(why) }
    }
}

pub(super) fn client(parts: &WebhookParts) -> anyhow::Result<Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Ferric/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT.min(parts.timeout))
        .timeout(parts.timeout)
        .no_proxy();
    if !parts.allow_private {
        builder = builder.dns_resolver(Arc::new(PublicOnly));
    }
    let http = builder.build().context("the client for webhooks")?;
    Ok(Client { http, allow_private: parts.allow_private, timeout: parts.timeout })
}

async fn event(log: &EventLog, seq: i64) -> Result<Option<EventRow>, ArchiveError> {
    let next = log.read(Some(seq - 1), None)?.at_once().await?;
    Ok(next.filter(|row| row.seq == seq).map(Arc::unwrap_or_clone))
}

impl Client {
    pub(super) async fn deliver(&self, log: &EventLog, hook: &Webhook, delivery: &Delivery) -> Outcome {
        let body = match &delivery.body {
            Some(body) => body.clone(),
            None => match event(log, delivery.seq).await {
                Ok(Some(row)) => crate::api::event_json(row),
                Ok(None) => return Outcome::hopeless("the event is no longer kept"),
                Err(error) => {
                    tracing::error!(%error, "an event for a webhook could not be read");
                    return Outcome::failed("the event could not be read");
                }
            },
        };
        let url = match reqwest::Url::parse(&hook.url) {
            Ok(url) if self.allow_private || may_be_public(&url) => url,
            _ => return Outcome::failed("the address may not be used; see webhooks.allow_private"),
        };
        let at = now();
        let timestamp_s = at.as_unix_ms().div_euclid(1_000);
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("ferric-webhook-id", delivery.id.as_str())
            .header("ferric-webhook-timestamp", timestamp_s.to_string())
            .header("ferric-webhook-signature", signature(&hook.secrets(at), timestamp_s, &body))
            .header("ferric-webhook-attempt", delivery.attempts.saturating_add(1).to_string())
            .body(body);
        match request.send().await {
            Ok(answer) => self.judge(&answer),
            Err(error) => Outcome::failed(self.why(error)),
        }
    }

    fn judge(&self, answer: &reqwest::Response) -> Outcome {
        let status = answer.status();
        let asked_ms =
            answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse::<u64>().ok()).map(|s| s.saturating_mul(1_000));
        let failure = (!status.is_success()).then(|| format!("answered {}", status.as_u16()));
        Outcome { status: Some(status.as_u16()), failure, final_answer: status.as_u16() == 410, asked_ms }
    }

    /// For people who look at the list of deliveries; never with the address, which may hold a token.
    fn why(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} s", self.timeout.as_secs_f64());
        }
        let error = error.without_url();
        let mut deepest: &dyn std::error::Error = &error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        let what = if error.is_connect() { "no connection" } else { "the connection broke" };
        let cause = error.source().map(|_| format!(": {deepest}")).unwrap_or_default();
        format!("{what}{cause}")
    }
}
