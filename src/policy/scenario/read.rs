//! From JSON to a scenario, with everything refused that §9.2 calls malformed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Malformed;
use super::json::{Fields, Node, Placed};
use crate::model::command::Verb;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Kind, QueueProperties, Settings, SettingsLayer};

/// A scenario. Names of participants are any text; `run` gives the machine ids for them.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) settings: Settings,
    pub(super) agents: BTreeMap<String, AgentProperties>,
    pub(super) events: Vec<Event>,
}

/// One event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at_ms: u64,
    pub(super) what: What,
}

/// What happens.
#[derive(Debug)]
pub(super) enum What {
    Join { participant: String, role: Role, initiator: bool },
    Leave { participant: String },
    Command { by: String, verb: Verb, order: Option<String> },
    End,
}

pub(super) fn scenario(node: &Node) -> Result<Scenario, Malformed> {
    let mut fields = Placed::root(node).fields()?;
    let settings = fields.optional("settings");
    let events = fields.required("events")?;
    fields.finish()?;
    let (settings, agents) = match settings {
        Some(placed) => self::settings(&placed)?,
        None => (Settings::resolve(Kind::Call, &[], QueueProperties::default()), BTreeMap::new()),
    };
    let mut read = Vec::new();
    let mut history = History::default();
    for placed in events.items()? {
        read.push(history.event(&placed)?);
    }
    Ok(Scenario { settings, agents, events: read })
}

fn settings(placed: &Placed<'_>) -> Result<(Settings, BTreeMap<String, AgentProperties>), Malformed> {
    let mut fields = placed.fields()?;
    let kind = choice(&mut fields, "kind")?.unwrap_or_default();
    let layer = SettingsLayer {
        record_mode: choice(&mut fields, "record_mode")?,
        conference_mode: choice(&mut fields, "conference_mode")?,
        pause_behavior: choice(&mut fields, "pause_behavior")?,
        consent: choice(&mut fields, "consent")?,
        trigger: choice(&mut fields, "trigger")?,
        start_paused: set(&mut fields, "start_paused", Placed::bool)?,
        multiple_receipts_per_order: set(&mut fields, "multiple_receipts_per_order", Placed::bool)?,
        recording_enabled: set(&mut fields, "recording_enabled", Placed::bool)?,
        min_duration_s: set(&mut fields, "min_duration_s", Placed::whole)?,
        max_duration_s: set(&mut fields, "max_duration_s", |p| match p.whole()? {
            0 => Err(p.wrong("it must be at least 1")),
            seconds => Ok(seconds),
        })?,
        stop_when_host_leaves: set(&mut fields, "stop_when_host_leaves", Placed::bool)?,
        // Who may listen later, and for how long it is kept, decides about no gate.
        ..SettingsLayer::default()
    };
    let agents = match fields.optional("agents") {
        Some(agents) => {
            agents.fields()?.all().into_iter().map(|(name, p)| Ok((name.to_owned(), agent(&p)?))).collect::<Result<_, Malformed>>()?
        }
        None => BTreeMap::new(),
    };
    let queue = match fields.optional("queue") {
        Some(queue) => {
            let mut fields = queue.fields()?;
            let forced = flag(&mut fields, "forced", QueueProperties::default().forced)?;
            fields.finish()?;
            QueueProperties { forced }
        }
        None => QueueProperties::default(),
    };
    fields.finish()?;
    Ok((Settings::resolve(kind, &[&layer], queue), agents))
}

fn agent(placed: &Placed<'_>) -> Result<AgentProperties, Malformed> {
    let mut fields = placed.fields()?;
    let standard = AgentProperties::default();
    let properties = AgentProperties {
        manual_recording_allowed: flag(&mut fields, "manual_recording_allowed", standard.manual_recording_allowed)?,
        censor_allowed: flag(&mut fields, "censor_allowed", standard.censor_allowed)?,
        forced: flag(&mut fields, "forced", standard.forced)?,
        record_agent_if_denied: flag(&mut fields, "record_agent_if_denied", standard.record_agent_if_denied)?,
    };
    fields.finish()?;
    Ok(properties)
}

/// A setting, `use_global` counting as absent (§9.1).
fn set<'n, T>(fields: &mut Fields<'n>, name: &str, read: impl FnOnce(&Placed<'n>) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
    match fields.optional(name) {
        None => Ok(None),
        Some(placed) if placed.text() == Ok("use_global") => Ok(None),
        Some(placed) => read(&placed).map(Some),
    }
}

