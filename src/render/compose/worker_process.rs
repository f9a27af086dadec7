//! A running composing process, seen from outside.

use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::ComposeError;
use super::protocol::{FromWorker, ToWorker};

/// What it said on standard error, the end of it.
const KEPT_OF_STDERR: usize = 4096;
/// How long its last words are waited for once it is dead.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The process and the three threads that keep its pipes from filling up. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Child,
    to: Option<Sender<ToWorker>>,
    from: Receiver<FromWorker>,
    said: Receiver<Vec<u8>>,
}

/// What waiting for it gave.
#[derive(Debug)]
pub(super) enum Heard {
    Message(FromWorker),
    /// It ended, and why as far as it can be told.
    Gone(String),
    /// Nothing for so long.
    Silence,
}

impl WorkerProcess {
    pub(super) fn start(program: &Path) -> Result<Self, ComposeError> {
        let mut command = Command::new(program);
        command.arg("compose-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: an interrupt at the terminal is for the parent, which ends it in order.
        command.process_group(0);
        // What decodes strangers' pictures is told no secrets.
        for (name, _) in std::env::vars_os() {
            let secret = name.to_str().is_none_or(|name| ["FERRIC_", "AWS_"].iter().any(|prefix| name.starts_with(prefix)));
            if secret {
                command.env_remove(&name);
            }
        }
        let failed = |why: &str| ComposeError::Start(format!("{}: {why}", program.display()));
        let mut child = command.spawn().map_err(|e| failed(&e.to_string()))?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(failed("no pipes"));
        };
        let (to, written) = mpsc::channel::<ToWorker>();
        let (heard, from) = mpsc::channel();
        let (tell_said, said) = mpsc::channel();
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|e| failed(&e.to_string()))
        };
        spawn(
            "compose-in",
            Box::new(move || {
                let mut stdin = BufWriter::with_capacity(1 << 16, stdin);
                while let Ok(message) = written.recv() {
                    let mut ok = message.write(&mut stdin).is_ok();
                    while let (true, Ok(message)) = (ok, written.try_recv()) {
                        ok = message.write(&mut stdin).is_ok();
                    }
                    if !ok || stdin.flush().is_err() {
                        return;
                    }
                }
            }),
        )?;
        spawn(
            "compose-out",
            Box::new(move || {
                let mut stdout = BufReader::with_capacity(1 << 16, stdout);
                while let Ok(Some(message)) = FromWorker::read(&mut stdout) {
                    if heard.send(message).is_err() {
                        return;
                    }
                }
            }),
        )?;
        spawn(
            "compose-err",
            Box::new(move || {
                let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
                while let Ok(n @ 1..) = stderr.read(&mut chunk) {
                    kept.extend_from_slice(&chunk[..n]);
                    let over = kept.len().saturating_sub(KEPT_OF_STDERR);
                    kept.drain(..over);
                }
                let _ = tell_said.send(kept);
            }),
        )?;
        Ok(Self { child, to: Some(to), from, said })
    }

    /// Never waits. A process that is gone is noticed when it is listened to.
    pub(super) fn tell(&self, message: ToWorker) {
        if let Some(to) = &self.to {
            let _ = to.send(message);
        }
    }

    /// The next message, waited for so long.
    pub(super) fn listen(&mut self, patience: Duration) -> Heard {
        match self.from.recv_timeout(patience) {
            Ok(message) => Heard::Message(message),
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => {
                self.to = None;
                let _ = self.child.kill();
                let status = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
                let said = self.said.recv_timeout(LAST_WORDS).unwrap_or_default();
                let said = String::from_utf8_lossy(&said).trim().to_owned();
                Heard::Gone(if said.is_empty() { status } else { format!("{status}: {said}") })
            }
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
