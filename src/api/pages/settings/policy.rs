//! The settings that decide what is recorded, as fields: for the workspace, and for a project over it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Sent;
use super::fields::{Choice, Field, Group};
use crate::api::pages::words::Words;
use crate::model::project_kind::ProjectKind;
use crate::model::settings::{RecordMode, Settings, SettingsLayer};

/// How a setting is chosen.
#[derive(Clone, Copy)]
enum Of {
    Words(&'static [&'static str]),
    YesNo,
    Number,
    Text,
}

const MODES: &[&str] = &["both", "agent_only_allow", "agent_only_forbid", "receipts_allow", "receipts_forbid", "none"];

const REACHES: &[&str] = &["anyone_with_link", "members", "members_and_selected"];

/// Groups with their settings, in the order of the page.
const GROUPS: [(&str, &[(&str, Of)]); 7] = [
    (
        "recording",
        &[
            ("recording_enabled", Of::YesNo),
            ("record_mode", Of::Words(MODES)),
            ("conference_mode", Of::Words(&["all", "agent_and_customer", "stop_on_third_party", "none"])),
            ("multiple_receipts_per_order", Of::YesNo),
        ],
    ),
    (
        "course",
        &[
            ("trigger", Of::Words(&["manual", "prompt", "auto_first", "auto_second"])),
            ("start_paused", Of::YesNo),
            ("pause_behavior", Of::Words(&["skip", "silence"])),
            ("stop_when_host_leaves", Of::YesNo),
            ("min_duration_s", Of::Number),
            ("max_duration_s", Of::Number),
        ],
    ),
    ("consent", &[("consent", Of::Words(&["not_required", "per_party", "all_party"]))]),
    ("listening", &[("agents_can_listen_to_others", Of::YesNo)]),
    (
        "keeping",
        &[
            ("retention_months", Of::Number),
            ("retention_days_live", Of::Number),
            ("retention_days_upload", Of::Number),
            ("time_zone", Of::Text),
        ],
    ),
    ("place", &[("region", Of::Words(&["america", "europe"]))]),
    ("link", &[("visibility_live", Of::Words(REACHES)), ("visibility_upload", Of::Words(REACHES))]),
];

/// Settings that hold for all projects alike.
const WORKSPACES_OWN: [&str; 6] =
    ["region", "visibility_live", "visibility_upload", "retention_days_live", "retention_days_upload", "time_zone"];

/// Settings as a form holds them: texts by name, absent where nothing is chosen.
pub(super) type Values = BTreeMap<String, String>;

