//! A connection, as actix reads and writes it: request by request.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Broken, Connection};
use super::connections::{Phase, Ticket};
use super::framing::{Framing, Violation};
use super::refusal::bare_refusal;
use super::socket::Io;
use super::waits::{Farewell, LINGER, Stall, Timer, Wait, body_time, first_time};
use crate::problem::Problem;
use crate::settings::EdgeLimits;
use crate::shape::Shape;

/// A stream that ends, for actix, where a request breaks the rules or something takes too long; its
/// last words say why. A request is passed on once the one before it has its answer, and none is
/// behind an answer that was the last.
pub(crate) struct WatchedStream {
    io: Io,
    framing: Framing,
    limits: EdgeLimits,
    /// Where codes are explained.
    errors: Arc<str>,
    /// What has come in and isn't passed on: a head that isn't whole, or what is behind a request.
    held: BytesMut,
    /// How much of that has been looked at, and may be passed on.
    cleared: usize,
    timer: Option<Timer>,
    stall: Stall,
    /// Nothing has been read yet: the first head is waited for.
    fresh: bool,
    /// To actix the connection has ended.
    ended: bool,
    violation: Option<Violation>,
    /// A client was told in place of actix why its request was none.
    told: bool,
    /// More was sent than was read as requests: who closes at once takes back its last words.
    surplus: bool,
    farewell: Farewell,
    /// Known to whoever ends the edge.
    waker: Option<Waker>,
    connection: Rc<Connection>,
    ticket: Ticket,
    shape: Option<Shape>,
}

/// How much is held back behind a request that is being answered; then its client has to wait.
const MAX_HELD: usize = 16 << 10;

impl WatchedStream {
    pub(crate) fn new(
        io: Io,
        limits: EdgeLimits,
        ticket: Ticket,
        errors: Arc<str>,
        shape: Option<Shape>,
    ) -> Self {
        let connection = Rc::new(Connection::new(io.is_tls()));
        Self {
            io,
            framing: Framing::new(limits.head),
            limits,
            errors,
            held: BytesMut::new(),
            cleared: 0,
            timer: None,
            stall: Stall::default(),
            fresh: true,
            ended: false,
            violation: None,
            told: false,
            surplus: false,
            farewell: Farewell::default(),
            waker: None,
            connection,
            ticket,
            shape,
        }
    }

    /// Leaves a client that has sent nothing, as one whose head has taken too long.
    pub(super) fn is_late(&mut self) {
        self.end(Wait::First);
    }

