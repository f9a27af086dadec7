//! Random scenarios from a seed: every setting, every command, everybody coming and going, often at the same instant.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

const CAST: [(&str, &str); 8] = [
    ("a1", "agent"),
    ("c1", "customer"),
    ("a2", "agent"),
    ("c2", "customer"),
    ("t1", "third_party"),
    ("a3", "agent"),
    ("t2", "third_party"),
    ("c3", "customer"),
];

const VERBS: [&str; 15] = [
    "start",
    "stop",
    "pause",
    "resume",
    "customer_on",
    "customer_off",
    "censor_on",
    "censor_off",
    "receipt_start",
    "receipt_stop",
    "prompt_accept",
    "prompt_decline",
    "consent_grant",
    "consent_decline",
    "consent_withdraw",
];

/// A verb as it stands in the list of all.
pub fn verb(named: &str) -> &'static str {
    VERBS.iter().find(|verb| **verb == named).unwrap_or_else(|| panic!("{named} is no verb"))
}

fn maybe(rng: &mut SmallRng, settings: &mut Map<String, Value>, key: &str, values: &[Value]) {
    if rng.random_bool(0.6)
        && let Some(value) = values.choose(rng)
    {
        settings.insert(key.to_owned(), value.clone());
    }
}

fn settings(rng: &mut SmallRng) -> Value {
    let mut all = Map::new();
    let flags = [json!(true), json!(false)];
    maybe(rng, &mut all, "kind", &[json!("call"), json!("call"), json!("room")]);
    let modes = ["both", "agent_only_allow", "agent_only_forbid", "receipts_allow", "receipts_forbid", "use_global"].map(Value::from);
    maybe(rng, &mut all, "record_mode", &modes);
    if rng.random_bool(0.03) {
        all.insert("record_mode".into(), json!("none"));
    }
    if rng.random_bool(0.03) {
        all.insert("recording_enabled".into(), json!(rng.random_bool(0.3)));
    }
    maybe(rng, &mut all, "conference_mode", &["all", "agent_and_customer", "stop_on_third_party", "none", "use_global"].map(Value::from));
    maybe(rng, &mut all, "pause_behavior", &["skip", "silence"].map(Value::from));
    maybe(rng, &mut all, "consent", &["not_required", "per_party", "all_party"].map(Value::from));
    maybe(rng, &mut all, "trigger", &["manual", "prompt", "auto_first", "auto_second"].map(Value::from));
    maybe(rng, &mut all, "start_paused", &flags);
    maybe(rng, &mut all, "multiple_receipts_per_order", &flags);
    maybe(rng, &mut all, "stop_when_host_leaves", &flags);
    maybe(rng, &mut all, "min_duration_s", &[0, 1, 2, 5].map(Value::from));
    if rng.random_bool(0.3) {
        all.insert("max_duration_s".into(), json!(rng.random_range(1..12)));
    }
    if rng.random_bool(0.15) {
        all.insert("queue".into(), json!({ "forced": rng.random_bool(0.7) }));
    }
    let mut agents = Map::new();
    for name in ["a1", "a2", "a3"] {
        let mut properties = Map::new();
        maybe(rng, &mut properties, "manual_recording_allowed", &[json!(true), json!(true), json!(false)]);
        for key in ["censor_allowed", "forced", "record_agent_if_denied"] {
            maybe(rng, &mut properties, key, &flags);
        }
        agents.insert(name.to_owned(), Value::Object(properties));
    }
    if rng.random_bool(0.9) {
        all.insert("agents".into(), Value::Object(agents));
    }
    Value::Object(all)
}

/// A well-formed scenario.
pub fn scenario(seed: u64) -> Value {
    let mut rng = SmallRng::seed_from_u64(seed);
    let settings = settings(&mut rng);
    let cast = &CAST[..rng.random_range(2..=CAST.len())];
    let orders = ["O-1", "O-1", "O-2"];
    let mut at_ms = if rng.random_bool(0.1) { 1_500 } else { 0 };
    let mut present: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    let length = rng.random_range(1..40);
    let mut over = false;
    for i in 0..length {
        if rng.random_bool(0.6) && i > 0 {
            at_ms += rng.random_range(1..=16) * 250;
        }
        // Once in a while the session ends and people go on asking.
        if over {
            let by = cast.choose(&mut rng).unwrap().0;
            let verb = ["start", "consent_decline", "censor_on", "prompt_accept"].choose(&mut rng).unwrap();
            events.push(json!({ "at_ms": at_ms, "command": { "by": by, "do": verb } }));
            if rng.random_bool(0.5) {
                break;
            }
            continue;
        }
        let comes_and_goes = present.len() < 2 || rng.random_bool(0.2);
        if rng.random_bool(0.008) && i > 0 {
            over = true;
            events.push(json!({ "at_ms": at_ms, "end": {} }));
        } else if comes_and_goes && rng.random_bool(0.95) {
            let (who, role) = *cast.choose(&mut rng).unwrap();
            if let Some(at) = present.iter().position(|p| *p == who) {
                present.remove(at);
                events.push(json!({ "at_ms": at_ms, "leave": { "participant": who } }));
            } else {
                present.push(who);
                let mut join = json!({ "participant": who, "role": role });
                if rng.random_bool(0.2) {
                    join["initiator"] = json!(rng.random_bool(0.8));
                }
                events.push(json!({ "at_ms": at_ms, "join": join }));
            }
        } else {
            // Mostly those who are in, and mostly what could be of use.
            let verb = match rng.random_range(0..100) {
                0..20 => "consent_grant",
                20..32 => "receipt_start",
                32..44 => "receipt_stop",
                44..50 => "start",
                _ => VERBS.choose(&mut rng).unwrap(),
            };
            let agents: Vec<&str> = present.iter().copied().filter(|p| p.starts_with('a')).collect();
            let among = if verb.starts_with("consent") || rng.random_bool(0.15) { &present } else { &agents };
            let by = if rng.random_bool(0.97) { among.choose(&mut rng).copied() } else { None };
            let by = by.unwrap_or_else(|| cast.choose(&mut rng).unwrap().0);
            let mut command = json!({ "by": by, "do": verb });
            if verb == "receipt_start" || (verb == "receipt_stop" && rng.random_bool(0.3)) {
                command["order"] = json!(orders.choose(&mut rng).unwrap());
            }
            events.push(json!({ "at_ms": at_ms, "command": command }));
        }
    }
    if !over && rng.random_bool(0.5) {
        events.push(json!({ "at_ms": at_ms + rng.random_range(0..20) * 250, "end": {} }));
    }
    json!({ "settings": settings, "events": events })
}
