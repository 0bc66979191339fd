//! One side of a connection, without the connection: handshake, calls both ways, keepalive, leaving.
//!
//! A session is told what came and what time it is, and says what that means; what it wants sent
//! waits in its output. It does no I/O, and both ends of a connection run the same code, so tests
//! put two of them face to face.

mod greeting;
mod incoming;
mod keepalive;
mod outbox;
mod outgoing;

use std::task::Poll;

use self::greeting::Greeting;
use self::incoming::Incoming;
use self::keepalive::{Keepalive, Silence};
use self::outbox::Outbox;
use self::outgoing::Outgoing;
use crate::frame::{
    self, CallHead, CallId, CallParts, Capabilities, Credit, Extensions, Failed, Frame, GoAway,
    GoAwayReason, Hello, ReplyMark, RetryAfter, ServiceSet, Settled, Versions,
};
use crate::limits::{MAX_FRAME, MAX_HEAD, Timeouts};
use crate::violation::{EncodeError, Violation};
use seam_core::remote::Form;
use seam_core::time::Moment;

/// With so many bytes waiting to be sent, pings stay without an answer: there are signs of life enough
/// in what waits.
const PONGS_UP_TO: usize = 1 << 20;

/// One side of a connection. `T` is what the driver keeps per call that it made: who waits for it, and
/// then what has come of it. It is kept until it is fetched, at a place that is used again as it is.
#[derive(Debug)]
pub struct Session<T> {
    phase: Phase,
    app: String,
    /// What this side says once the peer has; `None` once it was said.
    greeting: Option<Greeting>,
    /// The versions that this side's hello offered.
    offered: Versions,
    settled: Settled,
    /// How many services the peer's hello lists.
    services: usize,
    timeouts: Timeouts,
    keepalive: Keepalive,
    outgoing: Outgoing<T>,
    incoming: Incoming,
    outbox: Outbox,
    /// The largest frame that the peer reads.
    max_frame: usize,
    pings: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The peer's hello must come before this moment.
    Greeting(Moment),
    Open,
    /// The peer has gone away: it takes no more calls.
    PeerLeft,
}

