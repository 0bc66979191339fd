//! SIGTERM under clients that never stop: no request is cut.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use seam_tests::shop::Premises;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CLIENTS: usize = 64;
/// How often; `SEAM_STOPS=20` for more.
const STOPS: &str = "SEAM_STOPS";

/// What all clients have seen.
#[derive(Default)]
struct Seen {
    answered: AtomicU32,
    cut: AtomicU32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_cuts_no_request() {
    let stops = std::env::var(STOPS).ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    for _ in 0..stops {
        let premises = Premises::new(Vec::new()).unwrap();
        let mut process = premises.start(&["run"]).unwrap();
        let edge = premises.edge(1, true).await.unwrap();
        let seen = Arc::new(Seen::default());
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| tokio::spawn(client(edge, Arc::clone(&seen)))).collect();
        while seen.answered.load(Ordering::Relaxed) < 20 * CLIENTS as u32 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(process.stop().await.unwrap().success());
        for client in clients {
            client.await.unwrap();
        }
        assert_eq!(seen.cut.load(Ordering::Relaxed), 0, "of {:?}", seen.answered);
    }
}

/// Sends one request after the other, over one connection as long as it is let, until nobody takes
/// connections any more.
async fn client(edge: SocketAddr, seen: Arc<Seen>) {
    loop {
        let mut connection = match TcpStream::connect(edge).await {
            Ok(connection) => connection,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
            Err(_) => continue,
        };
        loop {
            let Some(last) = exchange(&mut connection).await else {
                seen.cut.fetch_add(1, Ordering::Relaxed);
                break;
            };
            seen.answered.fetch_add(1, Ordering::Relaxed);
            if last {
                break;
            }
        }
    }
}

/// A request and its answer: whether it was the connection's last; `None` if it was cut.
async fn exchange(connection: &mut TcpStream) -> Option<bool> {
    connection.write_all(b"GET /api/user/1 HTTP/1.1\r\nHost: shop\r\n\r\n").await.ok()?;
    let mut answer = Vec::new();
    loop {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1)?.lines().next()?.parse::<usize>();
            if answer.len() >= end + 4 + length.ok()? {
                return Some(head.contains("connection: close"));
            }
        }
        (connection.read_buf(&mut answer).await.ok()? > 0).then_some(())?;
    }
}
