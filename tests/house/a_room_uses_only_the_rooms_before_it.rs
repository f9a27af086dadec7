//! Reads every `crate::` path below `src/` and fails where an arrow of the plan (ARCHITECTURE.md) is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn plan() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    [
        ("model", vec![]),
        ("policy", vec!["model"]),
        ("tape", vec!["model", "policy"]),
        ("ingest", vec!["model", "policy", "tape"]),
        ("signalling", vec!["model"]),
        ("session", vec!["model", "policy", "signalling", "ingest", "tape"]),
        ("render", vec!["model", "tape"]),
        ("store", vec!["model"]),
        ("archive", vec!["model", "store"]),
        ("share", vec!["model", "archive", "store"]),
        ("api", vec!["model", "session", "archive", "share", "signalling", "store", "policy"]),
    ]
    .into_iter()
    .map(|(room, uses)| (room, uses.into_iter().collect()))
    .collect()
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is there") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn rooms_named_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            for part in group.split('}').next().unwrap_or_default().split(',') {
                found.insert(part.trim().split("::").next().unwrap_or_default().to_owned());
            }
        } else {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn a_room_uses_only_the_rooms_before_it() {
    let plan = plan();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut broken = Vec::new();
    let mut checked = 0;
    for file in files {
        let inside = file.strip_prefix(&src).expect("below src");
        let room = inside.components().next().expect("a name").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some(allowed) = plan.get(room.as_str()) else { continue };
        checked += 1;
        for used in rooms_named_in(&fs::read_to_string(&file).expect("readable")) {
            let is_room = plan.contains_key(used.as_str()) || used == "app";
            if is_room && used != room && !allowed.contains(used.as_str()) {
                broken.push(format!("{} uses crate::{used}", inside.display()));
            }
        }
    }
    assert!(checked > 20, "only {checked} files were looked at");
    assert!(broken.is_empty(), "arrows of the plan are broken:\n{}", broken.join("\n"));
}

#[test]
fn the_reader_of_the_plan_sees_a_broken_arrow() {
    assert!(rooms_named_in("use crate::{model::id, app::serve};").contains("app"));
    assert!(rooms_named_in("fn x() { crate::render::go() }").contains("render"));
    assert!(!rooms_named_in("// crate::render").contains("render"));
}

#[test]
fn no_source_file_is_longer_than_800_lines() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let long: Vec<_> = files.iter().filter(|f| fs::read_to_string(f).expect("readable").lines().count() > 800).collect();
    assert!(long.is_empty(), "split these: {long:?}");
}
