//! Two sessions face to face, on a clock that only the test moves.

use std::convert::Infallible;

use seam_core::remote::Form;

use super::*;
use crate::buffer::FrameBuffer;
use crate::frame::{
    ExtensionsBuf, MethodOffer, Origin, ReplyKind, ServiceOffer, ServiceSetBuf, Trace,
    encode_health, encode_offers,
};

/// What a test keeps of an event.
#[derive(Debug, PartialEq)]
enum Seen {
    Ready(String),
    Call(u64, u16, Vec<u8>),
    Cancel(u64),
    Reply(&'static str, ReplyKind, Vec<u8>),
    Failure(&'static str, u8, Vec<String>),
    GoAway(u64, Vec<&'static str>),
    Offers(ServiceSetBuf),
    Health(ServiceSetBuf),
}

struct Side {
    session: Session<&'static str>,
    buffer: FrameBuffer,
}

impl Side {
    fn new(hello: &Hello, now: Moment) -> Self {
        let session = Session::dialled(hello, Timeouts::default(), now).unwrap();
        Self { session, buffer: FrameBuffer::new(hello.max_frame) }
    }

    fn accepted(hello: &Hello, now: Moment) -> Self {
        let session = Session::accepted(hello, Timeouts::default(), now).unwrap();
        Self { session, buffer: FrameBuffer::new(hello.max_frame) }
    }

    /// Sends what waits, and says what the other side makes of it.
    fn send_to(&mut self, other: &mut Self, now: Moment) -> Result<Vec<Seen>, Violation> {
        let mut batch = Vec::new();
        self.session.take_output(&mut batch);
        other.take(&batch, now)
    }

    fn take(&mut self, bytes: &[u8], now: Moment) -> Result<Vec<Seen>, Violation> {
        if !bytes.is_empty() {
            self.session.heard(now);
        }
        self.buffer.feed(bytes);
        let mut seen = Vec::new();
        while let Some(frame) = self.buffer.next_frame()? {
            let session = &mut self.session;
            seen.extend(match session.receive(frame)? {
                Event::Nothing | Event::Pong(_) => None,
                Event::Ready(hello) => Some(Seen::Ready(hello.unit)),
                Event::Call(head, body) => {
                    Some(Seen::Call(number(head.id), head.method, body.into()))
                }
                Event::Cancel(id) => Some(Seen::Cancel(number(id))),
                Event::Reply(id, mark, body) => {
                    Some(Seen::Reply(fetch(session, id), mark.kind, body.into()))
                }
                Event::Failure(id, failed) => {
                    let texts = failed.texts.map(str::to_owned).collect();
                    Some(Seen::Failure(fetch(session, id), failed.code, texts))
                }
                Event::GoAway(go_away, refused) => {
                    let refused = refused.into_iter().map(|id| fetch(session, id)).collect();
                    Some(Seen::GoAway(number(go_away.last), refused))
                }
                Event::Offers(active) => Some(Seen::Offers(active.to_buf())),
                Event::Health(well) => Some(Seen::Health(well.to_buf())),
            });
        }
        Ok(seen)
    }

    fn call(&mut self, who: &'static str, deadline: Moment) -> Result<CallId, NotSent<Infallible>> {
        let call = self.session.call(head(), deadline, |out| {
            out.extend_from_slice(who.as_bytes());
            Ok(())
        });
        let (id, waiting) = call?;
        *waiting = who;
        Ok(id)
    }

    fn answer(&mut self, id: CallId, body: &[u8]) {
        let written = self.session.reply(id, |out| {
            out.extend_from_slice(body);
            Ok::<_, Infallible>(ReplyKind::Answer)
        });
        written.unwrap();
    }
}

/// Who waited for a call.
fn fetch(session: &mut Session<&'static str>, id: CallId) -> &'static str {
    let Some(Poll::Ready(who)) = session.fetch(id, |who| Poll::Ready(*who)) else {
        panic!("nobody waits for {id:?}");
    };
    who
}

/// The count in a call id, without its place.
const fn number(id: CallId) -> u64 {
    id.0 >> 16
}

fn head() -> CallHead<'static> {
    CallHead {
        id: CallId(0),
        service: 0,
        method: 1,
        micros: 5_000_000,
        trace: Trace::default(),
        no_retry: false,
        form: Form::Encoded,
        origin: Origin::PROGRAM,
        extensions: Extensions::NONE,
    }
}

fn hello(unit: &str, credit: u32) -> Hello {
    let method = |name: &str| MethodOffer { name: name.to_owned(), layout: 1 };
    let payment = ServiceOffer {
        name: "payment".to_owned(),
        version: "1.0".to_owned(),
        methods: vec![method("charge"), method("receipt")],
    };
    let (app, unit) = ("shop".to_owned(), unit.to_owned());
    let versions = Some(Versions::CURRENT);
    Hello { app, unit, credit, services: vec![payment], versions, ..Hello::default() }
}

/// The same as a build of version 1 says it.
fn old_hello(unit: &str) -> Hello {
    Hello { versions: None, ..hello(unit, 8) }
}

fn at(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}

/// A caller and a callee that grants `credit` calls, greeted at moment zero.
fn pair(credit: u32) -> (Side, Side) {
    let mut caller = Side::new(&hello("front", 8), at(0));
    let mut callee = Side::accepted(&hello("pay", credit), at(0));
    assert_eq!(caller.send_to(&mut callee, at(0)).unwrap(), [Seen::Ready("front".to_owned())]);
    assert_eq!(callee.send_to(&mut caller, at(0)).unwrap(), [Seen::Ready("pay".to_owned())]);
    (caller, callee)
}

#[test]
fn calls_find_their_answers_in_any_order() {
    let (mut caller, mut callee) = pair(8);
    let a = caller.call("a", Moment::NEVER).unwrap();
    let b = caller.call("b", Moment::NEVER).unwrap();
    assert!(b > a);
    assert_eq!(
        caller.send_to(&mut callee, at(1)).unwrap(),
        [Seen::Call(1, 1, b"a".into()), Seen::Call(2, 1, b"b".into())]
    );
    assert_eq!(callee.session.unanswered(), 2);
    callee.answer(b, b"B");
    callee.session.fail(a, 130, RetryAfter::Unsaid, ["why"]);
    assert_eq!(
        callee.send_to(&mut caller, at(1)).unwrap(),
        [
            Seen::Reply("b", ReplyKind::Answer, b"B".into()),
            Seen::Failure("a", 130, vec!["why".to_owned()])
        ]
    );
    assert_eq!((callee.session.unanswered(), caller.session.calls_in_flight()), (0, 0));
}

#[test]
fn no_call_before_the_handshake() {
    let mut caller = Side::new(&hello("front", 8), at(0));
    assert_eq!(caller.call("a", Moment::NEVER), Err(NotSent::NotOpen));
    let mut call = Vec::new();
    CallHead { id: CallId(1), ..head() }.encode(&mut call, 1_000, |_| Ok::<(), ()>(())).unwrap();
    // At the first frame, even the buffer knows better.
    assert_eq!(caller.take(&call, at(0)), Err(Violation::BadMagic));
}

#[test]
fn a_handshake_takes_five_seconds_at_most() {
    let mut side = Side::new(&hello("front", 8), at(0));
    assert_eq!(side.session.tick(at(4_999), |_| ()), Ok(at(5_000)));
    assert_eq!(side.session.tick(at(5_000), |_| ()), Err(TooSilent::Handshake));
}

#[test]
fn one_hello_of_one_app() {
    let (mut caller, mut callee) = pair(8);
    let mut again = Vec::new();
    hello("front", 8).encode(&mut again).unwrap();
    assert_eq!(callee.take(&again, at(0)), Err(Violation::HelloTwice));

    let mut other = Side::new(&Hello { app: "blog".to_owned(), ..hello("front", 8) }, at(0));
    let mut callee = Side::accepted(&hello("pay", 8), at(0));
    assert_eq!(other.send_to(&mut callee, at(0)), Err(Violation::OtherApp));
    assert!(caller.call("a", Moment::NEVER).is_ok());
}

#[test]
fn credit_bounds_what_is_in_flight_and_comes_back_with_the_answer() {
    let (mut caller, mut callee) = pair(2);
    let a = caller.call("a", Moment::NEVER).unwrap();
    caller.call("b", Moment::NEVER).unwrap();
    assert_eq!(caller.call("c", Moment::NEVER), Err(NotSent::NoCredit(2)));
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.answer(a, b"");
    callee.send_to(&mut caller, at(0)).unwrap();
    caller.call("c", Moment::NEVER).unwrap();
    assert_eq!(caller.call("d", Moment::NEVER), Err(NotSent::NoCredit(2)));
    callee.session.grant(1);
    callee.send_to(&mut caller, at(0)).unwrap();
    caller.call("d", Moment::NEVER).unwrap();
    assert_eq!(caller.send_to(&mut callee, at(0)).unwrap().len(), 2);
}

#[test]
fn a_caller_that_overdraws_breaks_the_protocol() {
    let (_, mut callee) = pair(2);
    let mut calls = Vec::new();
    for id in 1..=3 {
        let head = CallHead { id: CallId(id), ..head() };
        head.encode(&mut calls, 1_000, |_| Ok::<(), ()>(())).unwrap();
    }
    assert_eq!(callee.take(&calls, at(0)), Err(Violation::CreditExceeded { granted: 2 }));
}

#[test]
fn ids_grow_and_methods_exist() {
    for (id, service, method, wrong) in [
        (1, 0, 0, Violation::CallIdNotGrowing { id: CallId(1), last: CallId(1) }),
        (2, 1, 0, Violation::NoSuchMethod { service: 1, method: 0 }),
        (2, 0, 2, Violation::NoSuchMethod { service: 0, method: 2 }),
    ] {
        let (_, mut callee) = pair(8);
        let mut calls = Vec::new();
        let first = CallHead { id: CallId(1), ..head() };
        let second = CallHead { id: CallId(id), service, method, ..head() };
        first.encode(&mut calls, 1_000, |_| Ok::<(), ()>(())).unwrap();
        second.encode(&mut calls, 1_000, |_| Ok::<(), ()>(())).unwrap();
        assert_eq!(callee.take(&calls, at(0)), Err(wrong));
    }
}

#[test]
fn an_answer_to_nothing_breaks_the_protocol() {
    let (mut caller, mut callee) = pair(8);
    let a = caller.call("a", Moment::NEVER).unwrap();
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.answer(a, b"");
    let mut twice = Vec::new();
    callee.session.take_output(&mut twice);
    twice.extend_from_within(..);
    assert_eq!(caller.take(&twice, at(0)), Err(Violation::NoSuchCall(a)));
}

#[test]
fn a_deadline_is_kept_by_the_caller_and_the_credit_waits_for_the_callee() {
    let (mut caller, mut callee) = pair(2);
    let a = caller.call("a", at(300)).unwrap();
    let b = caller.call("b", at(700)).unwrap();
    caller.send_to(&mut callee, at(0)).unwrap();
    assert_eq!(caller.session.next_tick(), at(300));

    let mut expired = Vec::new();
    assert_eq!(caller.session.tick(at(300), |who| expired.push(*who)), Ok(at(700)));
    assert_eq!(expired, ["a"]);
    assert_eq!(fetch(&mut caller.session, a), "a");
    assert_eq!(caller.send_to(&mut callee, at(300)).unwrap(), [Seen::Cancel(1)]);
    // The callee still holds the call, so its credit isn't free yet.
    assert_eq!(caller.call("c", Moment::NEVER), Err(NotSent::NoCredit(2)));
    callee.session.fail(a, 131, RetryAfter::Unsaid, []);
    callee.answer(b, b"B");
    assert_eq!(
        callee.send_to(&mut caller, at(301)).unwrap(),
        [Seen::Reply("b", ReplyKind::Answer, b"B".into())]
    );
    assert!(caller.call("c", Moment::NEVER).is_ok());
}

#[test]
fn a_caller_that_goes_away_says_so_once() {
    let (mut caller, mut callee) = pair(2);
    let a = caller.call("a", Moment::NEVER).unwrap();
    assert_eq!(caller.session.waiting(a), Some(&mut "a"));
    let mut left = Vec::new();
    caller.session.cancel(a, |who| left.push(*who));
    caller.session.cancel(a, |who| left.push(*who));
    assert_eq!((left, caller.session.waiting(a)), (vec!["a"], None));
    assert_eq!(
        caller.send_to(&mut callee, at(0)).unwrap(),
        [Seen::Call(1, 1, b"a".into()), Seen::Cancel(1)]
    );
}

#[test]
fn silence_is_pinged_after_one_second_and_final_after_two() {
    let (mut caller, mut callee) = pair(8);
    assert_eq!(caller.session.tick(at(999), |_| ()), Ok(at(1_000)));
    assert_eq!(caller.session.output_len(), 0);
    assert_eq!(caller.session.tick(at(1_000), |_| ()), Ok(at(2_000)));
    // The ping is answered: another second of peace.
    caller.send_to(&mut callee, at(1_000)).unwrap();
    callee.send_to(&mut caller, at(1_001)).unwrap();
    assert_eq!(caller.session.tick(at(2_000), |_| ()), Ok(at(2_001)));
    assert_eq!(caller.session.tick(at(2_001), |_| ()), Ok(at(3_001)));
    assert_eq!(caller.session.tick(at(3_000), |_| ()), Ok(at(3_001)));
    assert_eq!(caller.session.tick(at(3_001), |_| ()), Err(TooSilent::Dead));
}

#[test]
fn a_stall_on_this_side_condemns_nobody() {
    let (mut caller, _) = pair(8);
    assert_eq!(caller.session.tick(at(60_000), |_| ()), Ok(at(61_000)));
    assert_eq!(caller.session.tick(at(61_000), |_| ()), Err(TooSilent::Dead));
}

#[test]
fn a_callee_that_leaves_answers_what_it_took() {
    let (mut caller, mut callee) = pair(8);
    let a = caller.call("a", Moment::NEVER).unwrap();
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.session.leave(GoAwayReason::Draining, "stopping");
    callee.session.leave(GoAwayReason::Draining, "stopping");
    // These two cross the go-away on the wire.
    caller.call("b", Moment::NEVER).unwrap();
    caller.call("c", Moment::NEVER).unwrap();
    assert_eq!(caller.send_to(&mut callee, at(0)).unwrap(), []);
    assert_eq!(callee.send_to(&mut caller, at(0)).unwrap(), [Seen::GoAway(1, vec!["b", "c"])]);
    assert_eq!(caller.call("d", Moment::NEVER), Err(NotSent::PeerLeft));
    assert!(!callee.session.has_drained());
    callee.answer(a, b"A");
    assert!(callee.session.has_drained() && !caller.session.is_over());
    assert_eq!(
        callee.send_to(&mut caller, at(0)).unwrap(),
        [Seen::Reply("a", ReplyKind::Answer, b"A".into())]
    );
    assert!(caller.session.is_over());
}

#[test]
fn a_ping_that_is_answered_says_that_what_went_before_was_taken() {
    let (mut caller, mut callee) = pair(8);
    let number = caller.session.ping();
    caller.send_to(&mut callee, at(0)).unwrap();
    let mut pong = Vec::new();
    callee.session.take_output(&mut pong);
    caller.buffer.feed(&pong);
    let frame = caller.buffer.next_frame().unwrap().unwrap();
    assert!(matches!(caller.session.receive(frame), Ok(Event::Pong(told)) if told == number));
    assert!(caller.session.ping() > number, "each has its own");
}

#[test]
fn pings_of_a_peer_that_reads_nothing_fill_no_memory() {
    let (mut caller, _) = pair(8);
    let mut ping = Vec::new();
    frame::encode_ping(&mut ping, 1);
    for _ in 0..200_000 {
        caller.take(&ping, at(0)).unwrap();
    }
    assert!(caller.session.output_len() < PONGS_UP_TO + 100);
}

#[test]
fn the_end_tells_what_left_from_what_did_not() {
    let (mut caller, _) = pair(8);
    caller.call("a", Moment::NEVER).unwrap();
    caller.call("b", Moment::NEVER).unwrap();
    let mut batch = Vec::new();
    caller.session.take_output(&mut batch);
    let gone = caller.call("gone", Moment::NEVER).unwrap();
    caller.session.cancel(gone, |_| ());
    caller.call("c", Moment::NEVER).unwrap();
    // All but the last byte of "b" was handed over; "c" is still in the output.
    let fates: Vec<_> = caller.session.close(1).map(|(_, who, fate)| (who, fate)).collect();
    let (maybe, not) = (Some(Fate::MaybeSent), Some(Fate::NotSent));
    assert_eq!(fates, [("a", maybe), ("b", not), ("c", not)]);
}

#[test]
fn what_the_peer_does_not_take_is_not_sent() {
    let small = Hello { max_frame: 8 << 10, ..hello("pay", 8) };
    let mut caller = Side::new(&hello("front", 8), at(0));
    let mut callee = Side::accepted(&small, at(0));
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.send_to(&mut caller, at(0)).unwrap();
    let sent = caller.session.call(head(), Moment::NEVER, |out| {
        out.resize(out.len() + (8 << 10), 0);
        Ok::<(), Infallible>(())
    });
    let cap = 8 << 10;
    let large = EncodeError::FrameTooLarge { length: cap + 48, cap };
    assert_eq!(sent.map(|(id, _)| id), Err(NotSent::Encode(large)));
    assert_eq!((caller.session.output_len(), caller.session.calls_in_flight()), (0, 0));
    assert!(caller.call("b", Moment::NEVER).is_ok());
}

#[test]
fn an_answer_is_kept_until_it_is_fetched_and_so_is_its_place() {
    let (mut caller, mut callee) = pair(2);
    let a = caller.call("a", at(300)).unwrap();
    caller.send_to(&mut callee, at(0)).unwrap();
    let answer = Frame::Reply(a, ReplyKind::Answer.into(), b"A");
    let reply = caller.session.receive(answer).unwrap();
    assert_eq!(reply, Event::Reply(a, ReplyKind::Answer.into(), b"A"));
    // Its credit is free, its place isn't, and its deadline is nobody's any more.
    assert_eq!((caller.session.calls_in_flight(), caller.session.is_idle()), (0, false));
    let b = caller.call("b", Moment::NEVER).unwrap();
    assert_ne!(a.0 & 0xffff, b.0 & 0xffff);
    caller.session.tick(at(400), |who| panic!("{who}")).unwrap();
    assert_eq!(caller.session.fetch(a, |_| Poll::<()>::Pending), Some(Poll::Pending));
    assert_eq!(fetch(&mut caller.session, a), "a");
    assert_eq!(caller.session.waiting(a), None);
    let c = caller.call("c", Moment::NEVER).unwrap();
    assert_eq!(a.0 & 0xffff, c.0 & 0xffff);
    // What has come survives the connection; what hasn't gets to know its fate.
    caller.session.receive(Frame::Reply(b, ReplyKind::Answer.into(), b"B")).unwrap();
    let left: Vec<_> = caller.session.close(0).collect();
    assert_eq!(left, [(c, "c", Some(Fate::NotSent)), (b, "b", None)]);
}

#[test]
fn ids_go_on_after_those_of_the_connection_before() {
    let (mut first, _) = pair(2);
    let a = first.call("a", Moment::NEVER).unwrap();
    let (mut second, _) = pair(2);
    second.session.go_on_after(first.session.last_id());
    assert!(second.call("b", Moment::NEVER).unwrap() > a);
}

#[test]
fn two_of_now_settle_on_the_highest_version_and_on_what_both_can_do() {
    let versions = |capabilities| Some(Versions { capabilities, ..Versions::CURRENT });
    let mut caller = Side::new(&Hello { versions: versions(0b011), ..hello("front", 8) }, at(0));
    let ours = Hello { versions: versions(0b110), ..hello("pay", 8) };
    let mut callee = Side::accepted(&ours, at(0));
    assert_eq!(callee.session.output_len(), 0, "who accepts waits for who dialled");
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.send_to(&mut caller, at(0)).unwrap();
    let settled = Settled { version: frame::PROTOCOL_VERSION, capabilities: 0b010 };
    assert_eq!((caller.session.settled(), callee.session.settled()), (settled, settled));
}

#[test]
fn who_says_version_1_is_answered_in_it() {
    let mut caller = Side::new(&old_hello("front"), at(0));
    let mut callee = Side::accepted(&hello("pay", 8), at(0));
    caller.send_to(&mut callee, at(0)).unwrap();
    let mut plain = Vec::new();
    old_hello("pay").encode(&mut plain).unwrap();
    let mut said = Vec::new();
    callee.session.take_output(&mut said);
    assert_eq!(said, plain, "to the byte");
    caller.take(&said, at(0)).unwrap();
    assert_eq!(
        (caller.session.settled(), callee.session.settled()),
        (Settled::FIRST, Settled::FIRST)
    );

    // Its heads have no extensions, and it is sent none.
    let mut entries = ExtensionsBuf::default();
    entries.push(1, b"one").unwrap();
    let extended = CallHead { id: CallId(1 << 16), extensions: entries.entries(), ..head() };
    let sent = callee.session.call(extended, Moment::NEVER, |_| Ok::<(), Infallible>(()));
    sent.unwrap();
    assert_eq!(callee.send_to(&mut caller, at(0)).unwrap(), [Seen::Call(1, 1, vec![])]);
    let mut bytes = Vec::new();
    extended.encode(&mut bytes, 1_000, |_| Ok::<(), ()>(())).unwrap();
    assert_eq!(callee.take(&bytes, at(0)), Err(Violation::Reserved("call")));
}

#[test]
fn calls_in_json_are_for_those_who_take_them() {
    let json = CallHead { form: Form::Json, ..head() };
    let body = |out: &mut Vec<u8>| {
        out.extend_from_slice(b"{}");
        Ok::<(), Infallible>(())
    };
    let (mut caller, mut callee) = pair(8);
    caller.session.call(json, Moment::NEVER, body).unwrap();
    assert_eq!(caller.send_to(&mut callee, at(0)).unwrap(), [Seen::Call(1, 1, b"{}".into())]);

    // Who doesn't is sent none, and takes one for a violation.
    let versions = |capabilities| Some(Versions { capabilities, ..Versions::CURRENT });
    let older = Capabilities::ALL & !Capabilities::JSON;
    let mut caller = Side::new(&hello("front", 8), at(0));
    let ours = Hello { versions: versions(older), ..hello("pay", 8) };
    let mut callee = Side::accepted(&ours, at(0));
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.send_to(&mut caller, at(0)).unwrap();
    let refused = caller.session.call(json, Moment::NEVER, body).map(drop);
    assert_eq!(refused, Err(NotSent::NoJson));
    let mut bytes = Vec::new();
    CallHead { id: CallId(1 << 16), ..json }.encode(&mut bytes, 1_000, body).unwrap();
    assert_eq!(callee.take(&bytes, at(0)), Err(Violation::Reserved("call")));
}

#[test]
fn extensions_travel_with_a_call_and_its_body_is_what_stands_behind_them() {
    let (mut caller, mut callee) = pair(8);
    let mut entries = ExtensionsBuf::default();
    entries.push(900, b"whatever it is").unwrap();
    let extended = CallHead { extensions: entries.entries(), ..head() };
    let sent = caller.session.call(extended, Moment::NEVER, |out| {
        out.extend_from_slice(b"body");
        Ok::<(), Infallible>(())
    });
    sent.unwrap();
    assert_eq!(caller.send_to(&mut callee, at(0)).unwrap(), [Seen::Call(1, 1, b"body".into())]);
}

#[test]
fn frames_of_kinds_to_come_are_passed_by_and_others_are_not() {
    for kind in [128, 200, 255] {
        let (mut caller, mut callee) = pair(8);
        let mut bytes = vec![4, 0, 0, 0, kind, 1, 2, 3];
        frame::encode_ping(&mut bytes, 1);
        assert_eq!(callee.take(&bytes, at(0)), Ok(vec![]));
        assert!(callee.session.output_len() > 0, "the ping behind it is answered");
        callee.send_to(&mut caller, at(0)).unwrap();
    }
    for kind in [0, 12, 127] {
        let (_, mut callee) = pair(8);
        let refused = callee.take(&[4, 0, 0, 0, kind, 1, 2, 3], at(0));
        assert_eq!(refused, Err(Violation::UnknownKind(kind)));
    }
}

#[test]
fn who_is_told_why_before_its_hello_can_read_it() {
    let mut callee = Side::accepted(&hello("pay", 8), at(0));
    callee.session.leave(GoAwayReason::Draining, "stopping");
    let mut said = Vec::new();
    callee.session.take_output(&mut said);
    let mut caller = Side::new(&old_hello("front"), at(0));
    let seen = caller.take(&said, at(0)).unwrap();
    assert_eq!(seen, [Seen::Ready("pay".to_owned()), Seen::GoAway(0, vec![])]);
}

#[test]
fn no_common_version_ends_the_connection_and_says_so() {
    let later = Versions { lowest: 7, highest: 9, capabilities: 0 };
    let mut caller = Side::new(&Hello { versions: Some(later), ..hello("front", 8) }, at(0));
    let mut callee = Side::accepted(&hello("pay", 8), at(0));
    let refused = caller.send_to(&mut callee, at(0));
    assert_eq!(refused, Err(Violation::NoCommonVersion { lowest: 7, highest: 9 }));
}

#[test]
fn offers_are_told_to_who_reads_them_and_must_be_about_the_hello() {
    let (mut caller, mut callee) = pair(8);
    let away = ServiceSetBuf::new([false]);
    callee.session.offer(away.as_set());
    assert_eq!(callee.send_to(&mut caller, at(0)), Ok(vec![Seen::Offers(away)]));
    for (active, why) in [
        (ServiceSetBuf::new([]), Violation::Truncated("offers")),
        (ServiceSetBuf::new([true, true]), Violation::Reserved("offers")),
        (ServiceSetBuf::new([true; 9]), Violation::TrailingBytes(1)),
    ] {
        let (mut caller, _) = pair(8);
        let mut bytes = Vec::new();
        encode_offers(&mut bytes, active.as_set());
        assert_eq!(caller.take(&bytes, at(0)), Err(why));
    }
    callee.session.tell_health(ServiceSetBuf::new([false]).as_set());
    let unwell = ServiceSetBuf::new([false]);
    assert_eq!(callee.send_to(&mut caller, at(0)), Ok(vec![Seen::Health(unwell)]));
    // Once it is leaving it offers nothing, which the go-away says.
    callee.session.leave(GoAwayReason::Draining, "stopping");
    callee.session.offer(ServiceSetBuf::new([true]).as_set());
    assert_eq!(callee.send_to(&mut caller, at(0)), Ok(vec![Seen::GoAway(0, vec![])]));
}

#[test]
fn who_is_not_capable_is_neither_told_offers_and_health_nor_that_an_answer_is_degraded() {
    let versions = |capabilities| Some(Versions { capabilities, ..Versions::CURRENT });
    let mark = |kind| ReplyMark { kind, degraded: true };
    for (capabilities, told) in [(0, false), (Capabilities::ALL, true)] {
        let plain = Hello { versions: versions(capabilities), ..hello("front", 8) };
        let mut caller = Side::new(&plain, at(0));
        let mut callee = Side::accepted(&hello("pay", 8), at(0));
        caller.send_to(&mut callee, at(0)).unwrap();
        callee.send_to(&mut caller, at(0)).unwrap();
        callee.session.offer(ServiceSetBuf::new([false]).as_set());
        callee.session.tell_health(ServiceSetBuf::new([false]).as_set());
        assert_eq!(callee.session.output_len() > 0, told);
        callee.send_to(&mut caller, at(0)).unwrap();

        let id = caller.call("a", Moment::NEVER).unwrap();
        caller.send_to(&mut callee, at(0)).unwrap();
        let degraded = |_: &mut Vec<u8>| Ok::<_, Infallible>(mark(ReplyKind::ServiceError));
        callee.session.reply(id, degraded).unwrap();
        let mut said = Vec::new();
        callee.session.take_output(&mut said);
        let read = ReplyMark { degraded: told, ..mark(ReplyKind::ServiceError) };
        assert_eq!(Frame::decode(&said[4..]), Ok(Frame::Reply(id, read, b"")));
        assert!(caller.take(&said, at(0)).is_ok());

        // Who says it all the same breaks the protocol.
        let id = caller.call("b", Moment::NEVER).unwrap();
        let mut bytes = Vec::new();
        frame::encode_reply(&mut bytes, id, 1_000, degraded).unwrap();
        assert_eq!(caller.take(&bytes, at(0)).is_ok(), told);
        let (mut bytes, mut again) = (Vec::new(), Side::new(&plain, at(0)));
        callee = Side::accepted(&hello("pay", 8), at(0));
        again.send_to(&mut callee, at(0)).unwrap();
        callee.send_to(&mut again, at(0)).unwrap();
        encode_health(&mut bytes, ServiceSetBuf::new([true]).as_set());
        encode_offers(&mut bytes, ServiceSetBuf::new([true]).as_set());
        let unknown = Err(Violation::UnknownKind(frame::kind::HEALTH));
        assert_eq!(again.take(&bytes, at(0)) == unknown, !told);
    }
}
