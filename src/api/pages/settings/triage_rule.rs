//! One triage rule: make, change, delete.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value, json};

use super::Sent;
use super::fields::{Choice, Field, Group, Wrong, fields_html};
use super::folders::FormPage;
use super::projects::status_of;
use crate::api::auth::Operator;
use crate::api::body::{self, At};
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::{Words, length};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ArchiveError;
use crate::archive::change::tag;
use crate::archive::triage::{MetadataTest, TriageRow, TriageRule};
use crate::model::beginning::StartedBy;
use crate::model::id::TriageRuleId;

/// Fields that hold one text or one word.
const SINGLE: [&str; 9] = ["name", "source", "kind", "queues", "metadata", "min_duration_ms", "max_duration_ms", "folder", "labels"];
/// Fields of which several can be chosen.
const MANY: [&str; 4] = ["enabled", "projects", "triggers", "assignees"];

/// A rule as its form holds it.
#[derive(Default)]
struct Filled {
    single: Map<String, Value>,
    many: Map<String, Value>,
}

impl Filled {
    fn sent(sent: &Sent) -> Self {
        Self {
            single: SINGLE.into_iter().map(|name| (name.to_owned(), sent.get(name).into())).collect(),
            many: MANY.into_iter().map(|name| (name.to_owned(), sent.all(name).collect::<Vec<_>>().into())).collect(),
        }
    }

    fn of(rule: &TriageRule) -> Self {
        let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let said = |value: Option<Value>| value.map(word).unwrap_or_default();
        let (when, then) = (&rule.when, &rule.then);
        let single = json!({
            "name": rule.name,
            "source": said(when.source.map(|source| json!(source))),
            "kind": said(when.kind.map(|kind| json!(kind))),
            "queues": when.queues.join("\n"),
            "metadata": when.metadata.iter().map(line_of).collect::<Vec<_>>().join("\n"),
            "min_duration_ms": when.min_duration_ms.map(length).unwrap_or_default(),
            "max_duration_ms": when.max_duration_ms.map(length).unwrap_or_default(),
            "folder": then.folder.as_ref().map(ToString::to_string).unwrap_or_default(),
            "labels": then.labels.join(", "),
        });
        let on: &[&str] = if rule.enabled { &["on"] } else { &[] };
        let many = json!({ "enabled": on, "projects": when.projects, "triggers": when.triggers, "assignees": then.assignees });
        let fields = |value: Value| if let Value::Object(fields) = value { fields } else { Map::new() };
        Self { single: fields(single), many: fields(many) }
    }

    fn text(&self, name: &str) -> String {
        self.single.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.many.get(name).and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == value))
    }

    /// The rule, read as a request would be: what is wrong is named in the same way.
    fn rule(&self, w: Words) -> Result<TriageRule, Problem> {
        let lines =
            |name: &str| self.text(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let mut when = json!({
            "projects": self.many["projects"],
            "triggers": self.many["triggers"],
            "queues": lines("queues"),
            "metadata": lines("metadata").iter().map(|line| test_of(line)).collect::<Vec<_>>(),
        });
        for name in ["source", "kind"] {
            if !self.text(name).is_empty() {
                when[name] = self.text(name).into();
            }
        }
        for name in ["min_duration_ms", "max_duration_ms"] {
            let text = self.text(name);
            if !text.is_empty() {
                let ms = ms_of(&text).ok_or_else(|| Problem::invalid(format!("when.{name}: {}", w.t("triage-no-length"))))?;
                when[name] = ms.into();
            }
        }
        let labels = self.text("labels");
        let mut unique: Vec<&str> = Vec::new();
        for label in labels.split(',').map(str::trim).filter(|label| !label.is_empty()) {
            if !unique.contains(&label) {
                unique.push(label);
            }
        }
        let mut then = json!({ "labels": unique, "assignees": self.many["assignees"] });
        if !self.text("folder").is_empty() {
            then["folder"] = self.text("folder").into();
        }
        let request = json!({ "name": self.text("name"), "enabled": self.has("enabled", "on"), "when": when, "then": then });
        body::parse(request.to_string().as_bytes())
    }
}

/// `ticket contains T-`, as people write it.
fn line_of(test: &MetadataTest) -> String {
    match (&test.equals, &test.contains) {
        (Some(text), _) => format!("{} = {text}", test.key),
        (None, Some(text)) => format!("{} contains {text}", test.key),
        (None, None) => test.key.clone(),
    }
}

fn test_of(line: &str) -> Value {
    let cut = |at: &str| line.split_once(at).map(|(key, text)| (key.trim().to_owned(), text.trim().to_owned()));
    // Whichever stands first: the text may hold the other.
    let (equals, contains) = (line.find('='), line.find(" contains "));
    match (equals, contains) {
        (Some(one), other) if other.is_none_or(|other| one < other) => {
            cut("=").map_or(Value::Null, |(key, text)| json!({ "key": key, "equals": text }))
        }
        (_, Some(_)) => cut(" contains ").map_or(Value::Null, |(key, text)| json!({ "key": key, "contains": text })),
        _ => json!({ "key": line.trim() }),
    }
}

