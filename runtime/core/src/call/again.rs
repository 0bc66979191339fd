//! What follows from an attempt that failed: another one, a wait, a fallback, or the call's end.
//!
//! The deadline of the first attempt holds for all of them. What a service itself says is never tried
//! again, nor what would be refused again; `NotExecuted` may be, and `Unknown` only where the method
//! is idempotent: see [`policy::Tried`](crate::policy::Tried). A call of which one attempt is unknown
//! may have run, and isn't told to be `NotExecuted` whatever refuses the last one. A turn that began in this process has
//! taken its message, so that nothing is tried again after it.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use super::attempt::Stage;
use super::dispatch::Callable;
use super::extra::{Before, asked};
use super::future::{Call, Polled};
use super::guard::Guard;
use crate::context::{self, SpanId, Spot};
use crate::contract::Method;
use crate::metrics::{Finish, Happened, Way};
use crate::outcome::{CallError, NotExecuted, Unknown};
use crate::policy::{Backoff, Decision, Entered, Fault, RetryAfter, Tried};
use crate::remote::Carrier;
use crate::time::Moment;

/// An attempt that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    began: Moment,
    /// The endpoint as a bit; 0 for a turn in this process.
    endpoint: u64,
    /// What it is counted as, if it is the last one.
    way: Way,
    /// Where the call stands in its trace.
    spot: Option<Spot>,
}

impl Failed {
    /// In this process.
    pub(super) const fn here(way: Way, began: Moment, spot: Option<Spot>) -> Self {
        Self { began, endpoint: 0, way, spot }
    }

    /// Before it went anywhere.
    const fn nowhere(began: Moment) -> Self {
        Self { began, endpoint: 0, way: Way::Far, spot: None }
    }

    /// By way of that endpoint.
    pub(super) const fn elsewhere(began: Moment, carrier: Carrier, spot: Option<Spot>) -> Self {
        Self { began, endpoint: carrier.bit(), way: Way::Far, spot }
    }
}

impl<M: Callable> Call<M> {
    /// Keeps a copy of the message, for the method's fallback.
    #[cold]
    pub(super) fn keep(&mut self) {
        let extra = self.extra.get_or_insert_default();
        if extra.kept.is_none() {
            extra.kept = self.attempt.message().and_then(Method::kept);
        }
    }

    /// An attempt has failed, as `outcome` says, and what follows is put in its place.
    #[cold]
    pub(super) fn failed(&mut self, failed: Failed, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        let Polled::<M>::Ready(Err(error)) = outcome else { return };
        // What a service says is its answer as well: nothing is made ready for another attempt.
        let may_go_on = !matches!(error, CallError::Service(_)) && self.attempt.message().is_some();
        let after = match &self.client.inner.route.guard {
            Some(guard) if may_go_on => {
                let guard = Arc::clone(guard);
                self.next(failed, error, &guard)
            }
            _ => None,
        };
        match after {
            Some(after) => {
                *outcome = Polled::<M>::Pending;
                self.pause(after, cx);
            }
            None => self.end(failed, outcome),
        }
    }

    /// The call can't be made at all.
    #[cold]
    pub(super) fn refused(&mut self, why: NotExecuted, began: Moment, outcome: &mut Polled<M>) {
        self.attempt.stage = Stage::Over;
        *outcome = Polled::<M>::Ready(Err(why.into()));
        self.end(Failed::nowhere(began), outcome);
    }

