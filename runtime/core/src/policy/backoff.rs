//! How long to wait before the next try.

use std::time::Duration;

/// A wait that doubles with each try, up to a longest one, and is blurred so that those who failed
/// together don't come back together: `min(first·2^n, longest)·U(1 − jitter, 1 + jitter)`.
///
/// After gRPC's retries (proposal A6: `random(0.8, 1.2)`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The wait after the first failure. 100 ms.
    pub first: Duration,
    /// No wait is longer, but for the jitter. 1 s.
    pub longest: Duration,
    /// How far a wait may lie beside the one reckoned, as a share of it, 0 to 1. 0.2.
    pub jitter: f64,
}

impl Backoff {
    /// The wait before try `n` of those again, counted from 0. `random` lies in 0..1.
    pub fn delay(&self, n: u32, random: f64) -> Duration {
        let jitter = self.jitter.clamp(0.0, 1.0);
        times(self.doubled(n), 1.0 - jitter + 2.0 * jitter * random.clamp(0.0, 1.0))
    }

    /// The wait before try `n` of those again, without jitter.
    pub(super) fn doubled(&self, n: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(n)).min(self.longest)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(1), jitter: 0.2 }
    }
}

/// So many times `wait`, or [`Duration::MAX`] where that can't be told.
pub(super) fn times(wait: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let waits: Vec<_> = (0..6).map(|n| backoff.delay(n, 0.5).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
    }

    #[test]
    fn they_are_blurred_by_a_fifth() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(0, 0.0), Duration::from_millis(80));
        assert_eq!(backoff.delay(0, 1.0), Duration::from_millis(120));
        assert_eq!(backoff.delay(9, 1.0), Duration::from_millis(1_200));
    }

    #[test]
    fn no_number_of_tries_is_too_large() {
        let backoff =
            Backoff { first: Duration::from_secs(9), longest: Duration::MAX, jitter: 1.0 };
        for n in [31, 32, 33, 64, 1_000, u32::MAX] {
            assert_eq!(Backoff::default().delay(n, 0.5), Duration::from_secs(1));
            assert!(backoff.delay(n, 1.0) > Duration::from_secs(1 << 32));
        }
        assert_eq!(times(Duration::MAX, 2.0), Duration::MAX);
    }
}
