//! The program `ferric`.

use clap::Parser;
use ferric::app::command_line::{CommandLine, refuse, run};

/// What hundreds of calls allocate in their bursts and give back would stay in pieces with the C library's own: a third more memory a call.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    match CommandLine::try_parse() {
        Ok(line) => run(line),
        Err(error) => refuse(&error),
    }
}
