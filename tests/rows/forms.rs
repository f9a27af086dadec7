//! Pages and forms as a browser without scripts uses them, with a key.

use reqwest::Method;

use crate::started::Started;

fn escaped(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A page with its status.
pub async fn page(node: &Started, key: &str, path: &str) -> (u16, String) {
    let answer = node.bare(Method::GET, path).bearer_auth(key).header("accept", "text/html").send().await.expect("answered");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Sends a form; answers status, where it leads, and the page.
pub async fn send(node: &Started, key: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let body = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
    let request = node.bare(Method::POST, path).bearer_auth(key).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.expect("answered");
    let leads = answer.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    (answer.status().as_u16(), leads, answer.text().await.expect("text"))
}
