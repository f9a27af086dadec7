//! The settings that decide who is recorded, and how layers of them resolve (recording-policy.md §2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::region::Region;
use super::role::Role;
use super::visibility::Reach;
use super::zone::Zone;

/// A phone call or a video room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Kind {
    /// A phone call.
    #[default]
    Call,
    /// A room with pictures.
    Room,
}

/// Whose media a project records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum RecordMode {
    /// Agent and customer.
    #[default]
    Both,
    /// The agent; the customer while an agent switches them on.
    AgentOnlyAllow,
    /// The agent alone.
    AgentOnlyForbid,
    /// The agent; the customer in receipts and while switched on.
    ReceiptsAllow,
    /// The agent; the customer in receipts only.
    ReceiptsForbid,
    /// Nobody.
    None,
}

/// What a third party's joining does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum ConferenceMode {
    /// The third party is recorded too.
    All,
    /// The third party is not recorded.
    #[default]
    AgentAndCustomer,
    /// Main ends for everybody.
    StopOnThirdParty,
    /// No recording of the call is kept.
    None,
}

/// What a pause does to the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum PauseBehavior {
    /// The pause is cut out.
    #[default]
    Skip,
    /// The pause lasts as silence.
    Silence,
}

/// Whose agreement recording needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Consent {
    /// Nobody's.
    #[default]
    NotRequired,
    /// Each participant's for their own media.
    PerParty,
    /// Everybody's for anybody's media.
    AllParty,
}

/// What starts a main recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Trigger {
    /// A `start` command.
    Manual,
    /// A question to the first host.
    Prompt,
    /// The first participant.
    AutoFirst,
    /// The second participant present.
    AutoSecond,
}

/// One layer of settings (a workspace's or a project's): what is absent is taken from the layer below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsLayer {
    /// `both`, `agent_only_allow`, `agent_only_forbid`, `receipts_allow`, `receipts_forbid`, `none`, or `use_global`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub record_mode: Option<RecordMode>,
    /// `all`, `agent_and_customer`, `stop_on_third_party`, `none`, or `use_global`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub conference_mode: Option<ConferenceMode>,
    /// `skip`, `silence`, or `use_global`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub pause_behavior: Option<PauseBehavior>,
    /// `not_required`, `per_party`, `all_party`, or `use_global`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub consent: Option<Consent>,
    /// `manual`, `prompt`, `auto_first`, `auto_second`, or `use_global`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub trigger: Option<Trigger>,
    /// Main starts paused.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "yes_or_no")]
    pub start_paused: Option<bool>,
    /// Each receipt of an order is kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "yes_or_no")]
    pub multiple_receipts_per_order: Option<bool>,
    /// Off: nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "yes_or_no")]
    pub recording_enabled: Option<bool>,
    /// Seconds of its own timeline below which a main is not kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub min_duration_s: Option<u64>,
    /// Seconds of its own timeline after which a main ends; at least 1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub max_duration_s: Option<u64>,
    /// Main ends when the last agent leaves.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "yes_or_no")]
    pub stop_when_host_leaves: Option<bool>,
    /// Calendar months that recordings are kept, then they are deleted: 1 to 1200; 3 where nobody says.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub retention_months: Option<u64>,
    /// Of the workspace only: days that live recordings are kept, where that is shorter than their project's months: 1 to 36500; no such limit where nobody
    /// says.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub retention_days_live: Option<u64>,
    /// Of the workspace only: as `retention_days_live`, of recordings that were sent in.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub retention_days_upload: Option<u64>,
    /// Of the workspace only: the time zone in which days and months are counted, by its IANA name, as `Europe/Oslo`; `UTC` where nobody says.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub time_zone: Option<Zone>,
    /// Agents may listen to recordings of other agents' calls.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "yes_or_no")]
    pub agents_can_listen_to_others: Option<bool>,
    /// Of the workspace only: where recordings of sessions that begin from now on lie, `america` or `europe`; the node's one store where nobody says.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    #[schema(value_type = Option<String>)]
    pub region: Option<Region>,
    /// Of the workspace only: who may open the link of an uploaded recording, where nobody sets it for that recording: `anyone_with_link` (where nobody
    /// says), `members` or `members_and_selected`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    pub visibility_upload: Option<Reach>,
    /// Of the workspace only: as `visibility_upload`, of live recordings; `members` where nobody says.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_of")]
    pub visibility_live: Option<Reach>,
}

