//! What stands between a unit's calls to a service and their attempts, wherever the service is.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::deadlines::nanos;
use super::permits::{Allow, Permits};
use crate::contract::MethodSpec;
use crate::metrics::SLOW;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::policy::{BudgetSettings, Entered, InFlight, Rate, RetryBudget};
use crate::remote::Caller;
use crate::time::Moment;

/// When to try again after a call that found as many in flight as may be.
const RETRY_AFTER: Duration = Duration::from_millis(20);
/// So many calls to a service may wait for somebody who takes them.
const WAITING: u32 = 256;
/// Calls that were made longer ago than this say nothing of how many may be tried again.
const WINDOW: Duration = Duration::from_secs(10);

/// What guards calls to a service: `[calls]`, and `[services.NAME.calls]` before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallPolicy {
    /// `attempts`: how often a call is tried, at most; 3 by default, and 1 tries none again.
    pub attempts: u32,
    /// `retry_budget`: the share of a service's calls that may be tried again; 0.2 by default.
    pub retry_budget: f64,
    /// `retry_floor`: so many more a second, however few calls there are; 10 by default.
    pub retry_floor: u32,
    /// `in_flight`: how many calls to the service a unit may have under way, those aside that are
    /// over at once; 1,024 by default. Beyond it they are overloaded. A unit lowers it to three
    /// quarters of the smallest mailbox among its services that call this one.
    pub in_flight: u32,
    /// `rate`: how many calls a second a unit may make to the service; 0, the default, is no limit.
    /// Beyond it they are overloaded.
    pub rate: u32,
    /// `wait`: how long a call waits for somebody who takes it, while the service starts, moves or
    /// changes hands; 1 s by default.
    pub wait: Duration,
    /// `slow`: from when on a call is slow, and recorded whatever else is; 500 ms by default. What a
    /// method says of itself by `#[call(slow)]` holds before it.
    pub slow: Duration,
}

impl CallPolicy {
    /// Nothing is tried again, and nothing is bounded.
    pub const NONE: Self = Self {
        attempts: 1,
        retry_budget: 0.0,
        retry_floor: 0,
        in_flight: u32::MAX,
        rate: 0,
        wait: Duration::ZERO,
        slow: Duration::MAX,
    };
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            retry_budget: 0.2,
            retry_floor: 10,
            in_flight: 1_024,
            rate: 0,
            wait: Duration::from_secs(1),
            slow: SLOW,
        }
    }
}

/// The policy in force, as calls read it, and what it has counted.
#[derive(Debug)]
pub(super) struct Guard {
    /// How many calls may be under way; 0 where each call is to be looked at closer, so that those of
    /// services without further rules pay nothing for there being some.
    limit: AtomicU32,
    /// How many may be under way in that case, too.
    in_flight: AtomicU32,
    inside: AtomicU32,
    /// Whether what calls carry is looked at.
    watched: AtomicBool,
    permits: Arc<Permits>,
    rate: Rate,
    attempts: AtomicU32,
    wait: AtomicU64,
    waiting: InFlight,
    /// The share as bits, and the floor.
    budget: (AtomicU64, AtomicU32),
    /// Made when a call fails first: few services' do.
    again: OnceLock<Box<Again>>,
}

/// A call that asks to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks<'a> {
    pub(super) service: ServiceId,
    pub(super) method: &'a MethodSpec,
    pub(super) caller: Caller,
    /// The time, read just now.
    pub(super) now: Moment,
}

#[derive(Debug)]
struct Again {
    budget: RetryBudget,
    /// When the service's calls were counted last, and how many there were.
    counted: Mutex<(Moment, u64)>,
}

impl Guard {
    pub(super) fn new(policy: &CallPolicy) -> Self {
        let guard = Self {
            limit: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            inside: AtomicU32::new(0),
            watched: AtomicBool::new(false),
            permits: Arc::default(),
            rate: Rate::new(0),
            attempts: AtomicU32::new(0),
            wait: AtomicU64::new(0),
            waiting: InFlight::new(WAITING),
            budget: (AtomicU64::new(0), AtomicU32::new(0)),
            again: OnceLock::new(),
        };
        guard.set(policy);
        guard
    }

