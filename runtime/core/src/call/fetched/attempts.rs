//! A call in JSON, from its first attempt to its outcome: what [`again`](crate::call::again) does for
//! typed calls.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::FetchedRoute;
use crate::call::admission::Admission;
use crate::call::again::fault;
use crate::call::deadlines::nanos;
use crate::call::extra::CallOptions;
use crate::call::guard::{Asks, Guard};
use crate::call::json::{JsonAnswer, JsonBody, read_answer, read_error};
use crate::codec::CodecError;
use crate::context::{self, CallContext, SpanId, Spot, TraceContext};
use crate::contract::{MethodSpec, ServiceFailure};
use crate::metrics::{Ended, Finish, Happened, Meter, Way};
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::policy::{Backoff, Decision, Entered, Fault, Tried, attempt_deadline};
use crate::record::{self, Bodies, Fate};
use crate::remote::{Caller, Encode, Form, Outbound, ReplyBody, ReplyKind, Sent};
use crate::time::Moment;

type Outcome = Result<JsonAnswer, CallError<ServiceFailure>>;

/// A call that is made.
pub(super) struct Calling {
    pub(super) route: Arc<FetchedRoute>,
    pub(super) caller: Caller,
    pub(super) method: &'static MethodSpec,
    pub(super) arguments: Vec<u8>,
    /// By what it goes to the same instance as others.
    pub(super) key: Option<u64>,
    pub(super) options: CallOptions,
}

/// What attempts have left.
struct Before {
    /// Until when the call is of use.
    deadline: Moment,
    /// Those that cost something.
    attempts: u32,
    /// Whether one was free because its callee went away.
    gone_away: bool,
    /// The endpoints that they went to, a bit for each.
    endpoints: u64,
    /// Until when the call waits for somebody who takes it, once it has begun to.
    patience: Option<Moment>,
    /// Why it isn't known of one of them whether it ran.
    unknown: Option<Unknown>,
    /// Whether one of them is under way.
    sent: bool,
}

/// What became of an attempt.
enum Came {
    /// This, by way of that endpoint.
    Over(Outcome, u64),
    /// Nobody takes it now, and why.
    Nowhere(Box<str>),
}

impl Calling {
    /// The call's outcome.
    pub(super) async fn made(self) -> Outcome {
        let route = &*self.route;
        let began = route.clock.now();
        let around = self.options.context.clone().or_else(context::caller);
        let default = self.options.default_deadline;
        let time = self.options.deadline;
        let time = time.map_or_else(|| route.deadlines.of(self.method, default), nanos);
        let own = began.after_nanos(time);
        let before = Before {
            deadline: around.as_ref().map_or(own, |around| own.min(around.deadline)),
            attempts: 0,
            gone_away: false,
            endpoints: 0,
            patience: None,
            unknown: None,
            sent: false,
        };
        let around = match around {
            Some(around) => Some(route.meters.recorder().within(around, began)),
            None => route.meters.recorder().root(began),
        };
        let trace = around.as_ref().map_or_else(TraceContext::root, |around| around.trace);
        let spot = Spot::within(&trace, SpanId::random());
        let meter = Arc::clone(route.meters.of(self.caller));
        let (method, arguments) = (self.method.index, &*self.arguments);
        let idempotent = self.method.idempotent;
        let mut counting = Counting { meter, method, idempotent, arguments, began, spot, before };
        let outcome = self.outcome(&mut counting, around.as_ref()).await;
        counting.over(&outcome);
        outcome
    }

    async fn outcome(
        &self,
        counting: &mut Counting<'_>,
        around: Option<&Arc<CallContext>>,
    ) -> Outcome {
        let spot = counting.spot;
        loop {
            let before = &mut counting.before;
            let came = match self.attempt(before, spot, around).await {
                Ok(Came::Over(outcome, endpoint)) => {
                    before.endpoints |= endpoint;
                    outcome
                }
                Ok(Came::Nowhere(_)) if self.somebody(before).await => continue,
                Ok(Came::Nowhere(reason)) => Err(NotExecuted::Unavailable { reason }.into()),
                // What is refused here would be refused again.
                Err(why) => return Err(before.told(why.into())),
            };
            let Err(error) = came else { return came };
            let Some(after) = self.next(counting, &error, around) else {
                return Err(counting.before.told(error));
            };
            if !after.is_zero() {
                let clock = &self.route.clock;
                clock.wait_until(clock.now().after(after)).await;
            }
        }
    }

