//! A call that leaves the unit: what it passes on its way out, and what becomes of its reply.
//!
//! Values are made where they are wanted, and looked at where they are: what was written just now, in
//! parts, is slow to read again as a whole, and so is every move of it.

use std::sync::Arc;
use std::task::Context;

use super::admission::Admission;
use super::extra::Before;
use super::route::{Exit, Route};
use crate::codec;
use crate::context::{self, CallContext, SpanId, Spot, TraceContext};
use crate::contract::Method;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::policy::attempt_deadline;
use crate::record::Fate;
use crate::remote::{Caller, Form, Outbound, ReplyBody, ReplyKind, Sent};
use crate::time::Moment;
use crate::turn::Outcome;

/// A call that leaves.
pub(super) struct Leaving<'a> {
    pub(super) caller: Caller,
    /// The context that it is made in, in place of the ambient one.
    pub(super) given: Option<Arc<CallContext>>,
    /// Until when it is of use.
    pub(super) deadline: Moment,
    /// What earlier attempts have left.
    pub(super) before: Option<&'a Before>,
    /// The time, read just now.
    pub(super) now: Moment,
}

/// Sends a call, if it may be made, and says where it stands in its trace: at the same spot as its
/// attempts before. What is kept is kept by the route's first remote.
#[inline]
pub(super) fn send<M: Method>(
    route: &Route<M::Contract>,
    leaving: Leaving<'_>,
    message: &M,
    spot: &mut Option<Spot>,
    cx: &Context<'_>,
) -> Result<Sent, NotExecuted> {
    let Leaving { caller, given, deadline, before, now } = leaving;
    // The calls of a turn aren't those of who began it: only what is made in a given context is told of.
    let told = given.as_ref().and_then(|given| given.served_by()).cloned();
    let around = given.or_else(context::caller);
    // Made at once and not shared, for it is only written down.
    let around = around.or_else(|| route.meters.recorder().root(now));
    let mut context = match &around {
        None => CallContext::beginning(TraceContext::first()),
        Some(around) => around.child(),
    };
    match spot {
        Some(spot) => (context.trace.trace, context.trace.span) = (spot.trace, spot.span),
        none => {
            let parent = around.as_ref().map_or(SpanId::NONE, |around| around.trace.span);
            *none = Some(Spot { parent, ..Spot::within(&context.trace, context.trace.span) });
        }
    }
    if let Some(told) = told {
        told.leave();
        context = context.telling(told);
    }
    context.deadline = context.deadline.min(deadline);
    let admission = Admission { service: route.service, method: Some(M::SPEC), caller, now };
    admission.leaving(&mut context)?;
    if M::SPEC.idempotent
        && let Some(guard) = &route.guard
    {
        let attempts = before.map_or(1, |before| before.attempts + 1);
        let others = attempts < guard.attempts() && route.has_others();
        context.deadline = attempt_deadline(now, context.deadline, others, true);
    }
    if before.is_some_and(|before| before.attempts > 0) {
        // Whoever tries again doesn't have others try again for each try.
        context.no_retry = true;
    }
    let call = Outbound {
        service: route.service,
        method: M::SPEC,
        caller,
        context: &context,
        body: message,
        form: Form::Encoded,
        tried: before.map_or(0, |before| before.endpoints),
        key: message.route_key(),
        now,
        waker: cx.waker(),
    };
    if let Some(first) = route.to_first() {
        return Ok(first.send(call));
    }
    route.leave(|way| match way {
        Exit::Remote(remote) => Ok(match remote.send(call) {
            Sent::Nowhere(reason) => Sent::Nowhere(reason),
            sent => Sent::Waits(sent.by(remote)),
        }),
        Exit::Away(why) => Err(NotExecuted::unavailable(why)),
    })
}

/// The answer that arrived; `None` for all else that can arrive.
#[inline(always)] // so that it is made where it is wanted
pub(super) fn answer<M: Method>(arrived: &ReplyBody) -> Option<M::Answer> {
    let ReplyBody { kind: ReplyKind::Answer, bytes, .. } = arrived else { return None };
    codec::read(bytes).ok()
}

/// What a reply says of its call.
pub(super) const fn fate(arrived: &ReplyBody) -> Fate {
    match arrived.kind {
        ReplyKind::Answer => Fate::Answered,
        ReplyKind::ServiceError => Fate::ServiceError,
    }
}

/// What arrived and is no answer.
#[cold]
pub(super) fn failure<M: Method>(
    arrived: Result<ReplyBody, Failure>,
) -> Outcome<M::Answer, M::Error> {
    let unreadable = |error: codec::CodecError| {
        CallError::from(Unknown::Unreadable { why: error.to_string().into() })
    };
    let reply = arrived?;
    match reply.kind {
        ReplyKind::Answer => codec::decode(&reply.bytes).map_err(unreadable),
        ReplyKind::ServiceError => {
            Err(codec::decode(&reply.bytes).map_or_else(unreadable, CallError::Service))
        }
    }
}
