//! Peers that are no units: what they send ends their own connection, in time, and no other.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use seam_core::outcome::{Failure, Unknown};
use seam_core::remote::Form;
use seam_core::time::Clock;
use seam_wire::{
    Address, CallHead, CallId, Extensions, Frame, FrameBuffer, GoAwayReason, Hello, LinkState,
    MAX_HANDSHAKES, Origin, Server, ServerConfig, Trace, encode_ping,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use self::support::{
    Caller1, ECHO, LATER, Worker, contract, eventually, identity, serve_at, serve_with, text,
    within,
};

const ANYWHERE: &str = "127.0.0.1:0";

async fn dial(address: &Address) -> TcpStream {
    TcpStream::connect(address.to_string()).await.unwrap()
}

fn hello() -> Vec<u8> {
    let mut bytes = Vec::new();
    let hello = Hello { app: "shop".to_owned(), unit: "front".to_owned(), ..Hello::default() };
    hello.encode(&mut bytes).unwrap();
    bytes
}

fn call(id: u64, method: usize, body: &[u8]) -> Vec<u8> {
    let head = CallHead {
        id: CallId(id),
        service: 0,
        method: method as u16,
        micros: 5_000_000,
        trace: Trace::default(),
        no_retry: false,
        form: Form::Encoded,
        origin: Origin::PROGRAM,
        extensions: Extensions::NONE,
    };
    let mut bytes = Vec::new();
    let body = |out: &mut Vec<u8>| {
        out.extend_from_slice(body);
        Ok::<(), Infallible>(())
    };
    head.encode(&mut bytes, 1 << 20, body).unwrap();
    bytes
}

/// All that the server says until it closes.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = within(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// A server, and a good caller whose calls must go on whatever the strangers do.
async fn served() -> (Server, Arc<Worker>, Caller1) {
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &Clock::fast()).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    (server, worker, caller)
}

#[tokio::test]
async fn hostile_bytes_close_their_connection_only() {
    let (server, _worker, caller) = served().await;
    let long = [0xff; 8];
    let mut truncated_hello = hello();
    truncated_hello.truncate(20);
    let mut after_hello_unknown_kind = hello();
    after_hello_unknown_kind.extend_from_slice(&[5, 0, 0, 0, 99, 1, 2, 3, 4]);
    let mut after_hello_long = hello();
    after_hello_long.extend_from_slice(&long);
    let mut after_hello_hello = hello();
    after_hello_hello.extend(hello());
    let mut after_hello_no_method = hello();
    after_hello_no_method.extend(call(1, 99, b""));
    let strangers: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &long,
        &[1, 0, 0, 0, 3],
        &after_hello_unknown_kind,
        &after_hello_long,
        &after_hello_hello,
        &after_hello_no_method,
    ];
    for bytes in strangers {
        let mut stream = dial(server.address()).await;
        stream.write_all(bytes).await.unwrap();
        let said = read_to_end(&mut stream).await;
        // The last thing that it hears is why, unless a reset was faster.
        let mut buffer = FrameBuffer::new(1 << 20);
        buffer.feed(&said);
        let mut last = None;
        while let Some(frame) = buffer.next_frame().unwrap() {
            last = match frame {
                Frame::GoAway(go_away) => Some(go_away.reason),
                _ => None,
            };
        }
        assert!(matches!(last, None | Some(GoAwayReason::Violation)), "{bytes:?}: {last:?}");
        assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
    }
    let mut stream = dial(server.address()).await;
    stream.write_all(&truncated_hello).await.unwrap();
    stream.shutdown().await.unwrap();
    read_to_end(&mut stream).await;
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
}

#[tokio::test]
async fn a_unit_of_another_app_is_told_so() {
    let (server, _worker, _caller) = served().await;
    let mut stream = dial(server.address()).await;
    let mut bytes = Vec::new();
    Hello { app: "blog".to_owned(), ..Hello::default() }.encode(&mut bytes).unwrap();
    stream.write_all(&bytes).await.unwrap();
    let said = read_to_end(&mut stream).await;
    let mut buffer = FrameBuffer::new(1 << 20);
    buffer.feed(&said);
    assert!(matches!(buffer.next_frame(), Ok(Some(Frame::Hello(_)))));
    let Ok(Some(Frame::GoAway(go_away))) = buffer.next_frame() else { panic!("no go-away") };
    assert_eq!(go_away.reason, GoAwayReason::OtherApp);
    assert!(go_away.text.contains("another app"), "{}", go_away.text);
}

