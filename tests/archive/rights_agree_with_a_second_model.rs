//! A table of people × recordings × actions, decided twice: by `archive::rights`, and by a small model below that reads the same settings as lines of text.

use std::collections::BTreeSet;

use ferric::archive::rights::{
    Action, Denied, Effective, Holder, Person, Playback, Properties, RecordingFacts, Role, Visibility, Visitor, may, visitor_may,
};
use ferric::model::time::WallClock;

const DAY_MS: i64 = 86_400_000;
const NOW_MS: i64 = 1_800_000_000_000;

/// `place property value`; places are `user`, `group1`, `group2`, `workspace`.
const SETTINGS: [&[&str]; 17] = [
    &[],
    &["workspace play false", "workspace download true", "workspace delete true"],
    &["user play true", "workspace play false", "workspace download true"],
    &["user play false", "user download true", "user delete true", "user external_links true"],
    &["group1 play true", "group2 play false", "workspace play true"],
    &["group1 download true", "user delete true"],
    &["group1 download true", "group2 download true", "user download false"],
    &["workspace access_days 30"],
    &["workspace access_days 30", "user access_days 0"],
    &["group1 access_days 90", "group2 access_days 7", "workspace access_days 1"],
    &["group1 access_days 0", "group2 access_days 90"],
    &["user restricted_access true", "user delete true"],
    &["workspace restricted_access true", "group1 restricted_access false"],
    &["workspace playback_reason #txt", "user download true"],
    &["workspace playback_reason #txt", "group1 playback_reason audit;complaint", "workspace download true"],
    &["workspace playback_reason #txt", "user playback_reason -", "workspace external_links true"],
    &[
        "group1 playback_reason audit",
        "group2 playback_reason #txt",
        "group2 delete true",
        "group1 delete true",
        "workspace external_links true",
    ],
];

/// `only queue=…`, `only group=…`, `only project=…`.
const FILTERS: [&[&str]; 6] = [
    &[],
    &["only queue=sales"],
    &["only group=north"],
    &["only project=support"],
    &["only project=other"],
    &["only queue=sales", "only group=north"],
];

/// What differs from an ordinary recording.
const RECORDINGS: [&[&str]; 14] = [
    &[],
    &["agent=kari"],
    &["agent=paal"],
    &["agent=paal", "listen"],
    &["agent=kari", "restricted"],
    &["agent=paal", "restricted", "listen"],
    &["agent=kari", "hold"],
    &["agent=kari", "days=6"],
    &["agent=kari", "days=7"],
    &["agent=kari", "days=30"],
    &["agent=kari", "days=400", "queue=sales"],
    &["agent=kari", "queue=sales", "group=north"],
    &["agent=paal", "queue=sales", "group=south", "listen"],
    &["agent=kari", "workspace=another"],
];

const ACTIONS: [&str; 11] =
    ["see", "play", "play audit", "play because", "play  ", "download", "download audit", "delete", "link", "visibility", "retry"];

