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
use crate::context::{self, CallSite, TurnContext};
use crate::contract::Method;
use crate::metrics::Ended;
use crate::outcome::{CallError, NotExecuted};
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
        let ClientInner { route, caller } = &*self.client.inner;
        if let Err(why) = route.admit(M::SPEC, *caller, began) {
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
        let ClientInner { route, caller } = &*self.client.inner;
        let Some(host) = route.local() else { return self.begin_elsewhere(began, cx, outcome) };
        // Without policies nobody needs to know.
        let mut context = if route.policies {
            let (time, given) = asked(self.extra.as_deref(), &route.deadlines);
            let (service, method) = (route.service, Some(M::SPEC));
            let admission = Admission { service, method, caller: *caller, now: began };
            let deadline = self.until(began, time);
            match admission.here(given.or_else(context::caller), deadline) {
                Ok((deadline, context)) => Some(TurnContext::new(route.service, deadline, context)),
                Err(why) => return self.refused(why, began, outcome),
            }
        } else {
            None
        };
        let message = &mut self.attempt.message;
        let start = TurnStart { message, context: &mut context, outcome, now: began };
        match dispatch::begin(start, host) {
            Begun::Done(ended) => {
                // It is new: to look for what is to be dropped costs more than this.
                forget(replace(&mut self.attempt.stage, Stage::Over));
                TurnContext::end(context);
                if route.policies
                    && let Poll::Ready(came) = &*outcome
                {
                    let took = ended.nanos_since(began);
                    match came {
                        Ok(_) => route.served.count(M::SPEC.index, Ended::Answered, took),
                        Err(_) => self.failed(Failed::here(began), cx, outcome),
                    }
                }
            }
            Begun::Pending(reply) => self.wait(Awaited::Local(reply), began, cx, outcome),
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
        let ClientInner { route, caller } = &*self.client.inner;
        let Some(message) = self.attempt.message() else { return };
        let (time, given) = asked(self.extra.as_deref(), &route.deadlines);
        let before = self.extra.as_ref().and_then(|extra| extra.before.as_ref());
        let deadline = self.until(began, time);
        let leaving = Leaving { caller: *caller, given, deadline, before, now: began };
        match elsewhere::send(route, leaving, message, cx) {
            Ok(Sent::Kept(ticket)) => {
                // The waker went with the call: nothing is there yet, and nothing is to be said.
                self.wait_for(Awaited::Kept(ticket), began);
            }
            Ok(Sent::Waits(reply)) if reply.will_wake() => {
                self.wait_for(Awaited::Remote(reply), began);
            }
            Ok(Sent::Waits(reply)) => self.wait(Awaited::Remote(reply), began, cx, outcome),
            Ok(Sent::Nowhere(reason)) => self.nowhere(reason, began, cx, outcome),
            Err(why) => self.refused(why, began, outcome),
        }
    }

    /// The first poll is over, and the call isn't.
    #[inline]
    fn wait_for(&mut self, reply: Awaited<M>, began: Moment) {
        self.client.inner.route.entered();
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
        let (reply, began) = match stage {
            Stage::Waits(Waits { reply, began }) => (reply, *began),
            Stage::Pauses(_) => return self.poll_pause(cx, outcome),
            // As any future does; staying pending would hang whoever made the mistake.
            _ => panic!("a call was polled again after it had come to its outcome"),
        };
        let (arrived, carrier) = match reply {
            Awaited::Local(reply) => {
                let Poll::Ready(came) = reply.poll_or_return(cx, message) else { return };
                route.left();
                *stage = Stage::Over;
                match came {
                    Ok(answer) => {
                        let took = route.clock.now().nanos_since(began);
                        route.served.count(M::SPEC.index, Ended::Answered, took);
                        *outcome = Poll::Ready(Ok(answer));
                    }
                    Err(error) => {
                        *outcome = Poll::Ready(Err(error));
                        self.failed(Failed::here(began), cx, outcome);
                    }
                }
                return;
            }
            Awaited::Kept(ticket) => {
                let mut body = ReplyBody::default();
                // Set before a call could be kept there.
                let Some(remote) = route.first() else { return };
                let Poll::Ready(arrived) = remote.poll(*ticket, cx, &mut body) else { return };
                let carrier = ticket.carrier;
                route.left();
                // A ticket and a moment: to look for what is to be dropped costs more than this.
                forget(replace(stage, Stage::Over));
                (arrived.map(|()| body).map_err(|why| *why), carrier)
            }
            Awaited::Remote(reply) => {
                let Poll::Ready(arrived) = Pin::new(&mut *reply).poll(cx) else { return };
                let carrier = reply.carrier();
                route.left();
                *stage = Stage::Over;
                (arrived, carrier)
            }
        };
        if let Ok(body) = &arrived {
            // Its reply is there: nobody wants the message any more.
            *message = Held::Taken;
            if body.degraded {
                self.note_degraded();
            }
            let route = &*self.client.inner.route;
            if let Some(answer) = elsewhere::answer::<M>(route, body, began) {
                *outcome = Poll::Ready(Ok(answer));
                return;
            }
        }
        *outcome = Poll::Ready(elsewhere::failure::<M>(arrived));
        self.failed(Failed::elsewhere(began, carrier), cx, outcome);
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

impl<M: Method> Drop for Call<M> {
    #[inline]
    fn drop(&mut self) {
        let Stage::Waits(Waits { reply, .. }) = &self.attempt.stage else { return };
        let route = &*self.client.inner.route;
        route.left();
        if let Awaited::Kept(ticket) = reply
            && let Some(remote) = route.first()
        {
            remote.forget(*ticket);
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
