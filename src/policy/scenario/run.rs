//! Runs a scenario through the machine and keeps a ledger of what it does.

use super::answer::{Answer, Refused, Told};
use super::read::{Event, Scenario, What};
use crate::model::command::Command;
use crate::model::gate::{Gate, Span, State};
use crate::model::id::{OutputKey, ParticipantId};
use crate::policy::action::{Action, Input};
use crate::policy::instant::Instant;
use crate::policy::machine::Machine;

pub(super) fn run(scenario: Scenario) -> Answer {
    let Scenario { settings, agents, events } = scenario;
    let mut machine = Machine::new(settings);
    let mut names = Names::default();
    let mut ledger = Ledger::default();
    let mut states = States::default();
    let mut refused = Vec::new();
    let last_ms = events.last().map(|event| event.at_ms);
    let has_end = events.iter().any(|event| matches!(event.what, What::End));
    // Without an end of its own the session ends at its last event.
    let implied_end = last_ms.filter(|_| !has_end).map(|at_ms| Event { at_ms, what: What::End });
    for event in events.into_iter().chain(implied_end) {
        let at = Instant::from_ms(event.at_ms);
        while let Some(due) = machine.due().filter(|due| *due <= at) {
            let actions = machine.tick_at(due);
            ledger.enter(due.as_ms(), &actions);
            states.are(due.as_ms(), machine.state());
        }
        let (input, row) = input(event, &agents, &mut names);
        let (actions, answer) = machine.apply_at(at, input);
        ledger.enter(at.as_ms(), &actions);
        states.are(at.as_ms(), machine.state());
        if let (Err(reason), Some(row)) = (answer, row) {
            refused.push(Refused { reason, ..row });
        }
    }
    Answer { outputs: ledger.outputs(&names), states: states.told(), refused }
}

/// The machine's input, and for a command the row that its refusal would make.
fn input(
    event: Event,
    agents: &std::collections::BTreeMap<String, crate::model::settings::AgentProperties>,
    names: &mut Names,
) -> (Input, Option<Refused>) {
    match event.what {
        What::Join { participant, role, initiator } => {
            let properties = agents.get(&participant).copied().unwrap_or_default();
            let participant = names.id_of(participant);
            names.came(&participant);
            (Input::Join { participant, role, initiator, properties }, None)
        }
        What::Leave { participant } => (Input::Leave { participant: names.id_of(participant) }, None),
        What::Command { by, verb, order } => {
            // The reason stands in until the machine has given its own.
            let row = Refused { at_ms: event.at_ms, by: by.clone(), verb, reason: crate::model::command::Reason::Ended };
            (Input::Command(Command { by: names.id_of(by), verb, order }), Some(row))
        }
        What::End => (Input::End, None),
    }
}

/// The participants' names: a scenario may call them anything, the machine's ids are narrower.
#[derive(Debug, Default)]
struct Names {
    known: Vec<(ParticipantId, String)>,
    /// In the order in which they first came in: the order of their lanes.
    joined: Vec<ParticipantId>,
}

impl Names {
    fn id_of(&mut self, name: String) -> ParticipantId {
        if let Some((id, _)) = self.known.iter().find(|(_, known)| *known == name) {
            return id.clone();
        }
        // `p<number>` is an id by its form; a random one is as good for the machine, which only compares.
        let id = format!("p{}", self.known.len()).parse().unwrap_or_else(|_| ParticipantId::random());
        self.known.push((id.clone(), name));
        id
    }

    fn came(&mut self, id: &ParticipantId) {
        if !self.joined.contains(id) {
            self.joined.push(id.clone());
        }
    }

    fn name_of(&self, id: &ParticipantId) -> String {
        self.known.iter().find(|(known, _)| known == id).map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }
}

/// The state after all events of each instant, where it differs from the one before.
#[derive(Debug, Default)]
struct States {
    told: Vec<Told>,
    now: Option<Told>,
}

impl States {
    fn are(&mut self, at_ms: u64, state: State) {
        if self.now.is_some_and(|now| now.at_ms != at_ms) {
            self.keep();
        }
        self.now = Some(Told { at_ms, state });
    }

    fn keep(&mut self) {
        if let Some(now) = self.now.take()
            && self.told.last().is_none_or(|last| last.state != now.state)
        {
            self.told.push(now);
        }
    }

    fn told(mut self) -> Vec<Told> {
        self.keep();
        self.told
    }
}

/// What the actions say of each output.
#[derive(Debug, Default)]
struct Ledger {
    accounts: Vec<Account>,
}

