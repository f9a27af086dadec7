//! Lists against a model that looks at every row: random rows, filters and sights.

use std::collections::BTreeSet;

use ferric::archive::rights::{Holder, Own, RecordingFacts, Sight, Visibility};
use ferric::archive::{Catalogue, Change, InFolder, ListFilter, Recording, RecordingState, Source, digits};
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::{on_sqlite, project, recording};

const AGENTS: [&str; 4] = ["paal", "anna", "Åse Ø", "kari nordmann"];
const PROJECTS: [&str; 3] = ["default", "sales", "support"];
const QUEUES: [&str; 3] = ["billing", "Büro", "vip"];
const LABELS: [&str; 3] = ["complaint", "refund due", "ok"];
const NUMBERS: [&str; 4] = ["+4791799300", "91 79 93 00", "004722334455", "1001"];
/// Half a day: what is found lies in ten stretches of three days.
const STEP_NS: i64 = 43_200_000_000_000;
const EMAILS: [&str; 2] = ["Kari@Example.com", "ola@example.org"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_list_is_what_a_look_at_every_row_finds() {
    on_sqlite(|c| a_list_is_what_a_look_at_every_row_finds(c, 400)).await;
}

fn some<T: Clone>(rng: &mut StdRng, from: &[T]) -> Option<T> {
    if rng.random_bool(0.5) { from.choose(rng).cloned() } else { None }
}

fn several(rng: &mut StdRng, from: &[&str]) -> Vec<String> {
    from.iter().filter(|_| rng.random_bool(0.3)).map(|text| (*text).to_owned()).collect()
}

fn row(rng: &mut StdRng) -> Recording {
    let mut row = recording(rng.random_range(0..60) * STEP_NS);
    row.project = PROJECTS.choose(rng).unwrap().parse().unwrap();
    row.state = *[RecordingState::Ready, RecordingState::Failed, RecordingState::Processing].choose(rng).unwrap();
    row.source = *[Source::Live, Source::Upload].choose(rng).unwrap();
    row.queue = some(rng, &QUEUES).map(str::to_owned);
    row.agents = several(rng, &AGENTS);
    row.labels = several(rng, &LABELS);
    row.assignees = several(rng, &AGENTS);
    row.orders = several(rng, &["O-1", "O-2"]);
    row.caller_number = some(rng, &NUMBERS).map(Personal::new);
    row.access_number = some(rng, &["21492979", "800"]).map(Personal::new);
    row.customer_email = some(rng, &EMAILS).map(Personal::new);
    row.ticket = some(rng, &["T-1042", "T-2000"]).map(str::to_owned);
    row.external_id = some(rng, &["call-1", "call-2"]).map(str::to_owned);
    row.title = some(rng, &["Refund for Kari", "A complaint"]).map(Personal::new);
    row.folder = some(rng, &["f1", "f2"]).map(str::to_owned);
    row.duration_ms = some(rng, &[1_000, 60_000, 3_600_000]);
    row.restricted = rng.random_bool(0.3);
    row
}

fn filter(rng: &mut StdRng) -> ListFilter {
    // Few at once, or nothing is ever found.
    let mut filter = ListFilter { limit: Some(rng.random_range(1..30)), ..ListFilter::default() };
    for _ in 0..rng.random_range(0..3) {
        let own = |text: &&str| Some((*text).to_owned());
        match rng.random_range(0..17) {
            0 => filter.project = PROJECTS.choose(rng).map(|slug| slug.parse().unwrap()),
            1 => filter.state = Some(RecordingState::Ready),
            2 => filter.source = Some(Source::Upload),
            3 => filter.queue = QUEUES.choose(rng).and_then(own),
            4 => filter.agent = AGENTS.choose(rng).and_then(own),
            5 => filter.label = LABELS.choose(rng).and_then(own),
            6 => filter.assignee = AGENTS.choose(rng).and_then(own),
            7 => filter.order = Some("O-1".into()),
            8 => filter.number = ["99300", "+47 91 79 93 00", "800", "2979"].choose(rng).and_then(own),
            9 => filter.email = Some("KARI@example.com".into()),
            10 => filter.external_id = Some("call-2".into()),
            11 => filter.folder = [InFolder::None, InFolder::One("f1".into())].choose(rng).cloned(),
            12 => filter.longer_ms = Some(60_000),
            13 => filter.shorter_ms = Some(60_000),
            14 => filter.restricted = Some(rng.random_bool(0.5)),
            15 => (filter.from, filter.to) = (Some(WallClock(10 * STEP_NS)), Some(WallClock(40 * STEP_NS))),
            _ => {
                let typed = [
                    "ka",
                    "kari ref",
                    "t-10",
                    "1042",
                    "call-",
                    "917",
                    "91 79",
                    "9300",
                    "Büro",
                    "åse",
                    "com",
                    "o-2",
                    "zz",
                    "kari@example.com",
                ];
                filter.q = typed.choose(rng).and_then(own);
            }
        }
    }
    filter
}

fn sight(rng: &mut StdRng) -> Sight {
    let set = |rng: &mut StdRng, from: &[&str]| rng.random_bool(0.2).then(|| several(rng, from).into_iter().collect::<BTreeSet<_>>());
    let slugs = |names: BTreeSet<String>| names.iter().map(|slug| slug.parse().unwrap()).collect();
    Sight {
        projects: set(rng, &PROJECTS).map(slugs),
        queues: set(rng, &QUEUES),
        groups: None,
        after: rng.random_bool(0.2).then_some(WallClock(20 * STEP_NS)),
        restricted: rng.random_bool(0.5),
        own: rng.random_bool(0.4).then(|| Own {
            agent: (*AGENTS.choose(rng).unwrap()).to_owned(),
            listening: slugs(several(rng, &PROJECTS).into_iter().collect()),
        }),
    }
}

fn facts(row: &Recording) -> RecordingFacts {
    RecordingFacts {
        workspace: "default".into(),
        project: row.project.clone(),
        queue: row.queue.clone(),
        holder: Holder { agents: row.agents.iter().cloned().collect(), groups: BTreeSet::new() },
        started_at: row.started_at,
        restricted: row.restricted,
        legal_hold: false,
        agents_can_listen_to_others: false,
        visibility: Visibility::Members,
    }
}

/// What a word may be the beginning of.
fn found_by(row: &Recording) -> Vec<String> {
    let mut texts: Vec<String> = [row.id.as_str(), row.session.as_str()].map(str::to_owned).into();
    let whole = row.orders.iter().chain(&row.external_id).chain(&row.ticket);
    texts.extend(whole.cloned());
    texts.extend(row.customer_email.iter().map(|email| email.reveal().to_owned()));
    let split =
        row.agents.iter().chain(&row.labels).chain(&row.assignees).chain(&row.queue).chain(&row.external_id).chain(&row.ticket).cloned();
    for text in split.chain(row.title.iter().map(|title| title.reveal().to_owned())) {
        texts.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
    }
    texts.into_iter().map(|text| text.to_lowercase()).collect()
}

fn numbers(row: &Recording) -> Vec<String> {
    row.caller_number.iter().chain(&row.access_number).map(|number| digits(number.reveal())).collect()
}

fn typed(row: &Recording, q: &str) -> bool {
    let by_number = |text: &str| {
        let sought: String = text.chars().filter(char::is_ascii_digit).collect();
        let abroad = |number: &Personal| if number.reveal().starts_with(['+', '0']) { 3 } else { 0 };
        let all = row.caller_number.iter().chain(&row.access_number);
        let begins = all.clone().any(|n| {
            (0..=abroad(n)).any(|skip| digits(n.reveal()).get(skip..).is_some_and(|rest| rest.len() >= 3 && rest.starts_with(&sought)))
        });
        begins
            || (sought.len() >= 4 && numbers(row).iter().any(|number| number.ends_with(&sought)))
            || found_by(row).iter().any(|word| word.starts_with(&sought) || word.starts_with(text))
    };
    let is_number =
        |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == ' ') && text.chars().filter(char::is_ascii_digit).count() >= 3;
    if is_number(q) {
        return by_number(q);
    }
    q.split_whitespace().all(|word| {
        if is_number(word) { by_number(word) } else { found_by(row).iter().any(|known| known.starts_with(&word.to_lowercase())) }
    })
}

