//! C3 to C9 as somebody outside sees them, in headless Chromium: a phone and a desk; calling back stops a player that runs.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::running_node::RunningNode;
use crate::smtp::{PASSWORD, Smtp, USER, Way};
use crate::tus::{Sender, ffmpeg};

/// The letters that arrived, for a script.
async fn letters(smtp: Arc<Smtp>) -> String {
    let app = axum::Router::new().route(
        "/",
        axum::routing::get(move || {
            let texts: Vec<String> = smtp.arrived().iter().map(crate::smtp::Arrived::text).collect();
            async move { axum::Json(texts) }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_on_a_phone_and_at_a_desk_and_calling_back_stops_a_running_player() {
    let (smtp, folder) = (Arc::new(Smtp::start(Way::Starttls).await), tempfile::tempdir().unwrap());
    let (port, root) = (smtp.port.to_string(), smtp.root().display().to_string());
    let environment = [
        ("FERRIC_MAIL_HOST", "localhost"),
        ("FERRIC_MAIL_PORT", port.as_str()),
        ("FERRIC_MAIL_USER", USER),
        ("FERRIC_MAIL_PASSWORD", PASSWORD),
        ("FERRIC_MAIL_FROM", "no-reply@example.com"),
        ("FERRIC_MAIL_TLS_ROOT", root.as_str()),
    ];
    let node = RunningNode::start_with(&folder.path().join("data"), &environment);
    let sender = Sender::admin(&node);
    let speech = ["-f", "lavfi", "-i", "sine=frequency=220:beep_factor=3:duration=63", "-af", "tremolo=f=2:d=0.8"];
    let sound = ffmpeg(folder.path(), "call.wav", &speech);
    let picture =
        ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=40", "-f", "lavfi", "-i", "sine=440:d=40", "-c:v", "libx264", "-b:v", "900k"];
    let film = ffmpeg(folder.path(), "screen.mp4", &picture);
    let sound = sender.file(&node, &sound, &[("filename", "call.wav")]).await;
    let film = sender.file(&node, &film, &[("filename", "screen.mp4")]).await;
    node.recordings_in("ready", 2, Duration::from_secs(120)).await;
    let chat = node.get(&format!("/v1/recordings/{film}")).await["session"].as_str().unwrap().to_owned();
    let lines = json!([
        { "at": "2026-01-01T10:00:05Z", "from": "Kari", "role": "customer", "text": "Can you see my screen?" },
        { "at": "2026-01-01T10:00:20Z", "from": "Paal", "role": "agent", "text": "Yes. The lamp left our house on Monday, and will be with you tomorrow." },
    ]);
    assert_eq!(node.send(reqwest::Method::PUT, &format!("/v1/sessions/{chat}/chat"), lines).await.0, 200);

    let letters = letters(smtp).await;
    let key = std::fs::read_to_string(node.data.join("admin.key")).unwrap();
    let mut script = Command::new("node");
    script
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rows/recipient.mjs"))
        .env("FERRIC_URL", &node.http)
        .env("FERRIC_KEY", key.trim())
        .env("LETTERS", letters)
        .env("SOUND", sound)
        .env("FILM", film)
        .env("CHAT", chat);
    let said = tokio::task::spawn_blocking(move || script.output()).await.unwrap().expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
    assert_eq!(node.terminate(), 0);
}
