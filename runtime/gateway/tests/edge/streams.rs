//! HTTP/2: streams side by side, and clients that behave or don't.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use h2::Reason;
use h2::client::Builder;
use seam_core::call::Client;
use seam_core::context::Principal;
use seam_gateway::{
    Asked, AskedRequest, Edge, EdgeLimits, EdgeSettings, Own, Refusal, SecurityPlugin,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    H2Client, Ready, ShelfContract, ShelfService, edge, edge_with, get, reached, settings, shelf,
    to_test,
};

fn waiting() -> (Edge, ShelfService) {
    let service = ShelfService::default();
    let client = Client::<ShelfContract>::local(service.clone()).unwrap();
    let edge = Edge::bind(settings(), vec![Arc::new(client)], Arc::new(Ready)).unwrap();
    (edge, service)
}

fn within(limits: EdgeLimits) -> Edge {
    edge_with(EdgeSettings { limits, ..settings() })
}

const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
async fn requests_of_a_connection_run_side_by_side() {
    let (edge, service) = waiting();
    let client = H2Client::to(edge.address()).await;
    let asked = (0..5).map(|_| client.ask(to_test("POST /api/wait"), ""));
    let asked = futures_util::future::join_all(asked);
    let released = async {
        reached(&service.waiting, 5).await;
        let quick = client.ask(to_test("GET /healthz"), "").await.unwrap();
        assert_eq!(quick.status, 200);
        service.release.notify_waiters();
    };
    let (answers, ()) = tokio::join!(asked, released);
    assert!(answers.into_iter().all(|answer| answer.unwrap().status == 200));
}