fn choice<'n, T: Deserialize<'n>>(fields: &mut Fields<'n>, name: &str) -> Result<Option<T>, Malformed> {
    set(fields, name, Placed::one_of)
}

/// A property, which no `use_global` is known for.
fn flag(fields: &mut Fields<'_>, name: &str, standard: bool) -> Result<bool, Malformed> {
    fields.optional(name).map_or(Ok(standard), |placed| placed.bool())
}

/// What has been read so far, as far as it decides whether the next event can be.
#[derive(Debug, Default)]
struct History {
    latest_ms: u64,
    /// Role, and whether they are in.
    roles: BTreeMap<String, (Role, bool)>,
    ended: bool,
}

impl History {
    fn event(&mut self, placed: &Placed<'_>) -> Result<Event, Malformed> {
        let mut fields = placed.fields()?;
        let at = fields.required("at_ms")?;
        let at_ms = at.whole()?;
        if at_ms < self.latest_ms {
            return Err(at.wrong(format!("time goes back, from {} to {at_ms}", self.latest_ms)));
        }
        self.latest_ms = at_ms;
        let kinds = [fields.optional("join"), fields.optional("leave"), fields.optional("command"), fields.optional("end")];
        fields.finish()?;
        let what = match kinds {
            [Some(join), None, None, None] => self.join(&join)?,
            [None, Some(leave), None, None] => self.leave(&leave)?,
            [None, None, Some(command), None] => self::command(&command)?,
            [None, None, None, Some(end)] => self.end(&end)?,
            [None, None, None, None] => return Err(placed.wrong("it is neither a join, a leave, a command nor an end")),
            _ => return Err(placed.wrong("it is more than one of join, leave, command and end")),
        };
        Ok(Event { at_ms, what })
    }

    fn join(&mut self, placed: &Placed<'_>) -> Result<What, Malformed> {
        let mut fields = placed.fields()?;
        let who = fields.required("participant")?;
        let participant = who.text()?;
        let role_at = fields.required("role")?;
        let role: Role = role_at.one_of()?;
        let initiator = flag(&mut fields, "initiator", false)?;
        fields.finish()?;
        self.not_after_the_end(placed)?;
        match self.roles.get(participant) {
            Some((_, true)) => return Err(who.wrong("this participant is in already")),
            Some((before, false)) if *before != role => {
                return Err(role_at.wrong(format!("this participant was in as {} before", before.as_str())));
            }
            Some((_, false)) | None => {}
        }
        self.roles.insert(participant.to_owned(), (role, true));
        Ok(What::Join { participant: participant.to_owned(), role, initiator })
    }

    fn leave(&mut self, placed: &Placed<'_>) -> Result<What, Malformed> {
        let mut fields = placed.fields()?;
        let who = fields.required("participant")?;
        let participant = who.text()?;
        fields.finish()?;
        self.not_after_the_end(placed)?;
        match self.roles.get_mut(participant) {
            Some((_, present)) if *present => *present = false,
            Some(_) | None => return Err(who.wrong("this participant is not in")),
        }
        Ok(What::Leave { participant: participant.to_owned() })
    }

    fn end(&mut self, placed: &Placed<'_>) -> Result<What, Malformed> {
        placed.fields()?.finish()?;
        self.not_after_the_end(placed)?;
        self.ended = true;
        Ok(What::End)
    }

    fn not_after_the_end(&self, placed: &Placed<'_>) -> Result<(), Malformed> {
        if self.ended { Err(placed.wrong("the session has ended before")) } else { Ok(()) }
    }
}

fn command(placed: &Placed<'_>) -> Result<What, Malformed> {
    let mut fields = placed.fields()?;
    let by = fields.required("by")?.text()?.to_owned();
    let verb: Verb = fields.required("do")?.one_of()?;
    let order = match verb {
        Verb::ReceiptStart => Some(fields.required("order")?),
        Verb::ReceiptStop => fields.optional("order"),
        Verb::Start
        | Verb::Stop
        | Verb::Pause
        | Verb::Resume
        | Verb::CustomerOn
        | Verb::CustomerOff
        | Verb::CensorOn
        | Verb::CensorOff
        | Verb::PromptAccept
        | Verb::PromptDecline
        | Verb::ConsentGrant
        | Verb::ConsentDecline
        | Verb::ConsentWithdraw => match fields.optional("order") {
            Some(order) => return Err(order.wrong("this command has no order")),
            None => None,
        },
    };
    let order = order.map(|order| order.text().map(str::to_owned)).transpose()?;
    fields.finish()?;
    Ok(What::Command { by, verb, order })
}
