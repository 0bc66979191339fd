//! When a unit that died is started again.

use std::time::{Duration, Instant};

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// After so long ready, a unit counts as having started well.
const SETTLED: Duration = Duration::from_secs(1);
/// So does one that lives so long: it may not be ready because of another.
const ALIVE: Duration = Duration::from_secs(60);

/// Doubles the wait from 100 ms to 5 s while a unit dies young, without limit; begins anew once
/// the unit has been ready for a second. Does no I/O and is told the time.
#[derive(Debug)]
pub(super) struct Restart {
    /// From when on a death is the first again.
    settled: Instant,
    next: Duration,
}

impl Restart {
    /// The unit is started for the first time.
    pub(super) fn new(now: Instant) -> Self {
        Self { settled: now + ALIVE, next: FIRST }
    }

    /// The unit is started again.
    pub(super) fn started(&mut self, now: Instant) {
        self.settled = now + ALIVE;
    }

    /// The unit is ready.
    pub(super) fn ready(&mut self, now: Instant) {
        self.settled = self.settled.min(now + SETTLED);
    }

    /// The unit died: how long to wait before it is started again.
    pub(super) fn died(&mut self, now: Instant) -> Duration {
        if now >= self.settled {
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
    fn a_second_of_being_ready_begins_anew() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        restart.died(now);
        restart.died(now);
        restart.started(now);
        restart.ready(now + SETTLED / 2);
        assert_eq!(restart.died(now + SETTLED), FIRST * 4, "half a second isn't enough");
        restart.started(now + SETTLED);
        restart.ready(now + SETTLED);
        assert_eq!(restart.died(now + SETTLED * 2), FIRST);
        restart.started(now + SETTLED * 2);
        assert_eq!(restart.died(now + SETTLED * 3), FIRST * 2, "that life wasn't ready");
    }

    #[test]
    fn a_unit_that_is_never_ready_begins_anew_after_a_long_life() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        restart.died(now);
        restart.started(now);
        assert_eq!(restart.died(now + SETTLED * 30), FIRST * 2);
        restart.started(now);
        assert_eq!(restart.died(now + ALIVE), FIRST);
    }
}