/// What a frame means to the driver.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// Nothing: the session has dealt with it.
    Nothing,
    /// The handshake is done: calls may be made.
    Ready(Box<Hello>),
    /// A call to execute; answer it with [`Session::reply`] or [`Session::fail`], exactly once.
    Call(CallHead<'a>, &'a [u8]),
    /// The peer wants no answer to this call any more. It is answered nevertheless, by anything:
    /// that gives its credit back. Unknown here if it was answered already.
    Cancel(CallId),
    /// A call that this side made, and for which somebody waits, has an answer.
    Reply(CallId, ReplyMark, &'a [u8]),
    /// Such a call has failed.
    Failure(CallId, Failed<'a>),
    /// The peer is leaving. It answers the calls that it has, and executes none of these, for which
    /// somebody waits.
    GoAway(GoAway<'a>, Vec<CallId>),
    /// From now on the peer offers those of its hello's services that are active.
    Offers(ServiceSet<'a>),
    /// From now on those of the peer's services are well.
    Health(ServiceSet<'a>),
    /// The peer has taken what was sent before the ping of that number.
    Pong(u64),
}

/// Why a call was not sent. It had no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent<E> {
    /// The handshake isn't done.
    #[error("the handshake is not done")]
    NotOpen,
    /// The peer is leaving.
    #[error("the peer is leaving")]
    PeerLeft,
    /// As many calls are in flight as the peer grants.
    #[error("{0} calls are in flight, as many as the peer grants")]
    NoCredit(u32),
    /// It is in JSON, which the peer can't read.
    #[error("the peer takes no calls in JSON")]
    NoJson,
    /// It can't be written.
    #[error(transparent)]
    Encode(#[from] EncodeError<E>),
}

/// The peer was silent for too long. The connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooSilent {
    /// Its hello didn't come.
    #[error("no hello came in time")]
    Handshake,
    /// Nothing came, not even the answer to a ping.
    #[error("the peer is silent, and answers no ping")]
    Dead,
}

/// Whether the peer can have executed a call whose connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Some of its frame never left: it was not executed.
    NotSent,
    /// All of it may have left.
    MaybeSent,
}

impl<T: Default> Session<T> {
    /// The side that dialled. Its hello waits in the output.
    ///
    /// # Errors
    ///
    /// If the hello exceeds a cap of the protocol.
    pub fn dialled(hello: &Hello, timeouts: Timeouts, now: Moment) -> Result<Self, EncodeError> {
        let mut session = Self::accepted(hello, timeouts, now)?;
        if let Some(greeting) = session.greeting.take() {
            session.offered = greeting.say(&mut session.outbox.bytes);
        }
        Ok(session)
    }

    /// The side that accepted. It says its hello once the peer has, in the form that the peer reads.
    ///
    /// # Errors
    ///
    /// If the hello exceeds a cap of the protocol.
    pub fn accepted(hello: &Hello, timeouts: Timeouts, now: Moment) -> Result<Self, EncodeError> {
        Ok(Self {
            phase: Phase::Greeting(now.after(timeouts.handshake)),
            app: hello.app.clone(),
            greeting: Some(Greeting::new(hello)?),
            offered: Versions::FIRST,
            settled: Settled::FIRST,
            services: 0,
            timeouts,
            keepalive: Keepalive::new(now),
            outgoing: Outgoing::new(),
            incoming: Incoming::new(hello),
            outbox: Outbox::default(),
            max_frame: MAX_FRAME,
            pings: 0,
        })
    }

    /// Bytes came, whatever they are.
    pub const fn heard(&mut self, now: Moment) {
        self.keepalive.heard(now);
    }

    /// A frame came.
    ///
    /// # Errors
    ///
    /// How the peer broke the protocol: close the connection.
    pub fn receive<'a>(&mut self, frame: Frame<'a>) -> Result<Event<'a>, Violation> {
        if let Phase::Greeting(_) = self.phase {
            return match frame {
                Frame::Hello(contents) => self.greet(contents),
                _ => Err(Violation::HelloExpected),
            };
        }
        Ok(match frame {
            Frame::Call(head, body) => {
                self.check_head(head.extensions.is_empty(), head.form)?;
                if self.incoming.accept(head.id, head.service, head.method)? {
                    Event::Call(head, body)
                } else {
                    Event::Nothing
                }
            }
            Frame::Reply(id, mark, body) => match self.receive_reply(id, mark)? {
                Some(_) => Event::Reply(id, mark, body),
                None => Event::Nothing,
            },
            Frame::Failure(id, failed) => match self.outgoing.answered(id)? {
                Some(_) => Event::Failure(id, failed),
                None => Event::Nothing,
            },
            Frame::Cancel(id) => Event::Cancel(id),
            Frame::Credit(Credit(more)) => {
                self.outgoing.grant(more)?;
                Event::Nothing
            }
            Frame::Ping(token) => {
                // Who doesn't read can't fill this side's memory with answers to pings.
                if self.outbox.bytes.len() < PONGS_UP_TO {
                    frame::encode_pong(&mut self.outbox.bytes, token);
                }
                Event::Nothing
            }
            Frame::Pong(token) => Event::Pong(token),
            Frame::Unknown(_) => Event::Nothing,
            Frame::GoAway(go_away) => {
                self.phase = Phase::PeerLeft;
                let refused = self.outgoing.refuse_after(go_away.last);
                Event::GoAway(go_away, refused)
            }
            Frame::Offers(offers) => {
                if !self.settled.has(Capabilities::OFFERS) {
                    return Err(Violation::UnknownKind(frame::kind::OFFERS));
                }
                offers.check(self.services)?;
                Event::Offers(offers)
            }
            Frame::Health(well) => {
                if !self.settled.has(Capabilities::HEALTH) {
                    return Err(Violation::UnknownKind(frame::kind::HEALTH));
                }
                well.check(self.services)?;
                Event::Health(well)
            }
            Frame::Hello(_) => return Err(Violation::HelloTwice),
        })
    }

    /// A call came: the short way past [`Frame`] and [`Event`], whose heads would be copied twice.
    /// Whether it is to be executed and answered, as with [`Event::Call`].
    ///
    /// # Errors
    ///
    /// As [`Session::receive`].
    #[inline]
    pub fn receive_call(&mut self, call: &CallParts<'_>) -> Result<bool, Violation> {
        match self.phase {
            Phase::Greeting(_) => Err(Violation::HelloExpected),
            _ => {
                self.check_head(call.extensions.is_empty(), call.form())?;
                self.incoming.accept(call.id(), call.service(), call.method())
            }
        }
    }

    /// Version 1's heads have no extensions, and not everybody speaks JSON.
    #[inline]
    fn check_head(&self, no_extensions: bool, form: Form) -> Result<(), Violation> {
        let may_be_json = || self.settled.has(Capabilities::JSON);
        if (no_extensions || self.settled.has_extensions())
            && (form == Form::Encoded || may_be_json())
        {
            return Ok(());
        }
        Err(Violation::Reserved("call"))
    }

    /// A reply came: the short way, as with [`Session::receive_call`]. Who waits for it, if somebody
    /// still does.
    ///
    /// # Errors
    ///
    /// As [`Session::receive`].
    #[inline]
    pub fn receive_reply(
        &mut self,
        id: CallId,
        mark: ReplyMark,
    ) -> Result<Option<&mut T>, Violation> {
        match self.phase {
            Phase::Greeting(_) => Err(Violation::HelloExpected),
            _ if mark.degraded && !self.settled.has(Capabilities::DEGRADED) => {
                Err(Violation::Reserved("reply"))
            }
            _ => self.outgoing.answered(id),
        }
    }

    fn greet<'a>(&mut self, contents: &[u8]) -> Result<Event<'a>, Violation> {
        let hello = Hello::decode(contents)?;
        self.say_hello(hello.versions.is_some());
        if hello.app != self.app {
            return Err(Violation::OtherApp);
        }
        if (hello.max_frame as usize) < MAX_HEAD {
            return Err(Violation::FrameCapTooSmall(hello.max_frame));
        }
        self.settled = self.offered.settle(hello.versions.unwrap_or(Versions::FIRST))?;
        self.outgoing.grant(hello.credit)?;
        self.services = hello.services.len();
        self.max_frame = self.max_frame.min(hello.max_frame as usize);
        self.phase = Phase::Open;
        Ok(Event::Ready(Box::new(hello)))
    }

    /// Says hello, unless that is done; plainly to who may read no more.
    fn say_hello(&mut self, reads_more: bool) {
        let Some(greeting) = self.greeting.take() else { return };
        let out = &mut self.outbox.bytes;
        self.offered = if reads_more { greeting.say(out) } else { greeting.say_plain(out) };
    }

    /// What both sides hold to; version 1 until the handshake is done.
    pub const fn settled(&self) -> Settled {
        self.settled
    }

    /// Does what is due: pings, and hands out whoever waits for a call whose deadline has passed
    /// (and tells the peer). Returns when to tick next.
    ///
    /// # Errors
    ///
    /// The peer was silent for too long: close the connection.
    pub fn tick(
        &mut self,
        now: Moment,
        mut expired: impl FnMut(&mut T),
    ) -> Result<Moment, TooSilent> {
        if let Phase::Greeting(until) = self.phase {
            return if now < until { Ok(until) } else { Err(TooSilent::Handshake) };
        }
        let outbox = &mut self.outbox.bytes;
        self.outgoing.expire(now, |id, waiting| {
            frame::encode_cancel(outbox, id);
            expired(waiting);
        });
        match self.keepalive.tick(now, &self.timeouts) {
            Silence::Wait(_) => {}
            Silence::Ping => {
                self.ping();
            }
            Silence::Dead => return Err(TooSilent::Dead),
        }
        Ok(self.next_tick())
    }

    /// When [`Session::tick`] has something to do. A call made since may have brought it forward.
    pub fn next_tick(&self) -> Moment {
        match self.phase {
            Phase::Greeting(until) => until,
            _ => self.keepalive.due(&self.timeouts).min(self.outgoing.next_expiry()),
        }
    }

    // === calls of this side ===

    /// Makes a call: gives it its id (the head's own is ignored) and encodes it to the output, without
    /// its extensions if the peer reads none. Who
    /// waits is to be written to where it is kept, over what the one before has left there.
    ///
    /// # Errors
    ///
    /// Why it can't be sent. It has left no trace.
    #[inline]
    pub fn call<E>(
        &mut self,
        head: CallHead<'_>,
        deadline: Moment,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(CallId, &mut T), NotSent<E>> {
        match self.phase {
            Phase::Open => {}
            Phase::Greeting(_) => return Err(NotSent::NotOpen),
            Phase::PeerLeft => return Err(NotSent::PeerLeft),
        }
        if head.form == Form::Json && !self.settled.has(Capabilities::JSON) {
            return Err(NotSent::NoJson);
        }
        let Some(id) = self.outgoing.next_id() else {
            return Err(NotSent::NoCredit(self.outgoing.window()));
        };
        let mut head = CallHead { id, ..head };
        if !head.extensions.is_empty() && !self.settled.has_extensions() {
            head.extensions = Extensions::NONE;
        }
        head.encode(&mut self.outbox.bytes, self.max_frame, body)?;
        Ok((id, self.outgoing.insert(id, deadline, self.outbox.end())))
    }

    /// The ids of this side's calls go on after the `last` one of another connection.
    pub const fn go_on_after(&mut self, last: CallId) {
        self.outgoing.go_on_after(last);
    }

    /// The last id given, for [`Session::go_on_after`].
    pub const fn last_id(&self) -> CallId {
        self.outgoing.last()
    }

    /// Who waits for a call, as long as somebody does.
    #[inline]
    pub fn waiting(&mut self, id: CallId) -> Option<&mut T> {
        self.outgoing.waiting(id)
    }

    /// Looks at who waits for a call, if somebody does. Once `look` is ready, nobody does.
    #[inline]
    pub fn fetch<R>(
        &mut self,
        id: CallId,
        look: impl FnOnce(&mut T) -> Poll<R>,
    ) -> Option<Poll<R>> {
        self.outgoing.fetch(id, look)
    }

    /// Nobody waits for a call any more: hands out who did, and tells the peer if it holds the call.
    pub fn cancel(&mut self, id: CallId, left: impl FnOnce(&mut T)) {
        if self.outgoing.abandon(id, left) {
            frame::encode_cancel(&mut self.outbox.bytes, id);
        }
    }

    /// How many calls of this side the peer still holds.
    pub const fn calls_in_flight(&self) -> u32 {
        self.outgoing.in_flight()
    }

    /// Whether the peer holds no call of this side, and nobody waits for what came of one.
    pub const fn is_idle(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Whether a call can be made now, credit aside.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether the peer has left, and holds no call of this side any more.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::PeerLeft && self.outgoing.in_flight() == 0
    }

    // === calls of the peer ===

    /// Answers a call of the peer with what `body` writes, which says what it was; without the mark of a
    /// degraded answer if the peer reads none.
    ///
    /// # Errors
    ///
    /// If the answer is too large, or what `body` says. The call is still to be answered.
    #[inline]
    pub fn reply<E, M: Into<ReplyMark>>(
        &mut self,
        id: CallId,
        body: impl FnOnce(&mut Vec<u8>) -> Result<M, E>,
    ) -> Result<(), EncodeError<E>> {
        let settled = self.settled;
        let body = |out: &mut Vec<u8>| {
            let ReplyMark { kind, degraded } = body(out)?.into();
            Ok(ReplyMark { kind, degraded: degraded && settled.has(Capabilities::DEGRADED) })
        };
        frame::encode_reply(&mut self.outbox.bytes, id, self.max_frame, body)?;
        self.incoming.answered();
        Ok(())
    }

    /// Answers a call of the peer with a failure.
    pub fn fail<'t>(
        &mut self,
        id: CallId,
        code: u8,
        retry_after: RetryAfter,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        frame::encode_failure(&mut self.outbox.bytes, id, code, retry_after, texts);
        self.incoming.answered();
    }

    /// How many calls of the peer are still to be answered.
    pub const fn unanswered(&self) -> u32 {
        self.incoming.in_flight()
    }

    /// Tells the peer which of this side's services are active from now on, if it reads that; not before
    /// this side has said hello, nor once it is leaving.
    pub fn offer(&mut self, offers: ServiceSet<'_>) {
        if self.settled.has(Capabilities::OFFERS) && !self.incoming.has_left() {
            frame::encode_offers(&mut self.outbox.bytes, offers);
        }
    }

    /// Sends a ping, and says its number: once the peer answers it ([`Event::Pong`]), it has taken all
    /// that was sent before.
    pub fn ping(&mut self) -> u64 {
        self.pings += 1;
        frame::encode_ping(&mut self.outbox.bytes, self.pings);
        self.pings
    }

    /// Tells the peer which of this side's services are well from now on; as with
    /// [`Session::offer`].
    pub fn tell_health(&mut self, well: ServiceSet<'_>) {
        if self.settled.has(Capabilities::HEALTH) && !self.incoming.has_left() {
            frame::encode_health(&mut self.outbox.bytes, well);
        }
    }

    /// Lets the peer have `more` calls in flight.
    pub fn grant(&mut self, more: u32) {
        self.incoming.grant(more);
        frame::encode_credit(&mut self.outbox.bytes, Credit(more));
    }

    /// Leaves: tells the peer the last call taken, and takes no more. The calls taken are still to
    /// be answered; see [`Session::has_drained`].
    pub fn leave(&mut self, reason: GoAwayReason, text: &str) {
        // Nobody understands a go-away before a hello.
        self.say_hello(false);
        if let Some(last) = self.incoming.leave() {
            frame::encode_go_away(&mut self.outbox.bytes, &GoAway { last, reason, text });
        }
    }

    /// Whether this side has left and answered all it took.
    pub const fn has_drained(&self) -> bool {
        self.incoming.has_left() && self.incoming.in_flight() == 0
    }

    // === output ===

    /// How many bytes wait to be sent.
    pub const fn output_len(&self) -> usize {
        self.outbox.bytes.len()
    }

    /// Moves the output into `batch`, which must be empty; its memory is used for what comes next.
    pub fn take_output(&mut self, batch: &mut Vec<u8>) {
        self.outbox.take(batch);
    }

    /// Gives memory back that an idle connection doesn't need. What is returned is only to be dropped:
    /// where people waited, which may run anything.
    pub fn shrink(&mut self) -> Vec<T> {
        self.outbox.shrink();
        self.outgoing.shrink()
    }

    /// The connection has ended, with `unsent` bytes of the last batch not handed to it: takes out
    /// everybody who waits, with what can have become of their call, unless that has come before.
    pub fn close(&mut self, unsent: usize) -> impl Iterator<Item = (CallId, T, Option<Fate>)> {
        let sent = self.outbox.sent(unsent);
        let fate = |maybe| if maybe { Fate::MaybeSent } else { Fate::NotSent };
        self.outgoing.close(sent).map(move |(id, waiting, maybe)| (id, waiting, maybe.map(fate)))
    }
}

#[cfg(test)]
mod tests;
