//! When what a collector couldn't take is sent again.

use std::time::{Duration, Instant};

/// How long the first wait is.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait, unless the collector asks for more: it is back for so long at most before it is
/// noticed.
const LONGEST: Duration = Duration::from_secs(10);
/// For how long something is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Retry {
    began: Instant,
    tries: u32,
}

impl Retry {
    pub(super) const fn new(now: Instant) -> Self {
        Self { began: now, tries: 0 }
    }

    /// How long to wait after a try that failed; none if it was the last. `wanted` is what the collector
    /// asks for, `chance` a number from 0 to 1 by which units don't all come back at once.
    pub(super) fn wait(
        &mut self,
        now: Instant,
        wanted: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.tries)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        let spread = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        let wait = wanted.map_or(spread, |wanted| wanted.max(spread));
        let ends = now.saturating_duration_since(self.began).saturating_add(wait);
        (ends <= PATIENCE).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_end() {
        let began = Instant::now();
        let (mut retry, mut now, mut waits) = (Retry::new(began), began, Vec::new());
        while let Some(wait) = retry.wait(now, None, 1.0) {
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits, [1, 2, 4, 8, 10, 10, 10, 10]);
        assert_eq!(Retry::new(began).wait(began, None, 0.0), Some(FIRST / 2));
    }

    #[test]
    fn a_collector_is_given_the_time_that_it_asks_for() {
        let now = Instant::now();
        let after = |wanted| Retry::new(now).wait(now, Some(Duration::from_secs(wanted)), 1.0);
        assert_eq!(after(0), Some(FIRST));
        assert_eq!(after(30), Some(Duration::from_secs(30)));
        assert_eq!(after(61), None);
        assert_eq!(after(u64::MAX), None);
    }
}
