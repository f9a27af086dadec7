//! A node of the load generator's own: a process beside it, so that its CPU seconds are its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::model::redact::Secret;

/// A node that takes calls.
pub struct Target {
    /// `http://…`
    pub http: String,
    /// Where SIP answers.
    pub sip: SocketAddr,
    /// Its admin key.
    pub key: Secret,
    /// Its process.
    pub pid: u32,
    child: Option<Child>,
}

impl Target {
    /// Starts `ferric serve` on free ports with a data folder.
    ///
    /// # Errors
    /// Where it does not come up.
    pub fn start(data: &Path, environment: &[(&str, String)]) -> Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(program)
            .args(["serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(environment.iter().map(|(k, v)| (*k, v.as_str())))
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a node")?;
        let mut line = String::new();
        let out = child.stdout.take().context("the node's output")?;
        BufReader::new(out).read_line(&mut line).context("the node's first line")?;
        let word = |name: &str| line.split_whitespace().find_map(|w| w.strip_prefix(name)).map(str::to_owned);
        let (Some(http), Some(sip)) = (word("http="), word("sip=")) else { bail!("the node did not start: {line:?}") };
        let key = std::fs::read_to_string(data.join("admin.key")).context("the node's admin key")?;
        Ok(Self {
            http: format!("http://{http}"),
            sip: sip.parse().context("the node's SIP address")?,
            key: Secret::new(key.trim()),
            pid: child.id(),
            child: Some(child),
        })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