    /// Puts a policy in force for the next call.
    pub(super) fn set(&self, policy: &CallPolicy) {
        self.in_flight.store(policy.in_flight, Ordering::Relaxed);
        self.set_limit();
        self.rate.set(policy.rate);
        self.attempts.store(policy.attempts, Ordering::Relaxed);
        self.wait.store(nanos(policy.wait), Ordering::Relaxed);
        self.budget.0.store(policy.retry_budget.to_bits(), Ordering::Relaxed);
        self.budget.1.store(policy.retry_floor, Ordering::Relaxed);
        if let Some(again) = self.again.get() {
            again.budget.set(self.budget_settings());
        }
    }

    /// Puts rules about callers in force for the next call.
    pub(super) fn allow(&self, allow: Allow) {
        self.permits.set(allow);
        self.set_limit();
    }

    /// Has what calls carry be looked at, from the next call on.
    pub(super) fn watch(&self, on: bool) {
        self.watched.store(on, Ordering::Relaxed);
        self.set_limit();
    }

    /// The rules about callers.
    pub(super) const fn permits(&self) -> &Arc<Permits> {
        &self.permits
    }

    fn set_limit(&self) {
        let closer = self.permits.is_narrowed() || self.watched.load(Ordering::Relaxed);
        let limit = if closer { 0 } else { self.in_flight.load(Ordering::Relaxed) };
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Whether one more call may be made; `look` is called where what it carries is looked at.
    #[inline]
    pub(super) fn admit(&self, asks: Asks<'_>, look: impl FnOnce()) -> Result<(), NotExecuted> {
        if self.inside.load(Ordering::Relaxed) >= self.limit.load(Ordering::Relaxed) {
            self.look_closer(asks, look)?;
        }
        self.rate.admit(asks.now).map_err(|retry_after| NotExecuted::Overloaded { retry_after })
    }

    #[cold]
    #[inline(never)]
    fn look_closer(&self, asks: Asks<'_>, look: impl FnOnce()) -> Result<(), NotExecuted> {
        let Asks { service, method, caller, .. } = asks;
        self.permits.admit(service, Some(method), caller)?;
        if self.inside.load(Ordering::Relaxed) >= self.in_flight.load(Ordering::Relaxed) {
            return Err(NotExecuted::Overloaded { retry_after: RETRY_AFTER });
        }
        if self.watched.load(Ordering::Relaxed) {
            look();
        }
        Ok(())
    }

    /// A call that isn't over at once is under way. Calls that ask at the same time may be more than
    /// the limit by as many as there are threads.
    #[inline]
    pub(super) fn enter(&self) {
        self.inside.fetch_add(1, Ordering::Relaxed);
    }

    /// It isn't under way any more.
    #[inline]
    pub(super) fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }

    /// How often a call may be tried.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// How long a call may wait for somebody who takes it.
    pub(super) fn wait(&self) -> Duration {
        Duration::from_nanos(self.wait.load(Ordering::Relaxed))
    }

    /// A place among the calls that wait so; there are 256.
    pub(super) fn try_wait(&self) -> Option<Entered> {
        self.waiting.try_enter()
    }

    /// The place is free again.
    pub(super) fn waited(&self, place: Entered) {
        self.waiting.leave(place);
    }

    /// Whether a call may be tried again by the budget, of which this takes a token. `calls` is how
    /// many calls to the service were ever made: counting them here would cost each of them.
    pub(super) fn withdraw(&self, now: Moment, calls: u64) -> bool {
        let again = self.again.get_or_init(|| {
            let budget = RetryBudget::new(self.budget_settings());
            Box::new(Again { budget, counted: Mutex::new((now, calls)) })
        });
        let mut counted = again.counted.lock();
        let (since, before) = std::mem::replace(&mut *counted, (now, calls));
        let made = calls.saturating_sub(before);
        let elapsed = now.since(since);
        // Of those in a longer time, the share that is as long ago as the budget remembers.
        let recent = match elapsed > WINDOW {
            true => (made as f64 * WINDOW.as_secs_f64() / elapsed.as_secs_f64()) as u64,
            false => made,
        };
        again.budget.deposit(now, u32::try_from(recent).unwrap_or(u32::MAX));
        drop(counted);
        again.budget.withdraw(now)
    }

