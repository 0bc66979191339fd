//! By every version of HTTP, with and without TLS, a request is answered alike.

use seam_gateway::{EdgeLimits, EdgeSettings};

use crate::support::{
    ALL, Answer, Certificate, Connection, H2Client, secured, settings, tls_to, to_test,
};

/// What is of the connection, and what is another one each time.
const OWN: [&str; 4] = ["connection", "date", "x-request-id", "strict-transport-security"];

/// The same without what no two answers share.
fn plain(answer: Answer) -> Answer {
    let Answer { status, mut headers, mut body, .. } = answer;
    headers.retain(|(name, _)| !OWN.contains(&name.as_str()));
    headers.sort();
    if let Some(start) = body.find(r#""requestId":""#) {
        body.replace_range(start + 13..start + 45, "");
    }
    let bytes = body.clone().into_bytes();
    Answer { status, headers, body, bytes }
}

/// The same as lines of HTTP/1.1.
fn lines(head: &str, body: &str) -> String {
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers: String = headers.lines().map(|line| format!("{line}\r\n")).collect();
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    };
    format!("{line} HTTP/1.1\r\nHost: test\r\n{headers}{length}\r\n{body}")
}

async fn by_http_1(mut connection: Connection<impl Io>, head: &str, body: &str) -> Answer {
    connection.send(lines(head, body)).await;
    let answer = match head.starts_with("HEAD ") {
        true => connection.head().await,
        false => connection.answer().await,
    };
    answer.expect("an answer")
}

trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {}

impl<I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Io for I {}

#[tokio::test]
async fn every_version_answers_alike() {
    let certificate = Certificate::new();
    let limits = EdgeLimits { body: 100, ..EdgeLimits::default() };
    let settings = EdgeSettings { limits, ..settings() };
    let edge = secured(settings, certificate.open().unwrap());
    let (http, https) = (edge.http().unwrap(), edge.https().unwrap());
    let http_1 = certificate.connector(&[b"http/1.1"], ALL);
    let h2 = certificate.connector(&[b"h2", b"http/1.1"], ALL);
    let large = format!("GET /healthz\nx: {}", "y".repeat(17_000));
    let many = format!("GET /healthz\n{}", "x: y\n".repeat(97));
    let too_much = format!(r#"{{"title": "{}", "pageCount": 3}}"#, "x".repeat(100));
    let json = "POST /api/book\nContent-Type: application/json";
    for (head, body, status) in [
        ("GET /healthz", "", 200),
        ("GET /readyz", "", 200),
        ("GET /api/book/5", "", 200),
        ("GET /api/book/404", "", 404),
        ("GET /api/book?byAuthor=Ada&limit=3", "", 200),
        ("GET /api/book?byAuthor=Ada&what=3", "", 400),
        ("HEAD /api/book/5", "", 200),
        ("HEAD /api/book/404", "", 404),
        ("OPTIONS /api/book/5", "", 204),
        ("DELETE /api/book/5", "", 204),
        ("PATCH /api/book/5", "", 405),
        ("GET /nowhere", "", 404),
        ("GET //healthz", "", 400),
        ("GET /x/../healthz", "", 400),
        ("GET /errors/not_found", "", 200),
        (json, r#"{"title": "Ada", "pageCount": 3}"#, 201),
        (&format!("{json}\nIdempotency-Key: k"), r#"{"title": "Ada", "pageCount": 3}"#, 201),
        (json, r#"{"title": "", "pageCount": 3}"#, 400),
        (json, r#"{"title": 7"#, 400),
        (json, &too_much, 413),
        ("POST /api/book\nContent-Type: text/plain", "x", 415),
        ("POST /rpc/shelf/book", r#"{"id": 5}"#, 200),
        ("GET /healthz", "x", 400),
        (&large, "", 431),
        (&many, "", 431),
    ] {
        let one = by_http_1(Connection::to(http).await, head, body).await;
        assert_eq!(one.status, status, "{head}: {one:?}");
        assert_eq!(one.header("strict-transport-security"), None);
        let client = H2Client::to(http).await;
        let two = client.ask(to_test(head), body).await.unwrap();
        let io = tls_to(https, &http_1).await.unwrap();
        let three = by_http_1(Connection::over(io), head, body).await;
        let io = tls_to(https, &h2).await.unwrap();
        assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let client = H2Client::with(io, h2::client::Builder::new()).await;
        let four = client.ask(to_test(head), body).await.unwrap();
        if status != 431 {
            for answer in [&three, &four] {
                let promise = answer.header("strict-transport-security");
                assert_eq!(promise, Some("max-age=31536000"), "{head}");
            }
        }
        assert!(two.header("date").is_some() && two.header("connection").is_none());
        let one = plain(one);
        for other in [two, three, four] {
            assert_eq!(plain(other), one, "{:.60}", head);
        }
    }
}
