//! The rules against each condition alone, and against properties that have to hold whatever the rules are.

use proptest::prelude::*;

use super::*;

fn rule(id: &str, when: TriageWhen, then: TriageThen) -> TriageRow {
    TriageRow { id: id.parse().expect("an id"), rule: TriageRule { name: id.into(), enabled: true, when, then } }
}

fn into(folder: &str) -> TriageThen {
    TriageThen { folder: Some(folder.parse().expect("an id")), ..TriageThen::default() }
}

fn labelled(labels: &[&str]) -> TriageThen {
    TriageThen { labels: labels.iter().map(|l| (*l).to_owned()).collect(), ..TriageThen::default() }
}

fn slug(text: &str) -> ProjectSlug {
    text.parse().expect("a slug")
}

fn told(pairs: &[(&str, &str)]) -> BTreeMap<String, Personal> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), Personal::new(*v))).collect()
}

#[test]
fn each_condition_is_looked_at() {
    let (sales, metadata) = (slug("sales"), told(&[("ticket", "T-77 urgent"), ("empty", " ")]));
    let facts = TriageFacts {
        source: Source::Live,
        project: &sales,
        kind: Kind::Call,
        started_by: Some(StartedBy::Prompt),
        queue: Some(" Gold "),
        metadata: Some(&metadata),
        duration_ms: 60_000,
    };
    let test = |key: &str, equals: Option<&str>, contains: Option<&str>| TriageWhen {
        metadata: vec![MetadataTest { key: key.into(), equals: equals.map(Into::into), contains: contains.map(Into::into) }],
        ..TriageWhen::default()
    };
    let holds = [
        TriageWhen::default(),
        TriageWhen { source: Some(Source::Live), ..TriageWhen::default() },
        TriageWhen { projects: vec![slug("a"), slug("sales")], ..TriageWhen::default() },
        TriageWhen { triggers: vec![StartedBy::Manual, StartedBy::Prompt], ..TriageWhen::default() },
        TriageWhen { kind: Some(Kind::Call), ..TriageWhen::default() },
        TriageWhen { queues: vec!["gold".into()], ..TriageWhen::default() },
        test("TICKET", Some("t-77 URGENT"), None),
        test("ticket", None, Some("Urgent ")),
        test("ticket", None, None),
        TriageWhen { min_duration_ms: Some(60_000), max_duration_ms: Some(60_000), ..TriageWhen::default() },
    ];
    let does_not = [
        TriageWhen { source: Some(Source::Upload), ..TriageWhen::default() },
        TriageWhen { projects: vec![slug("a")], ..TriageWhen::default() },
        TriageWhen { triggers: vec![StartedBy::AutoFirst], ..TriageWhen::default() },
        TriageWhen { kind: Some(Kind::Room), ..TriageWhen::default() },
        TriageWhen { queues: vec!["golden".into()], ..TriageWhen::default() },
        test("ticket", Some("t-77"), None),
        test("ticket", None, Some("x")),
        test("empty", None, None),
        test("absent", None, None),
        TriageWhen { min_duration_ms: Some(60_001), ..TriageWhen::default() },
        TriageWhen { max_duration_ms: Some(59_999), ..TriageWhen::default() },
        TriageWhen { source: Some(Source::Live), kind: Some(Kind::Room), ..TriageWhen::default() },
    ];
    for (expected, all) in [(true, &holds[..]), (false, &does_not[..])] {
        for when in all {
            assert_eq!(when.holds(&facts), expected, "{when:?}");
        }
    }
    let sent_in = TriageFacts { source: Source::Upload, started_by: None, queue: None, metadata: None, ..facts };
    assert!(!TriageWhen { triggers: StartedBy::ALL.to_vec(), ..TriageWhen::default() }.holds(&sent_in));
    assert!(!TriageWhen { queues: vec!["gold".into()], ..TriageWhen::default() }.holds(&sent_in));
}

#[test]
fn the_first_folder_counts_and_the_rest_adds_up() {
    let project = slug("a");
    let facts = TriageFacts {
        source: Source::Live,
        project: &project,
        kind: Kind::Call,
        started_by: None,
        queue: None,
        metadata: None,
        duration_ms: 0,
    };
    let mut off = rule("off", TriageWhen::default(), into("never"));
    off.rule.enabled = false;
    let rules = [
        off,
        rule("one", TriageWhen::default(), labelled(&["a", "b"])),
        rule("room", TriageWhen { kind: Some(Kind::Room), ..TriageWhen::default() }, into("rooms")),
        rule("two", TriageWhen::default(), into("first")),
        rule("three", TriageWhen::default(), TriageThen { labels: vec!["b".into(), "c".into()], ..into("second") }),
    ];
    let sorted = sort(&rules, &facts);
    assert_eq!(sorted.met.iter().map(TriageRuleId::as_str).collect::<Vec<_>>(), ["one", "two", "three"]);
    assert_eq!(sorted.folder.as_ref().map(FolderId::as_str), Some("first"));
    assert_eq!(sorted.labels, ["a", "b", "c"]);
}

