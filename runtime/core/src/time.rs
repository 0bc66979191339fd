//! The runtime's clock: cheap to read in production, set by hand in tests.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use self::manual::Hands;

mod manual;

/// A point on the runtime's monotonic clock, in nanoseconds since the process first had one.
///
/// It means something within one process only: what crosses the wire is a remaining time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This moment and `by` more; [`Moment::NEVER`] where that can't be told.
    #[inline]
    pub fn after(self, by: Duration) -> Self {
        // In 64 bits throughout: a call's deadline is reckoned with this.
        let nanos = by.as_secs().saturating_mul(1_000_000_000);
        Self(self.0.saturating_add(nanos.saturating_add(u64::from(by.subsec_nanos()))))
    }

    /// This moment and so many microseconds more, or [`Moment::NEVER`].
    #[inline]
    pub const fn after_micros(self, micros: u32) -> Self {
        Self(self.0.saturating_add(micros as u64 * 1_000))
    }

    /// This moment and so many nanoseconds more; [`Moment::NEVER`] where that can't be told.
    #[inline]
    #[must_use]
    pub const fn after_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// How many nanoseconds after `earlier` this is; zero if it isn't.
    pub const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long after `earlier` this is; zero if it isn't.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("never");
        }
        write!(f, "{:?}", Duration::from_nanos(self.0))
    }
}

/// Where the runtime reads the time, and how it waits for a later one.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The processor's own counter: a third of the price of the system call's clock.
    Fast(&'static Counter),
    Manual(Arc<Hands>),
    Still,
}

impl Clock {
    /// The production clock.
    pub fn fast() -> Self {
        static COUNTER: OnceLock<Counter> = OnceLock::new();
        Self(Source::Fast(COUNTER.get_or_init(Counter::start)))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual() -> Self {
        Self(Source::Manual(Arc::default()))
    }

    /// A clock that always shows zero, and costs nothing to read: no deadline passes by it, and
    /// nothing takes any time. For measuring what the clock costs.
    pub const fn still() -> Self {
        Self(Source::Still)
    }

    /// Whether this is the production clock, by which time passes whatever the process does.
    pub const fn is_real(&self) -> bool {
        matches!(self.0, Source::Fast(_))
    }

    /// The time now.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::Fast(counter) => counter.now(),
            Source::Manual(hands) => hands.now(),
            Source::Still => Moment::default(),
        }
    }

    /// Moves a manual clock on, and wakes who waits for a moment passed by it. Does nothing to the
    /// production clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(hands) = &self.0 {
            hands.advance(by);
        }
    }

    /// As [`Clock::advance`], for a simulated process that has stood still for so long, and sees that
    /// before anything else.
    pub fn stand_still(&self, by: Duration) {
        if let Source::Manual(hands) = &self.0 {
            hands.stand_still(by);
        }
    }

    /// How often a process has [stood still](Clock::stand_still) by a manual clock.
    pub fn standstills(&self) -> u64 {
        match &self.0 {
            Source::Manual(hands) => hands.standstills(),
            Source::Fast(_) | Source::Still => 0,
        }
    }

    /// Returns once `moment` has come.
    pub async fn wait_until(&self, moment: Moment) {
        match &self.0 {
            Source::Fast(_) | Source::Still if moment == Moment::NEVER => {
                std::future::pending().await
            }
            Source::Still => tokio::time::sleep(moment.since(Moment::default())).await,
            Source::Fast(_) => tokio::time::sleep(moment.since(self.now())).await,
            Source::Manual(hands) => hands.wait_until(moment).await,
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::fast()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            Source::Fast(_) => "fast",
            Source::Manual(_) => "manual",
            Source::Still => "still",
        };
        write!(f, "Clock({name}, {:?})", self.now())
    }
}

/// The processor's counter, and where it stood when the process first looked. A clock knows where it
/// is: to ask each time whether it was started would take a tenth of a look at it.
struct Counter {
    clock: quanta::Clock,
    zero: u64,
    /// Nanoseconds per two to the power of [`UNIT`] ticks.
    pace: u64,
}

/// Ticks are counted in this power of two: so many that their nanoseconds are known to a billionth.
const UNIT: u32 = 32;

impl Counter {
    #[cold]
    fn start() -> Self {
        let clock = quanta::Clock::new();
        Self { zero: clock.raw(), pace: clock.delta_as_nanos(0, 1 << UNIT), clock }
    }

    #[inline]
    fn now(&self) -> Moment {
        let Self { clock, zero, pace } = self;
        // Reckoned here, in one multiplication: the library asks once more which clock it is.
        let ticks = u128::from(clock.raw().saturating_sub(*zero));
        // One more than nothing, so that zero stays "before anything".
        Moment(((ticks * u128::from(*pace)) >> UNIT) as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_far_away_never_comes() {
        assert_eq!(Moment::from_nanos(5).after(Duration::MAX), Moment::NEVER);
        assert_eq!(Moment::from_nanos(5).since(Moment::from_nanos(9)), Duration::ZERO);
    }

    #[test]
    fn the_fast_clock_goes_as_the_systems() {
        let clock = Clock::fast();
        // The system's clock is read around each look at ours, for a thread may be held up in between.
        let first = std::time::Instant::now();
        let began = clock.now();
        let second = std::time::Instant::now();
        while second.elapsed() < Duration::from_millis(50) {
            assert!(clock.now() >= began);
        }
        let least = second.elapsed();
        let measured = clock.now().since(began);
        let most = first.elapsed();
        // The counter's pace is found out by the library in some milliseconds.
        let within = least.mul_f64(0.98)..most.mul_f64(1.02);
        assert!(within.contains(&measured), "{measured:?} is not in {within:?}");
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_its_waiters() {
        let clock = Clock::manual();
        let later = clock.now().after(Duration::from_secs(5));
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait_until(later).await }
        });
        clock.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.advance(Duration::from_secs(1));
        waiter.await.unwrap();
    }
}
