//! B2: each property, said by workspace, group and user, holds at once for somebody who is signed in; the nearest that says something wins. (`forced` and
//! `record_agent_if_denied`: `b2_an_agents_calls_are_recorded_as_properties_say`.)

use ferric::archive::RecordingState;
use ferric::model::id::RecordingId;
use ferric::model::time::WallClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b6_a_recordings_link_opens_for_whom_it_is_set::store_film;
use crate::people::{Browser, user};
use crate::sharing::{Sharing, now, to_bob};
use crate::started::{Started, recording};

const MINUTE_NS: i64 = 60_000_000_000;
const DAY_NS: i64 = 1_440 * MINUTE_NS;

/// Somebody who is an agent, in a group, signed in once and for all of it.
struct Anna<'n> {
    node: &'n Started,
    browser: Browser<'n>,
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
enum Place {
    Workspace,
    Group,
    User,
}

impl<'n> Anna<'n> {
    async fn on(node: &'n Started) -> Self {
        assert_eq!(node.send(Method::PUT, "/v1/agents/anna", json!({})).await.0, 200);
        for group in ["team", "other"] {
            assert_eq!(node.send(Method::PUT, &format!("/v1/groups/{group}"), json!({})).await.0, 200);
        }
        let project = json!({ "slug": "calls", "kind": "call", "settings": { "trigger": "manual", "record_mode": "both" } });
        assert_eq!(node.post("/v1/projects", project).await.0, 201);
        user(node, json!({ "name": "anna", "role": "agent", "groups": ["team"] })).await;
        Self { node, browser: Browser::of(node, "anna").await }
    }

