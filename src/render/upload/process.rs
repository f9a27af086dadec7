//! The side that waits for the process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{Said, UploadFailure, UploadJob};
use crate::model::manifest::Manifest;

/// What it may say in one line: a manifest of some thousand files would be less.
const LONGEST_LINE: u64 = 4 << 20;
/// How often it is looked whether the work is called off.
const LOOK: Duration = Duration::from_millis(100);

/// Dropped, it is killed.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Renders a file in a process of its own, started from `program` (this one), and waits for it.
///
/// # Errors
/// In words for whoever sent the file.
pub fn run(
    program: &Path,
    job: &UploadJob,
    mut progress: impl FnMut(u8),
    called_off: impl Fn() -> bool,
) -> Result<Manifest, UploadFailure> {
    let node = |why: &dyn std::fmt::Display| UploadFailure::Node(format!("the rendering process cannot be used: {why}"));
    let began = Instant::now();
    let mut command = Command::new(program);
    command.arg("upload-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own: an interrupt at the terminal is for the node. What reads strangers' files is told nothing of the node's surroundings.
    command.process_group(0).env_clear();
    let mut process = Process(command.spawn().map_err(|e| node(&e))?);
    let (Some(mut stdin), Some(stdout)) = (process.0.stdin.take(), process.0.stdout.take()) else { return Err(node(&"no pipes")) };
    let text = serde_json::to_vec(job).map_err(|e| node(&e))?;
    stdin.write_all(&text).map_err(|e| node(&e))?;
    drop(stdin);
    let (tell, heard) = mpsc::channel::<Said>();
    let listen = move || {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while let Ok(1..) = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            let Ok(said) = serde_json::from_slice(&line) else { return };
            if tell.send(said).is_err() {
                return;
            }
            line.clear();
        }
    };
    thread::Builder::new().name("upload-out".to_owned()).spawn(listen).map_err(|e| node(&e))?;
    let limit = Duration::from_secs(job.limits.seconds);
    loop {
        match heard.recv_timeout(LOOK) {
            Ok(Said::Progress(percent)) => progress(percent.min(99)),
            Ok(Said::Done(manifest)) => return Ok(*manifest),
            Ok(Said::Refused(why)) => return Err(UploadFailure::File(why)),
            Ok(Said::Failed(why)) => return Err(by_its_words(&why, job)),
            Err(RecvTimeoutError::Timeout) if called_off() => return Err(UploadFailure::CalledOff),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let status = process.0.wait().map_err(|e| node(&e))?;
                return Err(by_its_end(status, job));
            }
        }
        if began.elapsed() > limit {
            return Err(UploadFailure::File(format!("it took longer than the {} s that are allowed for one file", job.limits.seconds)));
        }
    }
}

fn by_its_words(why: &str, job: &UploadJob) -> UploadFailure {
    let mib = job.limits.memory_bytes >> 20;
    if why.contains("Cannot allocate memory") {
        return UploadFailure::File(format!("it wants more memory than the {mib} MiB that are allowed for one file"));
    }
    if why.contains("File too large") {
        return UploadFailure::File("what would be made of it is larger than a file may be".to_owned());
    }
    UploadFailure::Node(why.to_owned())
}

/// It said nothing, so its end has to.
fn by_its_end(status: ExitStatus, job: &UploadJob) -> UploadFailure {
    let limits = &job.limits;
    let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
    let why = match signal {
        Some(Signal::SIGXCPU) => format!("it took more computing than the {} s that are allowed for one file", limits.cpu_seconds),
        Some(Signal::SIGXFSZ) => "what would be made of it is larger than a file may be".to_owned(),
        Some(Signal::SIGABRT) => format!("it wants more memory than the {} MiB that are allowed for one file", limits.memory_bytes >> 20),
        Some(Signal::SIGKILL) => "the process that read it was killed: too much memory or computing".to_owned(),
        Some(signal) => format!("the process that read it crashed ({signal}): the file is damaged, or made to do that"),
        None => return UploadFailure::Node(format!("the process that read it ended early ({status})")),
    };
    UploadFailure::File(why)
}
