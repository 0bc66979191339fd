//! Every frame has one file in `golden/`: what is written must equal it, and it must read as what was
//! written. Changing one of them changes the protocol, and needs a new version of it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use seam_core::remote::Form;
use seam_wire::{
    CallHead, CallId, Credit, Extensions, ExtensionsBuf, Frame, GoAway, GoAwayReason, Hello,
    MethodOffer, Origin, OriginBuf, ReplyKind, ReplyMark, RetryAfter, ServiceOffer, ServiceSetBuf,
    TRACESTATE, Trace, Versions, Who, encode_cancel, encode_credit, encode_failure, encode_go_away,
    encode_health, encode_offers, encode_ping, encode_pong, encode_reply,
};

const CAP: usize = 4 << 20;

/// Compares with the golden file; `SEAM_BLESS=1` writes it instead.
fn golden(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.hex"));
    if std::env::var_os("SEAM_BLESS").is_some() {
        let lines: Vec<String> = bytes
            .chunks(16)
            .map(|line| line.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" "))
            .collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let golden: Vec<u8> =
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    assert_eq!(bytes, golden, "{name} is not what golden/{name}.hex has");
}

/// The frame in `bytes`, which holds one.
fn decode(bytes: &[u8]) -> Frame<'_> {
    let (length, contents) = bytes.split_first_chunk().unwrap();
    assert_eq!(u32::from_le_bytes(*length) as usize, contents.len());
    Frame::decode(contents).unwrap()
}

fn shop() -> Hello {
    let method = |name: &str, layout| MethodOffer { name: name.to_owned(), layout };
    Hello {
        app: "shop".to_owned(),
        unit: "pay".to_owned(),
        release: "0.1.0".to_owned(),
        launch: 0x0123_4567_89ab_cdef,
        services: vec![ServiceOffer {
            name: "payment".to_owned(),
            version: "1.0".to_owned(),
            methods: vec![
                method("charge", 0x1111_2222_3333_4444),
                method("receipt", 0x5555_6666_7777_8888),
            ],
        }],
        ..Hello::default()
    }
}

