//! Units of version 1 beside those of now: bytes of version 1, both ways round. They were
//! written by hand from `PROTOCOL.md`; the golden files, which version 1's build wrote, hold this
//! build's plain hello, call and answer to the same layout.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use seam_core::time::Clock;
use seam_wire::{
    Address, Frame, FrameBuffer, GoAway, GoAwayReason, Hello, Identity, Link, LinkConfig,
    MethodOffer, PROTOCOL_VERSION, ReplyKind, ServerConfig, ServiceOffer, Versions, encode_go_away,
    encode_reply,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use self::support::{
    Caller1, ECHO, Worker, contract, identity, serve_at, serve_with, text, within, worker,
};

const ANYWHERE: &str = "127.0.0.1:0";

/// The hello of version 1's unit `front` of release 0.1.0 and launch id 7, which hosts nothing.
const OLD_HELLO: &[u8] = b"\x2a\0\0\0\x01SEAM\x01\0\
    \x07\0\0\0\0\0\0\0\0\x04\0\0\0\0\x40\0\
    \x04shop\x05front\x050.1.0\0\0";

/// Version 1's call of service 0, method 0, by the program, with five seconds and id 65,536.
const OLD_CALL: &[u8] = b"\x31\0\0\0\x02\x08\0\0\0\0\0\0\x40\x4b\x4c\0\
    \0\0\x01\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\
    hello";

/// Its answer.
const OLD_REPLY: &[u8] = b"\x11\0\0\0\x03\0\0\0\0\0\x01\0\0\0\0\0hello";

/// What version 1's callee says: the same hello, but of `pay`, with the worker.
fn callee_hello(versions: Option<Versions>) -> Vec<u8> {
    let offer = |m: &seam_core::contract::MethodDescriptor| MethodOffer {
        name: m.name.clone(),
        layout: m.hash,
    };
    let service = ServiceOffer {
        name: "worker".to_owned(),
        version: "1.0".to_owned(),
        methods: contract().methods.iter().map(offer).collect(),
    };
    let (app, unit) = ("shop".to_owned(), "pay".to_owned());
    let mut bytes = Vec::new();
    let hello = Hello { app, unit, services: vec![service], versions, ..Hello::default() };
    hello.encode(&mut bytes).unwrap();
    bytes
}

/// The next frame, whole, as it came.
async fn frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    within(stream.read_exact(&mut bytes)).await.unwrap();
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    bytes.resize(4 + length, 0);
    within(stream.read_exact(&mut bytes[4..])).await.unwrap();
    bytes
}

#[tokio::test]
async fn an_old_caller_is_served_by_the_frames_that_it_knows() {
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &Clock::fast()).await;
    let mut stream = TcpStream::connect(server.address().to_string()).await.unwrap();
    stream.write_all(OLD_HELLO).await.unwrap();
    let hello = frame(&mut stream).await;
    let read = Hello::decode(&hello[5..]).unwrap();
    assert_eq!((read.unit.as_str(), read.versions), ("pay", None), "nothing behind the services");
    stream.write_all(OLD_CALL).await.unwrap();
    assert_eq!(frame(&mut stream).await, OLD_REPLY);
}

#[tokio::test]
async fn an_old_caller_is_refused_by_a_service_that_is_not_active_and_stays() {
    let at_work = Worker::new(contract());
    let config = ServerConfig { inactive: vec![worker()], ..ServerConfig::new(identity("pay")) };
    let server = serve_with(config, ANYWHERE, &at_work).await;
    let mut stream = TcpStream::connect(server.address().to_string()).await.unwrap();
    stream.write_all(OLD_HELLO).await.unwrap();
    let hello = frame(&mut stream).await;
    assert_eq!(Hello::decode(&hello[5..]).unwrap().services.len(), 1, "all that may be hosted");
    stream.write_all(OLD_CALL).await.unwrap();
    let refused = frame(&mut stream).await;
    let Ok(Frame::Failure(_, failed)) = Frame::decode(&refused[4..]) else { panic!("no failure") };
    assert_eq!(failed.code, 2, "unavailable");
    let why: Vec<_> = failed.texts.collect();
    assert_eq!(why, ["`worker` isn't active in this instance"]);
    // It is told nothing, and is served once the service is active.
    server.offers().set(worker(), true);
    let mut again = OLD_CALL.to_vec();
    again[18] += 1;
    stream.write_all(&again).await.unwrap();
    let mut reply = OLD_REPLY.to_vec();
    reply[10] += 1;
    assert_eq!(frame(&mut stream).await, reply);
}

