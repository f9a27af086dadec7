//! Triage rules in their table, and new recordings sorted by them.

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Transaction};

use super::Catalogue;
use super::changing::{Changing, noted};
use super::columns::{Reading, json};
use super::configured::projects_named;
use super::sorting::{assignable_in, folder_in};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::recording::{Recording, RecordingState};
use crate::archive::triage::{MOST_RULES, TriageFacts, TriageRow, TriageRule, add, check, sort};
use crate::archive::validate::MOST_LABELS;
use crate::model::id::{RecordingId, TriageRuleId};
use crate::model::time::WallClock;

impl Catalogue {
    /// Every rule, in order.
    pub async fn triage_rules(&self) -> Result<Vec<TriageRow>> {
        rules_in(&mut *self.read.acquire().await?).await
    }

    /// When a recording was sorted by the rules, and what those that it met were called then; `None` where it never was.
    pub async fn triaged(&self, id: &RecordingId) -> Result<Option<(WallClock, Vec<String>)>> {
        let row = sqlx::query("SELECT triaged_at, triaged_by FROM recordings WHERE id = $1 AND triaged_at > 0")
            .bind(id.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            let row = Reading::of("recordings", &row);
            Ok((row.time("triaged_at")?, row.maybe_json("triaged_by")?.unwrap_or_default()))
        })
        .transpose()
    }
}

impl Changing<'_> {
    /// Makes a rule, behind those that there are.
    pub async fn make_triage_rule(&self, rule: TriageRule) -> Result<TriageRow> {
        check(&rule)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = rules_in(&mut tx).await?;
        if all.len() >= MOST_RULES {
            return Err(ArchiveError::invalid("name", format!("there are {MOST_RULES} rules already, the most there can be")));
        }
        name_is_free(&all, None, &rule.name)?;
        stands(&mut tx, &rule, None).await?;
        let row = TriageRow { id: TriageRuleId::random(), rule };
        sqlx::query("INSERT INTO triage_rules (id, place, rule) VALUES ($1, $2, $3)")
            .bind(row.id.as_str().to_owned())
            .bind(all.len() as i64)
            .bind(json(&row.rule, "rule")?)
            .execute(&mut *tx)
            .await?;
        match self.change.entry(format!("triage_rule:{}", row.id), None, Some(&row)) {
            Some(entry) => noted(tx, entry).await?,
            None => tx.commit().await?,
        }
        Ok(row)
    }

    /// Replaces what a rule says; it stays in its place. Recordings that were sorted already are left as they are.
    pub async fn put_triage_rule(&self, id: &TriageRuleId, rule: TriageRule) -> Result<TriageRow> {
        check(&rule)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = rules_in(&mut tx).await?;
        let before = all.iter().find(|row| row.id == *id).ok_or_else(|| ArchiveError::not_found("triage rule", id.as_str()))?;
        self.change.check("triage rule", id.as_str(), Some(before))?;
        name_is_free(&all, Some(id), &rule.name)?;
        stands(&mut tx, &rule, Some(&before.rule)).await?;
        let after = TriageRow { id: id.clone(), rule };
        let Some(entry) = self.change.entry(format!("triage_rule:{id}"), Some(before), Some(&after)) else { return Ok(after) };
        sqlx::query("UPDATE triage_rules SET rule = $2 WHERE id = $1")
            .bind(id.as_str().to_owned())
            .bind(json(&after.rule, "rule")?)
            .execute(&mut *tx)
            .await?;
        noted(tx, entry).await?;
        Ok(after)
    }

    /// Deletes a rule. Recordings that it sorted stay where they are.
    pub async fn delete_triage_rule(&self, id: &TriageRuleId) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let mut all = rules_in(&mut tx).await?;
        let at = all.iter().position(|row| row.id == *id).ok_or_else(|| ArchiveError::not_found("triage rule", id.as_str()))?;
        self.change.check("triage rule", id.as_str(), all.get(at))?;
        let before = all.remove(at);
        sqlx::query("DELETE FROM triage_rules WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        place(&mut tx, &all).await?;
        self.gone(tx, format!("triage_rule:{id}"), &before).await
    }

    /// Puts the rules into this order. All of them have to be named, each once: who orders a list that somebody else changed meanwhile is told so.
    pub async fn order_triage_rules(&self, order: &[TriageRuleId]) -> Result<Vec<TriageRow>> {
        let mut tx = self.catalogue.configuring().await?;
        let all = rules_in(&mut tx).await?;
        let mut ordered: Vec<TriageRow> = Vec::with_capacity(all.len());
        for (n, id) in order.iter().enumerate() {
            let row = all.iter().find(|row| row.id == *id);
            let row = row.ok_or_else(|| ArchiveError::invalid(format!("order[{n}]"), format!("there is no triage rule `{id}`")))?;
            if ordered.contains(row) {
                return Err(ArchiveError::invalid(format!("order[{n}]"), "stands in the list already"));
            }
            ordered.push(row.clone());
        }
        if let Some(left_out) = all.iter().find(|row| !ordered.contains(row)) {
            return Err(ArchiveError::invalid(
                "order",
                format!("leaves out the rule `{}`: all of them have to be named", left_out.rule.name),
            ));
        }
        let names = |rows: &[TriageRow]| rows.iter().map(|row| row.rule.name.clone()).collect::<Vec<_>>();
        let Some(entry) = self.change.entry("triage_rules".to_owned(), Some(&names(&all)), Some(&names(&ordered))) else {
            return Ok(ordered);
        };
        place(&mut tx, &ordered).await?;
        noted(tx, entry).await?;
        Ok(ordered)
    }
}

