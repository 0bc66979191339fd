//! When a discarded actor is built again: a state machine without a clock of its own.
//!
//! After Erlang's supervisors and kameo's: at once after a panic, with backoff only if the rebuilt
//! actor's next turn panics too, and never giving up.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Moment;

/// The numbers behind a [`Supervisor`].
#[derive(Debug, Clone, Copy)]
pub struct RestartPolicy {
    /// The first backoff; each further one is twice as long. 100 ms.
    pub first: Duration,
    /// No backoff is longer. 10 s.
    pub longest: Duration,
    /// So many failed starts … 5.
    pub failures: usize,
    /// … within this time mean that the service is down. 60 s.
    pub window: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            failures: 5,
            window: Duration::from_secs(60),
        }
    }
}

/// Decides when an actor is built again.
#[derive(Debug)]
pub struct Supervisor {
    policy: RestartPolicy,
    /// Builds since the last turn that ended well.
    in_vain: u32,
    failed_starts: VecDeque<Moment>,
}

/// What follows from a failed start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterFailure {
    /// When to try again.
    pub again: Moment,
    /// Whether the service is down until a start succeeds.
    pub down: bool,
}

impl Supervisor {
    /// A supervisor of an actor that was never started.
    pub const fn new(policy: RestartPolicy) -> Self {
        Self { policy, in_vain: 0, failed_starts: VecDeque::new() }
    }

    /// The actor was discarded; `proved` says whether a turn of it had ended well. Returns when to
    /// build it again. `jitter` lies in 0..1.
    pub fn discarded(&mut self, now: Moment, proved: bool, jitter: f64) -> Moment {
        if proved {
            self.in_vain = 0;
        }
        let backoff = self.backoff(self.in_vain, jitter);
        self.in_vain += 1;
        now.after(backoff)
    }

    /// The actor started.
    pub fn started(&mut self) {
        self.failed_starts.clear();
    }

    /// The actor's start failed.
    pub fn start_failed(&mut self, now: Moment, jitter: f64) -> AfterFailure {
        while self.failed_starts.front().is_some_and(|at| now.since(*at) >= self.policy.window) {
            self.failed_starts.pop_front();
        }
        self.failed_starts.push_back(now);
        if self.failed_starts.len() > self.policy.failures {
            self.failed_starts.pop_front();
        }
        let failures = self.failed_starts.len();
        let again = now.after(self.backoff(failures as u32, jitter));
        AfterFailure { again, down: failures >= self.policy.failures }
    }

    /// Nothing for the first time, then doubling, with up to a fifth more or less.
    fn backoff(&self, times: u32, jitter: f64) -> Duration {
        let Some(doublings) = times.checked_sub(1) else { return Duration::ZERO };
        let doubled = self.policy.first.saturating_mul(2_u32.saturating_pow(doublings));
        doubled.min(self.policy.longest).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_JITTER: f64 = 0.5;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn the_first_panic_costs_no_time() {
        let mut supervisor = Supervisor::new(RestartPolicy::default());
        assert_eq!(supervisor.discarded(at(5), true, NO_JITTER), at(5));
        assert_eq!(supervisor.discarded(at(9), true, NO_JITTER), at(9));
    }

    #[test]
    fn panics_one_after_another_back_off() {
        let mut supervisor = Supervisor::new(RestartPolicy::default());
        let waits: Vec<_> = (0..10)
            .map(|_| supervisor.discarded(at(0), false, NO_JITTER).since(at(0)).as_millis())
            .collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn five_failed_starts_in_a_minute_mean_down() {
        let mut supervisor = Supervisor::new(RestartPolicy::default());
        for start in 0..4 {
            assert!(!supervisor.start_failed(at(start * 10_000), NO_JITTER).down);
        }
        assert!(supervisor.start_failed(at(40_000), NO_JITTER).down);
        supervisor.started();
        assert!(!supervisor.start_failed(at(50_000), NO_JITTER).down);
    }

    #[test]
    fn old_failures_are_forgotten() {
        let mut supervisor = Supervisor::new(RestartPolicy::default());
        for start in 0..20 {
            assert!(!supervisor.start_failed(at(start * 16_000), NO_JITTER).down);
        }
    }
}
