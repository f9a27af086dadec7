//! A real `ferric serve` process with a data folder of its own, and the few calls that the tests make.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct RunningNode {
    child: Child,
    pub http: String,
    pub sip: String,
    pub data: PathBuf,
    key: String,
    client: reqwest::Client,
}

impl RunningNode {
    /// Starts a node on free ports. `data` may hold what an earlier node left.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = tool(data)
            .args(["serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let word = |name: &str| {
            let at = line.find(name).unwrap_or_else(|| panic!("no {name} in {line:?}"));
            line[at + name.len()..].split_whitespace().next().expect("an address").to_owned()
        };
        Self {
            http: format!("http://{}", word("http=")),
            sip: word("sip="),
            data: data.to_owned(),
            key: std::fs::read_to_string(data.join("admin.key")).expect("the admin key").trim().to_owned(),
            child,
            client: reqwest::Client::new(),
        }
    }

    /// The program, for what it does beside a node with the same data.
    #[allow(dead_code, reason = "other binaries use this file too")]
    pub fn tool(&self) -> Command {
        tool(&self.data)
    }

    /// SIGKILL: nothing of the process gets to say goodbye.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }

    /// SIGTERM, and the exit code.
    pub fn terminate(mut self) -> i32 {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), nix::sys::signal::Signal::SIGTERM).expect("signalled");
        self.child.wait().expect("reaped").code().expect("a code")
    }

    /// An answer whose body goes on.
    #[allow(dead_code)]
    pub async fn answer(&self, path: &str) -> reqwest::Response {
        let answer = self.client.get(format!("{}{path}", self.http)).bearer_auth(&self.key).send().await.expect("answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.http)).bearer_auth(&self.key).send().await.expect("answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.http)).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.expect("answered");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(reqwest::Method::POST, path, body).await
    }

    pub async fn command(&self, session: &str, by: &str, what: &str) -> (u16, Value) {
        self.post(&format!("/v1/sessions/{session}/commands"), serde_json::json!({ "do": what, "by": by })).await
    }

    /// An answer whose body is still to be read, whatever its status.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.http)).bearer_auth(&self.key).send().await.expect("answered")
    }

    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.client.get(format!("{}{path}", self.http)).bearer_auth(&self.key).send().await.expect("answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.expect("a body").to_vec()
    }

    /// Status, `Content-Range` and bytes of a part of a file.
    #[allow(dead_code, reason = "other binaries use this file too")]
    pub async fn part(&self, path: &str, range: &str) -> (u16, String, Vec<u8>) {
        let request = self.client.get(format!("{}{path}", self.http)).bearer_auth(&self.key).header("range", range);
        let answer = request.send().await.expect("answered");
        let told = answer.headers().get("content-range").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        (answer.status().as_u16(), told, answer.bytes().await.expect("a body").to_vec())
    }

    /// Waits until `count` recordings are in `state`.
    pub async fn recordings_in(&self, state: &str, count: usize, within: Duration) -> Vec<Value> {
        let deadline = Instant::now() + within;
        loop {
            let list = self.get("/v1/recordings").await;
            let items = list["items"].as_array().cloned().unwrap_or_default();
            let found: Vec<Value> = items.iter().filter(|row| row["state"] == state).cloned().collect();
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < deadline, "{} of {count} recordings are {state}: {list:#}", found.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Fetches a recording's MP4 into a folder.
    pub async fn fetch_mp4(&self, recording: &str, into: &Path) -> PathBuf {
        let file = into.join(format!("{recording}.mp4"));
        std::fs::write(&file, self.bytes(&format!("/v1/recordings/{recording}/files/recording.mp4")).await).expect("written");
        file
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tool(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.envs(crate::catalogues::environment(data)).env_remove("FERRIC_TEST_CATALOGUE");
    command
}
