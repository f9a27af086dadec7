//! B2, B3: what people find and play of the archive, against a model of its own: people × recordings × what they do.

use std::collections::BTreeSet;

use ferric::archive::RecordingState;
use ferric::model::time::WallClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{Browser, user};
use crate::started::{Started, recording};

/// Somebody, as the model sees them.
struct Somebody {
    name: &'static str,
    body: Value,
    /// `play`, `download`, `delete`, `restricted_access` as they hold.
    rights: [bool; 4],
    days: Option<i64>,
    is: &'static str,
    projects: Option<&'static [&'static str]>,
    queues: Option<&'static [&'static str]>,
    group: Option<&'static str>,
}

/// A recording, as the model sees it.
#[derive(Clone)]
struct Recorded {
    id: String,
    project: &'static str,
    queue: Option<&'static str>,
    agent: Option<&'static str>,
    age_days: i64,
    restricted: bool,
}

impl Somebody {
    fn sees(&self, what: &Recorded) -> bool {
        // Of the agents only `kari` is in the group `support`.
        let in_group = |group: &str| group == "support" && what.agent == Some("kari");
        if self.is == "admin" {
            return true;
        }
        let theirs = self.is != "agent" || what.project == "open" || what.agent == Some(self.name);
        theirs
            && (!what.restricted || self.rights[3])
            && self.days.is_none_or(|days| what.age_days < days)
            && self.projects.is_none_or(|only| only.contains(&what.project))
            && self.queues.is_none_or(|only| what.queue.is_some_and(|queue| only.contains(&queue)))
            && self.group.is_none_or(in_group)
    }

    /// 0 see, 1 play, 2 download, 3 delete: what is answered.
    fn answer(&self, act: usize, what: &Recorded) -> u16 {
        let may = match act {
            _ if self.is == "admin" => true,
            0 => true,
            1 => self.rights[0],
            2 => self.rights[0] && self.rights[1],
            _ => self.rights[0] && self.rights[2],
        };
        match (self.sees(what), may) {
            (false, _) => 404,
            (true, false) => 403,
            (true, true) => 200,
        }
    }
}

fn people() -> Vec<Somebody> {
    let one = |name, is, rights: [bool; 4], more: Value| {
        let names = ["play", "download", "delete", "restricted_access"];
        let mut properties: Value = names.iter().zip(rights).map(|(name, on)| ((*name).to_owned(), json!(on))).collect();
        if let Some(days) = more.get("days") {
            properties["access_days"] = days.clone();
        }
        let filter = more.get("filter").cloned().unwrap_or_else(|| json!({}));
        let groups = more.get("groups").cloned().unwrap_or_else(|| json!([]));
        let body = json!({ "name": name, "role": is, "properties": properties, "filter": filter, "groups": groups });
        Somebody { name, body, rights, days: more["days"].as_i64(), is, projects: None, queues: None, group: None }
    };
    let none = || json!({});
    vec![
        one("boss", "admin", [false; 4], none()),
        one("reviewer", "reviewer", [true, true, true, true], none()),
        one("listener", "reviewer", [true, false, false, false], none()),
        one("barred", "reviewer", [false, true, true, true], none()),
        one("recent", "reviewer", [true, true, false, true], json!({ "days": 7 })),
        Somebody {
            projects: Some(&["sales"]),
            ..one("sales", "reviewer", [true, true, true, false], json!({ "filter": { "projects": ["sales"] } }))
        },
        Somebody {
            queues: Some(&["gold"]),
            ..one("gold", "reviewer", [true, false, true, true], json!({ "filter": { "queues": ["gold"] } }))
        },
        Somebody {
            projects: Some(&["default", "sales"]),
            queues: Some(&["gold", "silver"]),
            ..one(
                "both",
                "reviewer",
                [true, true, true, true],
                json!({ "filter": { "projects": ["default", "sales"], "queues": ["gold", "silver"] } }),
            )
        },
        Somebody {
            group: Some("support"),
            ..one("lead", "reviewer", [true, true, true, true], json!({ "filter": { "groups": ["support"] } }))
        },
        one("anna", "agent", [true, true, false, false], none()),
        one("kari", "agent", [true, false, true, true], json!({ "groups": ["support"] })),
        one("paal", "agent", [true, true, true, true], json!({ "days": 30 })),
    ]
}

