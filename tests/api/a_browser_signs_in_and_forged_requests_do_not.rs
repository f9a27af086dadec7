use reqwest::Method;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use serde_json::json;

use crate::started::Started;

/// Signs in; answers the cookie and the form token of its pages.
async fn sign_in(node: &Started) -> (String, String) {
    let form = [("key", node.key.as_str()), ("next", "/")];
    let answer = node.form("/sign-in", &node.http, &form).send().await.expect("answered");
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[LOCATION], "/");
    let set = answer.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains(&node.key), "the cookie is not the key");
    let cookie = set.split(';').next().expect("a pair").to_owned();
    let page = node.bare(Method::GET, "/").header(COOKIE, &cookie).send().await.expect("answered").text().await.expect("text");
    let csrf = page.split_once("data-csrf=\"").and_then(|(_, rest)| rest.split_once('"')).expect("a form token").0.to_owned();
    (cookie, csrf)
}

#[tokio::test]
async fn a_page_of_ours_may_act_and_another_origin_may_not() {
    let node = Started::new().await;
    let (cookie, csrf) = sign_in(&node).await;
    let put = |origin: Option<&str>, token: Option<&str>| {
        let mut request = node.bare(Method::PUT, "/v1/queues/sales").header(COOKIE, &cookie).json(&json!({}));
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        async { request.send().await.expect("answered").status().as_u16() }
    };
    let other = node.http.replace("127.0.0.1", "evil.example");
    assert_eq!(put(Some(&node.http), Some(&csrf)).await, 200);
    assert_eq!(put(Some(&other), Some(&csrf)).await, 403);
    assert_eq!(put(None, Some(&csrf)).await, 403);
    assert_eq!(put(Some(&node.http), None).await, 403);
    assert_eq!(put(Some(&node.http), Some("0".repeat(64).as_str())).await, 403);

    let try_room = |csrf: String| {
        let request = node.form("/try", &node.http, &[("csrf", &csrf)]).header(COOKIE, &cookie);
        async { request.send().await.expect("answered").status().as_u16() }
    };
    assert_eq!(try_room("wrong".into()).await, 403);
    assert_eq!(try_room(csrf.clone()).await, 201);

    let out = node.form("/sign-out", &node.http, &[("csrf", &csrf)]).header(COOKIE, &cookie);
    assert_eq!(out.send().await.expect("answered").status(), 303);
    assert_eq!(node.bare(Method::GET, "/v1/projects").header(COOKIE, &cookie).send().await.expect("answered").status(), 401);
}

#[tokio::test]
async fn a_wrong_key_and_a_foreign_form_sign_nobody_in() {
    let node = Started::new().await;
    for (origin, key) in [(node.http.clone(), "ferric_wrong"), ("http://evil.example".into(), node.key.as_str())] {
        let answer = node.form("/sign-in", &origin, &[("key", key), ("next", "//evil.example")]).send().await.expect("answered");
        assert_eq!(answer.status(), 401);
        assert!(!answer.headers().contains_key(SET_COOKIE));
    }
}
