//! From the log of events to deliveries in the catalogue.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::WebhookParts;
use super::line::Line;
use super::sending::Client;
use crate::archive::webhooks::{Delivery, Webhook, project_of, project_told};
use crate::archive::{ArchiveError, EventReader, EventRow, now};
use crate::model::id::{ProjectSlug, SessionId, WebhookId};

/// Events looked at before what they bring is written down.
const BATCH: usize = 200;
/// How far the log may be read without writing down how far, where no webhook wants anything.
const UNWRITTEN: i64 = 1_000;
/// Projects of sessions that are remembered.
const REMEMBERED: usize = 10_000;
/// Wait after a failure of the catalogue.
const AGAIN: Duration = Duration::from_millis(500);

struct Spread {
    parts: WebhookParts,
    client: Client,
    changed: mpsc::UnboundedSender<WebhookId>,
    hooks: Vec<Webhook>,
    lines: HashMap<WebhookId, Line>,
    projects: HashMap<SessionId, Option<ProjectSlug>>,
    written: i64,
}

pub(super) async fn run(
    parts: WebhookParts,
    client: Client,
    mut changes: mpsc::UnboundedReceiver<WebhookId>,
    changed: mpsc::UnboundedSender<WebhookId>,
) {
    let stop = parts.stop.clone();
    let mut spread = Spread { parts, client, changed, hooks: Vec::new(), lines: HashMap::new(), projects: HashMap::new(), written: 0 };
    let work = async {
        let mut reader = spread.begin().await;
        loop {
            tokio::select! {
                Some(id) = changes.recv() => spread.look_at(&id, reader.position()).await,
                row = reader.next() => spread.on_news(row, &mut reader).await,
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

impl Spread {
    async fn begin(&mut self) -> EventReader {
        self.hooks = self.hooks().await;
        let newest = self.parts.log.newest();
        let from = self.hooks.iter().filter(|hook| hook.active).map(|hook| hook.told_upto).min().unwrap_or(newest);
        self.written = from;
        for hook in self.hooks.clone() {
            self.lines.insert(hook.id.clone(), Line::start(&self.parts, &self.client, hook, self.changed.clone()));
        }
        loop {
            match self.parts.log.read(Some(from.min(newest)), None) {
                Ok(reader) => return reader,
                Err(error) => tracing::error!(%error, "webhooks cannot read events"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn hooks(&self) -> Vec<Webhook> {
        loop {
            match self.parts.catalogue.webhooks().await {
                Ok(hooks) => return hooks,
                Err(error) => tracing::error!(%error, "webhooks could not be read; tried again"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Somebody changed a webhook, or put deliveries of it in line. `position`: what the reader has behind it.
    async fn look_at(&mut self, id: &WebhookId, position: i64) {
        let before = std::mem::take(&mut self.hooks);
        self.hooks = self.hooks().await;
        for hook in &mut self.hooks {
            // What is in memory may be ahead of what was written down.
            if let Some(known) = before.iter().find(|known| known.id == hook.id && known.active) {
                hook.told_upto = hook.told_upto.max(known.told_upto);
            }
        }
        let Some(at) = self.hooks.iter().position(|hook| hook.id == *id) else {
            self.lines.remove(id);
            return;
        };
        // Told between its making and now.
        if self.hooks[at].active && self.hooks[at].told_upto < position {
            self.catch_up(at, position).await;
        }
        let hook = self.hooks[at].clone();
        match self.lines.get(id) {
            Some(line) => line.look_anew(hook),
            None => {
                self.lines.insert(id.clone(), Line::start(&self.parts, &self.client, hook, self.changed.clone()));
            }
        }
    }

    async fn catch_up(&mut self, at: usize, position: i64) {
        let hook = self.hooks[at].clone();
        let mut from = hook.told_upto;
        while from < position {
            let rows = match self.parts.catalogue_of_told(from, position).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::error!(%error, "webhooks cannot read events; tried again");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            from = if rows.len() < BATCH { position } else { rows.last().map_or(position, |row| row.seq) };
            let mut new = Vec::new();
            for row in &rows {
                let project = self.project(row).await;
                if hook.wants(&row.kind, project.as_ref()) {
                    new.push(Delivery::of(&hook.id, row.seq, row.session.clone(), &row.kind, now()));
                }
            }
            self.keep(&new, &[(hook.id.clone(), from)]).await;
        }
        self.hooks[at].told_upto = position;
    }

    async fn on_news(&mut self, first: Result<Arc<EventRow>, ArchiveError>, reader: &mut EventReader) {
        let mut rows = match first {
            Ok(row) => vec![row],
            Err(error) => {
                tracing::error!(%error, "webhooks cannot read events; tried again");
                tokio::time::sleep(AGAIN).await;
                return;
            }
        };
        while rows.len() < BATCH
            && let Ok(Some(row)) = reader.at_once().await
        {
            rows.push(row);
        }
        let upto = rows.last().map_or(0, |row| row.seq);
        let mut new = Vec::new();
        for row in &rows {
            let project = self.project(row).await;
            for hook in self.hooks.iter().filter(|hook| hook.active && hook.told_upto < row.seq) {
                if hook.wants(&row.kind, project.as_ref()) {
                    new.push(Delivery::of(&hook.id, row.seq, row.session.clone(), &row.kind, now()));
                }
            }
        }
        for hook in self.hooks.iter_mut().filter(|hook| hook.active) {
            hook.told_upto = hook.told_upto.max(upto);
        }
        if new.is_empty() && (upto - self.written < UNWRITTEN || self.hooks.is_empty()) {
            return;
        }
        let told: Vec<_> = self.hooks.iter().filter(|hook| hook.active).map(|hook| (hook.id.clone(), hook.told_upto)).collect();
        self.keep(&new, &told).await;
        self.written = upto;
    }

    async fn keep(&self, new: &[Delivery], told: &[(WebhookId, i64)]) {
        while let Err(error) = self.parts.catalogue.keep_deliveries(new, told).await {
            tracing::error!(%error, deliveries = new.len(), "deliveries could not be kept; tried again");
            tokio::time::sleep(AGAIN).await;
        }
        for (id, line) in &self.lines {
            if new.iter().any(|delivery| delivery.webhook == *id) {
                line.more();
            }
        }
    }

    /// The project of an event's session.
    async fn project(&mut self, row: &EventRow) -> Option<ProjectSlug> {
        let session = row.session.as_ref()?;
        if let Some(known) = self.projects.get(session) {
            return known.clone();
        }
        let project = match project_told(row) {
            Some(project) => Some(project),
            None => self.look_up(session).await,
        };
        // Those that go are looked up again.
        if self.projects.len() >= REMEMBERED {
            self.projects.clear();
        }
        if project.is_some() {
            self.projects.insert(session.clone(), project.clone());
        }
        project
    }

    /// Waits where the catalogue cannot say: to a webhook of some projects the event would be lost.
    async fn look_up(&self, session: &SessionId) -> Option<ProjectSlug> {
        loop {
            match project_of(&self.parts.catalogue, &self.parts.log, session).await {
                Ok(project) => return project,
                Err(error) if error.is_passing() => tracing::error!(%error, "a session's project could not be read; tried again"),
                Err(error) => {
                    tracing::error!(%session, %error, "a session's project does not read: webhooks of some projects hear nothing of it");
                    return None;
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl WebhookParts {
    /// Events after `from` up to `upto`, from the catalogue once it has them.
    async fn catalogue_of_told(&self, from: i64, upto: i64) -> Result<Vec<EventRow>, ArchiveError> {
        self.log.committed().await;
        self.catalogue.events_between(from, upto, None, BATCH as u32).await
    }
}

#[cfg(test)]
mod tests;