    async fn says(&self, place: Place, properties: Value) {
        let (path, body) = match place {
            Place::Workspace => ("/v1/workspace/properties", properties),
            Place::Group => ("/v1/groups/team", json!({ "properties": properties, "members": ["anna"] })),
            Place::User => ("/v1/users/anna", json!({ "role": "agent", "groups": ["team"], "properties": properties })),
        };
        let (status, answer) = self.node.send(Method::PUT, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    async fn holds(&self, name: &str) -> Value {
        self.browser.get("/v1/me").await.1["properties"][name].clone()
    }

    /// A recording that is hers, with a film.
    async fn own(&self, change: impl FnOnce(&mut ferric::archive::Recording)) -> RecordingId {
        let mut row = recording(RecordingState::Ready);
        row.agents = vec!["anna".to_owned()];
        change(&mut row);
        self.node.node.catalogue.put_recording(&row).await.expect("kept");
        store_film(self.node, &row.id).await;
        row.id
    }

    async fn got(&self, path: &str, range: &str) -> u16 {
        let request = self.browser.request(Method::GET, path).header("accept", "text/html");
        let request = if range.is_empty() { request } else { request.header("range", range) };
        request.send().await.expect("answered").status().as_u16()
    }

    async fn plays(&self, id: &RecordingId) -> u16 {
        self.got(&format!("/v1/recordings/{id}/files/recording.mp4"), "bytes=0-9").await
    }

    async fn keeps(&self, id: &RecordingId) -> u16 {
        self.got(&format!("/v1/recordings/{id}/files/recording.mp4?download=1"), "").await
    }

    async fn deletes(&self) -> u16 {
        let id = self.own(|_| {}).await;
        let status = self.browser.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0;
        let there = self.node.request(Method::GET, &format!("/v1/recordings/{id}")).send().await.expect("answered").status();
        assert_eq!(there == 404, status == 204, "what is answered is what was done");
        status
    }

    async fn shares(&self, id: &RecordingId) -> u16 {
        self.browser.post("/v1/shares", to_bob(&[id])).await.0
    }

    /// Opens its link to everybody, reads it, and has it made anew: all of that, or none.
    async fn opens_the_link(&self, id: &RecordingId) -> u16 {
        let at = format!("/v1/recordings/{id}");
        let set = self.browser.send(Method::PUT, &format!("{at}/visibility"), json!({ "visibility": "anyone_with_link" })).await.0;
        let read = self.browser.get(&format!("{at}/visibility")).await.0;
        let renewed = self.browser.post(&format!("{at}/link"), json!({})).await.0;
        assert_eq!((read, renewed), (set, set));
        set
    }

    /// Whether a command of hers is carried out in a call of hers, and stands as such before it is given.
    async fn commands(&self, first: &[&str], verb: &str) -> bool {
        let (_, opened) = self.node.post("/v1/sessions", json!({ "project": "calls", "kind": "call" })).await;
        let session = format!("/v1/sessions/{}", opened["id"].as_str().expect("an id"));
        let (_, anna) = self.node.post(&format!("{session}/participants"), json!({ "role": "agent", "agent": "anna" })).await;
        let (_, customer) = self.node.post(&format!("{session}/participants"), json!({ "role": "customer" })).await;
        let give = async |who: &Value, verb: &str| {
            let token = who["token"].as_str().expect("a token");
            let request = self.node.bare(Method::POST, &format!("{session}/commands")).bearer_auth(token);
            crate::started::json_of(request.json(&json!({ "do": verb })).send().await.expect("answered")).await
        };
        give(&customer, "consent_grant").await;
        give(&anna, "consent_grant").await;
        for verb in first {
            give(&anna, verb).await;
        }
        let token = anna["token"].as_str().expect("a token");
        let told = self.node.bare(Method::GET, &session).bearer_auth(token).send().await.expect("answered");
        let (_, told) = crate::started::json_of(told).await;
        let told = &told["you"]["controls"]["commands"][verb];
        let (status, answer) = give(&anna, verb).await;
        assert_eq!(told["allowed"] == true, status == 200, "{verb}: {told} {answer}");
        assert!(status == 200 || answer["reason"] == "not_permitted", "{verb}: {answer}");
        self.node.post(&format!("{session}/end"), json!({})).await;
        status == 200
    }
}

/// Each switch, with what it is where nobody says anything.
const SWITCHES: [(&str, bool); 8] = [
    ("play", true),
    ("download", false),
    ("delete", false),
    ("censor_visible", true),
    ("manual_recording", false),
    ("restricted_access", false),
    ("external_links", false),
    ("external_access_page", false),
];

/// Whether she may do what the switch is for, as every surface answers.
async fn may(anna: &Anna<'_>, switch: &str, free: &RecordingId, restricted: &RecordingId) -> bool {
    let answered = |status: u16, yes: u16, no: u16| {
        assert!(status == yes || status == no, "{switch}: {status}");
        status == yes
    };
    match switch {
        "play" => answered(anna.plays(free).await, 206, 403),
        "download" => answered(anna.keeps(free).await, 200, 403),
        "delete" => answered(anna.deletes().await, 204, 403),
        "censor_visible" => {
            // She starts her calls here; what she may start with is another property.
            anna.commands(&["start"], "censor_on").await
        }
        "manual_recording" => anna.commands(&[], "start").await,
        "restricted_access" => {
            let path = format!("/v1/recordings/{restricted}");
            let sees = answered(anna.got(&path, "").await, 200, 404);
            assert_eq!(anna.plays(restricted).await, if sees { 206 } else { 404 });
            assert_eq!(anna.got(&format!("/recordings/{restricted}"), "").await, if sees { 200 } else { 404 });
            let listed = anna.browser.get("/v1/recordings?limit=200").await.1.to_string();
            assert_eq!(listed.contains(restricted.as_str()), sees, "listed as it is found");
            assert!(listed.contains(free.as_str()));
            sees
        }
        "external_links" => answered(anna.shares(free).await, 201, 403),
        "external_access_page" => {
            let sees = answered(anna.got("/external", "").await, 200, 403);
            assert_eq!(anna.got("/v1/shares", "").await == 200, sees);
            sees
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_each_property_holds_from_the_nearest_place_that_says_something() {
    let sharing = Sharing::new().await;
    let anna = Anna::on(&sharing.node).await;
    let (free, restricted) = (anna.own(|_| {}).await, anna.own(|row| row.restricted = true).await);
    for (switch, otherwise) in SWITCHES {
        let check = async |expected: bool, who: &str| {
            assert_eq!(anna.holds(switch).await, expected, "{switch}: {who}");
            assert_eq!(may(&anna, switch, &free, &restricted).await, expected, "{switch}: {who}");
        };
        // Beside what is looked at, she may start her calls by hand: else there would be nothing to censor.
        let say = async |place: Place, value: Option<bool>| {
            let mut all = serde_json::Map::new();
            if matches!(place, Place::Workspace) && switch == "censor_visible" {
                all.insert("manual_recording".into(), true.into());
            }
            if let Some(value) = value {
                all.insert(switch.into(), value.into());
            }
            anna.says(place, all.into()).await;
        };
        say(Place::Workspace, None).await;
        check(otherwise, "nobody says anything").await;
        say(Place::Workspace, Some(!otherwise)).await;
        check(!otherwise, "the workspace").await;
        say(Place::Group, Some(otherwise)).await;
        check(otherwise, "the group before the workspace").await;
        say(Place::User, Some(!otherwise)).await;
        check(!otherwise, "the user before the group").await;
        say(Place::User, Some(otherwise)).await;
        say(Place::Group, Some(!otherwise)).await;
        check(otherwise, "the user before the group, the other way round").await;
        say(Place::User, None).await;
        check(!otherwise, "the group, where the user says nothing").await;
        say(Place::Group, None).await;
        say(Place::Workspace, None).await;
        check(otherwise, "nobody any more").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_play_off_takes_the_rest_away_wherever_it_is_said() {
    let sharing = Sharing::new().await;
    let anna = Anna::on(&sharing.node).await;
    let id = anna.own(|_| {}).await;
    anna.says(Place::User, json!({ "download": true, "delete": true, "external_links": true })).await;
    assert_eq!((anna.plays(&id).await, anna.keeps(&id).await, anna.deletes().await, anna.shares(&id).await), (206, 200, 204, 201));
    assert_eq!(anna.opens_the_link(&id).await, 200);
    for place in [Place::Workspace, Place::Group] {
        anna.says(place, json!({ "play": false })).await;
        let all = (anna.plays(&id).await, anna.keeps(&id).await, anna.deletes().await, anna.shares(&id).await);
        assert_eq!(all, (403, 403, 403, 403), "{place:?}");
        assert_eq!(anna.opens_the_link(&id).await, 403, "by which she would play it as a stranger; {place:?}");
        // To have a recording that failed made again is not to play it: this one did not fail.
        let retried = anna.browser.post(&format!("/v1/recordings/{id}/retry"), json!({})).await.0;
        assert_eq!(retried, 409);
        assert_eq!((anna.holds("download").await, anna.holds("delete").await), (json!(false), json!(false)));
        // It may be seen that it is there, and what cannot be done says why.
        assert_eq!(anna.got(&format!("/recordings/{id}"), "").await, 200);
        anna.says(place, json!({})).await;
    }
    anna.says(Place::User, json!({ "play": false, "download": true, "delete": true })).await;
    assert_eq!((anna.plays(&id).await, anna.keeps(&id).await, anna.deletes().await), (403, 403, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_days_are_counted_from_a_recordings_beginning() {
    let node = Started::new().await;
    let anna = Anna::on(&node).await;
    let begun = |ago_ns: i64, length_ns: i64| {
        move |row: &mut ferric::archive::Recording| {
            row.started_at = WallClock(now().0 - ago_ns);
            row.ended_at = Some(WallClock(row.started_at.0 + length_ns));
        }
    };
    // Its end, a day later, is within the days; its beginning is not.
    let long = anna.own(begun(7 * DAY_NS + MINUTE_NS, DAY_NS)).await;
    let young = anna.own(begun(7 * DAY_NS - 10 * MINUTE_NS, MINUTE_NS)).await;
    let old = anna.own(begun(40 * DAY_NS, MINUTE_NS)).await;
    let sees = async || {
        let listed = anna.browser.get("/v1/recordings?limit=200").await.1.to_string();
        let mut seen = Vec::new();
        for id in [&young, &long, &old] {
            let plays = anna.plays(id).await;
            assert!(plays == 206 || plays == 404, "{plays}");
            assert_eq!(listed.contains(id.as_str()), plays == 206, "listed as it is played");
            assert_eq!(anna.got(&format!("/v1/recordings/{id}"), "").await == 200, plays == 206);
            seen.push(plays == 206);
        }
        seen
    };
    assert_eq!(sees().await, [true, true, true], "of any age, where nobody says anything");
    anna.says(Place::Workspace, json!({ "access_days": 7 })).await;
    assert_eq!(sees().await, [true, false, false]);
    anna.says(Place::Group, json!({ "access_days": 30 })).await;
    assert_eq!(sees().await, [true, true, false], "the group before the workspace, also where it lets more be seen");
    anna.says(Place::User, json!({ "access_days": 1 })).await;
    assert_eq!(sees().await, [false, false, false]);
    anna.says(Place::User, json!({ "access_days": 0 })).await;
    assert_eq!(sees().await, [true, true, true], "0 = of any age, and before the others");
    // Of two groups the fewer days; any age is the most.
    anna.says(Place::User, json!({})).await;
    let both = json!({ "role": "agent", "groups": ["team", "other"] });
    assert_eq!(node.send(Method::PUT, "/v1/groups/other", json!({ "properties": { "access_days": 0 }, "members": ["anna"] })).await.0, 200);
    assert_eq!(node.send(Method::PUT, "/v1/users/anna", both).await.0, 200);
    assert_eq!(sees().await, [true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_a_reason_is_asked_for_as_the_nearest_place_says() {
    let node = Started::new().await;
    let anna = Anna::on(&node).await;
    let id = anna.own(|_| {}).await;
    // Which of these reasons opens a play; a play that is open is another one's after each change.
    let takes = async || {
        let mut taken = Vec::new();
        for reason in [None, Some("because"), Some("complaint")] {
            let fresh = Browser::of(&node, "anna").await;
            let body = reason.map_or(json!({}), |reason| json!({ "reason": reason }));
            let (status, answer) = fresh.post(&format!("/v1/recordings/{id}/plays"), body).await;
            let film = fresh.request(Method::GET, &format!("/v1/recordings/{id}/files/recording.mp4")).header("range", "bytes=0-9");
            let film = film.send().await.expect("answered").status().as_u16();
            assert_eq!((status == 201, film == 206), (film == 206, status == 201), "{reason:?}: {status} {film} {answer}");
            taken.push(status == 201);
        }
        taken
    };
    assert_eq!(takes().await, [true, true, true], "none is asked for");
    anna.says(Place::Workspace, json!({ "playback_reason": "#txt" })).await;
    assert_eq!(takes().await, [false, true, true], "any text");
    anna.says(Place::Group, json!({ "playback_reason": "complaint;quality" })).await;
    assert_eq!(takes().await, [false, false, true], "one of a list");
    anna.says(Place::User, json!({ "playback_reason": "" })).await;
    assert_eq!(takes().await, [true, true, true], "the user's own: none");
    anna.says(Place::User, json!({})).await;
    assert_eq!(takes().await, [false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_of_several_groups_the_strictest_and_an_administrator_is_above_all_but_a_reason() {
    let sharing = Sharing::new().await;
    let node = &sharing.node;
    let anna = Anna::on(node).await;
    let (free, restricted) = (anna.own(|_| {}).await, anna.own(|row| row.restricted = true).await);
    let every = |value: bool| -> Value {
        SWITCHES.iter().map(|(name, _)| ((*name).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
    };
    anna.says(Place::Group, every(true)).await;
    for (switch, _) in SWITCHES {
        assert!(may(&anna, switch, &free, &restricted).await, "{switch}: her one group lets her");
    }
    let mut strict = every(false);
    strict["play"] = json!(true);
    assert_eq!(node.send(Method::PUT, "/v1/groups/other", json!({ "properties": strict, "members": ["anna"] })).await.0, 200);
    for (switch, _) in SWITCHES {
        // What cannot be started cannot be censored either way.
        if switch != "censor_visible" {
            assert_eq!(may(&anna, switch, &free, &restricted).await, switch == "play", "{switch}: her other group does not");
        }
        assert_eq!(anna.holds(switch).await, switch == "play", "{switch}");
    }
    let boss = json!({ "name": "boss", "role": "admin", "properties": { "play": false, "delete": false, "access_days": 1, "playback_reason": "#txt" } });
    user(node, boss).await;
    let boss = Anna { node, browser: Browser::of(node, "boss").await };
    assert_eq!(boss.plays(&restricted).await, 403, "a reason is asked of everybody whom it reaches");
    assert_eq!(boss.browser.post(&format!("/v1/recordings/{restricted}/plays"), json!({ "reason": "a look" })).await.0, 201);
    assert_eq!((boss.plays(&restricted).await, boss.keeps(&restricted).await, boss.deletes().await), (206, 200, 204));
}
