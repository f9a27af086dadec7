//! Of every answer to a random scenario: spans in order, apart, of some length, inside their output, and none of who declined.

use ferric::policy::scenario::simulate;
use serde_json::Value;

use crate::random_histories;

fn check(seed: u64) -> Result<(), String> {
    let scenario = random_histories::scenario(seed);
    let answer: Value = serde_json::from_str(&simulate(&scenario.to_string()).map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    let events = scenario["events"].as_array().ok_or("events")?;
    let first = events[0]["at_ms"].as_u64().ok_or("at_ms")?;
    let last = events[events.len() - 1]["at_ms"].as_u64().ok_or("at_ms")?;
    let refused = answer["refused"].as_array().ok_or("refused")?;
    let declines = |who: &str| {
        let is_one = |row: &&Value, key: &str| row[key]["by"] == who && row[key]["do"] == "consent_decline";
        let asked = events.iter().filter(|event| is_one(event, "command")).count();
        let turned_down = refused.iter().filter(|row| row["by"] == who && row["do"] == "consent_decline").count();
        asked > turned_down
    };
    for output in answer["outputs"].as_array().ok_or("outputs")? {
        let kept = output["kept"].as_bool().ok_or("kept")?;
        let spans = output["spans"].as_object().ok_or("spans")?;
        if kept == spans.is_empty() {
            return Err(format!("kept {kept} with {} lanes", spans.len()));
        }
        if output["duration_ms"].as_u64().ok_or("duration")? > last - first {
            return Err("longer than its session".to_owned());
        }
        for (who, lane) in spans {
            if declines(who) {
                return Err(format!("{who} declined and is there"));
            }
            let mut before: Option<(u64, &Value)> = None;
            for span in lane.as_array().ok_or("lane")? {
                let (from, to) = (span["from_ms"].as_u64().ok_or("from")?, span["to_ms"].as_u64().ok_or("to")?);
                if from >= to || from < first || to > last {
                    return Err(format!("{who} {span}"));
                }
                if let Some((end, gate)) = before
                    && (from < end || (from == end && *gate == span["gate"]))
                {
                    return Err(format!("{who}: {span} after {end}"));
                }
                before = Some((to, &span["gate"]));
            }
        }
    }
    for pair in answer["states"].as_array().ok_or("states")?.windows(2) {
        if pair[0]["state"] == pair[1]["state"] || pair[0]["at_ms"].as_u64() >= pair[1]["at_ms"].as_u64() {
            return Err(format!("states {pair:?}"));
        }
    }
    Ok(())
}

#[test]
fn in_three_thousand_random_scenarios() {
    for seed in 1_000_000..1_003_000 {
        check(seed).unwrap_or_else(|why| panic!("seed {seed}: {why}\n{:#}", random_histories::scenario(seed)));
    }
}
