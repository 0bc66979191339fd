//! What a connection waits for, that mustn't take long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

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
}

/// How long a connection that ends is listened to, so that its client can read why.
pub(super) const LINGER: Duration = Duration::from_secs(1);

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
