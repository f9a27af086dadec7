use std::time::Duration;

use crate::selected_people_ask_for_their_link::{browse, writing};
use crate::smtp::{Smtp, Way};
use crate::tus::{Sender, ffmpeg};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_sort_what_they_pick_and_send_recordings_with_chat_logs() {
    let dir = tempfile::tempdir().expect("a folder");
    let sound = ffmpeg(dir.path(), "note.wav", &["-f", "lavfi", "-i", "sine=660:d=2"]);
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&dir.path().join("data"), &smtp);
    for n in 1..=6 {
        let title = format!("Note {n}");
        let queue = if n <= 4 { "sales" } else { "support" };
        Sender::admin(&node).file(&node, &sound, &[("title", &title), ("queue", queue)]).await;
    }
    node.recordings_in("ready", 6, Duration::from_mins(2)).await;
    browse("picked.mjs", &node, &smtp, dir.path(), &[]).await;
}
