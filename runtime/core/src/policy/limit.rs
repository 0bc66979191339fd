//! How many calls there may be at once, and in a second.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::time::Moment;

/// A bulkhead: so many at once and no more. 1,024 calls in flight to a service, by default; 256 that
/// wait for an endpoint.
///
/// When one of them will leave isn't known, so that a refusal has no time to try again.
#[derive(Debug)]
pub struct InFlight {
    limit: AtomicU32,
    inside: AtomicU32,
}

/// Says that somebody entered, and is given back when they leave.
#[derive(Debug)]
#[must_use = "who entered must leave"]
pub struct Entered(());

impl InFlight {
    /// Calls in flight to a service.
    pub const CALLS: u32 = 1_024;
    /// Calls that wait for an endpoint of a service.
    pub const WAITING: u32 = 256;

    /// Room for so many; with 0, for none.
    pub const fn new(limit: u32) -> Self {
        Self { limit: AtomicU32::new(limit), inside: AtomicU32::new(0) }
    }

    /// Enters, if there is room.
    #[inline]
    pub fn try_enter(&self) -> Option<Entered> {
        let limit = self.limit.load(Ordering::Relaxed);
        let more = |inside| (inside < limit).then_some(inside + 1);
        self.inside.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Entered(()))
    }

    /// Leaves.
    #[inline]
    pub fn leave(&self, entered: Entered) {
        let Entered(()) = entered;
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many are inside.
    pub fn inside(&self) -> u32 {
        self.inside.load(Ordering::Relaxed)
    }

    /// Changes the limit. Who is inside stays, also beyond it.
    pub fn set(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }
}

/// How much may come at once: what is allowed in a second.
const BURST: u64 = 1_000_000_000;

/// So many calls a second and no more, in the long run, and as many at once after a quiet second.
///
/// It is the generic cell rate algorithm (ITU-T I.371), one word wide: the moment until which all
/// that was let through would have taken at an even pace. That a second's worth may come at once is
/// as with linkerd's local rate limit (governor's `Quota::per_second`): in any second there are no
/// more than twice as many.
#[derive(Debug)]
pub struct Rate {
    /// Nanoseconds a call, or 0: no limit.
    pace: AtomicU64,
    /// When the calls so far would be through at that pace.
    through: AtomicU64,
}

impl Rate {
    /// So many calls a second; with 0, as many as come.
    pub fn new(per_second: u32) -> Self {
        Self { pace: AtomicU64::new(pace(per_second)), through: AtomicU64::new(0) }
    }

    /// Whether a call may go now.
    ///
    /// # Errors
    /// It may not; the time says after how long one may.
    #[inline]
    pub fn admit(&self, now: Moment) -> Result<(), Duration> {
        match self.pace.load(Ordering::Relaxed) {
            0 => Ok(()),
            pace => self.admit_at(pace, now.as_nanos()),
        }
    }

    fn admit_at(&self, pace: u64, now: u64) -> Result<(), Duration> {
        let latest = now.saturating_add(BURST);
        let next = |through: u64| through.max(now).saturating_add(pace);
        let fits = |through| Some(next(through)).filter(|through| *through <= latest);
        match self.through.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(through) => Err(Duration::from_nanos(next(through) - latest)),
        }
    }

    /// Changes the limit; with 0, there is none.
    pub fn set(&self, per_second: u32) {
        self.pace.store(pace(per_second), Ordering::Relaxed);
    }
}

/// Rounded up, so that a second never has one too many.
fn pace(per_second: u32) -> u64 {
    if per_second == 0 { 0 } else { BURST.div_ceil(per_second.into()) }
}

#[cfg(test)]
mod tests {
    use super::super::support::{Chance, at};
    use super::*;

    #[test]
    fn so_many_at_once() {
        let limit = InFlight::new(2);
        let (one, two) = (limit.try_enter().unwrap(), limit.try_enter().unwrap());
        assert!(limit.try_enter().is_none());
        limit.leave(one);
        let one = limit.try_enter().unwrap();
        limit.set(1);
        limit.leave(two);
        assert!(limit.try_enter().is_none(), "one is inside still");
        limit.leave(one);
        assert_eq!(limit.inside(), 0);
        let last = limit.try_enter().unwrap();
        limit.leave(last);
    }

    #[test]
    fn threads_never_exceed_it() {
        let limit = InFlight::new(3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let Some(entered) = limit.try_enter() else { continue };
                        assert!(limit.inside() <= 3);
                        limit.leave(entered);
                    }
                });
            }
        });
        assert_eq!(limit.inside(), 0);
    }

    #[test]
    fn a_second_s_worth_at_once_and_then_an_even_pace() {
        let rate = Rate::new(5);
        assert!((0..5).all(|_| rate.admit(at(10_000)).is_ok()));
        assert_eq!(rate.admit(at(10_000)), Err(Duration::from_millis(200)));
        assert_eq!(rate.admit(at(10_150)), Err(Duration::from_millis(50)));
        assert_eq!(rate.admit(at(10_200)), Ok(()));
        assert_eq!(rate.admit(at(10_200)), Err(Duration::from_millis(200)));
    }

    #[test]
    fn none_is_no_limit_and_it_changes_while_it_runs() {
        let rate = Rate::new(0);
        assert!((0..10_000).all(|_| rate.admit(at(0)).is_ok()));
        rate.set(1);
        assert_eq!(rate.admit(at(0)), Ok(()));
        assert_eq!(rate.admit(at(400)), Err(Duration::from_millis(600)));
        rate.set(0);
        assert_eq!(rate.admit(at(400)), Ok(()));
        rate.set(u32::MAX);
        assert_eq!(rate.admit(Moment::NEVER), Ok(()));
    }

    #[test]
    fn no_second_has_more_than_twice_as_many() {
        for per_second in [1, 3, 7, 100, 999] {
            let (rate, mut chance) = (Rate::new(per_second), Chance(per_second.into()));
            let (mut now, mut passed) = (0, Vec::new());
            for _ in 0..20_000 {
                now += chance.below(3_000_000_000 / u64::from(per_second) / 4);
                if rate.admit(Moment::from_nanos(now)).is_ok() {
                    passed.push(now);
                }
            }
            for window in passed.windows(2 * per_second as usize + 1) {
                assert!(window[window.len() - 1] - window[0] >= BURST);
            }
            let most = now / BURST * u64::from(per_second) + 2 * u64::from(per_second);
            assert!((passed.len() as u64) <= most);
            assert!(passed.len() as u64 >= most / 2, "{per_second}: {} of {most}", passed.len());
        }
    }
}
