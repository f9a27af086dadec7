//! How an agent's own calls are recorded, from all the places that say something of it (archive.md B1, B2; recording-policy.md §2).
//!
//! The nearest place wins: the user that the agent is, then what is configured for the agent itself, then the user's groups (of several the strictest), then
//! the workspace. What is configured for an agent says something only where it is not what every agent begins with: its form knows no "nothing said".

use super::people::Standing;
use super::rights::{Effective, Properties, Role};
use crate::model::settings::AgentProperties;

/// What holds in a call of an agent. `standing` is the user that the agent is, if anybody signs in as it.
#[must_use]
pub(super) fn own_calls(agent: AgentProperties, standing: Option<&Standing>, workspace: &Properties) -> AgentProperties {
    let begins_with = AgentProperties::default();
    let said = |value: bool, begins: bool| (value != begins).then_some(value);
    let user = standing.map(|standing| standing.user.row.properties.clone()).unwrap_or_default();
    let own = Properties {
        manual_recording: user.manual_recording.or(said(agent.manual_recording_allowed, begins_with.manual_recording_allowed)),
        censor_visible: user.censor_visible.or(said(agent.censor_allowed, begins_with.censor_allowed)),
        forced: user.forced.or(said(agent.forced, begins_with.forced)),
        record_agent_if_denied: user.record_agent_if_denied.or(said(agent.record_agent_if_denied, begins_with.record_agent_if_denied)),
        ..user
    };
    let groups: Vec<Properties> =
        standing.map(|standing| standing.groups.iter().map(|group| group.properties.clone()).collect()).unwrap_or_default();
    let holds = Effective::of(standing.map_or(Role::Agent, |standing| standing.user.row.role), &own, &groups, workspace);
    AgentProperties {
        manual_recording_allowed: holds.manual_recording,
        censor_allowed: holds.censor_visible,
        forced: holds.forced,
        record_agent_if_denied: holds.record_agent_if_denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::people::{GroupRow, User, UserRow};
    use crate::model::time::WallClock;

    fn standing(user: &str, groups: &[&str]) -> Standing {
        let row: UserRow = serde_json::from_value(serde_json::json!({
            "name": "anna", "role": "agent", "properties": serde_json::from_str::<serde_json::Value>(user).unwrap(),
        }))
        .unwrap();
        let user = User { row, has_password: true, has_subject: false, epoch: 0, created: WallClock::from_unix_ms(0) };
        let group = |(n, text): (usize, &&str)| GroupRow {
            name: format!("g{n}"),
            properties: serde_json::from_str(text).unwrap(),
            members: std::iter::once("anna".to_owned()).collect(),
        };
        Standing { user, groups: groups.iter().enumerate().map(group).collect(), workspace: Properties::default() }
    }

    #[test]
    fn the_nearest_place_wins() {
        let workspace: Properties = serde_json::from_str(r#"{"forced":true,"manual_recording":true}"#).unwrap();
        let (nothing, forced) = (AgentProperties::default(), AgentProperties { forced: true, ..AgentProperties::default() });
        assert!(own_calls(nothing, None, &workspace).forced, "the workspace, for an agent nobody signs in as");
        assert!(!own_calls(nothing, None, &Properties::default()).forced);
        let off = standing("{}", &[r#"{"forced":false}"#]);
        assert!(!own_calls(nothing, Some(&off), &workspace).forced, "a group before the workspace");
        assert!(own_calls(forced, Some(&off), &workspace).forced, "the agent's own before a group");
        assert!(!own_calls(forced, Some(&standing(r#"{"forced":false}"#, &[])), &workspace).forced, "the user before all");
        assert!(own_calls(nothing, Some(&off), &workspace).manual_recording_allowed, "each property by itself");
    }

    #[test]
    fn of_several_groups_the_strictest() {
        let two = standing("{}", &[r#"{"censor_visible":true,"forced":false}"#, r#"{"censor_visible":false,"forced":true}"#]);
        let holds = own_calls(AgentProperties::default(), Some(&two), &Properties::default());
        assert!(holds.forced && !holds.censor_allowed);
        assert_eq!(own_calls(AgentProperties::default(), None, &Properties::default()), AgentProperties::default());
    }
}
