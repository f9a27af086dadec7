//! Every route of the description × every kind of caller: refused or let in by the table below, which has to hold every route.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::json;

use crate::people::{Browser, by_key, key, user};
use crate::started::{Started, json_of};

/// Who is let in. Whatever becomes of the request then is another matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// Administrators.
    Admins,
    /// And keys with this scope.
    Scope(&'static str),
    /// Live sessions: `sessions`, and whoever is in the session, desks and watchers by their own rules.
    Session,
    /// Members, as far as a recording is theirs; keys with this scope.
    Members(&'static str),
    /// Any member and any key.
    Anybody,
    /// Whoever has a token of the route's own (an invitation, a question for the requester): members are nobody here.
    Invited,
}

/// Routes by their beginning; the longest that fits counts. Where methods differ, they stand before the path.
const TABLE: &[(&str, For)] = &[
    ("/v1/workspace", For::Admins),
    ("/v1/projects", For::Admins),
    ("/v1/agents", For::Admins),
    ("/v1/agents/{name}/desk", For::Scope("sessions")),
    ("/v1/queues", For::Admins),
    ("/v1/simulate", For::Admins),
    ("/v1/webhooks", For::Admins),
    ("/v1/users", For::Admins),
    ("/v1/groups", For::Admins),
    ("/v1/keys", For::Admins),
    ("/v1/audit", For::Scope("audit")),
    ("/metrics", For::Scope("metrics")),
    ("/v1/sessions", For::Session),
    ("/v1/states", For::Scope("sessions")),
    ("/v1/events", For::Session),
    ("/v1/desk", For::Session),
    ("GET /v1/sessions/{id}/chat", For::Members("recordings:play")),
    ("PUT /v1/sessions/{id}/chat", For::Scope("recordings:write")),
    ("DELETE /v1/sessions/{id}/chat", For::Members("recordings:delete")),
    ("/v1/sessions/{id}/chat/plays", For::Members("recordings:play")),
    ("/v1/chats", For::Members("recordings:read")),
    ("/v1/recordings", For::Members("recordings:read")),
    ("/v1/uploads", For::Members("uploads")),
    ("/v1/upload-invitations", For::Members("uploads")),
    ("/v1/invited-uploads", For::Invited),
    ("/v1/folders", For::Admins),
    ("GET /v1/folders", For::Members("recordings:read")),
    ("GET /v1/folders/{id}", For::Members("recordings:read")),
    ("/v1/labels", For::Admins),
    ("GET /v1/labels", For::Members("recordings:read")),
    ("/v1/assignees", For::Members("recordings:read")),
    ("/v1/triage-rules", For::Admins),
    ("GET /v1/triage-rules", For::Members("recordings:read")),
    ("GET /v1/triage-rules/{id}", For::Members("recordings:read")),
    ("/v1/me", For::Anybody),
    ("/v1/holds", For::Admins),
    ("/v1/retention", For::Admins),
    ("/v1/shares", For::Scope("share")),
    ("/v1/internal-links", For::Scope("share")),
    ("GET /v1/internal-links/{id}", For::Members("recordings:read")),
    ("/v1/requester", For::Invited),
];

fn rule(method: &str, path: &str) -> Option<For> {
    let with_method = format!("{method} {path}");
    let fits =
        |(beginning, _): &&(&str, For)| path == *beginning || with_method == *beginning || path.starts_with(&format!("{beginning}/"));
    TABLE.iter().filter(fits).max_by_key(|(beginning, _)| beginning.len()).map(|(_, rule)| *rule)
}

/// Where it is not for administrators alone, what the body says is read before it is looked who sends it: one that does not read is refused for that.
fn unread(rule: For, status: u16) -> bool {
    matches!(rule, For::Session | For::Scope(_) | For::Members(_)) && matches!(status, 400 | 415 | 422)
}

#[tokio::test]
async fn every_route_of_the_description_asks_who() {
    let node = Started::new().await;
    let (session, host, _) = node.room(json!({ "slug": "rooms", "kind": "room" })).await;
    let (_, watch) = node.post(&format!("/v1/sessions/{session}/watch"), json!({})).await;
    for (name, role) in [("anna", "agent"), ("rita", "reviewer"), ("boss", "admin")] {
        user(&node, json!({ "name": name, "role": role })).await;
    }
    let (anna, rita, boss) = (Browser::of(&node, "anna").await, Browser::of(&node, "rita").await, Browser::of(&node, "boss").await);
    // A key for each scope, and one whose only scope opens no route that another asks for.
    let mut keys = BTreeMap::new();
    for scope in
        ["sessions", "recordings:read", "recordings:play", "recordings:write", "recordings:delete", "uploads", "audit", "metrics", "share"]
    {
        keys.insert(scope, key(&node, scope, &[scope], None).await);
    }
    let bare = key(&node, "bare", &["recordings:restricted"], None).await;
    let description = node.get("/openapi.json").await;
    let (mut asked, mut unknown) = (0, BTreeSet::new());
    for (path, methods) in description["paths"].as_object().expect("paths") {
        let at = path.replace("{id}", "0f9e0000000000000000000000000000").replace("{slug}", "nowhere").replace("{name}", "nobody");
        let at = at.replace("{version}", "1").replace("{delivery}", "0f9e");
        for method in methods.as_object().expect("methods").keys() {
            let Ok(verb) = method.to_uppercase().parse::<Method>() else { continue };
            let Some(rule) = rule(verb.as_str(), path) else {
                unknown.insert(format!("{verb} {path}"));
                continue;
            };
            // A stream would go on; a refusal comes at once.
            let ask = |request: reqwest::RequestBuilder| async {
                let answer = request.timeout(std::time::Duration::from_secs(20)).send().await.expect("answered");
                let stream = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
                let status = answer.status().as_u16();
                let reason = if stream { String::new() } else { json_of(answer).await.1["reason"].as_str().unwrap_or_default().to_owned() };
                (status, reason)
            };
            let what = format!("{verb} {path}");
            assert_eq!(ask(node.bare(verb.clone(), &at)).await.0, 401, "nobody: {what}");
            let tokens =
                [("participant", host["token"].as_str().expect("a token")), ("watcher", watch["token"].as_str().expect("a token"))];
            for (who, token) in tokens {
                let (status, _) = ask(node.bare(verb.clone(), &at).bearer_auth(token)).await;
                let may = verb == Method::OPTIONS || rule == For::Session && who == "participant" && path == "/v1/events";
                assert!(may || matches!(status, 401 | 403) || unread(rule, status), "{who}: {what}: {status}");
            }
            // What is meant: let in (whatever comes of it), or refused by the rule.
            let refused = |answer: &(u16, String)| {
                // HEAD has no body that could say why.
                answer.0 == 401
                    || answer.0 == 403 && (verb == Method::HEAD || matches!(answer.1.as_str(), "not_permitted" | "not_your_session"))
            };
            let of = |request: reqwest::RequestBuilder| request.json(&json!({}));
            let (agent, reviewer) = (ask(of(anna.request(verb.clone(), &at))).await, ask(of(rita.request(verb.clone(), &at))).await);
            let none = ask(of(node.bare(verb.clone(), &at).bearer_auth(&bare))).await;
            let admin = ask(of(boss.request(verb.clone(), &at))).await;
            let members = matches!(rule, For::Members(_) | For::Anybody);
            let free = verb == Method::OPTIONS || rule == For::Anybody;
            // A desk, and one's own, are for agents; a key has no password.
            if !path.starts_with("/v1/me/") {
                let expected = rule == For::Invited || !members && !free && path != "/v1/desk";
                for (who, answer) in [("agent", &agent), ("reviewer", &reviewer)] {
                    assert_eq!(refused(answer) || expected && unread(rule, answer.0), expected, "{who}: {what}: {answer:?}");
                }
            }
            if rule != For::Anybody && path != "/v1/desk" && verb != Method::OPTIONS {
                assert!(refused(&none) || unread(rule, none.0), "a key without the scope: {what}: {none:?}");
            }
            if rule == For::Invited {
                assert!(verb == Method::OPTIONS || admin.0 == 401, "admin: {what}: {admin:?}");
            } else if path != "/v1/me/desk" {
                assert!(!refused(&admin) || path == "/v1/me/password", "admin: {what}: {admin:?}");
            }
            if let For::Scope(scope) = rule {
                let right = ask(of(node.bare(verb.clone(), &at).bearer_auth(&keys[scope]))).await;
                assert!(!refused(&right), "{scope}: {what}: {right:?}");
            }
            asked += 7;
        }
    }
    assert!(unknown.is_empty(), "routes that the table does not know: {unknown:#?}");
    assert!(asked > 400, "{asked}");
}

#[tokio::test]
async fn headers_cookies_and_forms_of_others_open_nothing() {
    let node = Started::new().await;
    user(&node, json!({ "name": "rita", "role": "reviewer" })).await;
    user(&node, json!({ "name": "boss", "role": "admin" })).await;
    let (rita, boss) = (Browser::of(&node, "rita").await, Browser::of(&node, "boss").await);
    let put = |cookie: String, origin: Option<String>, csrf: Option<String>, more: Vec<(&'static str, String)>| {
        let mut request = node.bare(Method::PUT, "/v1/queues/sales").header("cookie", cookie).json(&json!({}));
        for (name, value) in [("origin", origin), ("x-csrf-token", csrf)].into_iter().filter_map(|(n, v)| Some((n, v?))).chain(more) {
            request = request.header(name, value);
        }
        async { request.send().await.expect("answered").status().as_u16() }
    };
    let own = Some(node.http.clone());
    assert_eq!(put(boss.cookie.clone(), own.clone(), Some(boss.csrf.clone()), vec![]).await, 200);
    // Forms: another origin's, none's, with another browser's token, with none.
    let evil = Some("http://evil.example".to_owned());
    assert_eq!(put(boss.cookie.clone(), evil.clone(), Some(boss.csrf.clone()), vec![]).await, 403);
    assert_eq!(put(boss.cookie.clone(), None, Some(boss.csrf.clone()), vec![]).await, 403);
    assert_eq!(put(boss.cookie.clone(), own.clone(), Some(rita.csrf.clone()), vec![]).await, 403);
    assert_eq!(put(boss.cookie.clone(), own.clone(), None, vec![]).await, 403);
    let forwarded = vec![("x-forwarded-host", "evil.example".to_owned()), ("x-forwarded-proto", "http".to_owned())];
    assert_eq!(put(boss.cookie.clone(), evil, Some(boss.csrf.clone()), forwarded).await, 403);
    // Cookies: forged, cut, another's name, two of them.
    for cookie in ["ferric_session=", "ferric_session=0", "ferric_session=admin", "session=x"] {
        assert_eq!(put(cookie.to_owned(), own.clone(), Some(boss.csrf.clone()), vec![]).await, 401, "{cookie}");
    }
    let cut = boss.cookie[..boss.cookie.len() - 1].to_owned();
    assert_eq!(put(cut, own.clone(), Some(boss.csrf.clone()), vec![]).await, 401);
    // Headers that some servers believe.
    for (name, value) in [
        ("x-http-method-override", "GET".to_owned()),
        ("x-forwarded-user", "boss".to_owned()),
        ("x-remote-user", "boss".to_owned()),
        ("x-forwarded-for", "127.0.0.1".to_owned()),
        ("x-original-url", "/healthz".to_owned()),
        ("x-rewrite-url", "/healthz".to_owned()),
        ("x-csrf-token", boss.csrf.clone()),
    ] {
        let status = put(rita.cookie.clone(), own.clone(), Some(rita.csrf.clone()), vec![(name, value)]).await;
        assert!(matches!(status, 401 | 403), "{name}: {status}");
    }
    // A key in the address, in a cookie, in another scheme, twice.
    let users = |request: reqwest::RequestBuilder| async { request.send().await.expect("answered").status().as_u16() };
    assert_eq!(users(node.bare(Method::GET, &format!("/v1/users?key={0}&access_token={0}", node.key))).await, 401);
    assert_eq!(users(node.bare(Method::GET, "/v1/users").header("cookie", format!("ferric_session={}", node.key))).await, 401);
    assert_eq!(users(node.bare(Method::GET, "/v1/users").basic_auth("admin", Some(&node.key))).await, 401);
    assert_eq!(
        users(
            node.bare(Method::GET, "/v1/users")
                .header("authorization", "Bearer nobody")
                .header("authorization", format!("Bearer {}", node.key))
        )
        .await,
        401
    );
    // A wrong key beside a good cookie is a wrong key.
    assert_eq!(users(boss.request(Method::GET, "/v1/users").bearer_auth("ferric_nobody")).await, 401);
    assert_eq!(by_key(&node, &node.key, Method::GET, "/v1/users", None).await.0, 200);
}
