//! Which requests are recorded: so many a second, and no more than that at once.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Moment;

/// As many as are let through at once.
const BURST: u64 = 1_000_000_000;

/// Lets so many through in a second, by the generic cell rate algorithm (ATM Forum, TM 4.0, 4.4.2):
/// one number is all its state, and who is too early reads no more than that.
#[derive(Debug)]
pub struct Sampler {
    /// The time that each takes, in nanoseconds; none is let through if it is `u64::MAX`.
    each: AtomicU64,
    /// Until when all that were let through take.
    taken: AtomicU64,
    /// Before that moment none is let through: most calls look at nothing else.
    next: AtomicU64,
}

impl Sampler {
    /// Lets `per_second` through.
    pub fn new(per_second: u32) -> Self {
        let (each, [taken, next]) = (AtomicU64::new(each(per_second)), Default::default());
        Self { each, taken, next }
    }

    /// Lets so many through from now on.
    pub fn set(&self, per_second: u32) {
        self.each.store(each(per_second), Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
    }

    /// Whether one is let through at that moment.
    #[inline]
    pub fn takes(&self, now: Moment) -> bool {
        now.as_nanos() >= self.next.load(Ordering::Relaxed) && self.looks(now.as_nanos())
    }

    #[cold]
    fn looks(&self, now: u64) -> bool {
        let (each, mut taken) =
            (self.each.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed));
        if each == u64::MAX {
            return false;
        }
        loop {
            // What is ahead is looked at, not what is behind: a clock that has just begun has no past.
            let then = taken.max(now).saturating_add(each);
            if then > now.saturating_add(BURST) {
                // Whoever sets another rate at this moment waits a second for it, at most.
                self.next.store(then - BURST, Ordering::Relaxed);
                return false;
            }
            match self.taken.compare_exchange_weak(
                taken,
                then,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => taken = other,
            }
        }
    }
}

fn each(per_second: u32) -> u64 {
    BURST.checked_div(per_second.into()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clocks may have just begun.
    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_clock_that_has_just_begun_has_its_seconds_worth_too() {
        let sampler = Sampler::new(10);
        assert_eq!((0..50).filter(|_| sampler.takes(Moment::from_nanos(7))).count(), 10);
    }

    #[test]
    fn a_seconds_worth_at_once_and_then_one_after_the_other() {
        let sampler = Sampler::new(10);
        assert_eq!((0..50).filter(|_| sampler.takes(at(0))).count(), 10);
        assert!(!sampler.takes(at(99)) && sampler.takes(at(100)) && !sampler.takes(at(100)));
        let of_ten_seconds = (100..10_100).filter(|millis| sampler.takes(at(*millis))).count();
        assert!((99..=100).contains(&of_ten_seconds), "{of_ten_seconds}");
        sampler.set(0);
        assert!(!sampler.takes(at(1_000_000)), "none at all");
        sampler.set(1);
        assert!(sampler.takes(at(1_000_000)) && !sampler.takes(at(1_000_001)));
    }
}