/// A layer as a form shows it.
pub(super) fn values(layer: &SettingsLayer) -> Values {
    let Ok(Value::Object(fields)) = serde_json::to_value(layer) else { return Values::new() };
    fields.into_iter().map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

/// What a form says of the settings.
pub(super) fn sent_values(sent: &Sent) -> Values {
    all().map(|(name, _)| (name.to_owned(), sent.get(name).to_owned())).filter(|(_, value)| !value.is_empty()).collect()
}

/// As a request would say it: what is no number stays a text, so that it is refused by its name.
pub(super) fn as_request(values: &Values) -> Value {
    let mut out = Map::new();
    for (name, of) in all() {
        let Some(text) = values.get(name).filter(|text| *text != "use_global") else { continue };
        let value = match (of, text.as_str()) {
            (Of::YesNo, "true") => json!(true),
            (Of::YesNo, "false") => json!(false),
            (Of::Number, digits) => digits.parse::<u64>().map_or_else(|_| json!(digits), |n| json!(n)),
            (Of::Words(_) | Of::YesNo | Of::Text, word) => json!(word),
        };
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}

fn all() -> impl Iterator<Item = (&'static str, Of)> {
    GROUPS.iter().flat_map(|(_, fields)| fields.iter().copied())
}

/// A setting's value in words.
pub(super) fn said(w: Words, name: &str, value: &Value) -> String {
    match value {
        Value::Bool(yes) => w.t(if *yes { "opt-yes" } else { "opt-no" }),
        Value::Number(n) => w.tn(&format!("unit-{name}"), "n", n.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0)),
        Value::Null if name == "region" => w.t("opt-region-none"),
        Value::String(text) if name == "time_zone" => text.clone(),
        Value::String(word) => w.t(&format!("opt-{name}-{word}")),
        _ => w.t("opt-no-limit"),
    }
}

/// What holds where a project says nothing.
pub(super) fn under(settings: &Settings, workspace: &SettingsLayer) -> Value {
    let mut under = serde_json::to_value(settings).unwrap_or_default();
    under["retention_months"] = json!(workspace.retention_months.unwrap_or(3));
    under["time_zone"] = json!(workspace.time_zone.clone().unwrap_or_default());
    under["visibility_live"] = json!("members");
    under["visibility_upload"] = json!("anyone_with_link");
    under["agents_can_listen_to_others"] = json!(workspace.agents_can_listen_to_others.unwrap_or(false));
    under
}

/// Who the fields are for.
pub(super) enum Layer<'a> {
    /// The workspace: below it are the defaults, which differ between calls and rooms.
    Workspace(&'a Value),
    /// A project of a kind, over the workspace.
    Project(ProjectKind, &'a Value),
}

impl Layer<'_> {
    fn otherwise(&self, w: Words, name: &str) -> String {
        match self {
            Layer::Workspace(_) if matches!(name, "trigger" | "stop_when_host_leaves") => w.t(&format!("default-{name}")),
            Layer::Workspace(under) => w.t1("set-default", "value", said(w, name, &under[name])),
            Layer::Project(_, under) => w.t1("set-inherited", "value", said(w, name, &under[name])),
        }
    }

    /// Whether a setting can be had here at all.
    fn has(&self, name: &str) -> bool {
        matches!(self, Layer::Workspace(_)) || !WORKSPACES_OWN.contains(&name)
    }

    /// Why a setting means nothing here.
    fn why_no_setting(&self, w: Words, name: &str) -> Option<String> {
        match self {
            Layer::Project(kind, _) if name == "conference_mode" && !kind.has_conferences() => Some(w.t("why-no-conference")),
            Layer::Workspace(_) | Layer::Project(..) => None,
        }
    }

    /// Why a value cannot be had here.
    fn why_no_choice(&self, w: Words, name: &str, value: &str) -> Option<String> {
        let Layer::Project(kind, _) = self else { return None };
        let mode: RecordMode = serde_json::from_value(json!(value)).ok().filter(|_| name == "record_mode")?;
        (!kind.allows(mode)).then(|| w.t(if mode == RecordMode::None { "why-only-customer-service" } else { "why-only-contact-center" }))
    }
}

/// Every setting as a field.
pub(super) fn groups(w: Words, layer: &Layer<'_>, values: &Values) -> Vec<Group> {
    GROUPS
        .iter()
        .map(|(id, settings)| Group {
            id,
            title: w.of("set-group", id),
            fields: settings.iter().filter(|(name, _)| layer.has(name)).map(|(name, of)| field(w, layer, name, *of, values)).collect(),
        })
        .filter(|group: &Group| !group.fields.is_empty())
        .collect()
}

fn field(w: Words, layer: &Layer<'_>, name: &'static str, of: Of, values: &Values) -> Field {
    let chosen = values.get(name).map(String::as_str).filter(|v| *v != "use_global").unwrap_or_default();
    let why_not = layer.why_no_setting(w, name);
    let mut field = Field { name, label: w.of("set", name), hint: w.of("set-hint", name), ..Field::default() };
    let otherwise = layer.otherwise(w, name);
    let choice = |value: &str, text: String| {
        let why = layer.why_no_choice(w, name, value);
        let disabled = why_not.is_some() || why.is_some();
        Choice { value: value.to_owned(), text, note: why.unwrap_or_default(), checked: chosen == value, disabled }
    };
    match of {
        Of::Number => {
            field.value = chosen.to_owned();
            field.digits = true;
            field.unit = w.of("unit", &format!("{name}-after"));
            field.otherwise = otherwise;
        }
        Of::Text => {
            field.value = chosen.to_owned();
            field.otherwise = otherwise;
        }
        Of::YesNo => {
            field.short = true;
            field.choices = vec![choice("", otherwise), choice("true", w.t("opt-yes")), choice("false", w.t("opt-no"))];
        }
        Of::Words(words) => {
            field.choices = vec![choice("", otherwise)];
            field.choices.extend(words.iter().map(|value| choice(value, w.t(&format!("opt-{name}-{value}")))));
        }
    }
    field.why_not = why_not;
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::{Kind, QueueProperties};

    #[test]
    fn a_layer_goes_through_a_form_unchanged() {
        let text =
            r#"{"record_mode":"receipts_forbid","start_paused":true,"recording_enabled":false,"max_duration_s":60,"retention_months":6}"#;
        let layer: SettingsLayer = serde_json::from_str(text).unwrap();
        let back: SettingsLayer = serde_json::from_value(as_request(&values(&layer))).unwrap();
        assert_eq!(back, layer);
        assert_eq!(as_request(&Values::from([("min_duration_s".into(), "soon".into())]))["min_duration_s"], "soon");
    }

    #[test]
    fn every_setting_and_every_value_has_its_words() {
        let w = Words::english();
        let settings = Settings::resolve(Kind::Call, &[], QueueProperties::default());
        let under = under(&settings, &SettingsLayer::default());
        let known = serde_json::to_value(&settings).unwrap();
        for layer in
            [Layer::Workspace(&under), Layer::Project(ProjectKind::Video, &under), Layer::Project(ProjectKind::ContactCenter, &under)]
        {
            let groups = groups(w, &layer, &Values::new());
            let text: String = groups
                .iter()
                .flat_map(|g| g.fields.iter())
                .flat_map(|f| {
                    let choices = f.choices.iter().flat_map(|c| [c.text.clone(), " ".to_owned(), c.note.clone()]).collect::<String>();
                    [f.label.clone(), f.hint.clone(), f.unit.clone(), f.otherwise.clone(), f.why_not.clone().unwrap_or_default(), choices]
                })
                .collect();
            assert!(!text.contains('⟨'), "{text}");
            for name in known.as_object().unwrap().keys().filter(|n| !matches!(n.as_str(), "kind" | "queue_forced")) {
                assert!(groups.iter().flat_map(|g| g.fields.iter()).any(|f| f.name == name), "{name} can be set");
            }
        }
    }
}