/// `0:30`, `12:04`, `1:00:00`, or seconds alone.
fn ms_of(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts.as_slice() {
        [s] => *s,
        [m, s] if *s < 60 => m.checked_mul(60)?.checked_add(*s)?,
        [h, m, s] if *m < 60 && *s < 60 => h.checked_mul(3_600)?.checked_add(m * 60 + s)?,
        _ => return None,
    };
    seconds.checked_mul(1_000)
}

/// A refusal beside its field: the form's fields stand in no groups.
fn wrong_of(problem: &Problem) -> Wrong {
    let mut flat = problem.clone();
    for group in ["when.", "then."] {
        if let Some(rest) = flat.detail.strip_prefix(group) {
            flat.detail = rest.to_owned();
        }
    }
    Wrong::of(&flat)
}

/// `GET /settings/new-triage-rule`
pub async fn new(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    let mut filled = Filled::default();
    filled.many.insert("enabled".to_owned(), json!(["on"]));
    render(StatusCode::OK, &operator, &state, None, &filled, None).await
}

/// `POST /settings/triage`
pub async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = Filled::sent(&sent);
    let made = async {
        let rule = filled.rule(Words::english())?;
        Ok(state.catalogue.changing(operator.changes(sent.expects())).make_triage_rule(rule).await?)
    };
    match made.await {
        Ok(row) => Ok(Redirect::to(&format!("/settings/triage?saved=1#rule-{}", row.id)).into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, None, &filled, Some(&wrong_of(&problem))).await,
    }
}

async fn kept_row(state: &ApiState, id: &TriageRuleId) -> Result<TriageRow, Problem> {
    let found = state.catalogue.triage_rules().await?.into_iter().find(|row| row.id == *id);
    Ok(found.ok_or_else(|| ArchiveError::not_found("triage rule", id.as_str()))?)
}

/// `GET /settings/triage/{id}`
pub async fn show(operator: Operator, State(state): State<ApiState>, At(id): At<TriageRuleId>) -> Result<Response, Problem> {
    let row = kept_row(&state, &id).await?;
    render(StatusCode::OK, &operator, &state, Some(&row), &Filled::of(&row.rule), None).await
}

/// `POST /settings/triage/{id}`
pub async fn save(operator: Operator, State(state): State<ApiState>, At(id): At<TriageRuleId>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = kept_row(&state, &id).await?;
    let delete = sent.get("act") == "delete";
    let filled = if delete { Filled::of(&now.rule) } else { Filled::sent(&sent) };
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let done = async {
        if delete {
            changing.delete_triage_rule(&id).await?;
        } else {
            changing.put_triage_rule(&id, filled.rule(Words::english())?).await?;
        }
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/settings/triage?saved=1").into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, Some(&now), &filled, Some(&wrong_of(&problem))).await,
    }
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    kept: Option<&TriageRow>,
    filled: &Filled,
    wrong: Option<&Wrong>,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let groups = vec![
        Group { id: "rule", title: w.t("triage-group-rule"), fields: rule_fields(w, filled) },
        Group { id: "when", title: w.t("triage-group-when"), fields: when_fields(w, state, filled).await? },
        Group { id: "then", title: w.t("triage-group-then"), fields: then_fields(w, state, filled).await? },
    ];
    let (fields_html, wrong) = fields_html(w, groups, wrong);
    let template = FormPage {
        tab: "triage",
        what: "triage",
        target: kept.map_or_else(|| "/settings/triage".to_owned(), |row| format!("/settings/triage/{}", row.id)),
        etag: kept.map(tag).unwrap_or_default(),
        delete_how: w.t("triage-delete-how"),
        delete_act: kept.map(|row| w.t1("delete-named", "name", &row.rule.name)).unwrap_or_default(),
        name: kept.map(|row| row.rule.name.clone()),
        wrong,
        fields_html,
        shell,
    };
    Ok(page(status, &template))
}

fn field(w: Words, name: &'static str) -> Field {
    Field { name, label: w.of("triage", name), hint: w.of("triage-hint", name), ..Field::default() }
}

fn rule_fields(w: Words, filled: &Filled) -> Vec<Field> {
    let on = Choice { value: "on".into(), text: w.t("triage-enabled-on"), checked: filled.has("enabled", "on"), ..Choice::default() };
    vec![Field { value: filled.text("name"), ..field(w, "name") }, Field { choices: vec![on], many: true, ..field(w, "enabled") }]
}

