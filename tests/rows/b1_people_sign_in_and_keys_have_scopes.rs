//! B1: people sign in with a password, keys do what their scopes say, and what holds for somebody is found in the user, the groups, the workspace.

use reqwest::Method;
use serde_json::{Value, json};

use crate::catalogues::url_in;
use crate::people::{Browser, PASSWORD, by_key, cookie_of, key, try_password, user};
use crate::started::Started;
use crate::tables::that_say;

#[tokio::test]
async fn people_sign_in_by_name_or_address_and_their_password_is_kept_as_argon2id() {
    let node = Started::new().await;
    user(&node, json!({ "name": "anna", "email": "Anna@Example.com", "role": "reviewer", "display_name": "Anna Bø" })).await;
    for name in ["anna", "anna@example.COM"] {
        let answer = try_password(&node, name, PASSWORD).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().ok()), (303, Some("/nowhere")), "{name}");
        let set = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    }
    let anna = Browser::of(&node, "anna").await;
    let (status, me) = anna.get("/v1/me").await;
    assert_eq!((status, &me["kind"], &me["name"], &me["role"]), (200, &json!("user"), &json!("anna"), &json!("reviewer")));
    // The password, and what is kept of it, are answered nowhere.
    let (users, audit) = (node.get("/v1/users").await.to_string(), node.get("/v1/audit").await.to_string());
    for all in [&users, &audit] {
        assert!(!all.contains(PASSWORD) && !all.contains("argon2"), "{all}");
    }
    assert!(!audit.to_lowercase().contains("anna@example"), "{audit}");
    let catalogue = url_in(node.dir.path());
    assert_eq!(that_say(&catalogue, "$argon2id$v=19$m=19456,t=2,p=1$").await, ["users"]);
    assert_eq!(that_say(&catalogue, PASSWORD).await, Vec::<String>::new());
    // Both outcomes are noted, the wrong one with nobody's name.
    assert_eq!(try_password(&node, "anna", "wrong horse battery").await.status(), 401);
    let audit = node.get("/v1/audit?action=sign_in").await;
    let noted: Vec<(&str, bool)> =
        audit["items"].as_array().expect("items").iter().map(|e| (e["actor"].as_str().unwrap(), e["detail"]["failed"] == true)).collect();
    assert_eq!(noted[..2], [("visitor:sign-in", true), ("user:anna", false)]);
}

