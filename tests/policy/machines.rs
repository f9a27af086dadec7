//! Drives machines and gatekeepers directly, as a live session does.

use ferric::model::command::{Command, Reason, Verb};
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::{OutputKey, ParticipantId};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings, SettingsLayer};
use ferric::model::time::MediaTime;
use ferric::policy::{Action, Input};

pub fn id(name: &str) -> ParticipantId {
    name.parse().expect("an id")
}

pub fn at(ms: u64) -> MediaTime {
    MediaTime::from_ms(ms)
}

pub fn join(name: &str, role: Role) -> Input {
    join_as(name, role, AgentProperties::default())
}

pub fn join_as(name: &str, role: Role, properties: AgentProperties) -> Input {
    Input::Join { participant: id(name), role, initiator: false, properties }
}

pub fn leave(name: &str) -> Input {
    Input::Leave { participant: id(name) }
}

pub fn command(by: &str, verb: Verb) -> Input {
    let order = (verb == Verb::ReceiptStart).then(|| "O".to_owned());
    Input::Command(Command { by: id(by), verb, order })
}

pub fn call(layer: SettingsLayer) -> Settings {
    Settings::resolve(Kind::Call, &[&layer], QueueProperties::default())
}

pub fn room(layer: SettingsLayer) -> Settings {
    Settings::resolve(Kind::Room, &[&layer], QueueProperties::default())
}

/// What a list of actions says, short: `+main`, `main a1 open`, `main -stop`.
pub fn told(actions: &[Action]) -> Vec<String> {
    actions
        .iter()
        .map(|action| match action {
            Action::OutputStarted { output } => format!("+{output}"),
            Action::TimelineCut { output } => format!("{output} cut"),
            Action::TimelineResumed { output } => format!("{output} goes on"),
            Action::Gate { output, participant, gate } => format!("{output} {participant} {}", word(*gate)),
            Action::OutputEnded { output, ended_by } => format!("{output} over {}", why(*ended_by)),
            Action::Discarded { output, reason } => format!("{output} discarded {reason:?}"),
            Action::Erase { participant } => format!("erase {participant}"),
            Action::Prompt { participant } => format!("prompt {participant}"),
            Action::AskConsent { participant } => format!("ask {participant}"),
            Action::State { state } => format!("state {}", state.as_str()),
        })
        .collect()
}

fn word(gate: Gate) -> &'static str {
    match gate {
        Gate::Closed => "closed",
        Gate::Masked => "masked",
        Gate::Open => "open",
    }
}

fn why(ended_by: EndedBy) -> String {
    serde_json::to_value(ended_by).expect("a name").as_str().expect("text").to_owned()
}

/// Applies an input that must be accepted.
#[track_caller]
pub fn accepted((actions, answer): (Vec<Action>, Result<(), Reason>)) -> Vec<String> {
    assert_eq!(answer, Ok(()));
    told(&actions)
}

pub fn main_key() -> OutputKey {
    OutputKey::Main(1)
}
