//! A call: an owned future with options.

use std::fmt;
use std::future::Future;
use std::mem::{forget, replace};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::admission::Admission;
use super::attempt::{Attempt, Stage};
use super::client::{Client, ClientInner};
use super::deadlines::{DeadlinesInForce, nanos};
use super::dispatch::Callable;
use super::elsewhere;
use crate::context::{self, CallContext, CallSite, TurnContext};
use crate::contract::{Method, MethodSpec};
use crate::metrics::Ended;
use crate::outcome::{Failure, NotExecuted};
use crate::remote::{RemoteReply, ReplyBody, Sent, Ticket};
use crate::time::Moment;
use crate::turn::{Begun, Held, Outcome, Reply, TurnStart};

/// A call that begins at its first poll; one that is never polled does nothing. Dropping it is the
/// caller going away.
#[must_use = "a call does nothing until it is awaited"]
// The message stands first, as in the attempt: see there.
#[repr(C)]
pub struct Call<M: Method> {
    attempt: Attempt<M>,
    client: Client<M::Contract>,
    /// Boxed, for most calls have none.
    options: Option<Box<CallOptions>>,
}

/// What a caller may ask for beside the arguments.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The time that the call may take, in place of the method's or the configured one. The
    /// deadline of the turn that makes the call holds all the same.
    pub deadline: Option<Duration>,
    /// The time of calls whose method declares none, in place of the configured one.
    pub default_deadline: Option<Duration>,
    /// The context that the call is made in, in place of the ambient one.
    pub context: Option<Arc<CallContext>>,
}

/// The wait for a call that is on its way.
pub(super) struct Waits<M: Method> {
    reply: Awaited<M>,
    began: Moment,
}

enum Awaited<M: Method> {
    Local(Reply<M>),
    /// Kept by the route's first remote.
    Kept(Ticket),
    Remote(RemoteReply),
}

/// What a poll tells of a call.
type Polled<M> = Poll<Outcome<<M as Method>::Answer, <M as Method>::Error>>;

impl<M: Callable> Call<M> {
    #[inline]
    pub(super) const fn new(client: Client<M::Contract>, message: M) -> Self {
        Self { attempt: Attempt::new(message), client, options: None }
    }

