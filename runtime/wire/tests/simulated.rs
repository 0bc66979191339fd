//! A link over streams in memory, which the test cuts where it likes.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use parking_lot::Mutex;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::time::Clock;
use seam_wire::{
    Accepting, Address, FrameBuffer, Hello, Link, LinkConfig, LinkState, MethodOffer, Opening,
    ServiceOffer, Stream, Transport, Versions, encode_ping,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use self::support::{Caller1, ECHO, contract, identity, within, worker};

/// Each dial makes a pair of streams; the test gets the other end.
struct Cables {
    capacity: usize,
    ends: Mutex<Option<mpsc::Sender<DuplexStream>>>,
}

impl Transport for Cables {
    fn connect(&self, _: &Address) -> Opening<Stream> {
        let (near, far) = tokio::io::duplex(self.capacity);
        let taken = self.ends.lock().take().is_some_and(|ends| ends.try_send(far).is_ok());
        Box::pin(async move {
            // One dial is enough for these tests.
            if taken { Ok(Box::new(near) as Stream) } else { Err(io::ErrorKind::NotFound.into()) }
        })
    }

    fn listen(&self, _: &Address) -> Opening<Box<dyn Accepting>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}

/// A caller, and the far end of its connection, greeted.
async fn cable(capacity: usize) -> (Caller1, DuplexStream) {
    let (ends, mut cables) = mpsc::channel(1);
    let transport = Arc::new(Cables { capacity, ends: Mutex::new(Some(ends)) });
    let config = LinkConfig { transport, ..LinkConfig::new(identity("front")) };
    let link = Link::open(config, "nowhere:1".parse().unwrap(), &Handle::current());
    let service = link.service(worker(), contract());
    let caller = Caller1 { link, service: service.into(), clock: Clock::fast() };

    let mut far = within(cables.recv()).await.unwrap();
    let offer = |m: &seam_core::contract::MethodDescriptor| MethodOffer {
        name: m.name.clone(),
        layout: m.hash,
    };
    let service = ServiceOffer {
        name: "worker".to_owned(),
        version: "1.0".to_owned(),
        methods: contract().methods.iter().map(offer).collect(),
    };
    let id = identity("pay");
    let (services, versions) = (vec![service], Some(Versions::CURRENT));
    let hello = Hello { app: id.app, unit: id.unit, services, versions, ..Hello::default() };
    let mut bytes = Vec::new();
    hello.encode(&mut bytes).unwrap();
    far.write_all(&bytes).await.unwrap();
    // Its own hello, and no more.
    let mut buffer = FrameBuffer::new(1 << 20);
    while buffer.next_frame().unwrap().is_none() {
        let n = within(far.read(buffer.room())).await.unwrap();
        buffer.filled(n);
    }
    within(caller.link.connected()).await;
    (caller, far)
}

#[tokio::test]
async fn a_call_that_left_in_part_was_not_executed() {
    let (caller, mut far) = cable(16 << 10).await;
    let small = caller.call(ECHO, "small");
    // All of the first call comes through, and some of the second.
    let mut received = vec![0; 53];
    within(far.read_exact(&mut received)).await.unwrap();
    assert!(received.ends_with(b"small"));
    let large = caller.call(ECHO, vec![1; 1 << 20]);
    within(far.read_exact(&mut vec![0; 1_000])).await.unwrap();
    let queued = caller.call(ECHO, "never written");
    drop(far);
    let outcome = within(small).await;
    assert!(
        matches!(outcome, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))),
        "{outcome:?}"
    );
    for reply in [large, queued] {
        let outcome = within(reply).await;
        let unavailable = NotExecuted::unavailable("").code();
        assert!(
            matches!(&outcome, Err(Failure::NotExecuted(why)) if why.code() == unavailable),
            "{outcome:?}"
        );
    }
}

/// How many bytes of a cable may be on their way.
const CABLE: usize = 1 << 20;

/// Others on the thread have their turn while a callee sends without end what needs no answer.
async fn assert_fair(frame: &[u8]) {
    let (caller, mut far) = cable(CABLE).await;
    let turns = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&turns);
    let counter = tokio::spawn(poll_fn(move |cx| {
        counting.fetch_add(1, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    let taken = CABLE / frame.len();
    let flood = frame.repeat(2 * taken);
    within(far.write_all(&flood)).await.unwrap();
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= taken / 2_048, "{turns} turns while {taken} frames were taken");
    assert!(matches!(*caller.link.state().borrow(), LinkState::Connected { .. }));
    counter.abort();
}

#[tokio::test]
async fn a_callee_that_floods_its_caller_keeps_nobody_waiting() {
    let mut ping = Vec::new();
    encode_ping(&mut ping, 7);
    // Of a kind that is skipped, and one that has an answer which isn't waited for.
    for frame in [&[1, 0, 0, 0, 200][..], &ping] {
        assert_fair(frame).await;
    }
}
