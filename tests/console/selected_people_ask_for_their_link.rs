use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::running_node::RunningNode;
use crate::script::script;
use crate::smtp::{PASSWORD, Smtp, USER, Way};
use crate::tus::{Sender, ffmpeg};

/// A node whose letters go to this server.
pub fn writing(data: &Path, smtp: &Smtp) -> RunningNode {
    let (port, root) = (smtp.port.to_string(), smtp.root().display().to_string());
    RunningNode::start_with(
        data,
        &[
            ("FERRIC_MAIL_HOST", "localhost"),
            ("FERRIC_MAIL_PORT", &port),
            ("FERRIC_MAIL_TLS_ROOT", &root),
            ("FERRIC_MAIL_USER", USER),
            ("FERRIC_MAIL_PASSWORD", PASSWORD),
            ("FERRIC_MAIL_FROM", "no-reply@example.com"),
        ],
    )
}

/// Sends a film in; answers its recording once that is ready.
pub async fn film(node: &RunningNode, dir: &Path) -> String {
    let input = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-f", "lavfi", "-i", "sine=440:d=4"];
    let film = ffmpeg(dir, "lamp.mp4", &[&input[..], &["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]].concat());
    let id = Sender::admin(node).file(node, &film, &[("filename", "lamp.mp4")]).await;
    node.recordings_in("ready", 1, Duration::from_mins(1)).await;
    id
}

/// A script of the browser beside the letters that come: each is written to a file `1`, `2` … of `letters`, where the script waits for it.
pub async fn browse(name: &str, node: &RunningNode, smtp: &Smtp, dir: &Path, environment: &[(&str, &str)]) {
    let letters: PathBuf = dir.join("letters");
    std::fs::create_dir_all(&letters).expect("a folder");
    let mut child = Command::from(script(name, node))
        .env("LETTERS", &letters)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let said = tokio::spawn(async move {
        let (mut said, mut wrong) = (String::new(), String::new());
        let both = tokio::join!(
            tokio::io::AsyncReadExt::read_to_string(&mut out, &mut said),
            tokio::io::AsyncReadExt::read_to_string(&mut err, &mut wrong)
        );
        both.0.and(both.1).expect("text");
        (said, wrong)
    });
    let (mut written, mut look) = (0, tokio::time::interval(Duration::from_millis(50)));
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.expect("ended"),
            _ = look.tick() => {}
        }
        for letter in smtp.arrived().iter().skip(written) {
            written += 1;
            let text = json!({ "to": letter.to, "subject": letter.header("Subject"), "text": letter.text() }).to_string();
            let whole = letters.join(format!("{written}.part"));
            std::fs::write(&whole, text).expect("written");
            std::fs::rename(whole, letters.join(written.to_string())).expect("named");
        }
    };
    let (out, err) = said.await.expect("read");
    assert!(status.success(), "{out}\n{err}");
    println!("{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selected_person_comes_from_the_link_by_the_letter_to_the_recording() {
    let dir = tempfile::tempdir().expect("a folder");
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&dir.path().join("data"), &smtp);
    let id = film(&node, dir.path()).await;
    let body = json!({ "visibility": "members_and_selected", "selected": ["kari@example.com"] });
    let (status, answer) = node.send(reqwest::Method::PUT, &format!("/v1/recordings/{id}/visibility"), body).await;
    assert_eq!(status, 200, "{answer}");
    browse("selected.mjs", &node, &smtp, dir.path(), &[("LINK", answer["link"].as_str().expect("a link"))]).await;
    assert_eq!(smtp.arrived().len(), 1, "the one who is selected, and nobody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_asked_at_the_end_whom_the_room_was_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&dir.path().join("data"), &smtp);
    let settings = json!({ "settings": { "visibility_live": "members_and_selected" } });
    assert_eq!(node.send(reqwest::Method::PUT, "/v1/workspace", settings).await.0, 200);
    let project = json!({ "slug": "rooms", "kind": "room", "settings": { "trigger": "auto_first", "min_duration_s": 0 } });
    let (status, made) = node.post("/v1/projects", project).await;
    assert_eq!(status, 201, "{made}");
    let (_, opened) = node.post("/v1/sessions", json!({ "project": "rooms", "kind": "room" })).await;
    let session = opened["id"].as_str().expect("an id");
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Paal" })).await;
    let page = host["page_url"].as_str().expect("a page");
    browse("requester.mjs", &node, &smtp, dir.path(), &[("HOST", page)]).await;
    let rows = node.recordings_in("ready", 1, Duration::from_mins(1)).await;
    let id = rows[0]["id"].as_str().expect("an id");
    let end = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let shown = node.get(&format!("/v1/recordings/{id}/visibility")).await;
        if shown["visibility"] == "members_and_selected" {
            assert_eq!(shown["selected"], json!(["kari@example.com"]));
            return;
        }
        assert!(std::time::Instant::now() < end, "{shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
