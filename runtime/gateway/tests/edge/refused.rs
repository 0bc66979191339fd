//! Requests that say too much, or something that is understood in two ways.

use seam_gateway::{EdgeLimits, EdgeSettings, UnknownQuery};

use crate::support::{Connection, edge, edge_with, get, json, post, request, settings};

#[tokio::test]
async fn a_host_is_one_host() {
    let edge = edge();
    for host in ["a@b", "a, b", "x/y", "a b", ":80", "[::1", "a:b"] {
        let mut connection = Connection::to(edge.address()).await;
        connection.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let answer = connection.answer().await.unwrap();
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{host}");
        assert!(connection.closed().await, "{host}");
    }
    for host in ["a.b:80", "127.0.0.1", "[::1]:8080", ""] {
        let mut connection = Connection::to(edge.address()).await;
        connection.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(connection.answer().await.unwrap().status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_fragment_is_refused() {
    let edge = edge();
    for target in ["/healthz#x", "/api/book/5#", "/api/book?byAuthor=x#y", "http://test/healthz#x"]
    {
        assert_eq!(get(&edge, target).await.problem().0, 400, "{target}");
    }
}

#[tokio::test]
async fn a_query_has_no_unknown_keys() {
    let edge = edge();
    let unknown = |key: &str| format!("`{key}` is no key of the query that is known here");
    for (head, body, key) in [
        ("GET /api/book?byAuthor=x&limt=3", "", "limt"),
        ("GET /api/book/5?id=6", "", "id"),
        ("DELETE /api/book/5?force", "", "force"),
        ("POST /api/book?title=x", r#"{"title":"x","pageCount":1}"#, "title"),
        ("POST /rpc/shelf/book?id=5", r#"{"id":5}"#, "id"),
        ("POST /gateway?module=shelf", "", "module"),
        ("GET /healthz?x=1", "", "x"),
        ("GET /readyz?x=1", "", "x"),
    ] {
        let answer = request(&edge, head, body).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{head}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&unknown(key)), "{head}: {detail}");
    }
    let near = get(&edge, "/api/book?byAuthor=x&limt=3").await.json();
    assert!(near["detail"].as_str().unwrap().ends_with("did you mean `limit`?"), "{near}");
    let limits = EdgeLimits { unknown_query: UnknownQuery::Ignore, ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    for path in ["/api/book?byAuthor=x&limt=3", "/api/book/5?id=6", "/healthz?x=1"] {
        assert_eq!(get(&edge, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_argument_has_one_spelling_at_a_time() {
    let edge = edge();
    for path in ["/api/book?byAuthor=x&by_author=x", "/api/book?by_author=x&limit=1&byAuthor=y"] {
        let answer = get(&edge, path).await;
        assert_eq!(answer.problem().0, 400);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("byAuthor") && detail.contains("by_author"), "{detail}");
    }
    assert_eq!(get(&edge, "/api/book?by_author=x").await.status, 200);
}

#[tokio::test]
async fn text_is_utf8_wherever_it_comes_from() {
    let edge = edge();
    for query in ["byAuthor=%ff", "byAuthor=%C3", "byAuthor=x&%fe=1", "byAuthor=%C3&limit=%A9"] {
        let answer = get(&edge, &format!("/api/book?{query}")).await;
        assert_eq!(answer.problem().0, 400, "{query}");
        assert_eq!(answer.json()["detail"], "the query isn't UTF-8", "{query}");
    }
    assert_eq!(get(&edge, "/api/book?byAuthor=%C3%A9").await.json()[0], "é");
    let form = "application/x-www-form-urlencoded";
    for body in [
        "module=shelf&method=find_books&bizContent={\"byAuthor\":\"%ff\"}",
        "x=%ff&module=shelf&method=wait",
    ] {
        let answer = post(&edge, "/gateway", form, body).await;
        assert_eq!(
            (answer.problem().0, answer.json()["detail"].as_str()),
            (400, Some("the form isn't UTF-8"))
        );
    }
}

#[tokio::test]
async fn some_verbs_take_no_body() {
    let edge = edge();
    for line in ["GET /api/book/5", "HEAD /healthz", "DELETE /api/book/5", "GET /readyz"] {
        for body in [
            "Content-Length: 2\r\n\r\n{}",
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ] {
            let mut connection = Connection::to(edge.address()).await;
            connection.send(format!("{line} HTTP/1.1\r\nHost: t\r\n{body}")).await;
            let answer = connection.head().await.unwrap();
            assert_eq!(answer.status, 400, "{line} {body}");
        }
        if !line.starts_with("HEAD") {
            let head = format!("{line}\nContent-Length: 0");
            assert!(request(&edge, &head, "").await.status < 300, "{line}");
        }
    }
}

#[tokio::test]
async fn a_method_without_arguments_takes_no_members() {
    let edge = edge();
    for body in [r#"{"x": 1}"#, "[]", "7", "{}x"] {
        for path in ["/rpc/shelf/panic", "/api/wait"] {
            assert_eq!(json(&edge, path, body).await.problem().0, 400, "{path} {body}");
        }
    }
    for body in ["", "{}", " { } "] {
        assert_eq!(json(&edge, "/rpc/shelf/panic", body).await.problem().1, "panicked", "{body}");
    }
}

#[tokio::test]
async fn a_body_is_of_the_type_that_is_wanted() {
    let edge = edge();
    let refused = (415, "unsupported_media_type".into(), "not_executed".into());
    let book = r#"{"id":5}"#;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "é"]
    {
        let answer = post(&edge, "/rpc/shelf/book", kind, book).await;
        assert_eq!(answer.problem(), refused, "{kind}");
        assert_eq!(answer.header("accept"), Some("application/json"), "{kind}");
    }
    for kind in
        ["application/JSON", "Application/Json; Charset=UTF-8", "application/merge-patch+JSON"]
    {
        assert_eq!(post(&edge, "/rpc/shelf/book", kind, book).await.status, 200, "{kind}");
    }
    assert_eq!(request(&edge, "POST /rpc/shelf/book", book).await.status, 200, "no type is no lie");
    let form = "module=shelf&method=book&bizContent={\"id\":5}";
    for kind in ["application/json", "multipart/form-data; boundary=x"] {
        assert_eq!(post(&edge, "/gateway", kind, form).await.problem(), refused, "{kind}");
    }
    let untyped = request(&edge, "POST /gateway", form).await;
    assert_eq!(untyped.problem(), refused);
    assert_eq!(untyped.header("accept"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        post(&edge, "/gateway", "Application/X-WWW-form-urlencoded", form).await.status,
        200
    );
    for encoding in ["gzip", "br", "identity, gzip"] {
        for (path, body) in [("/rpc/shelf/book", book), ("/gateway", form)] {
            let head = format!("POST {path}\nContent-Encoding: {encoding}");
            assert_eq!(request(&edge, &head, body).await.problem(), refused, "{path} {encoding}");
        }
    }
    let head = "POST /rpc/shelf/book\nContent-Encoding: Identity";
    assert_eq!(request(&edge, head, book).await.status, 200);
}
