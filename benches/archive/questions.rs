//! What is asked of the archive.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ferric::archive::rights::{Own, Sight};
use ferric::archive::{InFolder, ListFilter, RecordingState, Source};
use ferric::model::time::WallClock;

use crate::made::{AGENTS, NEWEST_NS, PROJECTS, QUEUES, STEP_NS};

type Ask = Box<dyn Fn(usize) -> (ListFilter, Sight)>;

/// What is asked for.
#[derive(Clone, Copy)]
pub enum Asked {
    Page,
    /// How many there are, as beside a folder's name: up to a thousand.
    Count,
    /// Names that a filter offers.
    Names,
}

pub struct Question {
    pub what: &'static str,
    pub asked: Asked,
    pub ask: Ask,
}

fn slug(n: i64) -> String {
    if n % PROJECTS == 0 { "default".to_owned() } else { format!("project-{}", n % PROJECTS) }
}

fn slugs<I: IntoIterator<Item = i64>, B: FromIterator<ferric::model::id::ProjectSlug>>(of: I) -> B {
    of.into_iter().map(|n| slug(n).parse().expect("a slug")).collect()
}

fn agents_sight(n: i64, listening: i64) -> Sight {
    Sight {
        after: Some(WallClock(NEWEST_NS - 300_000 * STEP_NS)),
        restricted: false,
        own: Some(Own { agent: format!("agent {}", n % AGENTS), listening: slugs((1..=listening).map(|k| n + k)) }),
        ..Sight::everything()
    }
}

/// As a reader carries it who has read so many rows of an archive without filters.
fn behind(rows: i64) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(format!("{} 5", NEWEST_NS - rows * STEP_NS)))
}

const TYPED: [&str; 10] = ["a", "9", "ag", "call-100", "customer1", "customer12345@", "t-1", "+47 912", "call-10000123", "o-4"];

