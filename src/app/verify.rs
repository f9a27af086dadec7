//! `ferric verify`: whether recordings and tapes are what they were when they were made.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use indicatif::ProgressBar;
use tokio::io::AsyncWriteExt as _;

use super::command_line::{NOT_WELL, Verify, WRONG_USE, complain};
use super::config::Config;
use super::storing::MANIFEST;
use super::ways::stores_of;
use crate::archive::rights::Sight;
use crate::archive::seal;
use crate::archive::{Catalogue, ListFilter, Recording, RecordingState};
use crate::model::id::{RecordingId, SessionId};
use crate::model::region::Region;
use crate::render::check::verify_recording;
use crate::store::SharedStore;
use crate::tape;

/// Looks at everything, or at one recording, and says what is damaged.
#[must_use]
pub fn run(call: &Verify) -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    if !call.data.is_dir() {
        return complain(WRONG_USE, format_args!("{}: there is no such folder", call.data.display()));
    }
    let mut config = match Config::load(None) {
        Ok(config) => config,
        Err(error) => return complain(WRONG_USE, error),
    };
    config.data.dir.clone_from(&call.data);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(NOT_WELL, error),
    };
    match runtime.block_on(look(call, &config)) {
        Ok(report) if report.damaged == 0 => {
            report.say(call.json);
            ExitCode::SUCCESS
        }
        Ok(report) => {
            report.say(call.json);
            ExitCode::from(NOT_WELL)
        }
        Err(error) => complain(NOT_WELL, format_args!("{error:#}")),
    }
}

#[derive(Debug, Default, serde::Serialize)]
struct Report {
    recordings: usize,
    tapes: usize,
    /// Entries of the audit log that follow from the one before.
    audit_entries: u64,
    /// The hash of the last of them, to be kept elsewhere by whoever distrusts the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_head: Option<String>,
    damaged: usize,
}

impl Report {
    fn say(&self, json: bool) {
        if json {
            println!("{}", serde_json::json!(self));
        } else {
            let Self { recordings, tapes, audit_entries, damaged, .. } = self;
            println!("{recordings} recordings, {tapes} tapes and {audit_entries} audit entries looked at, {damaged} damaged");
        }
    }

    fn line(&mut self, json: bool, what: &str, id: &str, damage: &[String]) {
        self.damaged += usize::from(!damage.is_empty());
        for line in damage {
            if json {
                println!("{}", serde_json::json!({ "what": what, "id": id, "damage": line }));
            } else {
                println!("{what} {id}: {line}");
            }
        }
    }
}

fn id_and_region(row: Recording) -> (RecordingId, Option<Region>) {
    let region = row.region;
    (row.id, region)
}

async fn look(call: &Verify, config: &Config) -> Result<Report> {
    let data = &call.data;
    let catalogue = Catalogue::open(&config.catalogue_url()).await.context("data.catalogue")?;
    let stores = stores_of(config, false).await?;
    let mut report = Report::default();
    let bar = if call.json || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut filter = ListFilter { state: Some(RecordingState::Ready), limit: Some(200), ..ListFilter::default() };
    let ids: Vec<(RecordingId, Option<Region>)> = if let Some(id) = &call.id {
        let id: RecordingId = id.parse().context("--id")?;
        vec![id_and_region(catalogue.recording(&id).await.context("--id")?)]
    } else {
        let mut ids = Vec::new();
        loop {
            let page = catalogue.recordings(&filter, &Sight::everything()).await?;
            ids.extend(page.items.into_iter().map(id_and_region));
            match page.next {
                Some(next) => filter.after = Some(next),
                None => break ids,
            }
        }
    };
    let seals = seal::known(data)?;
    for (id, region) in ids {
        bar.set_message(format!("recording {id}"));
        let damage = damage_of_recording(stores.of(region), &seals, &id).await.unwrap_or_else(|error| vec![format!("{error:#}")]);
        report.recordings += 1;
        bar.suspend(|| report.line(call.json, "recording", id.as_str(), &damage));
    }
    if call.id.is_none() {
        look_at_tapes(data, call.json, &mut report, &bar)?;
        bar.set_message("audit log");
        let chain = catalogue.check_audit_chain().await.context("audit log")?;
        let damage: Vec<String> = chain.broken.iter().map(ToString::to_string).collect();
        report.audit_entries = chain.entries;
        report.audit_head = Some(chain.head);
        bar.suspend(|| report.line(call.json, "audit", "log", &damage));
    }
    bar.finish_and_clear();
    Ok(report)
}

/// Fetches everything of a recording from the store and looks at it as a reader would.
async fn damage_of_recording(store: &SharedStore, seals: &BTreeSet<String>, id: &RecordingId) -> Result<Vec<String>> {
    let prefix = format!("recordings/{id}/");
    let folder = std::env::temp_dir().join(format!("ferric-verify-{}-{id}", std::process::id()));
    let found = async {
        for key in store.list(&prefix).await? {
            let path = folder.join(key.trim_start_matches(&prefix));
            if let Some(parent) = path.parent() {
                tokio::fs::create_dir_all(parent).await?;
            }
            let (_, mut bytes) = store.get(&key, None).await?;
            let mut file = tokio::fs::File::create(&path).await?;
            while let Some(part) = bytes.next().await {
                file.write_all(&part?).await?;
            }
            file.flush().await?;
        }
        let looked_at = folder.clone();
        let mut damage = tokio::task::spawn_blocking(move || verify_recording(&looked_at)).await??.damage;
        let manifest = tokio::fs::read(folder.join(MANIFEST)).await?;
        match tokio::fs::read_to_string(folder.join(seal::SEAL)).await {
            Ok(text) => damage.extend(seal::damage(seals, &manifest, &text).map(|why| format!("{}: {why}", seal::SEAL))),
            Err(error) => damage.push(format!("{}: {error}", seal::SEAL)),
        }
        anyhow::Ok(damage)
    }
    .await;
    let _ = tokio::fs::remove_dir_all(&folder).await;
    found
}

fn look_at_tapes(data: &Path, json: bool, report: &mut Report, bar: &ProgressBar) -> Result<()> {
    let spool = data.join("spool");
    let Ok(entries) = std::fs::read_dir(&spool) else { return Ok(()) };
    for entry in entries {
        let dir = entry.with_context(|| spool.display().to_string())?.path();
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A removal that was interrupted left no tape.
        if !dir.is_dir() || name.parse::<SessionId>().is_err() {
            continue;
        }
        bar.set_message(format!("tape {name}"));
        let damage = match tape::verify(&dir, &data.join("master.key")) {
            Ok(found) if found.is_well() => Vec::new(),
            Ok(found) => vec![format!("{} damaged places", found.damaged)],
            Err(error) => vec![error.to_string()],
        };
        report.tapes += 1;
        bar.suspend(|| report.line(json, "tape", &name, &damage));
    }
    Ok(())
}
