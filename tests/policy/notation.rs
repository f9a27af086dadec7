//! A short way to write scenarios and answers, so that a table fits a page. Nothing is decided here: it is JSON in another dress.
//!
//! Events, one a line: `0 join a1 agent`, `0 join a2 agent initiator`, `5 leave a1`, `7 a1 receipt_start O-1`, `9 end`. Times are seconds
//! (`1.5` = 1500 ms). Answers: `main end 30: a1 0-30, c1 10-20 masked`, `main:2 not kept, too_short, stop 1`, `states 0 recording, 30 stopped`,
//! `refused 4 c1 stop not_host`.

use std::fmt::Write;

use ferric::policy::scenario::simulate;
use serde_json::{Value, json};

fn ms(seconds: &str) -> u64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part = format!("{part:0<3}");
    whole.parse::<u64>().expect("seconds") * 1000 + part.parse::<u64>().expect("milliseconds")
}

fn seconds(ms: &Value) -> String {
    let ms = ms.as_u64().expect("whole milliseconds");
    let mut text = format!("{}.{:03}", ms / 1000, ms % 1000);
    while text.ends_with('0') {
        text.pop();
    }
    text.trim_end_matches('.').to_owned()
}

/// The events as JSON.
pub fn events(text: &str) -> Value {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at_ms = ms(words[0]);
            match &words[1..] {
                ["end"] => json!({ "at_ms": at_ms, "end": {} }),
                ["leave", who] => json!({ "at_ms": at_ms, "leave": { "participant": who } }),
                ["join", who, role] => json!({ "at_ms": at_ms, "join": { "participant": who, "role": role } }),
                ["join", who, role, "initiator"] => {
                    json!({ "at_ms": at_ms, "join": { "participant": who, "role": role, "initiator": true } })
                }
                [by, verb] => json!({ "at_ms": at_ms, "command": { "by": by, "do": verb } }),
                [by, verb, order] => json!({ "at_ms": at_ms, "command": { "by": by, "do": verb, "order": order } }),
                _ => panic!("not an event: {line}"),
            }
        })
        .collect()
}

fn told(answer: &Value) -> String {
    let mut out = String::new();
    for output in answer["outputs"].as_array().expect("outputs") {
        let name = output["output"].as_str().expect("name");
        let ended = format!("{} {}", output["ended_by"].as_str().expect("ended_by"), seconds(&output["duration_ms"]));
        let spans = output["spans"].as_object().expect("spans");
        if output["kept"] == json!(true) {
            assert!(output.get("reason").is_none(), "a kept output has no reason: {output}");
            let mut all = Vec::new();
            for (who, theirs) in spans {
                for span in theirs.as_array().expect("spans") {
                    let masked = match span["gate"].as_str() {
                        Some("open") => "",
                        Some("masked") => " masked",
                        other => panic!("no gate of a span: {other:?}"),
                    };
                    all.push(format!("{who} {}-{}{masked}", seconds(&span["from_ms"]), seconds(&span["to_ms"])));
                }
            }
            assert!(!all.is_empty(), "a kept output holds something: {output}");
            writeln!(out, "{name} {ended}: {}", all.join(", ")).expect("written");
        } else {
            assert!(spans.is_empty(), "a discarded output shows no spans: {output}");
            writeln!(out, "{name} not kept, {}, {ended}", output["reason"].as_str().expect("reason")).expect("written");
        }
    }
    let states: Vec<String> = answer["states"]
        .as_array()
        .expect("states")
        .iter()
        .map(|row| format!("{} {}", seconds(&row["at_ms"]), row["state"].as_str().expect("state")))
        .collect();
    writeln!(out, "states {}", states.join(", ")).expect("written");
    for row in answer["refused"].as_array().expect("refused") {
        let text = |key: &str| row[key].as_str().expect("text").to_owned();
        writeln!(out, "refused {} {} {} {}", seconds(&row["at_ms"]), text("by"), text("do"), text("reason")).expect("written");
    }
    out
}

/// The answer to a scenario, as JSON.
pub fn answer(settings: &Value, events: &Value) -> Value {
    let scenario = json!({ "settings": settings, "events": events }).to_string();
    let text = simulate(&scenario).unwrap_or_else(|e| panic!("{e}\n{scenario}"));
    serde_json::from_str(&text).expect("the answer is JSON")
}

/// Plays a scenario and compares the whole answer.
#[track_caller]
pub fn plays(settings: Value, history: &str, expected: &str) {
    let given = told(&answer(&settings, &events(history)));
    let clean = |text: &str| text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(clean(&given), clean(expected), "\nsettings {settings}\n{history}\ngiven:\n{given}");
}

/// Plays a scenario and gives the refusals only.
pub fn refusals(settings: Value, history: &str) -> Vec<String> {
    told(&answer(&settings, &events(history))).lines().filter_map(|line| line.strip_prefix("refused ")).map(str::to_owned).collect()
}

/// Plays a scenario and gives the states only.
pub fn states(settings: Value, history: &str) -> String {
    told(&answer(&settings, &events(history))).lines().find_map(|line| line.strip_prefix("states ")).expect("states").to_owned()
}
