//! A call: an owned future with options.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::client::{Client, ClientInner};
use super::elsewhere;
use super::route::Deadlines;
use crate::context::{self, CallContext, CallSite, TurnContext};
use crate::contract::{Method, MethodSpec};
use crate::metrics::Ended;
use crate::name::ServiceId;
use crate::outcome::{Failure, NotExecuted};
use crate::remote::{Caller, RemoteReply, ReplyBody, Sent, Ticket};
use crate::time::Moment;
use crate::turn::{Begun, Outcome, Parcel, Reply, TurnStart};

/// A call that begins at its first poll; one that is never polled does nothing. Dropping it is the
/// caller going away.
#[must_use = "a call does nothing until it is awaited"]
// The message stands first: a call is moved to where it is awaited, and what was just written is
// quick to read only in the same pieces.
#[repr(C)]
pub struct Call<M: Method> {
    state: State<M>,
    client: Client<M::Contract>,
    /// Boxed, for most calls have none.
    options: Option<Box<CallOptions>>,
}

/// How far a call has come.
enum State<M: Method> {
    /// It wasn't polled yet; its message is taken when its turn begins.
    New(Parcel<M>),
    /// Its first poll wasn't the last.
    Waits(Waits<M>),
    Over,
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
struct Waits<M: Method> {
    reply: Awaited<M>,
    began: Moment,
}

enum Awaited<M: Method> {
    Local(Reply<M::Answer, M::Error>),
    /// Kept by the route's first remote.
    Kept(Ticket),
    Remote(RemoteReply),
}

impl<M: Method> Call<M> {
    #[inline]
    pub(super) const fn new(client: Client<M::Contract>, message: M) -> Self {
        Self { state: State::New(Parcel::Full(message)), client, options: None }
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

    /// The first poll of a call that stays here, if it does: it is over with that unless it waits.
    #[inline]
    fn begin(
        &mut self,
        cx: &mut Context<'_>,
        outcome: &mut Poll<Outcome<M::Answer, M::Error>>,
    ) -> Where {
        let ClientInner { route, caller } = &*self.client.inner;
        let Some(host) = route.local() else { return Where::Elsewhere };
        let began = route.clock.now();
        let options = self.options.take();
        // Without policies nobody needs to know.
        let asked = || asked(options, route.deadlines, M::SPEC);
        let mut context = if route.policies {
            let (time, given) = asked();
            match admit(M::SPEC, route.service, *caller, given, began, time) {
                Ok((deadline, context)) => Some(TurnContext::new(route.service, deadline, context)),
                Err(why) => {
                    self.state = State::Over;
                    *outcome = Poll::Ready(self.refused(why));
                    return Where::Here;
                }
            }
        } else {
            None
        };
        let State::New(message) = &mut self.state else { return Where::Here };
        let start = TurnStart { message, context: &mut context, outcome, now: began };
        match M::begin(start, host) {
            Begun::Done(ended) => {
                if route.policies
                    && let Poll::Ready(outcome) = &*outcome
                {
                    count::<M>(&route.served, outcome, ended.nanos_since(began));
                    if outcome.is_err() {
                        self.note_failed();
                    }
                }
                self.state = State::Over;
            }
            Begun::Pending(reply) => *outcome = self.wait(Awaited::Local(reply), began, cx),
        }
        Where::Here
    }

    #[inline(never)] // beside the socket it costs nothing, and the local path stays small
    fn begin_elsewhere(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<M::Answer, M::Error>> {
        let State::New(Parcel::Full(message)) = &self.state else { return Poll::Pending };
        let ClientInner { route, caller } = &*self.client.inner;
        let began = route.clock.now();
        let (time, given) = asked(self.options.take(), route.deadlines, M::SPEC);
        match elsewhere::send(route, *caller, given, began.after(time), began, message, cx) {
            Ok(Sent::Kept(ticket)) => {
                // The waker went with the call: nothing is there yet, and nothing is to be said.
                self.state = State::Waits(Waits { reply: Awaited::Kept(ticket), began });
                Poll::Pending
            }
            Ok(Sent::Waits(reply)) if reply.will_wake() => {
                self.state = State::Waits(Waits { reply: Awaited::Remote(reply), began });
                Poll::Pending
            }
            Ok(Sent::Waits(reply)) => self.wait(Awaited::Remote(reply), began, cx),
            Err(why) => {
                self.state = State::Over;
                Poll::Ready(self.refused(why))
            }
        }
    }

    #[inline(never)] // the local path of a call that doesn't wait stays small
    fn wait(
        &mut self,
        reply: Awaited<M>,
        began: Moment,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<M::Answer, M::Error>> {
        self.state = State::Waits(Waits { reply, began });
        self.poll_reply(cx)
    }

    #[inline(never)] // as above
    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<M::Answer, M::Error>> {
        let route = &*self.client.inner.route;
        let State::Waits(Waits { reply, began }) = &mut self.state else {
            // As any future does; staying pending would hang whoever made the mistake.
            panic!("a call was polled again after it had come to its outcome")
        };
        match reply {
            Awaited::Local(reply) => {
                let outcome = ready!(Pin::new(reply).poll(cx));
                count::<M>(&route.served, &outcome, route.clock.now().nanos_since(*began));
                self.state = State::Over;
                if outcome.is_err() {
                    self.note_failed();
                }
                Poll::Ready(outcome)
            }
            Awaited::Kept(ticket) => {
                let mut body = ReplyBody::default();
                // Set before a call could be kept there.
                let Some(remote) = route.first() else { return Poll::Pending };
                let arrived = ready!(remote.poll(*ticket, cx, &mut body));
                let began = *began;
                // A ticket and a moment: to look for what is to be dropped costs more than this.
                std::mem::forget(std::mem::replace(&mut self.state, State::Over));
                if arrived.is_ok()
                    && let Some(answer) = elsewhere::answer::<M>(route, &body, began)
                {
                    return Poll::Ready(Ok(answer));
                }
                let arrived = arrived.map(|()| body).map_err(|why| *why);
                Poll::Ready(self.failed_elsewhere(arrived, began))
            }
            Awaited::Remote(reply) => {
                let arrived = ready!(Pin::new(reply).poll(cx));
                let began = *began;
                self.state = State::Over;
                Poll::Ready(self.arrived(arrived, began))
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

/// Where a call goes.
enum Where {
    Here,
    Elsewhere,
}

/// What options say of a call's time, if it has any, and in which context it is made.
#[inline]
fn asked(
    options: Option<Box<CallOptions>>,
    configured: Deadlines,
    method: &MethodSpec,
) -> (Duration, Option<Arc<CallContext>>) {
    match options {
        None => (configured.of(method, None), None),
        Some(options) => told(*options, configured, method),
    }
}

#[cold]
fn told(
    options: CallOptions,
    configured: Deadlines,
    method: &MethodSpec,
) -> (Duration, Option<Arc<CallContext>>) {
    let time = options.deadline.unwrap_or_else(|| configured.of(method, options.default_deadline));
    (time, options.context)
}

/// What holds on both routes before a call may begin: permission, deadline, hop limit, no cycle.
/// Returns the call's deadline and the context in which it is made.
#[inline(always)] // passed on the way of every call, from one place
fn admit(
    method: &MethodSpec,
    service: ServiceId,
    caller: Caller,
    given: Option<Arc<CallContext>>,
    now: Moment,
    time: Duration,
) -> Result<(Moment, Option<Arc<CallContext>>), NotExecuted> {
    caller.may_call(method)?;
    let deadline = now.after(time);
    let context = given.or_else(context::caller);
    if context.is_none() && !matches!(caller, Caller::Service(_)) && deadline > now {
        // From outside: nobody waits for the call whom it could meet again.
        return Ok((deadline, None));
    }
    let deadline = context.as_ref().map_or(deadline, |context| deadline.min(context.deadline));
    if deadline <= now {
        return Err(NotExecuted::DeadlineExceeded);
    }
    Ok((deadline, lengthened(context, service, caller)?))
}

/// The context of a call that somebody waits for: no cycle, and not too deep.
#[inline(never)] // a call from outside passes it by
fn lengthened(
    mut context: Option<Arc<CallContext>>,
    service: ServiceId,
    caller: Caller,
) -> Result<Option<Arc<CallContext>>, NotExecuted> {
    if let Caller::Service(caller) = caller
        && !context.as_ref().is_some_and(|context| context.chain.contains(caller))
    {
        // The caller's own task lost the turn's context: at least the caller itself waits.
        let mut found = context.as_deref().map_or_else(CallContext::root, CallContext::clone);
        if !found.chain.push(caller) {
            return Err(too_far(&found, service));
        }
        context = Some(Arc::new(found));
    }
    if let Some(context) = &context
        && !context.chain.may_enter(service)
    {
        return Err(too_far(context, service));
    }
    Ok(context)
}

pub(super) fn too_far(context: &CallContext, service: ServiceId) -> NotExecuted {
    NotExecuted::Cycle { path: context.chain.path_to(service) }
}

impl<M: Method> Drop for Call<M> {
    #[inline]
    fn drop(&mut self) {
        if let State::Waits(Waits { reply: Awaited::Kept(ticket), .. }) = self.state
            && let Some(remote) = self.client.inner.route.first()
        {
            remote.forget(ticket);
        }
    }
}

impl<M: Method> Future for Call<M> {
    type Output = Outcome<M::Answer, M::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // Who goes on elsewhere writes the outcome itself: one that is handed on is copied.
        if !matches!(this.state, State::New(Parcel::Full(_))) {
            return this.poll_reply(cx);
        }
        // A loop of calls that are answered at once must let others on its thread have theirs.
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        budget.made_progress();
        let mut outcome = Poll::Pending;
        match this.begin(cx, &mut outcome) {
            Where::Here => outcome,
            Where::Elsewhere => this.begin_elsewhere(cx),
        }
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
