//! A small story of a session, as a form holds it: who does what when.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Who may be in a story. The first two are agents.
pub(super) const WHO: [&str; 5] = ["agent", "agent2", "customer", "customer2", "third_party"];

/// What may happen: presence, then commands, then the end.
pub(super) const WHAT: [&str; 18] = [
    "join",
    "leave",
    "consent_grant",
    "consent_decline",
    "consent_withdraw",
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
    "end",
];

/// Rows that a form may send.
const MOST: usize = 60;

/// One line of the story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// `m:ss`, or seconds.
    pub(super) at: String,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) order: String,
    pub(super) error: Option<&'static str>,
}

impl Step {
    pub(super) fn new(at: &str, who: &str, what: &str, order: &str) -> Self {
        Self { at: at.into(), who: who.into(), what: what.into(), order: order.into(), error: None }
    }

    fn is_empty(&self) -> bool {
        self.what.is_empty() && self.at.is_empty()
    }
}

/// The steps of a form (`at0`, `who0`, `what0`, `order0`, `at1` …), without empty ones, in the order of their times.
pub(super) fn sent(fields: &BTreeMap<String, String>) -> Vec<Step> {
    let field = |name: &str, n: usize| fields.get(&format!("{name}{n}")).map(|v| v.trim().to_owned()).unwrap_or_default();
    let mut steps: Vec<Step> = (0..MOST)
        .map(|n| Step { at: field("at", n), who: field("who", n), what: field("what", n), order: field("order", n), error: None })
        .filter(|step| !step.is_empty())
        .collect();
    // One whose time does not read stays at the place of the one before it.
    let mut latest = 0;
    let mut keyed: Vec<(u64, Step)> = steps
        .drain(..)
        .map(|step| {
            latest = ms(&step.at).unwrap_or(latest);
            (latest, step)
        })
        .collect();
    keyed.sort_by_key(|(at, step)| (*at, step.what == "end"));
    keyed.into_iter().map(|(_, step)| step).collect()
}

/// Milliseconds of `m:ss` or `s`, up to a day.
pub(super) fn ms(text: &str) -> Option<u64> {
    let seconds = match text.split_once(':') {
        Some((minutes, seconds)) => {
            let seconds: u64 = seconds.parse().ok().filter(|s| *s < 60)?;
            minutes.parse::<u64>().ok()?.checked_mul(60)?.checked_add(seconds)?
        }
        None => text.parse().ok()?,
    };
    (seconds <= 86_400).then_some(seconds * 1_000)
}

/// The story as the simulator takes it; marks the steps that say nothing clear.
pub(super) fn events(steps: &mut [Step]) -> Option<Vec<Value>> {
    let mut events = Vec::new();
    for step in steps.iter_mut() {
        step.error = None;
        let Some(at_ms) = ms(&step.at) else {
            step.error = Some("story-bad-time");
            continue;
        };
        if !WHAT.contains(&step.what.as_str()) {
            step.error = Some("story-bad-what");
            continue;
        }
        if step.what == "end" {
            events.push(json!({ "at_ms": at_ms, "end": {} }));
            continue;
        }
        if !WHO.contains(&step.who.as_str()) {
            step.error = Some("story-bad-who");
            continue;
        }
        let role = role_of(&step.who);
        events.push(match step.what.as_str() {
            "join" => json!({ "at_ms": at_ms, "join": { "participant": step.who, "role": role } }),
            "leave" => json!({ "at_ms": at_ms, "leave": { "participant": step.who } }),
            "receipt_start" => {
                let order = if step.order.is_empty() { "1" } else { step.order.as_str() };
                json!({ "at_ms": at_ms, "command": { "by": step.who, "do": "receipt_start", "order": order } })
            }
            verb => json!({ "at_ms": at_ms, "command": { "by": step.who, "do": verb } }),
        });
    }
    steps.iter().all(|step| step.error.is_none()).then_some(events)
}

/// The role of somebody in a story.
pub(super) fn role_of(who: &str) -> &'static str {
    match who {
        "agent" | "agent2" => "agent",
        "third_party" => "third_party",
        _ => "customer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_story_in_the_order_of_time() {
        let fields = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
        let sent_fields = fields(&[
            ("at0", "0:10"),
            ("who0", "agent"),
            ("what0", "receipt_start"),
            ("order0", "O-77"),
            ("at3", "0"),
            ("who3", "agent"),
            ("what3", "join"),
            ("at4", ""),
            ("what4", ""),
            ("who4", "agent"),
        ]);
        let mut steps = sent(&sent_fields);
        let events = events(&mut steps).expect("clear");
        assert_eq!(events[0], json!({ "at_ms": 0, "join": { "participant": "agent", "role": "agent" } }));
        assert_eq!(events[1]["command"], json!({ "by": "agent", "do": "receipt_start", "order": "O-77" }));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn times_read_as_people_write_them() {
        for (text, read) in
            [("0:00", Some(0)), ("1:05", Some(65_000)), ("90", Some(90_000)), ("1:60", None), ("x", None), ("-1", None), ("99999999", None)]
        {
            assert_eq!(ms(text), read, "{text}");
        }
        let mut steps =
            vec![Step::new("soon", "agent", "join", ""), Step::new("0", "nobody", "join", ""), Step::new("0", "agent", "dance", "")];
        assert_eq!(events(&mut steps), None);
        assert_eq!(
            steps.iter().map(|s| s.error).collect::<Vec<_>>(),
            [Some("story-bad-time"), Some("story-bad-who"), Some("story-bad-what")]
        );
    }
}
