use ferric::archive::{ArchiveError, Catalogue, QueueRow};
use ferric::model::role::Role;
use ferric::model::settings::QueueProperties;
use ferric::model::time::WallClock;

use crate::support::{agent, on_sqlite, project, recording, session};

#[tokio::test]
async fn on_sqlite_messages_name_the_field() {
    on_sqlite(messages_name_the_field).await;
}

#[tokio::test]
async fn on_sqlite_a_project_in_use_stays() {
    on_sqlite(a_project_in_use_stays).await;
}

fn message<T: std::fmt::Debug>(result: Result<T, ArchiveError>) -> String {
    result.expect_err("is refused").to_string()
}

pub async fn messages_name_the_field(c: Catalogue) {
    let mut p = project("sales");
    p.settings.max_duration_s = Some(0);
    assert_eq!(message(c.create_project(&p).await), "settings.max_duration_s: must be at least 1");
    p.settings.max_duration_s = Some(5);
    p.settings.min_duration_s = Some(6);
    assert_eq!(message(c.put_project(&p).await), "settings.min_duration_s: must not be above settings.max_duration_s (5)");
    p.settings.min_duration_s = Some(u64::MAX);
    assert!(message(c.put_project(&p).await).starts_with("settings.min_duration_s: must be at most"));
    let mut p = project("sales");
    p.caller_is = Role::ThirdParty;
    assert_eq!(message(c.create_project(&p).await), "caller_is: must be `customer` or `agent`");
    c.create_project(&project("sales")).await.expect("made");
    assert_eq!(message(c.create_project(&project("sales")).await), "there is a project `sales` already");

    let mut w = c.workspace().await.expect("there");
    w.settings.max_duration_s = Some(0);
    assert_eq!(message(c.put_workspace(&w).await), "settings.max_duration_s: must be at least 1");

    assert_eq!(message(c.put_agent(&agent("", &[], &[])).await), "name: must have 1 to 128 characters");
    assert_eq!(message(c.put_agent(&agent("a\n", &[], &[])).await), "name: must not hold control characters");
    assert_eq!(
        message(c.put_agent(&agent("a", &["1", "2", "sip:"], &[])).await),
        "addresses[2]: is no address: use `sip:user@host`, a user part, or a pattern with `*`"
    );
    assert_eq!(message(c.put_agent(&agent("a", &["*@*"], &[])).await), "addresses[0]: would match everybody");
    assert_eq!(message(c.put_agent(&agent("a", &["1", "sip:1"], &[])).await), "addresses[1]: stands in the list already");
    assert_eq!(message(c.put_agent(&agent("a", &["1 2"], &[])).await), "addresses[0]: must not hold blanks or control characters");
    assert_eq!(message(c.put_agent(&agent("a", &["1"], &["default", "nowhere"])).await), "projects[1]: there is no project `nowhere`");

    c.put_agent(&agent("anna", &["sip:4711@pbx.example"], &["default"])).await.expect("made");
    let taken = message(c.put_agent(&agent("bo", &["9", "sips:4711@PBX.example;user=phone"], &[])).await);
    assert_eq!(taken, "addresses[1]: belongs to agent `anna` already");
    assert!(!taken.contains("4711"), "an address is personal");
    c.put_agent(&agent("bo", &["sip:4711@pbx.example"], &["sales"])).await.expect("another project, another agent");
    c.put_agent(&agent("anna", &["sip:4711@pbx.example", "9"], &["default"])).await.expect("its own address is no conflict");
    assert_eq!(c.agents().await.expect("read").len(), 2);

    assert_eq!(
        message(c.put_queue(&QueueRow { name: " q".into(), properties: QueueProperties::default() }).await),
        "name: must not begin or end with a blank"
    );
    assert_eq!(message(c.delete_queue("q").await), "there is no queue `q`");
    assert_eq!(message(c.delete_agent("cy").await), "there is no agent `cy`");
    assert_eq!(message(c.project(&"nowhere".parse().expect("a slug")).await), "there is no project `nowhere`");
    let mut r = recording(1);
    r.project = "nowhere".parse().expect("a slug");
    assert_eq!(message(c.put_recording(&r).await), "project: there is no project `nowhere`");
    assert_eq!(message(c.insert_session(&session("nowhere")).await), "project: there is no project `nowhere`");
    r = recording(1);
    r.progress = 101;
    assert_eq!(message(c.put_recording(&r).await), "progress: must be 0 to 100");
}

pub async fn a_project_in_use_stays(c: Catalogue) {
    let sales: ferric::model::id::ProjectSlug = "sales".parse().expect("a slug");
    let say = |e: String| e.strip_prefix("project `sales` cannot be deleted: ").expect("says which").to_owned();
    assert!(message(c.delete_project(&sales).await).contains("there is no project"));
    assert!(message(c.delete_project(&"default".parse().expect("a slug")).await).contains("calls that name no project go there"));
    c.create_project(&project("sales")).await.expect("made");

    let live = session("sales");
    c.insert_session(&live).await.expect("kept");
    assert_eq!(say(message(c.delete_project(&sales).await)), "it has live sessions (1)");
    c.end_session(&live.id, WallClock::from_unix_ms(2_000)).await.expect("ended");

    let mut r = recording(1);
    r.project = sales.clone();
    c.put_recording(&r).await.expect("kept");
    assert_eq!(say(message(c.delete_project(&sales).await)), "it has recordings (1); delete them first");
    crate::support::delete(&c, r.clone()).await;

    c.put_agent(&agent("bo", &["1"], &["sales"])).await.expect("made");
    assert_eq!(say(message(c.delete_project(&sales).await)), "agent `bo` is limited to it");
    c.delete_agent("bo").await.expect("gone");

    let before = c.configuration_version().await.expect("read");
    c.delete_project(&sales).await.expect("nothing needs it");
    assert!(c.configuration_version().await.expect("read") > before, "others can see that something changed");
    assert!(c.project(&sales).await.is_err());
    assert!(c.session(&live.id).await.is_err(), "its ended sessions go with it");
}