/// A setting's value, `use_global` being the same as none. `null` is refused: somebody who sends it means something else than leaving a field out.
fn layered<'de, D, T>(d: D, read: impl FnOnce(Value) -> Result<T, String>) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    match Value::deserialize(d)? {
        Value::String(s) if s == "use_global" => Ok(None),
        Value::Null => Err(serde::de::Error::custom("null is no value here; leave the field out, or send `use_global`")),
        other => read(other).map(Some).map_err(serde::de::Error::custom),
    }
}

fn one_of<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(d: D) -> Result<Option<T>, D::Error> {
    layered(d, |value| T::deserialize(value).map_err(|e| format!("{e} or `use_global`")))
}

fn yes_or_no<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<bool>, D::Error> {
    layered(d, |value| value.as_bool().ok_or_else(|| format!("{}, expected true, false or `use_global`", found(&value))))
}

fn whole_number<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    layered(d, |value| value.as_u64().ok_or_else(|| format!("{}, expected a whole number from 0, or `use_global`", found(&value))))
}

/// What stands where something else should; a text is not repeated.
fn found(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{number} does not fit"),
        Value::Bool(_) => "true or false does not fit".to_owned(),
        Value::String(_) => "a text does not fit".to_owned(),
        Value::Array(_) => "a list does not fit".to_owned(),
        Value::Object(_) => "an object does not fit".to_owned(),
        Value::Null => "null does not fit".to_owned(),
    }
}

/// The settings of one session, resolved once when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Call or room.
    pub kind: Kind,
    /// See [`RecordMode`].
    pub record_mode: RecordMode,
    /// See [`ConferenceMode`].
    pub conference_mode: ConferenceMode,
    /// See [`PauseBehavior`].
    pub pause_behavior: PauseBehavior,
    /// See [`Consent`].
    pub consent: Consent,
    /// See [`Trigger`].
    pub trigger: Trigger,
    /// Main starts paused.
    pub start_paused: bool,
    /// Each receipt of an order is kept.
    pub multiple_receipts_per_order: bool,
    /// Off: nothing is recorded.
    pub recording_enabled: bool,
    /// Seconds of its own timeline below which a main is not kept.
    pub min_duration_s: u64,
    /// Seconds of its own timeline after which a main ends.
    pub max_duration_s: Option<u64>,
    /// Main ends when the last agent leaves.
    pub stop_when_host_leaves: bool,
    /// The queue forces recording.
    pub queue_forced: bool,
    /// Where its recordings lie, from the first to the last: the workspace's region when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl Settings {
    /// Resolves layers, the most general first: a later layer's value stands over an earlier one's, defaults under all of them.
    #[must_use]
    pub fn resolve(kind: Kind, layers: &[&SettingsLayer], queue: QueueProperties) -> Self {
        fn last<T: Copy>(layers: &[&SettingsLayer], pick: impl Fn(&SettingsLayer) -> Option<T>) -> Option<T> {
            layers.iter().rev().find_map(|layer| pick(layer))
        }
        let room = kind == Kind::Room;
        Self {
            kind,
            record_mode: last(layers, |l| l.record_mode).unwrap_or_default(),
            conference_mode: last(layers, |l| l.conference_mode).unwrap_or_default(),
            pause_behavior: last(layers, |l| l.pause_behavior).unwrap_or_default(),
            consent: last(layers, |l| l.consent).unwrap_or_default(),
            trigger: last(layers, |l| l.trigger).unwrap_or(if room { Trigger::Manual } else { Trigger::AutoFirst }),
            start_paused: last(layers, |l| l.start_paused).unwrap_or(false),
            multiple_receipts_per_order: last(layers, |l| l.multiple_receipts_per_order).unwrap_or(false),
            recording_enabled: last(layers, |l| l.recording_enabled).unwrap_or(true),
            min_duration_s: last(layers, |l| l.min_duration_s).unwrap_or(2),
            max_duration_s: last(layers, |l| l.max_duration_s),
            stop_when_host_leaves: last(layers, |l| l.stop_when_host_leaves).unwrap_or(room),
            queue_forced: queue.forced,
            region: last(layers, |l| l.region),
        }
    }

    /// Whether all of these roles have the same gate at all times by these settings alone: what a stream that mixes their voices needs to be recorded.
    /// A refusal given although nobody asked is not foreseen here.
    #[must_use]
    pub fn treat_alike(&self, roles: &[Role]) -> bool {
        if !self.recording_enabled || self.record_mode == RecordMode::None {
            return true;
        }
        let third_party_is_closed = self.conference_mode == ConferenceMode::AgentAndCustomer && roles.contains(&Role::ThirdParty);
        self.record_mode == RecordMode::Both && self.consent == Consent::NotRequired && !third_party_is_closed
    }
}

