use ferric::model::gate::Gate;

use crate::camera::Camera;
use crate::composed::{BLACK, Scenario, Told};

#[test]
fn without_a_picture_track_there_is_no_process_and_no_picture() {
    let mut scenario = Scenario::new(Vec::new(), 2_000);
    scenario.settings.worker = "/is/not/there".into();
    let out = scenario.run();
    assert!(out.config.is_none() && out.pictures.is_empty() && out.files.is_empty());
}

#[test]
fn nobody_open_is_black_and_has_no_poster() {
    let mut camera = Camera::new(1, "a", "red.ivf", 0);
    camera.packets.clear();
    let out = Scenario::new(vec![camera], 2_000).tell(0, Told::Gate("a", Gate::Closed)).run();
    let pictures = out.decode();
    assert_eq!(pictures.len(), 60);
    assert!(pictures.iter().all(|p| p.near(160, 120, BLACK)));
    assert!(out.files.iter().all(|f| f != "poster.jpg"), "{:?}", out.files);
}

#[test]
fn poster_and_thumbnails_show_the_recording() {
    let out = Scenario::new(vec![Camera::new(1, "a", "host.ivf", 0)], 7_500).run();
    let mut files = out.files.clone();
    files.sort();
    assert_eq!(files, ["poster.jpg", "thumbnails-001.jpg", "thumbnails.vtt"]);
    let poster = image::open(out.dir.path().join("poster.jpg")).unwrap().to_rgb8();
    assert_eq!(poster.dimensions(), (320, 240));
    assert!(ferric::render::poster::worth(&poster) > 20.0);
    let sheet = image::open(out.dir.path().join("thumbnails-001.jpg")).unwrap().to_rgb8();
    assert_eq!(sheet.dimensions(), (640, 120));
    let index = std::fs::read_to_string(out.dir.path().join("thumbnails.vtt")).unwrap();
    assert_eq!(
        index.lines().filter(|l| l.contains("-->")).collect::<Vec<_>>(),
        [
            "00:00:00.000 --> 00:00:02.000",
            "00:00:02.000 --> 00:00:04.000",
            "00:00:04.000 --> 00:00:06.000",
            "00:00:06.000 --> 00:00:07.500"
        ]
    );
    assert!(index.contains("thumbnails-001.jpg#xywh=480,0,160,120"), "{index}");
    // Each piece is the composed picture of its time.
    let pictures = out.decode();
    for piece in 0..4u32 {
        let picture = &pictures[piece as usize * 60];
        for (x, y) in [(20, 20), (80, 60), (140, 100)] {
            let small = sheet.get_pixel(piece * 160 + x, y).0;
            let near: i32 = (0..3)
                .map(|c| {
                    let around: Vec<i32> =
                        (0..4).map(|d| i32::from(picture.at((2 * x + d % 2) as usize, (2 * y + d / 2) as usize)[c])).collect();
                    (around.iter().sum::<i32>() / 4 - i32::from(small[c])).abs()
                })
                .sum();
            assert!(near < 90, "piece {piece} at {x},{y}: {small:?} and {:?}", picture.at(2 * x as usize, 2 * y as usize));
        }
    }
}