    async fn attempt(
        &self,
        before: &mut Before,
        spot: Spot,
        around: Option<&Arc<CallContext>>,
    ) -> Result<Came, NotExecuted> {
        let (route, method, caller) = (&*self.route, self.method, self.caller);
        let (service, now) = (route.service, route.clock.now());
        route.guard.admit(Asks { service, method, caller, now }, || {})?;
        let mut context = around.map_or_else(CallContext::root, |around| around.child());
        // All attempts stand at the same spot.
        (context.trace.trace, context.trace.span) = (spot.trace, spot.span);
        context.deadline = context.deadline.min(before.deadline);
        Admission { service, method: Some(method), caller, now }.leaving(&mut context)?;
        if method.idempotent {
            let others = before.attempts + 1 < route.guard.attempts() && route.remote.has_others();
            context.deadline = attempt_deadline(now, context.deadline, others, true);
        }
        // Whoever tries again doesn't have others try again for each try.
        context.no_retry |= before.attempts > 0;
        let sent = poll_fn(|cx| {
            Poll::Ready(route.remote.send(Outbound {
                service,
                method,
                caller,
                context: &context,
                body: &Text(&self.arguments),
                form: Form::Json,
                tried: before.endpoints,
                key: self.key,
                now,
                waker: cx.waker(),
            }))
        });
        let sent = sent.await;
        let _inside = Inside::of(&route.guard);
        before.sent = !matches!(sent, Sent::Nowhere(_));
        let (endpoint, reply) = match sent {
            Sent::Nowhere(reason) => return Ok(Came::Nowhere(reason)),
            Sent::Kept(ticket) => (ticket.carrier.bit(), sent.by(&route.remote)),
            Sent::Waits(reply) => (reply.carrier().bit(), reply),
        };
        let reply = reply.await;
        before.sent = false;
        Ok(Came::Over(self.read(reply, around), endpoint))
    }

    #[expect(clippy::result_large_err, reason = "it is what the call comes to, and moved once")]
    fn read(
        &self,
        reply: Result<ReplyBody, Failure>,
        around: Option<&Arc<CallContext>>,
    ) -> Outcome {
        let unreadable = |why: String| CallError::from(Unknown::Unreadable { why: why.into() });
        let ReplyBody { kind, degraded, bytes, .. } = reply?;
        if degraded {
            match around {
                Some(around) => around.note_degraded(),
                None => context::note_degraded(),
            }
        }
        match kind {
            ReplyKind::Answer => read_answer(&bytes).map_err(unreadable),
            ReplyKind::ServiceError => {
                let mut failure = read_error(&bytes).map_err(unreadable)?;
                if !self.options.whole_errors {
                    failure.whole = None;
                }
                Err(CallError::Service(failure))
            }
        }
    }

    /// After how long the call is tried again, if it is.
    fn next(
        &self,
        counting: &mut Counting<'_>,
        error: &CallError<ServiceFailure>,
        around: Option<&Arc<CallContext>>,
    ) -> Option<Duration> {
        let (route, method) = (&*self.route, self.method);
        let (before, meter) = (&mut counting.before, &counting.meter);
        let now = route.clock.now();
        before.attempts += 1;
        let tried = Tried {
            attempts: before.attempts,
            allowed: route.guard.attempts(),
            gone_away: before.gone_away,
            idempotent: method.idempotent,
            no_retry: around.is_some_and(|around| around.no_retry),
            left: before.deadline.since(now),
        };
        let fault = match fault(error, before.deadline <= now) {
            Fault::GoneAway if !route.remote.may_come_back() => Fault::Never,
            // It has been waited for.
            Fault::GoneAway if before.patience.is_some_and(|patience| patience <= now) => {
                Fault::Never
            }
            fault => fault,
        };
        let decision = tried.decide(fault, &Backoff::default(), fastrand::f64());
        let Decision::Again { after, free } = decision else { return None };
        if free {
            before.attempts -= 1;
            before.gone_away = true;
        } else if !route.guard.withdraw(now, route.meters.made()) {
            meter.note(Way::Far, method.index, Happened::RetryDenied);
            return None;
        }
        meter.note(Way::Far, method.index, Happened::Retry);
        if let CallError::Unknown(why) = error {
            before.unknown = Some(why.clone());
        }
        Some(after)
    }

