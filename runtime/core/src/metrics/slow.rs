//! From when on a call is slow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::contract::ContractDescriptor;

/// From when on the calls of a service are slow in a unit: `[calls] slow`, `[services.NAME.calls] slow`,
/// and before both what a method says of itself by `#[call(slow)]`. 500 ms by default.
#[derive(Debug)]
pub struct SlowLimits {
    /// From when on a call is looked at closer, in nanoseconds: the lowest limit, or 0 while every call is,
    /// so that nobody looks twice.
    looked_at: AtomicU64,
    /// Whether every call is looked at.
    all: AtomicBool,
    /// From when on it is slow.
    limit: AtomicU64,
    /// What methods say, by their index; empty where none does.
    own: Box<[Option<u64>]>,
}

/// From when on calls are slow where nothing else is said.
pub const SLOW: Duration = Duration::from_millis(500);

impl SlowLimits {
    /// The limits of a contract's methods.
    pub fn new(contract: &ContractDescriptor) -> Self {
        let own = contract.methods.iter().map(|method| method.slow.map(nanos));
        let own = if own.clone().any(|own| own.is_some()) { own.collect() } else { Box::default() };
        let [looked_at, limit] = [(); 2].map(|()| AtomicU64::new(nanos(SLOW)));
        let limits = Self { looked_at, all: AtomicBool::new(false), limit, own };
        limits.look_at_all(false);
        limits
    }

    /// Has calls be slow from another time on, but for methods that say so themselves.
    pub fn set(&self, limit: Duration) {
        self.limit.store(nanos(limit), Ordering::Relaxed);
        self.look_at_all(self.all.load(Ordering::Relaxed));
    }

    /// Has every call be looked at, or only those that are slow.
    pub(super) fn look_at_all(&self, all: bool) {
        self.all.store(all, Ordering::Relaxed);
        let own = self.own.iter().flatten().copied();
        let lowest = own.fold(self.limit.load(Ordering::Relaxed), u64::min);
        self.looked_at.store(if all { 0 } else { lowest }, Ordering::Relaxed);
    }

    /// Whether a call that took so many nanoseconds is to be looked at closer: it may have been slow, or all
    /// are.
    #[inline]
    pub(super) fn is_looked_at(&self, nanos: u64) -> bool {
        nanos >= self.looked_at.load(Ordering::Relaxed)
    }

    /// Whether a call that took so many nanoseconds was slow.
    #[cold]
    pub(super) fn is_slow(&self, method: u16, nanos: u64) -> bool {
        let own = self.own.get(usize::from(method)).copied().flatten();
        nanos >= own.unwrap_or_else(|| self.limit.load(Ordering::Relaxed))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
