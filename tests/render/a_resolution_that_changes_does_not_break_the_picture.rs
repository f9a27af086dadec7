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
    for n in 0..180 {
        assert!(pictures[n].near(160, 30, YELLOW) && pictures[n].near(160, 210, YELLOW), "picture {n}: {:?}", pictures[n].at(160, 30));
    }
}

/// A simulcast layer or another camera takes over under the same track: another size, another stream, another codec.
#[test]
fn another_stream_takes_over_the_track() {
    let mut camera = Camera::new(1, "a", "red.ivf", 0).until(2_000);
    let next = Camera::new(1, "a", "yellow_grows.h264", 2_000).until(4_000);
    let offset = camera.packets.last().unwrap().sequence + 2;
    let mut scenario = Scenario::new(vec![camera.clone()], 4_000);
    camera.codec = next.codec;
    camera.packets = next
        .packets
        .into_iter()
        .map(|mut p| {
            p.sequence += offset;
            p
        })
        .collect();
    scenario.cameras.push(camera);
    let out = scenario.run();
    let pictures = out.decode();
    assert_eq!(pictures.len(), 120);
    assert!((0..60).all(|n| pictures[n].near(160, 30, RED)));
    assert!((60..120).all(|n| pictures[n].near(160, 30, YELLOW)));
    assert_eq!(out.frames.decoded, 120);
}
