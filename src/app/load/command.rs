//! `ferric load` on the command line.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::calls::{self, Calls};
use super::streams::{self, Streams};
use crate::app::command_line::{NOT_WELL, complain};

/// `ferric load`
#[derive(Debug, Args)]
pub struct Load {
    /// What to send.
    #[command(subcommand)]
    pub what: What,
}

/// What can be sent.
#[derive(Debug, Subcommand)]
pub enum What {
    /// SIPREC calls with two G.711 legs each.
    Calls(Calls),
    /// WHIP publishers with a film each.
    Streams(Streams),
}

/// Runs the load and prints the report. Exit code 1 where anything was refused, lost or not recorded.
#[must_use]
pub fn run(load: Load) -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(NOT_WELL, error),
    };
    match load.what {
        What::Calls(call) => {
            let progress = bar(call.json);
            let report = runtime.block_on(calls::run(&call, &progress));
            progress.finish_and_clear();
            match report {
                Ok(report) => print(&report, call.json),
                Err(error) => complain(NOT_WELL, format_args!("{error:#}")),
            }
        }
        What::Streams(wanted) => {
            let progress = bar(wanted.json);
            let report = runtime.block_on(streams::run(&wanted, &progress));
            progress.finish_and_clear();
            match report {
                Ok(report) => {
                    if wanted.json {
                        println!("{}", serde_json::json!(report));
                    } else {
                        report.print();
                    }
                    let well =
                        report.refused == 0 && report.ready == report.streams && report.packets_recorded == report.packets_sent_in_all;
                    if well { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) }
                }
                Err(error) => complain(NOT_WELL, format_args!("{error:#}")),
            }
        }
    }
}

fn bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn print(report: &calls::Report, json: bool) -> ExitCode {
    if json {
        println!("{}", serde_json::json!(report));
    } else {
        println!("calls                     {} placed, {} refused", report.calls, report.refused.values().sum::<u32>());
        for (reason, count) in &report.refused {
            println!("  refused                 {count} × {reason}");
        }
        println!("packets                   {} sent, {} recorded", report.packets_sent, report.packets_recorded);
        println!("recordings                {} ready, {} missing", report.ready, report.missing);
        println!("ready after the last end  {} ms at most", report.ready_after_ms_max);
        println!("CPU                       {:.4} s a call-minute", report.cpu_s_per_call_minute);
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let (mean, highest, idle) = (mb(report.rss_bytes), mb(report.rss_highest_bytes), mb(report.rss_idle_bytes));
        println!("memory                    {mean:.1} MB, {highest:.1} MB at most, {idle:.1} MB idle");
        println!("memory a call             {:.1} KB", report.rss_per_call_bytes as f64 / 1e3);
        if let Some(cpu) = report.rtpengine_cpu_s_per_call_minute {
            println!("rtpengine with pcap       {cpu:.4} s a call-minute: {:.2} of it", report.cpu_s_per_call_minute / cpu);
        }
    }
    if report.refused.is_empty() && report.missing == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) }
}
