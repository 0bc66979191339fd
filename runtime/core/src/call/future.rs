//! A call: an owned future with options.

use std::fmt;
use std::future::Future;
use std::mem::{forget, replace};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::admission::Admission;
use super::again::Failed;
use super::attempt::{Attempt, Stage};
use super::client::{Client, ClientInner};
use super::dispatch::{self, Callable};
use super::elsewhere::{self, Leaving};
use super::extra::{CallOptions, Extra, asked};
use crate::context::{self, CallSite, SpanId, Spot, TraceId, TurnContext};
use crate::contract::Method;
use crate::metrics::{Ended, Finish, Meter, Way};
use crate::outcome::{CallError, NotExecuted};
use crate::record::{self, Bodies};
use crate::remote::{Caller, RemoteReply, ReplyBody, Sent, Ticket};
use crate::time::Moment;
use crate::turn::{Begun, Held, Outcome, Reply, TurnStart};

/// A call that begins at its first poll; one that is never polled does nothing. Dropping it is the
/// caller going away.
#[must_use = "a call does nothing until it is awaited"]
// The message stands first, as in the attempt: see there.
#[repr(C)]
pub struct Call<M: Method> {
    pub(super) attempt: Attempt<M>,
    pub(super) client: Client<M::Contract>,
    /// Boxed, for most calls have none.
    pub(super) extra: Option<Box<Extra<M>>>,
}

/// The wait for a call that is on its way.
pub(super) struct Waits<M: Method> {
    reply: Awaited<M>,
    began: Moment,
    /// Where the call stands in its trace.
    spot: Option<Spot>,
}

enum Awaited<M: Method> {
    Local(Reply<M>),
    /// Kept by the route's first remote.
    Kept(Ticket),
    Remote(RemoteReply),
}

/// What a poll tells of a call.
pub(super) type Polled<M> = Poll<Outcome<<M as Method>::Answer, <M as Method>::Error>>;

impl<M: Callable> Call<M> {
    #[inline]
    pub(super) const fn new(client: Client<M::Contract>, message: M) -> Self {
        Self { attempt: Attempt::new(message), client, extra: None }
    }