#[tokio::test]
async fn people_recordings_and_acts_agree_with_a_second_model() {
    let node = Started::new().await;
    assert_eq!(node.post("/v1/projects", json!({ "slug": "sales" })).await.0, 201);
    assert_eq!(node.post("/v1/projects", json!({ "slug": "open", "settings": { "agents_can_listen_to_others": true } })).await.0, 201);
    assert_eq!(node.post("/v1/groups", json!({ "name": "support" })).await.0, 201);
    let people = people();
    for somebody in &people {
        user(&node, somebody.body.clone()).await;
    }
    let now = WallClock::from_unix_ms(jiff::Timestamp::now().as_millisecond());
    let mut recorded = Vec::new();
    for (n, project) in ["default", "sales", "open"].into_iter().cycle().take(48).enumerate() {
        let mut row = recording(RecordingState::Failed);
        let what = Recorded {
            id: row.id.to_string(),
            project,
            queue: [Some("gold"), Some("silver"), None, Some("gold")][n / 3 % 4],
            agent: [Some("anna"), Some("kari"), None, Some("paal")][n / 12 % 4],
            age_days: [1, 10, 100][n % 7 % 3],
            restricted: n % 5 == 0,
        };
        row.project = project.parse().expect("a slug");
        row.started_at = WallClock::from_unix_ms(now.as_unix_ms() - what.age_days * 86_400_000);
        row.queue = what.queue.map(str::to_owned);
        row.agents = what.agent.iter().map(|agent| (*agent).to_owned()).collect();
        row.restricted = what.restricted;
        node.node.catalogue.put_recording(&row).await.expect("kept");
        if what.restricted {
            let (status, answer) = node.send(Method::PATCH, &format!("/v1/recordings/{}", what.id), json!({ "restricted": true })).await;
            assert!(status == 200 || node.get(&format!("/v1/recordings/{}", what.id)).await["restricted"] == true, "{answer}");
        }
        recorded.push(what);
    }
    let mut asked = 0;
    for somebody in &people {
        let browser = Browser::of(&node, somebody.name).await;
        // Lists hold the same as asking one by one.
        let (status, listed) = browser.get("/v1/recordings?limit=200").await;
        assert_eq!(status, 200, "{listed}");
        let listed: BTreeSet<String> =
            listed["items"].as_array().expect("items").iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        let seen: BTreeSet<String> = recorded.iter().filter(|what| somebody.sees(what)).map(|what| what.id.clone()).collect();
        assert_eq!(listed, seen, "{}", somebody.name);
        for what in &recorded {
            let file = format!("/v1/recordings/{}/files/recording.mp4", what.id);
            // There is no file: whoever may have it is told so (404 of another kind).
            let told = |request: reqwest::RequestBuilder| async {
                let answer = request.send().await.expect("answered");
                let status = answer.status().as_u16();
                let text = answer.text().await.expect("text");
                if status == 404 && text.contains("no such file") { 200 } else { status }
            };
            let answers = [
                told(browser.request(Method::GET, &format!("/v1/recordings/{}", what.id))).await,
                told(browser.request(Method::GET, &file).header("range", "bytes=0-9")).await,
                told(browser.request(Method::GET, &format!("{file}?download=1"))).await,
            ];
            for (act, answer) in answers.into_iter().enumerate() {
                assert_eq!(answer, somebody.answer(act, what), "{} {act} {} {:?}", somebody.name, what.project, what.agent);
                asked += 1;
            }
            // Deleting is tried where it must not work; else the next would find nothing.
            let wanted = somebody.answer(3, what);
            if wanted != 200 {
                let answer = told(browser.request(Method::DELETE, &format!("/v1/recordings/{}", what.id))).await;
                assert_eq!(answer, wanted, "{} deletes {} {:?}", somebody.name, what.project, what.agent);
            }
            asked += 1;
        }
    }
    assert!(asked >= 2_000, "{asked}");
}

#[tokio::test]
async fn what_is_not_theirs_is_answered_as_what_nobody_has() {
    let node = Started::new().await;
    user(&node, json!({ "name": "anna", "role": "agent" })).await;
    let mut row = recording(RecordingState::Ready);
    row.agents = vec!["kari".to_owned()];
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let anna = Browser::of(&node, "anna").await;
    let guessed = ferric::model::id::RecordingId::random();
    for tail in ["", "/files/recording.mp4", "/files/manifest.json", "/visibility"] {
        let (theirs, nobodys) =
            (anna.get(&format!("/v1/recordings/{}{tail}", row.id)).await, anna.get(&format!("/v1/recordings/{guessed}{tail}")).await);
        assert_eq!(theirs.0, 404, "{tail}");
        assert_eq!(theirs.1.to_string().replace(row.id.as_str(), "…"), nobodys.1.to_string().replace(guessed.as_str(), "…"), "{tail}");
    }
}

#[tokio::test]
async fn filters_offer_names_alone_that_occur_in_what_somebody_sees() {
    let node = Started::new().await;
    for (agent, queue) in [("Paal", "sales"), ("Kari", "support"), ("Ola", "gold")] {
        assert_eq!(node.post("/v1/agents", json!({ "name": agent })).await.0, 201);
        assert_eq!(node.post("/v1/queues", json!({ "name": queue })).await.0, 201);
        let mut row = recording(RecordingState::Ready);
        (row.agents, row.queue) = (vec![agent.to_owned()], Some(queue.to_owned()));
        node.node.catalogue.put_recording(&row).await.expect("kept");
    }
    user(&node, json!({ "name": "anna", "role": "reviewer", "filter": { "queues": ["sales", "gold"] } })).await;
    user(&node, json!({ "name": "kari", "role": "agent", "agent": "Kari" })).await;
    user(&node, json!({ "name": "new", "role": "agent" })).await;
    let offered = async |cookie: &str| {
        let request = node.bare(Method::GET, "/archive").header("accept", "text/html");
        let request = if cookie.is_empty() { request.bearer_auth(&node.key) } else { request.header("cookie", cookie) };
        let page = request.send().await.expect("answered").text().await.expect("text");
        let of = |list: &str| {
            let from = page.split_once(&format!("<datalist id=\"{list}\">")).expect("a list").1;
            let options = from.split("</datalist>").next().expect("its end").split("value=\"").skip(1);
            options.map(|rest| rest.split('"').next().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        (of("l-agent"), of("l-queue"))
    };
    let names = |agents: &[&str], queues: &[&str]| {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        (own(agents), own(queues))
    };
    assert_eq!(offered(&Browser::of(&node, "anna").await.cookie).await, names(&["Ola", "Paal"], &["gold", "sales"]));
    assert_eq!(offered(&Browser::of(&node, "kari").await.cookie).await, names(&["Kari"], &["support"]));
    assert_eq!(offered(&Browser::of(&node, "new").await.cookie).await, names(&[], &[]));
    assert_eq!(offered("").await, names(&["Kari", "Ola", "Paal"], &["gold", "sales", "support"]), "whoever sees all is offered all");
}