#[tokio::test]
async fn random_bytes_close_their_connection_only() {
    let (server, _worker, caller) = served().await;
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 64..4_000);
    for round in 0..100 {
        let mut sent = if round % 2 == 0 { hello() } else { Vec::new() };
        sent.extend(bytes.new_tree(&mut runner).unwrap().current());
        let mut stream = dial(server.address()).await;
        // The server may have hung up already.
        let _ = stream.write_all(&sent).await;
        let _ = stream.shutdown().await;
        read_to_end(&mut stream).await;
    }
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
}

#[tokio::test]
async fn an_endless_handshake_ends_after_five_seconds() {
    let clock = Clock::manual();
    let server = serve_at(ANYWHERE, &Worker::new(contract()), &clock).await;
    let mut stream = dial(server.address()).await;
    stream.write_all(&hello()[..10]).await.unwrap();
    // It accepts one after the other, and has answered one behind this.
    Caller1::connect(server.address(), &clock).await;
    clock.advance(Duration::from_millis(4_999));
    let early = tokio::time::timeout(Duration::from_millis(20), async {
        while stream.read(&mut [0; 64]).await.unwrap() > 0 {}
    });
    assert!(early.await.is_err());
    clock.advance(Duration::from_millis(1));
    read_to_end(&mut stream).await;
}

#[tokio::test]
async fn a_frame_that_only_drips_in_ends_after_thirty_seconds() {
    let clock = Clock::manual();
    let server = serve_at(ANYWHERE, &Worker::new(contract()), &clock).await;
    let mut stream = dial(server.address()).await;
    let mut bytes = hello();
    bytes.extend_from_slice(&(1u32 << 20).to_le_bytes());
    stream.write_all(&bytes).await.unwrap();
    let mut closed_after = None;
    for second in 1..=40 {
        clock.advance(Duration::from_secs(1));
        // A byte a second: never silent, never done.
        if stream.write_all(&[2]).await.is_err() {
            closed_after = Some(second);
            break;
        }
        let mut said = [0; 256];
        let read = tokio::time::timeout(Duration::from_millis(10), stream.read(&mut said));
        if let Ok(Ok(0) | Err(_)) = read.await {
            closed_after = Some(second);
            break;
        }
    }
    assert!(closed_after.is_some_and(|second| (30..=33).contains(&second)), "{closed_after:?}");
}

#[tokio::test]
async fn half_frames_on_many_connections_have_one_budget() {
    // On this clock, nobody is ever too slow or too silent.
    let clock = Clock::manual();
    let config = ServerConfig {
        memory: 8 << 20,
        clock: clock.clone(),
        ..ServerConfig::new(identity("pay"))
    };
    let server = serve_with(config, ANYWHERE, &Worker::new(contract())).await;
    let caller = Caller1::connect(server.address(), &clock).await;
    let mut half = hello();
    half.extend_from_slice(&((4u32 << 20) - 4).to_le_bytes());
    half.push(2);
    half.resize(1 << 20, 0);
    let closed = Arc::new(AtomicUsize::new(0));
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = dial(server.address()).await;
        let (half, closed) = (half.clone(), Arc::clone(&closed));
        open.push(tokio::spawn(async move {
            // The server may hang up before it has all.
            let _ = stream.write_all(&half).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
            closed.fetch_add(1, Ordering::SeqCst);
        }));
    }
    eventually("some are closed", || closed.load(Ordering::SeqCst) > 5).await;
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
    assert!(open.iter().any(|stranger| !stranger.is_finished()));
}

#[tokio::test]
async fn a_crowd_at_the_door_keeps_nobody_out() {
    let (server, _worker, _caller) = served().await;
    let mut crowd = Vec::new();
    for _ in 0..2 * MAX_HANDSHAKES {
        crowd.push(dial(server.address()).await);
    }
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    assert_eq!(text(within(caller.call(ECHO, "in")).await), "Answer in");
    // The oldest made room.
    read_to_end(&mut crowd[0]).await;
}