#[test]
fn hello() {
    let mut bytes = Vec::new();
    shop().encode(&mut bytes).unwrap();
    golden("hello", &bytes);
    let Frame::Hello(contents) = decode(&bytes) else { panic!("no hello") };
    let hello = Hello::decode(contents).unwrap();
    assert_eq!(hello, shop());
    let mut again = Vec::new();
    hello.encode(&mut again).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn hello_with_versions() {
    let mut bytes = Vec::new();
    let hello = Hello {
        versions: Some(Versions { lowest: 1, highest: 2, capabilities: 0x8000_0000_0000_0001 }),
        ..shop()
    };
    hello.encode(&mut bytes).unwrap();
    golden("hello_versions", &bytes);
    let Frame::Hello(contents) = decode(&bytes) else { panic!("no hello") };
    assert_eq!(Hello::decode(contents), Ok(hello));
    let mut plain = Vec::new();
    shop().encode(&mut plain).unwrap();
    assert!(bytes[4..].starts_with(&plain[4..]), "version 1's hello, and then what is new");
}

#[test]
fn hello_of_an_instance() {
    let mut bytes = Vec::new();
    let services = [shop().services, shop().services].concat();
    let active = Some(ServiceSetBuf::new([false, true]));
    // Those of the build that had instances first.
    let versions = Versions { capabilities: 0b111, ..Versions::CURRENT };
    let hello = Hello { services, instance: 7, active, versions: Some(versions), ..shop() };
    hello.encode(&mut bytes).unwrap();
    golden("hello_instance", &bytes);
    let Frame::Hello(contents) = decode(&bytes) else { panic!("no hello") };
    assert_eq!(Hello::decode(contents), Ok(hello));
    // What is about other services than are listed is refused, and so is half a number.
    for (from, to) in [(bytes.len() - 1, 0b110), (bytes.len() - 9, 1)] {
        let mut wrong = bytes.clone();
        wrong[from] = to;
        assert!(Hello::decode(&wrong[5..]).is_err(), "{from}");
    }
}

#[test]
fn offers() {
    let mut bytes = Vec::new();
    let active = ServiceSetBuf::new((0..10).map(|service| service % 3 == 0));
    encode_offers(&mut bytes, active.as_set());
    golden("offers", &bytes);
    assert_eq!(decode(&bytes), Frame::Offers(active.as_set()));
}

#[test]
fn health() {
    let mut bytes = Vec::new();
    let well = ServiceSetBuf::new((0..10).map(|service| service != 4));
    encode_health(&mut bytes, well.as_set());
    golden("health", &bytes);
    assert_eq!(decode(&bytes), Frame::Health(well.as_set()));
}

fn head(origin: Origin<'_>) -> CallHead<'_> {
    CallHead {
        id: CallId(0x0002_0001),
        service: 3,
        method: 1,
        micros: 300_000,
        trace: Trace {
            id: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
            span: 0xb7ad_6b71_6920_3331,
            flags: 1,
        },
        no_retry: false,
        form: Form::Encoded,
        origin,
        extensions: Extensions::NONE,
    }
}

fn write_body(out: &mut Vec<u8>) -> Result<(), Infallible> {
    out.extend_from_slice(b"body");
    Ok(())
}

#[test]
fn call() {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new([], Who::Last, None).unwrap();
    head(origin.origin()).encode(&mut bytes, CAP, write_body).unwrap();
    golden("call", &bytes);
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!(read, head(origin.origin()));
    assert_eq!((read.origin.chain().count(), read.origin.caller()), (0, Who::Last));
    assert_eq!(read.origin.principal(), None);
    assert_eq!(body, b"body");
}

#[test]
fn call_with_everything() {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new(["order", "payment"], Who::Named("ledger"), Some("ada")).unwrap();
    let full = CallHead { no_retry: true, ..head(origin.origin()) };
    full.encode(&mut bytes, CAP, write_body).unwrap();
    golden("call_full", &bytes);
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!(read, full);
    assert_eq!(read.origin.chain().collect::<Vec<_>>(), ["order", "payment"]);
    assert_eq!(
        (read.origin.caller(), read.origin.principal()),
        (Who::Named("ledger"), Some("ada"))
    );
    assert_eq!(body, b"body");
    let mut again = Vec::new();
    read.encode(&mut again, CAP, write_body).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn call_with_extensions() {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new(["order"], Who::Last, None).unwrap();
    let mut entries = ExtensionsBuf::default();
    entries.push(1, b"one").unwrap();
    entries.push(0x0203, b"").unwrap();
    let extended = CallHead { extensions: entries.entries(), ..head(origin.origin()) };
    extended.encode(&mut bytes, CAP, write_body).unwrap();
    golden("call_extended", &bytes);
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!((read, body), (extended, &b"body"[..]));
    assert_eq!(read.extensions.get(1), Some(&b"one"[..]));
    // The way is the same as without them, however the call before it was written.
    for before in [Origin::PROGRAM, origin.origin()] {
        let call = Frame::as_call(&bytes[4..], before).unwrap().unwrap();
        assert_eq!((call.origin(), call.body), (origin.origin(), &b"body"[..]));
        assert_eq!(call.extensions, extended.extensions);
    }
}

#[test]
fn call_with_tracestate() {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new(["order"], Who::Last, None).unwrap();
    let mut entries = ExtensionsBuf::default();
    entries.push(TRACESTATE, b"foo=1,bar=2").unwrap();
    let stated = CallHead { extensions: entries.entries(), ..head(origin.origin()) };
    stated.encode(&mut bytes, CAP, write_body).unwrap();
    golden("call_tracestate", &bytes);
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!((read, body), (stated, &b"body"[..]));
    assert_eq!(read.extensions.get(TRACESTATE), Some(&b"foo=1,bar=2"[..]));
}

#[test]
fn call_in_json() {
    let mut bytes = Vec::new();
    let origin = OriginBuf::new([], Who::Edge, None).unwrap();
    let json = CallHead { form: Form::Json, ..head(origin.origin()) };
    let arguments = |out: &mut Vec<u8>| {
        out.extend_from_slice(br#"{"userId":1}"#);
        Ok::<(), Infallible>(())
    };
    json.encode(&mut bytes, CAP, arguments).unwrap();
    golden("call_json", &bytes);
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!((read, body), (json, &br#"{"userId":1}"#[..]));
    // Its origin is the same as that of a call in the other form, and extensions may stand behind it.
    for before in [Origin::PROGRAM, origin.origin()] {
        let call = Frame::as_call(&bytes[4..], before).unwrap().unwrap();
        assert_eq!((call.origin(), call.form()), (origin.origin(), Form::Json));
        assert_eq!((call.extensions, call.body), (Extensions::NONE, &br#"{"userId":1}"#[..]));
    }
    let mut entries = ExtensionsBuf::default();
    entries.push(1, b"one").unwrap();
    let both = CallHead { extensions: entries.entries(), no_retry: true, ..json };
    let mut bytes = Vec::new();
    both.encode(&mut bytes, CAP, arguments).unwrap();
    let Frame::Call(read, body) = decode(&bytes) else { panic!("no call") };
    assert_eq!((read, body), (both, &br#"{"userId":1}"#[..]));
}

#[test]
fn a_frame_of_a_kind_to_come() {
    golden("unknown", &[3, 0, 0, 0, 200, 1, 2]);
    assert_eq!(decode(&[3, 0, 0, 0, 200, 1, 2]), Frame::Unknown(200));
}

#[test]
fn replies() {
    for (name, kind, degraded) in [
        ("reply", ReplyKind::Answer, false),
        ("reply_service_error", ReplyKind::ServiceError, false),
        ("reply_degraded", ReplyKind::Answer, true),
    ] {
        let mut bytes = Vec::new();
        let mark = ReplyMark { kind, degraded };
        let write = |out: &mut Vec<u8>| write_body(out).map(|()| mark);
        encode_reply(&mut bytes, CallId(0x0002_0001), CAP, write).unwrap();
        golden(name, &bytes);
        assert_eq!(decode(&bytes), Frame::Reply(CallId(0x0002_0001), mark, b"body"));
    }
}

#[test]
fn failures() {
    for (name, code, retry_after, texts) in [
        ("failure", 1, RetryAfter::Wait(Duration::from_millis(250)), &[][..]),
        ("failure_never", 2, RetryAfter::Never, &["stopping"]),
        ("failure_texts", 132, RetryAfter::Unsaid, &["ledger", "post", "the disk is full"]),
    ] {
        let mut bytes = Vec::new();
        encode_failure(&mut bytes, CallId(7), code, retry_after, texts.iter().copied());
        golden(name, &bytes);
        let Frame::Failure(id, failed) = decode(&bytes) else { panic!("no failure") };
        assert_eq!((id, failed.code, failed.retry_after), (CallId(7), code, retry_after));
        assert_eq!(failed.texts.collect::<Vec<_>>(), texts);
    }
}

#[test]
fn small_frames() {
    let mut bytes = Vec::new();
    encode_cancel(&mut bytes, CallId(7));
    golden("cancel", &bytes);
    assert_eq!(decode(&bytes), Frame::Cancel(CallId(7)));

    bytes.clear();
    encode_credit(&mut bytes, Credit(64));
    golden("credit", &bytes);
    assert_eq!(decode(&bytes), Frame::Credit(Credit(64)));

    bytes.clear();
    encode_ping(&mut bytes, 3);
    golden("ping", &bytes);
    assert_eq!(decode(&bytes), Frame::Ping(3));

    bytes.clear();
    encode_pong(&mut bytes, 3);
    golden("pong", &bytes);
    assert_eq!(decode(&bytes), Frame::Pong(3));

    bytes.clear();
    let go_away = GoAway { last: CallId(7), reason: GoAwayReason::Draining, text: "stopping" };
    encode_go_away(&mut bytes, &go_away);
    golden("go_away", &bytes);
    assert_eq!(decode(&bytes), Frame::GoAway(go_away));
}
