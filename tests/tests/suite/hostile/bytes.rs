//! What strangers send.

use std::convert::Infallible;

use seam_wire::{
    CallHead, CallId, Credit, Extensions, GoAway, GoAwayReason, OriginBuf, ReplyKind, Trace, Who,
    encode_cancel, encode_credit, encode_go_away, encode_ping, encode_reply, limits,
};

use super::{MEDLEY, UNIT};

/// The valid first message that the protocol's documents come with.
pub(super) fn hello() -> Vec<u8> {
    let text = include_str!("../../../../runtime/wire/golden/hello.hex");
    let digits = |byte: &str| u8::from_str_radix(byte, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// Bytes after a valid hello.
pub(super) fn after_hello(bytes: &[u8]) -> Vec<u8> {
    [hello(), bytes.to_vec()].concat()
}

/// A call by the program.
pub(super) fn call(id: u64, service: u16, method: u16, body: &[u8]) -> Vec<u8> {
    call_by(Who::Program, id, service, method, body)
}

/// A call by anybody.
pub(super) fn call_by(caller: Who<'_>, id: u64, service: u16, method: u16, body: &[u8]) -> Vec<u8> {
    let origin = OriginBuf::new([], caller, None).unwrap();
    let head = CallHead {
        id: CallId(id),
        service,
        method,
        micros: 30_000_000,
        trace: Trace::default(),
        no_retry: false,
        form: seam_core::remote::Form::Encoded,
        origin: origin.origin(),
        extensions: Extensions::NONE,
    };
    let mut bytes = Vec::new();
    head.encode(&mut bytes, limits::MAX_FRAME, body_of(body)).unwrap();
    bytes
}

/// What writes a body.
pub(super) fn body_of(body: &[u8]) -> impl FnOnce(&mut Vec<u8>) -> Result<(), Infallible> {
    |out| {
        out.extend_from_slice(body);
        Ok(())
    }
}

/// So many pings.
pub(super) fn ping(many: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..many).for_each(|number| encode_ping(&mut bytes, number));
    bytes
}

/// So many cancels of calls that don't run.
pub(super) fn cancels(many: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..many).for_each(|number| encode_cancel(&mut bytes, CallId(number)));
    bytes
}

/// What breaks the protocol, and the reason that is to be logged.
pub(super) fn violations() -> Vec<(Vec<u8>, &'static str)> {
    let good = call(5, MEDLEY, UNIT, &[]);
    let changed = |place: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[place] = value;
        after_hello(&bytes)
    };
    let mut hello_of_version_9 = hello();
    hello_of_version_9[9] = 9;
    let mut hello_of_another_app = hello();
    hello_of_another_app[28] = b'x';
    let mut hello_of_no_text = hello();
    hello_of_no_text[28] = 0xff;
    let mut hello_with_more = hello();
    hello_with_more[0] += 1;
    hello_with_more.push(0);
    let mut reply = Vec::new();
    let answer = |_: &mut Vec<u8>| Ok::<_, Infallible>(ReplyKind::Answer);
    encode_reply(&mut reply, CallId(7), limits::MAX_FRAME, answer).unwrap();
    let mut credit = Vec::new();
    encode_credit(&mut credit, Credit(u32::MAX));
    let mut go_away = Vec::new();
    let (last, reason) = (CallId(0), GoAwayReason::Draining);
    encode_go_away(&mut go_away, &GoAway { last, reason, text: "bye" });
    *go_away.last_mut().unwrap() = 0xff;
    vec![
        (b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n".to_vec(), "protocol violation"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "protocol violation"),
        ([0xff; 8].to_vec(), "protocol violation"),
        ([0xff; 64].to_vec(), "protocol violation"),
        (vec![0; 64], "protocol violation"),
        (vec![1, 0, 0, 0, 3], "no seam hello"),
        (good.clone(), "no seam hello"),
        (ping(1), "no seam hello"),
        (hello_of_version_9, "a hello of layout 9"),
        (hello_of_another_app, "the peer is of another app"),
        (hello_of_no_text, "not UTF-8"),
        (hello_with_more, "ends within its lowest version"),
        (after_hello(&hello()), "a second hello"),
        (after_hello(&[0xff; 8]), "a frame of 4294967299 bytes"),
        (after_hello(&u64::MAX.to_le_bytes()), "a frame of 4294967299 bytes"),
        (after_hello(&[0, 0, 0, 0]), "protocol violation"),
        (after_hello(&[5, 0, 0, 0, 99, 1, 2, 3, 4]), "an unknown kind of frame: 99"),
        (after_hello(&[2, 0, 0, 0, 2, 0]), "the frame ends within"),
        (after_hello(&[2, 0, 0, 0, 7, 0]), "the frame ends within"),
        (changed(5, 0xff), "reserved bits are set"),
        (changed(6, 0xff), "which the hello doesn't list"),
        (changed(8, 0xff), "which the hello doesn't list"),
        (changed(10, 33), "protocol violation"),
        (changed(10, 255), "protocol violation"),
        (after_hello(&[good.clone(), good.clone()].concat()), "ids must grow"),
        (after_hello(&reply), "protocol violation"),
        (after_hello(&credit), "protocol violation"),
        (after_hello(&go_away), "not UTF-8"),
    ]
}
