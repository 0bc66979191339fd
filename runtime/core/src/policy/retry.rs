//! What may be tried again, when, and how long an attempt may take.

use std::time::Duration;

use super::backoff::Backoff;
use crate::time::Moment;

/// How an attempt failed, as far as it matters for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The callee refused the call because it goes away, or went away before it read it.
    GoneAway,
    /// Not executed, and another time or elsewhere it may be: overloaded, unavailable.
    NotExecuted(RetryAfter),
    /// The callee ran and said no: a service error.
    Service,
    /// Not executed, and never will be: denied, a bad request, incompatible, a cycle, or the call's
    /// own deadline has passed.
    Never,
    /// The call may have run.
    Unknown,
}

/// When the callee wants to see the call again (gRPC's pushback, proposal A6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// It didn't say: the backoff decides.
    Unsaid,
    /// After this time, in place of the backoff.
    In(Duration),
    /// Never.
    Never,
}

impl RetryAfter {
    /// What the callee said in milliseconds: a negative number means never.
    pub fn from_millis(millis: i64) -> Self {
        u64::try_from(millis).map_or(Self::Never, |millis| Self::In(Duration::from_millis(millis)))
    }
}

/// What is known of a call when an attempt has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Attempts that were made and cost something, the one that just failed among them if it did.
    pub attempts: u32,
    /// How many such attempts a call may have. 3 by default; with 1 or 0, none is made again.
    pub allowed: u32,
    /// Whether the call was tried again for free because a callee went away.
    pub gone_away: bool,
    /// Whether running the call twice is as good as once.
    pub idempotent: bool,
    /// Whether somebody before this caller tries again, so that this one doesn't.
    pub no_retry: bool,
    /// The time left until the call's deadline.
    pub left: Duration,
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The call is tried again.
    Again {
        /// After this time, which ends before the call's deadline.
        after: Duration,
        /// Whether that costs neither an attempt nor a token of the
        /// [`RetryBudget`](super::RetryBudget). If it isn't free and the budget has no token, the
        /// failure is final.
        free: bool,
    },
    /// The failure is the call's outcome.
    Final,
}

impl Tried {
    /// Whether the call is tried again. `random` lies in 0..1.
    ///
    /// What a callee refused because it goes away is tried once more, at once. That is free, also of
    /// `no_retry`: no callee has had any work by it. All else is an attempt. (A call that nobody takes
    /// isn't tried at all yet: it waits.)
    pub fn decide(&self, fault: Fault, backoff: &Backoff, random: f64) -> Decision {
        let (after, free) = match fault {
            Fault::GoneAway if !self.gone_away => (Duration::ZERO, true),
            Fault::GoneAway | Fault::NotExecuted(RetryAfter::Unsaid) => {
                (self.backoff(backoff, random), false)
            }
            Fault::Unknown if self.idempotent => (self.backoff(backoff, random), false),
            Fault::NotExecuted(RetryAfter::In(after)) => (after, false),
            Fault::NotExecuted(RetryAfter::Never)
            | Fault::Service
            | Fault::Never
            | Fault::Unknown => return Decision::Final,
        };
        let may = free || (!self.no_retry && self.attempts < self.allowed);
        if may && after < self.left { Decision::Again { after, free } } else { Decision::Final }
    }

    fn backoff(&self, backoff: &Backoff, random: f64) -> Duration {
        backoff.delay(self.attempts.saturating_sub(1), random)
    }
}

