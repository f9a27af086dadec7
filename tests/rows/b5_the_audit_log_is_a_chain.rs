//! B5: every act makes an entry through its real surface; entries are found by who, what and when; `ferric verify` follows the chain and names the first
//! entry that somebody with the database in hand broke; nothing personal and nothing that opens anything stands in it.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::catalogues;
use crate::people::{Browser, PASSWORD, try_password, user};
use crate::sharing::{Sharing, to_bob};
use crate::started::{Started, json_of};

/// A node on which every act was done once, with what must not stand in its log.
struct Done {
    sharing: Sharing,
    /// Numbers, names, addresses, keys, tokens.
    private: Vec<String>,
    /// Actor, action, subject, and what the detail has to say.
    expected: Vec<(String, &'static str, String, Value)>,
    /// After the sign-in, before the deletion.
    between: (String, String),
}

async fn now_there() -> String {
    tokio::time::sleep(Duration::from_millis(2)).await;
    let now = jiff::Timestamp::now().to_string();
    tokio::time::sleep(Duration::from_millis(2)).await;
    now
}

async fn entries(node: &Started, query: &str) -> Vec<Value> {
    node.get(&format!("/v1/audit?{query}")).await["items"].as_array().expect("items").clone()
}

impl Done {
    async fn everything() -> Self {
        let sharing = Sharing::new().await;
        let node = &sharing.node;
        let set =
            json!({ "download": true, "delete": true, "external_links": true, "external_access_page": true, "playback_reason": "#txt" });
        assert_eq!(node.send(Method::PUT, "/v1/workspace/properties", set).await.0, 200);
        user(node, json!({ "name": "anna", "role": "reviewer", "display_name": "Anna Bøe", "email": "anna.boe@example.org" })).await;
        assert_eq!(try_password(node, "anna.boe@example.org", "wrong horse battery").await.status(), 401);
        let anna = Browser::of(node, "anna").await;
        let from = now_there().await;

        let (id, other) = (sharing.recording().await, sharing.recording().await);
        let plays = format!("/v1/recordings/{id}/plays");
        assert_eq!(anna.post(&plays, json!({ "reason": "complaint 4711" })).await.0, 201);
        let file = format!("/v1/recordings/{id}/files/recording.mp4");
        assert_eq!(anna.request(Method::GET, &file).header("range", "bytes=0-9").send().await.expect("answered").status(), 206);
        assert_eq!(anna.request(Method::GET, &format!("{file}?download=1")).send().await.expect("answered").status(), 200);

        let known = sharing.smtp.arrived().len();
        let (status, share) = anna.post("/v1/shares", to_bob(&[&id])).await;
        assert_eq!(status, 201, "{share}");
        let share = share["id"].as_str().expect("an id").to_owned();
        let link = crate::sharing::link_in(&sharing.smtp.after(known).await, &node.http);
        assert_eq!(anna.post(&format!("/v1/shares/{share}/cancel"), json!({})).await.0, 200);

        let (session, host, guest) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
        let token = host["token"].as_str().expect("a token").to_owned();
        let order = node.bare(Method::POST, &format!("/v1/sessions/{session}/commands")).bearer_auth(&token);
        assert_eq!(json_of(order.json(&json!({ "do": "start" })).send().await.expect("answered")).await.0, 200);
        assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);

