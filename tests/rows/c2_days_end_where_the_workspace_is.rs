//! C2: N days are until 23:59:59 of the Nth day after today, in the workspace's time zone. The rule itself is tried in `src/share/days.rs`.

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::json;

use crate::sharing::{Sharing, to_bob};

#[tokio::test]
async fn a_share_ends_with_the_last_second_of_its_last_day_in_the_workspaces_zone() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    for name in ["UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu"] {
        let (status, answer) = sharing.node.send(Method::PUT, "/v1/workspace", json!({ "settings": { "time_zone": name } })).await;
        assert_eq!(status, 200, "{answer}");
        let zone = TimeZone::get(name).unwrap();
        for days in [1, 30, 365] {
            let today = jiff::Timestamp::now().to_zoned(zone.clone()).date();
            let mut body = to_bob(&[&id]);
            body["days"] = json!(days);
            let (row, _) = sharing.share(body).await;
            let until: jiff::Timestamp = row["until"].as_str().unwrap().parse().unwrap();
            let local = until.to_zoned(zone.clone());
            let expected = today.checked_add(i64::from(days).days()).unwrap().at(23, 59, 59, 0);
            // Around midnight it may be tomorrow by now.
            let next = jiff::Timestamp::now().to_zoned(zone.clone()).date() != today;
            assert!(local.datetime() == expected || next, "{name}, {days} days: {local}");
        }
    }
}
