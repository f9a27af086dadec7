//! People of a node, signed in as browsers are, and keys.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::started::{Started, json_of};

/// A password that is one.
pub const PASSWORD: &str = "correct horse battery";

/// A signed-in browser.
pub struct Browser<'n> {
    pub node: &'n Started,
    pub cookie: String,
    pub csrf: String,
}

/// Makes a user with `PASSWORD`.
pub async fn user(node: &Started, body: Value) {
    let mut body = body;
    body["password"] = json!(PASSWORD);
    let (status, answer) = node.post("/v1/users", body).await;
    assert_eq!(status, 201, "{answer}");
}

/// Makes a key; answers it.
pub async fn key(node: &Started, name: &str, scopes: &[&str], projects: Option<&[&str]>) -> String {
    let mut body = json!({ "name": name, "scopes": scopes });
    if let Some(projects) = projects {
        body["projects"] = json!(projects);
    }
    let (status, answer) = node.post("/v1/keys", body).await;
    assert_eq!(status, 201, "{answer}");
    answer["key"].as_str().expect("shown once").to_owned()
}

/// Sends the form with a name and a password.
pub async fn try_password(node: &Started, name: &str, password: &str) -> Response {
    let body = format!("name={}&password={}&next=/nowhere", name.replace('@', "%40").replace(' ', "+"), password.replace(' ', "+"));
    let request = node.bare(Method::POST, "/sign-in").header("origin", &node.http);
    request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.expect("answered")
}

/// The cookie that an answer sets.
pub fn cookie_of(answer: &Response) -> Option<String> {
    let set = answer.headers().get("set-cookie")?.to_str().ok()?;
    Some(set.split(';').next()?.to_owned())
}

impl<'n> Browser<'n> {
    /// Signs somebody in.
    pub async fn of(node: &'n Started, name: &str) -> Self {
        let answer = try_password(node, name, PASSWORD).await;
        assert_eq!(answer.status(), 303, "{name}");
        let cookie = cookie_of(&answer).expect("a cookie");
        let page =
            node.bare(Method::GET, "/upload").header("cookie", &cookie).header("accept", "text/html").send().await.expect("answered");
        let page = page.text().await.expect("text");
        let csrf = page.split_once("data-csrf=\"").and_then(|(_, rest)| rest.split_once('"')).expect("a form token").0.to_owned();
        Self { node, cookie, csrf }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.node.bare(method, path).header("cookie", &self.cookie);
        request.header("origin", &self.node.http).header("x-csrf-token", &self.csrf)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        json_of(self.request(Method::GET, path).send().await.expect("answered")).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        json_of(self.request(method, path).json(&body).send().await.expect("answered")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    /// A form of a page, with this browser's token; the values need no escaping.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &self.csrf));
        self.node.form(path, &self.node.http, &fields).header("cookie", &self.cookie).send().await.expect("answered")
    }
}

/// With a key.
pub async fn by_key(node: &Started, key: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = node.bare(method, path).bearer_auth(key);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    json_of(request.send().await.expect("answered")).await
}