    pub(crate) fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }

    /// Whether what comes next belongs to the request that was passed on, or may be a new one.
    fn may_pass(&self) -> bool {
        !self.framing.between_requests() || (self.is_answered() && !self.connection.is_closing())
    }

    /// Whether every request that was passed on has its answer.
    fn is_answered(&self) -> bool {
        self.connection.has_begun(self.framing.heads()) && !self.connection.is_answering()
    }

    /// Looks at bytes that may be passed on: how many of them are.
    fn clear(
        framing: &mut Framing,
        bytes: &mut [u8],
        connection: &Connection,
    ) -> Result<usize, Violation> {
        let passed = framing.pass(bytes)?;
        connection.set_in_body(framing.in_body());
        Ok(passed)
    }

    /// Passes on what is held, as far as it may be: whether that was anything.
    fn pass_held(&mut self, buf: &mut ReadBuf<'_>) -> Result<bool, Violation> {
        if self.held.is_empty() {
            return Ok(false);
        }
        if self.cleared == 0 && self.may_pass() {
            self.cleared = Self::clear(&mut self.framing, &mut self.held, &self.connection)?;
        }
        let passed = self.cleared.min(buf.remaining());
        buf.put_slice(&self.held[..passed]);
        self.held.advance(passed);
        self.cleared -= passed;
        if self.held.is_empty() {
            // An idle connection keeps no buffer.
            self.held = BytesMut::new();
        }
        Ok(passed > 0)
    }

    /// Takes what was read into `buf` from `start` on: whether any of it is passed on there.
    fn take(&mut self, buf: &mut ReadBuf<'_>, start: usize) -> Result<bool, Violation> {
        self.fresh = false;
        let read = &mut buf.filled_mut()[start..];
        if self.connection.is_closing() && self.framing.between_requests() {
            self.surplus = true;
            buf.set_filled(start);
            return Ok(false);
        }
        let passed = match self.held.is_empty() && self.may_pass() {
            true => Self::clear(&mut self.framing, read, &self.connection)?,
            false => 0,
        };
        self.held.extend_from_slice(&read[passed..]);
        buf.set_filled(start + passed);
        Ok(passed > 0)
    }

    /// Ends the connection for actix, before what broke the rules.
    fn violated(&mut self, violation: Violation) {
        (self.ended, self.surplus) = (true, true);
        self.violation = Some(violation);
        self.connection.breaks(Broken::Violation(violation));
    }

    fn waits_for(&self) -> Option<Wait> {
        if self.fresh {
            return Some(Wait::First);
        }
        if self.framing.in_head() {
            return Some(Wait::Head);
        }
        let answering = self.connection.is_answering();
        self.framing.in_body().then_some(if answering { Wait::Body } else { Wait::Rest })
    }

    /// What has taken too long, if anything; wakes the reader when something will have.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<Wait> {
        let Some(wait) = self.waits_for() else {
            self.timer = None;
            return None;
        };
        let time = match wait {
            Wait::First => first_time(self.ticket.phase(), &self.limits),
            Wait::Head => self.limits.head_time,
            Wait::Body => body_time(self.framing.body(), &self.limits),
            Wait::Rest | Wait::Next | Wait::End => LINGER,
        };
        let timer = Timer::of(self.timer.take(), wait, self.framing.heads(), time);
        self.timer.insert(timer).is_over(time, cx).then_some(wait)
    }

    /// Ends the connection, for actix.
    fn end(&mut self, overdue: Wait) {
        self.ended = true;
        match overdue {
            Wait::First if self.ticket.phase() == Phase::Closing => {}
            Wait::First | Wait::Head => self.violation = Some(Violation::HeadTooSlow),
            Wait::Body => self.connection.breaks(Broken::Slow),
            Wait::Rest | Wait::Next | Wait::End => {}
        }
    }

    /// Nothing is there to be read: whether the connection ends for that, or waits.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            self.connection.wake_then(cx.waker());
        }
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
            self.ticket.wake(cx.waker().clone());
        }
        if let Some(overdue) = self.overdue(cx) {
            self.end(overdue);
            return Poll::Ready(Ok(()));
        }
        let idle = self.framing.between_requests() && !self.framing.in_head() && !self.fresh;
        if idle && self.ticket.phase() == Phase::Closing && self.is_answered() {
            self.ended = true;
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    /// Tells the client why its connection ends.
    fn tell(&mut self, cx: &mut Context<'_>, problem: Problem) {
        self.surplus = true;
        // One attempt: a client that reads nothing needs no words.
        let words = problem.last_words(&self.errors, self.shape.as_ref());
        let _ = Pin::new(&mut self.io).poll_write(cx, &words);
    }

    /// Whether actix has refused what was passed on as a request: what it writes says so.
    fn is_refused(&self) -> bool {
        !self.connection.is_answering() && !self.connection.has_begun(self.framing.heads())
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The rest of a body may trickle in for ever, and always be there to be read.
        if let Some(Timer { wait: Wait::Rest, .. }) = this.timer
            && let Some(overdue) = this.overdue(cx)
        {
            this.end(overdue);
        }
        while !this.ended {
            let passed = this.pass_held(buf).and_then(|passed| match passed {
                true => Ok(Some(Poll::Ready(Ok(())))),
                false => this.poll_more(cx, buf),
            });
            match passed {
                Ok(Some(done)) => return done,
                Ok(None) => {}
                Err(violation) => this.violated(violation),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl WatchedStream {
    /// Reads what comes next. `None` if it is held back, and there may be more.
    fn poll_more(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Result<Option<Poll<io::Result<()>>>, Violation> {
        // More than a head may be, so that a larger one is seen to be too large.
        if self.held.len() >= MAX_HELD.max(self.limits.head + (1 << 10)) {
            return Ok(Some(self.poll_wait(cx)));
        }
        let start = buf.filled().len();
        match Pin::new(&mut self.io).poll_read(cx, buf) {
            Poll::Ready(Ok(())) if buf.filled().len() > start => {
                let passed = self.take(buf, start);
                if passed.is_err() {
                    buf.set_filled(start);
                }
                Ok(passed?.then_some(Poll::Ready(Ok(()))))
            }
            Poll::Pending => Ok(Some(self.poll_wait(cx))),
            over => Ok(Some(over)),
        }
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.waits_for() == Some(Wait::Rest) {
            // This is the answer: the timer begins, and the reader hears of its end.
            this.overdue(cx);
        }
        let mut bytes = bytes;
        if this.is_refused()
            && let Some((start, problem)) = bare_refusal(bytes)
        {
            if start == 0 {
                if this.told {
                    return Poll::Ready(Ok(bytes.len()));
                }
                this.told = true;
                this.tell(cx, problem);
                // What is on its way when actix closes, it doesn't take for its own failure.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // Answers to earlier requests go first.
            bytes = &bytes[..start];
        }
        match Pin::new(&mut this.io).poll_write(cx, bytes) {
            Poll::Pending if this.stall.is_over(this.limits.write_time, cx) => {
                tracing::debug!("a client that reads nothing is left");
                this.io.forsake();
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
            written => {
                this.stall.end();
                written
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(violation) = this.violation.take() {
            tracing::debug!(?violation, "a connection is closed for what came in");
            // One that broke within a body has its answer.
            if this.is_answered() && this.framing.between_requests() {
                this.tell(cx, Problem::of_violation(violation));
            }
        }
        if !this.farewell.has_begun() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        if this.surplus || !this.held.is_empty() {
            ready!(this.farewell.poll(&mut this.io, cx));
        }
        Poll::Ready(Ok(()))
    }
}