#[tokio::test]
async fn a_caller_of_now_is_answered_as_it_asks() {
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &Clock::fast()).await;
    let mut stream = TcpStream::connect(server.address().to_string()).await.unwrap();
    let mut bytes = Vec::new();
    let ours = identity("front");
    let (app, unit) = (ours.app, ours.unit);
    let versions = Some(Versions::CURRENT);
    Hello { app, unit, versions, ..Hello::default() }.encode(&mut bytes).unwrap();
    // A frame of a kind to come, and a call with an extension that nobody knows yet.
    bytes.extend_from_slice(&[3, 0, 0, 0, 200, 1, 2]);
    let mut call = OLD_CALL.to_vec();
    call[0] += 8;
    call[5] |= 16;
    call.splice(48..48, [1, 99, 0, 3, 0, b'a', b'b', b'c']);
    bytes.extend_from_slice(&call);
    stream.write_all(&bytes).await.unwrap();
    let hello = frame(&mut stream).await;
    let read = Hello::decode(&hello[5..]).unwrap();
    assert_eq!(read.versions.unwrap().highest, PROTOCOL_VERSION);
    assert_eq!(frame(&mut stream).await, OLD_REPLY);
    assert_eq!(*worker.seen.lock(), [b"hello"]);
}

/// Version 1's callee: it says hello at once, and refuses one that says more than its own.
async fn old_callee(listener: TcpListener) -> Vec<Vec<u8>> {
    let mut hellos = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&callee_hello(None)).await.unwrap();
        let hello = frame(&mut stream).await;
        let refused = Hello::decode(&hello[5..]).unwrap().versions.is_some();
        hellos.push(hello);
        let mut said = Vec::new();
        if refused {
            let text = "protocol violation: the frame has 13 bytes too many";
            let reason = GoAwayReason::Violation;
            encode_go_away(&mut said, &GoAway { last: Default::default(), reason, text });
            // The other side may have closed it already.
            let _ = stream.write_all(&said).await;
            continue;
        }
        let call = frame(&mut stream).await;
        // All but its trace is as version 1 writes it.
        assert_eq!((&call[..24], &call[48..]), (&OLD_CALL[..24], &OLD_CALL[48..]));
        let Frame::Call(head, body) = Frame::decode(&call[4..]).unwrap() else { panic!("no call") };
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(body);
            Ok::<_, std::convert::Infallible>(ReplyKind::Answer)
        };
        encode_reply(&mut said, head.id, 1 << 20, write).unwrap();
        stream.write_all(&said).await.unwrap();
        // Until the caller hangs up.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        return hellos;
    }
}

#[tokio::test]
async fn an_old_callee_is_called_by_the_frames_that_it_knows() {
    let listener = TcpListener::bind(ANYWHERE).await.unwrap();
    let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let callee = tokio::spawn(old_callee(listener));
    let clock = Clock::manual();
    let identity = Identity { launch: 7, ..identity("front") };
    let config = LinkConfig { clock: clock.clone(), ..LinkConfig::new(identity) };
    let link = Link::open(config, address, &Handle::current());
    let mut state = link.state();
    let service = link.service(worker(), contract()).into();
    let caller = Caller1 { link, service, clock };
    // The clock stands, so whatever waits before it dials again waits for ever.
    within(caller.link.connected()).await;
    assert!(!format!("{:?}", *state.borrow_and_update()).contains("Down"));
    assert_eq!(text(within(caller.call(ECHO, "hello")).await), "Answer hello");
    drop(caller);
    let hellos = within(callee).await.unwrap();
    assert_eq!(hellos.len(), 2, "told all, refused, and told what it reads");
    assert_eq!(hellos[1], OLD_HELLO);
    let told = &hellos[0];
    let plain = told.len() - 13;
    assert_eq!(told[4..plain], OLD_HELLO[4..], "what is new stands behind");
}

#[tokio::test]
async fn a_callee_of_now_that_took_an_old_ones_place_is_told_all_again() {
    let listener = TcpListener::bind(ANYWHERE).await.unwrap();
    let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let caller = Caller1::open(&address, &Clock::fast());
    let mut told = Vec::new();
    for versions in [None, None, Some(Versions::CURRENT)] {
        let (mut stream, _) = within(listener.accept()).await.unwrap();
        stream.write_all(&callee_hello(versions)).await.unwrap();
        let mut buffer = FrameBuffer::new(1 << 20);
        buffer.feed(&frame(&mut stream).await);
        let Ok(Some(Frame::Hello(hello))) = buffer.next_frame() else { panic!("no hello") };
        told.push(Hello::decode(hello).unwrap().versions.is_some());
        if told.len() == 3 {
            within(caller.link.connected()).await;
        }
    }
    assert_eq!(told, [true, false, true]);
}
