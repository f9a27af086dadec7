//! The line of one webhook: what waits for it, sent at the pace of its schedule.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::WebhookParts;
use super::schedule::{Job, Next, Schedule, Verdict};
use super::sending::{Client, Outcome};
use crate::archive::webhooks::{Delivery, DeliveryState, Webhook};
use crate::archive::{AuditAction, NewAudit, now};
use crate::model::id::WebhookId;
use crate::model::time::WallClock;

/// Deliveries of one webhook in memory.
const WINDOW: usize = 10_000;
/// Wait after a failure of the catalogue.
const AGAIN: Duration = Duration::from_secs(1);

/// What the line is told.
enum Told {
    /// There are more deliveries.
    More,
    /// The webhook changed, or deliveries were put in line again.
    Anew(Box<Webhook>),
}

/// A handle of a running line; dropped, it ends.
pub(super) struct Line {
    told: mpsc::UnboundedSender<Told>,
    _running: DropGuard,
}

impl Line {
    pub(super) fn start(parts: &WebhookParts, client: &Client, hook: Webhook, changed: mpsc::UnboundedSender<WebhookId>) -> Self {
        let (told, news) = mpsc::unbounded_channel();
        let over = parts.stop.child_token();
        let running = Running {
            parts: parts.clone(),
            client: client.clone(),
            hook: watch::Sender::new(Arc::new(hook)),
            schedule: Schedule::new(parts.pace),
            deliveries: std::collections::HashMap::new(),
            loaded_upto: i64::MIN,
            more: true,
            changed,
        };
        tokio::spawn(running.run(news, over.clone()));
        Self { told, _running: over.drop_guard() }
    }

    pub(super) fn more(&self) {
        let _ = self.told.send(Told::More);
    }

    pub(super) fn look_anew(&self, hook: Webhook) {
        let _ = self.told.send(Told::Anew(Box::new(hook)));
    }
}

struct Running {
    parts: WebhookParts,
    client: Client,
    hook: watch::Sender<Arc<Webhook>>,
    schedule: Schedule,
    /// As the catalogue has them, by number.
    deliveries: std::collections::HashMap<i64, Delivery>,
    loaded_upto: i64,
    /// The catalogue may hold more than is loaded.
    more: bool,
    changed: mpsc::UnboundedSender<WebhookId>,
}

type Done = (Job, Delivery, Outcome);

fn now_ms() -> u64 {
    ms(now())
}

fn ms(at: WallClock) -> u64 {
    u64::try_from(at.as_unix_ms()).unwrap_or(0)
}

impl Running {
    async fn run(mut self, mut news: mpsc::UnboundedReceiver<Told>, over: CancellationToken) {
        let mut sending: JoinSet<Done> = JoinSet::new();
        loop {
            let mut look_again = None;
            if self.hook.borrow().active {
                if self.more && self.schedule.len() < WINDOW / 2 && !self.load().await {
                    look_again = Some(AGAIN);
                }
                loop {
                    match self.schedule.next(now_ms()) {
                        Next::Start(job) => self.send(job, &mut sending),
                        Next::At(at) => {
                            let wait = Duration::from_millis(at.saturating_sub(now_ms()).max(1));
                            look_again = Some(look_again.map_or(wait, |sooner| wait.min(sooner)));
                            break;
                        }
                        Next::Nothing => break,
                    }
                }
            }
            let pause = async {
                match look_again {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over.cancelled() => return,
                told = news.recv() => match told {
                    Some(Told::More) => self.more = true,
                    Some(Told::Anew(hook)) => {
                        self.hook.send_replace(Arc::new(*hook));
                        self.schedule.forget_waiting();
                        self.loaded_upto = i64::MIN;
                        self.more = true;
                    }
                    None => return,
                },
                Some(done) = sending.join_next() => match done {
                    Ok((job, delivery, outcome)) => self.answered(job, delivery, outcome).await,
                    Err(error) => tracing::error!(%error, "sending an event ended by itself"),
                },
                () = pause => {}
            }
        }
    }

    /// Whether the catalogue could be read.
    async fn load(&mut self) -> bool {
        let id = self.hook.borrow().id.clone();
        match self.parts.catalogue.waiting_deliveries(&id, self.loaded_upto, WINDOW as u32).await {
            Ok(rows) => {
                self.more = rows.len() >= WINDOW;
                for row in rows {
                    self.loaded_upto = row.seq;
                    self.schedule.push(Job {
                        id: row.id.clone(),
                        seq: row.seq,
                        session: row.session.clone(),
                        attempts: row.attempts,
                        created_ms: ms(row.created),
                        not_before_ms: ms(row.next_at),
                    });
                    self.deliveries.insert(row.seq, row);
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "what waits for a webhook could not be read; tried again");
                false
            }
        }
    }

    fn send(&mut self, job: Job, sending: &mut JoinSet<Done>) {
        let Some(delivery) = self.deliveries.remove(&job.seq) else {
            self.schedule.over(&job);
            return;
        };
        let (client, log, hook) = (self.client.clone(), self.parts.log.clone(), self.hook.borrow().clone());
        sending.spawn(async move {
            let outcome = client.deliver(&log, &hook, &delivery).await;
            (job, delivery, outcome)
        });
    }

    async fn answered(&mut self, job: Job, mut delivery: Delivery, outcome: Outcome) {
        delivery.last_at = Some(now());
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.status = outcome.status;
        delivery.failure = outcome.failure;
        match (delivery.failure.is_none(), outcome.final_answer) {
            (true, _) => {
                delivery.state = DeliveryState::Delivered;
                self.schedule.over(&job);
            }
            (false, true) => {
                delivery.state = DeliveryState::Dead;
                self.schedule.over(&job);
            }
            (false, false) => match self.schedule.failed(&job, now_ms(), rand::rng().random(), outcome.asked_ms) {
                Verdict::Again(at) => delivery.next_at = WallClock::from_unix_ms(at as i64),
                Verdict::Dead => delivery.state = DeliveryState::Dead,
            },
        }
        if let Err(error) = self.parts.catalogue.put_delivery(&delivery).await {
            tracing::error!(%error, "what became of a delivery could not be kept; it may be sent again");
        }
        let gone = outcome.status == Some(410);
        if delivery.state == DeliveryState::Waiting {
            self.deliveries.insert(delivery.seq, delivery);
        } else {
            self.deliveries.remove(&delivery.seq);
        }
        if gone {
            self.switch_off().await;
        }
    }

    /// The receiver said that it is gone for good (RFC 9110 §15.5.11).
    async fn switch_off(&mut self) {
        let hook = self.hook.borrow().clone();
        tracing::warn!(webhook = %hook.id, "the receiver says that it is gone (410): the webhook is switched off");
        self.hook.send_replace(Arc::new(Webhook { active: false, ..Webhook::clone(&hook) }));
        // Noted first, as what operators do: nobody finds it off and no word why.
        let entry = NewAudit {
            at: now(),
            actor: "system".into(),
            action: AuditAction::SettingChange,
            subject: format!("webhook:{}", hook.id),
            detail: serde_json::json!({ "before": { "active": true }, "after": { "active": false }, "reason": "410 from the receiver" }),
        };
        if let Err(error) = self.parts.catalogue.audit(entry).await {
            tracing::error!(%error, "the audit log could not be written");
        }
        if let Err(error) = self.parts.catalogue.switch_webhook_off(&hook.id).await {
            tracing::error!(%error, "a webhook could not be switched off");
        }
        let _ = self.changed.send(hook.id.clone());
    }
}