#[tokio::test]
async fn a_session_ends_at_once_with_what_it_rests_on() {
    let node = Started::new().await;
    let ends: [(&str, Value); 3] = [
        ("role", json!({ "role": "agent" })),
        ("disabled", json!({ "role": "reviewer", "disabled": true })),
        ("password", json!({ "role": "reviewer", "password": "another horse battery" })),
    ];
    for (name, change) in ends {
        user(&node, json!({ "name": name, "role": "reviewer" })).await;
        let browser = Browser::of(&node, name).await;
        assert_eq!(browser.get("/v1/me").await.0, 200);
        let (status, answer) = node.send(Method::PUT, &format!("/v1/users/{name}"), change).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(browser.get("/v1/me").await.0, 401, "{name}");
    }
    assert_eq!(try_password(&node, "disabled", PASSWORD).await.status(), 401);
    assert_eq!(try_password(&node, "password", PASSWORD).await.status(), 401);
    // Deleted, and made again with the same name: the old browser is still nobody's.
    user(&node, json!({ "name": "gone", "role": "reviewer" })).await;
    let browser = Browser::of(&node, "gone").await;
    assert_eq!(node.send(Method::DELETE, "/v1/users/gone", json!({})).await.0, 204);
    assert_eq!(browser.get("/v1/me").await.0, 401);
    user(&node, json!({ "name": "gone", "role": "admin" })).await;
    assert_eq!(browser.get("/v1/me").await.0, 401);
    // A change that takes nothing away leaves it.
    user(&node, json!({ "name": "kari", "role": "reviewer" })).await;
    let kari = Browser::of(&node, "kari").await;
    assert_eq!(node.send(Method::PUT, "/v1/users/kari", json!({ "role": "reviewer", "properties": { "download": true } })).await.0, 200);
    assert_eq!(kari.get("/v1/me").await.1["properties"]["download"], true);
    // One's own password: the present one is asked for, and every session ends.
    let wrong = json!({ "current": "wrong horse battery", "password": "third horse battery" });
    assert_eq!(kari.send(Method::PUT, "/v1/me/password", wrong).await.0, 422);
    let short = json!({ "current": PASSWORD, "password": "short" });
    assert_eq!(kari.send(Method::PUT, "/v1/me/password", short).await.0, 422);
    let right = json!({ "current": PASSWORD, "password": "third horse battery" });
    assert_eq!(kari.send(Method::PUT, "/v1/me/password", right).await.0, 204);
    assert_eq!(kari.get("/v1/me").await.0, 401);
    assert_eq!(try_password(&node, "kari", "third horse battery").await.status(), 303);
    // A browser that signed in with a key goes with the key.
    let helper = key(&node, "helper", &["admin"], None).await;
    let answer = node.form("/sign-in", &node.http, &[("key", &helper)]).send().await.expect("answered");
    let cookie = cookie_of(&answer).expect("signed in");
    let me = || async { node.bare(Method::GET, "/v1/me").header("cookie", &cookie).send().await.expect("answered").status().as_u16() };
    assert_eq!(me().await, 200);
    assert_eq!(node.send(Method::DELETE, "/v1/keys/helper", json!({})).await.0, 204);
    assert_eq!(me().await, 401);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_as_a_wrong_password_and_tries_are_few() {
    let node = Started::new().await;
    user(&node, json!({ "name": "anna", "role": "reviewer" })).await;
    let mut pages = Vec::new();
    for name in ["anna", "nobo"] {
        for n in 0..12 {
            let answer = try_password(&node, name, "wrong horse battery").await;
            let (status, retry) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
            pages.push((n, status, retry, answer.text().await.expect("text").replace(name, "…")));
        }
    }
    let (known, unknown) = pages.split_at(12);
    assert_eq!(known, unknown);
    let statuses: Vec<u16> = known.iter().map(|page| page.1).collect();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    // The right password opens nothing either, until the time is over.
    assert_eq!(try_password(&node, "anna", PASSWORD).await.status(), 429);
    // Side by side gains nothing.
    let tries = futures::future::join_all((0..30).map(|_| try_password(&node, "many", "wrong horse battery"))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status() == 401).count(), 10);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let node = Started::new().await;
    assert_eq!(node.post("/v1/projects", json!({ "slug": "sales" })).await.0, 201);
    let live = key(&node, "platform", &["sessions"], None).await;
    let (status, opened) = by_key(&node, &live, Method::POST, "/v1/sessions", Some(json!({ "project": "default" }))).await;
    assert_eq!(status, 201, "{opened}");
    let session = format!("/v1/sessions/{}", opened["id"].as_str().expect("an id"));
    assert_eq!(by_key(&node, &live, Method::GET, &session, None).await.0, 200);
    for (method, path, scope) in [
        (Method::GET, "/v1/users", "admin"),
        (Method::GET, "/v1/keys", "admin"),
        (Method::GET, "/v1/workspace", "admin"),
        (Method::GET, "/v1/audit", "audit"),
        (Method::GET, "/metrics", "metrics"),
        (Method::GET, "/v1/uploads", "uploads"),
    ] {
        let (status, answer) = by_key(&node, &live, method, path, None).await;
        assert_eq!((status, &answer["reason"]), (403, &json!("not_permitted")), "{path}");
        assert!(answer["detail"].as_str().expect("text").contains(&format!("`{scope}`")), "{path}: {answer}");
    }
    let auditor = key(&node, "auditor", &["audit"], None).await;
    assert_eq!(by_key(&node, &auditor, Method::GET, "/v1/audit", None).await.0, 200);
    assert_eq!(by_key(&node, &auditor, Method::GET, &session, None).await.0, 403);
    assert_eq!(by_key(&node, &auditor, Method::POST, "/v1/sessions", Some(json!({ "project": "default" }))).await.0, 403);
    // Limited to a project: another's sessions are not there.
    let sales = key(&node, "sales-platform", &["sessions"], Some(&["sales"])).await;
    assert_eq!(by_key(&node, &sales, Method::GET, &session, None).await.0, 404);
    assert_eq!(by_key(&node, &sales, Method::POST, "/v1/sessions", Some(json!({ "project": "default" }))).await.0, 422);
    assert_eq!(by_key(&node, &sales, Method::POST, "/v1/sessions", Some(json!({ "project": "sales" }))).await.0, 201);
    assert_eq!(by_key(&node, &sales, Method::GET, "/v1/sessions", None).await.1["items"].as_array().map(Vec::len), Some(1));
    // Shown once, known by its hash, taken back.
    let (_, listed) = by_key(&node, &node.key, Method::GET, "/v1/keys", None).await;
    assert!(!listed.to_string().contains(&live) && listed.to_string().contains("platform"), "{listed}");
    assert_eq!(node.send(Method::DELETE, "/v1/keys/platform", json!({})).await.0, 204);
    assert_eq!(by_key(&node, &live, Method::GET, &session, None).await.0, 401);
    let (status, own) = node.send(Method::DELETE, "/v1/keys/admin", json!({})).await;
    assert_eq!((status, &own["reason"]), (409, &json!("in_use")));
    for (body, field) in [
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["everything"] }), "scopes"),
        (json!({ "name": "", "scopes": ["audit"] }), "name"),
        (json!({ "name": "x", "scopes": ["sessions"], "projects": ["nowhere"] }), "projects"),
        (json!({ "name": "x", "scopes": ["admin"], "projects": ["sales"] }), "projects"),
    ] {
        let (status, answer) = node.post("/v1/keys", body).await;
        assert!(status == 422 && answer["detail"].as_str().expect("text").starts_with(field), "{answer}");
    }
    assert_eq!(node.post("/v1/keys", json!({ "name": "auditor", "scopes": ["audit"] })).await.0, 409);
}

