//! A second reading of recording-policy.md, to compare the machine with. It keeps nothing but the list of what happened and finds
//! everything out from that list, whenever it is asked: no switches, no gates that are remembered. Beside each entry of the list stands the world as it
//! was left by it, so that one need not read from the beginning again.
//!
//! It takes a well-formed scenario as JSON and gives the answer as JSON.

use std::rc::Rc;

use serde_json::{Map, Value, json};

/// Something that is known to have happened, in order.
#[derive(Clone, Debug)]
enum Fact {
    Joined(usize, bool),
    Left(usize),
    Did(usize, &'static str),
    MainBegan { paused: bool },
    MainOver(&'static str),
    PauseLifted,
    ReceiptBegan { order: Rc<str> },
    ReceiptOver(&'static str),
    ConferenceStop,
    SessionOver,
}

type Story = Vec<(u64, Fact)>;

/// The world as a stretch of the story leaves it.
#[derive(Clone, Debug, Default)]
struct World {
    here: Vec<usize>,
    ever: Vec<usize>,
    marked: Vec<usize>,
    answers: Vec<(usize, &'static str)>,
    customer: bool,
    censor: bool,
    mains: usize,
    main: Option<Option<&'static str>>,
    receipts: usize,
    receipt: Option<(usize, Rc<str>)>,
    prompt_answers: usize,
    conference: bool,
    over: bool,
}

impl World {
    fn after(&mut self, fact: &Fact) {
        match fact {
            Fact::Joined(p, marked) => {
                self.here.push(*p);
                if !self.ever.contains(p) {
                    self.ever.push(*p);
                }
                if *marked {
                    self.marked.push(*p);
                }
            }
            Fact::Left(p) => self.here.retain(|q| q != p),
            Fact::Did(p, verb) => match *verb {
                "pause" => self.main = Some(Some("commanded")),
                "resume" => self.main = Some(None),
                "customer_on" => self.customer = true,
                "customer_off" => self.customer = false,
                "censor_on" => self.censor = true,
                "censor_off" => self.censor = false,
                "prompt_accept" | "prompt_decline" => self.prompt_answers += 1,
                "consent_grant" => self.answers.push((*p, "granted")),
                "consent_decline" => self.answers.push((*p, "declined")),
                "consent_withdraw" => self.answers.push((*p, "withdrawn")),
                _ => {}
            },
            Fact::MainBegan { paused } => {
                self.mains += 1;
                self.main = Some(paused.then_some("start_paused"));
            }
            Fact::MainOver(_) => self.main = None,
            Fact::PauseLifted => self.main = Some(None),
            Fact::ReceiptBegan { order } => {
                self.receipts += 1;
                self.receipt = Some((self.receipts, order.clone()));
            }
            Fact::ReceiptOver(_) => self.receipt = None,
            Fact::ConferenceStop => self.conference = true,
            Fact::SessionOver => self.over = true,
        }
    }
}

/// The settings, with what is absent filled in.
struct Plain<'s> {
    dead: Option<&'static str>,
    mode: &'s str,
    conference: &'s str,
    consent: &'s str,
    trigger: &'s str,
    silence: bool,
    room: bool,
    queue_forced: bool,
    longest_s: Option<u64>,
}

struct Reading<'s> {
    settings: &'s Value,
    plain: Plain<'s>,
    names: Vec<String>,
    properties: Vec<[bool; 4]>,
    roles: Vec<String>,
    story: Story,
    /// The world before the story, and after each of its facts.
    worlds: Vec<Rc<World>>,
    refused: Vec<Value>,
}

const PROPERTIES: [(&str, bool); 4] =
    [("manual_recording_allowed", false), ("censor_allowed", true), ("forced", false), ("record_agent_if_denied", false)];

const PRECEDENCE: [&str; 11] = [
    "ended",
    "no_such_participant",
    "recording_disabled",
    "mode_forbids",
    "forced",
    "not_host",
    "not_permitted",
    "not_recording",
    "already",
    "conference_stopped",
    "no_such_receipt",
];

/// The answer to a scenario.
pub fn answer(scenario: &Value) -> Value {
    let none = json!({});
    let settings = scenario.get("settings").unwrap_or(&none);
    let mut reading = Reading {
        settings,
        plain: plain(settings),
        names: vec![],
        properties: vec![],
        roles: vec![],
        story: vec![],
        worlds: vec![Rc::default()],
        refused: vec![],
    };
    let events = scenario["events"].as_array().unwrap();
    for event in events {
        let t = event["at_ms"].as_u64().unwrap();
        reading.let_time_pass(t);
        reading.happens(t, event);
    }
    if let Some(last) = events.last() {
        let t = last["at_ms"].as_u64().unwrap();
        if !reading.world().over {
            reading.session_ends(t);
        }
        reading.tell(events[0]["at_ms"].as_u64().unwrap())
    } else {
        json!({ "outputs": [], "states": [], "refused": [] })
    }
}

fn plain(settings: &Value) -> Plain<'_> {
    let name = |key: &str, default: &'static str| match settings.get(key).and_then(Value::as_str) {
        None | Some("use_global") => default,
        Some(value) => value,
    };
    let room = name("kind", "call") == "room";
    let mode = name("record_mode", "both");
    let dead = if settings.get("recording_enabled") == Some(&json!(false)) {
        Some("recording_disabled")
    } else if mode == "none" {
        Some("mode_forbids")
    } else {
        None
    };
    Plain {
        dead,
        mode,
        conference: name("conference_mode", "agent_and_customer"),
        consent: name("consent", "not_required"),
        trigger: name("trigger", if room { "manual" } else { "auto_first" }),
        silence: name("pause_behavior", "skip") == "silence",
        room,
        queue_forced: settings["queue"]["forced"] == json!(true),
        longest_s: settings.get("max_duration_s").and_then(Value::as_u64),
    }
}

