//! The core's words in the wire's, and back.

use std::time::Duration;

use seam_core::context::{CallContext, Chain, SpanId, TraceContext, TraceId, TraceState};
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, FailureParts};
use seam_core::remote::Caller;

use crate::frame::{
    CallId, ChainNames, Extensions, ExtensionsBuf, Failed, RetryAfter, TRACESTATE, Trace, Who,
};
use crate::violation::EncodeError;

/// Who calls, as the wire says it.
pub(crate) fn caller_to_wire(caller: Caller, context: &CallContext) -> Who<'static> {
    match caller {
        Caller::Service(service) if context.chain.iter().last() == Some(service) => Who::Last,
        Caller::Service(service) => Who::Named(service.name()),
        Caller::Edge => Who::Edge,
        Caller::Program | Caller::Operator => Who::Program,
    }
}

/// Who calls; `None` for a name that is none, and for the last of an empty chain.
pub(crate) fn caller_from_wire(caller: Who<'_>, chain: &Chain) -> Option<Caller> {
    match caller {
        Who::Edge => Some(Caller::Edge),
        Who::Program => Some(Caller::Program),
        Who::Named(name) => ServiceId::of(name).map(Caller::Service),
        Who::Last => chain.iter().last().map(Caller::Service),
    }
}

#[inline]
pub(crate) fn trace_to_wire(trace: &TraceContext) -> Trace {
    Trace { id: trace.trace.get(), span: trace.span.0, flags: u8::from(trace.sampled) }
}

#[inline]
pub(crate) fn trace_from_wire(trace: Trace) -> TraceContext {
    if trace.id == 0 {
        return TraceContext::root();
    }
    let sampled = trace.flags & 1 == 1;
    TraceContext { trace: TraceId::new(trace.id), span: SpanId(trace.span), sampled }
}

/// What the head of a call says of other tracers' state.
#[cold]
pub(crate) fn state_to_wire(state: &TraceState) -> Result<ExtensionsBuf, EncodeError> {
    let mut entries = ExtensionsBuf::default();
    entries.push(TRACESTATE, state.as_str().as_bytes())?;
    Ok(entries)
}

/// The state that came with a call; what isn't one is passed by, as at the edge.
#[cold]
pub(crate) fn state_from_wire(extensions: Extensions<'_>) -> Option<TraceState> {
    let text = extensions.get(TRACESTATE)?;
    TraceState::read([std::str::from_utf8(text).ok()?])
}

/// The chain of a call that came, or `None` if a name in it is none.
pub(crate) fn chain_from_wire(names: ChainNames<'_>) -> Option<Chain> {
    let mut services = Chain::default();
    for name in names {
        if !services.push(ServiceId::of(name)?) {
            return None;
        }
    }
    Some(services)
}

/// A failure that came.
pub(crate) fn failure_from_wire(failed: Failed<'_>) -> Failure {
    let retry_after = match failed.retry_after {
        RetryAfter::Wait(time) => Some(time),
        RetryAfter::Never => Some(Duration::MAX),
        RetryAfter::Unsaid => None,
    };
    let texts = failed.texts.map(str::to_owned).collect();
    Failure::from_parts(FailureParts { code: failed.code, retry_after, texts })
}

/// Answers a call with a failure, through `fail`.
pub(crate) fn failure_to_wire(
    id: CallId,
    failure: &Failure,
    fail: impl FnOnce(CallId, u8, RetryAfter, &mut dyn Iterator<Item = &str>),
) {
    let parts = failure.to_parts();
    let retry_after = parts.retry_after.map_or(RetryAfter::Unsaid, |time| {
        if time == Duration::MAX { RetryAfter::Never } else { RetryAfter::Wait(time) }
    });
    fail(id, parts.code, retry_after, &mut parts.texts.iter().map(String::as_str));
}
