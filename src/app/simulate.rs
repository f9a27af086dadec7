//! `ferric simulate`: what would be recorded.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use super::command_line::{WRONG_USE, complain};
use crate::policy::scenario;

/// Reads a scenario and prints the answer.
#[must_use]
pub fn run(file: &Path) -> ExitCode {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = match read {
        Ok(text) => text,
        Err(error) => return complain(WRONG_USE, format_args!("{}: {error}", file.display())),
    };
    match scenario::simulate(&text) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(malformed) => complain(WRONG_USE, malformed),
    }
}
