//! Who listens, and how slowly.

use std::sync::Arc;
use std::time::Duration;

use seam_admin::AdminSettings;
use serde_json::json;

use crate::support::{Connection, SCRIPT, Stage, VIEWER, bearer};

async fn listen(stage: &Stage, path: &str) -> Connection {
    let mut connection = stage.connect().await;
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{}\r\n\r\n", bearer(VIEWER));
    connection.send(head).await;
    connection
}

#[tokio::test]
async fn what_is_told_comes_as_events() {
    let stage = Stage::new();
    for path in ["/api/live", "/api/tap?service=payment&bodies=1", "/api/logs/live?level=warn"] {
        let mut connection = listen(&stage, path).await;
        let head = connection.head().await.unwrap();
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        connection.until("retry: 1000\n\n").await.unwrap();
        let feeder = stage.units.feeders.lock().unwrap().pop().unwrap();
        feeder.tell(json!({ "took": 1, "text": "a\nb" }).to_string());
        let event = connection.until("\n\n").await.unwrap();
        assert!(event.ends_with("data: {\"took\":1,\"text\":\"a\\nb\"}\n\n"), "{event}");
        // Who has gone is noticed when something is told.
        drop(connection);
        while feeder.tell("1") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn who_never_reads_holds_nobody_up() {
    let stage = Stage::new();
    let mut slow = listen(&stage, "/api/tap").await;
    slow.head().await.unwrap();
    let feeder = stage.units.feeders.lock().unwrap().pop().unwrap();
    let text: Arc<str> = json!("x".repeat(10_000)).to_string().into();
    // 200 MB, of which a socket and a queue take few.
    for _ in 0..20_000 {
        assert!(feeder.tell(Arc::clone(&text)));
    }
    assert_eq!(stage.get("/api/status", SCRIPT).await.status, 200);
    drop(feeder);
    let told = slow.until("\r\n0\r\n\r\n").await.unwrap();
    let read = told.matches("data: \"").count();
    let gaps = told.split("{\"dropped\":").skip(1);
    let dropped: usize =
        gaps.map(|gap| gap.split('}').next().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(read + dropped, 20_000, "{dropped} dropped");
    assert!(read < 5_000, "{read} read");
}

#[tokio::test]
async fn there_are_no_more_listeners_than_may_be() {
    let stage = Stage::with(|settings| AdminSettings { streams: 2, ..settings });
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = listen(&stage, "/api/tap").await;
        assert_eq!(connection.head().await.unwrap().status, 200);
        held.push(connection);
    }
    let full = stage.get("/api/live", VIEWER).await;
    assert_eq!(full.problem(), (503, "overloaded".into()));
    assert_eq!(full.header("retry-after"), Some("1"));
    assert_eq!(stage.get("/api/status", VIEWER).await.status, 200);
    // One goes, and another has its place.
    held.pop();
    loop {
        stage.units.feeders.lock().unwrap().retain(|feeder| feeder.tell("1"));
        let mut connection = listen(&stage, "/api/tap").await;
        if connection.head().await.unwrap().status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_hundred_listen_at_the_same_time() {
    let stage = Stage::new();
    let mut all = Vec::new();
    for _ in 0..100 {
        let mut connection = listen(&stage, "/api/tap").await;
        connection.until("retry: 1000\n\n").await.unwrap();
        all.push(connection);
    }
    let feeders = std::mem::take(&mut *stage.units.feeders.lock().unwrap());
    assert!(feeders.iter().all(|feeder| feeder.tell("\"told\"")));
    for connection in &mut all {
        connection.until("data: \"told\"\n\n").await.unwrap();
    }
    // The last feeder goes, and so ends the stream.
    drop(feeders);
    assert!(all[0].until("0\r\n\r\n").await.is_some());
}
