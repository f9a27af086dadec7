//! The program `ferric`.

use clap::Parser;
use ferric::app::command_line::{CommandLine, run};

fn main() -> std::process::ExitCode {
    run(CommandLine::parse())
}