pub fn questions(rows: i64) -> Vec<Question> {
    let none = ListFilter::default;
    let deep = (50 * 1_000).min(rows / 2);
    let mut all: Vec<Question> = Vec::new();
    let mut ask = |what: &'static str, ask: Ask| all.push(Question { what, asked: Asked::Page, ask });
    ask("first page", Box::new(move |_| (none(), Sight::everything())));
    ask("thousandth page", Box::new(move |n| (ListFilter { after: behind(deep + n as i64), ..none() }, Sight::everything())));
    ask(
        "first page of a reviewer without restricted ones",
        Box::new(move |_| (none(), Sight { restricted: false, ..Sight::everything() })),
    );
    ask("first page of an agent", Box::new(move |n| (none(), agents_sight(n as i64 * 7, 0))));
    ask("first page of an agent who listens to three projects", Box::new(move |n| (none(), agents_sight(n as i64 * 7, 3))));
    ask(
        "thousandth page of an agent who listens to three projects",
        Box::new(move |n| (ListFilter { after: behind(deep), ..none() }, agents_sight(n as i64 * 7, 3))),
    );
    ask(
        "of a reviewer of three queues and four projects",
        Box::new(move |n| {
            let n = n as i64;
            let queues: BTreeSet<String> = (0..3).map(|k| format!("queue {}", (n + k * 11) % QUEUES)).collect();
            (
                none(),
                Sight { queues: Some(queues), projects: Some(slugs((0..4).map(|k| n + k * 7))), restricted: false, ..Sight::everything() },
            )
        }),
    );
    ask(
        "project",
        Box::new(move |n| (ListFilter { project: Some(slug(n as i64).parse().expect("a slug")), ..none() }, Sight::everything())),
    );
    ask(
        "thousandth page of a project, ready ones",
        Box::new(move |n| {
            let project = Some("default".parse().expect("a slug"));
            (ListFilter { project, state: Some(RecordingState::Ready), after: behind(deep * 2 + n as i64), ..none() }, Sight::everything())
        }),
    );
    ask("failed ones", Box::new(move |_| (ListFilter { state: Some(RecordingState::Failed), ..none() }, Sight::everything())));
    ask(
        "failed uploads of a project over ten minutes",
        Box::new(move |n| {
            let project = Some(slug(n as i64).parse().expect("a slug"));
            let filter = ListFilter {
                project,
                state: Some(RecordingState::Failed),
                source: Some(Source::Upload),
                longer_ms: Some(600_000),
                ..none()
            };
            (filter, Sight::everything())
        }),
    );
    ask(
        "agent, label and project",
        Box::new(move |n| {
            let agent = Some(format!("agent {}", (n as i64 * 13) % AGENTS));
            let filter = ListFilter {
                agent,
                label: Some(format!("label {}", n % 30)),
                project: Some(slug(n as i64).parse().expect("a slug")),
                ..none()
            };
            (filter, Sight::everything())
        }),
    );
    ask(
        "queue, label, folder, source and a month, of an agent who listens to three projects",
        Box::new(move |n| {
            let filter = ListFilter {
                queue: Some(format!("queue {}", n as i64 % QUEUES)),
                label: Some(format!("label {}", n % 30)),
                folder: Some(InFolder::One(format!("f{}", n % 25))),
                source: Some(Source::Live),
                from: Some(WallClock(NEWEST_NS - 82_000 * STEP_NS)),
                to: Some(WallClock(NEWEST_NS - 41_000 * STEP_NS)),
                ..none()
            };
            (filter, agents_sight(n as i64 * 7, 3))
        }),
    );
    ask(
        "queue and label and folder, everywhere",
        Box::new(move |n| {
            let filter = ListFilter {
                queue: Some(format!("queue {}", n as i64 % QUEUES)),
                label: Some(format!("label {}", n % 30)),
                folder: Some(InFolder::One(format!("f{}", n % 25))),
                ..none()
            };
            (filter, Sight::everything())
        }),
    );
    ask(
        "in no folder, assigned to somebody",
        Box::new(move |n| {
            (ListFilter { folder: Some(InFolder::None), assignee: Some(format!("agent {}", n % 50)), ..none() }, Sight::everything())
        }),
    );
    ask(
        "restricted ones of a queue",
        Box::new(move |n| {
            (ListFilter { restricted: Some(true), queue: Some(format!("queue {}", n as i64 % QUEUES)), ..none() }, Sight::everything())
        }),
    );
    ask("over an hour", Box::new(move |_| (ListFilter { longer_ms: Some(3_600_000), ..none() }, Sight::everything())));
    ask("over a day: none is", Box::new(move |_| (ListFilter { longer_ms: Some(86_400_000), ..none() }, Sight::everything())));
    ask("number", Box::new(move |n| (ListFilter { number: Some(format!("{}", 1_000 + n * 37)), ..none() }, Sight::everything())));
    ask(
        "e-mail address",
        Box::new(move |n| (ListFilter { email: Some(format!("customer{}@example.com", n * 91)), ..none() }, Sight::everything())),
    );
    ask("order", Box::new(move |n| (ListFilter { order: Some(format!("O-{}", n * 91)), ..none() }, Sight::everything())));
    ask(
        "external id",
        Box::new(move |n| (ListFilter { external_id: Some(format!("call-{}", 10_000_000 + n * 991)), ..none() }, Sight::everything())),
    );
    ask("a label that nothing has", Box::new(move |_| (ListFilter { label: Some("nothing".into()), ..none() }, Sight::everything())));
    let typed = |q: &str| ListFilter { q: Some(q.to_owned()), ..ListFilter::default() };
    ask("typed, by anybody", Box::new(move |n| (typed(TYPED[n % 10]), Sight::everything())));
    ask("typed, by an agent", Box::new(move |n| (typed(TYPED[n % 10]), agents_sight(n as i64, 0))));
    ask(
        "typed, of a project and an agent",
        Box::new(move |n| {
            (
                ListFilter {
                    project: Some("default".parse().expect("a slug")),
                    agent: Some(format!("agent {}", n as i64 % AGENTS)),
                    ..typed(TYPED[n % 10])
                },
                Sight::everything(),
            )
        }),
    );
    ask("two words", Box::new(move |n| (typed(&format!("agent {}", (n as i64 * 31) % AGENTS)), Sight::everything())));
    ask("two words that are never together", Box::new(move |n| (typed(&format!("customer{n}@ t-{n}99")), Sight::everything())));
    let in_folder = |n: usize| ListFilter { folder: Some(InFolder::One(format!("f{}", n % 25))), ..ListFilter::default() };
    for (asked, what, listening) in [
        (Asked::Count, "how many are in a folder, of an agent", 0),
        (Asked::Count, "how many are in a folder, of an agent who listens to three projects", 3),
        (Asked::Names, "names that are offered to an agent", 0),
        (Asked::Names, "names that are offered to an agent who listens to three projects", 3),
    ] {
        all.push(Question { what, asked, ask: Box::new(move |n| (in_folder(n), agents_sight(n as i64 * 7, listening))) });
    }
    all
}
