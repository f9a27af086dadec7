#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::composed::{GREEN, RED, Scenario, settings};

/// A program that notes its process id and becomes the real worker.
fn noting_worker(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("worker");
    let real = settings().worker;
    std::fs::write(&path, format!("#!/bin/sh\necho $$ >> '{}'\nexec '{}' \"$@\"\n", dir.join("pids").display(), real.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn pids(dir: &Path) -> Vec<String> {
    std::fs::read_to_string(dir.join("pids")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The first process, waited for until it has noted itself.
fn first_pid(dir: &Path) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(pid) = pids(dir).first() {
            return pid.clone();
        }
        assert!(Instant::now() < deadline, "the worker does not start");
        std::thread::yield_now();
    }
}

fn two_cameras(dir: &Path) -> Scenario {
    let mut scenario = Scenario::new(vec![Camera::new(1, "a", "red.ivf", 0), Camera::new(2, "b", "green.ivf", 1_000)], 6_000);
    scenario.settings.layout = ferric::render::VideoLayout::Grid;
    scenario.settings.worker = noting_worker(dir);
    scenario
}

#[test]
fn killed_in_the_middle_it_is_replaced_and_every_picture_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let out = two_cameras(dir.path())
        .run_with(|now_ms, _| {
            if now_ms == 4_500 {
                assert!(Command::new("kill").args(["-9", &first_pid(dir.path())]).status().unwrap().success());
            }
        })
        .unwrap();
    assert_eq!(pids(dir.path()).len(), 2, "another process took over");
    let times: Vec<u64> = out.pictures.iter().map(|p| p.pts_90k).collect();
    assert_eq!(times, (0..180).map(|n| n * 3000).collect::<Vec<_>>());
    assert!(out.pictures.iter().step_by(60).all(|p| p.keyframe));
    let pictures = out.decode();
    assert_eq!(pictures.len(), 180);
    for (n, picture) in pictures.iter().enumerate().skip(35) {
        assert!(picture.near(80, 75, RED) && picture.near(240, 75, GREEN), "picture {n}");
    }
    assert_eq!(out.frames.decoded, out.frames.received);
}

#[test]
fn one_that_always_dies_is_an_error_that_says_what_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut scenario = Scenario::new(vec![Camera::new(1, "a", "red.ivf", 0)], 2_000);
    let path = dir.path().join("worker");
    std::fs::write(&path, "#!/bin/sh\necho 'libx264 is on fire' >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    scenario.settings.worker = path;
    let error = scenario.run_with(|_, _| ()).unwrap_err().to_string();
    assert!(error.contains("failed 3 times") && error.contains("libx264 is on fire"), "{error}");
    scenario.settings.worker = dir.path().join("is-not-there");
    let error = scenario.run_with(|_, _| ()).unwrap_err().to_string();
    assert!(error.contains("is-not-there"), "{error}");
}