impl Reading<'_> {
    fn on(&self, key: &str, default: bool) -> bool {
        self.settings.get(key).and_then(Value::as_bool).unwrap_or(default)
    }

    fn property(&self, p: usize, key: &str) -> bool {
        let which = PROPERTIES.iter().position(|(name, _)| *name == key).unwrap();
        self.roles[p] == "agent" && self.properties[p][which]
    }

    // Questions to the story.

    fn world(&self) -> Rc<World> {
        self.world_after(self.story.len())
    }

    /// The world after so many facts.
    fn world_after(&self, facts: usize) -> Rc<World> {
        Rc::clone(&self.worlds[facts])
    }

    fn said(w: &World, p: usize) -> Option<&'static str> {
        w.answers.iter().rev().find(|(q, _)| *q == p).map(|(_, word)| *word)
    }

    fn active(&self, w: &World) -> Option<usize> {
        let agent = |p: &&usize| self.roles[**p] == "agent";
        if w.ever.iter().any(|p| self.roles[*p] == "customer") {
            // `here` stands in the order of the joins that began the present stays.
            w.here.iter().find(agent).copied()
        } else {
            w.marked.iter().find(agent).or_else(|| w.ever.iter().find(agent)).copied()
        }
    }

    fn forced(&self, w: &World) -> bool {
        w.here.len() > 1
            && w.here.iter().any(|p| self.roles[*p] == "agent")
            && (self.plain.queue_forced || self.active(w).is_some_and(|a| self.property(a, "forced")))
    }

    fn caller_refused(&self, w: &World) -> bool {
        w.ever.iter().any(|p| self.roles[*p] == "customer" && matches!(Self::said(w, *p), Some("declined" | "withdrawn")))
    }

    fn prompted(&self) -> Option<usize> {
        if self.plain.trigger != "prompt" {
            return None;
        }
        self.story.iter().find_map(|(_, fact)| match fact {
            Fact::Joined(p, _) if self.may_start(*p) => Some(*p),
            _ => None,
        })
    }

    fn may_start(&self, p: usize) -> bool {
        self.roles[p] == "agent" && (self.plain.room || self.property(p, "manual_recording_allowed"))
    }

    fn gate(&self, w: &World, p: usize, on_main: bool) -> &'static str {
        let forced = self.forced(w);
        let role = self.roles[p].as_str();
        let consent = self.plain.consent;
        let all_granted = w.here.iter().all(|q| Self::said(w, *q) == Some("granted"));
        let in_a_receipt = w.receipt.is_some();
        let mode = if forced { "both" } else { self.plain.mode };
        let customer_is_in = match mode {
            "both" => true,
            "agent_only_allow" => w.customer,
            "receipts_allow" => w.customer || in_a_receipt,
            "receipts_forbid" => in_a_receipt,
            _ => false,
        };
        let paused = on_main && w.main.is_some_and(|pause| pause.is_some());
        let silence = self.plain.silence;
        let closed = self.plain.dead.is_some()
            || !w.here.contains(&p)
            || matches!(Self::said(w, p), Some("declined" | "withdrawn"))
            || (consent == "per_party" && Self::said(w, p) != Some("granted"))
            || (consent == "all_party" && !all_granted)
            || (forced && self.caller_refused(w) && !(self.active(w) == Some(p) && self.property(p, "record_agent_if_denied")))
            || (role == "third_party" && self.plain.conference != "all")
            || (role == "customer" && !customer_is_in)
            || (paused && !silence);
        if closed {
            "closed"
        } else if paused || w.censor {
            "masked"
        } else {
            "open"
        }
    }

    // What happens.

    fn now_known(&mut self, t: u64, fact: Fact) {
        let mut world = World::clone(&self.world());
        world.after(&fact);
        self.worlds.push(Rc::new(world));
        self.story.push((t, fact));
    }

    /// Main ends where its timeline reaches its longest, before what happens at `t`.
    fn let_time_pass(&mut self, t: u64) {
        let Some(longest) = self.plain.longest_s else { return };
        let Some(began) = self.story.iter().rposition(|(_, fact)| matches!(fact, Fact::MainBegan { .. })) else { return };
        if self.world().main.is_none() {
            return;
        }
        let silence = self.plain.silence;
        let mut left = longest * 1000;
        for i in began..self.story.len() {
            let from = self.story[i].0;
            let to = self.story.get(i + 1).map_or(t, |(at, _)| *at);
            let runs = silence || self.world_after(i + 1).main == Some(None);
            if runs {
                if to - from >= left {
                    self.now_known(from + left, Fact::MainOver("max_duration"));
                    return;
                }
                left -= to - from;
            }
        }
    }

    fn happens(&mut self, t: u64, event: &Value) {
        if let Some(join) = event.get("join") {
            let p = self.number(join["participant"].as_str().unwrap(), Some(join["role"].as_str().unwrap()));
            self.joins(t, p, join["initiator"] == json!(true));
        } else if let Some(leave) = event.get("leave") {
            let p = self.number(leave["participant"].as_str().unwrap(), None);
            self.leaves(t, p);
        } else if let Some(command) = event.get("command") {
            self.commands(t, command);
        } else {
            self.session_ends(t);
        }
    }

    fn number(&mut self, name: &str, role: Option<&str>) -> usize {
        let p = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.properties.push(PROPERTIES.map(|(key, default)| self.settings["agents"][name][key].as_bool().unwrap_or(default)));
            self.roles.push(String::new());
            self.names.len() - 1
        });
        if let Some(role) = role {
            role.clone_into(&mut self.roles[p]);
        }
        p
    }

    fn joins(&mut self, t: u64, p: usize, marked: bool) {
        let forced_before = self.forced(&self.world());
        self.now_known(t, Fact::Joined(p, marked));
        let conference = self.plain.conference;
        if self.roles[p] == "third_party" && ["stop_on_third_party", "none"].contains(&conference) && !self.world().conference {
            self.all_over(t, "third_party");
            self.now_known(t, Fact::ConferenceStop);
        }
        let w = self.world();
        let enough = match self.plain.trigger {
            "auto_first" => !w.here.is_empty(),
            "auto_second" => w.here.len() >= 2,
            _ => false,
        };
        if enough && w.mains == 0 {
            self.main_begins(t);
        }
        self.forcing_begins(t, forced_before);
    }

    fn leaves(&mut self, t: u64, p: usize) {
        let forced_before = self.forced(&self.world());
        self.now_known(t, Fact::Left(p));
        let w = self.world();
        let no_agents = !w.here.iter().any(|q| self.roles[*q] == "agent");
        if self.roles[p] == "agent" && no_agents && self.on("stop_when_host_leaves", self.plain.room) {
            self.all_over(t, "host_left");
        }
        if w.here.is_empty() {
            self.all_over(t, "last_left");
        }
        self.forcing_begins(t, forced_before);
    }

    fn forcing_begins(&mut self, t: u64, forced_before: bool) {
        let w = self.world();
        if forced_before || !self.forced(&w) || w.conference {
            return;
        }
        match w.main {
            None => self.main_begins(t),
            Some(Some("start_paused")) => self.now_known(t, Fact::PauseLifted),
            Some(_) => {}
        }
    }

    fn main_begins(&mut self, t: u64) {
        let w = self.world();
        if self.plain.dead.is_none() && !w.conference {
            let paused = self.on("start_paused", false) && !self.forced(&w);
            self.now_known(t, Fact::MainBegan { paused });
        }
    }

    fn all_over(&mut self, t: u64, by: &'static str) {
        let w = self.world();
        if w.main.is_some() {
            self.now_known(t, Fact::MainOver(by));
        }
        if w.receipt.is_some() {
            self.now_known(t, Fact::ReceiptOver(by));
        }
    }

    fn session_ends(&mut self, t: u64) {
        self.all_over(t, "end");
        self.now_known(t, Fact::SessionOver);
    }

    fn commands(&mut self, t: u64, command: &Value) {
        let by = command["by"].as_str().unwrap();
        let verb = command["do"].as_str().unwrap();
        let order = command.get("order").and_then(Value::as_str);
        let p = self.number(by, None);
        let against = self.everything_against(p, verb, order);
        if let Some(reason) = PRECEDENCE.iter().find(|reason| against.contains(reason)) {
            self.refused.push(json!({ "at_ms": t, "by": by, "do": verb, "reason": reason }));
            return;
        }
        self.now_known(t, Fact::Did(p, crate::random_histories::verb(verb)));
        match verb {
            "start" | "prompt_accept" => self.main_begins(t),
            "stop" => self.now_known(t, Fact::MainOver("stop")),
            "receipt_start" => self.now_known(t, Fact::ReceiptBegan { order: order.unwrap().into() }),
            "receipt_stop" => self.now_known(t, Fact::ReceiptOver("receipt_stop")),
            _ => {}
        }
    }

    /// Every reason there is, in no order.
    fn everything_against(&self, p: usize, verb: &str, order: Option<&str>) -> Vec<&'static str> {
        let w = self.world();
        let mut against = Vec::new();
        let mut note = |reason: &'static str, holds: bool| {
            if holds {
                against.push(reason);
            }
        };
        let here = w.here.contains(&p);
        let consent = verb.starts_with("consent_");
        let said = Self::said(&w, p);
        let one_of = |verbs: &[&str]| verbs.contains(&verb);
        note("ended", w.over);
        note("no_such_participant", !here);
        if let Some(reason) = self.plain.dead {
            note(reason, !consent);
        }
        note(
            "mode_forbids",
            one_of(&["customer_on", "customer_off"]) && !["agent_only_allow", "receipts_allow"].contains(&self.plain.mode),
        );
        note("forced", self.forced(&w) && one_of(&["stop", "pause", "customer_on", "customer_off"]));
        note("not_host", !consent && self.roles[p] != "agent");
        note("not_permitted", verb == "start" && !self.may_start(p));
        note("not_permitted", one_of(&["censor_on", "censor_off"]) && !self.property(p, "censor_allowed"));
        note("not_permitted", one_of(&["prompt_accept", "prompt_decline"]) && self.prompted() != Some(p));
        note("not_permitted", verb == "consent_grant" && said == Some("declined"));
        note("not_recording", one_of(&["stop", "pause", "resume"]) && w.main.is_none());
        let paused = matches!(w.main, Some(Some(_)));
        note(
            "already",
            match verb {
                "start" => w.main.is_some(),
                "pause" => paused,
                "resume" => !paused,
                "customer_on" => w.customer,
                "customer_off" => !w.customer,
                "censor_on" => w.censor,
                "censor_off" => !w.censor,
                "receipt_start" => w.receipt.is_some(),
                "prompt_accept" => w.prompt_answers > 0 || w.main.is_some(),
                "prompt_decline" => w.prompt_answers > 0,
                "consent_grant" => said == Some("granted"),
                "consent_decline" => said == Some("declined"),
                "consent_withdraw" => said == Some("withdrawn") || said == Some("declined"),
                _ => false,
            },
        );
        note("conference_stopped", w.conference && one_of(&["start", "prompt_accept", "receipt_start"]));
        note(
            "no_such_receipt",
            verb == "receipt_stop" && w.receipt.as_ref().is_none_or(|(_, running)| order.is_some_and(|named| named != &**running)),
        );
        against
    }

    // The answer.

    /// Spans of everybody on one output, as the first facts of the story tell them: `(participant, from, to, gate)`.
    fn spans(&self, facts: usize, which: Which) -> Vec<(usize, u64, u64, &'static str)> {
        let mut spans: Vec<(usize, u64, u64, &'static str)> = Vec::new();
        for i in 0..facts.saturating_sub(1) {
            let (from, to) = (self.story[i].0, self.story[i + 1].0);
            let w = &self.worlds[i + 1];
            if from == to {
                continue;
            }
            let runs = match which {
                Which::Main(n) => w.main.is_some() && w.mains == n,
                Which::Receipt(n) => w.receipt.as_ref().is_some_and(|(running, _)| *running == n),
            };
            if !runs {
                continue;
            }
            for p in &w.here {
                let gate = self.gate(w, *p, matches!(which, Which::Main(_)));
                if gate == "closed" {
                    continue;
                }
                match spans.iter_mut().rev().find(|span| span.0 == *p) {
                    Some(last) if last.2 == from && last.3 == gate => last.2 = to,
                    _ => spans.push((*p, from, to, gate)),
                }
            }
        }
        let w = self.world_after(facts);
        spans.retain(|(p, ..)| !w.answers.iter().any(|(q, word)| q == p && *word == "declined"));
        spans
    }

    fn tell(&self, first_ms: u64) -> Value {
        let w = self.world();
        let mut outputs = Vec::new();
        for n in 1..=w.mains {
            outputs.push(self.tell_main(n));
        }
        for n in 1..=w.receipts {
            outputs.push(self.tell_receipt(n));
        }
        json!({ "outputs": outputs, "states": self.tell_states(first_ms), "refused": self.refused })
    }

    fn index_of(&self, n: usize, is_it: impl Fn(&Fact) -> bool) -> usize {
        self.story.iter().enumerate().filter(|(_, (_, fact))| is_it(fact)).nth(n - 1).unwrap().0
    }

    fn without_spans(&self) -> &'static str {
        if self.world().answers.iter().any(|(_, word)| *word == "declined") { "declined" } else { "too_short" }
    }

    fn conference_took_it_back(&self) -> bool {
        self.plain.conference == "none" && self.world().conference
    }

    fn tell_main(&self, n: usize) -> Value {
        let began = self.index_of(n, |f| matches!(f, Fact::MainBegan { .. }));
        let over = self.index_of(n, |f| matches!(f, Fact::MainOver(_)));
        let Fact::MainOver(by) = &self.story[over].1 else { unreachable!() };
        let skip = !self.plain.silence;
        let mut duration = 0;
        for i in began..over {
            let cut = skip && self.world_after(i + 1).main != Some(None);
            if !cut {
                duration += self.story[i + 1].0 - self.story[i].0;
            }
        }
        let spans = self.spans(self.story.len(), Which::Main(n));
        let shortest = self.settings.get("min_duration_s").and_then(Value::as_u64).unwrap_or(2) * 1000;
        let why_not = if self.conference_took_it_back() {
            Some("conference_none")
        } else if spans.is_empty() {
            Some(self.without_spans())
        } else if duration < shortest {
            Some("too_short")
        } else {
            None
        };
        let key = if n == 1 { "main".to_owned() } else { format!("main:{n}") };
        self.tell_output(key, by, duration, why_not, &spans)
    }

    fn tell_receipt(&self, n: usize) -> Value {
        let order_of = |n: usize| match &self.story[self.index_of(n, |f| matches!(f, Fact::ReceiptBegan { .. }))].1 {
            Fact::ReceiptBegan { order } => order.clone(),
            _ => unreachable!(),
        };
        let began = self.index_of(n, |f| matches!(f, Fact::ReceiptBegan { .. }));
        let over = self.index_of(n, |f| matches!(f, Fact::ReceiptOver(_)));
        let Fact::ReceiptOver(by) = &self.story[over].1 else { unreachable!() };
        let interrupted = |by: &str| by == "third_party" && self.plain.conference == "none";
        let order = order_of(n);
        let number = (1..=n).filter(|m| order_of(*m) == order).count();
        // Replaced: when a later one of the order was complete, both held something by what was known then.
        let mut replaced = false;
        if !self.on("multiple_receipts_per_order", false) {
            for later in n + 1..=self.world().receipts {
                let done = self.index_of(later, |f| matches!(f, Fact::ReceiptOver(_)));
                let Fact::ReceiptOver(by) = &self.story[done].1 else { unreachable!() };
                let known = done + 1;
                replaced |= order_of(later) == order
                    && !interrupted(by)
                    && !self.spans(known, Which::Receipt(later)).is_empty()
                    && !self.spans(known, Which::Receipt(n)).is_empty();
            }
        }
        let spans = self.spans(self.story.len(), Which::Receipt(n));
        let why_not = if interrupted(by) {
            Some("conference_none")
        } else if replaced {
            Some("replaced")
        } else if spans.is_empty() {
            Some(self.without_spans())
        } else {
            None
        };
        let duration = self.story[over].0 - self.story[began].0;
        self.tell_output(format!("receipt:{order}:{number}"), by, duration, why_not, &spans)
    }

    fn tell_output(&self, key: String, by: &str, duration: u64, why_not: Option<&str>, spans: &[(usize, u64, u64, &'static str)]) -> Value {
        // In the order in which people first came in, each one's spans in order of time.
        let mut lanes = Map::new();
        let mut came: Vec<usize> = Vec::new();
        for (_, fact) in &self.story {
            if let Fact::Joined(p, _) = fact
                && !came.contains(p)
            {
                came.push(*p);
            }
        }
        for p in came {
            let own = spans.iter().filter(|span| span.0 == p && why_not.is_none());
            let lane: Vec<Value> = own.map(|(_, from, to, gate)| json!({ "from_ms": from, "to_ms": to, "gate": gate })).collect();
            if !lane.is_empty() {
                lanes.insert(self.names[p].clone(), Value::Array(lane));
            }
        }
        let mut output = json!({ "output": key, "kept": why_not.is_none() });
        if let Some(why) = why_not {
            output["reason"] = json!(why);
        }
        output["ended_by"] = json!(by);
        output["duration_ms"] = json!(duration);
        output["spans"] = Value::Object(lanes);
        output
    }

    fn tell_states(&self, first_ms: u64) -> Vec<Value> {
        let mut told: Vec<(u64, &'static str)> = Vec::new();
        let mut instants: Vec<u64> = std::iter::once(first_ms).chain(self.story.iter().map(|(t, _)| *t)).collect();
        instants.dedup();
        for t in instants {
            let known = self.story.iter().take_while(|(at, _)| *at <= t).count();
            let state = self.state(&self.world_after(known));
            if told.last().is_none_or(|(_, before)| *before != state) {
                told.push((t, state));
            }
        }
        told.iter().map(|(t, state)| json!({ "at_ms": t, "state": state })).collect()
    }

    fn state(&self, w: &World) -> &'static str {
        let gates = |main: bool| w.here.iter().map(move |p| self.gate(w, *p, main));
        let anybody =
            (w.main.is_some() && gates(true).any(|g| g != "closed")) || (w.receipt.is_some() && gates(false).any(|g| g != "closed"));
        let asked = self.plain.consent != "not_required";
        if self.plain.dead.is_some() {
            "disabled"
        } else if w.main.is_none() && w.receipt.is_none() {
            if w.mains + w.receipts > 0 || w.conference { "stopped" } else { "idle" }
        } else if matches!(w.main, Some(Some(_))) && w.receipt.is_none() {
            "paused"
        } else if !anybody {
            if asked && w.here.iter().any(|p| Self::said(w, *p).is_none()) { "awaiting_consent" } else { "idle" }
        } else if w.censor {
            "censored"
        } else if self.forced(w) && self.caller_refused(w) {
            "automatic_without_caller"
        } else {
            "recording"
        }
    }
}

#[derive(Clone, Copy)]
enum Which {
    Main(usize),
    Receipt(usize),
}