fn value_of<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// The second model: text in, a word out.
fn model(role: &str, settings: &[&str], filters: &[&str], recording: &[&str], action: &str) -> &'static str {
    let nearest = |name: &str| -> Vec<&str> {
        for place in ["user", "group", "workspace"] {
            let found: Vec<&str> = settings
                .iter()
                .filter_map(|line| {
                    let mut words = line.splitn(3, ' ');
                    let (at, what, value) = (words.next()?, words.next()?, words.next()?);
                    (at.trim_end_matches(['1', '2']) == place && what == name).then_some(value)
                })
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    };
    let on = |name: &str, otherwise: bool| {
        if role == "admin" {
            return true;
        }
        let found = nearest(name);
        if found.is_empty() { otherwise } else { !found.contains(&"false") }
    };
    let own = value_of(recording, "agent") == Some("kari");

    if value_of(recording, "workspace").is_some() {
        return "hidden";
    }
    if role == "agent" && !own && !recording.contains(&"listen") {
        return "hidden";
    }
    if recording.contains(&"restricted") && !on("restricted_access", false) {
        return "hidden";
    }
    if role != "admin" {
        let age: i64 = value_of(recording, "days").map_or(0, |days| days.parse().unwrap());
        let limit = nearest("access_days").iter().map(|days| days.parse::<i64>().unwrap()).filter(|days| *days > 0).min();
        if limit.is_some_and(|limit| age >= limit) {
            return "hidden";
        }
    }
    for filter in filters {
        let (what, wanted) = filter.strip_prefix("only ").unwrap().split_once('=').unwrap();
        let is = if what == "project" { Some("support") } else { value_of(recording, what) };
        if is != Some(wanted) {
            return "hidden";
        }
    }

    let (verb, reason) = action.split_once(' ').unwrap_or((action, ""));
    let plays = on("play", true);
    let permitted = match verb {
        "see" => true,
        "play" => plays,
        "download" => plays && on("download", false),
        "delete" => plays && on("delete", false),
        "link" => plays && on("external_links", false),
        "visibility" => plays && (role == "admin" || own),
        _ => role == "admin" || own,
    };
    if !permitted {
        return "not permitted";
    }
    if verb == "delete" && recording.contains(&"hold") {
        return "hold";
    }
    if verb == "play" || verb == "download" {
        let asked = nearest("playback_reason");
        let list = asked.iter().filter(|asked| **asked != "#txt" && **asked != "-").min_by_key(|list| list.len());
        let enough = match list {
            Some(list) => list.split(';').any(|one| one == reason.trim()),
            None if asked.contains(&"#txt") => !reason.trim().is_empty(),
            None => true,
        };
        if !enough {
            return "reason";
        }
    }
    "yes"
}

fn properties(settings: &[&str], place: &str) -> Properties {
    let mut json = serde_json::Map::new();
    for line in settings {
        let mut words = line.splitn(3, ' ');
        let (at, name, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        if at == place {
            let value = match value {
                "true" | "false" => serde_json::json!(value == "true"),
                "-" => serde_json::json!(""),
                number if number.parse::<u32>().is_ok() => serde_json::json!(number.parse::<u32>().unwrap()),
                text => serde_json::json!(text),
            };
            json.insert(name.into(), value);
        }
    }
    serde_json::from_value(json.into()).unwrap()
}

fn set(value: Option<&str>) -> BTreeSet<String> {
    value.map(str::to_owned).into_iter().collect()
}

fn person(role: Role, settings: &[&str], filters: &[&str]) -> Person {
    let groups = [properties(settings, "group1"), properties(settings, "group2")];
    let only = |what: &str| filters.iter().find_map(|f| f.strip_prefix("only ")?.strip_prefix(what)?.strip_prefix('='));
    Person {
        name: "kari".into(),
        workspace: "one".into(),
        role,
        properties: Effective::of(role, &properties(settings, "user"), &groups, &properties(settings, "workspace")),
        queues: only("queue").map(|queue| set(Some(queue))),
        groups: only("group").map(|group| set(Some(group))),
        projects: only("project").map(|project| BTreeSet::from([project.parse().unwrap()])),
    }
}

fn recording(lines: &[&str]) -> RecordingFacts {
    let age: i64 = value_of(lines, "days").map_or(0, |days| days.parse().unwrap());
    RecordingFacts {
        workspace: value_of(lines, "workspace").unwrap_or("one").into(),
        project: "support".parse().unwrap(),
        queue: value_of(lines, "queue").map(str::to_owned),
        holder: Holder { agents: set(value_of(lines, "agent")), groups: set(value_of(lines, "group")) },
        started_at: WallClock::from_unix_ms(NOW_MS - age * DAY_MS),
        restricted: lines.contains(&"restricted"),
        legal_hold: lines.contains(&"hold"),
        agents_can_listen_to_others: lines.contains(&"listen"),
        visibility: Visibility::Members,
    }
}

fn action(text: &str) -> Action<'_> {
    let (verb, reason) = text.split_once(' ').map_or((text, None), |(verb, reason)| (verb, Some(reason)));
    match verb {
        "see" => Action::See,
        "play" => Action::Play { reason },
        "download" => Action::Download { reason },
        "delete" => Action::Delete,
        "link" => Action::SendLink,
        "visibility" => Action::ChangeVisibility,
        _ => Action::Retry,
    }
}

