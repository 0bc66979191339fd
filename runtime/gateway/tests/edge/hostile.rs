//! Requests that are read differently by others, and clients that take their time.

use std::time::Duration;

use seam_gateway::{Edge, EdgeLimits, EdgeSettings};

use crate::support::{Answer, Connection, edge, edge_with, get, settings};

/// What a connection gets that sends this, and whether it is closed then.
async fn refused(edge: &Edge, bytes: impl AsRef<[u8]>) -> Answer {
    let mut connection = Connection::to(edge.address()).await;
    connection.send(bytes).await;
    let answer = connection.answer().await.expect("an answer");
    assert!(connection.closed().await, "{answer:?}");
    answer
}

#[tokio::test]
async fn line_feeds_alone_end_no_lines() {
    let edge = edge();
    for head in [
        "GET /healthz HTTP/1.1\nHost: test\n\n",
        "GET /healthz HTTP/1.1\r\nHost: test\nX: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: test\r\n\n",
    ] {
        let answer = refused(&edge, head).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
    }
    let mut connection = Connection::to(edge.address()).await;
    connection
        .send("POST /rpc/shelf/book HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n{\n\"id\":5}")
        .await;
    assert_eq!(connection.answer().await.unwrap().status, 200, "bodies may have line feeds");
    connection.send("GET /healthz HTTP/1.1\nHost: t\n\n").await;
    assert_eq!(connection.answer().await.unwrap().status, 400, "later heads are watched too");
    assert!(connection.closed().await);
}

#[tokio::test]
async fn paths_that_are_read_differently_are_refused() {
    let edge = edge();
    for path in [
        "//healthz",
        "/api//book",
        "/x/../healthz",
        "/./healthz",
        "/api/book/..",
        "/%2e%2e/healthz",
        "/api%2fbook",
        "/api/book/%00",
        "/api/book/a%5cb",
        "/api/book/%zz",
        "/api/book/1%2F2",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        let answer = refused(&edge, request).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{path}");
    }
    let answer = refused(&edge, "GET /api\\book HTTP/1.1\r\nHost: test\r\n\r\n").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_uri_for_another_host_is_refused() {
    let edge = edge();
    let request = |uri: &str| format!("GET {uri} HTTP/1.1\r\nHost: test\r\n\r\n");
    for uri in ["http://evil/healthz", "http://test.evil/healthz", "http://test@evil/healthz"] {
        assert_eq!(refused(&edge, request(uri)).await.problem().0, 400, "{uri}");
    }
    let mut connection = Connection::to(edge.address()).await;
    connection.send(request("http://TEST/healthz")).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let edge = edge();
    let bad = (400, "bad_request".into(), "not_executed".into());
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "\0\0\0\0",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n",
        "POST / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
    ] {
        let answer = refused(&edge, bytes).await;
        assert_eq!(answer.problem(), bad, "{bytes}");
        assert_eq!(answer.header("x-request-id"), answer.json()["requestId"].as_str(), "{bytes}");
    }
    let headers = "X: y\r\n".repeat(100);
    let answer = refused(&edge, format!("GET / HTTP/1.1\r\nHost: t\r\n{headers}\r\n")).await;
    assert_eq!(answer.problem(), (431, "head_too_large".into(), "not_executed".into()));
}

#[tokio::test]
async fn what_is_no_http_is_refused_behind_what_is() {
    let edge = edge();
    // An answer that is still on its way when a connection breaks is lost: the service has started.
    assert_eq!(get(&edge, "/api/book/5").await.status, 200);
    let good = "GET /api/book/5 HTTP/1.1\r\nHost: t\r\n\r\n";
    let put = "PUT /api/book/5/reader HTTP/1.1\r\nHost: t\r\nContent-Length: 28\r\n\r\n\
               {\"readerName\":\"b\",\"days\":12}";
    for bad in ["GET / HTTP/1.1\r\n\r\n", "\0\0\0\0"] {
        for at_once in [true, false] {
            let mut connection = Connection::to(edge.address()).await;
            if at_once {
                connection.send(format!("{good}{put}{good}{bad}")).await;
            } else {
                connection.send(format!("{good}{put}{good}")).await;
            }
            for _ in 0..3 {
                assert_eq!(connection.answer().await.unwrap().status, 200);
            }
            if !at_once {
                connection.send(bad).await;
            }
            let answer = connection.answer().await.unwrap();
            assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
            assert!(connection.closed().await);
        }
    }
}

