use ferric::archive::now;
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use serde_json::json;

use crate::aged::{aged, catalogue_of};
use crate::running_node::RunningNode;
use crate::script::{run, script};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_when_is_shown_and_holds_are_laid_and_released() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    assert_eq!(node.post("/v1/projects", json!({ "slug": "helpdesk", "settings": { "retention_months": 12 } })).await.0, 201);
    let settings = json!({ "settings": { "time_zone": "Europe/Oslo", "retention_days_live": 60 } });
    assert_eq!(node.send(reqwest::Method::PUT, "/v1/workspace", settings).await.0, 200);
    let catalogue = catalogue_of(&data).await;
    for (project, days, number) in [("default", 55, None), ("default", 40, Some("+4722334455")), ("helpdesk", 10, None)] {
        let mut row = aged(days);
        row.project = project.parse().expect("a slug");
        row.caller_number = number.map(Personal::new);
        row.ended_at = Some(WallClock(now().0));
        catalogue.put_recording(&row).await.expect("kept");
    }
    run(&mut script("retention.mjs", &node));
}
