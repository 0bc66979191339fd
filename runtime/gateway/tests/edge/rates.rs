//! How many requests somebody may make.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use seam_core::call::Client;
use seam_core::time::Clock;
use seam_gateway::{Edge, EdgeLimits, EdgeSettings};

use crate::support::{
    Answer, Connection, Ready, ShelfContract, ShelfService, edge_with, get, json, post, reached,
    settings,
};

/// Limits of the edge and of methods, and a clock that stands still.
fn limited(rate: &str, rates: &[(&str, &str)]) -> (Edge, Clock) {
    let quota = |text: &str| text.parse().ok();
    let rates: HashMap<_, _> =
        rates.iter().map(|(method, rate)| ((*method).to_owned(), quota(rate))).collect();
    let limits = EdgeLimits { rate: quota(rate), ..EdgeLimits::default() };
    let clock = Clock::manual();
    let rates = Arc::new(rates);
    let edge = edge_with(EdgeSettings { limits, rates, clock: clock.clone(), ..settings() });
    (edge, clock)
}

fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("ratelimit-policy"), answer.header("ratelimit"))
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back_and_means_it() {
    let (edge, clock) = limited("3/4s", &[]);
    let policy = Some("\"edge\";q=3;w=4");
    for (left, more) in [(2, 4), (1, 3), (0, 2)] {
        let limit = format!("\"edge\";r={left};t={more}");
        let answer = get(&edge, "/api/book/5").await;
        assert_eq!(told(&answer), (200, policy, Some(&*limit)));
        clock.advance(Duration::from_secs(1));
    }
    clock.advance(Duration::from_millis(300));
    let answer = get(&edge, "/api/book/5").await;
    assert_eq!(answer.problem(), (429, "rate_limited".into(), "not_executed".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(told(&answer), (429, policy, Some("\"edge\";r=0;t=1")));
    clock.advance(Duration::from_secs(1));
    assert_eq!(get(&edge, "/api/book/5").await.status, 200);
    assert_eq!(get(&edge, "/api/book/5").await.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_method_s_limit_holds_on_every_way_in() {
    let (edge, _) = limited("0", &[("shelf.book", "3/1h")]);
    let form = "module=shelf&method=book&bizContent=%7B%22id%22%3A5%7D";
    let kind = "application/x-www-form-urlencoded";
    for status in [200, 429] {
        let answers = [
            get(&edge, "/api/book/5").await,
            json(&edge, "/rpc/shelf/book", "{\"id\":5}").await,
            post(&edge, "/gateway", kind, form).await,
        ];
        for answer in answers {
            assert_eq!(
                (answer.status, told(&answer).1),
                (status, Some("\"shelf.book\";q=3;w=3600"))
            );
            assert_eq!(answer.header("retry-after"), (status == 429).then_some("3600"));
        }
    }
    let other = get(&edge, "/api/book?byAuthor=x").await;
    assert_eq!(told(&other), (200, None, None), "others have no limit");
}

#[tokio::test]
async fn what_a_method_refuses_costs_nothing_of_the_edge_s_limit() {
    let (edge, _) = limited("3/60s", &[("shelf.book", "1/60s")]);
    let answer = get(&edge, "/api/book/5").await;
    assert_eq!(told(&answer).2, Some("\"shelf.book\";r=0;t=60"), "the nearer one is told of");
    for _ in 0..5 {
        assert_eq!(get(&edge, "/api/book/5").await.status, 429);
    }
    for status in [404, 404, 429] {
        assert_eq!(get(&edge, "/nowhere").await.status, status);
    }
}

#[tokio::test]
async fn how_the_edge_is_may_be_asked_as_often_as_one_likes() {
    let (edge, _) = limited("1/60s", &[]);
    for _ in 0..5 {
        assert_eq!(told(&get(&edge, "/healthz").await), (200, None, None));
        assert_eq!(get(&edge, "/readyz").await.status, 200);
    }
    assert_eq!(get(&edge, "/errors").await.status, 200);
    assert_eq!(get(&edge, "/errors").await.status, 429);
}

#[tokio::test]
async fn so_many_are_answered_at_once() {
    let shelf = ShelfService::default();
    let (waiting, release): (Arc<AtomicU32>, _) = (shelf.waiting.clone(), shelf.release.clone());
    let limits = EdgeLimits { in_flight: 2, ..EdgeLimits::default() };
    let clients = vec![Arc::new(Client::<ShelfContract>::local(shelf).unwrap()) as _];
    let edge = Edge::bind(EdgeSettings { limits, ..settings() }, clients, Arc::new(Ready)).unwrap();
    let mut inside = Vec::new();
    for count in 1..=2 {
        let mut connection = Connection::to(edge.address()).await;
        connection.send("POST /api/wait HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").await;
        reached(&waiting, count).await;
        inside.push(connection);
    }
    let answer = get(&edge, "/api/book/5").await;
    assert_eq!(answer.problem(), (503, "overloaded".into(), "not_executed".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(&edge, "/healthz").await.status, 200);
    release.notify_waiters();
    for connection in &mut inside {
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
    assert_eq!(get(&edge, "/api/book/5").await.status, 200);
}
