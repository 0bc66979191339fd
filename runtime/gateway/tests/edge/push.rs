//! `GET /push`: server-sent events for whoever is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_gateway::{Board, Edge, EdgeSettings, Own, Pushed, Pushes, Said};

use crate::support::{Answer, Connection, Named, Ready, get, request, settings, shelf};

/// What a test puts up.
#[derive(Default)]
struct Wall {
    board: Arc<Board>,
    heard: AtomicU32,
}

impl Wall {
    fn push(&self, number: u64, subject: &str) {
        let data = format!(r#"{{"n":{number}}}"#).into();
        let pushed = Pushed { number, subject: subject.into(), event: "told".into(), data };
        let (age, events) = (Duration::ZERO, vec![pushed]);
        self.board.put_up(Said { process: 0xa, age, head: number, old: 0, events });
    }
}

struct Hears(Arc<Wall>);

impl Pushes for Hears {
    fn board(&self) -> &Arc<Board> {
        &self.0.board
    }

    fn hear(&self) -> BoxFuture<'static, ()> {
        self.0.heard.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }
}

/// What puts up nothing of its own.
pub(crate) fn pushes() -> Option<Arc<dyn Pushes>> {
    Some(Arc::new(Hears(Arc::default())))
}

fn edge(wall: &Arc<Wall>) -> Edge {
    let own = Own {
        pushes: Some(Arc::new(Hears(Arc::clone(wall)))),
        plugins: vec![Arc::new(Named)],
        ..Own::default()
    };
    let settings = EdgeSettings { known: true, ..settings() };
    Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap()
}

async fn listen(edge: &Edge, subject: &str, more: &str) -> (Connection, Answer) {
    let mut connection = Connection::to(edge.address()).await;
    let head = format!("GET /push HTTP/1.1\r\nHost: t\r\nX-Subject: {subject}\r\n{more}\r\n");
    connection.send(head).await;
    let answer = connection.head().await.unwrap();
    (connection, answer)
}

#[tokio::test]
async fn who_is_known_hears_what_is_for_them() {
    let wall = Arc::new(Wall::default());
    let edge = edge(&wall);
    let (mut ada, answer) = listen(&edge, "ada", "").await;
    let header = |name| answer.header(name);
    assert_eq!((answer.status, header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(
        (header("cache-control"), header("x-accel-buffering")),
        (Some("no-store"), Some("no"))
    );
    assert_eq!((header("content-encoding"), header("content-length")), (None, None));
    assert!(header("x-request-id").is_some());
    assert_eq!(wall.heard.load(Ordering::SeqCst), 1);
    ada.until("retry: 1000\nid: 0\n\n").await.unwrap();
    let (mut eve, _) = listen(&edge, "eve", "").await;
    wall.push(1, "ada");
    wall.push(2, "eve");
    let told = ada.until("data: {\"n\":1}\n\n").await.unwrap();
    assert!(told.contains("id: a-1\nevent: told\n"), "{told}");
    let told = eve.until("data: {\"n\":2}\n\n").await.unwrap();
    assert!(!told.contains("\"n\":1"), "{told}");

    drop(ada);
    wall.push(3, "ada");
    let (mut ada, _) = listen(&edge, "ada", "Last-Event-ID: a-1\r\n").await;
    let told = ada.until("data: {\"n\":3}\n\n").await.unwrap();
    assert!(!told.contains("\"n\":1") && told.contains("id: a-3\n"), "{told}");
    // What is no id is nobody's place.
    let (mut ada, answer) = listen(&edge, "ada", "Last-Event-ID: caf\u{e9} 7\r\n").await;
    assert_eq!(answer.status, 200);
    wall.push(4, "ada");
    let told = ada.until("data: {\"n\":4}\n\n").await.unwrap();
    assert!(!told.contains("\"n\":3"), "{told}");
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let wall = Arc::new(Wall::default());
    let edge = edge(&wall);
    let refused = get(&edge, "/push").await;
    assert_eq!(refused.problem(), (401, "unauthenticated".into(), "not_executed".into()));
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(request(&edge, "POST /push\nX-Subject: ada", "").await.status, 405);
    assert_eq!(get(&edge, "/push?a=b").await.status, 400);
    assert_eq!(wall.heard.load(Ordering::SeqCst), 0, "who isn't let in begins nothing");
    let bare = Edge::bind(settings(), vec![shelf()], Arc::new(Ready)).unwrap();
    assert_eq!(get(&bare, "/push").await.problem().1, "not_found");
}

#[tokio::test]
async fn streams_end_with_their_clients_and_with_the_edge() {
    let wall = Arc::new(Wall::default());
    let edge = edge(&wall);
    let (mut ada, _) = listen(&edge, "ada", "").await;
    let (eve, _) = listen(&edge, "eve", "").await;
    ada.until("id: 0\n\n").await.unwrap();
    assert_eq!(wall.board.listeners(), 2);
    drop(eve);
    let left = async {
        while wall.board.listeners() > 1 {
            // The edge learns of it as it would write.
            wall.push(1, "eve");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left).await.unwrap();
    let began = std::time::Instant::now();
    edge.stop(Duration::from_secs(20)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    ada.until("0\r\n\r\n").await.expect("the whole of it");
    assert!(ada.closed().await);
}