        let (status, hold) = node.post("/v1/holds", json!({ "name": "case", "reason": "a court", "recordings": [other] })).await;
        assert_eq!(status, 201, "{hold}");
        assert_eq!(anna.send(Method::DELETE, &format!("/v1/recordings/{other}"), json!({})).await.0, 409);
        let hold = hold["id"].as_str().expect("an id").to_owned();
        let released = node.send(Method::DELETE, &format!("/v1/holds/{hold}"), json!({ "reason": "over" })).await;
        assert!(released.0 < 300, "{released:?}");
        let to = now_there().await;
        for id in [&id, &other] {
            assert_eq!(anna.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
        }
        let by_anna = "user:anna".to_owned();
        let participant = format!("participant:{}", host["id"].as_str().expect("an id"));
        let (id_of, other_of, share_of) = (format!("recording:{id}"), format!("recording:{other}"), format!("share:{share}"));
        let expected = vec![
            ("key:admin".into(), "setting_change", "workspace".into(), json!({ "via": "api" })),
            ("visitor:sign-in".into(), "sign_in", "node".into(), json!({ "failed": true, "with": "password" })),
            (by_anna.clone(), "sign_in", "node".into(), json!({ "failed": false, "with": "password" })),
            (by_anna.clone(), "play", id_of.clone(), json!({ "reason": "complaint 4711" })),
            (by_anna.clone(), "download", id_of.clone(), json!({})),
            (by_anna.clone(), "share", share_of.clone(), json!({ "items": 1 })),
            (by_anna.clone(), "share", id_of.clone(), json!({ "what": "recording" })),
            (by_anna.clone(), "cancel", share_of, json!({})),
            (participant, "command", format!("session:{session}"), json!({ "do": "start" })),
            (by_anna.clone(), "delete", id_of, json!({})),
            (by_anna, "delete", other_of, json!({})),
        ];
        let cookie = anna.cookie.split_once('=').expect("a pair").1.to_owned();
        let mut private = vec![node.key.clone(), cookie, anna.csrf.clone(), PASSWORD.to_owned(), token];
        private.push(guest["token"].as_str().expect("a token").to_owned());
        private.push(link.rsplit('/').next().expect("a token").to_owned());
        let personal = ["bob@", "Bob", "Smith", "anna.boe", "Bøe", "98765432", "21492979", "argon2", "Paal", "Kari", "wrong horse"];
        private.extend(personal.map(str::to_owned));
        let done = Self { private, expected, between: (from, to), sharing };
        // A command is answered before it is noted: a gate does not wait for a disk.
        done.sharing
            .until("the command is noted", Duration::from_secs(20), async || !entries(done.node(), "action=command").await.is_empty())
            .await;
        done
    }

    fn node(&self) -> &Started {
        &self.sharing.node
    }

