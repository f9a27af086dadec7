use ferric::model::gate::Gate;

use crate::camera::Camera;
use crate::composed::{BLACK, RED, Scenario, Told};

/// Packets are handed over only while the gate is open, as `SessionRender` does it.
fn red_masked(from_ms: u64, to_ms: u64) -> Scenario {
    let mut camera = Camera::new(1, "a", "red.ivf", 0).until(4_500);
    camera.packets.retain(|p| !(from_ms * 1_000_000..to_ms * 1_000_000).contains(&p.at_ns));
    Scenario::new(vec![camera], 4_500)
        .tell(0, Told::Gate("a", Gate::Open))
        .tell(from_ms, Told::Gate("a", Gate::Masked))
        .tell(to_ms, Told::Gate("a", Gate::Open))
}

#[test]
fn masked_is_black_from_the_picture_in_which_it_begins_to_the_first_keyframe_after_it() {
    // 1510 ms lies in picture 45 (1500 to 1533 ms); the first keyframe after 2990 ms is at 3000 ms, picture 90.
    let pictures = red_masked(1_510, 2_990).run().decode();
    assert_eq!(pictures.len(), 135);
    for (n, picture) in pictures.iter().enumerate() {
        let colour = if (45..90).contains(&n) { BLACK } else { RED };
        assert!([(20, 20), (160, 30), (300, 220)].iter().all(|(x, y)| picture.near(*x, *y, colour)), "picture {n}");
    }
}

#[test]
fn after_a_mask_nothing_from_before_it_is_held() {
    // Opened at 2 100 ms, but the camera's next keyframe comes at 3 s: black till then, not the picture of 1.5 s.
    let pictures = red_masked(1_500, 2_100).run().decode();
    for (n, picture) in pictures.iter().enumerate() {
        assert!(picture.near(160, 30, if (45..90).contains(&n) { BLACK } else { RED }), "picture {n}");
    }
}

#[test]
fn a_muted_camera_is_black_and_comes_back() {
    let mut camera = Camera::new(1, "a", "red.ivf", 0).until(4_500);
    camera.packets.retain(|p| !(1_000_000_000..3_000_000_000).contains(&p.at_ns));
    let pictures = Scenario::new(vec![camera], 4_500).tell(1_000, Told::Muted(1, true)).tell(2_900, Told::Muted(1, false)).run().decode();
    for (n, picture) in pictures.iter().enumerate() {
        assert!(picture.near(160, 30, if (30..90).contains(&n) { BLACK } else { RED }), "picture {n}");
    }
}