#[tokio::test]
async fn the_nearest_place_that_says_something_wins() {
    let node = Started::new().await;
    let put = |path: &'static str, body: Value| node.send(Method::PUT, path, body);
    assert_eq!(put("/v1/workspace/properties", json!({ "download": true, "access_days": 30, "playback_reason": "#txt" })).await.0, 200);
    assert_eq!(put("/v1/groups/support", json!({ "properties": { "access_days": 7, "delete": true } })).await.0, 200);
    assert_eq!(put("/v1/groups/trainees", json!({ "properties": { "access_days": 2, "delete": false } })).await.0, 200);
    user(&node, json!({ "name": "anna", "role": "reviewer", "groups": ["support", "trainees"], "properties": { "download": false } }))
        .await;
    let anna = Browser::of(&node, "anna").await;
    let (_, me) = anna.get("/v1/me").await;
    let holds = &me["properties"];
    assert_eq!((&holds["download"], &holds["delete"], &holds["access_days"]), (&json!(false), &json!(false), &json!(2)), "{me}");
    assert_eq!(holds["playback_reason"], "#txt");
    let (status, told) = (200, node.get("/v1/users/anna/properties").await);
    let from = |name: &str| {
        let found = told.as_array().expect("a list").iter().find(|p| p["name"] == name).expect("there");
        (found["from"].as_str().expect("text").to_owned(), found["groups"].clone())
    };
    assert_eq!((status, from("download")), (200, ("user".into(), Value::Null)));
    assert_eq!(from("access_days"), ("group".into(), json!(["support", "trainees"])));
    assert_eq!(from("playback_reason").0, "workspace");
    assert_eq!(from("play").0, "default");
    // Off takes others along, and an admin has what is no matter of properties.
    assert_eq!(put("/v1/users/anna", json!({ "role": "reviewer", "properties": { "play": false, "download": true } })).await.0, 200);
    assert_eq!(anna.get("/v1/me").await.1["properties"]["download"], false);
    for (body, field) in [
        (json!({ "role": "boss" }), "role"),
        (json!({ "role": "agent", "agent": "nobody" }), "agent"),
        (json!({ "role": "agent", "groups": ["nowhere"] }), "groups"),
        (json!({ "role": "agent", "email": "no address" }), "email"),
        (json!({ "role": "agent", "filter": { "projects": ["nowhere"] } }), "filter.projects"),
        (json!({ "role": "agent", "properties": { "playback_reason": "a;;b" } }), "properties.playback_reason"),
        (json!({ "role": "agent", "properties": { "fly": true } }), "properties"),
        (json!({ "role": "agent", "password": "short" }), "password"),
    ] {
        let (status, answer) = put("/v1/users/anna", body).await;
        assert!(status == 422 && answer["detail"].as_str().expect("text").starts_with(field), "{answer}");
    }
    assert_eq!(anna.get("/v1/me").await.1["role"], "reviewer", "nothing was changed");
    // A group that somebody is limited to stays.
    assert_eq!(put("/v1/users/anna", json!({ "role": "reviewer", "filter": { "groups": ["support"] } })).await.0, 200);
    assert_eq!(node.send(Method::DELETE, "/v1/groups/support", json!({})).await.0, 409);
    assert_eq!(node.send(Method::DELETE, "/v1/groups/trainees", json!({})).await.0, 204);
}
