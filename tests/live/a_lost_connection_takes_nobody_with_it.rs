//! Connections that are lost, doubled and refused: who is in, and who is not.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::whip::{Film, Publisher, offer};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::running_node::RunningNode;

const RECONNECT: Duration = Duration::from_secs(1);

struct House {
    node: RunningNode,
    session: String,
    _folder: tempfile::TempDir,
}

impl House {
    async fn room() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let reconnect_s = RECONNECT.as_secs().to_string();
        let node = RunningNode::start_with(&folder.path().join("data"), &[("FERRIC_SESSION_RECONNECT_S", &reconnect_s)]);
        let (status, opened) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
        assert_eq!(status, 201, "{opened}");
        Self { session: opened["id"].as_str().unwrap().to_owned(), node, _folder: folder }
    }

    async fn invite(&self, role: &str) -> Value {
        let (status, invitation) = self.node.post(&format!("/v1/sessions/{}/participants", self.session), json!({ "role": role })).await;
        assert_eq!(status, 201, "{invitation}");
        invitation
    }

    /// Who is in, by id, and what the session does.
    async fn view(&self) -> (Vec<String>, String) {
        let view = self.node.get(&format!("/v1/sessions/{}", self.session)).await;
        let people = view["participants"].as_array().unwrap().iter().filter(|p| p["present"] == true);
        (people.map(|p| p["id"].as_str().unwrap().to_owned()).collect(), view["state"].as_str().unwrap().to_owned())
    }

    async fn wait_for(&self, what: &str, holds: impl Fn(&[String], &str) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let (people, state) = self.view().await;
            if holds(&people, &state) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "waited in vain for {what}: {people:?} {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn id(invitation: &Value) -> String {
    invitation["id"].as_str().unwrap().to_owned()
}

async fn post(invitation: &Value, sdp: String) -> reqwest::Response {
    let text = |key: &str| invitation[key].as_str().unwrap();
    let request = Client::new().post(text("whip_url")).bearer_auth(text("token")).header("content-type", "application/sdp");
    request.body(sdp).send().await.unwrap()
}

/// A publisher who, stopped, says good-bye to the connection alone; and the address of their resource.
async fn publish(invitation: &Value) -> (Publisher, String) {
    let film = Arc::new(Film::read(Path::new("fixtures/room/host.opus")).unwrap());
    let offered = offer(film, IpAddr::V4(Ipv4Addr::LOCALHOST), false).await.unwrap();
    let answer = post(invitation, offered.sdp.clone()).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let resource = answer.headers()["location"].to_str().unwrap().to_owned();
    let publisher = offered.begin(answer.text().await.unwrap()).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !publisher.sent().connected {
        assert!(tokio::time::Instant::now() < deadline, "a publisher does not connect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (publisher, resource)
}

async fn delete(invitation: &Value, resource: &str) -> StatusCode {
    Client::new().delete(resource).bearer_auth(invitation["token"].as_str().unwrap()).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_another_stays_and_leaves_with_the_last() {
    let house = House::room().await;
    let host = house.invite("agent").await;
    let guest = house.invite("customer").await;
    let (of_guest, _) = Box::pin(publish(&guest)).await;
    let ((first, _), (second, resource)) = (Box::pin(publish(&host)).await, Box::pin(publish(&host)).await);
    let both = |people: &[String], _: &str| people.contains(&id(&host)) && people.contains(&id(&guest));
    house.wait_for("both", both).await;
    assert_eq!(house.node.command(&house.session, &id(&host), "start").await.0, 200);

    first.stop().await.unwrap();
    tokio::time::sleep(RECONNECT * 3).await;
    assert!(both(&house.view().await.0, ""), "one of two connections was lost");

    // The only one is lost, and another comes within the time for that.
    second.stop().await.unwrap();
    let (third, of_third) = Box::pin(publish(&host)).await;
    tokio::time::sleep(RECONNECT * 3).await;
    assert_eq!(house.view().await.1, "recording", "{:?}", house.view().await);
    assert_eq!(delete(&host, &resource).await, StatusCode::OK, "the lost one's resource is given up late");
    assert!(both(&house.view().await.0, ""));

    assert_eq!(delete(&host, &of_third).await, StatusCode::OK);
    house.wait_for("the host to have left", |people, _| !people.contains(&id(&host))).await;
    third.stop().await.unwrap();

    of_guest.stop().await.unwrap();
    house.wait_for("the guest to be given up", |people, _| people.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_has_not_come() {
    let house = House::room().await;
    let third = house.invite("third_party").await;
    let nobody = house.view().await;
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=rtpmap:98 VP9/90000\r\n\
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n";
    let answer = post(&third, offer.to_owned()).await;
    assert_eq!(answer.status(), StatusCode::NOT_ACCEPTABLE);
    assert_eq!(house.view().await, nobody, "an offer that cannot be taken");

    let (status, answer) = house.node.command(&house.session, &id(&third), "stop").await;
    assert_eq!((status, answer["reason"].as_str()), (409, Some("not_host")));
    assert_eq!(house.view().await, nobody, "a command that is refused");

    assert_eq!(house.node.command(&house.session, &id(&third), "consent_grant").await.0, 200);
    assert_eq!(house.view().await.0, [id(&third)], "a command that is taken");
}