#[tokio::test]
async fn a_half_closed_connection_is_closed() {
    let (server, worker, _caller) = served().await;
    let mut stream = dial(server.address()).await;
    let mut bytes = hello();
    bytes.extend(call(1, LATER, b"half"));
    stream.write_all(&bytes).await.unwrap();
    worker.has_seen(1).await;
    stream.shutdown().await.unwrap();
    read_to_end(&mut stream).await;
    worker.has_lost(1).await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_gets_no_more_answers() {
    let (server, worker, caller) = served().await;
    let mut stream = dial(server.address()).await;
    let mut bytes = hello();
    for id in 1..=64 {
        bytes.extend(call(id, ECHO, &vec![7; 512 << 10]));
    }
    let writing = tokio::spawn(async move {
        // It never ends: the server stops reading.
        let _ = stream.write_all(&bytes).await;
        stream
    });
    eventually("the server stops", || !worker.seen.lock().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(worker.seen.lock().len() < 64);
    assert!(!writing.is_finished());
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
    writing.abort();
}

#[tokio::test]
async fn a_flood_of_frames_that_mean_nothing_keeps_nobody_waiting() {
    // On this clock, nobody is ever too silent.
    let clock = Clock::manual();
    let server = serve_at(ANYWHERE, &Worker::new(contract()), &clock).await;
    let caller = Caller1::connect(server.address(), &clock).await;
    let mut stream = dial(server.address()).await;
    stream.write_all(&hello()).await.unwrap();
    let flood = [1, 0, 0, 0, 200].repeat(20_000);
    let flooding = tokio::spawn(async move {
        // It ends with the test: the server takes them for as long as they come.
        while stream.write_all(&flood).await.is_ok() {}
    });
    for _ in 0..5 {
        assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
    }
    assert!(!flooding.is_finished(), "what is unknown is no violation");
    flooding.abort();
}

#[tokio::test]
async fn a_server_that_falls_silent_is_dead_after_two_seconds() {
    let clock = Clock::manual();
    let listener = TcpListener::bind(ANYWHERE).await.unwrap();
    let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let caller = Caller1::open(&address, &clock);
    let (mut stream, _) = within(listener.accept()).await.unwrap();
    let mut bytes = Vec::new();
    let offer = seam_wire::ServiceOffer {
        name: "worker".to_owned(),
        version: "1.0".to_owned(),
        methods: contract()
            .methods
            .iter()
            .map(|m| seam_wire::MethodOffer { name: m.name.clone(), layout: m.hash })
            .collect(),
    };
    let id = identity("pay");
    let (services, versions) = (vec![offer], Some(seam_wire::Versions::CURRENT));
    Hello { app: id.app, unit: id.unit, services, versions, ..Hello::default() }
        .encode(&mut bytes)
        .unwrap();
    stream.write_all(&bytes).await.unwrap();
    within(caller.link.connected()).await;
    let reply = caller.call(ECHO, "a");

    let mut buffer = FrameBuffer::new(1 << 20);
    let mut next = async || loop {
        if let Some(frame) = buffer.next_frame().unwrap() {
            return format!("{frame:?}").split('(').next().unwrap().to_owned();
        }
        let n = within(stream.read(buffer.room())).await.unwrap();
        assert!(n > 0, "the connection has ended");
        buffer.filled(n);
    };
    assert_eq!((next().await, next().await), ("Hello".to_owned(), "Call".to_owned()));
    clock.advance(Duration::from_secs(1));
    assert_eq!(next().await, "Ping");
    clock.advance(Duration::from_secs(1));
    let lost = within(reply).await;
    assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    assert!(matches!(*caller.link.state().borrow(), LinkState::Down { .. }));
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (server, _worker, _caller) = served().await;
    let mut stream = dial(server.address()).await;
    let mut bytes = hello();
    encode_ping(&mut bytes, 42);
    stream.write_all(&bytes).await.unwrap();
    let mut buffer = FrameBuffer::new(1 << 20);
    let pong = loop {
        match buffer.next_frame().unwrap() {
            Some(Frame::Pong(token)) => break token,
            Some(_) => continue,
            None => {}
        }
        let n = within(stream.read(buffer.room())).await.unwrap();
        buffer.filled(n);
    };
    assert_eq!(pong, 42);
}
