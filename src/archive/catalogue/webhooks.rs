//! Webhooks and their deliveries in their tables.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json, word};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::webhooks::{Delivery, DeliveryPage, DeliveryState, FIRST_EVENTS, MOST_WEBHOOKS, Webhook, project_told};
use crate::model::id::{DeliveryId, ProjectSlug, SessionId, WebhookId};
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// Deliveries a page at most.
const LARGEST_PAGE: u32 = 200;

impl Catalogue {
    /// Every webhook, oldest first.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>> {
        let rows = sqlx::query("SELECT * FROM webhooks ORDER BY created, id").fetch_all(&self.read).await?;
        rows.iter().map(webhook_of).collect()
    }

    /// A webhook.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Webhook> {
        let row = sqlx::query("SELECT * FROM webhooks WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&self.read).await?;
        row.as_ref().map(webhook_of).transpose()?.ok_or_else(|| ArchiveError::not_found("webhook", id.as_str()))
    }

    /// Makes a webhook.
    pub async fn create_webhook(&self, hook: &Webhook) -> Result<()> {
        hook.check()?;
        let mut tx = self.configuring().await?;
        let count = sqlx::query("SELECT COUNT(*) AS n FROM webhooks").fetch_one(&mut *tx).await?;
        if Reading::of("webhooks", &count).number("n")? >= MOST_WEBHOOKS as i64 {
            return Err(ArchiveError::invalid("webhooks", format!("there are {MOST_WEBHOOKS} already, the most there can be")));
        }
        sqlx::query(
            "INSERT INTO webhooks (id, url, kinds, projects, active, secret, old_secret, old_secret_until, created, told_upto) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(hook.id.as_str().to_owned())
        .bind(hook.url.clone())
        .bind(json(&hook.kinds, "kinds")?)
        .bind(json(&hook.projects, "projects")?)
        .bind(i64::from(hook.active))
        .bind(hook.secret.reveal().to_owned())
        .bind(hook.old_secret.as_ref().map(|(secret, _)| secret.reveal().to_owned()))
        .bind(hook.old_secret.as_ref().map(|(_, until)| until.0))
        .bind(hook.created.0)
        .bind(hook.told_upto)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes a webhook. How far its events were told stays as it is, unless this switches it on: what happened in between is not for it.
    pub async fn change_webhook(&self, hook: &Webhook) -> Result<()> {
        hook.check()?;
        let changed = sqlx::query(
            "UPDATE webhooks SET url = $2, kinds = $3, projects = $4, active = $5, secret = $6, old_secret = $7, old_secret_until = $8, \
             told_upto = CASE WHEN active = 0 AND $5 = 1 THEN $9 ELSE told_upto END WHERE id = $1",
        )
        .bind(hook.id.as_str().to_owned())
        .bind(hook.url.clone())
        .bind(json(&hook.kinds, "kinds")?)
        .bind(json(&hook.projects, "projects")?)
        .bind(i64::from(hook.active))
        .bind(hook.secret.reveal().to_owned())
        .bind(hook.old_secret.as_ref().map(|(secret, _)| secret.reveal().to_owned()))
        .bind(hook.old_secret.as_ref().map(|(_, until)| until.0))
        .bind(hook.told_upto)
        .execute(&self.write)
        .await?;
        if changed.rows_affected() == 0 { Err(ArchiveError::not_found("webhook", hook.id.as_str())) } else { Ok(()) }
    }

    /// Switches a webhook off.
    pub async fn switch_webhook_off(&self, id: &WebhookId) -> Result<()> {
        sqlx::query("UPDATE webhooks SET active = 0 WHERE id = $1").bind(id.as_str().to_owned()).execute(&self.write).await?;
        Ok(())
    }

    /// Deletes a webhook and all that waits for it.
    pub async fn delete_webhook(&self, id: &WebhookId) -> Result<()> {
        let mut tx = self.configuring().await?;
        let gone = sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Err(ArchiveError::not_found("webhook", id.as_str()));
        }
        sqlx::query("DELETE FROM webhook_deliveries WHERE webhook = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps new deliveries and how far the events were told to these webhooks, in one change: after a crash nothing is missing and nothing is there
    /// twice. A delivery of an event that the webhook has already is left as it is.
    pub async fn keep_deliveries(&self, new: &[Delivery], told_upto: &[(WebhookId, i64)]) -> Result<()> {
        let mut tx = self.write.begin().await?;
        for (webhook, upto) in told_upto {
            sqlx::query("UPDATE webhooks SET told_upto = $2 WHERE id = $1 AND told_upto < $2")
                .bind(webhook.as_str().to_owned())
                .bind(*upto)
                .execute(&mut *tx)
                .await?;
        }
        for delivery in new {
            insert(&mut tx, delivery, "ON CONFLICT DO NOTHING").await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Puts deliveries in the line again, as if they were new; those that there are keep their ids.
    pub async fn deliver_again(&self, again: &[Delivery]) -> Result<()> {
        let mut tx = self.write.begin().await?;
        for delivery in again {
            insert(
                &mut tx,
                delivery,
                "ON CONFLICT (webhook, seq) DO UPDATE SET state = excluded.state, attempts = 0, created = excluded.created, \
                 next_at = excluded.next_at, failure = NULL",
            )
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Puts every event of a period that a webhook wants in its line, also those that it had. Answers how many.
    pub async fn deliver_period_again(&self, hook: &Webhook, since: WallClock, until: Option<WallClock>, now: WallClock) -> Result<u64> {
        const PAGE: u32 = 500;
        let first =
            sqlx::query("SELECT COALESCE(MIN(seq), 0) AS seq FROM events WHERE at >= $1").bind(since.0).fetch_one(&self.read).await?;
        let first = Reading::of("events", &first).number("seq")?;
        let (mut from, mut count) = (first - 1, 0);
        let mut projects: HashMap<SessionId, Option<ProjectSlug>> = HashMap::new();
        if first == 0 {
            return Ok(0);
        }
        loop {
            let rows = self.events_since(from, None, PAGE).await?;
            let Some(last) = rows.last() else { break };
            from = last.seq;
            let mut again = Vec::new();
            for row in &rows {
                if row.at < since || until.is_some_and(|until| row.at >= until) {
                    continue;
                }
                let project = match &row.session {
                    None => None,
                    Some(session) => {
                        if !projects.contains_key(session) {
                            projects.insert(session.clone(), self.project_of_told(session).await?);
                        }
                        projects.get(session).cloned().flatten()
                    }
                };
                if hook.wants(&row.kind, project.as_ref()) {
                    again.push(Delivery::of(&hook.id, row.seq, row.session.clone(), &row.kind, now));
                }
            }
            self.deliver_again(&again).await?;
            count += again.len() as u64;
        }
        Ok(count)
    }

    /// The project of a session, from its row or, where that is not kept yet, from its first event.
    async fn project_of_told(&self, session: &SessionId) -> Result<Option<ProjectSlug>> {
        match self.session(session).await {
            Ok(row) => Ok(Some(row.project)),
            Err(ArchiveError::NotFound { .. }) => {
                Ok(self.events_since(0, Some(session), FIRST_EVENTS).await?.iter().find_map(project_told))
            }
            Err(other) => Err(other),
        }
    }

    /// A delivery of a webhook.
    pub async fn delivery(&self, webhook: &WebhookId, id: &DeliveryId) -> Result<Delivery> {
        let row = sqlx::query("SELECT * FROM webhook_deliveries WHERE webhook = $1 AND id = $2")
            .bind(webhook.as_str().to_owned())
            .bind(id.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(delivery_of).transpose()?.ok_or_else(|| ArchiveError::not_found("delivery", id.as_str()))
    }

    /// What waits for a webhook after the event `after`, in the events' order.
    pub async fn waiting_deliveries(&self, webhook: &WebhookId, after: i64, limit: u32) -> Result<Vec<Delivery>> {
        let rows =
            sqlx::query("SELECT * FROM webhook_deliveries WHERE webhook = $1 AND state = 'waiting' AND seq > $2 ORDER BY seq LIMIT $3")
                .bind(webhook.as_str().to_owned())
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(delivery_of).collect()
    }

    /// Writes down what became of an attempt.
    pub async fn put_delivery(&self, delivery: &Delivery) -> Result<()> {
        sqlx::query(
            "UPDATE webhook_deliveries SET state = $2, attempts = $3, next_at = $4, last_at = $5, status = $6, failure = $7 WHERE id = $1",
        )
        .bind(delivery.id.as_str().to_owned())
        .bind(word(&delivery.state, "state")?)
        .bind(i64::from(delivery.attempts))
        .bind(delivery.next_at.0)
        .bind(delivery.last_at.map(|at| at.0))
        .bind(delivery.status.map(i64::from))
        .bind(delivery.failure.clone())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// A page of a webhook's deliveries, newest first, of one state or of all.
    pub async fn deliveries(
        &self,
        webhook: &WebhookId,
        state: Option<DeliveryState>,
        limit: u32,
        after: Option<&str>,
    ) -> Result<DeliveryPage> {
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ArchiveError::invalid("limit", format!("must be 1 to {LARGEST_PAGE}")));
        }
        let place = after.map(|text| text.split_once('.').and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.to_owned()))));
        let (at, id) = match place {
            None => (i64::MAX, String::new()),
            Some(Some(place)) => place,
            Some(None) => return Err(ArchiveError::invalid("after", "is no `next` of a page")),
        };
        let state = state.map(|state| word(&state, "state")).transpose()?.unwrap_or_else(|| "%".to_owned());
        let rows = sqlx::query(
            "SELECT * FROM webhook_deliveries WHERE webhook = $1 AND state LIKE $2 AND (created < $3 OR (created = $3 AND id < $4)) \
             ORDER BY created DESC, id DESC LIMIT $5",
        )
        .bind(webhook.as_str().to_owned())
        .bind(state)
        .bind(at)
        .bind(id)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.read)
        .await?;
        let mut items = rows.iter().map(delivery_of).collect::<Result<Vec<_>>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.created.0, last.id));
        Ok(DeliveryPage { items, next })
    }

    /// Forgets deliveries that are over and began before `before`.
    pub async fn forget_deliveries(&self, before: WallClock) -> Result<u64> {
        let gone = sqlx::query("DELETE FROM webhook_deliveries WHERE state <> 'waiting' AND created < $1").bind(before.0);
        Ok(gone.execute(&self.write).await?.rows_affected())
    }
}

