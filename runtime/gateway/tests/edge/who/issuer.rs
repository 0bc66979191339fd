//! An issuer's keys: fetched, rotated, and away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seam_gateway::Edge;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::{TokenKey, edge, jwt};
use crate::support::{Answer, request};

/// Where keys are published.
struct Issuer {
    address: std::net::SocketAddr,
    fetches: Arc<AtomicU32>,
    /// The status and the text that is answered; none if nothing ever is.
    answer: Arc<Mutex<Option<(u16, String)>>>,
}

impl Issuer {
    async fn new(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self {
            address: listener.local_addr().unwrap(),
            fetches: Arc::default(),
            answer: Arc::new(Mutex::new(Some((200, text)))),
        };
        let (fetches, answer) = (Arc::clone(&issuer.fetches), Arc::clone(&issuer.answer));
        tokio::spawn(async move {
            loop {
                let (mut io, _) = listener.accept().await.unwrap();
                fetches.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().clone();
                tokio::spawn(async move {
                    let mut head = [0; 4096];
                    let _ = io.read(&mut head).await;
                    let Some((status, text)) = answer else {
                        return tokio::time::sleep(Duration::from_secs(60)).await;
                    };
                    let length = text.len();
                    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n");
                    let _ = io.write_all(format!("{head}{text}").as_bytes()).await;
                });
            }
        });
        issuer
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }
}

async fn ask(edge: &Edge, key: &TokenKey) -> Answer {
    let head = format!("GET /api/account/1\nAuthorization: Bearer {}", key.token(&json!({})));
    request(edge, &head, "").await
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_that_wait_and_kept_while_the_issuer_is_away() {
    let (a, b) = (TokenKey::new("a"), TokenKey::new("b"));
    let issuer = Issuer::new(TokenKey::set(&[&a])).await;
    let (edge, _) = edge(jwt(&issuer.url()));
    let asked: Vec<_> = (0..8).map(|_| ask(&edge, &a)).collect();
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(issuer.fetches(), 1);
    // A moment later there may be no other ones.
    for _ in 0..20 {
        assert_eq!(ask(&edge, &b).await.problem().1, "invalid_credential");
    }
    assert_eq!(issuer.fetches(), 1);
    *issuer.answer.lock() = Some((500, String::new()));
    assert_eq!(ask(&edge, &a).await.status, 200);
}

#[tokio::test]
async fn while_no_key_is_known_nobody_gets_in_and_nobody_waits_long() {
    let a = TokenKey::new("a");
    let issuer = Issuer::new(String::new()).await;
    *issuer.answer.lock() = None;
    let (edge, accounts) = edge(jwt(&issuer.url()));
    let began = std::time::Instant::now();
    let problem = ask(&edge, &a).await.problem();
    assert_eq!((problem.0, &*problem.1), (503, "unavailable"));
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(accounts.asked(), 0);
    // Who needs none is answered.
    let open =
        request(&edge, "POST /api/account\nContent-Type: application/json", "{\"name\":\"x\"}");
    assert_eq!(open.await.status, 200);
    *issuer.answer.lock() = Some((200, TokenKey::set(&[&a])));
    let known = async {
        while ask(&edge, &a).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), known).await.unwrap();
}

#[tokio::test]
async fn keys_in_a_file_are_taken_when_they_change() {
    let (a, b) = (TokenKey::new("a"), TokenKey::new("b"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, TokenKey::set(&[&a])).unwrap();
    let (edge, _) = edge(jwt(&format!("file:{}", path.display())));
    assert_eq!(ask(&edge, &a).await.status, 200);
    assert_eq!(ask(&edge, &b).await.status, 401);
    std::fs::write(&path, TokenKey::set(&[&b])).unwrap();
    let taken = async {
        while ask(&edge, &b).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), taken).await.unwrap();
    // What was checked by a key is forgotten with it.
    assert_eq!(ask(&edge, &a).await.status, 401);
}
