//! TLS: which versions, which certificate, and what comes without it.

use std::time::Duration;

use seam_gateway::{EdgeLimits, EdgeSettings, EdgeTlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::support::{ALL, Certificate, Connection, H2Client, secured, settings, tls_to, to_test};

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn both_versions_are_spoken() {
    let certificate = Certificate::new();
    let edge = secured(settings(), certificate.open().unwrap());
    for version in [&TLS12, &TLS13] {
        let connector = certificate.connector(&[], &[version]);
        let io = tls_to(edge.https().unwrap(), &connector).await.unwrap();
        let mut connection = Connection::over(io);
        connection.send(GET).await;
        assert_eq!(connection.answer().await.unwrap().status, 200, "HTTP/1.1 without ALPN");
    }
    let none = certificate.connector(&[b"h3"], ALL);
    assert!(tls_to(edge.https().unwrap(), &none).await.is_err());
}

#[tokio::test]
async fn a_certificate_is_renewed_while_it_is_in_use() {
    let certificate = Certificate::new();
    let tls = certificate.open().unwrap();
    let edge = secured(settings(), tls.clone());
    let former = certificate.connector(&[b"h2"], ALL);
    let io = tls_to(edge.https().unwrap(), &former).await.unwrap();
    let client = H2Client::with(io, h2::client::Builder::new()).await;
    let (cert, key) = Certificate::pair();
    certificate.put(Some(&cert), None);
    tls.look();
    assert!(tls_to(edge.https().unwrap(), &former).await.is_ok(), "its key isn't there yet");
    certificate.put(None, Some(&key[..key.len() / 2]));
    tls.look();
    assert!(tls_to(edge.https().unwrap(), &former).await.is_ok(), "it is half written");
    certificate.put(None, Some(&key));
    // The edge looks by itself.
    let renewed = certificate.connector(&[b"h2"], ALL);
    let wait = async {
        while tls_to(edge.https().unwrap(), &renewed).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    assert!(tls_to(edge.https().unwrap(), &former).await.is_err());
    // Who was there goes on.
    assert_eq!(client.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
}

#[test]
fn a_pair_that_is_none_is_refused_by_its_file() {
    let certificate = Certificate::new();
    let (cert, key) = Certificate::pair();
    certificate.put(None, Some(&key));
    assert!(matches!(certificate.open(), Err(EdgeTlsError::OtherKey { .. })));
    certificate.put(Some("x"), None);
    let error = certificate.open().unwrap_err().to_string();
    assert!(error.contains("cert.pem is no certificate in PEM"), "{error}");
    certificate.put(Some(&cert), Some("x"));
    let error = certificate.open().unwrap_err().to_string();
    assert!(error.contains("key.pem is no key in PEM"), "{error}");
    let nowhere = seam_gateway::EdgeTls::open("nowhere.pem".into(), "nowhere.key".into());
    assert!(matches!(nowhere, Err(EdgeTlsError::Unreadable { .. })));
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_left() {
    let certificate = Certificate::new();
    let limits = EdgeLimits { head_time: Duration::from_millis(100), ..EdgeLimits::default() };
    let edge = secured(EdgeSettings { limits, ..settings() }, certificate.open().unwrap());
    for bytes in [&b""[..], b"\x16\x03\x01", GET.as_bytes()] {
        let mut io = TcpStream::connect(edge.https().unwrap()).await.unwrap();
        io.write_all(bytes).await.unwrap();
        let mut all = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), io.read_to_end(&mut all));
        // However it ends.
        let _ = ended.await.expect("an end in time");
    }
}

#[tokio::test]
async fn who_comes_without_it_may_be_sent_to_it() {
    let certificate = Certificate::new();
    let edge = secured(EdgeSettings { redirect: true, ..settings() }, certificate.open().unwrap());
    let port = edge.https().unwrap().port();
    let mut connection = Connection::to(edge.http().unwrap()).await;
    connection.send("GET /api/book/5?a=b HTTP/1.1\r\nHost: test:80\r\n\r\n").await;
    let answer = connection.answer().await.unwrap();
    let there = format!("https://test:{port}/api/book/5?a=b");
    assert_eq!((answer.status, answer.header("location")), (308, Some(&*there)));
    connection.send(GET).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    let client = H2Client::to(edge.http().unwrap()).await;
    assert_eq!(client.ask(to_test("POST /gateway"), "a=b").await.unwrap().status, 308);
    let io = tls_to(edge.https().unwrap(), &certificate.connector(&[], ALL)).await.unwrap();
    let mut connection = Connection::over(io);
    connection.send("GET /api/book/5 HTTP/1.1\r\nHost: test\r\n\r\n").await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    edge.stop(Duration::from_secs(20)).await;
    assert!(connection.closed().await);
}
