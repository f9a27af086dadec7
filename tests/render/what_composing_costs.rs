#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use nix::sys::resource::{UsageWho, getrusage};

use crate::camera::Camera;
use crate::composed::{Scenario, Told};

/// CPU seconds of the processes that have ended since the test began.
fn children_cpu_s() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Prints what `docs/performance.md` says. Alone: `cargo test --release --test render -- --ignored --nocapture what_composing_costs`.
#[test]
#[ignore = "a measurement, to be run alone"]
fn cpu_seconds_a_minute_of_a_room_at_720p() {
    let speaker_changes = |scenario: Scenario| {
        (0..5u64).fold(scenario, |s, n| {
            let (on, off) = if n % 2 == 0 { ("a", "b") } else { ("b", "a") };
            s.tell(n * 4_000, Told::Level(on, -20.0)).tell(n * 4_000, Told::Level(off, -70.0))
        })
    };
    for (what, names, layout) in [
        ("one camera, VP8", vec!["host.ivf"], "active_speaker"),
        ("one camera, H.264", vec!["host.h264"], "active_speaker"),
        ("two cameras, the speaker shown", vec!["host.ivf", "host.ivf"], "active_speaker"),
        ("two cameras, side by side", vec!["host.ivf", "host.ivf"], "grid"),
    ] {
        for encoder in ["x264enc", "openh264enc"] {
            let cameras = names.iter().zip(["a", "b"]).enumerate().map(|(n, (name, who))| Camera::new(n as u16, who, name, 0)).collect();
            let mut scenario = speaker_changes(Scenario::new(cameras, 20_000));
            scenario.settings.canvas = (1280, 720);
            scenario.settings.layout = serde_json::from_value(layout.into()).unwrap();
            scenario.settings.encoder = serde_json::from_value(encoder.into()).unwrap();
            let (cpu, began) = (children_cpu_s(), std::time::Instant::now());
            let out = scenario.run();
            let (cpu, took) = (children_cpu_s() - cpu, began.elapsed().as_secs_f64());
            let kbit = out.pictures.iter().map(|p| p.data.len()).sum::<usize>() as f64 * 8.0 / 1000.0 / 20.0;
            println!("{what}, {encoder}: {:.1} CPU s a minute, {:.1} times real time, {kbit:.0} kbit/s", cpu * 3.0, 20.0 / took);
        }
    }
}
