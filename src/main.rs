//! The program `ferric`.

use clap::Parser;
use ferric::app::command_line::{CommandLine, refuse, run};

fn main() -> std::process::ExitCode {
    match CommandLine::try_parse() {
        Ok(line) => run(line),
        Err(error) => refuse(&error),
    }
}