    /// Nobody takes the call now: it waits until somebody does, if it may.
    #[cold]
    pub(super) fn nowhere(
        &mut self,
        reason: Box<str>,
        began: Moment,
        cx: &mut Context<'_>,
        outcome: &mut Polled<M>,
    ) {
        let mut before = self.before(Failed::nowhere(began));
        let route = Arc::clone(&self.client.inner.route);
        let waits = route.guard.as_ref().and_then(|guard| {
            let patience = *before.patience.get_or_insert_with(|| began.after(guard.wait()));
            let until = patience.min(before.deadline);
            let place = (began < until).then(|| guard.try_wait()).flatten()?;
            Some((until, Place { guard: Arc::clone(guard), taken: Some(place) }))
        });
        match waits {
            Some((until, place)) if tokio::runtime::Handle::try_current().is_ok() => {
                self.extra.get_or_insert_default().before = Some(before);
                self.attempt.stage = Stage::Pauses(Box::pin(async move {
                    let _place = place;
                    tokio::select! {
                        biased;
                        () = route.anybody() => {}
                        () = route.clock.wait_until(until) => {}
                    }
                }));
                self.poll_pause(cx, outcome);
            }
            _ => self.refused(NotExecuted::Unavailable { reason }, began, outcome),
        }
    }

    /// What attempts before this one have left, with this one's endpoint.
    fn before(&mut self, failed: Failed) -> Before {
        let extra = self.extra.get_or_insert_default();
        let known = extra.before;
        let mut before = known.unwrap_or_else(|| {
            let (time, given) = asked(Some(&**extra), &self.client.inner.route.deadlines);
            let around = given.or_else(context::caller);
            let own = failed.began.after_nanos(time);
            let deadline = around.map_or(own, |context| own.min(context.deadline));
            Before {
                began: failed.began,
                deadline,
                attempts: 0,
                gone_away: false,
                endpoints: 0,
                patience: None,
                spot: None,
            }
        });
        before.spot = before.spot.or(failed.spot);
        before.endpoints |= failed.endpoint;
        before
    }

    /// After how long the call is tried again, if it is.
    fn next(
        &mut self,
        failed: Failed,
        error: &CallError<M::Error>,
        guard: &Guard,
    ) -> Option<Duration> {
        let mut before = self.before(failed);
        let route = &*self.client.inner.route;
        let now = route.clock.now();
        before.attempts += 1;
        let extra = self.extra.get_or_insert_default();
        let around = extra.options.context.clone().or_else(context::caller);
        let tried = Tried {
            attempts: before.attempts,
            allowed: guard.attempts(),
            gone_away: before.gone_away,
            idempotent: M::SPEC.idempotent,
            no_retry: around.is_some_and(|context| context.no_retry),
            left: before.deadline.since(now),
        };
        let fault = match fault(error, before.deadline <= now) {
            Fault::GoneAway if !route.may_come_back() => Fault::Never,
            fault => fault,
        };
        let decision = tried.decide(fault, &Backoff::default(), fastrand::f64());
        let Decision::Again { after, free } = decision else { return None };
        let meter = &self.client.inner.meter;
        if free {
            before.attempts -= 1;
            before.gone_away = true;
        } else if !guard.withdraw(now, route.meters.made()) {
            meter.note(failed.way, M::SPEC.index, Happened::RetryDenied);
            return None;
        }
        meter.note(failed.way, M::SPEC.index, Happened::Retry);
        extra.before = Some(before);
        if let CallError::Unknown(why) = error {
            extra.unknown = Some(why.clone());
        }
        Some(after)
    }

    /// The next attempt begins after so long.
    fn pause(&mut self, after: Duration, cx: &mut Context<'_>) {
        if after.is_zero() {
            self.attempt.stage = Stage::New;
            cx.waker().wake_by_ref();
            return;
        }
        let clock = self.client.inner.route.clock.clone();
        let until = clock.now().after(after);
        self.attempt.stage = Stage::Pauses(Box::pin(async move { clock.wait_until(until).await }));
        cx.waker().wake_by_ref();
    }

