//! Whether this process has stood still: stopped by a signal, or with the machine that it runs on.
//!
//! A call's deadline travels as a remaining time, which runs from when the call's bytes are read. While a
//! process stands still, bytes lie unread and unsent for longer than they say. So its connections end
//! before anything of that is served or sent: who called has given up long since, and calls again.
//!
//! A thread of its own looks at the time every 200 ms. Whoever is the first to see that it hasn't done so
//! for over 2 s, be it the thread itself or a connection that has just read something, raises the number
//! of standstills, and who began under another number is of before.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seam_core::time::{Clock, Moment};

use crate::closed::Closed;

/// How often the thread looks.
const TICK: Duration = Duration::from_millis(200);
/// A gap beyond this, in units, is a standstill.
const GAP: u64 = to_units(2_000_000_000);

/// How many standstills of over 2 s this process has seen, of the system's time. A number that differs
/// from one before says that the process stood still in between: what was promised to others for a time,
/// as a lease is, may be over although little time seems to have passed.
///
/// The first call begins to watch.
pub fn epoch() -> u64 {
    match Since::now(&Clock::fast()) {
        Since::Seen(seen) => seen,
        Since::Simulated(..) | Since::Unknown => 0,
    }
}

static PROCESS: Watch = Watch::new();

/// Nanoseconds in units of 2²⁰ of them, about a millisecond.
const fn to_units(nanos: u64) -> u64 {
    nanos >> 20
}

/// The number of standstills, and when the process was last seen going on: in one word, so that nobody
/// sees one of them without the other.
#[derive(Debug)]
struct Watch(AtomicU64);

/// The low bits are the moment in units, which last for decades; the others count.
const COUNT: u32 = 40;
const UNITS: u64 = (1 << COUNT) - 1;

impl Watch {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The number of standstills, by somebody who has just read the time.
    #[inline]
    fn look(&self, now: Moment) -> u64 {
        let word = self.0.load(Ordering::Acquire);
        if to_units(now.as_nanos()).saturating_sub(word & UNITS) > GAP {
            return self.go_on(now);
        }
        word >> COUNT
    }

    /// The process goes on at this moment; the number of standstills, this one included if it was one.
    fn go_on(&self, now: Moment) -> u64 {
        let now = to_units(now.as_nanos());
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let (count, last) = (word >> COUNT, word & UNITS);
            let count = count + u64::from(now.saturating_sub(last) > GAP);
            let next = count << COUNT | now.max(last) & UNITS;
            match self.0.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return count,
                Err(other) => word = other,
            }
        }
    }

    /// Begins at this moment, which ends no standstill.
    fn begin(&self, now: Moment) {
        self.0.store(to_units(now.as_nanos()) & UNITS, Ordering::Release);
    }
}

/// When a connection began, in standstills.
#[derive(Debug)]
pub(crate) enum Since {
    /// The number by then.
    Seen(u64),
    /// The same by a clock that only tests move: it says when the process stood still.
    Simulated(Clock, u64),
    /// Nobody counts.
    Unknown,
}

impl Since {
    /// Begins now.
    pub(crate) fn now(clock: &Clock) -> Self {
        match clock.is_real() {
            true if is_watched() => Self::Seen(PROCESS.look(clock.now())),
            true => Self::Unknown,
            false => Self::Simulated(clock.clone(), clock.standstills()),
        }
    }

    /// Whether the process has gone on since, as seen by somebody who has just read the time.
    #[inline]
    pub(crate) fn check(&self, now: Moment) -> Result<(), Closed> {
        match self {
            Self::Seen(seen) if PROCESS.look(now) != *seen => Err(Closed::StoodStill),
            Self::Simulated(clock, seen) if clock.standstills() != *seen => Err(Closed::StoodStill),
            _ => Ok(()),
        }
    }
}

/// Whether the thread runs, which the first call starts.
fn is_watched() -> bool {
    static STARTED: OnceLock<bool> = OnceLock::new();
    *STARTED.get_or_init(|| {
        PROCESS.begin(Clock::fast().now());
        let thread = std::thread::Builder::new().name("seam-standstill".to_owned());
        let started = thread.spawn(watch);
        if let Err(error) = &started {
            tracing::warn!(%error, "no thread that sees whether this process stands still");
        }
        started.is_ok()
    })
}

#[expect(clippy::disallowed_methods, reason = "it is a thread of its own, and polls nothing")]
fn watch() {
    let clock = Clock::fast();
    // As it was begun: this thread itself may have stood still since.
    let mut count = 0;
    loop {
        std::thread::sleep(TICK);
        let now = PROCESS.go_on(clock.now());
        if now != count {
            tracing::warn!("this process stood still for over 2 s: its connections begin anew");
            count = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_gap_of_over_two_seconds_counts_once_whoever_sees_it_first() {
        let watch = Watch::new();
        watch.begin(at(60_000));
        for tick in 1..=10 {
            assert_eq!(watch.go_on(at(60_000 + 200 * tick)), 0);
        }
        assert_eq!(watch.look(at(63_900)), 0, "1.9 s are none");
        assert_eq!(watch.look(at(64_100)), 1, "a connection sees it");
        assert_eq!((watch.go_on(at(64_101)), watch.look(at(64_102))), (1, 1));
        assert_eq!(watch.go_on(at(66_900)), 2, "the thread sees it");
        assert_eq!((watch.look(at(66_901)), watch.go_on(at(67_000))), (2, 2));
        // Who has read the time before others did is no earlier for it.
        assert_eq!((watch.go_on(at(60_000)), watch.look(at(68_000))), (2, 2));
    }

    #[test]
    fn of_many_who_see_it_one_counts() {
        let watch = Watch::new();
        watch.begin(at(1));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(watch.look(at(5_000)), 1));
            }
        });
    }

    #[test]
    fn by_a_clock_that_tests_move_nobody_stands_still_unless_it_says_so() {
        let clock = Clock::manual();
        let since = Since::now(&clock);
        clock.advance(Duration::from_secs(60));
        assert!(since.check(clock.now()).is_ok());
        clock.stand_still(Duration::from_secs(3));
        assert!(since.check(clock.now()).is_err());
        assert!(Since::now(&clock).check(clock.now()).is_ok(), "who begins later is of later");
        assert!(matches!(Since::now(&Clock::fast()), Since::Seen(_)));
    }
}
