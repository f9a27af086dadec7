use ferric::render::VideoLayout;

use crate::camera::Camera;
use crate::composed::{BLACK, BLUE, GREEN, RED, Rgb, Scenario, Told};

fn room() -> Scenario {
    Scenario::new(vec![Camera::new(1, "a", "red.ivf", 0), Camera::new(2, "b", "green.ivf", 0), Camera::new(3, "c", "blue.ivf", 0)], 6_000)
}

fn is(picture: &Rgb, colour: [u8; 3]) -> bool {
    picture.near(160, 30, colour)
}

#[test]
fn the_picture_changes_before_the_word_and_not_long_before() {
    let out = room()
        .tell(0, Told::Level("a", -70.0))
        .tell(0, Told::Level("b", -25.0))
        .tell(0, Told::Level("c", -60.0))
        .tell(2_600, Told::Level("b", -70.0))
        .tell(3_000, Told::Level("c", -20.0))
        .run();
    let pictures = out.decode();
    assert_eq!(pictures.len(), 180);
    assert!(is(&pictures[0], GREEN), "whoever speaks first is there from the first picture");
    let cut = pictures.iter().position(|p| is(p, BLUE)).unwrap();
    assert!((72..90).contains(&cut), "cut at picture {cut}; the word comes at picture 90");
    assert!(pictures[..cut].iter().all(|p| is(p, GREEN)) && pictures[cut..].iter().all(|p| is(p, BLUE)));
}

#[test]
fn a_shared_screen_has_the_speaker_beside_it() {
    let mut scenario = room().tell(0, Told::Level("b", -25.0));
    scenario.cameras[2] = Camera::new(3, "c", "blue.ivf", 1_000).into_screen().until(3_000);
    let pictures = scenario.run().decode();
    assert!(pictures[..30].iter().all(|p| is(p, GREEN)));
    for (n, picture) in pictures.iter().enumerate().skip(31) {
        // The screen has 256 of 320 columns and keeps its shape; the tile has the other 64, at the top; below it is nothing.
        assert!(picture.near(100, 60, BLUE) && picture.near(290, 10, GREEN) && picture.near(290, 200, BLACK), "picture {n}");
        assert!(picture.near(100, 10, BLACK), "picture {n}");
    }
}

#[test]
fn a_grid_has_everybody_and_single_only_the_first() {
    let mut scenario = room();
    scenario.end_ms = 1_000;
    scenario.settings.layout = VideoLayout::Grid;
    for picture in scenario.run().decode() {
        assert!(picture.near(80, 20, RED) && picture.near(240, 20, GREEN) && picture.near(160, 140, BLUE) && picture.near(20, 200, BLACK));
    }
    scenario.settings.layout = VideoLayout::Single;
    assert!(scenario.run().decode().iter().all(|p| is(p, RED)));
}
