//! A triage rule in one sentence.

use std::collections::BTreeMap;

use crate::api::pages::words::{Words, length};
use crate::archive::Source;
use crate::archive::folders::{Assignable, Folder};
use crate::archive::triage::{MetadataTest, TriageRule, TriageThen, TriageWhen};
use crate::model::settings::Kind;

/// What rules name, as people know it.
pub(in crate::api::pages) struct Names {
    folders: BTreeMap<String, String>,
    people: Vec<String>,
}

impl Names {
    /// Of what there is.
    pub fn of(folders: &[Folder], people: &[Assignable]) -> Self {
        Self {
            folders: folders.iter().map(|folder| (folder.id.to_string(), folder.name.clone())).collect(),
            people: people.iter().map(|one| one.name.clone()).collect(),
        }
    }

    /// What a folder is called; one that is gone says so.
    pub fn folder(&self, w: Words, id: &str) -> String {
        self.folders.get(id).cloned().unwrap_or_else(|| w.t1("folder-gone", "id", id))
    }

    /// Somebody's name; who is gone is told as gone.
    pub fn person(&self, w: Words, name: &str) -> String {
        if self.people.iter().any(|one| one == name) { name.to_owned() } else { w.t1("person-gone", "name", name) }
    }
}

/// `Live recordings in sales started by hand go to Sales calls, get the label sales and are assigned to paal.`
pub(in crate::api::pages) fn sentence(w: Words, rule: &TriageRule, names: &Names) -> String {
    let (who, what) = (meant(w, &rule.when), done(w, &rule.then, names));
    w.t2("triage-sentence", ("who", &who), ("what", &what))
}

fn meant(w: Words, when: &TriageWhen) -> String {
    let subject = match when.source {
        None => "any",
        Some(Source::Live) => "live",
        Some(Source::Upload) => "upload",
    };
    let mut parts = vec![w.of("triage-subject", subject)];
    if let Some(kind) = when.kind {
        parts.push(w.of("triage-kind", if kind == Kind::Call { "call" } else { "room" }));
    }
    parts.extend(when.min_duration_ms.map(|ms| w.t1("triage-min", "length", length(ms))));
    parts.extend(when.max_duration_ms.map(|ms| w.t1("triage-max", "length", length(ms))));
    if !when.projects.is_empty() {
        let projects: Vec<String> = when.projects.iter().map(ToString::to_string).collect();
        parts.push(w.t1("triage-in", "names", either(w, &projects)));
    }
    if !when.triggers.is_empty() {
        let ways: Vec<String> = when.triggers.iter().map(|by| w.of("triage-way", by.as_str())).collect();
        parts.push(w.t1("triage-started", "ways", either(w, &ways)));
    }
    if !when.queues.is_empty() {
        parts.push(w.t1("triage-queue", "names", either(w, &when.queues)));
    }
    parts.extend(when.metadata.iter().map(|test| metadata(w, test)));
    parts.join(" ")
}

fn metadata(w: Words, test: &MetadataTest) -> String {
    let key = w.known("metadata", &test.key.to_lowercase()).to_lowercase();
    match (&test.equals, &test.contains) {
        (Some(text), _) => w.t2("triage-equals", ("key", &key), ("text", text)),
        (None, Some(text)) => w.t2("triage-contains", ("key", &key), ("text", text)),
        (None, None) => w.t1("triage-there", "key", key),
    }
}

fn done(w: Words, then: &TriageThen, names: &Names) -> String {
    let mut parts = Vec::new();
    parts.extend(then.folder.as_ref().map(|id| w.t1("triage-goes", "folder", names.folder(w, id.as_str()))));
    if !then.labels.is_empty() {
        let mut args = fluent_bundle::FluentArgs::new();
        args.set("n", then.labels.len());
        args.set("labels", all(w, &then.labels));
        parts.push(w.say("triage-labelled", Some(&args)));
    }
    if !then.assignees.is_empty() {
        let people: Vec<String> = then.assignees.iter().map(|name| names.person(w, name)).collect();
        parts.push(w.t1("triage-assigned", "names", all(w, &people)));
    }
    all(w, &parts)
}

fn either(w: Words, texts: &[String]) -> String {
    joined(texts, &w.t("triage-or"))
}

fn all(w: Words, texts: &[String]) -> String {
    joined(texts, &w.t("triage-and"))
}

/// `a, b and c`
fn joined(texts: &[String], last: &str) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::beginning::StartedBy;

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let w = Words::english();
        let folders = [Folder { id: "sales".parse().expect("an id"), name: "Sales calls".into() }];
        let names = Names::of(&folders, &[Assignable { name: "Kari".into() }]);
        let rule = TriageRule {
            name: "r".into(),
            enabled: true,
            when: TriageWhen {
                source: Some(Source::Live),
                projects: vec!["sales".parse().expect("a slug")],
                triggers: vec![StartedBy::Manual, StartedBy::Prompt],
                metadata: vec![MetadataTest { key: "ticket".into(), equals: None, contains: Some("T-".into()) }],
                min_duration_ms: Some(30_000),
                ..TriageWhen::default()
            },
            then: TriageThen {
                folder: Some("sales".parse().expect("an id")),
                labels: vec!["new".into(), "sales".into()],
                assignees: vec!["Kari".into(), "Per".into()],
            },
        };
        assert_eq!(
            sentence(w, &rule, &names),
            "Live recordings of at least 0:30 in sales started by hand or by a host's yes whose ticket contains “T-” go to Sales calls, get the labels \
             new and sales and are assigned to Kari and Per (gone)."
        );
        let rule =
            TriageRule { when: TriageWhen::default(), then: TriageThen { labels: vec!["x".into()], ..TriageThen::default() }, ..rule };
        assert_eq!(sentence(w, &rule, &names), "All recordings get the label x.");
    }
}
