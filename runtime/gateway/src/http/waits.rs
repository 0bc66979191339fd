//! What a connection waits for, that mustn't take long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::connections::Phase;
use crate::settings::EdgeLimits;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The first head, of which nothing has come.
    First,
    Head,
    Body,
    /// The rest of a body that has its answer already: actix would wait for the end of a chunked
    /// one, however long that takes.
    Rest,
    /// The next request, of a client that was answered.
    Next,
    /// The end of a connection that was announced.
    End,
}

/// How long a connection that ends is listened to, so that its client can read why.
pub(super) const LINGER: Duration = Duration::from_secs(1);
/// What a client that is being refused may have sent already is read for its sake: unread bytes
/// would reset the connection, and the refusal would be lost.
const MAX_DRAIN: usize = 256 << 10;

/// Listens on for a while to who was told that this is the end.
#[derive(Debug, Default)]
pub(super) struct Farewell(Option<Pin<Box<Sleep>>>);

impl Farewell {
    pub(super) const fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Until the client has nothing more to say, or has said enough.
    pub(super) fn poll(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let patience = self.0.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if patience.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut scratch = [0; 4096];
        for _ in 0..MAX_DRAIN / scratch.len() {
            let mut read = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut *io).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => {}
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

/// Runs only while a connection has nothing to read: what comes in at once needs no clock.
#[derive(Debug)]
pub(super) struct Timer {
    pub(super) wait: Wait,
    /// Of which request.
    heads: u64,
    began: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// Goes on with `timer` if it is of that wait of that request, or begins a new one.
    pub(super) fn of(timer: Option<Self>, wait: Wait, heads: u64, time: Duration) -> Self {
        timer.filter(|timer| timer.wait == wait && timer.heads == heads).unwrap_or_else(|| Self {
            wait,
            heads,
            began: Instant::now(),
            sleep: Box::pin(sleep(time)),
        })
    }

    /// Whether it has taken longer than `time`; wakes who asks when it will have. The time may
    /// change meanwhile.
    pub(super) fn is_over(&mut self, time: Duration, cx: &mut Context<'_>) -> bool {
        let end = self.began + time;
        if self.sleep.deadline() > end {
            self.sleep.as_mut().reset(end);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.sleep.deadline() >= end {
                return true;
            }
            // More of the body has come in meanwhile.
            self.sleep.as_mut().reset(end);
        }
        false
    }
}

/// Runs while a client takes none of what it is sent.
#[derive(Debug, Default)]
pub(super) struct Stall(Option<Pin<Box<Sleep>>>);

impl Stall {
    /// Whether nothing was taken for longer than `time`.
    pub(super) fn is_over(&mut self, time: Duration, cx: &mut Context<'_>) -> bool {
        self.0.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(cx) != Poll::Pending
    }

    /// Something was.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }
}

/// What the first head may take: less once no new request is wanted.
pub(super) fn first_time(phase: Phase, limits: &EdgeLimits) -> Duration {
    match phase {
        Phase::Closing => limits.head_time.min(LINGER),
        Phase::Serving | Phase::Notice => limits.head_time,
    }
}

/// When a body of which so many bytes have come is too slow, if no more come.
pub(super) fn body_time(bytes: u64, limits: &EdgeLimits) -> Duration {
    let millis = bytes.saturating_mul(1000) / u64::from(limits.body_speed.get());
    Duration::from_millis(millis).max(limits.body_patience).min(limits.body_time)
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
