//! A call: an owned future with options.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::client::Client;
use super::route::{Deadlines, Elsewhere, Route};
use crate::codec;
use crate::context::{self, CallContext, CallSite, HOP_LIMIT, TurnContext};
use crate::contract::Method;
use crate::metrics::Ended;
use crate::name::ServiceId;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::remote::{Caller, Outbound, RemoteReply, ReplyBody, ReplyKind};
use crate::time::Moment;
use crate::turn::{Begun, Outcome, Reply, TurnStart};

/// A call that begins at its first poll; one that is never polled does nothing. Dropping it is the
/// caller going away.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<M: Method> {
    state: State<M>,
    options: CallOptions,
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
    pub context: Option<Box<CallContext>>,
}

enum State<M: Method> {
    New { client: Client<M::Contract>, message: M },
    Local { reply: Reply<M::Answer, M::Error>, open: Open<M> },
    Remote { reply: RemoteReply, open: Open<M> },
    Over,
}

/// What is needed once the outcome is there.
struct Open<M: Method> {
    client: Client<M::Contract>,
    began: Moment,
}

impl<M: Method> Call<M> {
    pub(super) fn new(client: Client<M::Contract>, message: M) -> Self {
        Self { state: State::New { client, message }, options: CallOptions::default() }
    }

    /// Gives the call another deadline: it is worthless after `time`.
    ///
    /// The deadline of the turn that makes the call holds all the same, if it is earlier.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.deadline = Some(time);
        self
    }

    /// Sets all options at once.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    fn begin(
        &mut self,
        client: Client<M::Contract>,
        message: M,
    ) -> Option<Outcome<M::Answer, M::Error>> {
        let route = &*client.inner.route;
        let began = route.clock.now();
        let admitted =
            self.options.admit::<M>(route.service, client.inner.caller, route.deadlines, began);
        let (deadline, caller) = match admitted {
            Ok(admitted) => admitted,
            Err(why) => {
                let outcome = Err(why.into());
                count::<M>(&route.called, &outcome, 0);
                return Some(outcome);
            }
        };
        if let Some(host) = route.local() {
            let context = TurnContext::new(route.service, deadline, caller);
            match message.begin(host, TurnStart { context, now: began }) {
                Begun::Done(outcome, ended) => {
                    count::<M>(&route.served, &outcome, ended.nanos_since(began));
                    return Some(outcome);
                }
                Begun::Pending(reply) => {
                    self.state = State::Local { reply, open: Open { client, began } };
                    return None;
                }
            }
        }
        let context = caller.as_deref().map_or_else(CallContext::root, CallContext::child);
        let context = context.with_deadline(deadline);
        let target = route.elsewhere();
        match &*target {
            Elsewhere::Remote(remote) => {
                let outbound = Outbound {
                    service: route.service,
                    method: M::SPEC,
                    caller: client.inner.caller,
                    context: &context,
                    body: &message,
                };
                let reply = remote.send(outbound);
                drop(target);
                self.state = State::Remote { reply, open: Open { client, began } };
                None
            }
            Elsewhere::Away(why) => {
                let outcome = Err(NotExecuted::Unavailable { reason: why.clone() }.into());
                count::<M>(&route.called, &outcome, 0);
                Some(outcome)
            }
        }
    }
}

impl CallOptions {
    /// What holds on both routes before a call may begin: permission, deadline, hop limit, no cycle. Returns
    /// the call's deadline and the context in which it is made.
    #[inline]
    fn admit<M: Method>(
        &mut self,
        service: ServiceId,
        caller: Caller,
        configured: Deadlines,
        now: Moment,
    ) -> Result<(Moment, Option<Arc<CallContext>>), NotExecuted> {
        caller.may_call(M::SPEC)?;
        let given = self.context.take().map(Arc::from);
        let mut context = given.or_else(context::caller);
        let time = self
            .deadline
            .or(configured.service)
            .or(M::SPEC.deadline)
            .or(self.default_deadline)
            .unwrap_or(configured.otherwise);
        let mut deadline = now.after(time);
        if let Some(context) = &context {
            deadline = deadline.min(context.deadline);
        }
        if deadline <= now {
            return Err(NotExecuted::DeadlineExceeded);
        }
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
            && (context.chain.contains(service) || context.chain.len() >= HOP_LIMIT)
        {
            return Err(too_far(context, service));
        }
        Ok((deadline, context))
    }
}

fn too_far(context: &CallContext, service: ServiceId) -> NotExecuted {
    NotExecuted::Cycle { path: context.chain.path_to(service) }
}

impl<M: Method> Future for Call<M> {
    type Output = Outcome<M::Answer, M::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let State::New { .. } = this.state {
            // A loop of calls that are answered at once must let others on its thread have theirs.
            ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
            let State::New { client, message } = std::mem::replace(&mut this.state, State::Over)
            else {
                return Poll::Pending;
            };
            let site = CallSite { service: client.service(), method: M::SPEC.name };
            if let Some(outcome) = this.begin(client, message) {
                return Poll::Ready(noted::<M>(outcome, site));
            }
        }
        let (outcome, open, local) = match &mut this.state {
            State::Local { reply, .. } => {
                let outcome = ready!(Pin::new(reply).poll(cx));
                let State::Local { open, .. } = std::mem::replace(&mut this.state, State::Over)
                else {
                    return Poll::Pending;
                };
                (outcome, open, true)
            }
            State::Remote { reply, .. } => {
                let outcome = decoded::<M>(ready!(reply.as_mut().poll(cx)));
                let State::Remote { open, .. } = std::mem::replace(&mut this.state, State::Over)
                else {
                    return Poll::Pending;
                };
                (outcome, open, false)
            }
            State::New { .. } | State::Over => return Poll::Pending,
        };
        let route: &Route<M::Contract> = &open.client.inner.route;
        let took = route.clock.now().nanos_since(open.began);
        count::<M>(if local { &route.served } else { &route.called }, &outcome, took);
        let site = CallSite { service: route.service, method: M::SPEC.name };
        Poll::Ready(noted::<M>(outcome, site))
    }
}

fn decoded<M: Method>(reply: Result<ReplyBody, Failure>) -> Outcome<M::Answer, M::Error> {
    let unreadable = |error: codec::CodecError| {
        CallError::from(Unknown::Unreadable { why: error.to_string().into() })
    };
    let reply = reply?;
    match reply.kind {
        ReplyKind::Answer => codec::decode(&reply.bytes).map_err(unreadable),
        ReplyKind::ServiceError => {
            Err(codec::decode(&reply.bytes).map_or_else(unreadable, CallError::Service))
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

/// Remembers a failed call, so that a `?` can name it.
fn noted<M: Method>(
    outcome: Outcome<M::Answer, M::Error>,
    site: CallSite,
) -> Outcome<M::Answer, M::Error> {
    if outcome.is_err() {
        context::note_failed::<M::Error>(site);
    }
    outcome
}

// The parts that are pinned have boxes of their own.
impl<M: Method> Unpin for Call<M> {}

impl<M: Method> fmt::Debug for Call<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", M::SPEC.name)
    }
}