#[tokio::test]
async fn a_broken_body_has_one_answer() {
    let edge = edge();
    let head = "POST /rpc/shelf/book HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in ["zz\r\n", "3\r\n{\"i\r\nzz\r\n", "3\r\n{\"ixx"] {
        let answer = refused(&edge, format!("{head}{chunks}")).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
    }
}

#[tokio::test]
async fn a_head_may_be_so_large() {
    let edge = edge();
    let head = |size: usize| {
        let start = "GET /healthz HTTP/1.1\r\nHost: test\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(size - start.len() - 4))
    };
    let mut connection = Connection::to(edge.address()).await;
    connection.send(head(16 << 10)).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    for size in [(16 << 10) + 1, 200_000] {
        let answer = refused(&edge, head(size)).await;
        assert_eq!(answer.problem(), (431, "head_too_large".into(), "not_executed".into()));
    }
}

#[tokio::test]
async fn a_body_may_be_so_large() {
    let limits = EdgeLimits { body: 1000, ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    let body = |size: usize| {
        let title = "x".repeat(size - r#"{"title":"","pageCount":1}"#.len());
        format!(r#"{{"title":"{title}","pageCount":1}}"#)
    };
    let head = "POST /api/book HTTP/1.1\r\nHost: t\r\n";
    let mut connection = Connection::to(edge.address()).await;
    connection.send(format!("{head}Content-Length: 1000\r\n\r\n{}", body(1000))).await;
    assert_eq!(connection.answer().await.unwrap().status, 201);
    let too_large = (413, "body_too_large".into(), "not_executed".into());
    let announced = format!("{head}Content-Length: 1001\r\n\r\n{}", body(1001));
    assert_eq!(refused(&edge, announced).await.problem(), too_large);
    let unsent = format!("{head}Content-Length: 99999999999999\r\n\r\n");
    assert_eq!(refused(&edge, unsent).await.problem(), too_large);
    let chunk = format!("{head}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n", body(1001));
    assert_eq!(refused(&edge, chunk).await.problem(), too_large);
}

#[tokio::test]
async fn a_slow_head_ends() {
    let limits = EdgeLimits { head_time: Duration::from_millis(100), ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    let slow = (408, "request_timeout".into(), "not_executed".into());
    for start in ["", "GET /healthz HTTP/1.1\r\nHost: te"] {
        assert_eq!(refused(&edge, start).await.problem(), slow, "{start}");
    }
    let mut connection = Connection::to(edge.address()).await;
    connection.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    connection.send("GET /heal").await;
    assert_eq!(connection.answer().await.unwrap().problem(), slow, "later heads are timed too");
    assert!(connection.closed().await);
}

#[tokio::test]
async fn a_slow_body_ends() {
    let limits = EdgeLimits { body_patience: Duration::from_millis(100), ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    for kind in ["application/json", "application/x-www-form-urlencoded"] {
        let path = if kind.ends_with("json") { "/api/book" } else { "/gateway" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {kind}\r\nContent-Length: 99\r\n\r\n{{"
        );
        let answer = refused(&edge, head).await;
        assert_eq!(answer.problem(), (408, "request_timeout".into(), "not_executed".into()));
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_holds_no_connection() {
    let edge = edge();
    for length in ["Content-Length: 99", "Transfer-Encoding: chunked"] {
        let head = format!("POST /api/nothing HTTP/1.1\r\nHost: t\r\n{length}\r\n\r\n");
        assert_eq!(refused(&edge, head).await.problem().0, 404);
    }
}

#[tokio::test]
async fn a_form_has_its_deadline_for_its_body_too() {
    let edge = edge_with(EdgeSettings { deadline: Duration::from_millis(100), ..settings() });
    let head = "POST /gateway HTTP/1.1\r\nHost: t\r\nContent-Length: 99\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nmodule=";
    let answer = refused(&edge, head).await;
    assert_eq!(answer.problem(), (504, "deadline_exceeded".into(), "not_executed".into()));
}