    /// Gives the call another deadline: it is worthless after `time`.
    ///
    /// The deadline of the turn that makes the call holds all the same, if it is earlier.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.get_or_insert_default().deadline = Some(time);
        self
    }

    /// Sets all options at once.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = Some(Box::new(options));
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
    pub fn into_message(mut self) -> Option<M> {
        match replace(&mut self.attempt.message, Held::Taken) {
            Held::Here(message) => Some(message),
            Held::Taken => None,
        }
    }

    /// The first poll: the call goes where its route leads, and is over with that if it stays here
    /// and doesn't wait.
    #[inline(never)] // see `poll`
    fn begin(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        // A loop of calls that are answered at once must let others on its thread have theirs.
        let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else { return };
        budget.made_progress();
        let ClientInner { route, caller } = &*self.client.inner;
        let Some(host) = route.local() else { return self.begin_elsewhere(cx, outcome) };
        let began = route.clock.now();
        let options = self.options.take();
        // Without policies nobody needs to know.
        let asked = || asked(options, &route.deadlines, M::SPEC);
        let mut context = if route.policies {
            let (time, given) = asked();
            let (service, method) = (route.service, Some(M::SPEC));
            let admission = Admission { service, method, caller: *caller, now: began };
            match admission.here(given.or_else(context::caller), began.after_nanos(time)) {
                Ok((deadline, context)) => Some(TurnContext::new(route.service, deadline, context)),
                Err(why) => {
                    self.attempt.stage = Stage::Over;
                    *outcome = Poll::Ready(self.refused(why));
                    return;
                }
            }
        } else {
            None
        };
        let message = &mut self.attempt.message;
        let start = TurnStart { message, context: &mut context, outcome, now: began };
        match M::begin(start, host) {
            Begun::Done(ended) => {
                // It is new: to look for what is to be dropped costs more than this.
                forget(replace(&mut self.attempt.stage, Stage::Over));
                if route.policies
                    && let Poll::Ready(outcome) = &*outcome
                {
                    self.count_served(outcome, ended.nanos_since(began));
                }
                TurnContext::end(context);
            }
            Begun::Pending(reply) => self.wait(Awaited::Local(reply), began, cx, outcome),
        }
    }

    #[inline(never)] // beside the socket it costs nothing, and the local path stays small
    fn begin_elsewhere(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        let Some(message) = self.attempt.message() else { return };
        let ClientInner { route, caller } = &*self.client.inner;
        let began = route.clock.now();
        let (time, given) = asked(self.options.take(), &route.deadlines, M::SPEC);
        match elsewhere::send(route, *caller, given, began.after_nanos(time), began, message, cx) {
            Ok(Sent::Kept(ticket)) => {
                // The waker went with the call: nothing is there yet, and nothing is to be said.
                self.wait_for(Awaited::Kept(ticket), began);
            }
            Ok(Sent::Waits(reply)) if reply.will_wake() => {
                self.wait_for(Awaited::Remote(reply), began);
            }
            Ok(Sent::Waits(reply)) => self.wait(Awaited::Remote(reply), began, cx, outcome),
            Err(why) => {
                self.attempt.stage = Stage::Over;
                *outcome = Poll::Ready(self.refused(why));
            }
        }
    }

    /// The first poll is over, and the call isn't.
    #[inline]
    fn wait_for(&mut self, reply: Awaited<M>, began: Moment) {
        // It was new: nothing is to be dropped.
        forget(replace(&mut self.attempt.stage, Stage::Waits(Waits { reply, began })));
    }

    #[inline(never)] // the local path of a call that doesn't wait stays small
    fn wait(
        &mut self,
        reply: Awaited<M>,
        began: Moment,
        cx: &mut Context<'_>,
        outcome: &mut Polled<M>,
    ) {
        self.wait_for(reply, began);
        self.poll_reply(cx, outcome);
    }

    /// Any later poll.
    #[inline(never)] // as above
    fn poll_reply(&mut self, cx: &mut Context<'_>, outcome: &mut Polled<M>) {
        let route = &*self.client.inner.route;
        let Attempt { message, stage } = &mut self.attempt;
        let Stage::Waits(Waits { reply, began }) = stage else {
            // As any future does; staying pending would hang whoever made the mistake.
            panic!("a call was polled again after it had come to its outcome")
        };
        match reply {
            Awaited::Local(reply) => {
                let Poll::Ready(came) = reply.poll_or_return(cx, message) else { return };
                let took = route.clock.now().nanos_since(*began);
                *stage = Stage::Over;
                self.count_served(&came, took);
                *outcome = Poll::Ready(came);
            }
            Awaited::Kept(ticket) => {
                let mut body = ReplyBody::default();
                // Set before a call could be kept there.
                let Some(remote) = route.first() else { return };
                let Poll::Ready(arrived) = remote.poll(*ticket, cx, &mut body) else { return };
                let began = *began;
                // A ticket and a moment: to look for what is to be dropped costs more than this.
                forget(replace(stage, Stage::Over));
                if arrived.is_ok() {
                    // Its reply is there: nobody wants it any more.
                    *message = Held::Taken;
                }
                if arrived.is_ok()
                    && let Some(answer) = elsewhere::answer::<M>(route, &body, began)
                {
                    *outcome = Poll::Ready(Ok(answer));
                    return;
                }
                let arrived = arrived.map(|()| body).map_err(|why| *why);
                *outcome = Poll::Ready(self.failed_elsewhere(arrived, began));
            }
            Awaited::Remote(reply) => {
                let Poll::Ready(arrived) = Pin::new(reply).poll(cx) else { return };
                let began = *began;
                if arrived.is_ok() {
                    *message = Held::Taken;
                }
                *stage = Stage::Over;
                *outcome = Poll::Ready(self.arrived(arrived, began));
            }
        }
    }

    #[inline(never)] // kept replies are what a call mostly waits for elsewhere
    fn arrived(
        &self,
        arrived: Result<ReplyBody, Failure>,
        began: Moment,
    ) -> Outcome<M::Answer, M::Error> {
        if let Ok(body) = &arrived
            && let Some(answer) = elsewhere::answer::<M>(&self.client.inner.route, body, began)
        {
            return Ok(answer);
        }
        self.failed_elsewhere(arrived, began)
    }

    /// What arrived is no answer.
    #[cold]
    fn failed_elsewhere(
        &self,
        arrived: Result<ReplyBody, Failure>,
        began: Moment,
    ) -> Outcome<M::Answer, M::Error> {
        let route = &*self.client.inner.route;
        let outcome = elsewhere::failure::<M>(arrived);
        count::<M>(route.elsewhere_metrics(), &outcome, route.clock.now().nanos_since(began));
        self.note_failed();
        outcome
    }

    /// Counts a call that came to its outcome here, and remembers one that failed.
    #[inline(always)] // on the way of every call; what isn't is kept apart below
    fn count_served(&self, outcome: &Outcome<M::Answer, M::Error>, nanos: u64) {
        match outcome {
            Ok(_) => self.client.inner.route.served.count(M::SPEC.index, Ended::Answered, nanos),
            Err(_) => self.count_failed(outcome, nanos),
        }
    }

    #[cold]
    fn count_failed(&self, outcome: &Outcome<M::Answer, M::Error>, nanos: u64) {
        count::<M>(&self.client.inner.route.served, outcome, nanos);
        self.note_failed();
    }

    /// The call went nowhere.
    #[cold]
    fn refused(&self, why: NotExecuted) -> Outcome<M::Answer, M::Error> {
        let outcome = Err(why.into());
        count::<M>(self.client.inner.route.elsewhere_metrics(), &outcome, 0);
        self.note_failed();
        outcome
    }

    /// Remembers a failed call, so that a `?` can name it.
    #[cold]
    fn note_failed(&self) {
        let site = CallSite { service: self.client.service(), method: M::SPEC.name };
        context::note_failed::<M::Error>(site);
    }
}

