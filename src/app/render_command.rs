//! `ferric render`: a tape to files, without a node.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;

use super::command_line::{NOT_WELL, Render, WRONG_USE, complain};
use super::tape_commands::{check_tape, master_key_for};
use crate::render::{RenderSettings, SessionRender};

/// Renders a tape.
#[must_use]
pub fn run(call: &Render) -> ExitCode {
    let key = master_key_for(&call.dir, call.data.as_deref());
    if let Err(error) = check_tape(&call.dir, &key) {
        return complain(WRONG_USE, error);
    }
    let mut settings = RenderSettings::default();
    if let Some(layout) = call.layout {
        settings.layout = layout;
    }
    let spinner = if std::io::stderr().is_terminal() && !call.json { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    spinner.set_message(format!("rendering {}", call.dir.display()));
    spinner.enable_steady_tick(Duration::from_millis(120));
    let rendered = SessionRender::open(&call.dir, &key, &call.out, settings).and_then(SessionRender::finish);
    spinner.finish_and_clear();
    let outputs = match rendered {
        Ok(outputs) => outputs,
        Err(error) => return complain(NOT_WELL, error),
    };
    for output in &outputs {
        output.nobody_watches();
        let duration_ms = output.manifest.as_ref().map(|m| m.duration_ms);
        if call.json {
            let line = serde_json::json!({
                "output": output.output, "recording": output.recording, "dir": output.dir,
                "kept": output.discarded.is_none(), "reason": output.discarded, "duration_ms": duration_ms,
            });
            println!("{line}");
        } else {
            match (output.discarded, duration_ms) {
                (Some(reason), _) => println!("{}: not kept ({})", output.output, serde_json::json!(reason).as_str().unwrap_or_default()),
                (None, ms) => println!("{}: {} ({} ms)", output.output, output.dir.display(), ms.unwrap_or_default()),
            }
        }
    }
    if outputs.is_empty() {
        return complain(NOT_WELL, "the tape holds no output");
    }
    ExitCode::SUCCESS
}
