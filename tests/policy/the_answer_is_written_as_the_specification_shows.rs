//! recording-policy.md §8: the example, to the byte where a byte is fixed.

use ferric::policy::scenario::simulate;
use serde_json::{Value, json};

const EXAMPLE: &str = r#"
{ "settings": { "record_mode": "receipts_forbid", "conference_mode": "all", "trigger": "auto_first" },
  "events": [
    { "at_ms": 0,     "join": { "participant": "a1", "role": "agent" } },
    { "at_ms": 0,     "join": { "participant": "c1", "role": "customer" } },
    { "at_ms": 10000, "command": { "by": "a1", "do": "receipt_start", "order": "O-77" } },
    { "at_ms": 20000, "command": { "by": "a1", "do": "receipt_stop" } },
    { "at_ms": 30000, "leave": { "participant": "c1" } },
    { "at_ms": 30000, "end": {} } ] }
"#;

const ANSWER: &str = r#"
{ "outputs": [ { "output": "main", "kept": true, "ended_by": "end", "duration_ms": 30000,
      "spans": { "a1": [ { "from_ms": 0, "to_ms": 30000, "gate": "open" } ],
                 "c1": [ { "from_ms": 10000, "to_ms": 20000, "gate": "open" } ] } },
    { "output": "receipt:O-77:1", "kept": true, "ended_by": "receipt_stop", "duration_ms": 10000,
      "spans": { "a1": [ { "from_ms": 10000, "to_ms": 20000, "gate": "open" } ],
                 "c1": [ { "from_ms": 10000, "to_ms": 20000, "gate": "open" } ] } } ],
  "states": [ { "at_ms": 0, "state": "recording" }, { "at_ms": 30000, "state": "stopped" } ],
  "refused": [] }
"#;

#[test]
fn the_example_of_the_specification_is_answered_as_it_stands_there() {
    let given: Value = serde_json::from_str(&simulate(EXAMPLE).unwrap()).unwrap();
    let wanted: Value = serde_json::from_str(ANSWER).unwrap();
    assert_eq!(given, wanted);
}

#[test]
fn keys_come_in_the_order_of_the_example() {
    let given: Value = serde_json::from_str(&simulate(EXAMPLE).unwrap()).unwrap();
    let wanted: Value = serde_json::from_str(ANSWER).unwrap();
    // Compact text keeps the order of keys that was parsed.
    assert_eq!(given.to_string(), wanted.to_string());
}

#[test]
fn a_discarded_output_says_why_after_kept_and_a_refusal_says_when_who_what_why() {
    let scenario = json!({ "events": [
        { "at_ms": 0, "join": { "participant": "a1", "role": "agent" } },
        { "at_ms": 5, "command": { "by": "a1", "do": "resume" } } ] });
    let given: Value = serde_json::from_str(&simulate(&scenario.to_string()).unwrap()).unwrap();
    assert_eq!(
        given.to_string(),
        r#"{"outputs":[{"output":"main","kept":false,"reason":"too_short","ended_by":"end","duration_ms":5,"spans":{}}],"states":[{"at_ms":0,"state":"recording"},{"at_ms":5,"state":"stopped"}],"refused":[{"at_ms":5,"by":"a1","do":"resume","reason":"already"}]}"#
    );
}

#[test]
fn the_same_scenario_is_answered_with_the_same_bytes() {
    assert_eq!(simulate(EXAMPLE).unwrap(), simulate(EXAMPLE).unwrap());
}