    /// Gives the call another deadline: it is worthless after `time`.
    ///
    /// The deadline of the turn that makes the call holds all the same, if it is earlier.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.extra.get_or_insert_default().options.deadline = Some(time);
        self
    }

    /// Sets all options at once.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.extra.get_or_insert_default().options = options;
        self
    }

    /// Has `answer` take the place of an answer if the call comes to none: not after a service's own
    /// error, nor where the call itself is wrong, and only once nothing is tried again. What a turn or
    /// a request makes of it is marked as degraded: at the edge by `x-seam-degraded: true`.
    pub fn fallback(
        mut self,
        answer: impl FnOnce(&CallError<M::Error>) -> M::Answer + Send + 'static,
    ) -> Self {
        self.extra.get_or_insert_default().fallback = Some(Box::new(answer));
        self
    }

    /// The call's message, as long as the call has it: until its turn begins in this process, or until
    /// its reply comes from elsewhere. A call that wasn't executed has it, wherever it was refused; so
    /// has one that was sent and whose connection was lost.
    pub const fn message(&self) -> Option<&M> {
        self.attempt.message()
    }

    /// Gives the [`message`](Self::message) back, if the call has it. A call that isn't over is
    /// cancelled by that, as when it is dropped.
    pub fn into_message(self) -> Option<M> {
        match self.into_held() {
            Held::Here(message) => Some(message),
            Held::Taken => None,
        }
    }

    pub(super) fn into_held(mut self) -> Held<M> {
        replace(&mut self.attempt.message, Held::Taken)
    }

    /// The first poll: the call goes where its route leads, and is over with that if it stays here
    /// and doesn't wait.
    #[inline(never)] // see `poll`
    fn begin(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        // A loop of calls that are answered at once must let others on its thread have theirs.
        let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else { return };
        budget.made_progress();
        let began = self.client.inner.route.clock.now();
        let ClientInner { route, caller, .. } = &*self.client.inner;
        let aside = || self.lay_aside();
        if let Err(why) = route.admit(M::SPEC, *caller, began, aside) {
            return self.refused(why, began, outcome);
        }
        if *caller == Caller::Edge
            && let Err(why) = self.admit_behalf()
        {
            return self.refused(why, began, outcome);
        }
        if M::FALLBACK {
            self.keep();
        }
        let ClientInner { route, caller, meter } = &*self.client.inner;
        let Some(host) = route.local() else { return self.begin_elsewhere(began, cx, outcome) };
        // Without policies nobody needs to know.
        let mut context = if route.policies {
            let (time, given) = asked(self.extra.as_deref(), &route.deadlines);
            let given = given.map(|given| meter.recorder().within(given, began));
            let (service, method) = (route.service, Some(M::SPEC));
            let admission = Admission { service, method, caller: *caller, now: began };
            let deadline = self.until(began, time);
            match admission.here(given.or_else(context::caller), deadline) {
                Ok((deadline, context)) => {
                    let context = context.or_else(|| meter.recorder().root(began));
                    let name = &M::SPEC.name;
                    Some(TurnContext::new(route.service, name, deadline, context))
                }
                Err(why) => return self.refused(why, began, outcome),
            }
        } else {
            None
        };
        let message = &mut self.attempt.message;
        let start = TurnStart { message, context: &mut context, outcome, now: began, meter };
        match dispatch::begin(start, host) {
            Begun::Done(ended) => {
                // It is new: to look for what is to be dropped costs more than this.
                forget(replace(&mut self.attempt.stage, Stage::Over));
                if let Some(own) = &mut context
                    && let Poll::Ready(came) = &*outcome
                {
                    let took = ended.nanos_since(began);
                    match came {
                        Err(_) => {
                            let failed = Failed::here(Way::Near, began, Some(own.spot()));
                            TurnContext::end(context);
                            return self.failed(failed, cx, outcome);
                        }
                        Ok(answer) => {
                            if meter.answered(Way::Near, M::SPEC.index, took) || own.is_sampled() {
                                record_near::<M>(meter, own, (began, took), answer);
                            }
                        }
                    }
                }
                TurnContext::end(context);
            }
            Begun::Pending(reply) => {
                let spot = reply.spot();
                self.wait((Awaited::Local(reply), spot), began, cx, outcome);
            }
        }
    }

    /// Whether a call of the edge may be made, on behalf of whoever it is made for.
    #[inline(never)] // calls of services pass it by
    fn admit_behalf(&self) -> Result<(), NotExecuted> {
        let Some(message) = self.attempt.message() else { return Ok(()) };
        let given = self.extra.as_ref().and_then(|extra| extra.options.context.clone());
        let context = given.or_else(context::caller);
        let principal = context.as_ref().and_then(|context| context.principal.as_deref());
        self.client.inner.route.admit_behalf(message, principal)
    }

    /// Until when the call is of use, if it is made now and may take so many nanoseconds.
    #[inline]
    fn until(&self, now: Moment, nanos: u64) -> Moment {
        match self.extra.as_ref().and_then(|extra| extra.before.as_ref()) {
            Some(before) => before.deadline,
            None => now.after_nanos(nanos),
        }
    }

    #[inline(never)] // beside the socket it costs nothing, and the local path stays small
    fn begin_elsewhere(&mut self, began: Moment, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        let ClientInner { route, caller, meter } = &*self.client.inner;
        let Some(message) = self.attempt.message() else { return };
        let (time, given) = asked(self.extra.as_deref(), &route.deadlines);
        let given = given.map(|given| meter.recorder().within(given, began));
        let before = self.extra.as_ref().and_then(|extra| extra.before.as_ref());
        let deadline = self.until(began, time);
        let leaving = Leaving { caller: *caller, given, deadline, before, now: began };
        let mut spot = before.and_then(|before| before.spot);
        match elsewhere::send(route, leaving, message, &mut spot, cx) {
            Ok(Sent::Kept(ticket)) => {
                // The waker went with the call: nothing is there yet, and nothing is to be said.
                self.wait_for(Awaited::Kept(ticket), began, spot);
            }
            Ok(Sent::Waits(reply)) if reply.will_wake() => {
                self.wait_for(Awaited::Remote(reply), began, spot);
            }
            Ok(Sent::Waits(reply)) => {
                self.wait_for(Awaited::Remote(reply), began, spot);
                self.poll_reply(cx, outcome);
            }
            Ok(Sent::Nowhere(reason)) => self.nowhere(reason, began, cx, outcome),
            Err(why) => self.refused(why, began, outcome),
        }
    }

    /// The first poll is over, and the call isn't.
    #[inline]
    fn wait_for(&mut self, reply: Awaited<M>, began: Moment, spot: Option<Spot>) {
        self.client.inner.route.entered();
        // It was new: nothing is to be dropped.
        forget(replace(&mut self.attempt.stage, Stage::Waits(Waits { reply, began, spot })));
    }

    #[inline(never)] // the local path of a call that doesn't wait stays small
    fn wait(
        &mut self,
        (reply, spot): (Awaited<M>, Option<Spot>),
        began: Moment,
        cx: &mut Context<'_>,
        outcome: &mut Polled<M>,
    ) {
        self.wait_for(reply, began, spot);
        self.poll_reply(cx, outcome);
    }

    /// Any later poll.
    #[inline(never)] // as above
    fn poll_reply(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        let ClientInner { route, meter, .. } = &*self.client.inner;
        let Attempt { message, stage } = &mut self.attempt;
        let (reply, began, spot) = match stage {
            Stage::Waits(Waits { reply, began, spot }) => (reply, *began, spot),
            Stage::Pauses(_) => return self.poll_pause(cx, outcome),
            // As any future does; staying pending would hang whoever made the mistake.
            _ => panic!("a call was polled again after it had come to its outcome"),
        };
        let (arrived, carrier, spot) = match reply {
            Awaited::Local(reply) => {
                let Poll::Ready(came) = reply.poll_or_return(cx, message) else { return };
                let spot = *spot;
                route.left();
                *stage = Stage::Over;
                match came {
                    Ok(answer) => {
                        if route.policies {
                            let took = route.clock.now().nanos_since(began);
                            if meter.answered(Way::Made, M::SPEC.index, took)
                                && let Some(spot) = spot
                            {
                                let bodies = Bodies::default;
                                record_made::<M>(
                                    meter,
                                    Way::Made,
                                    (spot, None),
                                    (began, took),
                                    bodies,
                                );
                            }
                        }
                        *outcome = Poll::Ready(Ok(answer));
                    }
                    Err(error) => {
                        *outcome = Poll::Ready(Err(error));
                        self.failed(Failed::here(Way::Made, began, spot), cx, outcome);
                    }
                }
                return;
            }
            Awaited::Kept(ticket) => {
                let mut body = ReplyBody::default();
                // Set before a call could be kept there.
                let Some(remote) = route.first() else { return };
                let Poll::Ready(arrived) = remote.poll(*ticket, cx, &mut body) else { return };
                let (carrier, spot) = (ticket.carrier, *spot);
                route.left();
                // A ticket and a moment: to look for what is to be dropped costs more than this.
                forget(replace(stage, Stage::Over));
                (arrived.map(|()| body).map_err(|why| *why), carrier, spot)
            }
            Awaited::Remote(reply) => {
                let Poll::Ready(arrived) = Pin::new(&mut *reply).poll(cx) else { return };
                let (carrier, spot) = (reply.carrier(), *spot);
                route.left();
                *stage = Stage::Over;
                (arrived, carrier, spot)
            }
        };
        if let Ok(body) = &arrived {
            if M::SPEC.idempotent
                && let Held::Here(message) = &*message
            {
                let (index, fate) = (M::SPEC.index, elsewhere::fate(body));
                meter.repeated(index, fate, || record::shown(message));
            }
            if body.degraded {
                self.note_degraded();
            }
            let meter = &self.client.inner.meter;
            if let Some(answer) = elsewhere::answer::<M>(body) {
                let took = body.at.nanos_since(began);
                let slow = meter.answered(Way::Far, M::SPEC.index, took);
                if let Some(spot) = spot
                    && (slow || spot.sampled)
                {
                    let bodies = || Bodies {
                        arguments: self.attempt.message().and_then(record::shown),
                        answer: record::shown(&answer),
                    };
                    let (stands, times) = ((spot, self.link()), (began, took));
                    record_made::<M>(meter, Way::Far, stands, times, bodies);
                }
                self.attempt.message = Held::Taken;
                *outcome = Poll::Ready(Ok(answer));
                return;
            }
            // Its reply is there: nobody wants the message any more.
            self.attempt.message = Held::Taken;
        }
        *outcome = Poll::Ready(elsewhere::failure::<M>(arrived));
        self.failed(Failed::elsewhere(began, carrier, spot), cx, outcome);
    }

    /// The next attempt begins once the pause before it is over.
    #[cold]
    pub(super) fn poll_pause(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        if let Stage::Pauses(pause) = &mut self.attempt.stage
            && pause.as_mut().poll(cx).is_ready()
        {
            self.attempt.stage = Stage::New;
            self.begin(cx, outcome);
        }
    }

    /// Remembers a failed call, so that a `?` can name it.
    #[cold]
    pub(super) fn note_failed(&self) {
        let site = CallSite { service: self.client.service(), method: M::SPEC.name };
        context::note_failed::<M::Error>(site);
    }
}