#[test]
fn what_is_wrong_with_a_rule_is_named() {
    let good = TriageRule { name: "r".into(), enabled: true, when: TriageWhen::default(), then: into("f") };
    assert!(check(&good).is_ok());
    let when = |when: TriageWhen| TriageRule { when, ..good.clone() };
    let then = |then: TriageThen| TriageRule { then, ..good.clone() };
    let text = |equals: &str| MetadataTest { key: "k".into(), equals: Some(equals.into()), contains: None };
    let both = MetadataTest { key: "k".into(), equals: Some("a".into()), contains: Some("b".into()) };
    for (rule, field) in [
        (TriageRule { name: String::new(), ..good.clone() }, "name"),
        (when(TriageWhen { projects: vec![slug("a"), slug("a")], ..TriageWhen::default() }), "when.projects[1]"),
        (when(TriageWhen { triggers: vec![StartedBy::Manual; 2], ..TriageWhen::default() }), "when.triggers[1]"),
        (when(TriageWhen { source: Some(Source::Upload), triggers: vec![StartedBy::Manual], ..TriageWhen::default() }), "when.triggers"),
        (when(TriageWhen { queues: vec![" x".into()], ..TriageWhen::default() }), "when.queues[0]"),
        (when(TriageWhen { metadata: vec![text("a"), text(" ")], ..TriageWhen::default() }), "when.metadata[1].equals"),
        (when(TriageWhen { metadata: vec![both], ..TriageWhen::default() }), "when.metadata[0]"),
        (when(TriageWhen { min_duration_ms: Some(2), max_duration_ms: Some(1), ..TriageWhen::default() }), "when.min_duration_ms"),
        (when(TriageWhen { max_duration_ms: Some(u64::MAX), ..TriageWhen::default() }), "when.max_duration_ms"),
        (then(TriageThen::default()), "then"),
        (then(labelled(&["a", " "])), "then.labels"),
        (then(labelled(&["a", "a"])), "then.labels[1]"),
        (then(TriageThen { assignees: vec![String::new()], ..TriageThen::default() }), "then.assignees"),
    ] {
        match check(&rule) {
            Err(ArchiveError::Invalid { field: said, .. }) => assert_eq!(said, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

fn a_when() -> impl Strategy<Value = TriageWhen> {
    let name = || prop::sample::select(vec!["a", "b", "c"]);
    let test = (name(), prop::option::of(name()), prop::option::of(name())).prop_map(|(key, equals, contains)| MetadataTest {
        key: key.into(),
        equals: equals.map(Into::into),
        contains: contains.map(Into::into),
    });
    (
        prop::option::of(prop::sample::select(vec![Source::Live, Source::Upload])),
        prop::collection::vec(name(), 0..2),
        prop::collection::vec(prop::sample::select(StartedBy::ALL.to_vec()), 0..2),
        prop::collection::vec(test, 0..2),
        prop::option::of(0u64..4),
    )
        .prop_map(|(source, projects, triggers, metadata, min_duration_ms)| TriageWhen {
            source,
            projects: projects.into_iter().map(slug).collect(),
            triggers,
            metadata,
            min_duration_ms,
            ..TriageWhen::default()
        })
}

fn a_rule() -> impl Strategy<Value = TriageRow> {
    let name = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let names = || prop::collection::vec(name().prop_map(str::to_owned), 0..3);
    (any::<u32>(), any::<bool>(), a_when(), prop::option::of(name()), names(), names()).prop_map(
        |(id, enabled, when, folder, labels, assignees)| {
            let folder = folder.map(|f| f.parse().expect("an id"));
            let mut row = rule(&format!("r{id}"), when, TriageThen { folder, labels, assignees });
            row.rule.enabled = enabled;
            row
        },
    )
}

proptest! {
    /// Each rule alone says what it adds; all together say the same in order, and nothing that no rule says.
    #[test]
    fn together_they_say_what_each_says_alone(
        rules in prop::collection::vec(a_rule(), 0..8),
        upload in any::<bool>(),
        project in prop::sample::select(vec!["a", "b", "c"]),
        started in prop::option::of(prop::sample::select(StartedBy::ALL.to_vec())),
        entries in prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..3),
        duration_ms in 0u64..5,
    ) {
        let project = slug(project);
        let metadata = entries.into_iter().map(|(k, v)| (k, Personal::new(v))).collect();
        let source = if upload { Source::Upload } else { Source::Live };
        let facts = TriageFacts { source, project: &project, kind: Kind::Call, started_by: started.filter(|_| !upload), queue: None, metadata: Some(&metadata), duration_ms };
        let all = sort(&rules, &facts);
        let alone: Vec<Sorted> = rules.iter().map(|rule| sort(std::slice::from_ref(rule), &facts)).collect();
        prop_assert_eq!(&all.met, &alone.iter().flat_map(|one| one.met.clone()).collect::<Vec<_>>());
        prop_assert_eq!(&all.folder, &alone.iter().find_map(|one| one.folder.clone()));
        let mut labels: Vec<String> = Vec::new();
        for label in alone.iter().flat_map(|one| &one.labels) {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        prop_assert_eq!(&all.labels, &labels);
        for one in alone.iter().flat_map(|one| &one.assignees) {
            prop_assert!(all.assignees.contains(one));
        }
        // A rule that is off or not met might as well not be there.
        let met: Vec<TriageRow> = rules.iter().filter(|row| all.met.contains(&row.id)).cloned().collect();
        prop_assert_eq!(sort(&met, &facts), all);
    }

    /// A rule is read back as it was written.
    #[test]
    fn a_rule_is_the_same_in_json(row in a_rule()) {
        let text = serde_json::to_string(&row.rule).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<TriageRule>(&text).expect("read"), row.rule);
    }
}
