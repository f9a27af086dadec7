//! Whether what was recorded is what the simulator says, and nothing else: rows, spans, tones in the files, packets on the tape.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecClient};
use serde_json::Value;

use crate::browser::Browser;
use crate::call::{self, Lived};
use crate::marks::{self, WINDOW};
use crate::party;
use crate::room;
use crate::running_node::RunningNode;
use crate::scenario::Scenario;
use crate::simulated;
use crate::taped::Tape;

/// How far the edge of a tone may lie from where the simulator has it.
const EDGE_MS: f64 = 60.0;
/// A tone that should be there is at least this loud, of its own level.
const THERE: f64 = 0.5;
/// One that should not be there is at most this loud, 22 dB below the tones, in two windows on end: a packet has that length at least, while the edge of
/// another's tone, which sounds like everything, has one window. In a single window it is at most `EDGE_OF_ANOTHER`. What does not stand out of what sounds
/// beside it is such an edge however long.
const NOT_THERE: f64 = 0.02;
const EDGE_OF_ANOTHER: f64 = 0.08;
/// The tape counts nanoseconds, the simulator is told milliseconds: what a limit of several of them ends may lie one beside.
const ROUNDING_MS: u64 = 1;
/// Within this a sender that is asked for a keyframe has sent one.
const KEYFRAME_MS: f64 = 1200.0;
/// How much of its sound a browser on a busy machine sends at least; where it stumbles there is nothing to be heard.
const BROWSER_HICCUPS: f64 = 0.85;
/// Packets on the wire last 20 ms; a gate that opens again takes none for 20 ms more.
const PACKET_MS: f64 = 20.0;

