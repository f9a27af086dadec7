//! The machine against the second model, over random histories.

use std::collections::BTreeMap;

use ferric::policy::scenario::simulate;
use serde_json::Value;

use crate::{random_histories, second_model};

/// `FERRIC_HISTORIES` asks for another number; every history has its own seed, from 0.
const HISTORIES: u64 = 100_000;

/// How often something came to pass, as `state paused` or `accepted censor_on`.
#[derive(Default)]
struct Seen {
    times: BTreeMap<String, i64>,
    name: String,
}

impl Seen {
    fn add(&mut self, what: &str, value: &Value, times: i64) {
        self.name.clear();
        self.name.push_str(what);
        self.name.push_str(value.as_str().unwrap_or("-"));
        match self.times.get_mut(&self.name) {
            Some(known) => *known += times,
            None => {
                self.times.insert(self.name.clone(), times);
            }
        }
    }

    fn all(&mut self, scenario: &Value, answer: &Value) {
        for event in scenario["events"].as_array().unwrap() {
            if let Some(command) = event.get("command") {
                self.add("accepted ", &command["do"], 1);
            }
        }
        for refused in answer["refused"].as_array().unwrap() {
            self.add("accepted ", &refused["do"], -1);
            self.add("refused ", &refused["reason"], 1);
        }
        for state in answer["states"].as_array().unwrap() {
            self.add("state ", &state["state"], 1);
        }
        for output in answer["outputs"].as_array().unwrap() {
            self.add("ended_by ", &output["ended_by"], 1);
            self.add("kept ", &output["reason"], 1);
        }
    }
}

/// Whether both give the same answer, byte for byte.
fn agree(seed: u64, seen: &mut Seen) -> Result<(), String> {
    let scenario = random_histories::scenario(seed);
    let machine = simulate(&scenario.to_string()).map_err(|e| format!("seed {seed}: {e}"))?;
    let model = second_model::answer(&scenario);
    seen.all(&scenario, &model);
    let model = serde_json::to_string_pretty(&model).unwrap();
    if machine == model {
        return Ok(());
    }
    Err(format!("seed {seed}\n{scenario:#}\nmachine {machine}\nmodel {model}"))
}

#[test]
fn over_a_hundred_thousand_random_histories() {
    let histories = std::env::var("FERRIC_HISTORIES").map_or(HISTORIES, |n| n.parse().expect("a number"));
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    for seed in (worker..histories).step_by(threads as usize) {
                        agree(seed, &mut seen)?;
                    }
                    Ok::<_, String>(seen.times)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut seen: BTreeMap<String, i64> = BTreeMap::new();
    for result in results {
        for (what, times) in result.unwrap_or_else(|difference| panic!("{difference}")) {
            *seen.entry(what).or_insert(0) += times;
        }
    }
    // Agreement is worth something only where everything came to pass, and not once.
    for what in [
        "state idle",
        "state awaiting_consent",
        "state recording",
        "state paused",
        "state censored",
        "state automatic_without_caller",
        "state stopped",
        "state disabled",
        "refused ended",
        "refused no_such_participant",
        "refused recording_disabled",
        "refused mode_forbids",
        "refused forced",
        "refused not_host",
        "refused not_permitted",
        "refused not_recording",
        "refused already",
        "refused conference_stopped",
        "refused no_such_receipt",
        "ended_by end",
        "ended_by stop",
        "ended_by receipt_stop",
        "ended_by max_duration",
        "ended_by host_left",
        "ended_by last_left",
        "ended_by third_party",
        "kept -",
        "kept conference_none",
        "kept replaced",
        "kept too_short",
        "kept declined",
        "accepted start",
        "accepted stop",
        "accepted pause",
        "accepted resume",
        "accepted customer_on",
        "accepted customer_off",
        "accepted censor_on",
        "accepted censor_off",
        "accepted receipt_start",
        "accepted receipt_stop",
        "accepted prompt_accept",
        "accepted prompt_decline",
        "accepted consent_grant",
        "accepted consent_decline",
        "accepted consent_withdraw",
    ] {
        assert!(seen.get(what).copied().unwrap_or(0) >= 200, "hardly ever: {what}\n{seen:#?}");
    }
}
