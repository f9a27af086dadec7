//! `ferric demo`, as `make run` calls it: a call and a room go in, and both play.

use std::process::Command;

#[test]
fn the_demo_shows_a_call_and_a_room() {
    let folder = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_ferric"))
        .args(["demo", "--once", "--json", "--seconds", "5", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .env_remove("FERRIC_TEST_CATALOGUE")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let lines: Vec<serde_json::Value> =
        String::from_utf8(out.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["what"].as_str().unwrap()).collect::<Vec<_>>(), ["call", "room"]);
    for line in lines {
        assert!((4500..6500).contains(&line["duration_ms"].as_u64().unwrap()), "{line}");
        assert!(line["page"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    }
}
