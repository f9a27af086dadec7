use crate::selected_people_ask_for_their_link::{browse, film, writing};
use crate::smtp::{Smtp, Way};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sends_links_and_looks_at_what_became_of_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&dir.path().join("data"), &smtp);
    let id = film(&node, dir.path()).await;
    let logo = dir.path().join("logo.png");
    image::RgbImage::from_fn(240, 60, |x, y| image::Rgb([180, (x / 2) as u8, (y * 2) as u8])).save(&logo).expect("a picture");
    browse("sharing.mjs", &node, &smtp, dir.path(), &[("RECORDING", &id), ("LOGO", &logo.display().to_string())]).await;
    assert_eq!(smtp.arrived().len(), 3);
}
