//! Two sessions face to face, on a clock that only the test moves.

use std::convert::Infallible;

use super::*;
use crate::buffer::FrameBuffer;
use crate::frame::{MethodOffer, ServiceOffer, Trace, Way};

/// What a test keeps of an event.
#[derive(Debug, PartialEq)]
enum Seen {
    Ready(String),
    Call(u64, u16, Vec<u8>),
    Cancel(u64),
    Reply(&'static str, ReplyKind, Vec<u8>),
    Failure(&'static str, u8, Vec<String>),
    GoAway(u64, Vec<&'static str>),
}

struct Side {
    session: Session<&'static str>,
    buffer: FrameBuffer,
}

impl Side {
    fn new(hello: &Hello, now: Moment) -> Self {
        let session = Session::new(hello, Timeouts::default(), now).unwrap();
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
            seen.extend(match self.session.receive(frame)? {
                Event::Nothing => None,
                Event::Ready(hello) => Some(Seen::Ready(hello.unit)),
                Event::Call(head, body) => {
                    Some(Seen::Call(number(head.id), head.method, body.into()))
                }
                Event::Cancel(id) => Some(Seen::Cancel(number(id))),
                Event::Reply(who, kind, body) => Some(Seen::Reply(who, kind, body.into())),
                Event::Failure(who, failed) => {
                    let texts = failed.texts.map(str::to_owned).collect();
                    Some(Seen::Failure(who, failed.code, texts))
                }
                Event::GoAway(go_away, refused) => {
                    Some(Seen::GoAway(number(go_away.last), refused))
                }
            });
        }
        Ok(seen)
    }

    fn call(&mut self, who: &'static str, deadline: Moment) -> Result<CallId, NotSent<Infallible>> {
        self.session.call(head(), deadline, who, |out| {
            out.extend_from_slice(who.as_bytes());
            Ok(())
        })
    }

    fn answer(&mut self, id: CallId, body: &[u8]) {
        let written = self.session.reply(id, |out| {
            out.extend_from_slice(body);
            Ok::<_, Infallible>(ReplyKind::Answer)
        });
        written.unwrap();
    }
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
        way: Way::PROGRAM,
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
    Hello { app, unit, credit, services: vec![payment], ..Hello::default() }
}

fn at(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}

/// A caller and a callee that grants `credit` calls, greeted at moment zero.
fn pair(credit: u32) -> (Side, Side) {
    let mut caller = Side::new(&hello("front", 8), at(0));
    let mut callee = Side::new(&hello("pay", credit), at(0));
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
    assert_eq!(side.session.tick(at(4_999), drop), Ok(at(5_000)));
    assert_eq!(side.session.tick(at(5_000), drop), Err(TooSilent::Handshake));
}

#[test]
fn one_hello_of_one_app() {
    let (mut caller, mut callee) = pair(8);
    let mut again = Vec::new();
    hello("front", 8).encode(&mut again).unwrap();
    assert_eq!(callee.take(&again, at(0)), Err(Violation::HelloTwice));

    let mut other = Side::new(&Hello { app: "blog".to_owned(), ..hello("front", 8) }, at(0));
    let mut callee = Side::new(&hello("pay", 8), at(0));
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
    assert_eq!(caller.session.tick(at(300), |who| expired.push(who)), Ok(at(700)));
    assert_eq!(expired, ["a"]);
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
    assert_eq!(caller.session.cancel(a), Some("a"));
    assert_eq!((caller.session.cancel(a), caller.session.waiting(a)), (None, None));
    assert_eq!(
        caller.send_to(&mut callee, at(0)).unwrap(),
        [Seen::Call(1, 1, b"a".into()), Seen::Cancel(1)]
    );
}

#[test]
fn silence_is_pinged_after_one_second_and_final_after_two() {
    let (mut caller, mut callee) = pair(8);
    assert_eq!(caller.session.tick(at(999), drop), Ok(at(1_000)));
    assert_eq!(caller.session.output_len(), 0);
    assert_eq!(caller.session.tick(at(1_000), drop), Ok(at(2_000)));
    // The ping is answered: another second of peace.
    caller.send_to(&mut callee, at(1_000)).unwrap();
    callee.send_to(&mut caller, at(1_001)).unwrap();
    assert_eq!(caller.session.tick(at(2_000), drop), Ok(at(2_001)));
    assert_eq!(caller.session.tick(at(2_001), drop), Ok(at(3_001)));
    assert_eq!(caller.session.tick(at(3_000), drop), Ok(at(3_001)));
    assert_eq!(caller.session.tick(at(3_001), drop), Err(TooSilent::Dead));
}

#[test]
fn a_stall_on_this_side_condemns_nobody() {
    let (mut caller, _) = pair(8);
    assert_eq!(caller.session.tick(at(60_000), drop), Ok(at(61_000)));
    assert_eq!(caller.session.tick(at(61_000), drop), Err(TooSilent::Dead));
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
    caller.session.cancel(gone);
    caller.call("c", Moment::NEVER).unwrap();
    // All but the last byte of "b" was handed over; "c" is still in the output.
    let fates: Vec<_> = caller.session.close(1).collect();
    assert_eq!(fates, [("a", Fate::MaybeSent), ("b", Fate::NotSent), ("c", Fate::NotSent)]);
}

#[test]
fn what_the_peer_does_not_take_is_not_sent() {
    let small = Hello { max_frame: 8 << 10, ..hello("pay", 8) };
    let mut caller = Side::new(&hello("front", 8), at(0));
    let mut callee = Side::new(&small, at(0));
    caller.send_to(&mut callee, at(0)).unwrap();
    callee.send_to(&mut caller, at(0)).unwrap();
    let sent = caller.session.call(head(), Moment::NEVER, "a", |out| {
        out.resize(out.len() + (8 << 10), 0);
        Ok::<(), Infallible>(())
    });
    let cap = 8 << 10;
    let large = EncodeError::FrameTooLarge { length: cap + 48, cap };
    assert_eq!(sent, Err(NotSent::Encode(large)));
    assert_eq!((caller.session.output_len(), caller.session.calls_in_flight()), (0, 0));
    assert!(caller.call("b", Moment::NEVER).is_ok());
}
