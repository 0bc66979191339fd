//! A call that leaves the unit: what it passes on its way out, and what becomes of its reply.
//!
//! Values are made where they are wanted, and looked at where they are: what was written just now, in
//! parts, is slow to read again as a whole, and so is every move of it.

use std::sync::Arc;
use std::task::Context;

use super::admission::Admission;
use super::route::{Exit, Route};
use crate::codec;
use crate::context::{self, CallContext};
use crate::contract::Method;
use crate::metrics::Ended;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::remote::{Caller, Outbound, ReplyBody, ReplyKind, Sent};
use crate::time::Moment;
use crate::turn::Outcome;

/// Sends a call, if it may be made. What is kept is kept by the route's first remote.
#[inline]
pub(super) fn send<M: Method>(
    route: &Route<M::Contract>,
    caller: Caller,
    given: Option<Arc<CallContext>>,
    deadline: Moment,
    now: Moment,
    message: &M,
    cx: &Context<'_>,
) -> Result<Sent, NotExecuted> {
    let around = given.or_else(context::caller);
    // Made at once and not shared, for it is only written down.
    let mut context = match &around {
        None => CallContext::root(),
        Some(around) => around.child(),
    };
    context.deadline = context.deadline.min(deadline);
    let admission = Admission { service: route.service, method: Some(M::SPEC), caller, now };
    admission.leaving(&mut context)?;
    let call = Outbound {
        service: route.service,
        method: M::SPEC,
        caller,
        context: &context,
        body: message,
        now,
        waker: cx.waker(),
    };
    if let Some(first) = route.to_first() {
        return Ok(first.send(call));
    }
    route.leave(|way| match way {
        Exit::Remote(remote) => Ok(Sent::Waits(remote.send(call).by(remote))),
        Exit::Away(why) => Err(NotExecuted::unavailable(why)),
    })
}

/// The answer that arrived, counted; `None` for all else that can arrive.
#[inline(always)] // so that it is made where it is wanted
pub(super) fn answer<M: Method>(
    route: &Route<M::Contract>,
    arrived: &ReplyBody,
    began: Moment,
) -> Option<M::Answer> {
    let ReplyBody { kind: ReplyKind::Answer, bytes, at, .. } = arrived else { return None };
    let answer = codec::read(bytes).ok()?;
    route.elsewhere_metrics().count(M::SPEC.index, Ended::Answered, at.nanos_since(began));
    Some(answer)
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