fn asked_for(row: &Recording, filter: &ListFilter) -> bool {
    let has = |list: &[String], one: &Option<String>| one.as_ref().is_none_or(|one| list.contains(one));
    filter.project.as_ref().is_none_or(|project| *project == row.project)
        && filter.state.is_none_or(|state| state == row.state)
        && filter.source.is_none_or(|source| source == row.source)
        && filter.restricted.is_none_or(|flag| flag == row.restricted)
        && filter.queue.as_ref().is_none_or(|queue| row.queue.as_ref() == Some(queue))
        && filter.external_id.as_ref().is_none_or(|id| row.external_id.as_ref() == Some(id))
        && has(&row.agents, &filter.agent)
        && has(&row.labels, &filter.label)
        && has(&row.assignees, &filter.assignee)
        && has(&row.orders, &filter.order)
        && filter.number.as_ref().is_none_or(|number| numbers(row).iter().any(|known| known.ends_with(&digits(number))))
        && filter
            .email
            .as_ref()
            .is_none_or(|email| row.customer_email.as_ref().is_some_and(|known| known.reveal().eq_ignore_ascii_case(email)))
        && filter.folder.as_ref().is_none_or(|folder| match folder {
            InFolder::None => row.folder.is_none(),
            InFolder::One(id) => row.folder.as_ref() == Some(id),
        })
        && filter.longer_ms.is_none_or(|least| row.duration_ms.is_some_and(|length| length >= least))
        && filter.shorter_ms.is_none_or(|most| row.duration_ms.is_some_and(|length| length <= most))
        && filter.from.is_none_or(|from| row.started_at >= from)
        && filter.to.is_none_or(|to| row.started_at < to)
        && filter.q.as_ref().is_none_or(|q| typed(row, q))
}

