//! What started a recording: read off the tape's events alone, so that a recording that is rendered again says the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::command::Verb;
use super::event::TapeEvent;
use super::id::{OutputKey, ParticipantId};
use super::settings::Trigger;

/// What started a recording of a live session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum StartedBy {
    /// Somebody's command: `start`, or `receipt_start` for a receipt.
    Manual,
    /// A host said yes to the question.
    Prompt,
    /// The first participant came.
    AutoFirst,
    /// The second participant came.
    AutoSecond,
    /// Recording is forced by the queue or the agent, and the call was answered.
    Forced,
}

impl StartedBy {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Manual, Self::Prompt, Self::AutoFirst, Self::AutoSecond, Self::Forced];

    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Prompt => "prompt",
            Self::AutoFirst => "auto_first",
            Self::AutoSecond => "auto_second",
            Self::Forced => "forced",
        }
    }
}

super::by_name::by_name!(StartedBy);

/// What happened last that can start something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Command(Verb),
    ComingOrGoing,
}

/// Follows a tape's events and knows what started each output.
#[derive(Clone, Debug, Default)]
pub struct Beginnings {
    trigger: Option<Trigger>,
    queue_forced: bool,
    /// Who is in, and whether recording of them is forced.
    present: BTreeMap<ParticipantId, bool>,
    last: Option<Last>,
    /// The project's trigger starts a main recording once in a session.
    mains: BTreeSet<OutputKey>,
    found: BTreeMap<OutputKey, StartedBy>,
}

impl Beginnings {
    /// Takes an event: an input is on the tape before what follows from it.
    pub fn note(&mut self, event: &TapeEvent) {
        match event {
            TapeEvent::SessionOpened(opened) => {
                self.trigger = Some(opened.settings.trigger);
                self.queue_forced = opened.settings.queue_forced;
            }
            TapeEvent::Joined { party, properties, .. } => {
                self.present.insert(party.id.clone(), properties.forced);
                self.last = Some(Last::ComingOrGoing);
            }
            TapeEvent::Left { participant } => {
                self.present.remove(participant);
                self.last = Some(Last::ComingOrGoing);
            }
            TapeEvent::Command { verb, refused: None, .. } => self.last = Some(Last::Command(*verb)),
            TapeEvent::OutputStarted { output, .. } => {
                if let Some(by) = self.cause() {
                    self.found.insert(output.clone(), by);
                }
                if matches!(output, OutputKey::Main(_)) {
                    self.mains.insert(output.clone());
                }
            }
            _ => {}
        }
    }

    fn cause(&self) -> Option<StartedBy> {
        match self.last? {
            Last::Command(Verb::Start | Verb::ReceiptStart) => Some(StartedBy::Manual),
            Last::Command(Verb::PromptAccept) => Some(StartedBy::Prompt),
            Last::Command(_) => None,
            Last::ComingOrGoing => match self.trigger.filter(|_| self.mains.is_empty()) {
                Some(Trigger::AutoFirst) => Some(StartedBy::AutoFirst),
                Some(Trigger::AutoSecond) if self.present.len() >= 2 => Some(StartedBy::AutoSecond),
                // What a tape that was cut says again of a running output has no cause on it.
                _ => (self.queue_forced || self.present.values().any(|forced| *forced)).then_some(StartedBy::Forced),
            },
        }
    }

    /// What started an output; `None` where the tape does not say.
    #[must_use]
    pub fn of(&self, output: &OutputKey) -> Option<StartedBy> {
        self.found.get(output).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Reason;
    use crate::model::event::{Party, SessionOpened};
    use crate::model::id::{RecordingId, SessionId};
    use crate::model::role::Role;
    use crate::model::settings::{AgentProperties, Kind, QueueProperties, Settings, SettingsLayer};
    use crate::model::time::WallClock;

    fn opened(trigger: Trigger) -> Beginnings {
        let mut all = Beginnings::default();
        let layer = SettingsLayer { trigger: Some(trigger), ..SettingsLayer::default() };
        all.note(&TapeEvent::SessionOpened(Box::new(SessionOpened {
            session: SessionId::random(),
            project: "default".parse().expect("a slug"),
            started_at: WallClock(0),
            settings: Settings::resolve(Kind::Call, &[&layer], QueueProperties::default()),
            external_id: None,
            metadata: BTreeMap::new(),
        })));
        all
    }

    fn joined(id: &str, forced: bool) -> TapeEvent {
        let party = Party { id: id.parse().expect("an id"), role: Role::Agent, name: None, address: None, agent: None };
        TapeEvent::Joined { party, initiator: false, properties: AgentProperties { forced, ..AgentProperties::default() } }
    }

    fn command(verb: Verb, refused: Option<Reason>) -> TapeEvent {
        TapeEvent::Command { by: "a".parse().expect("an id"), verb, order: None, refused, context: None }
    }

    fn started(all: &mut Beginnings, n: u32) -> Option<StartedBy> {
        let output = OutputKey::Main(n);
        all.note(&TapeEvent::OutputStarted { output: output.clone(), recording: RecordingId::random() });
        all.of(&output)
    }

    #[test]
    fn each_way_to_begin_is_told_from_the_others() {
        let mut first = opened(Trigger::AutoFirst);
        first.note(&joined("a", true));
        assert_eq!(started(&mut first, 1), Some(StartedBy::AutoFirst));
        first.note(&joined("b", false));
        assert_eq!(started(&mut first, 2), Some(StartedBy::Forced), "a trigger starts once");
        first.note(&command(Verb::Start, None));
        assert_eq!(started(&mut first, 3), Some(StartedBy::Manual));

        let mut second = opened(Trigger::AutoSecond);
        second.note(&joined("a", false));
        second.note(&joined("b", false));
        assert_eq!(started(&mut second, 1), Some(StartedBy::AutoSecond));

        let mut asked = opened(Trigger::Prompt);
        asked.note(&joined("a", false));
        asked.note(&command(Verb::PromptAccept, None));
        asked.note(&command(Verb::Pause, Some(Reason::NotRecording)));
        assert_eq!(started(&mut asked, 1), Some(StartedBy::Prompt), "a refused command starts nothing");

        let mut by_hand = opened(Trigger::Manual);
        by_hand.note(&joined("a", false));
        assert_eq!(started(&mut by_hand, 1), None, "nothing on the tape started it");
    }
}
