//! Role × route: who may ask for what.

use seam_admin::{Access, Role, Route, Verb, routes};

use crate::support::{SCRIPT, Stage, VIEWER, bearer};

/// A body that every route understands that is of its path.
fn body(route: &Route) -> &'static str {
    match route.path {
        "/api/call" => r#"{"call":"payment.receipt","arguments":{"order":7}}"#,
        "/api/set" => r#"{"key":"log.level","value":"debug","for":"10m"}"#,
        "/api/unset" => r#"{"key":"log.level"}"#,
        "/api/breaker" => r#"{"action":"open","service":"payment","from":"order"}"#,
        "/api/unknown/{id}/resolve" => r#"{"note":"looked at"}"#,
        "/api/dead/retry" => r#"{"all":true}"#,
        "/api/dead/drop" => r#"{"id":"7"}"#,
        "/api/replay" => r#"{"target":"mail.order_paid","from":"2h"}"#,
        "/api/drain" => r#"{"unit":"pay"}"#,
        "/api/restart" => r#"{"unit":"pay","rolling":true}"#,
        "/api/move" => r#"{"service":"payment","unit":"front"}"#,
        "/api/config/rollback" => r#"{"version":3}"#,
        "/api/reload" => "{}",
        _ => "",
    }
}

fn verb(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    }
}

fn path(route: &Route) -> String {
    route.path.replace("{id}", "7").replace("{service}", "payment").replace("{profile}", "default")
}

/// Those whose answer ends.
fn ends(route: &&Route) -> bool {
    !["/api/live", "/api/tap", "/api/logs/live"].contains(&route.path)
}

async fn status(stage: &Stage, route: &Route, headers: &[&str]) -> u16 {
    let mut headers = headers.to_vec();
    headers.push("content-type: application/json");
    stage.ask(verb(route), &path(route), &headers, body(route)).await.status
}

#[tokio::test]
async fn nobody_sees_or_does_anything() {
    let stage = Stage::new();
    for route in routes() {
        let status = status(&stage, route, &[]).await;
        match route.access {
            Access::Open | Access::OpenOnLoopback => assert_eq!(status, 200, "{route:?}"),
            Access::Viewer | Access::Operator => assert_eq!(status, 401, "{route:?}"),
        }
    }
    for path in ["/", "/app.js", "/nothing", "/api", "/api/nothing", "//api/status", "/%61pi/me"] {
        let answer = stage.ask("GET", path, &[], "").await;
        assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert!(stage.acts().is_empty());
}

#[tokio::test]
async fn a_wrong_token_is_as_good_as_none() {
    let stage = Stage::new();
    let operator = stage.operator.reveal().to_owned();
    let half = &operator[..20];
    for sent in [
        bearer("wrong"),
        bearer(""),
        bearer(half),
        bearer(&format!("{operator}x")),
        format!("authorization: Basic {operator}"),
        format!("authorization: {operator}"),
        format!("cookie: seam_admin_{}={operator}", stage.address.port()),
    ] {
        for route in routes().iter().filter(|route| route.access >= Access::Viewer) {
            assert_eq!(status(&stage, route, &[&sent]).await, 401, "{sent} {route:?}");
        }
    }
    assert!(stage.acts().is_empty());
}

#[tokio::test]
async fn a_viewer_sees_all_and_does_nothing() {
    let stage = Stage::new();
    let cookie = stage.cookie(Role::Viewer).await;
    let origin = stage.origin();
    for by in [vec![bearer(VIEWER)], vec![cookie, origin]] {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        for route in routes().iter().filter(ends) {
            let status = status(&stage, route, &by).await;
            match route.access {
                Access::Operator => assert_eq!(status, 403, "{route:?}"),
                // There is no such trace.
                _ if route.path == "/api/traces/{id}" => assert_eq!(status, 404),
                _ => assert_eq!(status, 200, "{route:?}"),
            }
        }
    }
    assert!(stage.acts().is_empty());
}

#[tokio::test]
async fn an_operator_does_what_is_asked() {
    let stage = Stage::new();
    let (cookie, origin) = (stage.cookie(Role::Operator).await, stage.origin());
    let own = bearer(stage.operator.reveal());
    let acts: Vec<_> = routes().iter().filter(|route| route.access == Access::Operator).collect();
    for by in [vec![own], vec![bearer(SCRIPT)], vec![cookie, origin]] {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        let before = stage.acts().len();
        for route in routes().iter().filter(ends) {
            let status = status(&stage, route, &by).await;
            let expected = if route.path == "/api/traces/{id}" { 404 } else { 200 };
            assert_eq!(status, expected, "{route:?}");
        }
        assert_eq!(stage.acts().len() - before, acts.len());
    }
}

#[tokio::test]
async fn who_asks_is_told_who_that_is() {
    let stage = Stage::new();
    let me = stage.get("/api/me", VIEWER).await;
    assert_eq!(me.body, r#"{"who":"grafana","role":"viewer"}"#);
    let me = stage.get("/api/me", stage.operator.reveal()).await;
    assert_eq!(me.body, r#"{"who":"admin","role":"operator"}"#);
}

#[tokio::test]
async fn secrets_of_a_service_are_for_operators() {
    let stage = Stage::new();
    let (viewer, operator) = (
        stage.get("/config/payment/default", VIEWER).await,
        stage.get("/config/payment/default", SCRIPT).await,
    );
    assert!(viewer.body.contains("secrets: false"), "{}", viewer.body);
    assert!(operator.body.contains("secrets: true"), "{}", operator.body);
    let tag = viewer.header("etag").unwrap();
    assert_ne!(operator.header("etag"), Some(tag));
    let headers = [&*bearer(VIEWER), &format!("if-none-match: \"x\", {tag}")];
    let again = stage.ask("GET", "/config/payment/default", &headers, "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[tokio::test]
async fn metrics_are_open_on_loopback_alone() {
    let stage = Stage::new();
    let open = stage.ask("GET", "/metrics", &["accept: application/openmetrics-text"], "").await;
    assert_eq!(open.body, "# openmetrics true\n");
    let kind = open.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let stage = Stage::at("0.0.0.0:0", |settings| settings);
    let host = "host: 127.0.0.1";
    assert_eq!(stage.ask("GET", "/metrics", &[host], "").await.status, 401);
    assert_eq!(stage.ask("GET", "/metrics", &[host, &bearer(VIEWER)], "").await.status, 200);
    assert_eq!(stage.ask("GET", "/healthz", &[host], "").await.status, 200);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let stage = Stage::new();
    let token = bearer(SCRIPT);
    for (verb, path, allow) in [
        ("POST", "/api/status", "GET, HEAD"),
        ("DELETE", "/api/status", "GET, HEAD"),
        ("GET", "/api/reload", "POST"),
        ("PUT", "/api/set", "POST"),
        ("POST", "/app.js", "GET, HEAD"),
        ("OPTIONS", "/api/call", "POST"),
        ("HEAD", "/api/tap", "GET"),
    ] {
        let answer = stage.ask(verb, path, &[&token], "").await;
        assert_eq!(answer.status, 405, "{verb} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{verb} {path}");
    }
    assert_eq!(stage.ask("HEAD", "/api/status", &[&token], "").await.status, 200);
    assert!(stage.acts().is_empty());
}
