use reqwest::Method;

use crate::started::Started;

#[tokio::test]
async fn every_described_route_refuses_a_stranger_and_the_probes_do_not() {
    let node = Started::new().await;
    let description = node.get("/openapi.json").await;
    let mut asked = 0;
    for (path, methods) in description["paths"].as_object().expect("paths") {
        let path = path.replace("{id}", "x1").replace("{slug}", "default").replace("{name}", "n1");
        for method in methods.as_object().expect("methods").keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            for token in [None, Some("ferric_nobody")] {
                let mut request = node.bare(method.clone(), &path);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let answer = request.send().await.expect("answered");
                assert_eq!(answer.status(), 401, "{method} {path}");
                assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 50, "only {asked} requests were made");
    for path in ["/openapi.json", "/nothing/there", "/recordings/x1", "/parts/live", "/try", "/"] {
        assert_eq!(node.bare(Method::GET, path).send().await.expect("answered").status(), 401, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(node.bare(Method::GET, path).send().await.expect("answered").status(), 200, "{path}");
    }
}

#[tokio::test]
async fn who_has_the_key_gets_metrics_and_honest_404_and_405() {
    let node = Started::new().await;
    let metrics = node.request(Method::GET, "/metrics").send().await.expect("answered").text().await.expect("text");
    assert!(metrics.ends_with("# EOF\n"), "OpenMetrics ends so: {metrics}");
    for (method, path, status, reason) in [
        (Method::GET, "/nothing/there", 404, "not_found"),
        (Method::DELETE, "/v1/workspace", 405, "method_not_allowed"),
        (Method::POST, "/healthz", 405, "method_not_allowed"),
    ] {
        let answer = node.request(method, path).send().await.expect("answered");
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(problem["reason"], reason);
    }
}
