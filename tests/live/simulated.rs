//! What `ferric simulate` says of a session that was lived: its joins, leaves and commands at the times at which they took effect.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::taped::Tape;

/// The scenario that the tape tells, for settings as a scenario has them (agents by the names people bear).
pub fn scenario_of(tape: &Tape, settings: &Value) -> Value {
    let mut settings = settings.clone();
    let by_name = settings.as_object_mut().unwrap().remove("agents").unwrap_or_else(|| json!({}));
    let mut agents = json!({});
    let mut events = Vec::new();
    for line in &tape.events {
        let (at_ms, event) = (line["at_ms"].clone(), &line["event"]);
        match event["event"].as_str().unwrap() {
            "joined" => {
                let party = &event["party"];
                if let Some(properties) = party["name"].as_str().and_then(|name| by_name.get(name)) {
                    agents[party["id"].as_str().unwrap()] = properties.clone();
                }
                let join = json!({ "participant": party["id"], "role": party["role"], "initiator": event["initiator"] });
                events.push(json!({ "at_ms": at_ms, "join": join }));
            }
            "left" => events.push(json!({ "at_ms": at_ms, "leave": { "participant": event["participant"] } })),
            "command" => {
                let mut command = json!({ "by": event["by"], "do": event["do"] });
                if let Some(order) = event.get("order") {
                    command["order"] = order.clone();
                }
                events.push(json!({ "at_ms": at_ms, "command": command }));
            }
            "session_ended" => events.push(json!({ "at_ms": at_ms, "end": {} })),
            _ => {}
        }
    }
    settings["agents"] = agents;
    json!({ "settings": settings, "events": events })
}

/// The answer of the real program.
pub fn simulate(scenario: &Value) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ferric"))
        .args(["simulate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    child.stdin.take().unwrap().write_all(scenario.to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}\n{scenario:#}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}
