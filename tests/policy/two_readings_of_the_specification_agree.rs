//! The machine against the second model, over random histories.

use std::collections::BTreeMap;

use ferric::policy::scenario::simulate;
use serde_json::Value;

use crate::{random_histories, second_model};

/// `FERRIC_HISTORIES` asks for another number; every history has its own seed, from 0.
const HISTORIES: u64 = 20_000;

/// Whether two parsed answers are the same, but for the order of keys.
fn agree(seed: u64, seen: &mut BTreeMap<String, usize>) -> Result<(), String> {
    let scenario = random_histories::scenario(seed);
    let machine: Value = serde_json::from_str(&simulate(&scenario.to_string()).map_err(|e| format!("seed {seed}: {e}"))?).unwrap();
    let model = second_model::answer(&scenario);
    for state in machine["states"].as_array().unwrap() {
        *seen.entry(format!("state {}", state["state"])).or_default() += 1;
    }
    for refused in machine["refused"].as_array().unwrap() {
        *seen.entry(format!("refused {}", refused["reason"])).or_default() += 1;
    }
    for output in machine["outputs"].as_array().unwrap() {
        *seen.entry(format!("ended_by {}", output["ended_by"])).or_default() += 1;
        *seen.entry(format!("kept {} {}", output["kept"], output["reason"])).or_default() += 1;
    }
    if machine == model {
        return Ok(());
    }
    Err(format!("seed {seed}\n{scenario:#}\nmachine {machine:#}\nmodel {model:#}"))
}

#[test]
fn over_twenty_thousand_random_histories() {
    let histories = std::env::var("FERRIC_HISTORIES").map_or(HISTORIES, |n| n.parse().expect("a number"));
    let mut seen = BTreeMap::new();
    let threads = 2;
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    let mut seen = BTreeMap::new();
                    for seed in (worker..histories).step_by(threads as usize) {
                        agree(seed, &mut seen)?;
                    }
                    Ok::<_, String>(seen)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    for result in results {
        for (what, times) in result.unwrap_or_else(|difference| panic!("{difference}")) {
            *seen.entry(what).or_insert(0) += times;
        }
    }
    // Agreement is worth something only where everything came to pass, and not once.
    for what in [
        "state \"idle\"",
        "state \"awaiting_consent\"",
        "state \"recording\"",
        "state \"paused\"",
        "state \"censored\"",
        "state \"automatic_without_caller\"",
        "state \"stopped\"",
        "state \"disabled\"",
        "refused \"ended\"",
        "refused \"no_such_participant\"",
        "refused \"recording_disabled\"",
        "refused \"mode_forbids\"",
        "refused \"forced\"",
        "refused \"not_host\"",
        "refused \"not_permitted\"",
        "refused \"not_recording\"",
        "refused \"already\"",
        "refused \"conference_stopped\"",
        "refused \"no_such_receipt\"",
        "ended_by \"end\"",
        "ended_by \"stop\"",
        "ended_by \"receipt_stop\"",
        "ended_by \"max_duration\"",
        "ended_by \"host_left\"",
        "ended_by \"last_left\"",
        "ended_by \"third_party\"",
        "kept true null",
        "kept false \"conference_none\"",
        "kept false \"replaced\"",
        "kept false \"too_short\"",
        "kept false \"declined\"",
    ] {
        assert!(seen.get(what).copied().unwrap_or(0) >= 50, "hardly ever: {what}\n{seen:#?}");
    }
}
