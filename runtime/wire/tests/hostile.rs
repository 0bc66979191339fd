//! Bytes from anywhere: nothing panics, and nothing takes more memory than its cap.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::convert::Infallible;

use proptest::prelude::*;
use seam_core::remote::Form;
use seam_core::time::Moment;
use seam_wire::{
    CallHead, CallId, Event, ExtensionsBuf, Frame, FrameBuffer, Hello, MethodOffer, OriginBuf,
    ServiceOffer, Session, Trace, Versions, Who, encode_cancel, encode_ping, limits,
};

fn hello() -> Hello {
    let methods = vec![MethodOffer { name: "charge".to_owned(), layout: 7 }; 3];
    let (name, version) = ("payment".to_owned(), "1.0".to_owned());
    let services = vec![ServiceOffer { name, version, methods }];
    let versions = Some(Versions::CURRENT);
    Hello { app: "shop".to_owned(), unit: "pay".to_owned(), services, versions, ..Hello::default() }
}

/// Some calls, a cancel and a ping, all in order.
fn valid_frames() -> Vec<u8> {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new(["order", "user"], Who::Named("ledger"), Some("ada")).unwrap();
    let mut entries = ExtensionsBuf::default();
    entries.push(7, b"seven").unwrap();
    for id in 1..=4 {
        let head = CallHead {
            id: CallId(id),
            service: 0,
            method: 1,
            micros: 1_000_000,
            trace: Trace::default(),
            no_retry: id % 2 == 0,
            form: if id % 2 == 0 { Form::Json } else { Form::Encoded },
            origin: origin.origin(),
            extensions: entries.entries(),
        };
        let body = |out: &mut Vec<u8>| {
            out.extend_from_slice(&[id as u8; 100]);
            Ok::<(), Infallible>(())
        };
        head.encode(&mut bytes, limits::MAX_FRAME, body).unwrap();
    }
    encode_cancel(&mut bytes, CallId(2));
    bytes.extend_from_slice(&[3, 0, 0, 0, 128, 1, 2]);
    encode_ping(&mut bytes, 9);
    bytes
}

/// Feeds a fresh side until it objects; how many frames it took.
fn feed(bytes: &[u8], step: usize) -> usize {
    let ours = hello();
    let mut session: Session<()> =
        Session::accepted(&ours, limits::Timeouts::default(), Moment::default()).unwrap();
    let mut buffer = FrameBuffer::new(ours.max_frame);
    let mut taken = 0;
    for chunk in bytes.chunks(step) {
        buffer.feed(chunk);
        assert!(buffer.capacity() <= 2 * bytes.len() + (64 << 10), "{}", buffer.capacity());
        loop {
            let frame = match buffer.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return taken,
            };
            match session.receive(frame) {
                Ok(Event::Call(head, _)) => {
                    assert!(head.origin.chain().count() <= limits::MAX_CHAIN);
                    taken += 1;
                }
                Ok(_) => taken += 1,
                Err(_) => return taken,
            }
        }
    }
    taken
}

fn with_hello(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    hello().encode(&mut all).unwrap();
    all.extend_from_slice(bytes);
    all
}

#[test]
fn what_is_valid_is_taken() {
    assert_eq!(feed(&with_hello(&valid_frames()), 7), 8);
}

#[test]
fn what_is_cut_short_waits_for_more() {
    let bytes = with_hello(&valid_frames());
    for end in 0..bytes.len() {
        assert!(feed(&bytes[..end], 64) < 8);
    }
}

#[test]
fn counts_are_not_believed() {
    // A hello that claims 4,096 services, and ends there.
    let mut bytes = Vec::new();
    Hello { services: vec![], versions: None, ..hello() }.encode(&mut bytes).unwrap();
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&4_096u16.to_le_bytes());
    assert!(Hello::decode(&bytes[5..]).is_err());
    bytes[end - 2..].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(Hello::decode(&bytes[5..]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..4_000), step in 1usize..600) {
        feed(&bytes, step);
        feed(&with_hello(&bytes), step);
        let _ = Frame::decode(&bytes);
        let _ = Hello::decode(&bytes);
    }

    #[test]
    fn random_contents_of_every_kind(kind in prop_oneof![0u8..12, any::<u8>()], bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut frame = (bytes.len() as u32 + 1).to_le_bytes().to_vec();
        frame.push(kind);
        frame.extend_from_slice(&bytes);
        feed(&frame, 64);
        feed(&with_hello(&frame), 64);
    }

    #[test]
    fn flipped_bytes(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = with_hello(&valid_frames());
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        feed(&bytes, 50);
    }

    #[test]
    fn any_head_comes_back(
        ids in any::<(u64, u16, u16)>(),
        micros in any::<u32>(),
        trace in any::<(u128, u64, u8)>(),
        no_retry in any::<bool>(),
        form in prop::sample::select(vec![Form::Encoded, Form::Json]),
        names in prop::collection::vec("[a-z.-]{0,128}", 0..=32),
        who in prop::sample::select(vec![Who::Last, Who::Edge, Who::Program]),
        caller in prop::option::of("[a-z]{0,128}"),
        principal in prop::option::of("\\PC{0,60}"),
        body in prop::collection::vec(any::<u8>(), 0..200),
        entries in prop::collection::vec(
            (any::<u16>(), prop::collection::vec(any::<u8>(), 0..50)),
            0..=16,
        ),
    ) {
        let mut buf = ExtensionsBuf::default();
        for (id, value) in &entries {
            buf.push(*id, value).unwrap();
        }
        let (id, service, method) = ids;
        let chain: Vec<_> = names.iter().map(String::as_str).collect();
        let caller = match &caller { Some(name) => Who::Named(name), None => who };
        let origin = OriginBuf::new(chain.iter().copied(), caller, principal.as_deref()).unwrap();
        let head = CallHead {
            id: CallId(id),
            service,
            method,
            micros,
            trace: Trace { id: trace.0, span: trace.1, flags: trace.2 },
            no_retry,
            form,
            origin: origin.origin(),
            extensions: buf.entries(),
        };
        let mut bytes = Vec::new();
        head.encode(&mut bytes, limits::MAX_FRAME, |out| {
            out.extend_from_slice(&body);
            Ok::<(), Infallible>(())
        }).unwrap();
        let Frame::Call(read, arguments) = Frame::decode(&bytes[4..]).unwrap() else {
            return Err(TestCaseError::fail("no call"));
        };
        prop_assert_eq!(arguments, &body[..]);
        prop_assert_eq!(read, head);
        let values: Vec<_> = read.extensions.iter().map(|e| (e.id, e.value.to_vec())).collect();
        prop_assert_eq!(values, entries);
        prop_assert_eq!(read.origin.chain().collect::<Vec<_>>(), chain);
        prop_assert_eq!((read.origin.caller(), read.origin.principal()), (caller, principal.as_deref()));
    }
}