async fn when_fields(w: Words, state: &ApiState, filled: &Filled) -> Result<Vec<Field>, Problem> {
    let one_of = |name: &'static str, family: &str, words: &[&str]| {
        let choice = |word: &str| Choice {
            value: if word == "any" { String::new() } else { word.to_owned() },
            text: w.of(if word == "any" { name_of(name) } else { family }, word),
            checked: filled.text(name) == if word == "any" { "" } else { word },
            ..Choice::default()
        };
        Field { choices: words.iter().map(|word| choice(word)).collect(), short: true, ..field(w, name) }
    };
    let mut projects: Vec<String> = state.catalogue.projects().await?.into_iter().map(|project| project.slug.to_string()).collect();
    projects.extend(chosen(filled, "projects").filter(|slug| !projects.contains(slug)).collect::<Vec<_>>());
    let many =
        |name: &'static str, value: String, text: String| Choice { checked: filled.has(name, &value), value, text, ..Choice::default() };
    let ways = StartedBy::ALL.into_iter().map(|by| many("triggers", by.as_str().to_owned(), w.of("triage-way", by.as_str())));
    Ok(vec![
        one_of("source", "triage-source", &["any", "live", "upload"]),
        Field {
            choices: projects.into_iter().map(|slug| many("projects", slug.clone(), slug)).collect(),
            many: true,
            short: true,
            ..field(w, "projects")
        },
        Field { choices: ways.collect(), many: true, ..field(w, "triggers") },
        one_of("kind", "triage-kind-choice", &["any", "call", "room"]),
        Field { value: filled.text("queues"), lines: 2, ..field(w, "queues") },
        Field { value: filled.text("metadata"), lines: 3, ..field(w, "metadata") },
        Field { value: filled.text("min_duration_ms"), ..field(w, "min_duration_ms") },
        Field { value: filled.text("max_duration_ms"), ..field(w, "max_duration_ms") },
    ])
}

fn name_of(name: &str) -> &'static str {
    if name == "kind" { "triage-kind" } else { "triage-source" }
}

fn chosen<'f>(filled: &'f Filled, name: &str) -> impl Iterator<Item = String> + use<'f> {
    filled.many.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

async fn then_fields(w: Words, state: &ApiState, filled: &Filled) -> Result<Vec<Field>, Problem> {
    let none =
        Choice { value: String::new(), text: w.t("triage-folder-none"), checked: filled.text("folder").is_empty(), ..Choice::default() };
    let folders = state.catalogue.folders().await?.into_iter().map(|folder| Choice {
        checked: filled.text("folder") == folder.id.as_str(),
        value: folder.id.to_string(),
        text: folder.name,
        ..Choice::default()
    });
    let known: Vec<String> = state.catalogue.known_labels().await?.into_iter().map(|label| label.name).collect();
    let labels = field(w, "labels");
    let hint = if known.is_empty() { labels.hint.clone() } else { w.t1("triage-hint-labels-known", "names", known.join(", ")) };
    let everybody: Vec<String> = state.catalogue.assignable().await?.into_iter().map(|one| one.name).collect();
    let gone: Vec<String> = chosen(filled, "assignees").filter(|name| !everybody.contains(name)).collect();
    let people = everybody.iter().map(|name| (name.clone(), name.clone())).chain(gone.into_iter().map(|name| {
        let text = w.t1("person-gone", "name", &name);
        (name, text)
    }));
    let people = people.map(|(value, text)| Choice { checked: filled.has("assignees", &value), value, text, ..Choice::default() });
    let people: Vec<Choice> = people.collect();
    let why_not = people.is_empty().then(|| w.t("triage-no-people"));
    Ok(vec![
        Field { choices: std::iter::once(none).chain(folders).collect(), pick: true, ..field(w, "folder") },
        Field { value: filled.text("labels"), hint, ..labels },
        Field { choices: people, many: true, short: true, why_not, ..field(w, "assignees") },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_metadata_is_read_as_it_is_written() {
        for (line, test) in [
            ("ticket", json!({ "key": "ticket" })),
            ("ticket = T-7", json!({ "key": "ticket", "equals": "T-7" })),
            ("ticket contains a = b", json!({ "key": "ticket", "contains": "a = b" })),
            ("note = it contains x", json!({ "key": "note", "equals": "it contains x" })),
        ] {
            assert_eq!(test_of(line), test, "{line}");
            let read: MetadataTest = serde_json::from_value(test).expect("a test");
            assert_eq!(line_of(&read), line);
        }
    }

    #[test]
    fn a_length_is_read_as_it_is_shown() {
        for (text, ms) in [("0:30", 30_000), ("12:04", 724_000), ("1:02:03", 3_723_000), ("90", 90_000)] {
            assert_eq!(ms_of(text), Some(ms), "{text}");
        }
        for text in ["", "x", "0:61", "1:2:3:4", "-1", "99999999999999999999"] {
            assert_eq!(ms_of(text), None, "{text}");
        }
    }
}