/// What options say of a call's time in nanoseconds, if it has any, and in which context it is made.
#[inline]
fn asked(
    options: Option<Box<CallOptions>>,
    configured: &DeadlinesInForce,
    method: &MethodSpec,
) -> (u64, Option<Arc<CallContext>>) {
    match options {
        None => (configured.of(method, None), None),
        Some(options) => told(*options, configured, method),
    }
}

#[cold]
fn told(
    options: CallOptions,
    configured: &DeadlinesInForce,
    method: &MethodSpec,
) -> (u64, Option<Arc<CallContext>>) {
    let configured = || configured.of(method, options.default_deadline);
    let time = options.deadline.map_or_else(configured, nanos);
    (time, options.context)
}

impl<M: Method> Drop for Call<M> {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Waits(Waits { reply: Awaited::Kept(ticket), .. }) = self.attempt.stage
            && let Some(remote) = self.client.inner.route.first()
        {
            remote.forget(ticket);
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

#[inline]
fn count<M: Method>(
    metrics: &crate::metrics::ServiceMetrics,
    outcome: &Outcome<M::Answer, M::Error>,
    nanos: u64,
) {
    metrics.count(M::SPEC.index, Ended::of(outcome), nanos);
}

// The parts that are pinned have boxes of their own.
impl<M: Method> Unpin for Call<M> {}

impl<M: Method> fmt::Debug for Call<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", M::SPEC.name)
    }
}
