//! How long calls may take whose caller doesn't say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::contract::MethodSpec;
use crate::live::Live;

/// How long calls may take whose caller doesn't say.
///
/// From the strongest to the weakest: what the caller says, `[services.NAME.calls] deadline`, what
/// the method declares, and `[calls] deadline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// `[services.NAME.calls] deadline`.
    pub service: Option<Duration>,
    /// `[calls] deadline`; 5 s by default.
    pub otherwise: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { service: None, otherwise: Duration::from_secs(5) }
    }
}

/// The deadlines in force, as every call reads them: in atomics, which cost no more than fields.
#[derive(Debug)]
pub(super) struct DeadlinesInForce {
    service: AtomicU64,
    otherwise: AtomicU64,
}

/// The service has none configured.
const NONE: u64 = u64::MAX;

impl DeadlinesInForce {
    /// What is in force in `settings`, now and later.
    pub(super) fn following(settings: &Live<Deadlines>) -> Arc<Self> {
        let none = Self { service: AtomicU64::new(NONE), otherwise: AtomicU64::new(NONE) };
        let in_force = Arc::new(none);
        let follower = Arc::downgrade(&in_force);
        settings.follow(move |deadlines| {
            follower.upgrade().map(|in_force| in_force.set(deadlines)).is_some()
        });
        in_force
    }

    fn set(&self, deadlines: &Deadlines) {
        // Each of the two decides by itself, so nobody minds one that is newer than the other.
        self.service.store(deadlines.service.map_or(NONE, nanos), Ordering::Relaxed);
        self.otherwise.store(nanos(deadlines.otherwise), Ordering::Relaxed);
    }

    /// The time, in nanoseconds, of a call that doesn't say it; `otherwise` goes before the
    /// configured one.
    #[inline]
    pub(super) fn of(&self, method: &MethodSpec, otherwise: Option<Duration>) -> u64 {
        let service = self.service.load(Ordering::Relaxed);
        if service != NONE {
            return service;
        }
        match method.deadline.or(otherwise) {
            Some(declared) => nanos(declared),
            None => self.otherwise.load(Ordering::Relaxed),
        }
    }
}

/// A time as calls reckon with it; what can't be told so is as good as for ever.
#[inline]
pub(super) fn nanos(time: Duration) -> u64 {
    let nanos = time.as_secs().saturating_mul(1_000_000_000);
    nanos.saturating_add(u64::from(time.subsec_nanos())).min(NONE - 1)
}
