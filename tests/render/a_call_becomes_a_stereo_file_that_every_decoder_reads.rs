//! Two legs of G.711: agent left, customer right, nothing of one in the other, the real duration, every parser of one mind.

use std::process::Command;

use crate::support::listen::{hear, probe};
use crate::support::script::{Script, Sender, main_output};

#[test]
fn agent_left_customer_right_and_the_real_duration() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(20_000);
    let (mut a, mut c) = (Sender::new(1), Sender::new(2));
    script.tone(&mut a, 1000.0, 0, 20_000, |_| Some(3.0));
    script.tone(&mut c, 1700.0, 0, 20_000, |_| Some(5.0));
    let done = script.render(dir.path());
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].output, main_output());
    let manifest = done[0].manifest.as_ref().unwrap();
    assert_eq!(manifest.duration_ms, 20_000);
    assert_eq!((manifest.media.sample_hz, manifest.media.channels), (8000, 2));
    let file = done[0].dir.join("recording.mp4");
    let heard = hear(&file);
    // FFmpeg plays the last AAC frame to its end (128 ms at 8 kHz) whatever the edit list says; what is beyond the end is silence.
    assert!((0.0..0.129).contains(&(heard.seconds() - 20.0)), "{}", heard.seconds());
    assert!(heard.level(0, 20.02, 21.0) < 30.0);
    let (left, right) = (heard.tone(0, 1000.0, 0.5, 19.5), heard.tone(1, 1700.0, 0.5, 19.5));
    assert!(left > 7000.0 && right > 7000.0, "{left} {right}");
    for (channel, other) in [(0, 1700.0), (1, 1000.0)] {
        let leak = heard.tone(channel, other, 0.5, 19.5);
        assert!(leak < 70.0, "crosstalk {leak} of 8000 in channel {channel}");
    }
    let ffprobe: f64 = probe(&file, "format=duration").parse().unwrap();
    assert!((ffprobe - 20.0).abs() < 0.001, "{ffprobe}");
    let mediainfo = Command::new("mediainfo").arg("--Inform=General;%Duration%").arg(&file).output().unwrap();
    let mediainfo: f64 = String::from_utf8(mediainfo.stdout).unwrap().trim().parse().unwrap();
    assert!((mediainfo / 1000.0 - 20.0).abs() < 0.002, "{mediainfo}");
}

/// ITU-T G.711 carries 300 to 3400 Hz, and so does the recording.
#[test]
fn the_whole_band_of_a_telephone_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(6000);
    script.tone(&mut Sender::new(1), 300.0, 0, 6000, |_| Some(3.0));
    script.tone(&mut Sender::new(2), 3400.0, 0, 6000, |_| Some(3.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    let (low, high) = (heard.tone(0, 300.0, 0.5, 5.5), heard.tone(1, 3400.0, 0.5, 5.5));
    assert!(low > 7000.0 && high > 7000.0, "{low} at 300 Hz, {high} at 3400 Hz, of 8000");
}