pub async fn a_list_is_what_a_look_at_every_row_finds(c: Catalogue, tries: usize) {
    let mut rng = StdRng::seed_from_u64(4);
    for slug in ["sales", "support"] {
        c.create_project(&project(slug)).await.expect("made");
    }
    let mut rows: Vec<Recording> = (0..300).map(|_| row(&mut rng)).collect();
    c.put_recordings(&rows).await.expect("kept");
    // Some are written again as other than they were: nothing of that may be found by what it was.
    for kept in rows.iter_mut().step_by(7) {
        let other = row(&mut rng);
        let change = Change::of_the_node();
        c.set_labels(&kept.id, &other.labels, &change).await.expect("labelled");
        c.set_title(&kept.id, other.title.as_ref().map(Personal::reveal), &change).await.expect("named");
        *kept = Recording {
            labels: other.labels,
            title: other.title,
            started_at: other.started_at,
            agents: other.agents,
            caller_number: other.caller_number,
            ..kept.clone()
        };
        c.put_recording(kept).await.expect("kept");
    }
    rows.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
    let mut found = 0;
    for n in 0..tries {
        let (mut asked, seen) = (filter(&mut rng), sight(&mut rng));
        let expected: Vec<_> = rows.iter().filter(|row| asked_for(row, &asked) && seen.covers(&facts(row))).map(|row| &row.id).collect();
        // As a small archive is searched, and as a large one is: in windows of time that are cut where they hold too much.
        let searched = if n % 2 == 0 { c.clone() } else { c.clone().taking_for_many(rng.random_range(2..40)) };
        let mut all = Vec::new();
        loop {
            let page = searched.recordings(&asked, &seen).await.expect("a page");
            all.extend(page.items);
            match page.next {
                Some(next) => asked.after = Some(next),
                None => break,
            }
        }
        let listed: Vec<_> = all.iter().map(|row| &row.id).collect();
        assert_eq!(listed, expected, "try {n}: {asked:?} {seen:?}");
        assert!(all.iter().all(|row| rows.contains(row)), "as it is in full");
        found += all.len();
    }
    assert!(found > tries, "most find something: {found}");

    for (filter, name) in [
        (ListFilter { number: Some("abc".into()), ..ListFilter::default() }, "number"),
        (ListFilter { email: Some("kari".into()), ..ListFilter::default() }, "email"),
        (ListFilter { agent: Some(" ".into()), ..ListFilter::default() }, "agent"),
        (ListFilter { q: Some("x".repeat(300)), ..ListFilter::default() }, "q"),
        (ListFilter { q: Some("a b c d e f g h i".into()), ..ListFilter::default() }, "q"),
        (ListFilter { longer_ms: Some(2), shorter_ms: Some(1), ..ListFilter::default() }, "shorter_than_s"),
    ] {
        let no = c.recordings(&filter, &Sight::everything()).await.expect_err("refused").to_string();
        assert!(no.starts_with(&format!("{name}: ")), "{no}");
    }
}