#[derive(Debug)]
struct Account {
    key: OutputKey,
    started_ms: u64,
    ended: Option<(u64, crate::model::gate::EndedBy)>,
    cut_ms: u64,
    cut_since_ms: Option<u64>,
    discarded: Option<crate::model::gate::DiscardReason>,
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    participant: ParticipantId,
    gate: Gate,
    since_ms: u64,
    spans: Vec<Span>,
}

impl Lane {
    /// Closes what stands and begins anew: no span of no length, and none that only goes on where another ended.
    fn turn(&mut self, at_ms: u64, gate: Gate) {
        if self.gate != Gate::Closed && at_ms > self.since_ms {
            match self.spans.last_mut() {
                Some(last) if last.to_ms == self.since_ms && last.gate == self.gate => last.to_ms = at_ms,
                _ => self.spans.push(Span { from_ms: self.since_ms, to_ms: at_ms, gate: self.gate }),
            }
        }
        self.gate = gate;
        self.since_ms = at_ms;
    }
}

impl Account {
    fn lane(&mut self, participant: &ParticipantId) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.participant == *participant).unwrap_or_else(|| {
            self.lanes.push(Lane { participant: participant.clone(), gate: Gate::Closed, since_ms: 0, spans: Vec::new() });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    fn go_on(&mut self, at_ms: u64) {
        if let Some(since) = self.cut_since_ms.take() {
            self.cut_ms += at_ms - since;
        }
    }
}

impl Ledger {
    fn account(&mut self, key: &OutputKey) -> Option<&mut Account> {
        // The last ones are the ones that run.
        self.accounts.iter_mut().rev().find(|account| account.key == *key)
    }

    fn enter(&mut self, at_ms: u64, actions: &[Action]) {
        for action in actions {
            match action {
                Action::OutputStarted { output } => self.accounts.push(Account {
                    key: output.clone(),
                    started_ms: at_ms,
                    ended: None,
                    cut_ms: 0,
                    cut_since_ms: None,
                    discarded: None,
                    lanes: Vec::new(),
                }),
                Action::TimelineCut { output } => {
                    if let Some(account) = self.account(output) {
                        account.cut_since_ms = Some(at_ms);
                    }
                }
                Action::TimelineResumed { output } => {
                    if let Some(account) = self.account(output) {
                        account.go_on(at_ms);
                    }
                }
                Action::Gate { output, participant, gate } => {
                    if let Some(account) = self.account(output) {
                        account.lane(participant).turn(at_ms, *gate);
                    }
                }
                Action::OutputEnded { output, ended_by } => {
                    if let Some(account) = self.account(output) {
                        account.go_on(at_ms);
                        account.ended = Some((at_ms, *ended_by));
                        account.lanes.iter_mut().for_each(|lane| lane.turn(at_ms, Gate::Closed));
                    }
                }
                Action::Discarded { output, reason } => {
                    if let Some(account) = self.account(output) {
                        account.discarded = Some(*reason);
                    }
                }
                Action::Erase { participant } => {
                    for account in &mut self.accounts {
                        account.lanes.iter_mut().filter(|lane| lane.participant == *participant).for_each(|lane| lane.spans.clear());
                    }
                }
                Action::Prompt { .. } | Action::AskConsent { .. } | Action::State { .. } => {}
            }
        }
    }

    /// Mains by number, then receipts in order of start.
    fn outputs(mut self, names: &Names) -> Vec<super::answer::Output> {
        self.accounts.sort_by_key(|account| matches!(account.key, OutputKey::Receipt { .. }));
        self.accounts.into_iter().filter_map(|account| output(account, names)).collect()
    }
}

fn output(account: Account, names: &Names) -> Option<super::answer::Output> {
    // Every output is over once the session is, and every scenario with an event has an end.
    let (ended_ms, ended_by) = account.ended?;
    let mut spans: Vec<(ParticipantId, Vec<Span>)> = Vec::new();
    if account.discarded.is_none() {
        spans = account.lanes.into_iter().filter(|lane| !lane.spans.is_empty()).map(|lane| (lane.participant, lane.spans)).collect();
        spans.sort_by_key(|(participant, _)| names.joined.iter().position(|joined| joined == participant));
    }
    Some(super::answer::Output {
        key: account.key,
        kept: account.discarded.is_none(),
        reason: account.discarded,
        ended_by,
        duration_ms: ended_ms - account.started_ms - account.cut_ms,
        spans: super::answer::Lanes(spans.into_iter().map(|(participant, spans)| (names.name_of(&participant), spans)).collect()),
    })
}
