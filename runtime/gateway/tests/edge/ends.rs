//! Connections that end: nothing behind a last answer is a request, and no request is cut.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use seam_core::call::Client;
use seam_gateway::{Edge, EdgeLimits, EdgeSettings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::support::{
    Connection, Ready, ShelfContract, ShelfService, edge, edge_with, get, reached, settings,
};

const WAIT: &str = "POST /api/wait HTTP/1.1\r\nHost: test\r\n\r\n";
const GET: &str = "GET /api/book/5 HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn what_stands_behind_a_last_answer_is_no_request() {
    let service = ShelfService::default();
    let client = Client::<ShelfContract>::local(service.clone()).unwrap();
    let limits = EdgeLimits { body: 10, ..EdgeLimits::default() };
    let settings = EdgeSettings { limits, ..settings() };
    let edge = Edge::bind(settings, vec![Arc::new(client)], Arc::new(Ready)).unwrap();
    assert_eq!(get(&edge, "/api/book/5").await.status, 200, "the service has started");
    let body = "x".repeat(11);
    for (last, status) in [
        ("GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 200),
        ("GET /api/book/5 HTTP/1.1\r\nHost: t\r\nConnection: x, Close\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("OPTIONS /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 204),
        ("HEAD /nothing HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 404),
        (
            "POST /rpc/shelf/book HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{\"id\":5}",
            200,
        ),
        ("GET //healthz HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        ("CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n", 400),
        (&format!("POST /api/book HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n{body}"), 413),
        (
            &format!(
                "POST /api/book HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{body}\r\n0\r\n\r\n"
            ),
            413,
        ),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: t\nX: y\r\n\r\n", 400),
    ] {
        let mut connection = Connection::to(edge.address()).await;
        connection.send(format!("{GET}{last}{WAIT}{WAIT}")).await;
        assert_eq!(connection.answer().await.unwrap().status, 200, "{last}");
        let answer = match last.starts_with("HEAD") {
            true => connection.head().await.unwrap(),
            false => connection.answer().await.unwrap(),
        };
        assert_eq!(answer.status, status, "{last}");
        if !last.contains("HTTP/1.0") {
            assert_eq!(answer.header("connection"), Some("close"), "{last}");
        }
        assert!(connection.closed().await, "{last}");
        assert_eq!(service.waiting.load(Ordering::SeqCst), 0, "{last}");
    }
}

#[tokio::test]
async fn a_refused_request_whose_end_is_known_ends_no_connection() {
    let edge = edge();
    let post = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: t\r\n{more}Content-Length: 2\r\n\r\n{{}}")
    };
    let mut connection = Connection::to(edge.address()).await;
    for (request, status) in [
        (post("/api/nothing", ""), 404),
        (post("/healthz", ""), 405),
        (post("/rpc/shelf/secret", ""), 403),
        (post("/api/book", "Content-Type: text/plain\r\n"), 415),
        (post("/api/book", ""), 400),
        (post("/api/nothing", "").replace("Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 404),
        (GET.replace("Host", "Upgrade: websocket\r\nConnection: Upgrade\r\nHost"), 200),
        (GET.replace("Host", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nHost"), 200),
        (GET.to_owned(), 200),
    ] {
        connection.send(format!("{request}{GET}")).await;
        let answer = connection.answer().await.unwrap_or_else(|| panic!("{request}"));
        assert_eq!(answer.status, status, "{request}");
        let next = connection.answer().await.unwrap_or_else(|| panic!("nothing behind {request}"));
        assert_eq!((next.status, next.header("connection")), (200, None), "{request}");
    }
}

#[tokio::test]
async fn chunks_have_no_endless_extensions_and_trailers() {
    let edge = edge();
    let head = "POST /rpc/shelf/book HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = "8\r\n{\"id\":5}\r\n";
    let mut connection = Connection::to(edge.address()).await;
    connection
        .send(format!("{head}{}0\r\nTrailer: y\r\n\r\n{GET}", body.replace("8\r", "8;x=y\r")))
        .await;
    for _ in 0..2 {
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
    let endless = "y".repeat(20_000);
    for rest in [
        format!("8;x={endless}\r\n"),
        format!("{body}0\r\nX: {endless}"),
        format!("{body}0\r\n{}", "X: y\r\n".repeat(5000)),
        format!("8{}", " ".repeat(20_000)),
        "0".repeat(20_000),
    ] {
        let mut connection = Connection::to(edge.address()).await;
        connection.send(format!("{head}{rest}")).await;
        let answer = connection.answer().await.unwrap();
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
        assert!(answer.json()["detail"].as_str().unwrap().contains("trailers"), "{answer:?}");
        assert!(connection.closed().await);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_left() {
    let limits = EdgeLimits { write_time: Duration::from_millis(300), ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut io = socket.connect(edge.address()).await.unwrap();
    let author = "x".repeat(8000);
    let request = format!("GET /api/book?byAuthor={author} HTTP/1.1\r\nHost: t\r\n\r\n");
    let sending = async {
        // Until nobody takes it any more, and then until the connection is gone.
        while io.write_all(request.as_bytes()).await.is_ok() {}
    };
    let sent = tokio::time::timeout(Duration::from_secs(20), sending).await;
    assert!(sent.is_ok(), "the connection still stands");
    edge.stop(Duration::from_secs(5)).await;
}

/// Sends one request after the other until nobody takes connections any more. A connection is left
/// when it is said to be the end of it. Says how many were answered, and how many were cut.
async fn client(address: std::net::SocketAddr) -> (u32, u32) {
    let (mut answered, mut cut) = (0, 0);
    while let Some(mut connection) = Connection::try_to(address).await {
        loop {
            let answer = match connection.try_send(GET).await {
                true => connection.answer().await,
                false => None,
            };
            let Some(answer) = answer else {
                cut += 1;
                break;
            };
            assert_eq!(answer.status, 200);
            answered += 1;
            if answer.header("connection") == Some("close") {
                break;
            }
        }
    }
    (answered, cut)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_cuts_no_request() {
    for _ in 0..3 {
        let limits = EdgeLimits { connections_per_address: 1000, ..EdgeLimits::default() };
        let notice = Duration::from_millis(200);
        let edge = edge_with(EdgeSettings { limits, notice, ..settings() });
        let clients: Vec<_> = (0..32).map(|_| tokio::spawn(client(edge.address()))).collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        edge.stop(Duration::from_secs(20)).await;
        for client in clients {
            let (answered, cut) = client.await.unwrap();
            assert!(answered > 0);
            assert_eq!(cut, 0);
        }
    }
}

#[tokio::test]
async fn for_a_while_who_stops_is_not_ready_and_answers() {
    let service = ShelfService::default();
    let client = Client::<ShelfContract>::local(service.clone()).unwrap();
    let settings = EdgeSettings { notice: Duration::from_millis(500), ..settings() };
    let edge = Edge::bind(settings, vec![Arc::new(client)], Arc::new(Ready)).unwrap();
    let address = edge.address();
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::to(address).await;
        connection.send(GET).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
        connections.push(connection);
    }
    let mut busy = Connection::to(address).await;
    busy.send(WAIT).await;
    reached(&service.waiting, 1).await;
    let began = Instant::now();
    let stopping = tokio::spawn(edge.stop(Duration::from_secs(20)));
    loop {
        let mut probe = Connection::to(address).await;
        probe.send("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n").await;
        let answer = probe.answer().await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.problem().1, "unavailable");
            assert_eq!(answer.header("connection"), Some("close"));
            break;
        }
    }
    let mut old = connections.pop().unwrap();
    old.send(GET).await;
    let answer = old.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(began.elapsed() < Duration::from_millis(500), "too slow a machine for this test");
    for mut idle in connections {
        assert!(idle.closed().await);
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "idle ones have that long");
    assert!(!stopping.is_finished());
    service.release.notify_waiters();
    let answer = busy.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    stopping.await.unwrap();
}
