use ferric::render::VideoEncoder;

use crate::camera::Camera;
use crate::composed::{Scenario, Told};

fn scenario() -> Scenario {
    Scenario::new(vec![Camera::new(1, "a", "host.ivf", 0), Camera::new(2, "b", "host.h264", 500)], 3_000)
        .tell(0, Told::Level("a", -20.0))
        .tell(1_200, Told::Level("a", -70.0))
        .tell(1_300, Told::Level("b", -20.0))
}

#[test]
fn twice_the_same_whatever_the_pace() {
    for encoder in [VideoEncoder::X264enc, VideoEncoder::Openh264enc] {
        let mut scenario = scenario();
        scenario.settings.encoder = encoder;
        let first = scenario.run();
        scenario.step_ms = 1_700;
        let second = scenario.run();
        assert_eq!(first.config, second.config);
        assert!(first.pictures == second.pictures, "{encoder:?}");
        assert_eq!(first.frames, second.frames);
        assert_eq!(first.decode().len(), 90);
        assert!(first.pictures.iter().enumerate().all(|(n, p)| p.keyframe == (n % 60 == 0)), "{encoder:?}");
        for name in &first.files {
            let of = |out: &crate::composed::Out| std::fs::read(out.dir.path().join(name)).unwrap();
            assert!(of(&first) == of(&second), "{name}");
        }
    }
}
