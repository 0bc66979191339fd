//! How long a call would wait in a mailbox, and whether that is too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::time::Moment;

/// What the calls before one take, as a moving average, so that a call that would wait past its
/// deadline is refused at once, when another instance can still take it.
///
/// A longer time than the average counts for an eighth of the new one (TCP's round trips, RFC 6298),
/// and at most doubles it; a shorter for a quarter: to refuse in vain is worse than to let in, and
/// refusals bring no news. So who finds nobody before them is never refused, and one call is let in
/// where nothing was heard for as long as it would wait.
///
/// A call is in time if it would be over before its deadline, its own turn counted, and a fifth of its time
/// were left. For where more is asked for than can be done, the line is always as long as it may be: at
/// its very end half of the calls would be late, by a little, and their turns be for nothing.
///
/// Where several calls are served at once, what is told is how long one has waited for each of those
/// before it.
#[derive(Debug, Default)]
pub struct QueueTime {
    /// Nanoseconds; 0 before the first call.
    each: AtomicU64,
    /// When something was heard last, or somebody was let in to find out, in nanoseconds.
    heard: AtomicU64,
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
        Self { each: AtomicU64::new(0), heard: AtomicU64::new(0) }
    }

    /// A call took so many nanoseconds.
    pub fn took(&self, now: Moment, nanos: u64) {
        // Read and written one after the other: of two threads that meet, one is not heard.
        let each = self.each.load(Ordering::Relaxed);
        let next = if each == 0 {
            nanos.max(1)
        } else if nanos > each {
            each.saturating_add((nanos - each).div_ceil(8).min(each))
        } else {
            (each - (each - nanos).div_ceil(4)).max(1)
        };
        if next != each {
            self.each.store(next, Ordering::Relaxed);
        }
        self.heard.store(now.as_nanos(), Ordering::Relaxed);
    }

    /// Whether a call is in time with so many before it, and so much time left.
    ///
    /// # Errors
    /// It isn't, and is not executed.
    pub fn admit(&self, now: Moment, before: u32, left: Duration) -> Result<(), TooLong> {
        let each = self.each.load(Ordering::Relaxed);
        let expected = Duration::from_nanos(each.saturating_mul(before.into()));
        let over = Duration::from_nanos(each.saturating_mul(u64::from(before) + 1));
        let wanted = over.saturating_add(over / 4);
        if before == 0 || wanted <= left || self.finds_out(now, expected) {
            return Ok(());
        }
        Err(TooLong { expected, retry_after: wanted - left })
    }
}

impl QueueTime {
    /// Whether this is the one that is let in to find out.
    fn finds_out(&self, now: Moment, expected: Duration) -> bool {
        let (now, heard) = (now.as_nanos(), self.heard.load(Ordering::Relaxed));
        let (set, seen) = (Ordering::Relaxed, Ordering::Relaxed);
        Duration::from_nanos(now.saturating_sub(heard)) >= expected
            && self.heard.compare_exchange(heard, now, set, seen).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::at;
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_call_that_would_be_late_is_refused() {
        let queue = QueueTime::new();
        assert_eq!(queue.admit(at(1), u32::MAX, ms(0)), Ok(()), "nothing is known yet");
        queue.took(at(1), 10_000_000);
        assert_eq!(queue.admit(at(1), 7, ms(100)), Ok(()));
        let late = TooLong { expected: ms(110), retry_after: ms(50) };
        assert_eq!(queue.admit(at(10), 11, ms(100)), Err(late));
        assert!(
            queue.admit(at(10), 8, ms(100)).is_err(),
            "it would be late if they take a little longer"
        );
        assert_eq!(queue.admit(at(10), 0, Duration::ZERO), Ok(()), "nobody is before it");
        assert_eq!(queue.admit(at(111), 11, ms(100)), Ok(()), "nothing was heard for so long");
        assert_eq!(queue.admit(at(111), 11, ms(100)), Err(late), "one is enough");
    }

    #[test]
    fn it_follows_the_service_down_quicker_than_up() {
        let queue = QueueTime::new();
        let took = |millis: u64, times: u32| {
            (0..times).for_each(|_| queue.took(at(1), millis * 1_000_000))
        };
        let fits = |before: u32, left: u64| queue.admit(at(1), before, ms(left)).is_ok();
        took(1, 1);
        took(30_000, 1);
        assert!(fits(1, 5) && !fits(1, 4), "one that hangs says little");
        took(1_000, 7);
        assert!(fits(1, 750) && !fits(1, 500));
        took(1, 20);
        assert!(fits(1, 10));
        took(1, 80);
        assert!(fits(1_000, 1_252), "it gets there at last");
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
                queue.took(at(now), took * 1_000_000);
                busy_until = busy_until.max(now.saturating_sub(took)) + took;
                waiting -= 1;
            }
            match queue.admit(at(now), waiting, ms(5_000)) {
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
        queue.took(at(1), 0);
        (0..100).for_each(|_| queue.took(at(1), u64::MAX));
        assert!(queue.admit(at(1), u32::MAX, Duration::from_secs(1)).is_err());
        (0..1_000).for_each(|_| queue.took(at(1), 0));
        assert_eq!(queue.admit(at(1), 1_000, ms(1)), Ok(()));
    }
}
