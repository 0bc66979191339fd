//! The numbers behind a breaker.

use std::time::Duration;

use super::super::backoff::Backoff;

/// With fewer calls in the window, their rate says nothing.
pub(super) const MIN_CALLS: u64 = 20;

/// The numbers behind a [`Breaker`](super::Breaker).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// So many failures in a row open it; with 0, none do. 5.
    pub failures: u32,
    /// So does a smaller share of answered calls than this, once there are at least 20 in the
    /// window; with 0, none does. 0.8.
    pub success: f64,
    /// The time that the share is reckoned over. 10 s.
    pub window: Duration,
    /// How long it is open for the first time, plus up to half of it by chance; each further time
    /// is twice as long. 1 s.
    pub open: Duration,
    /// It is never open for longer. 60 s.
    pub longest: Duration,
}

impl BreakerSettings {
    /// How long it is open after it was `openings` times before, without jitter.
    pub(super) fn reopening(&self, openings: u32) -> Duration {
        Backoff { first: self.open, longest: self.longest, jitter: 0.0 }.doubled(openings)
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            success: 0.8,
            window: Duration::from_secs(10),
            open: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        }
    }
}
