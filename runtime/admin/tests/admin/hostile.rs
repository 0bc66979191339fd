//! Browsers that were lured, and requests that are too much.

use seam_admin::{Role, routes};

use crate::support::{SCRIPT, Stage, bearer};

const JSON: &str = "content-type: application/json";

#[tokio::test]
async fn whoever_comes_by_another_name_is_refused() {
    let stage = Stage::new();
    let port = stage.address.port();
    let cookie = stage.cookie(Role::Operator).await;
    for host in [
        format!("host: evil.example.com:{port}"),
        "host: evil.example.com".into(),
        format!("host: localhost.evil.com:{port}"),
        format!("host: 127.0.0.1.nip.io:{port}"),
        format!("host: 0.0.0.0:{port}"),
        format!("host: 192.168.1.1:{port}"),
        "host: ".into(),
        format!("host: 127.0.0.1:{port}\r\nhost: evil.example.com"),
    ] {
        for route in routes() {
            let path = route.path.replace(['{', '}'], "");
            for verb in ["GET", "POST"] {
                let headers = [&*host, &*bearer(SCRIPT), &*cookie, JSON];
                let status = stage.ask(verb, &path, &headers, "").await.status;
                // A head that is malformed is refused before that.
                assert!(status == 403 || status == 400, "{host} {verb} {path}: {status}");
            }
        }
        let link = stage.link(Role::Operator, std::time::Duration::ZERO);
        let answer = stage.ask("GET", &link, &[&host], "").await;
        assert!(answer.header("set-cookie").is_none(), "{host}");
    }
    assert!(stage.acts().is_empty());
    for host in ["localhost", "127.0.0.1:1", "[::1]:7070", "ops.example.com", "OPS.example.com:443"]
    {
        let host = format!("host: {host}");
        assert_eq!(stage.ask("GET", "/api/me", &[&host, &bearer(SCRIPT)], "").await.status, 200);
    }
    let absolute = "http://evil.example.com/api/me";
    assert_eq!(stage.ask("GET", absolute, &[&bearer(SCRIPT)], "").await.status, 403);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let stage = Stage::new();
    let (port, cookie) = (stage.address.port(), stage.cookie(Role::Operator).await);
    let post = async |origin: &[&str]| {
        let headers = [&[&*cookie, JSON], origin].concat();
        stage.ask("POST", "/api/reload", &headers, "{}").await
    };
    for origin in [
        &["origin: https://evil.example.com"][..],
        &["origin: null"],
        &["origin: http://127.0.0.1:3000"],
        &[&format!("origin: http://localhost:{port}")],
        &[&format!("origin: http://127.0.0.1:{port}.evil.com")],
        &["origin: "],
        &[],
        &[&stage.origin(), "origin: https://evil.example.com"],
    ] {
        assert_eq!(post(origin).await.problem(), (403, "cross_origin".into()), "{origin:?}");
    }
    assert!(stage.acts().is_empty());
    assert_eq!(post(&[&stage.origin()]).await.status, 200);
    assert_eq!(stage.acts(), ["reload"]);
    // A form can't say that it is JSON.
    for kind in ["content-type: text/plain", "content-type: multipart/form-data", "x-no: kind"] {
        let headers = [&*cookie, &*stage.origin(), kind];
        let answer = stage.ask("POST", "/api/reload", &headers, "{}").await;
        assert_eq!(answer.problem(), (415, "unsupported_media_type".into()), "{kind}");
    }
    let bare = stage.ask("POST", "/api/reload", &[&cookie, &stage.origin()], "").await;
    assert_eq!(bare.status, 200, "it has no body");
    // Who sends a token does so by itself.
    let token = [&*bearer(SCRIPT), "origin: https://evil.example.com"];
    assert_eq!(stage.ask("POST", "/api/reload", &token, "").await.status, 200);
}

#[tokio::test]
async fn a_body_is_no_longer_than_it_may_be() {
    let stage = Stage::with(|settings| seam_admin::AdminSettings { body: 1000, ..settings });
    let call =
        |length: usize| format!(r#"{{"call":"a.b","arguments":{{"x":"{}"}}}}"#, "x".repeat(length));
    assert_eq!(stage.post("/api/call", SCRIPT, &call(900)).await.status, 200);
    let answer = stage.post("/api/call", SCRIPT, &call(1000)).await;
    assert_eq!(answer.problem(), (413, "body_too_large".into()));
    // Of an endless one in chunks, no more is read.
    let mut connection = stage.connect().await;
    let head = format!(
        "POST /api/call HTTP/1.1\r\nhost: localhost\r\n{}\r\ntransfer-encoding: chunked\r\n\r\n",
        bearer(SCRIPT)
    );
    connection.send(head).await;
    connection.try_send(format!("800\r\n{}\r\n", "x".repeat(2048))).await;
    assert_eq!(connection.answer(false).await.unwrap().status, 413);
    assert_eq!(stage.acts(), ["call"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_told() {
    let stage = Stage::new();
    for (path, body) in [
        ("/api/call", ""),
        ("/api/call", "[]"),
        ("/api/call", r#"{"call":7}"#),
        ("/api/call", r#"{"call":"a.b","argument":{}}"#),
        ("/api/set", r#"{"key":"log.level"}"#),
        ("/api/breaker", r#"{"action":"break","service":"payment"}"#),
        ("/api/config/rollback", r#"{"version":-1}"#),
        ("/api/unknown/7/resolve", "{}"),
        ("/api/dead/retry", "{}"),
        ("/api/dead/retry", r#"{"id":"7","all":true}"#),
        ("/api/drain", "{\"unit\":\"pay\"}x"),
        ("/api/reload", r#"{"all":true}"#),
    ] {
        let answer = stage.post(path, SCRIPT, body).await;
        assert_eq!(answer.problem(), (400, "bad_request".into()), "{path} {body}");
    }
    for path in ["/api/traces?minMs=x", "/api/traces?min=1", "/api/logs?limit=-1", "/api/audit?x=1"]
    {
        assert_eq!(stage.get(path, SCRIPT).await.problem().0, 400, "{path}");
    }
    let query = "/api/traces?service=order&minMs=5&outcome=not_executed";
    let asked = stage.get(query, SCRIPT).await.json()["traces"].as_str().unwrap().to_owned();
    for part in ["service: Some(\"order\")", "min_ms: Some(5)", "outcome: Some(NotExecuted)"] {
        assert!(asked.contains(part), "{asked}");
    }
    let trace = stage.get("/api/traces/a%62%2fc", SCRIPT).await;
    assert_eq!((trace.problem().0, &trace.json()["id"]), (404, &"ab/c".into()));
    assert!(stage.acts().is_empty());
}