async fn place(tx: &mut Transaction<'static, Any>, rows: &[TriageRow]) -> Result<()> {
    for (n, row) in rows.iter().enumerate() {
        sqlx::query("UPDATE triage_rules SET place = $2 WHERE id = $1")
            .bind(row.id.as_str().to_owned())
            .bind(n as i64)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

fn name_is_free(all: &[TriageRow], but: Option<&TriageRuleId>, name: &str) -> Result<()> {
    if all.iter().any(|row| Some(&row.id) != but && row.rule.name.to_lowercase() == name.to_lowercase()) {
        return Err(ArchiveError::invalid("name", "another rule is called so"));
    }
    Ok(())
}

/// What the rule names is there. What it named before may be gone meanwhile: it can still be changed otherwise.
async fn stands(c: &mut AnyConnection, rule: &TriageRule, before: Option<&TriageRule>) -> Result<()> {
    for (n, slug) in rule.when.projects.iter().enumerate() {
        let known = before.is_some_and(|before| before.when.projects.contains(slug));
        if !known && projects_named(c, slug.as_str()).await? == 0 {
            return Err(ArchiveError::invalid(format!("when.projects[{n}]"), format!("there is no project `{slug}`")));
        }
    }
    if let Some(folder) = &rule.then.folder
        && folder_in(c, folder).await?.is_none()
    {
        return Err(ArchiveError::invalid("then.folder", format!("there is no folder `{folder}`")));
    }
    let everybody = assignable_in(c).await?;
    for (n, name) in rule.then.assignees.iter().enumerate() {
        let known = before.is_some_and(|before| before.then.assignees.contains(name));
        if !known && !everybody.iter().any(|one| one.name == *name) {
            return Err(ArchiveError::invalid(format!("then.assignees[{n}]"), format!("there is nobody called `{name}`")));
        }
    }
    Ok(())
}

pub(super) async fn rules_in(c: &mut AnyConnection) -> Result<Vec<TriageRow>> {
    let rows = sqlx::query("SELECT id, rule FROM triage_rules ORDER BY place, id").fetch_all(c).await?;
    let rule_of = |row: &AnyRow| {
        let row = Reading::of("triage_rules", row);
        Ok(TriageRow { id: row.word("id")?, rule: row.json("rule")? })
    };
    rows.iter().map(rule_of).collect()
}

/// Sorts a recording that has just been written as ready, unless that was done before: rendered again or read again after a restart, it is left as people
/// have it by then. Answers the row as it is afterwards, `None` where nothing changed.
pub(super) async fn triage(c: &mut AnyConnection, row: &Recording, now: WallClock) -> Result<Option<Recording>> {
    if row.state != RecordingState::Ready {
        return Ok(None);
    }
    // Writes before it looks: who comes second finds it done.
    let first = sqlx::query("UPDATE recordings SET triaged_at = $2 WHERE id = $1 AND triaged_at IS NULL")
        .bind(row.id.as_str().to_owned())
        .bind(now.0)
        .execute(&mut *c)
        .await?;
    if first.rows_affected() == 0 {
        return Ok(None);
    }
    let rules = rules_in(c).await?;
    let sorted = sort(&rules, &TriageFacts::of(row));
    if sorted.met.is_empty() {
        return Ok(None);
    }
    let mut after = row.clone();
    after.folder = after.folder.or(sorted.folder.map(String::from));
    add(&mut after.labels, &sorted.labels, MOST_LABELS);
    add(&mut after.assignees, &sorted.assignees, MOST_LABELS);
    let met: Vec<&str> = rules.iter().filter(|row| sorted.met.contains(&row.id)).map(|row| row.rule.name.as_str()).collect();
    sqlx::query("UPDATE recordings SET folder = $2, labels = $3, assignees = $4, triaged_by = $5 WHERE id = $1")
        .bind(row.id.as_str().to_owned())
        .bind(after.folder.clone())
        .bind(json(&after.labels, "labels")?)
        .bind(json(&after.assignees, "assignees")?)
        .bind(json(&met, "triaged_by")?)
        .execute(&mut *c)
        .await?;
    Ok(Some(after))
}