    /// The call has come to its end, unless a fallback answers in its place.
    fn end(&mut self, failed: Failed, outcome: &mut Polled<M>) {
        let Polled::<M>::Ready(came) = outcome else { return };
        // An earlier attempt may have run, whatever refused the last one.
        if let Err(CallError::NotExecuted(_)) = came
            && let Some(why) = self.extra.as_mut().and_then(|extra| extra.unknown.take())
        {
            *came = Err(why.into());
        }
        let before = self.extra.as_ref().and_then(|extra| extra.before);
        let began = before.map_or(failed.began, |before| before.began);
        let spot = before.and_then(|before| before.spot).or(failed.spot);
        let client = Arc::clone(&self.client.inner);
        if client.route.policies {
            let took = client.route.clock.now().nanos_since(began);
            let finish = Finish::of(came, began, took);
            let stands = || (spot.unwrap_or_else(|| self.spot()), self.link());
            client.meter.over(failed.way, M::SPEC.index, &finish, stands, || self.bodies());
        }
        if let Err(error) = came
            && may_fall_back(error)
            && let Some(answer) = self.answer_instead(error)
        {
            client.meter.note(failed.way, M::SPEC.index, Happened::Fallback);
            self.note_degraded();
            *came = Ok(answer);
        } else {
            self.note_failed();
        }
    }

    /// Where a call stands in its trace that came nowhere.
    fn spot(&self) -> Spot {
        let given = self.extra.as_ref().and_then(|extra| extra.options.context.as_ref());
        given.map_or_else(context::spot, |given| Spot::within(&given.trace, SpanId::random()))
    }

    fn answer_instead(&mut self, error: &CallError<M::Error>) -> Option<M::Answer> {
        let extra = self.extra.as_mut()?;
        match extra.fallback.take() {
            Some(fallback) => Some(fallback(error)),
            None if M::FALLBACK => {
                let kept = extra.kept.as_ref();
                self.attempt.message().or(kept).and_then(Method::fallback)
            }
            None => None,
        }
    }

    /// What was answered is degraded, for whoever waits for what is made of it.
    #[cold]
    pub(super) fn note_degraded(&self) {
        match self.extra.as_ref().and_then(|extra| extra.options.context.as_ref()) {
            Some(context) => context.note_degraded(),
            None => context::note_degraded(),
        }
    }
}

/// A place among the calls that wait, until it is dropped.
struct Place {
    guard: Arc<Guard>,
    taken: Option<Entered>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.guard.waited(taken);
        }
    }
}

/// How an attempt failed; `late` if the call's own deadline has passed.
pub(super) fn fault<E>(error: &CallError<E>, late: bool) -> Fault {
    match error {
        CallError::Service(_) => Fault::Service,
        _ if late => Fault::Never,
        CallError::NotExecuted(why) => match why {
            NotExecuted::Overloaded { retry_after } => {
                Fault::NotExecuted(RetryAfter::In(*retry_after))
            }
            // Its unit is leaving, or was lost before the call was sent: another one may be there.
            NotExecuted::Unavailable { .. } => Fault::GoneAway,
            // The attempt's deadline, which is before the call's own.
            NotExecuted::DeadlineExceeded => Fault::NotExecuted(RetryAfter::Unsaid),
            _ => Fault::Never,
        },
        CallError::Unknown(Unknown::Unreadable { .. }) => Fault::Never,
        // Who made the call that failed has tried it again: each hop that did so once more would
        // multiply the load of the next one.
        CallError::Unknown(Unknown::Inner(_)) => Fault::Never,
        CallError::Unknown(_) => Fault::Unknown,
    }
}

/// Whether a fallback may answer in the place of that: not where the service has answered, or the
/// call itself is wrong.
fn may_fall_back<E>(error: &CallError<E>) -> bool {
    match error {
        CallError::Service(_) => false,
        CallError::NotExecuted(why) => !matches!(
            why,
            NotExecuted::Denied { .. }
                | NotExecuted::BadRequest { .. }
                | NotExecuted::Incompatible { .. }
                | NotExecuted::Cycle { .. }
        ),
        CallError::Unknown(_) => true,
    }
}