/// Lives scenarios side by side on one node and holds each against the simulator. Every disagreement of all of them is told at once.
pub async fn hold(scenarios: Vec<Scenario>) {
    let folder = tempfile::tempdir().unwrap();
    let environment = [("FERRIC_DATA_KEEP_TAPE_DAYS", "1"), ("FERRIC_RENDER_LAYOUT", "grid")];
    let node = RunningNode::start_with(&folder.path().join("data"), &environment);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let browser = if scenarios.iter().any(|scenario| scenario.is_room) { Some(Browser::start().await) } else { None };
    let lives = scenarios.iter().enumerate().map(|(i, scenario)| {
        let (node, client, pump, browser) = (&node, Arc::clone(&client), &pump, &browser);
        async move {
            // Not all of them at the very same instant.
            tokio::time::sleep(Duration::from_millis(130) * i as u32).await;
            match browser.as_ref().filter(|_| scenario.is_room) {
                Some(browser) => room::live(node, browser, scenario).await,
                None => call::live(node, &client, pump, scenario).await,
            }
        }
    });
    let lived = futures::future::join_all(lives).await;
    drop(browser);
    let mut wrong = Vec::new();
    for (scenario, lived) in scenarios.iter().zip(&lived) {
        let mut check = Check::begin(scenario, lived, &node, folder.path()).await;
        check.everything().await;
        wrong.append(&mut check.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

struct Check<'c> {
    scenario: &'c Scenario,
    lived: &'c Lived,
    node: &'c RunningNode,
    folder: &'c Path,
    rows: Vec<Value>,
    tape: Tape,
    told: Value,
    /// Id and name of everybody who was in.
    people: Vec<(String, String)>,
    wrong: Vec<String>,
}

/// The rows of a session, once nothing more is being done with them and its tape is put away.
async fn settled(node: &RunningNode, session: &str, name: &str) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_mins(1);
    let done = node.data.join("spool").join(session).join("stored");
    loop {
        let list = node.get(&format!("/v1/recordings?session={session}&limit=200")).await;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        if done.exists() && items.iter().all(|row| row["state"] == "ready" || row["state"] == "discarded") {
            return items;
        }
        assert!(items.iter().all(|row| row["state"] != "failed"), "{name}: {list:#}");
        assert!(Instant::now() < deadline, "{name} is not put away: {list:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Open spans of a participant on an output, in milliseconds of session time.
fn open_spans(output: &Value, id: &str) -> Vec<(f64, f64)> {
    let spans = output["spans"][id].as_array().into_iter().flatten().filter(|span| span["gate"] == "open");
    spans.map(|span| (span["from_ms"].as_f64().unwrap(), span["to_ms"].as_f64().unwrap())).collect()
}

impl<'c> Check<'c> {
    async fn begin(scenario: &'c Scenario, lived: &'c Lived, node: &'c RunningNode, folder: &'c Path) -> Self {
        let rows = settled(node, &lived.session, scenario.name).await;
        let tape = Tape::read(&node.data.join("spool").join(&lived.session));
        let told = simulated::simulate(&simulated::scenario_of(&tape, &scenario.settings));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut people: Vec<(String, String)> =
            tape.of("joined").map(|(_, event)| (text(&event["party"]["id"]), text(&event["party"]["name"]))).collect();
        people.sort();
        people.dedup();
        Self { scenario, lived, node, folder, rows, tape, told, people, wrong: Vec::new() }
    }

    fn hold(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(format!("{}: {}", self.scenario.name, what()));
        }
    }

    async fn everything(&mut self) {
        self.outcome();
        self.refusals();
        self.states();
        self.packets();
        let outputs = self.told["outputs"].as_array().unwrap().clone();
        self.hold(outputs.len() == self.rows.len(), || "another number of recordings".to_owned());
        for output in outputs {
            self.output(&output).await;
        }
    }

    /// The simulator itself says what the scenario's author meant.
    fn outcome(&mut self) {
        let outputs = self.told["outputs"].as_array().unwrap();
        let lines: Vec<String> = outputs
            .iter()
            .map(|o| {
                let line = format!("{} {}", o["output"].as_str().unwrap(), o["ended_by"].as_str().unwrap());
                o["reason"].as_str().map_or(line.clone(), |reason| format!("{line} ! {reason}"))
            })
            .collect();
        let meant = &self.scenario.outcome;
        self.hold(lines == *meant, || format!("simulated {lines:?}, meant {meant:?}"));
    }

    fn refusals(&mut self) {
        let row = |r: &Value| ["by", "do", "reason"].map(|key| r[key].as_str().unwrap().to_owned());
        let told: Vec<[String; 3]> = self.told["refused"].as_array().unwrap().iter().map(row).collect();
        let answered: Vec<[String; 3]> =
            self.lived.refused.iter().map(|(by, verb, reason)| [by.clone(), verb.clone(), reason.clone()]).collect();
        self.hold(told == answered, || format!("simulated refusals {told:?}, answered {answered:?}"));
    }

    fn states(&mut self) {
        let told: Vec<(u64, String)> = self.told["states"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["at_ms"].as_u64().unwrap(), s["state"].as_str().unwrap().to_owned()))
            .collect();
        let first = told.first().map_or(0, |(at, _)| *at);
        // After all events of an instant, from the first event's instant on, where it differs from the one before.
        let mut seen: Vec<(u64, String)> = Vec::new();
        for (at, event) in self.tape.of("state") {
            let at = at.max(first);
            seen.retain(|(before, _)| *before != at);
            if seen.last().is_none_or(|(_, state)| *state != event["state"].as_str().unwrap()) {
                seen.push((at, event["state"].as_str().unwrap().to_owned()));
            }
        }
        let near = seen.len() == told.len() && seen.iter().zip(&told).all(|(a, b)| a.0.abs_diff(b.0) <= ROUNDING_MS && a.1 == b.1);
        self.hold(near, || format!("states {seen:?}, simulated {told:?}"));
    }

    /// When a party's tone was sent, in session time.
    fn spoke(&self, name: &str) -> Vec<(f64, f64)> {
        let of_them = self.lived.spoke.iter().filter(|(who, ..)| *who == name);
        of_them.map(|(_, from, to)| (self.tape.session_ms(*from), self.tape.session_ms(*to))).collect()
    }

    /// On the tape is what somebody's gate let in, by arrival, to the packet, and all of it.
    fn packets(&mut self) {
        let outputs = self.told["outputs"].as_array().unwrap();
        let erased: Vec<&str> = self.tape.of("erased").map(|(_, event)| event["participant"].as_str().unwrap()).collect();
        let mut wrong = Vec::new();
        for (id, name) in &self.people {
            // What a discarded output let in is on the tape, though the simulator tells no spans of it: the gates say when.
            let allowed = gates(&self.tape, id);
            let is_erased = erased.contains(&id.as_str());
            let own: Vec<_> = self.tape.packets.iter().filter(|p| p.participant == *id).collect();
            for output in outputs {
                for (from, to) in open_spans(output, id) {
                    let rounding = ROUNDING_MS as f64;
                    let within = allowed.iter().any(|(a, b)| *a <= from + rounding && to <= *b + rounding);
                    if !within {
                        wrong.push(format!("{name} is simulated open from {from} to {to} ms, and was by the gates {allowed:?}"));
                    }
                }
            }
            if is_erased && !own.is_empty() {
                wrong.push(format!("{} packets of {name}, who declined, can be read on the tape", own.len()));
            }
            for packet in &own {
                let at = packet.at_ns as f64 / 1e6;
                if !allowed.iter().any(|(from, to)| *from <= at && at < *to + 1.0) {
                    wrong.push(format!("a packet of {name} that arrived at {at:.3} ms is on the tape; the gates were open {allowed:?}"));
                    break;
                }
                let foreign =
                    party::names().filter(|other| other != name).find(|other| marks::amplitude(&packet.samples, party::hz(other)) > 0.02);
                if let Some(other) = foreign {
                    wrong.push(format!("{other} sounds in a packet of {name} at {at:.3} ms"));
                    break;
                }
                if marks::amplitude(&packet.samples, party::hz(name)) < 0.2 {
                    wrong.push(format!("a packet of {name} at {at:.3} ms lacks their tone"));
                    break;
                }
            }
            for (from, to) in if is_erased { Vec::new() } else { both(&allowed, &self.spoke(name)) } {
                let count = own.iter().filter(|p| p.is_sound && (from..to).contains(&(p.at_ns as f64 / 1e6))).count() as f64;
                let whole = if self.scenario.is_room { BROWSER_HICCUPS } else { 1.0 };
                let meant = (to - from - 2.0 * EDGE_MS) / PACKET_MS * whole;
                if count < meant {
                    wrong.push(format!("{count} packets of {name} from {from:.0} to {to:.0} ms, at least {meant:.0} were sent"));
                }
            }
        }
        for what in wrong {
            self.hold(false, || what);
        }
    }

    async fn output(&mut self, output: &Value) {
        let key = output["output"].as_str().unwrap().to_owned();
        let Some(row) = self.rows.iter().find(|row| row["output"] == key.as_str()).cloned() else {
            return self.hold(false, || format!("there is no recording of {key}"));
        };
        let state = if output["kept"] == true { "ready" } else { "discarded" };
        self.hold(row["state"] == state && row["discarded"].as_str() == output["reason"].as_str(), || {
            format!("{key} is {} {}, simulated {state} {}", row["state"], row["discarded"], output["reason"])
        });
        self.hold(row["ended_by"] == output["ended_by"], || {
            format!("{key} ended by {}, simulated {}", row["ended_by"], output["ended_by"])
        });
        let id = row["id"].as_str().unwrap().to_owned();
        if state == "discarded" {
            let left = self.node.data.join("store/recordings").join(&id);
            let holds = std::fs::read_dir(&left).is_ok_and(|mut files| files.next().is_some());
            self.hold(!holds, || format!("{key} is discarded, and files of it are in the store"));
            return;
        }
        let (told, simulated) = (row["duration_ms"].as_f64().unwrap_or_default(), output["duration_ms"].as_f64().unwrap());
        self.hold((told - simulated).abs() <= EDGE_MS, || format!("{key} lasts {told} ms, simulated {simulated} ms"));
        let manifest = self.node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
        self.spans_of(&key, &manifest, output);
        let file = self.node.fetch_mp4(&id, self.folder).await;
        self.tones(&key, &manifest, output, &file);
        if self.scenario.is_room {
            self.colours(&key, &manifest, output, &file);
            self.stills(&key, &id, &manifest, output).await;
        }
    }

    /// The manifest tells the same spans, to the millisecond and a rounding.
    fn spans_of(&mut self, key: &str, manifest: &Value, output: &Value) {
        let flat = |spans: &Value| -> Vec<(String, u64, u64, String)> {
            let mut all: Vec<_> = spans
                .as_object()
                .unwrap()
                .iter()
                .flat_map(|(id, spans)| spans.as_array().unwrap().iter().map(move |span| (id, span)))
                .map(|(id, s)| {
                    (id.clone(), s["from_ms"].as_u64().unwrap(), s["to_ms"].as_u64().unwrap(), s["gate"].as_str().unwrap().to_owned())
                })
                .collect();
            all.sort();
            all
        };
        let (told, simulated) = (flat(&manifest["spans"]), flat(&output["spans"]));
        let near = |a: u64, b: u64| a.abs_diff(b) <= ROUNDING_MS;
        let same = told.len() == simulated.len()
            && told.iter().zip(&simulated).all(|(a, b)| a.0 == b.0 && near(a.1, b.1) && near(a.2, b.2) && a.3 == b.3);
        self.hold(same, || format!("{key}: the manifest's spans {told:?}, simulated {simulated:?}"));
    }

    /// Every party's tone, window for window.
    fn tones(&mut self, key: &str, manifest: &Value, output: &Value, file: &Path) {
        let channels = marks::decode(file);
        let session_ms = session_time(manifest);
        for name in party::names() {
            let ids: Vec<&String> = self.people.iter().filter(|(_, named)| named == name).map(|(id, _)| id).collect();
            let allowed: Vec<(f64, f64)> = ids.iter().flat_map(|id| open_spans(output, id)).collect();
            let audible = both(&allowed, &self.spoke(name));
            let mut missing: Vec<f64> = Vec::new();
            let mut leaked: Vec<(f64, f64)> = Vec::new();
            let mut heard = 0;
            for (side, channel) in party::sides(name, self.scenario.is_room).iter().zip(&channels) {
                let (mut before, mut weak) = ((0.0, false), false);
                for (n, window) in channel.chunks_exact(WINDOW).enumerate() {
                    let own = (n * 10) as f64;
                    let (from, to) = (session_ms(own), session_ms(own) + 10.0);
                    let loud = marks::amplitude(window, party::hz(name));
                    let should = *side > 0.0 && audible.iter().any(|(a, b)| a + EDGE_MS <= from && to <= b - EDGE_MS);
                    let may = *side > 0.0 && allowed.iter().any(|(a, b)| a - EDGE_MS <= from && to <= b + EDGE_MS);
                    // Where a sender's clock is corrected by half a wave, a single window holds two halves that cancel each other out.
                    let is_weak = should && loud < side * THERE;
                    if is_weak && weak {
                        missing.push(from);
                    }
                    weak = is_weak;
                    let unwanted = if may { (0.0, false) } else { (loud, marks::stands_out(window, party::hz(name))) };
                    let is_loud = unwanted.0.min(before.0) > NOT_THERE || unwanted.0 > EDGE_OF_ANOTHER;
                    if is_loud && (unwanted.1 || before.1) {
                        leaked.push((from, (loud * 1000.0).round() / 1000.0));
                    }
                    before = unwanted;
                    heard += usize::from(should);
                }
            }
            let long_enough = audible.iter().any(|(a, b)| b - a > 3.0 * EDGE_MS);
            self.hold(heard > 0 || !long_enough, || format!("{key}: not a window of {name}'s {audible:?} was looked at"));
            let stumbled = self.scenario.is_room && (missing.len() as f64) < heard as f64 * (1.0 - BROWSER_HICCUPS);
            self.hold(missing.is_empty() || stumbled, || {
                format!("{key}: {name} is not heard at {missing:?} of session time; open {allowed:?}, spoke {audible:?}")
            });
            self.hold(leaked.is_empty(), || format!("{key}: {name} is heard at {leaked:?} of session time; open only {allowed:?}"));
        }
    }

    /// Every party's colour, picture for picture.
    fn colours(&mut self, key: &str, manifest: &Value, output: &Value, file: &Path) {
        let pictures = marks::pictures(file);
        let session_ms = session_time(manifest);
        for name in party::names() {
            let ids: Vec<&String> = self.people.iter().filter(|(_, named)| named == name).map(|(id, _)| id).collect();
            let allowed: Vec<(f64, f64)> = ids.iter().flat_map(|id| open_spans(output, id)).collect();
            let visible = both(&allowed, &self.spoke(name));
            let (mut missing, mut leaked) = (Vec::new(), Vec::new());
            for (n, picture) in pictures.iter().enumerate() {
                let at = session_ms((n * 20) as f64);
                let seen = marks::pixels(picture, party::colour(name));
                // A picture begins with a keyframe, which the sender makes when it is asked.
                let should = visible.iter().any(|(a, b)| a + KEYFRAME_MS <= at && at + 20.0 <= b - EDGE_MS);
                let may = allowed.iter().any(|(a, b)| a - EDGE_MS <= at && at + 20.0 <= b + EDGE_MS);
                if should && seen < 100 {
                    missing.push(at);
                }
                if !may && seen > 2 {
                    leaked.push((at, seen));
                }
            }
            self.hold(missing.is_empty(), || {
                format!("{key}: {name} is not seen at {missing:?} of session time; open {allowed:?}, sent {visible:?}")
            });
            self.hold(leaked.is_empty(), || format!("{key}: {name} is seen at {leaked:?} of session time; open only {allowed:?}"));
        }
    }

    /// Poster and thumbnails show nobody who is not in the recording.
    async fn stills(&mut self, key: &str, id: &str, manifest: &Value, output: &Value) {
        let names: Vec<String> = manifest["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect();
        let stills = names.iter().filter(|name| name.ends_with(".jpg"));
        let mut looked_at = 0;
        for still in stills {
            let bytes = self.node.bytes(&format!("/v1/recordings/{id}/files/{still}")).await;
            let rgb = image::load_from_memory(&bytes).unwrap().to_rgb8().into_raw();
            looked_at += 1;
            for name in party::names() {
                let is_in = self.people.iter().any(|(id, named)| named == name && !open_spans(output, id).is_empty());
                let seen = marks::pixels(&rgb, party::colour(name));
                self.hold(is_in || seen < 20, || format!("{key}: {name} is seen in {still}, {seen} pixels"));
            }
        }
        self.hold(looked_at >= 2, || format!("{key}: too few stills among {names:?}"));
    }
}

/// From the time of a recording to that of its session.
fn session_time(manifest: &Value) -> impl Fn(f64) -> f64 {
    let offset = manifest["session_offset_ms"].as_f64().unwrap();
    let cut = |cut: &Value| (cut["at_ms"].as_f64().unwrap(), cut["skipped_ms"].as_f64().unwrap());
    let cuts: Vec<(f64, f64)> = manifest["cuts"].as_array().unwrap().iter().map(cut).collect();
    move |own| own + offset + cuts.iter().filter(|(at, _)| *at <= own).map(|(_, skipped)| skipped).sum::<f64>()
}

/// Where both lists of spans hold.
fn both(one: &[(f64, f64)], other: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
    pairs.filter(|(from, to)| from < to).collect()
}

/// When any output took a participant's media, by the tape's `gate` events.
fn gates(tape: &Tape, id: &str) -> Vec<(f64, f64)> {
    let mut open: Vec<String> = Vec::new();
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for line in &tape.events {
        let (at, event) = (line["at_ms"].as_f64().unwrap(), &line["event"]);
        let before = open.len();
        match event["event"].as_str().unwrap() {
            "gate" if event["participant"] == id => {
                let output = event["output"].as_str().unwrap();
                open.retain(|other| other != output);
                if event["gate"] == "open" {
                    open.push(output.to_owned());
                }
            }
            "output_ended" => open.retain(|other| event["output"] != other.as_str()),
            _ => {}
        }
        match (before, open.len()) {
            (0, 1) => spans.push((at, f64::INFINITY)),
            (1, 0) => spans.last_mut().unwrap().1 = at,
            _ => {}
        }
    }
    // Spans that only touch are one: a gate that closes and opens within one instant.
    spans
}
