//! `ferric serve`: the node until it is told to stop.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::command_line::{NodeArguments, Serve, WRONG_USE, complain};
use super::config::{Config, Log};
use super::node::Node;

/// Runs the node.
#[must_use]
pub fn run(serve: Serve) -> ExitCode {
    let config = match configured(&serve.node) {
        Ok(config) => config,
        Err(error) => return complain(WRONG_USE, error),
    };
    if let Err(error) = log(&config.log) {
        return complain(WRONG_USE, error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(1, error),
    };
    runtime.block_on(async {
        let node = match Node::start(config).await {
            Ok(node) => node,
            Err(error) => return complain(WRONG_USE, format_args!("{error:#}")),
        };
        println!("ready http={} sip={}", node.http, node.sip);
        let _ = std::io::stdout().flush();
        asked_to_stop().await;
        node.shut_down(Duration::from_secs(serve.drain)).await;
        ExitCode::SUCCESS
    })
}

/// The configuration with the command line over it.
///
/// # Errors
/// As [`Config::load`].
pub fn configured(arguments: &NodeArguments) -> Result<Config, super::config::ConfigError> {
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(data) = &arguments.data {
        config.data.dir.clone_from(data);
    }
    if let Some(http) = &arguments.http {
        config.http.listen.clone_from(http);
    }
    if let Some(sip) = &arguments.sip {
        config.sip.listen.clone_from(sip);
    }
    Ok(config)
}

/// Starts the log on standard error.
///
/// # Errors
/// Where the configuration names no filter or format.
pub fn log(log: &Log) -> Result<(), super::config::ConfigError> {
    use super::config::ConfigError::Value;
    let filter = tracing_subscriber::EnvFilter::try_new(&log.level).map_err(|error| Value { key: "log.level", what: error.to_string() })?;
    // The SIP stack logs whole messages, with the numbers of people in them: at no level of ours.
    let filter = match "rsipstack=off".parse() {
        Ok(silence) => filter.add_directive(silence),
        Err(_) => filter,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format.as_str() {
        "text" => lines.init(),
        "json" => lines.json().init(),
        other => return Err(Value { key: "log.format", what: format!("`{other}` is neither `text` nor `json`") }),
    }
    Ok(())
}

/// SIGTERM or SIGINT.
pub async fn asked_to_stop() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
