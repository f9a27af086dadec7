//! A client of the tus protocol, as small as can be, and files made by FFmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::running_node::RunningNode;

pub fn ffmpeg(into: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let file = into.join(name);
    let said = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(&file).output().expect("ffmpeg runs");
    assert!(said.status.success(), "{name}: {}", String::from_utf8_lossy(&said.stderr));
    file
}

/// Whoever sends: to which routes, with which token.
pub struct Sender {
    pub at: String,
    pub token: String,
    client: reqwest::Client,
}

impl Sender {
    pub fn admin(node: &RunningNode) -> Self {
        let key = std::fs::read_to_string(node.data.join("admin.key")).expect("a key");
        Self::with(format!("{}/v1/uploads", node.http), key.trim().to_owned())
    }

    pub fn with(at: String, token: String) -> Self {
        Self { at, token, client: reqwest::Client::new() }
    }

    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url).bearer_auth(&self.token).header("Tus-Resumable", "1.0.0")
    }

    /// Begins a file: the answer.
    pub async fn begin(&self, length: usize, metadata: &[(&str, &str)]) -> Response {
        let encode = |value: &str| base64::engine::general_purpose::STANDARD.encode(value);
        let said = metadata.iter().map(|(name, value)| format!("{name} {}", encode(value))).collect::<Vec<_>>().join(",");
        let request = self.request(Method::POST, &self.at).header("Upload-Length", length);
        let request = if said.is_empty() { request } else { request.header("Upload-Metadata", said) };
        request.send().await.expect("answered")
    }

    /// Sends bytes at an offset: the status.
    pub async fn bytes(&self, url: &str, offset: usize, bytes: &[u8]) -> u16 {
        self.piece(url, offset, bytes).send().await.expect("answered").status().as_u16()
    }

    pub fn piece(&self, url: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
        let request = self.request(Method::PATCH, url).header("Content-Type", "application/offset+octet-stream");
        request.header("Upload-Offset", offset).body(bytes.to_vec())
    }

    pub async fn offset(&self, url: &str) -> (u16, usize) {
        let answer = self.request(Method::HEAD, url).send().await.expect("answered");
        let offset = answer.headers().get("upload-offset").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        (answer.status().as_u16(), offset.unwrap_or(0))
    }

    /// Sends a file whole: the recording's id.
    pub async fn file(&self, node: &RunningNode, file: &Path, metadata: &[(&str, &str)]) -> String {
        let bytes = std::fs::read(file).expect("readable");
        let answer = self.begin(bytes.len(), metadata).await;
        assert_eq!(answer.status(), 201, "{}", file.display());
        let url = place(node, &answer);
        let made: Value = answer.json().await.expect("JSON");
        assert_eq!(self.bytes(&url, 0, &bytes).await, 204);
        made["recording"].as_str().expect("an id").to_owned()
    }
}

pub fn place(node: &RunningNode, answer: &Response) -> String {
    let location = answer.headers().get("location").and_then(|v| v.to_str().ok()).expect("a place");
    format!("{}{location}", node.http)
}