    /// What `ferric verify` says of the node's data folder, its exit code, and the report.
    fn verify(&self) -> (Option<i32>, Vec<Value>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
        command.arg("verify").arg(self.node().dir.path()).arg("--json").env_remove("FERRIC_TEST_CATALOGUE");
        command.envs(catalogues::environment(self.node().dir.path()));
        let said = command.output().expect("runs");
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        (said.status.code(), text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"))).collect())
    }

    async fn database(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let url = catalogues::url_in(self.node().dir.path());
        let mut db = AnyConnection::connect(&url).await.expect("opens");
        if url.starts_with("sqlite:") {
            run(&mut db, "PRAGMA busy_timeout = 30000").await;
        }
        db
    }
}

async fn run(db: &mut AnyConnection, sql: &str) {
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(db).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_every_act_is_an_entry_that_is_found_by_who_what_and_when() {
    let done = Done::everything().await;
    let node = done.node();
    for (actor, action, subject, says) in &done.expected {
        let found = entries(node, &format!("actor={actor}&action={action}&subject={subject}")).await;
        let fits = |entry: &&Value| says.as_object().expect("fields").iter().all(|(name, value)| entry["detail"][name] == *value);
        assert_eq!(found.iter().filter(fits).count(), 1, "{actor} {action} {subject} {says}: {found:?}");
    }
    // Told from each other by each of who, what, and when.
    let anna = entries(node, "actor=user:anna&limit=200").await;
    assert!(!anna.is_empty() && anna.iter().all(|e| e["actor"] == "user:anna"));
    assert_eq!(entries(node, "actor=user:*&limit=200").await, anna);
    assert_eq!(entries(node, "actor=user:ann&limit=200").await, Vec::<Value>::new());
    let (from, to) = (done.between.0.replace('+', "%2B"), done.between.1.replace('+', "%2B"));
    let between = entries(node, &format!("actor=user:anna&from={from}&to={to}")).await;
    let acts: Vec<&str> = between.iter().rev().map(|e| e["action"].as_str().expect("text")).collect();
    assert_eq!(acts, ["play", "download", "share", "share", "cancel"]);
    let holds = entries(node, "action=hold&subject=hold:*").await;
    assert!(holds.len() >= 2, "{holds:?}");
    // The page finds the same.
    let shown = async |query: &str| {
        let page =
            node.request(Method::GET, &format!("/settings/audit?{query}")).header("accept", "text/html").send().await.expect("answered");
        page.text().await.expect("text").matches("user:anna</").count()
    };
    let today = &from[..10];
    assert_eq!(shown(&format!("actor=user:anna&action=delete&from={today}")).await, 2);
    assert_eq!(shown("actor=user:anna&to=2001-01-01").await, 0);
    // Who may not look, does not.
    let browser = Browser::of(node, "anna").await;
    assert_eq!(browser.get("/v1/audit").await.0, 403);

    let all = node.get("/v1/audit?limit=200").await;
    assert!(all["next"].is_null(), "on one page");
    let kept = all.to_string();
    for private in &done.private {
        assert!(!kept.contains(private.as_str()), "{private} stands in {kept}");
    }
    let (code, said) = done.verify();
    let report = said.last().expect("a report");
    assert_eq!((code, report["damaged"].as_u64()), (Some(0), Some(0)), "{said:?}");
    assert!(report["audit_entries"].as_u64() >= Some(15), "{said:?}");
}

/// The hash of a row by the documented bytes, made without the node's code.
fn sealed(fields: [&str; 8]) -> String {
    let mut bytes = String::new();
    for field in fields {
        bytes += &format!("{}:{field}\n", field.len());
    }
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes.as_bytes()))
}

/// Gives entry 4 another actor and a hash that is right for it.
async fn resealed(db: &mut AnyConnection) {
    let row =
        sqlx::query("SELECT at, action, subject, detail, previous_hash, hash, actor FROM audit WHERE seq = 4").fetch_one(&mut *db).await;
    let row = row.expect("there");
    let at = row.get::<i64, _>("at").to_string();
    let text = |name: &str| row.get::<String, _>(name);
    let (action, subject, detail, previous) = (text("action"), text("subject"), text("detail"), text("previous_hash"));
    let hash = |actor: &str| sealed(["ferric-audit-1", "4", &at, actor, &action, &subject, &detail, &previous]);
    assert_eq!(hash(&text("actor")), text("hash"), "the documented bytes");
    run(db, &format!("UPDATE audit SET actor = 'user:nobody', hash = '{}' WHERE seq = 4", hash("user:nobody"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_verify_names_the_first_entry_that_was_broken_by_hand() {
    let done = Done::everything().await;
    let (code, said) = done.verify();
    let report = said.last().expect("a report").clone();
    assert_eq!(code, Some(0), "{said:?}");
    let n = report["audit_entries"].as_u64().expect("a number");
    let mut db = done.database().await;
    run(&mut db, "CREATE TABLE kept AS SELECT * FROM audit").await;
    run(&mut db, "CREATE TABLE kept_counter AS SELECT value FROM counters WHERE name = 'audit'").await;
    let changed = "was changed after it was written";
    let loose = "does not follow from the one before";
    let gone = "is missing";
    let cut = "is missing, and so is all that came after it";
    let shift = "UPDATE audit SET seq = 1 - seq WHERE seq > 4; UPDATE audit SET seq = -seq WHERE seq < 0";
    let swap = "UPDATE audit SET seq = -5 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = -5";
    let copied = "actor, action, subject, detail, previous_hash, hash FROM audit WHERE seq";
    let tampered: Vec<(String, u64, &str)> = vec![
        ("UPDATE audit SET actor = 'user:nobody' WHERE seq = 3".into(), 3, changed),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1".into(), 1, changed),
        ("UPDATE audit SET action = 'play' WHERE seq = 2".into(), 2, changed),
        ("UPDATE audit SET subject = subject || 'x' WHERE seq = 7".into(), 7, changed),
        (format!("UPDATE audit SET detail = '{{}}' WHERE seq = {n}"), n, changed),
        ("UPDATE audit SET hash = previous_hash WHERE seq = 6".into(), 6, changed),
        ("UPDATE audit SET previous_hash = hash WHERE seq = 6".into(), 6, loose),
        ("DELETE FROM audit WHERE seq = 1".into(), 1, gone),
        ("DELETE FROM audit WHERE seq = 5".into(), 5, gone),
        (format!("DELETE FROM audit WHERE seq = 4; {shift}"), 4, loose),
        (format!("DELETE FROM audit WHERE seq > {}", n - 2), n - 1, cut),
        ("DELETE FROM audit".into(), 1, cut),
        (swap.into(), 5, loose),
        (
            format!(
                "INSERT INTO audit (seq, at, {0}) SELECT {1}, at, {copied} = 5",
                &copied[..copied.find(" FROM").expect("there")],
                n + 1
            ),
            n + 1,
            loose,
        ),
        ("UPDATE audit SET detail = '{}' WHERE seq = 9; DELETE FROM audit WHERE seq = 3".into(), 3, gone),
    ];
    for (sql, seq, what) in &tampered {
        for statement in sql.split("; ") {
            run(&mut db, statement).await;
        }
        let (code, said) = done.verify();
        let damage = json!({ "what": "audit", "id": "log", "damage": format!("entry {seq} {what}") });
        assert!(code == Some(1) && said.contains(&damage), "{sql}: {code:?} {said:?}");
        assert_eq!(said.last().expect("a report")["audit_entries"], seq - 1, "{sql}: those before it are whole");
        restore(&mut db).await;
    }
    // Whoever makes an entry anew with its right hash breaks the next one.
    resealed(&mut db).await;
    let (code, said) = done.verify();
    assert!(code == Some(1) && said.contains(&json!({ "what": "audit", "id": "log", "damage": format!("entry 5 {loose}") })), "{said:?}");
    restore(&mut db).await;
    // Whoever cuts the end off and turns the counter back is found by the head that was kept elsewhere, and by nothing else.
    run(&mut db, &format!("DELETE FROM audit WHERE seq = {n}")).await;
    run(&mut db, &format!("UPDATE counters SET value = {} WHERE name = 'audit'", n - 1)).await;
    let (code, said) = done.verify();
    assert_eq!(code, Some(0), "{said:?}");
    assert_ne!(said.last().expect("a report")["audit_head"], report["audit_head"]);
    restore(&mut db).await;
    let (code, said) = done.verify();
    assert_eq!((code, &said.last().expect("a report")["audit_head"]), (Some(0), &report["audit_head"]), "as it was");
    // A node goes on noting on top of a broken chain, and the place is still found.
    run(&mut db, "UPDATE audit SET actor = 'user:nobody' WHERE seq = 8").await;
    assert_eq!(done.node().send(Method::PUT, "/v1/queues/sales", json!({})).await.0, 200);
    let (code, said) = done.verify();
    assert!(code == Some(1) && said.contains(&json!({ "what": "audit", "id": "log", "damage": format!("entry 8 {changed}") })), "{said:?}");
}

async fn restore(db: &mut AnyConnection) {
    run(db, "DELETE FROM audit").await;
    run(db, "INSERT INTO audit (seq, at, actor, action, subject, detail, previous_hash, hash) SELECT seq, at, actor, action, subject, detail, previous_hash, hash FROM kept").await;
    run(db, "UPDATE counters SET value = (SELECT value FROM kept_counter) WHERE name = 'audit'").await;
}
