//! A connection whose heads are watched on their way to actix.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::connection::Connection;
use super::connections::Ticket;
use super::framing::{Framing, Violation};
use super::refusal::bare_refusal;
use crate::problem::Problem;
use crate::settings::EdgeLimits;

/// A stream that ends, for actix, where a head breaks the rules or something takes too long; its
/// last words say why.
#[derive(Debug)]
pub(crate) struct WatchedStream {
    io: TcpStream,
    framing: Framing,
    limits: EdgeLimits,
    timer: Option<Timer>,
    /// Nothing has been read yet: the first head is waited for.
    fresh: bool,
    /// To actix the connection has ended.
    ended: bool,
    violation: Option<Violation>,
    connection: Rc<Connection>,
    _ticket: Ticket,
}

/// What a connection waits for, that mustn't take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Head,
    Body,
    /// The rest of a body that has its answer already: actix would wait for the end of a chunked
    /// one, however long that takes.
    Rest,
}

/// Runs only while a connection has nothing to read: what comes in at once needs no clock.
#[derive(Debug)]
struct Timer {
    wait: Wait,
    /// Of which request.
    heads: u64,
    began: Instant,
    sleep: Pin<Box<Sleep>>,
}

/// What a client that is being refused may have sent already is read for its sake: unread bytes
/// would reset the connection, and the refusal would be lost.
const MAX_DRAIN: usize = 256 << 10;
/// How long a connection that ends is listened to, so that its client can read why.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

impl WatchedStream {
    pub(crate) fn new(io: TcpStream, limits: EdgeLimits, ticket: Ticket) -> Self {
        Self {
            io,
            framing: Framing::new(limits.head),
            limits,
            timer: None,
            fresh: true,
            ended: false,
            violation: None,
            connection: Rc::default(),
            _ticket: ticket,
        }
    }

    pub(crate) fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }

    fn waits_for(&self) -> Option<Wait> {
        if self.fresh || self.framing.in_head() {
            return Some(Wait::Head);
        }
        let answering = self.connection.answering.get() > 0;
        self.framing.in_body().then_some(if answering { Wait::Body } else { Wait::Rest })
    }

    /// What has taken too long, if anything; wakes the reader when something will have.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<Wait> {
        let Some(wait) = self.waits_for() else {
            self.timer = None;
            return None;
        };
        let time = match wait {
            Wait::Head => self.limits.head_time,
            Wait::Body => body_time(self.framing.body(), &self.limits),
            Wait::Rest => LINGER,
        };
        let heads = self.framing.heads();
        let same = |timer: &Timer| timer.wait == wait && timer.heads == heads;
        let timer = match self.timer.take_if(|timer| same(timer)) {
            Some(timer) => timer,
            None => Timer { wait, heads, began: Instant::now(), sleep: Box::pin(sleep(time)) },
        };
        let timer = self.timer.insert(timer);
        while timer.sleep.as_mut().poll(cx).is_ready() {
            let end = timer.began + time;
            if timer.sleep.deadline() >= end {
                return Some(wait);
            }
            // More of the body has come in meanwhile.
            timer.sleep.as_mut().reset(end);
        }
        None
    }

    /// Ends the connection, for actix.
    fn end(&mut self, overdue: Wait) {
        self.ended = true;
        match overdue {
            Wait::Head => self.violation = Some(Violation::HeadTooSlow),
            Wait::Body => self.connection.slow_body.set(true),
            Wait::Rest => {}
        }
    }

    /// Tells the client why its connection ends.
    fn tell(&mut self, cx: &mut Context<'_>, problem: Problem) {
        // One attempt: a client that reads nothing needs no words.
        let _ = Pin::new(&mut self.io).poll_write(cx, &problem.last_words());
        let mut scratch = [0; 4096];
        let mut left = MAX_DRAIN;
        while let Ok(read @ 1..) = self.io.try_read(&mut scratch) {
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
    }

    /// Whether a request has begun that nobody answers: what actix writes may be a refusal.
    fn is_refused(&self) -> bool {
        let Connection { answering, begun, .. } = &*self.connection;
        answering.get() == 0 && (self.framing.in_head() || self.framing.heads() != begun.get())
    }
}

/// When a body of which so many bytes have come is too slow, if no more come.
fn body_time(bytes: u64, limits: &EdgeLimits) -> Duration {
    let millis = bytes.saturating_mul(1000) / u64::from(limits.body_speed.get());
    Duration::from_millis(millis).max(limits.body_patience).min(limits.body_time)
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
        if this.ended {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let bytes = &buf.filled()[before..];
                this.fresh &= bytes.is_empty();
                if let Err(violation) = this.framing.feed(bytes) {
                    // To actix the connection ends before these bytes.
                    buf.set_filled(before);
                    this.ended = true;
                    this.violation = Some(violation);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => match this.overdue(cx) {
                Some(overdue) => {
                    this.end(overdue);
                    Poll::Ready(Ok(()))
                }
                None => Poll::Pending,
            },
            failed => failed,
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
        if this.is_refused()
            && let Some((start, problem)) = bare_refusal(bytes)
        {
            if start > 0 {
                // Answers to earlier requests go first.
                return Pin::new(&mut this.io).poll_write(cx, &bytes[..start]);
            }
            this.tell(cx, problem);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(violation) = this.violation.take() {
            tracing::debug!(?violation, "a connection is closed for its head");
            if this.connection.answering.get() == 0 {
                this.tell(cx, Problem::of_violation(violation));
            }
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_to_keep_its_pace() {
        let limits = EdgeLimits::default();
        let seconds = |bytes| body_time(bytes, &limits).as_secs();
        assert_eq!(seconds(0), 5);
        assert_eq!(seconds(5 << 10), 5);
        assert_eq!(seconds(7 << 10), 7);
        assert_eq!(seconds(1 << 20), 30);
    }
}