#[test]
fn the_table_agrees_with_the_second_model() {
    let mut answers = std::collections::BTreeMap::<&str, u32>::new();
    for (role, role_name) in [(Role::Admin, "admin"), (Role::Agent, "agent"), (Role::Reviewer, "reviewer")] {
        for settings in SETTINGS {
            for filters in FILTERS {
                let person = person(role, settings, filters);
                for lines in RECORDINGS {
                    for text in ACTIONS {
                        let decided = match may(&person, &action(text), &recording(lines), WallClock::from_unix_ms(NOW_MS)) {
                            Ok(()) => "yes",
                            Err(Denied::Hidden) => "hidden",
                            Err(Denied::NotPermitted) => "not permitted",
                            Err(Denied::ReasonNeeded) => "reason",
                            Err(Denied::LegalHold) => "hold",
                        };
                        let expected = model(role_name, settings, filters, lines, text);
                        assert_eq!(decided, expected, "{role_name} {settings:?} {filters:?} {lines:?}: {text:?}");
                        *answers.entry(decided).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(answers.values().sum::<u32>() > 40_000, "{answers:?}");
    assert!(answers.len() == 5 && answers.values().all(|count| *count > 20), "every answer is among them: {answers:?}");
}

#[test]
fn defaults_are_those_of_the_requirements() {
    let nothing = Properties::default();
    let has = Effective::of(Role::Reviewer, &nothing, &[], &nothing);
    assert!(has.play && has.censor_visible);
    let off = [
        has.download,
        has.delete,
        has.manual_recording,
        has.forced,
        has.record_agent_if_denied,
        has.restricted_access,
        has.external_links,
        has.external_access_page,
    ];
    assert_eq!(off, [false; 8]);
    assert_eq!((has.access_days, has.playback_reason), (None, Playback::Free));
    let binding = Properties { forced: Some(true), ..Properties::default() };
    let free = Properties { forced: Some(false), ..Properties::default() };
    assert!(Effective::of(Role::Agent, &nothing, &[free.clone(), binding.clone()], &nothing).forced, "any group's forcing binds");
    assert!(!Effective::of(Role::Agent, &free, &[binding], &nothing).forced, "the user's own setting is nearer");
    for bad in ["a;;b", ";", "#other", "a;#txt"] {
        assert!(Playback::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_visitor_plays_what_the_link_is_meant_for_and_nothing_else() {
    let selected = |address: &str| Visibility::MembersAndSelected(set(Some(address)));
    let of = |visibility: Visibility, restricted: bool| RecordingFacts { visibility, restricted, ..recording(&[]) };
    let nobody = Visitor { proven_address: None };
    let kari = Visitor { proven_address: Some("Kari@Example.com".into()) };
    let other = Visitor { proven_address: Some("kari@example.org".into()) };
    let table = [
        (Visibility::AnyoneWithLink, [true, true, true]),
        (Visibility::Members, [false, false, false]),
        (selected("kari@example.com"), [false, true, false]),
    ];
    for (visibility, expected) in table {
        for (visitor, expected) in [&nobody, &kari, &other].into_iter().zip(expected) {
            assert_eq!(visitor_may(visitor, &of(visibility.clone(), false)).is_ok(), expected, "{visibility:?} {visitor:?}");
            assert_eq!(visitor_may(visitor, &of(visibility.clone(), true)), Err(Denied::Hidden), "a restricted one is for members");
        }
    }
}