#[tokio::test]
async fn a_request_that_is_taken_back_ends_its_call() {
    let (edge, service) = waiting();
    let client = H2Client::to(edge.address()).await;
    let (response, mut stream) =
        client.send.clone().send_request(to_test("POST /api/wait"), true).unwrap();
    reached(&service.waiting, 1).await;
    stream.send_reset(Reason::CANCEL);
    reached(&service.waiting, 0).await;
    assert!(response.await.is_err());
    assert_eq!(client.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
    drop(client);
    // A client that goes away takes back everything.
    let client = H2Client::to(edge.address()).await;
    let _response = client.send.clone().send_request(to_test("POST /api/wait"), true).unwrap();
    reached(&service.waiting, 1).await;
    assert!(tokio::time::timeout(SOON, client.over()).await.is_err());
    drop(edge);
}

#[tokio::test]
async fn who_takes_back_all_that_it_asks_for_is_left() {
    let (edge, service) = waiting();
    let client = H2Client::to(edge.address()).await;
    let mut sent = 0;
    while sent < 10_000 {
        let Ok(mut send) = client.send.clone().ready().await else { break };
        let Ok((_, mut stream)) = send.send_request(to_test("POST /api/wait"), true) else { break };
        sent += 1;
        if sent <= 150 {
            // It has begun.
            reached(&service.waiting, 1).await;
        } else {
            tokio::task::yield_now().await;
        }
        stream.send_reset(Reason::CANCEL);
        if sent <= 150 {
            reached(&service.waiting, 0).await;
        }
    }
    assert!((151..10_000).contains(&sent), "{sent} were taken");
    let error = client.over().await.unwrap_err();
    assert!(error.is_io() || error.reason() == Some(Reason::ENHANCE_YOUR_CALM), "{error:?}");
    reached(&service.waiting, 0).await;
    // Who lets some of them come to their end isn't.
    let client = H2Client::to(edge.address()).await;
    for _ in 0..300 {
        let mut send = client.send.clone().ready().await.unwrap();
        let (_, mut stream) = send.send_request(to_test("POST /api/wait"), true).unwrap();
        tokio::task::yield_now().await;
        stream.send_reset(Reason::CANCEL);
        assert_eq!(client.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn who_takes_back_what_has_begun_is_left_too() {
    let (edge, service) = waiting();
    let client = H2Client::to(edge.address()).await;
    let mut sent = 0;
    'waves: while sent < 10_000 {
        let mut wave = Vec::new();
        for _ in 0..50 {
            let Ok(mut send) = client.send.clone().ready().await else { break 'waves };
            let Ok(asked) = send.send_request(to_test("POST /api/wait"), true) else {
                break 'waves;
            };
            wave.push(asked);
        }
        sent += 50;
        let begun = reached(&service.waiting, 50);
        let ended = async {
            while !client.is_over() {
                tokio::task::yield_now().await
            }
        };
        tokio::select! {
            () = begun => {}
            () = ended => break,
        }
        wave.iter_mut().for_each(|(_, stream)| stream.send_reset(Reason::CANCEL));
        reached(&service.waiting, 0).await;
    }
    assert!((200..=300).contains(&sent), "{sent} were taken");
    let error = client.over().await.unwrap_err();
    assert!(error.is_io() || error.reason() == Some(Reason::ENHANCE_YOUR_CALM), "{error:?}");
}

#[tokio::test]
async fn ten_thousand_requests_that_are_taken_back_at_once_end_their_connection() {
    let (edge, service) = waiting();
    let mut io = TcpStream::connect(edge.address()).await.unwrap();
    let mut all = [PREFACE, &frame(4, 0, 0, &[])].concat();
    for stream in (0..10_000).map(|number| 2 * number + 1) {
        // `POST /api/wait` of the host `test`, and then CANCEL.
        let head = b"\x83\x86\x44\x09/api/wait\x41\x04test";
        all.extend(frame(1, 5, stream, head));
        all.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
    }
    let mut read = Vec::new();
    let (mut from, mut to) = io.split();
    let sent = async { drop(to.write_all(&all).await) };
    let ended = async { drop(from.read_to_end(&mut read).await) };
    let both = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(sent, ended) });
    both.await.expect("an end in time");
    let mut rest = &read[..];
    let mut reasons = Vec::new();
    while let [0, high, low, kind, ..] = *rest {
        let end = 9 + usize::from(high) * 256 + usize::from(low);
        if kind == 7 {
            reasons.push(rest[16]);
        }
        rest = &rest[end..];
    }
    // ENHANCE_YOUR_CALM
    assert_eq!(reasons, [11]);
    reached(&service.waiting, 0).await;
    assert_eq!(get(&edge, "/healthz").await.status, 200);
}

/// A frame of that kind.
fn frame(kind: u8, flags: u8, stream: u32, within: &[u8]) -> Vec<u8> {
    let [a, b, c, d] = stream.to_be_bytes();
    [&[0, 0, within.len() as u8, kind, flags, a, b, c, d], within].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[tokio::test]
async fn who_is_slow_to_ask_is_left() {
    let edge = within(EdgeLimits { head_time: SOON, idle_time: SOON, ..EdgeLimits::default() });
    let settings = frame(4, 0, 0, &[]);
    // `:method: GET`, and no more of the head.
    let begun = frame(1, 0, 1, &[0x82]);
    for bytes in [
        &PREFACE[..1],
        &PREFACE[..23],
        PREFACE,
        &[PREFACE, &settings].concat(),
        &[PREFACE, &settings, &begun].concat(),
        &[PREFACE, &settings, &begun[..10]].concat(),
    ] {
        let mut io = TcpStream::connect(edge.address()).await.unwrap();
        io.write_all(bytes).await.unwrap();
        let mut all = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), io.read_to_end(&mut all));
        ended.await.expect("an end in time").unwrap();
    }
    let client = H2Client::to(edge.address()).await;
    assert_eq!(client.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
    client.over().await.unwrap();
}

#[tokio::test]
async fn who_is_slow_to_send_is_told_and_left() {
    let limits = EdgeLimits { body_patience: SOON, ..EdgeLimits::default() };
    let edge = within(limits);
    let client = H2Client::to(edge.address()).await;
    let mut send = client.send.clone();
    let (response, mut stream) = send.send_request(to_test("POST /rpc/shelf/book"), false).unwrap();
    stream.send_data("{".into(), false).unwrap();
    assert_eq!(response.await.unwrap().status(), 408);
    client.over().await.unwrap();
}

/// Doesn't make up its mind who sent a request.
struct Unsure;

impl SecurityPlugin for Unsure {
    fn name(&self) -> &str {
        "unsure"
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>> {
        match request.header("x-subject") {
            Some(_) => Box::pin(std::future::pending()),
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }

    fn authorize<'a>(&'a self, _: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_yet_makes_no_other_slow() {
    let limits = EdgeLimits { body_patience: 5 * SOON, ..EdgeLimits::default() };
    let own = Own { plugins: vec![Arc::new(Unsure)], ..Own::default() };
    let settings = EdgeSettings { limits, ..settings() };
    let edge = Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap();
    let client = H2Client::to(edge.address()).await;
    let mut send = client.send.clone();
    let request = to_test("POST /rpc/shelf/book\nx-subject: ada");
    let (_response, mut stream) = send.send_request(request, false).unwrap();
    // What a client may send without a word from the other side.
    stream.reserve_capacity(65_535);
    while stream.capacity() < 65_535 {
        std::future::poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
    }
    stream.send_data(vec![b' '; 65_535].into(), false).unwrap();
    let answer = client.ask(to_test("POST /rpc/shelf/book"), r#"{"id": 5}"#).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_byte_now_and_then_is_too_slow() {
    let edge = within(EdgeLimits { body_patience: 3 * SOON, ..EdgeLimits::default() });
    let client = H2Client::to(edge.address()).await;
    let mut send = client.send.clone();
    let (response, mut stream) = send.send_request(to_test("POST /rpc/shelf/book"), false).unwrap();
    let trickle = async {
        while stream.send_data(" ".into(), false).is_ok() {
            tokio::time::sleep(SOON).await;
        }
        std::future::pending().await
    };
    let answer = async {
        tokio::select! {
            answer = response => answer.unwrap(),
            () = trickle => unreachable!("it doesn't end"),
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
    assert_eq!(answer.expect("an answer in time").status(), 408);
}

#[tokio::test]
async fn who_takes_nothing_is_left() {
    let edge = within(EdgeLimits { write_time: SOON, ..EdgeLimits::default() });
    let io = TcpStream::connect(edge.address()).await.unwrap();
    let mut builder = Builder::new();
    builder.initial_window_size(5);
    let client = H2Client::with(io, builder).await;
    let mut send = client.send.clone();
    let (response, _) = send.send_request(to_test("GET /api/book/5"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap().len(), 5);
    assert_eq!(body.data().await.unwrap().unwrap_err().reason(), Some(Reason::CANCEL));
    client.over().await.unwrap();
}

#[tokio::test]
async fn one_host_is_meant() {
    let edge = edge();
    let client = H2Client::to(edge.address()).await;
    let ask = |head| client.ask(to_test(head), "");
    assert_eq!(ask("GET /healthz\nhost: test").await.unwrap().status, 200);
    assert_eq!(
        ask("GET /healthz\nhost: TEST\ncookie: a=b\ncookie: c=d").await.unwrap().status,
        200
    );
    let answer = ask("GET /healthz\nhost: other").await.unwrap();
    assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
    // Nothing is asked there any more.
    client.over().await.unwrap();
    for head in ["GET /healthz\nhost: test\nhost: test", "GET /healthz\nhost: a b"] {
        let client = H2Client::to(edge.address()).await;
        assert_eq!(client.ask(to_test(head), "").await.unwrap().status, 400);
    }
    let client = H2Client::to(edge.address()).await;
    let nobody = http::Request::builder().uri("/healthz").body(()).unwrap();
    if let Ok(answer) = client.ask(nobody, "").await {
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn what_is_asked_is_answered_before_the_end() {
    let (edge, service) = waiting();
    let (busy, idle) = (H2Client::to(edge.address()).await, H2Client::to(edge.address()).await);
    assert_eq!(idle.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
    let asked = busy.ask(to_test("POST /api/wait"), "");
    let ended = async {
        reached(&service.waiting, 1).await;
        let stopping = tokio::spawn(edge.stop(Duration::from_secs(20)));
        idle.over().await.unwrap();
        assert!(!stopping.is_finished());
        service.release.notify_waiters();
        // Whoever joins the two waits for the end of it.
        (stopping,)
    };
    let (answer, (stopping,)) = tokio::join!(asked, ended);
    assert_eq!(answer.unwrap().status, 200);
    busy.over().await.unwrap();
    stopping.await.unwrap();
}

#[tokio::test]
async fn with_notice_each_answer_is_a_connections_last() {
    let notice = Duration::from_secs(60);
    let edge = edge_with(EdgeSettings { notice, ..settings() });
    let client = H2Client::to(edge.address()).await;
    assert_eq!(client.ask(to_test("GET /readyz"), "").await.unwrap().status, 200);
    let address = edge.address();
    let stopping = tokio::spawn(edge.stop(notice));
    loop {
        let client = H2Client::to(address).await;
        let answer = client.ask(to_test("GET /readyz"), "").await.unwrap();
        if answer.status == 503 {
            break client.over().await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(client.ask(to_test("GET /healthz"), "").await.unwrap().status, 200);
    client.over().await.unwrap();
    stopping.abort();
}

#[tokio::test]
async fn a_large_body_comes_in_and_goes_out() {
    let edge = edge();
    let client = H2Client::to(edge.address()).await;
    let title = "x".repeat(700 << 10);
    let body = format!(r#"{{"title": "{title}", "pageCount": 3}}"#);
    let (mut send, request) = (client.send.clone(), to_test("POST /api/book"));
    let (response, mut stream) = send.send_request(request, false).unwrap();
    stream.send_data(Bytes::from(body), true).unwrap();
    let (head, mut body) = response.await.unwrap().into_parts();
    assert_eq!(head.status, 201);
    let mut length = 0;
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap().len();
        length += piece;
        body.flow_control().release_capacity(piece).unwrap();
    }
    assert!(length > title.len());
}