async fn insert(tx: &mut sqlx::Transaction<'static, sqlx::Any>, delivery: &Delivery, on_conflict: &'static str) -> Result<()> {
    let statement = format!(
        "INSERT INTO webhook_deliveries (id, webhook, seq, session, kind, body, state, attempts, created, next_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) {on_conflict}"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(delivery.id.as_str().to_owned())
        .bind(delivery.webhook.as_str().to_owned())
        .bind(delivery.seq)
        .bind(delivery.session.as_ref().map(|s| s.as_str().to_owned()))
        .bind(delivery.kind.clone())
        .bind(delivery.body.clone())
        .bind(word(&delivery.state, "state")?)
        .bind(i64::from(delivery.attempts))
        .bind(delivery.created.0)
        .bind(delivery.next_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn webhook_of(row: &AnyRow) -> Result<Webhook> {
    let row = Reading::of("webhooks", row);
    let old = row.maybe_text("old_secret")?.zip(row.maybe_time("old_secret_until")?);
    Ok(Webhook {
        id: row.word("id")?,
        url: row.text("url")?,
        kinds: row.json("kinds")?,
        projects: row.json("projects")?,
        active: row.number("active")? != 0,
        secret: Secret::new(row.text("secret")?),
        old_secret: old.map(|(secret, until)| (Secret::new(secret), until)),
        created: row.time("created")?,
        told_upto: row.number("told_upto")?,
    })
}

fn delivery_of(row: &AnyRow) -> Result<Delivery> {
    let row = Reading::of("webhook_deliveries", row);
    Ok(Delivery {
        id: row.word("id")?,
        webhook: row.word("webhook")?,
        seq: row.number("seq")?,
        session: row.maybe_word("session")?,
        kind: row.text("kind")?,
        body: row.maybe_text("body")?,
        state: row.word("state")?,
        attempts: u32::try_from(row.number("attempts")?).unwrap_or(0),
        created: row.time("created")?,
        next_at: row.time("next_at")?,
        last_at: row.maybe_time("last_at")?,
        status: row.maybe_number("status")?.and_then(|n| u16::try_from(n).ok()),
        failure: row.maybe_text("failure")?,
    })
}
