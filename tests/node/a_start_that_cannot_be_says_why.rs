//! A configuration that is wrong, a port in use, a key that does not fit: one line, and exit code 2.

use std::process::{Command, Output};

use crate::running_node::RunningNode;

fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.arg("serve").args(arguments).envs(environment.iter().copied()).env_remove("FERRIC_TEST_CATALOGUE").output().expect("runs")
}

fn complaint(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn an_unknown_key_is_named_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferric.toml");
    std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:0\"\n\n[rendre]\nlive = true\n").unwrap();
    let said = complaint(&serve(&["--config", file.to_str().unwrap()], &[]));
    assert!(said.contains("ferric.toml:4") && said.contains("rendre"), "{said}");
}

#[test]
fn a_variable_of_the_wrong_kind_is_named() {
    let said = complaint(&serve(&[], &[("FERRIC_RTP_PORT_FIRST", "low")]));
    assert!(said.contains("FERRIC_RTP_PORT_FIRST"), "{said}");
}

#[test]
fn a_port_in_use_is_named_and_the_one_who_has_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = RunningNode::start(&folder.path().join("first"));
    let data = folder.path().join("second");
    let http = first.http.trim_start_matches("http://").to_owned();
    let said = complaint(&serve(&["--http", &http, "--sip", "127.0.0.1:0", "--data", data.to_str().unwrap()], &[]));
    assert!(said.contains("http.listen") && said.contains(&http), "{said}");
    let sip = first.sip.clone();
    let said = complaint(&serve(&["--http", "127.0.0.1:0", "--sip", &sip, "--data", data.to_str().unwrap()], &[]));
    assert!(said.contains("sip.listen") && said.contains("in use"), "{said}");
}

#[test]
fn a_store_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let said = complaint(&serve(&arguments, &[("FERRIC_DATA_STORE", "ftp://somewhere")]));
    assert!(said.contains("data.store") && said.contains("folder:"), "{said}");
}

#[test]
fn a_call_that_cannot_be_understood_is_answered_in_one_line() {
    let ferric = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_ferric")).args(arguments).output().expect("runs");
    for (arguments, named) in [
        (vec!["simulate"], "FILE"),
        (vec!["bogus"], "bogus"),
        (vec!["serve", "--port", "1"], "--port"),
        (vec!["render", "nowhere", "--out", "x"], "nowhere"),
        (vec!["tape", "inspect", "nowhere"], "nowhere"),
        (vec!["tape", "to-pcap", "."], "holds no tape"),
    ] {
        let said = complaint(&ferric(&arguments));
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    assert_eq!(ferric(&["help"]).status.code(), Some(0));
    assert_eq!(ferric(&["--version"]).status.code(), Some(0));
}
