//! recording-policy.md §9.2.

use ferric::policy::scenario::simulate;

/// Each scenario is refused in one line that begins with the place.
#[track_caller]
fn refused_at(place: &str, scenario: &str) {
    let line = simulate(scenario).expect_err(scenario).to_string();
    assert!(line.starts_with(&format!("{place}: ")), "{line}\n{scenario}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.len() < 500, "{line}");
}

#[track_caller]
fn settings_refused_at(place: &str, settings: &str) {
    refused_at(place, &format!(r#"{{ "settings": {settings}, "events": [] }}"#));
}

/// Two people are in; then this.
#[track_caller]
fn event_refused_at(place: &str, event: &str) {
    refused_at(
        place,
        &format!(
            r#"{{ "events": [ {{ "at_ms": 1000, "join": {{ "participant": "a1", "role": "agent" }} }},
                              {{ "at_ms": 1000, "join": {{ "participant": "c1", "role": "customer" }} }}, {event} ] }}"#
        ),
    );
}

#[test]
fn what_is_no_json_is_refused_by_line_and_column() {
    refused_at("line 1 column 0", "");
    refused_at("line 1 column 1", "{");
    refused_at("line 2 column 3", "{\"events\":\n [x] }");
    refused_at("line 1 column 18", r#"{ "events": [] } more"#);
}

#[test]
fn an_unknown_name_is_refused_wherever_it_stands() {
    refused_at("extra", r#"{ "events": [], "extra": 1 }"#);
    settings_refused_at("settings.recordmode", r#"{ "recordmode": "both" }"#);
    settings_refused_at("settings.censor_allowed", r#"{ "censor_allowed": true }"#);
    settings_refused_at("settings.agents.a1.forcd", r#"{ "agents": { "a1": { "forcd": true } } }"#);
    settings_refused_at("settings.queue.slug", r#"{ "queue": { "forced": true, "slug": "q" } }"#);
    event_refused_at("events[2].jion", r#"{ "at_ms": 1000, "jion": { "participant": "a2", "role": "agent" } }"#);
    event_refused_at("events[2].note", r#"{ "at_ms": 1000, "note": "", "end": {} }"#);
    event_refused_at("events[2].join.name", r#"{ "at_ms": 1000, "join": { "participant": "a2", "role": "agent", "name": "A" } }"#);
    event_refused_at("events[2].leave.role", r#"{ "at_ms": 1000, "leave": { "participant": "c1", "role": "customer" } }"#);
    event_refused_at("events[2].command.at", r#"{ "at_ms": 1000, "command": { "by": "a1", "do": "stop", "at": 1 } }"#);
    event_refused_at("events[2].end.why", r#"{ "at_ms": 1000, "end": { "why": "" } }"#);
}

#[test]
fn an_unknown_value_is_refused_wherever_it_stands() {
    settings_refused_at("settings.record_mode", r#"{ "record_mode": "all" }"#);
    settings_refused_at("settings.record_mode", r#"{ "record_mode": "Both" }"#);
    settings_refused_at("settings.conference_mode", r#"{ "conference_mode": "both" }"#);
    settings_refused_at("settings.pause_behavior", r#"{ "pause_behavior": "mute" }"#);
    settings_refused_at("settings.consent", r#"{ "consent": "" }"#);
    settings_refused_at("settings.trigger", r#"{ "trigger": "auto" }"#);
    settings_refused_at("settings.kind", r#"{ "kind": "video" }"#);
    event_refused_at("events[2].join.role", r#"{ "at_ms": 1000, "join": { "participant": "h1", "role": "host" } }"#);
    event_refused_at("events[2].command.do", r#"{ "at_ms": 1000, "command": { "by": "a1", "do": "record" } }"#);
}

#[test]
fn a_wrong_type_is_refused_wherever_it_stands() {
    refused_at("scenario", "[]");
    refused_at("settings", r#"{ "settings": [], "events": [] }"#);
    refused_at("events", r#"{ "events": {} }"#);
    refused_at("events[0]", r#"{ "events": [ 7 ] }"#);
    settings_refused_at("settings.record_mode", r#"{ "record_mode": true }"#);
    settings_refused_at("settings.record_mode", r#"{ "record_mode": null }"#);
    settings_refused_at("settings.recording_enabled", r#"{ "recording_enabled": "yes" }"#);
    settings_refused_at("settings.start_paused", r#"{ "start_paused": 1 }"#);
    settings_refused_at("settings.agents", r#"{ "agents": [ "a1" ] }"#);
    settings_refused_at("settings.agents.a1", r#"{ "agents": { "a1": true } }"#);
    settings_refused_at("settings.agents.a1.forced", r#"{ "agents": { "a1": { "forced": "true" } } }"#);
    settings_refused_at("settings.queue", r#"{ "queue": true }"#);
    settings_refused_at("settings.queue.forced", r#"{ "queue": { "forced": 1 } }"#);
    event_refused_at("events[2].join", r#"{ "at_ms": 1000, "join": "a2" }"#);
    event_refused_at("events[2].join.participant", r#"{ "at_ms": 1000, "join": { "participant": 2, "role": "agent" } }"#);
    event_refused_at(
        "events[2].join.initiator",
        r#"{ "at_ms": 1000, "join": { "participant": "a2", "role": "agent", "initiator": "yes" } }"#,
    );
    event_refused_at("events[2].command.order", r#"{ "at_ms": 1000, "command": { "by": "a1", "do": "receipt_start", "order": 77 } }"#);
    event_refused_at("events[2].end", r#"{ "at_ms": 1000, "end": true }"#);
}

#[test]
fn times_and_durations_are_whole_numbers() {
    for number in ["1.5", "2000.0", "-1", "\"1000\"", "null", "1e4", "18446744073709551616"] {
        event_refused_at("events[2].at_ms", &format!(r#"{{ "at_ms": {number}, "end": {{}} }}"#));
        settings_refused_at("settings.min_duration_s", &format!(r#"{{ "min_duration_s": {number} }}"#));
        settings_refused_at("settings.max_duration_s", &format!(r#"{{ "max_duration_s": {number} }}"#));
    }
    settings_refused_at("settings.max_duration_s", r#"{ "max_duration_s": 0 }"#);
    assert!(simulate(r#"{ "settings": { "max_duration_s": 1, "min_duration_s": 0 }, "events": [] }"#).is_ok());
}

#[test]
fn what_must_be_there_and_is_not_is_named() {
    refused_at("events", "{}");
    event_refused_at("events[2].at_ms", r#"{ "end": {} }"#);
    event_refused_at("events[2].join.participant", r#"{ "at_ms": 1000, "join": { "role": "agent" } }"#);
    event_refused_at("events[2].join.role", r#"{ "at_ms": 1000, "join": { "participant": "a2" } }"#);
    event_refused_at("events[2].leave.participant", r#"{ "at_ms": 1000, "leave": {} }"#);
    event_refused_at("events[2].command.by", r#"{ "at_ms": 1000, "command": { "do": "stop" } }"#);
    event_refused_at("events[2].command.do", r#"{ "at_ms": 1000, "command": { "by": "a1" } }"#);
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    settings_refused_at("settings.record_mode", r#"{ "record_mode": "none", "record_mode": "both" }"#);
    event_refused_at("events[2].at_ms", r#"{ "at_ms": 1000, "at_ms": 1001, "end": {} }"#);
    settings_refused_at("settings.agents.a1", r#"{ "agents": { "a1": {}, "a1": { "forced": true } } }"#);
}

#[test]
fn time_does_not_go_back() {
    event_refused_at("events[2].at_ms", r#"{ "at_ms": 999, "end": {} }"#);
}

#[test]
fn an_event_is_exactly_one_of_the_four_kinds() {
    event_refused_at("events[2]", r#"{ "at_ms": 1000 }"#);
    event_refused_at("events[2]", r#"{ "at_ms": 1000, "leave": { "participant": "a1" }, "end": {} }"#);
}

#[test]
fn comings_and_goings_must_make_sense() {
    event_refused_at("events[2].join.participant", r#"{ "at_ms": 1000, "join": { "participant": "a1", "role": "agent" } }"#);
    event_refused_at("events[2].leave.participant", r#"{ "at_ms": 1000, "leave": { "participant": "a2" } }"#);
    event_refused_at(
        "events[3].leave.participant",
        r#"{ "at_ms": 1000, "leave": { "participant": "c1" } }, { "at_ms": 1000, "leave": { "participant": "c1" } }"#,
    );
    event_refused_at(
        "events[3].join.role",
        r#"{ "at_ms": 1000, "leave": { "participant": "c1" } }, { "at_ms": 1000, "join": { "participant": "c1", "role": "third_party" } }"#,
    );
}

#[test]
fn an_order_belongs_to_receipts() {
    event_refused_at("events[2].command.order", r#"{ "at_ms": 1000, "command": { "by": "a1", "do": "receipt_start" } }"#);
    for verb in ["start", "stop", "censor_on", "prompt_accept", "consent_grant"] {
        event_refused_at(
            "events[2].command.order",
            &format!(r#"{{ "at_ms": 1000, "command": {{ "by": "a1", "do": "{verb}", "order": "O-1" }} }}"#),
        );
    }
}

#[test]
fn after_the_end_there_are_commands_only() {
    for event in [r#""join": { "participant": "a2", "role": "agent" }"#, r#""leave": { "participant": "a1" }"#, r#""end": {}"#] {
        let kind = event.split('"').nth(1).unwrap();
        event_refused_at(&format!("events[3].{kind}"), &format!(r#"{{ "at_ms": 1000, "end": {{}} }}, {{ "at_ms": 1000, {event} }}"#));
    }
}

#[test]
fn foreign_text_cannot_break_the_line() {
    let long = "x".repeat(5_000);
    settings_refused_at("settings.a\\nb", "{ \"a\\nb\": 1 }");
    settings_refused_at("settings.record_mode", &format!("{{ \"record_mode\": \"a\\nb{long}\" }}"));
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let deep = format!("{{ \"events\": {}{} }}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(simulate(&deep).is_err());
}
