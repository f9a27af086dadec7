//! `verify`: whole where it is whole, and each kind of damage named.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use ferric::render::check::verify_recording;

use crate::support::script::{Script, Sender};

#[test]
fn a_whole_recording_is_whole_and_each_damage_has_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(8000);
    script.tone(&mut Sender::new(1), 900.0, 0, 8000, |_| Some(2.0));
    script.tone(&mut Sender::new(2), 1500.0, 0, 8000, |_| Some(2.0));
    let folder = script.render(dir.path())[0].dir.clone();
    let found = verify_recording(&folder).unwrap();
    assert!(found.damage.is_empty(), "{:?}", found.damage);
    // 8 s are 62.5 frames: 63, and one for the overlap.
    assert_eq!((found.files, found.packets), (4, 64));

    let mp4 = folder.join("recording.mp4");
    let whole = fs::read(&mp4).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&mp4).unwrap();
    file.seek(SeekFrom::Start(whole.len() as u64 / 2)).unwrap();
    file.write_all(&[0xff; 400]).unwrap();
    let found = verify_recording(&folder).unwrap();
    assert!(found.damage.iter().any(|d| d.contains("SHA-256")), "{:?}", found.damage);

    fs::write(&mp4, &whole[..whole.len() - 300]).unwrap();
    let found = verify_recording(&folder).unwrap();
    assert!(found.damage.iter().any(|d| d.contains("bytes, not")), "{:?}", found.damage);
    assert!(found.damage.iter().any(|d| d.contains("outside the file")), "{:?}", found.damage);

    fs::write(&mp4, &whole).unwrap();
    fs::remove_file(folder.join("peaks.json")).unwrap();
    let found = verify_recording(&folder).unwrap();
    assert_eq!(found.damage.len(), 1, "{:?}", found.damage);
}
