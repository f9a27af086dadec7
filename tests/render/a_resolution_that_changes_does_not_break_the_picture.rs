#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::camera::Camera;
use crate::composed::{RED, Scenario, YELLOW};

/// H.264 whose size and parameter sets change in the middle.
#[test]
fn new_parameter_sets_in_mid_stream() {
    let out = Scenario::new(vec![Camera::new(1, "y", "yellow_grows.h264", 0)], 6_000).run();
    assert_eq!((out.frames.received, out.frames.decoded), (180, 180));
    assert!(out.frames.composed >= 179, "{:?}", out.frames);
    let pictures = out.decode();
    assert_eq!(pictures.len(), 180);
    for (n, picture) in pictures.iter().enumerate() {
        assert!(picture.near(160, 30, YELLOW) && picture.near(160, 210, YELLOW), "picture {n}: {:?}", picture.at(160, 30));
    }
}

/// The same track goes on with another stream: another size (as a simulcast layer has), or another codec.
fn red_then(name: &str) -> crate::composed::Out {
    let mut camera = Camera::new(1, "a", "red.ivf", 0).until(2_000);
    let next = Camera::new(1, "a", name, 2_000).until(4_000);
    let offset = camera.packets.last().unwrap().sequence + 2;
    let mut scenario = Scenario::new(vec![camera.clone()], 4_000);
    camera.codec = next.codec;
    camera.packets = next.packets;
    camera.packets.iter_mut().for_each(|p| p.sequence += offset);
    scenario.cameras.push(camera);
    let out = scenario.run();
    assert_eq!(out.frames.decoded, 120, "{name}");
    out
}

#[test]
fn another_codec_takes_over_the_track() {
    let pictures = red_then("yellow_grows.h264").decode();
    assert_eq!(pictures.len(), 120);
    assert!((0..60).all(|n| pictures[n].near(160, 30, RED)));
    assert!((60..120).all(|n| pictures[n].near(160, 30, YELLOW)));
}

#[test]
fn another_layer_takes_over_the_track() {
    let pictures = red_then("host.ivf").decode();
    assert_eq!(pictures.len(), 120);
    assert!((0..60).all(|n| pictures[n].near(160, 30, RED)));
    assert!((60..120).all(|n| !pictures[n].near(160, 30, RED)));
}
