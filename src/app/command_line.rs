//! The command line: names of the outer surface, and what each call answers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::render::VideoLayout;

/// Ferric: a real-time recording engine for calls and video sessions.
#[derive(Debug, Parser)]
#[command(name = "ferric", version, about, propagate_version = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub call: Call,
}

/// The calls.
#[derive(Debug, Subcommand)]
pub enum Call {
    /// Run the node.
    Serve(Serve),
    /// Send a real call and a real room session into a node, and say where they play.
    Demo(super::demo::Demo),
    /// What a scenario of settings and events would record (`-` reads standard input).
    Simulate {
        /// A scenario in JSON.
        file: PathBuf,
    },
    /// What a tape holds.
    #[command(subcommand)]
    Tape(super::tape_commands::TapeCall),
    /// A tape to files, without a node.
    Render(Render),
    /// Are recordings and tapes what they were? Says what is damaged.
    Verify(Verify),
    /// Send many calls or streams and measure what became of them.
    Load(super::load::Load),
    /// Composes pictures for a rendering; started by it.
    #[command(hide = true)]
    ComposeWorker,
    /// Makes a recording of a file that somebody sent; started by the node.
    #[command(hide = true)]
    UploadWorker,
}

/// Which configuration a node runs on, and what stands over it.
#[derive(Debug, Args)]
pub struct NodeArguments {
    /// Configuration file [default: ferric.toml, if there].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of tapes, keys, catalogue and recordings [default: data].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Pages, API, WHIP [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    pub http: Option<String>,
    /// SIP over UDP and TCP [default: 127.0.0.1:5060].
    #[arg(long, value_name = "ADDR")]
    pub sip: Option<String>,
}

/// `ferric serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// The node.
    #[command(flatten)]
    pub node: NodeArguments,
    /// At SIGTERM, wait this long for live sessions to be rendered.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub drain: u64,
}

/// `ferric render`
#[derive(Debug, Args)]
pub struct Render {
    /// A session's folder in the spool.
    pub dir: PathBuf,
    /// Where the files go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How pictures are composed.
    #[arg(long, value_parser = layout)]
    pub layout: Option<VideoLayout>,
    /// The node's data folder, for the keys [default: two above DIR].
    #[arg(long, value_name = "DATA")]
    pub data: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// `ferric verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// The node's data folder.
    #[arg(default_value = "data")]
    pub data: PathBuf,
    /// Only this recording.
    #[arg(long)]
    pub id: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

fn layout(text: &str) -> Result<VideoLayout, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| "one of active_speaker, grid, single".to_owned())
}

/// The thing looked at is not well.
pub const NOT_WELL: u8 = 1;
/// Wrong use or configuration.
pub const WRONG_USE: u8 = 2;

/// Runs a call. What went wrong is told in one line on standard error.
#[must_use]
pub fn run(line: CommandLine) -> ExitCode {
    match line.call {
        Call::Serve(serve) => super::serve::run(serve),
        Call::Demo(demo) => super::demo::run(demo),
        Call::Simulate { file } => super::simulate::run(&file),
        Call::Tape(call) => super::tape_commands::run(call),
        Call::Render(render) => super::render_command::run(&render),
        Call::Verify(verify) => super::verify::run(&verify),
        Call::Load(load) => super::load::run(load),
        Call::ComposeWorker => crate::render::compose::worker_main(),
        Call::UploadWorker => crate::render::upload::worker_main(),
    }
}

/// Answers what could not be understood: help and version where they were asked for, else one line that says what is wrong.
#[must_use]
pub fn refuse(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(error.exit_code().try_into().unwrap_or(WRONG_USE));
    }
    // Clap sets what is wrong, how it is called and where help is apart by empty lines; the first part may list arguments, a line each.
    let text = error.to_string();
    let what: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    complain(WRONG_USE, format_args!("{} (--help says more)", what.join(" ").trim_start_matches("error: ")))
}

/// Says what went wrong and answers the exit code.
#[must_use]
pub fn complain(code: u8, what: impl std::fmt::Display) -> ExitCode {
    eprintln!("ferric: {what}");
    ExitCode::from(code)
}
