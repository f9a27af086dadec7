use std::net::{IpAddr, Ipv4Addr};

use ferric::app::load::whip;
use ferric::signalling::whip::WhipConfig;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};

use crate::film;
use crate::whip_node::Node;

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

async fn an_offer() -> String {
    whip::offer(film::vp8(), IpAddr::V4(Ipv4Addr::LOCALHOST), false).await.unwrap().sdp
}

fn post(node: &Node, offer: String) -> RequestBuilder {
    client().post(node.url()).bearer_auth("agents-token").header("Content-Type", "application/sdp").body(offer)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

/// The status and the stable reason of a refusal.
async fn refused(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(header(&response, "content-type"), "application/problem+json", "{status}");
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let problem: serde_json::Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    (status, problem["reason"].as_str().unwrap().to_owned())
}

fn no(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

#[tokio::test]
async fn a_resource_is_made_trickled_to_and_ended() {
    let ice = "<stun:stun.example.net>; rel=\"ice-server\"";
    let node = Node::start(WhipConfig { ice_links: vec![ice.to_owned()], ..Default::default() }).await;
    let offer = an_offer().await;
    let made = post(&node, offer.clone()).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!((header(&made, "content-type"), header(&made, "link")), ("application/sdp", ice));
    assert_eq!(header(&made, "accept-patch"), "application/trickle-ice-sdpfrag");
    for exposed in ["Location", "ETag", "Link"] {
        assert!(header(&made, "access-control-expose-headers").contains(exposed));
    }
    let (location, etag) = (header(&made, "location").to_owned(), header(&made, "etag").to_owned());
    assert!(location.starts_with(&format!("{}/", node.url())), "{location}");
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let answer = made.text().await.unwrap();
    assert!(answer.matches("a=recvonly").count() == 2 && answer.contains("a=candidate:") && answer.contains("a=end-of-candidates"));

    let ufrag = offer.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).unwrap().trim();
    let fragment = |ufrag: &str| {
        format!(
            "a=ice-ufrag:{ufrag}\r\na=ice-pwd:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:9 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
        )
    };
    let patch = |etag: Option<&str>, ufrag: &str| {
        let request = client().patch(&location).bearer_auth("agents-token").header("Content-Type", "application/trickle-ice-sdpfrag");
        let request = if let Some(etag) = etag { request.header("If-Match", etag) } else { request };
        request.body(fragment(ufrag))
    };
    assert_eq!(refused(patch(None, ufrag)).await, no(428, "if_match_required"));
    assert_eq!(refused(patch(Some("\"another\""), ufrag)).await, no(412, "etag_mismatch"));
    assert_eq!(refused(patch(Some("*"), "new1")).await, no(422, "no_ice_restart"));
    assert_eq!(refused(patch(Some("\"*\""), "new1")).await, no(422, "no_ice_restart"));
    assert_eq!(refused(patch(Some(&etag), "new1")).await, no(422, "no_ice_restart"));
    let untyped = client().patch(&location).bearer_auth("agents-token").header("If-Match", &etag).body(fragment(ufrag));
    assert_eq!(refused(untyped).await, no(415, "unsupported_media_type"));
    assert!(node.desk.trickled.lock().is_empty());
    let done = patch(Some(&etag), ufrag).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    assert_eq!(node.desk.trickled.lock().len(), 2);
    assert_eq!(node.desk.trickled.lock()[0].mid.as_deref(), Some("0"));

    let delete = |token: &'static str, url: &str| client().delete(url).bearer_auth(token);
    assert_eq!(refused(client().delete(&location)).await, no(401, "unauthorized"));
    assert_eq!(refused(delete("guests-token", &location)).await, no(403, "forbidden"));
    assert_eq!(refused(delete("guests-token", &location.replace("/agent/", "/guest/"))).await, no(404, "not_found"));
    assert_eq!(delete("agents-token", &location).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(node.desk.closed.lock().len(), 1);
    assert_eq!(refused(delete("agents-token", &location)).await, no(404, "not_found"));
    assert!(node.session.lost.lock().is_empty(), "whoever hangs up is not lost");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_with_its_reason() {
    let node = Node::start(WhipConfig::default()).await;
    let offer = an_offer().await;
    let url = node.url();
    let plain = |token: &str| client().post(&url).bearer_auth(token).body("v=0");
    assert_eq!(refused(plain("agents-token")).await, no(415, "unsupported_media_type"));
    assert_eq!(refused(plain("nobodys")).await, no(401, "unauthorized"));
    assert_eq!(refused(plain("guests-token")).await, no(403, "forbidden"));
    assert_eq!(refused(client().post(&url)).await, no(401, "unauthorized"));
    assert_eq!(refused(post(&node, "hello".to_owned())).await, no(400, "not_sdp"));
    assert_eq!(refused(post(&node, format!("v=0{}", "x".repeat(200_000)))).await, no(413, "too_large"));
    assert_eq!(refused(post(&node, "v=0\r\nnonsense".to_owned())).await, no(406, "offer_not_acceptable"));
    for (what, instead) in [("VP8/90000", "VP9/90000"), ("opus/48000", "G722/8000"), ("a=sendonly", "a=inactive")] {
        assert_eq!(refused(post(&node, offer.replace(what, instead))).await, no(406, "offer_not_acceptable"), "{instead}");
    }
    assert!(node.session.specs().is_empty(), "no track of a refused offer is opened");
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let response = client().request(method.clone(), &url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST, OPTIONS"), "{method}");
    }
    assert_eq!(refused(client().get(format!("{url}/x.y"))).await, no(405, "method_not_allowed"));
    let options = client().request(Method::OPTIONS, &url).header("Origin", "https://a.example").send().await.unwrap();
    assert_eq!((options.status().as_u16(), header(&options, "accept-post")), (204, "application/sdp"));
    assert!(header(&options, "access-control-allow-headers").contains("Authorization"));
    assert!(header(&options, "access-control-allow-methods").contains("POST"));
    *node.desk.draining.lock() = true;
    let draining = post(&node, offer).send().await.unwrap();
    assert_eq!((draining.status().as_u16(), header(&draining, "retry-after")), (503, "5"));
}

#[tokio::test]
async fn the_location_is_as_the_peer_sees_the_node() {
    let node = Node::start(WhipConfig::default()).await;
    let proxied = post(&node, an_offer().await).header("Host", "rec.example.org").header("X-Forwarded-Proto", "https");
    let made = proxied.send().await.unwrap();
    assert!(header(&made, "location").starts_with("https://rec.example.org/whip/s1/agent/"));
    let config = WhipConfig { public_url: Some("https://public.example/base/".to_owned()), ..Default::default() };
    let node = Node::start(config).await;
    let made = post(&node, an_offer().await).send().await.unwrap();
    assert!(header(&made, "location").starts_with("https://public.example/base/whip/s1/agent/"));
}