/// Records a call that was answered at once in this process.
#[cold]
fn record_near<M: Method>(
    meter: &Meter,
    context: &mut TurnContext,
    (began, took): (Moment, u64),
    answer: &M::Answer,
) {
    let finish = Finish::answered(began, took);
    let bodies = || Bodies { arguments: record::fetch(M::SPEC), answer: record::shown(answer) };
    let stands = || (context.spot(), context.link());
    meter.record(Way::Near, M::SPEC.index, &finish, stands, bodies);
}

/// Records a call that was answered, for who made it.
#[cold]
fn record_made<M: Method>(
    meter: &Meter,
    way: Way,
    stands: (Spot, Option<(TraceId, SpanId)>),
    (began, took): (Moment, u64),
    bodies: impl FnOnce() -> Bodies,
) {
    meter.record(way, M::SPEC.index, &Finish::answered(began, took), || stands, bodies);
}

impl<M: Method> Call<M> {
    /// Its arguments are looked at, and its turn takes them: they are kept for its record.
    #[cold]
    fn lay_aside(&self) {
        if self.client.inner.route.local().is_some() {
            record::lay_aside(M::SPEC, self.attempt.message().and_then(record::shown));
        }
    }

    /// What a call carries that came to no answer.
    #[cold]
    pub(super) fn bodies(&self) -> Bodies {
        let arguments = self.attempt.message().map(record::shown);
        Bodies { arguments: arguments.unwrap_or_else(|| record::fetch(M::SPEC)), answer: None }
    }