    /// Waits for somebody who takes the call; false if nobody is to be waited for any longer.
    async fn somebody(&self, before: &mut Before) -> bool {
        let route = &*self.route;
        let now = route.clock.now();
        let patience = *before.patience.get_or_insert_with(|| now.after(route.guard.wait()));
        let until = patience.min(before.deadline);
        if until <= now {
            return false;
        }
        let Some(place) = route.guard.try_wait() else { return false };
        let _place = Place { guard: &route.guard, taken: Some(place) };
        tokio::select! {
            biased;
            () = route.remote.anybody() => {}
            () = route.clock.wait_until(until) => {}
        }
        true
    }
}

/// A call that is counted when it is over, or when its caller goes away.
struct Counting<'a> {
    meter: Arc<Meter>,
    method: u16,
    idempotent: bool,
    arguments: &'a [u8],
    began: Moment,
    spot: Spot,
    before: Before,
}

impl Counting<'_> {
    fn over(mut self, outcome: &Outcome) {
        let took = self.meter.now().nanos_since(self.began);
        let finish = match outcome {
            Err(CallError::Service(failure)) => {
                Finish::service_error(failure.code.clone(), self.began, took)
            }
            Err(CallError::NotExecuted(why)) => {
                Finish::failed(&why.clone().into(), self.began, took)
            }
            Err(CallError::Unknown(why)) => Finish::failed(&why.clone().into(), self.began, took),
            Ok(_) => Finish::answered(self.began, took),
        };
        self.finished(&finish, outcome.as_ref().ok());
    }

    fn finished(&mut self, finish: &Finish, answer: Option<&JsonAnswer>) {
        let spot = self.spot;
        let answered = |answer: &JsonAnswer| match &answer.body {
            JsonBody::Json(json) => Some(record::shown_json(json)),
            JsonBody::Blob(_) => None,
        };
        let arguments = || Some(record::shown_json(self.arguments));
        let bodies = || Bodies { arguments: arguments(), answer: answer.and_then(answered) };
        if self.idempotent && matches!(finish.ended, Ended::Answered | Ended::ServiceError) {
            self.meter.repeated(self.method, Fate::of(finish.ended), arguments);
        }
        self.meter.over(Way::Far, self.method, finish, || (spot, None), bodies);
        self.method = OVER;
    }
}

/// The method of a call that was counted.
const OVER: u16 = u16::MAX;

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if self.method == OVER {
            return;
        }
        let took = self.meter.now().nanos_since(self.began);
        let may_have_run = self.before.sent || self.before.unknown.is_some();
        let ended = if may_have_run { Ended::Unknown } else { Ended::NotExecuted };
        self.finished(&Finish::left(ended, self.began, took), None);
    }
}

impl Before {
    /// An earlier attempt may have run, whatever refused the last one.
    fn told(&mut self, error: CallError<ServiceFailure>) -> CallError<ServiceFailure> {
        match (error, self.unknown.take()) {
            (CallError::NotExecuted(_), Some(why)) => why.into(),
            (error, _) => error,
        }
    }
}

/// A text that is sent as it is.
struct Text<'a>(&'a [u8]);

impl Encode for Text<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend_from_slice(self.0);
        Ok(())
    }
}

/// A call is under way, until this is dropped.
struct Inside<'a>(&'a Guard);

impl<'a> Inside<'a> {
    fn of(guard: &'a Guard) -> Self {
        guard.enter();
        Self(guard)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A place among the calls that wait, until it is dropped.
struct Place<'a> {
    guard: &'a Guard,
    taken: Option<Entered>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.guard.waited(taken);
        }
    }
}