/// Until when an attempt that begins now is waited for.
///
/// One of an idempotent call takes at most half of what is left while there is another endpoint: the
/// first that swallows it would eat the whole deadline otherwise.
pub fn attempt_deadline(
    now: Moment,
    deadline: Moment,
    another_endpoint: bool,
    idempotent: bool,
) -> Moment {
    if another_endpoint && idempotent {
        deadline.min(now.after(deadline.since(now) / 2))
    } else {
        deadline
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::at;
    use super::*;

    const TRIED: Tried = Tried {
        attempts: 1,
        allowed: 3,
        gone_away: false,
        idempotent: false,
        no_retry: false,
        left: Duration::from_secs(5),
    };

    fn decide(tried: Tried, fault: Fault) -> Decision {
        tried.decide(fault, &Backoff::default(), 0.5)
    }

    const fn again(millis: u64) -> Decision {
        Decision::Again { after: Duration::from_millis(millis), free: false }
    }

    const fn freely(millis: u64) -> Decision {
        Decision::Again { after: Duration::from_millis(millis), free: true }
    }

    const UNSAID: Fault = Fault::NotExecuted(RetryAfter::Unsaid);

    #[test]
    fn what_did_not_run_is_tried_again_and_what_is_unknown_only_if_idempotent() {
        assert_eq!(decide(TRIED, UNSAID), again(100));
        assert_eq!(decide(TRIED, Fault::Unknown), Decision::Final);
        assert_eq!(decide(Tried { idempotent: true, ..TRIED }, Fault::Unknown), again(100));
        for never in [Fault::Service, Fault::Never] {
            assert_eq!(decide(Tried { idempotent: true, ..TRIED }, never), Decision::Final);
        }
    }

    #[test]
    fn attempts_are_counted() {
        assert_eq!(decide(Tried { attempts: 2, ..TRIED }, UNSAID), again(200));
        assert_eq!(decide(Tried { attempts: 3, ..TRIED }, UNSAID), Decision::Final);
        assert_eq!(decide(Tried { allowed: 1, ..TRIED }, UNSAID), Decision::Final);
        assert_eq!(decide(Tried { allowed: 0, ..TRIED }, UNSAID), Decision::Final);
        let all = Tried { attempts: u32::MAX, allowed: u32::MAX, ..TRIED };
        assert_eq!(decide(all, UNSAID), Decision::Final);
    }

    #[test]
    fn one_layer_tries_again() {
        let inner = Tried { no_retry: true, idempotent: true, ..TRIED };
        assert_eq!(decide(inner, UNSAID), Decision::Final);
        assert_eq!(decide(inner, Fault::Unknown), Decision::Final);
        assert_eq!(decide(inner, Fault::GoneAway), freely(0));
    }

    #[test]
    fn the_callee_is_obeyed() {
        let said = |millis| Fault::NotExecuted(RetryAfter::from_millis(millis));
        assert_eq!(decide(TRIED, said(0)), again(0));
        assert_eq!(decide(TRIED, said(1_500)), again(1_500));
        assert_eq!(decide(TRIED, said(-1)), Decision::Final);
        assert_eq!(decide(TRIED, said(5_000)), Decision::Final, "there is no time left then");
        assert_eq!(decide(TRIED, said(i64::MAX)), Decision::Final);
    }

    #[test]
    fn who_goes_away_is_forgiven_once() {
        assert_eq!(decide(Tried { attempts: 3, ..TRIED }, Fault::GoneAway), freely(0));
        assert_eq!(decide(Tried { gone_away: true, ..TRIED }, Fault::GoneAway), again(100));
        let spent = Tried { gone_away: true, attempts: 3, ..TRIED };
        assert_eq!(decide(spent, Fault::GoneAway), Decision::Final);
    }

    #[test]
    fn an_attempt_leaves_time_for_another() {
        let (now, deadline) = (at(1_000), at(6_000));
        assert_eq!(attempt_deadline(now, deadline, true, true), at(3_500));
        assert_eq!(attempt_deadline(now, deadline, false, true), deadline);
        assert_eq!(attempt_deadline(now, deadline, true, false), deadline);
        assert_eq!(attempt_deadline(at(7_000), deadline, true, true), deadline);
        assert!(attempt_deadline(now, Moment::NEVER, true, true) > at(1_000_000));
    }
}