    fn budget_settings(&self) -> BudgetSettings {
        BudgetSettings {
            ratio: f64::from_bits(self.budget.0.load(Ordering::Relaxed)),
            floor: self.budget.1.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::default().after(Duration::from_millis(millis))
    }

    static CHARGE: MethodSpec = MethodSpec::plain("charge", 0);

    fn admit(guard: &Guard, caller: Caller) -> Result<(), NotExecuted> {
        let service = ServiceId::of("guard-payment").unwrap();
        guard.admit(Asks { service, method: &CHARGE, caller, now: at(0) }, || {})
    }

    #[test]
    fn a_full_service_is_overloaded_until_somebody_leaves() {
        let guard = Guard::new(&CallPolicy { in_flight: 2, ..CallPolicy::default() });
        guard.enter();
        guard.enter();
        assert!(matches!(admit(&guard, Caller::Edge), Err(NotExecuted::Overloaded { .. })));
        guard.leave();
        assert_eq!(admit(&guard, Caller::Edge), Ok(()));
        guard.set(&CallPolicy { in_flight: 1, ..CallPolicy::default() });
        assert!(admit(&guard, Caller::Edge).is_err(), "a lower limit holds at once");
    }

    #[test]
    fn rules_about_callers_hold_beside_the_limit() {
        let guard = Guard::new(&CallPolicy { in_flight: 1, ..CallPolicy::default() });
        let order = Caller::Service(ServiceId::of("guard-order").unwrap());
        let mut allow = Allow::default();
        allow.only(0, [order]);
        guard.allow(allow);
        assert_eq!(admit(&guard, order), Ok(()));
        guard.enter();
        assert!(matches!(admit(&guard, order), Err(NotExecuted::Overloaded { .. })));
        assert!(matches!(admit(&guard, Caller::Program), Err(NotExecuted::Denied { .. })));
        guard.set(&CallPolicy { in_flight: 2, ..CallPolicy::default() });
        assert_eq!(admit(&guard, order), Ok(()), "the new limit");
        assert!(admit(&guard, Caller::Program).is_err(), "and the rules");
        guard.allow(Allow::default());
        assert_eq!(admit(&guard, Caller::Program), Ok(()));
        guard.enter();
        assert!(admit(&guard, Caller::Program).is_err(), "the limit is back");
    }

    #[test]
    fn calls_of_the_last_seconds_are_worth_a_share_of_themselves() {
        let none = CallPolicy { retry_floor: 0, ..CallPolicy::default() };
        let guard = Guard::new(&none);
        assert!(!guard.withdraw(at(1_000), 1_000), "what was before the first look isn't known");
        // 100 more calls are worth 20.
        let granted = (0..50).filter(|_| guard.withdraw(at(2_000), 1_100)).count();
        assert_eq!(granted, 20);
    }

    #[test]
    fn after_a_long_while_only_its_last_part_counts() {
        let none = CallPolicy { retry_floor: 0, ..CallPolicy::default() };
        let guard = Guard::new(&none);
        guard.withdraw(at(0), 0);
        let granted = (0..500).filter(|_| guard.withdraw(at(100_000), 1_000)).count();
        assert_eq!(granted, 20, "a tenth of the time, a tenth of the calls");
    }

    #[test]
    fn places_to_wait_are_bounded() {
        let guard = Guard::new(&CallPolicy::default());
        let places: Vec<_> = (0..WAITING).map(|_| guard.try_wait().unwrap()).collect();
        assert!(guard.try_wait().is_none());
        places.into_iter().for_each(|place| guard.waited(place));
        assert!(guard.try_wait().is_some());
    }
}