/// What an agent may do (recording-policy.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentProperties {
    /// May `start` by hand in a call.
    pub manual_recording_allowed: bool,
    /// May censor.
    pub censor_allowed: bool,
    /// Recording is forced while this agent is the active one.
    pub forced: bool,
    /// Where forced and the caller refused: this agent alone is recorded.
    pub record_agent_if_denied: bool,
}

impl Default for AgentProperties {
    fn default() -> Self {
        Self { manual_recording_allowed: false, censor_allowed: true, forced: false, record_agent_if_denied: false }
    }
}

/// What a queue adds (recording-policy.md §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueProperties {
    /// Recording is forced for every call of the queue.
    pub forced: bool,
}

super::by_name::by_name!(Kind, RecordMode, ConferenceMode, PauseBehavior, Consent, Trigger);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_stands_over_its_workspace_and_use_global_does_not() {
        let workspace: SettingsLayer = serde_json::from_str(r#"{"record_mode":"agent_only_allow","start_paused":true}"#).unwrap();
        let project: SettingsLayer = serde_json::from_str(r#"{"record_mode":"use_global","start_paused":false}"#).unwrap();
        let resolved = Settings::resolve(Kind::Call, &[&workspace, &project], QueueProperties::default());
        assert_eq!(resolved.record_mode, RecordMode::AgentOnlyAllow);
        assert!(!resolved.start_paused);
    }

    #[test]
    fn a_mixture_of_voices_needs_the_same_rule_for_all_of_them() {
        let settings = |json: &str| {
            let layer: SettingsLayer = serde_json::from_str(json).unwrap();
            Settings::resolve(Kind::Call, &[&layer], QueueProperties::default())
        };
        let (two, three) = ([Role::Agent, Role::Customer], [Role::Agent, Role::Customer, Role::ThirdParty]);
        assert!(settings("{}").treat_alike(&two));
        assert!(!settings("{}").treat_alike(&three));
        assert!(settings(r#"{"conference_mode":"all"}"#).treat_alike(&three));
        assert!(!settings(r#"{"record_mode":"agent_only_forbid"}"#).treat_alike(&two));
        assert!(!settings(r#"{"consent":"per_party"}"#).treat_alike(&two));
        assert!(settings(r#"{"record_mode":"none"}"#).treat_alike(&three));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_use_global_fits_everywhere() {
        for (json, says) in [
            (r#"{"record_mode":null}"#, "null is no value"),
            (r#"{"start_paused":"yes"}"#, "expected true, false or `use_global`"),
            (r#"{"min_duration_s":1.0}"#, "1.0 does not fit, expected a whole number"),
            (r#"{"max_duration_s":-1}"#, "-1 does not fit"),
            (r#"{"consent":7}"#, "`use_global`"),
        ] {
            let err = serde_json::from_str::<SettingsLayer>(json).unwrap_err().to_string();
            assert!(err.contains(says), "{json}: {err}");
        }
        let empty = serde_json::to_value(SettingsLayer::default()).unwrap();
        assert_eq!(empty, serde_json::json!({}));
        for name in [
            "record_mode",
            "trigger",
            "start_paused",
            "recording_enabled",
            "min_duration_s",
            "retention_months",
            "retention_days_live",
            "retention_days_upload",
            "time_zone",
            "agents_can_listen_to_others",
            "region",
            "visibility_upload",
            "visibility_live",
        ] {
            let layer: SettingsLayer = serde_json::from_value(serde_json::json!({ name: "use_global" })).unwrap();
            assert_eq!(layer, SettingsLayer::default(), "{name}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let err = serde_json::from_str::<SettingsLayer>(r#"{"recordmode":"both"}"#).unwrap_err().to_string();
        assert!(err.contains("recordmode"), "{err}");
    }
}
