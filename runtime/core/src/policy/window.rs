//! Two counts over the last seconds: one that goes up with nearly each call and takes no lock, and
//! one that seldom does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::time::Moment;

/// A window is cut in so many buckets. What is asked for is covered in whole, by these and the one
/// that is being filled.
const BUCKETS: usize = 10;
const SLOTS: usize = BUCKETS + 1;

/// The part that takes no lock: what the bucket of now has had since somebody had the lock.
#[derive(Debug, Default)]
pub(super) struct Tally {
    fresh: AtomicU64,
    /// When the bucket of now is over; zero before the first one.
    over: AtomicU64,
}

impl Tally {
    /// Counts, or returns false where the bucket is over, and nothing was counted: then the ring
    /// must roll on first.
    #[inline]
    pub(super) fn add(&self, now: Moment, n: u64) -> bool {
        if now.as_nanos() >= self.over.load(Ordering::Relaxed) {
            return false;
        }
        self.fresh.fetch_add(n, Ordering::Relaxed);
        true
    }
}

/// The part under its owner's lock.
#[derive(Debug)]
pub(super) struct Ring {
    /// Nanoseconds of a bucket.
    width: u64,
    /// The bucket of now: they are numbered from the clock's zero.
    current: u64,
    slots: [Counts; SLOTS],
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// By [`Tally::add`].
    pub(super) often: u64,
    /// Under the lock.
    pub(super) seldom: u64,
}

impl Ring {
    /// Nothing yet, over so long a window.
    pub(super) fn new(window: Duration) -> Self {
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let width = (nanos / BUCKETS as u64).max(1);
        Self { width, current: 0, slots: Default::default() }
    }

    /// Fetches what is fresh, and goes on to the bucket of now.
    pub(super) fn roll(&mut self, tally: &Tally, now: Moment) {
        self.current().often += tally.fresh.swap(0, Ordering::Relaxed);
        // A thread whose look at the clock is old counts in the bucket that others have reached.
        let current = (now.as_nanos() / self.width).max(self.current);
        for _ in 0..(current - self.current).min(SLOTS as u64) {
            self.current += 1;
            *self.current() = Counts::default();
        }
        // A leap beyond all buckets has cleared them all, whichever they stand for.
        self.current = current;
        tally.over.store(current.saturating_add(1).saturating_mul(self.width), Ordering::Relaxed);
    }

    /// The bucket of now.
    pub(super) fn current(&mut self) -> &mut Counts {
        &mut self.slots[(self.current % SLOTS as u64) as usize]
    }

    /// All that was counted in the window.
    pub(super) fn sum(&self) -> Counts {
        self.slots.iter().fold(Counts::default(), |sum, slot| Counts {
            often: sum.often + slot.often,
            seldom: sum.seldom + slot.seldom,
        })
    }

    /// Forgets all.
    pub(super) fn clear(&mut self, tally: &Tally) {
        tally.fresh.store(0, Ordering::Relaxed);
        self.slots = Default::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::at;
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (tally, mut ring) = (Tally::default(), Ring::new(Duration::from_secs(10)));
        assert!(!tally.add(at(1_500), 7), "the first bucket isn't open yet");
        ring.roll(&tally, at(1_500));
        assert!(tally.add(at(1_600), 7));
        assert!(!tally.add(at(2_000), 1), "that is another bucket");
        ring.roll(&tally, at(2_000));
        ring.current().seldom += 1;
        assert_eq!(ring.sum(), Counts { often: 7, seldom: 1 });
        ring.roll(&tally, at(11_999));
        assert_eq!(ring.sum(), Counts { often: 7, seldom: 1 });
        ring.roll(&tally, at(12_000));
        assert_eq!(ring.sum(), Counts { often: 0, seldom: 1 });
        ring.roll(&tally, at(100_000));
        assert_eq!(ring.sum(), Counts::default());
    }

    #[test]
    fn an_old_look_at_the_clock_turns_nothing_back() {
        let (tally, mut ring) = (Tally::default(), Ring::new(Duration::from_secs(10)));
        ring.roll(&tally, at(50_000));
        ring.roll(&tally, at(40_000));
        assert!(tally.add(at(50_500), 1));
        ring.roll(&tally, at(51_000));
        assert_eq!(ring.sum().often, 1);
    }

    #[test]
    fn no_window_is_too_short_or_too_long() {
        for window in [Duration::ZERO, Duration::MAX] {
            let (tally, mut ring) = (Tally::default(), Ring::new(window));
            ring.roll(&tally, at(50_000));
            ring.roll(&tally, Moment::NEVER);
            assert_eq!(ring.sum(), Counts::default());
        }
    }
}
