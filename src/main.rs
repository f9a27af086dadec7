//! The program `ferric`.

use clap::Parser;
use ferric::app::command_line::{CommandLine, run};

/// Hundreds of live renderings take and give back a megabyte every few seconds: the system's allocator keeps far more of it than it needs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    run(CommandLine::parse())
}
