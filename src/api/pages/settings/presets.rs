//! Stories to begin with.

use super::story::Step;

/// Names of the stories that a kind of session offers, the first being shown at first.
pub(super) fn offered(room: bool) -> &'static [&'static str] {
    if room { &["room", "consent", "decline", "hosts"] } else { &["pause", "receipt", "switch", "third", "consent", "decline", "transfer"] }
}

/// A story by its name.
pub(super) fn story(name: &str) -> Vec<Step> {
    let lines: &[(&str, &str, &str, &str)] = match name {
        "receipt" => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:20", "agent", "receipt_start", "O-77"),
            ("0:35", "agent", "receipt_stop", ""),
            ("0:45", "agent", "receipt_start", "O-77"),
            ("0:55", "agent", "receipt_stop", ""),
            ("1:10", "", "end", ""),
        ],
        "switch" => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:15", "agent", "customer_on", ""),
            ("0:40", "agent", "customer_off", ""),
            ("1:00", "", "end", ""),
        ],
        "third" => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:30", "third_party", "join", ""),
            ("0:50", "third_party", "leave", ""),
            ("1:10", "", "end", ""),
        ],
        "consent" => &[
            ("0:00", "agent", "join", ""),
            ("0:04", "agent", "consent_grant", ""),
            ("0:05", "customer", "join", ""),
            ("0:08", "agent", "start", ""),
            ("0:12", "customer", "consent_grant", ""),
            ("0:40", "customer", "consent_withdraw", ""),
            ("1:00", "", "end", ""),
        ],
        "decline" => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:03", "agent", "consent_grant", ""),
            ("0:05", "agent", "start", ""),
            ("0:20", "customer", "consent_decline", ""),
            ("0:45", "", "end", ""),
        ],
        "transfer" => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:25", "agent2", "join", ""),
            ("0:30", "agent", "leave", ""),
            ("0:40", "agent2", "censor_on", ""),
            ("0:50", "agent2", "censor_off", ""),
            ("1:10", "", "end", ""),
        ],
        "room" => &[
            ("0:00", "agent", "join", ""),
            ("0:05", "customer", "join", ""),
            ("0:10", "agent", "start", ""),
            ("0:30", "agent", "censor_on", ""),
            ("0:40", "agent", "censor_off", ""),
            ("1:00", "customer", "leave", ""),
            ("1:05", "", "end", ""),
        ],
        "hosts" => &[
            ("0:00", "agent", "join", ""),
            ("0:02", "agent", "prompt_accept", ""),
            ("0:05", "customer", "join", ""),
            ("0:20", "agent2", "join", ""),
            ("0:30", "agent", "leave", ""),
            ("0:50", "agent2", "leave", ""),
            ("1:00", "", "end", ""),
        ],
        _ => &[
            ("0:00", "agent", "join", ""),
            ("0:00", "customer", "join", ""),
            ("0:20", "agent", "pause", ""),
            ("0:35", "agent", "resume", ""),
            ("0:45", "agent", "censor_on", ""),
            ("0:55", "agent", "censor_off", ""),
            ("1:10", "", "end", ""),
        ],
    };
    lines.iter().map(|(at, who, what, order)| Step::new(at, who, what, order)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pages::settings::story::events;

    #[test]
    fn every_story_is_one() {
        for room in [false, true] {
            for name in offered(room) {
                assert!(events(&mut story(name)).is_some_and(|e| e.len() > 3), "{name}");
            }
        }
    }
}