    /// What the call is the consequence of, in another trace, if it hands something over.
    #[cold]
    pub(super) fn link(&self) -> Option<(TraceId, SpanId)> {
        self.extra.as_ref()?.options.context.as_ref()?.origin()
    }

    /// The caller goes away before the call has come to its end.
    #[cold]
    fn leave(&mut self) {
        let ClientInner { route, meter, .. } = &*self.client.inner;
        let before = self.extra.as_ref().and_then(|extra| extra.before);
        // An earlier attempt may have run, whatever became of the last one.
        let mut may_have_run = self.extra.as_ref().is_some_and(|extra| extra.unknown.is_some());
        let (way, began, spot) = match &mut self.attempt.stage {
            Stage::Waits(Waits { reply, began, spot }) => {
                route.left();
                let way = match reply {
                    Awaited::Local(reply) => {
                        may_have_run |= !reply.leave();
                        Way::Made
                    }
                    Awaited::Kept(ticket) => {
                        if let Some(remote) = route.first() {
                            remote.forget(*ticket);
                        }
                        may_have_run = true;
                        Way::Far
                    }
                    Awaited::Remote(_) => {
                        may_have_run = true;
                        Way::Far
                    }
                };
                (way, *began, *spot)
            }
            Stage::Pauses(_) => match before {
                Some(before) => (Way::Far, before.began, before.spot),
                None => return,
            },
            Stage::New | Stage::Over => return,
        };
        if !route.policies {
            return;
        }
        let began = before.map_or(began, |before| before.began);
        let took = route.clock.now().nanos_since(began);
        let ended = if may_have_run { Ended::Unknown } else { Ended::NotExecuted };
        let finish = Finish::left(ended, began, took);
        let stands = || (spot.unwrap_or_else(context::spot), self.link());
        meter.over(way, M::SPEC.index, &finish, stands, || self.bodies());
    }
}

impl<M: Method> Drop for Call<M> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.attempt.stage, Stage::Waits(_) | Stage::Pauses(_)) {
            self.leave();
        }
    }
}

impl<M: Callable> Future for Call<M> {
    type Output = Outcome<M::Answer, M::Error>;

    // A way in and no more, so that it becomes part of its caller, who then finds the outcome where it
    // was written: one that is handed on is copied, and read in other pieces than it was written in.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut outcome = Poll::Pending;
        match this.attempt.stage {
            Stage::New => this.begin(cx, &mut outcome),
            _ => this.poll_reply(cx, &mut outcome),
        }
        outcome
    }
}

// The parts that are pinned have boxes of their own.
impl<M: Method> Unpin for Call<M> {}

impl<M: Method> fmt::Debug for Call<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", M::SPEC.name)
    }
}
