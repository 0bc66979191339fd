//! When a unit that died is started again.

use std::time::{Duration, Instant};

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// After so long alive, a unit counts as having started well.
const SETTLED: Duration = Duration::from_secs(1);

/// Doubles the wait from 100 ms to 5 s while a unit dies young, without limit; begins anew once
/// the unit has lived for a second. Does no I/O and is told the time.
#[derive(Debug)]
pub(super) struct Restart {
    started: Instant,
    next: Duration,
}

impl Restart {
    /// The unit is started for the first time.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, next: FIRST }
    }

    /// The unit is started again.
    pub(super) fn started(&mut self, now: Instant) {
        self.started = now;
    }

    /// The unit died: how long to wait before it is started again.
    pub(super) fn died(&mut self, now: Instant) -> Duration {
        if now.saturating_duration_since(self.started) >= SETTLED {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_five_seconds_and_stay_there() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        let waits: Vec<u128> = (0..9)
            .map(|_| {
                let wait = restart.died(now).as_millis();
                restart.started(now);
                wait
            })
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    }

    #[test]
    fn a_second_alive_begins_anew() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        restart.died(now);
        restart.died(now);
        restart.started(now);
        assert_eq!(restart.died(now + SETTLED), FIRST);
        restart.started(now + SETTLED);
        assert_eq!(restart.died(now + SETTLED + SETTLED / 2), FIRST * 2);
    }

    #[test]
    fn a_clock_that_goes_back_is_no_harm() {
        let now = Instant::now();
        let mut restart = Restart::new(now + SETTLED);
        assert_eq!(restart.died(now), FIRST);
    }
}
