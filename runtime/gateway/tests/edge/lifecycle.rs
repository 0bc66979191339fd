//! Start, readiness, clients that go away, stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::call::Client;
use seam_gateway::{Edge, EdgeLimits, EdgeListener, EdgeSettings, LastOne, Own, Probe, Readiness};

use crate::support::{
    Connection, Ready, ShelfContract, ShelfService, edge, edge_with, get, reached, settings, shelf,
};

const WAIT: &str = "POST /api/wait HTTP/1.1\r\nHost: test\r\n\r\n";
const GET: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// An edge whose waiting requests can be counted and let go.
fn waiting() -> (Edge, ShelfService) {
    let service = ShelfService::default();
    let client = Client::<ShelfContract>::local(service.clone()).unwrap();
    let edge = Edge::bind(settings(), vec![Arc::new(client)], Arc::new(Ready)).unwrap();
    (edge, service)
}

struct Switch(Arc<AtomicBool>);

impl Probe for Switch {
    fn ready(&self) -> BoxFuture<'_, Readiness> {
        let ready = self.0.load(Ordering::SeqCst);
        Box::pin(std::future::ready(ready.then_some(()).ok_or_else(|| "payment is away".into())))
    }
}

#[tokio::test]
async fn readiness_is_what_the_probe_says() {
    let ready = Arc::new(AtomicBool::new(false));
    let probe = Arc::new(Switch(Arc::clone(&ready)));
    let edge = Edge::bind(settings(), vec![shelf()], probe).unwrap();
    assert_eq!(get(&edge, "/healthz").await.body, r#"{"status":"ok"}"#);
    let answer = get(&edge, "/readyz").await;
    assert_eq!(answer.problem(), (503, "unavailable".into(), "not_executed".into()));
    assert_eq!(answer.json()["detail"], "payment is away");
    ready.store(true, Ordering::SeqCst);
    assert_eq!(get(&edge, "/readyz").await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_call() {
    let (edge, service) = waiting();
    let mut connection = Connection::to(edge.address()).await;
    connection.send(WAIT).await;
    reached(&service.waiting, 1).await;
    drop(connection);
    reached(&service.waiting, 0).await;
    // It is counted all the same, as a request for its route.
    let counted = async {
        loop {
            let requests = edge.requests();
            if let Some(counted) = requests.iter().find(|counted| counted.verb == "POST") {
                return (counted.route.to_string(), counted.statuses.clone());
            }
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(20), counted).await.unwrap();
    assert_eq!(counted, ("/api/wait".to_owned(), vec![(0, 1)]));
    edge.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn requests_in_flight_come_to_their_end() {
    let (edge, service) = waiting();
    let address = edge.address();
    let mut busy = Connection::to(address).await;
    busy.send(WAIT).await;
    reached(&service.waiting, 1).await;
    let mut idle = Connection::to(address).await;
    idle.send(GET).await;
    assert_eq!(idle.answer().await.unwrap().status, 200);

    let stopping = tokio::spawn(edge.stop(Duration::from_secs(20)));
    assert!(idle.closed().await, "idle connections are closed");
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    service.release.notify_waiters();
    let answer = busy.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_says_nothing_holds_up_no_stop() {
    let limits = EdgeLimits { head_time: Duration::from_millis(100), ..EdgeLimits::default() };
    let edge = edge_with(EdgeSettings { limits, ..settings() });
    let mut silent = Connection::to(edge.address()).await;
    let mut halfway = Connection::to(edge.address()).await;
    halfway.send(&GET[..9]).await;
    let began = std::time::Instant::now();
    edge.stop(Duration::from_secs(60)).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    for connection in [&mut silent, &mut halfway] {
        while connection.answer().await.is_some() {}
    }
}

#[tokio::test]
async fn requests_that_take_too_long_are_cut_off() {
    let (edge, service) = waiting();
    let mut busy = Connection::to(edge.address()).await;
    busy.send(WAIT).await;
    reached(&service.waiting, 1).await;
    edge.stop(Duration::from_millis(50)).await;
    assert!(busy.closed().await);
    reached(&service.waiting, 0).await;
}

/// An edge on a socket that others have, too; and by what it learns that it is the last of them.
fn sharing(socket: &std::net::TcpListener) -> (Edge, LastOne) {
    let last = LastOne::default();
    let listener = EdgeListener::shared(socket.try_clone().unwrap(), last.clone());
    let bound = Edge::bind_on(listener, settings(), vec![shelf()], Arc::new(Ready), Own::default());
    (bound.unwrap(), last)
}

#[tokio::test]
async fn an_edge_that_shares_its_socket_leaves_it_to_the_others() {
    let listener = EdgeListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.address().unwrap();
    let (one, _) = sharing(listener.socket());
    let (other, _) = sharing(listener.socket());
    assert_eq!((one.address(), other.address()), (address, address));
    let over = Arc::new(AtomicBool::new(false));
    let calling = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut answered = 0;
            while !over.load(Ordering::SeqCst) {
                let mut connection = Connection::to(address).await;
                connection.send(GET).await;
                assert_eq!(connection.answer().await.expect("an answer").status, 200);
                answered += 1;
            }
            answered
        }
    });
    one.stop(Duration::from_secs(20)).await;
    let (third, _) = sharing(listener.socket());
    other.stop(Duration::from_secs(20)).await;
    assert_eq!(get(&third, "/healthz").await.status, 200, "the socket is as it was");
    over.store(true, Ordering::SeqCst);
    assert!(calling.await.unwrap() > 0);
    third.stop(Duration::from_secs(20)).await;

    // With nobody to accept it, a connection waits for who comes next.
    let mut early = Connection::to(address).await;
    early.send(GET).await;
    let (late, last) = sharing(listener.socket());
    assert_eq!(early.answer().await.unwrap().status, 200);
    last.set();
    late.stop(Duration::from_secs(20)).await;
    if cfg!(target_os = "linux") {
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the last one shuts it");
    }
}

#[test]
fn an_edge_starts_and_stops_on_any_runtime() {
    let runtime = |threads: bool| {
        let mut builder = match threads {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        builder.enable_all().build().unwrap()
    };
    let edge = runtime(true).block_on(async { edge() });
    let address = edge.address();
    runtime(false).block_on(async {
        assert_eq!(get(&edge, "/healthz").await.status, 200);
        edge.stop(Duration::from_secs(5)).await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    });
    drop(edge_outside_of_a_runtime());
}

fn edge_outside_of_a_runtime() -> Edge {
    let client = Arc::new(Client::<ShelfContract>::local(ShelfService::default()).unwrap());
    Edge::bind(settings(), vec![client], Arc::new(Ready)).unwrap()
}
