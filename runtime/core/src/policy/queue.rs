//! How long a call would wait in a mailbox, and whether that is too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the calls before one take, as a moving average, so that a call that would wait past its
/// deadline is refused at once, when another instance can still take it.
///
/// A longer time than the average counts for an eighth of the new one (TCP's round trips, RFC 6298),
/// a shorter for a quarter: to refuse in vain is worse than to let in, and refusals bring no news.
/// Who finds nobody before them is never refused, so that news always comes.
///
/// Where several calls are served at once, what is told is the time from one call's end to the next
/// while others wait.
#[derive(Debug, Default)]
pub struct QueueTime {
    /// Nanoseconds; 0 before the first call.
    each: AtomicU64,
}

/// A call would wait for longer than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// How long it would wait.
    pub expected: Duration,
    /// After what time so few would be before it that it could be in time.
    pub retry_after: Duration,
}

impl QueueTime {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self { each: AtomicU64::new(0) }
    }

    /// A call took so many nanoseconds.
    #[inline]
    pub fn took(&self, nanos: u64) {
        // Read and written one after the other: of two threads that meet, one is not heard.
        let each = self.each.load(Ordering::Relaxed);
        let next = if each == 0 {
            nanos.max(1)
        } else if nanos > each {
            each + (nanos - each).div_ceil(8)
        } else {
            (each - (each - nanos).div_ceil(4)).max(1)
        };
        if next != each {
            self.each.store(next, Ordering::Relaxed);
        }
    }

    /// Whether a call is in time with so many before it, and so much time left.
    ///
    /// # Errors
    /// It isn't, and is not executed.
    #[inline]
    pub fn admit(&self, before: u32, left: Duration) -> Result<(), TooLong> {
        if before == 0 {
            return Ok(());
        }
        let nanos = self.each.load(Ordering::Relaxed).saturating_mul(before.into());
        let expected = Duration::from_nanos(nanos);
        if expected <= left {
            return Ok(());
        }
        Err(TooLong { expected, retry_after: expected - left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_call_that_would_be_late_is_refused() {
        let queue = QueueTime::new();
        assert_eq!(queue.admit(u32::MAX, ms(0)), Ok(()), "nothing is known yet");
        queue.took(10_000_000);
        assert_eq!(queue.admit(10, ms(100)), Ok(()));
        let late = TooLong { expected: ms(110), retry_after: ms(10) };
        assert_eq!(queue.admit(11, ms(100)), Err(late));
        assert_eq!(queue.admit(0, Duration::ZERO), Ok(()), "nobody is before it");
    }

    #[test]
    fn it_follows_the_service_down_quicker_than_up() {
        let queue = QueueTime::new();
        queue.took(1_000_000);
        (0..8).for_each(|_| queue.took(1_000_000_000));
        assert!(queue.admit(1, ms(600)).is_err());
        assert!(queue.admit(1, ms(700)).is_ok());
        (0..20).for_each(|_| queue.took(1_000_000));
        assert!(queue.admit(1, ms(4)).is_ok());
        (0..80).for_each(|_| queue.took(1_000_000));
        assert!(queue.admit(1_000, ms(1_000)).is_ok(), "it gets there at last");
    }

    /// A mailbox that is served one by one at 10 ms, and for a while at 2 s; a call each 20 ms.
    #[test]
    fn it_does_not_lock_itself_out() {
        let queue = QueueTime::new();
        let (mut refused, mut waiting, mut busy_until) = ([0; 3], 0_u32, 0);
        for now in (0..60_000_u64).step_by(20) {
            let phase = (now / 20_000) as usize;
            while waiting > 0 && busy_until <= now {
                let took = if phase == 1 { 2_000 } else { 10 };
                queue.took(took * 1_000_000);
                busy_until = busy_until.max(now.saturating_sub(took)) + took;
                waiting -= 1;
            }
            match queue.admit(waiting, ms(5_000)) {
                Ok(()) => waiting += 1,
                Err(_) => refused[phase] += 1,
            }
        }
        assert_eq!(refused[0], 0);
        assert!(refused[1] > 500, "{refused:?}");
        assert!(refused[2] < 200, "it comes back within some seconds: {refused:?}");
    }

    #[test]
    fn no_time_is_too_long_or_too_short() {
        let queue = QueueTime::new();
        queue.took(0);
        queue.took(u64::MAX);
        queue.took(u64::MAX);
        assert!(queue.admit(u32::MAX, Duration::from_secs(1)).is_err());
        (0..1_000).for_each(|_| queue.took(0));
        assert_eq!(queue.admit(1_000, ms(1)), Ok(()));
    }
}
