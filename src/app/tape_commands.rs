//! `ferric tape`: what a tape holds, as packets for Wireshark, and a piece of it.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::command_line::{NOT_WELL, WRONG_USE, complain};
use crate::model::time::MediaTime;
use crate::tape::{TapeError, cut, inspect, pcap};

/// The calls about tapes.
#[derive(Debug, Subcommand)]
pub enum TapeCall {
    /// What it holds: tracks, packets, losses, events. Personal data is hidden unless asked for.
    Inspect {
        /// Which tape.
        #[command(flatten)]
        tape: Which,
        /// Show personal data as it stands.
        #[arg(long)]
        reveal: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where to; standard output if absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Its packets as pcapng.
    ToPcap {
        /// Which tape.
        #[command(flatten)]
        tape: Which,
        /// Where to; standard output if absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// A piece of it as a new tape.
    Cut {
        /// Which tape.
        #[command(flatten)]
        tape: Which,
        /// The new tape's folder; it must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Session time of the first instant, milliseconds.
        #[arg(long, default_value_t = 0)]
        from_ms: u64,
        /// Session time of the instant after the last, milliseconds [default: the end].
        #[arg(long)]
        to_ms: Option<u64>,
    },
}

/// Names a tape.
#[derive(Debug, Args)]
pub struct Which {
    /// A session's folder in the spool.
    pub dir: PathBuf,
    /// The node's data folder, for the keys [default: two above DIR].
    #[arg(long, value_name = "DATA")]
    pub data: Option<PathBuf>,
}

/// The master key of the node whose spool a tape's folder lies in.
#[must_use]
pub fn master_key_for(dir: &Path, data: Option<&Path>) -> PathBuf {
    let inferred = || dir.canonicalize().ok().and_then(|dir| dir.parent()?.parent().map(Path::to_owned)).unwrap_or_else(|| "data".into());
    data.map_or_else(inferred, Path::to_owned).join("master.key")
}

/// A tape's folder as somebody named it on the command line.
///
/// # Errors
/// Where there is none, or it holds no chunk of a tape, or the key that would open it is not there.
pub fn check_tape(dir: &Path, key: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let chunk = |entry: std::io::Result<std::fs::DirEntry>| entry.is_ok_and(|e| e.path().extension().is_some_and(|x| x == "tape"));
    if !entries.into_iter().any(chunk) {
        return Err(format!("{}: holds no tape (no `*.tape` in it)", dir.display()));
    }
    if !key.is_file() {
        return Err(format!("{}: is not there; --data names the folder of the node that wrote the tape", key.display()));
    }
    Ok(())
}

fn open_out(out: Option<&Path>) -> Result<Box<dyn std::io::Write>, String> {
    Ok(match out {
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?)),
    })
}

/// Runs a call.
#[must_use]
pub fn run(call: TapeCall) -> ExitCode {
    let (TapeCall::Inspect { tape, .. } | TapeCall::ToPcap { tape, .. } | TapeCall::Cut { tape, .. }) = &call;
    if let Err(error) = check_tape(&tape.dir, &master_key_for(&tape.dir, tape.data.as_deref())) {
        return complain(WRONG_USE, error);
    }
    match call {
        TapeCall::Inspect { tape, reveal, json, out } => {
            let key = master_key_for(&tape.dir, tape.data.as_deref());
            print(inspect(&tape.dir, &key, reveal), out.as_deref(), |found, out| {
                if json {
                    serde_json::to_writer_pretty(&mut *out, found)?;
                    writeln!(out)
                } else {
                    writeln!(out, "{found}")
                }
            })
        }
        TapeCall::ToPcap { tape, out } => {
            let key = master_key_for(&tape.dir, tape.data.as_deref());
            let target = match open_out(out.as_deref()) {
                Ok(target) => target,
                Err(error) => return complain(WRONG_USE, error),
            };
            match pcap(&tape.dir, &key, target) {
                Ok(_) => ExitCode::SUCCESS,
                Err(error) => complain(NOT_WELL, error),
            }
        }
        TapeCall::Cut { tape, out, from_ms, to_ms } => {
            let to = to_ms.map_or(MediaTime(u64::MAX), MediaTime::from_ms);
            if to <= MediaTime::from_ms(from_ms) {
                return complain(WRONG_USE, "--to-ms: must be after --from-ms");
            }
            let key = master_key_for(&tape.dir, tape.data.as_deref());
            print(cut(&tape.dir, &key, MediaTime::from_ms(from_ms), to, &out), None, |report, out| {
                writeln!(out, "{} packets, {} sender reports, {} events", report.packets, report.sender_reports, report.events)
            })
        }
    }
}

fn print<T>(
    answer: Result<T, TapeError>,
    out: Option<&Path>,
    with: impl FnOnce(&T, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> ExitCode {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return complain(NOT_WELL, error),
    };
    let mut target = match open_out(out) {
        Ok(target) => target,
        Err(error) => return complain(WRONG_USE, error),
    };
    match with(&answer, &mut *target).and_then(|()| target.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(NOT_WELL, error),
    }
}
