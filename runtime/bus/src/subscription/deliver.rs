//! How an event gets to the method that subscribes to it.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use seam_core::call::{AnyClient, CallOptions};
use seam_core::context::{CallContext, Delivery, TraceContext};
use seam_core::contract::ServiceFailure;
use seam_core::outcome::{CallError, NotExecuted};

use crate::record::Record;

/// Why a delivery came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// It didn't run, for its service is overloaded, stopping or away: that is no failure of it.
    NotRun,
    /// It failed, and why, for people.
    Failed(String),
}

/// Hands events to a service.
pub trait Deliver: Send + Sync + 'static {
    /// Calls the method of that index with the event.
    fn deliver(
        &self,
        method: u16,
        event: &Record,
        delivery: Delivery,
    ) -> BoxFuture<'static, Result<(), Undelivered>>;
}

/// By a call like any other, of a service that is in this process.
pub struct ByCall(pub Arc<dyn AnyClient>);

impl fmt::Debug for ByCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByCall({})", self.0.service())
    }
}

impl Deliver for ByCall {
    fn deliver(
        &self,
        method: u16,
        event: &Record,
        delivery: Delivery,
    ) -> BoxFuture<'static, Result<(), Undelivered>> {
        let options = handed(&event.trace, None, delivery);
        let reply = self.0.deliver(method, &event.body, options);
        Box::pin(async { reply.await.map(drop).map_err(|error| undelivered(&error)) })
    }
}

/// The options of a call that hands something over which is kept.
pub(crate) fn handed(trace: &[u8], principal: Option<&str>, delivery: Delivery) -> CallOptions {
    let trace = std::str::from_utf8(trace).ok().and_then(TraceContext::from_traceparent);
    // A trace of its own: what it is the consequence of may be over for long.
    let mut context = CallContext::root().handing(delivery.from(trace));
    context.principal = principal.map(Arc::from);
    CallOptions { context: Some(Arc::new(context)), whole_errors: true, ..CallOptions::default() }
}

pub(crate) fn undelivered(error: &CallError<ServiceFailure>) -> Undelivered {
    match error {
        CallError::NotExecuted(why) if passes(why) => Undelivered::NotRun,
        error => Undelivered::Failed(told(error)),
    }
}

/// Whether the same call may be taken later.
pub(crate) const fn passes(why: &NotExecuted) -> bool {
    !matches!(
        why,
        NotExecuted::BadRequest { .. }
            | NotExecuted::Denied { .. }
            | NotExecuted::Incompatible { .. }
            | NotExecuted::Cycle { .. }
    )
}

/// An error in words, with what its fields say.
pub(crate) fn told(error: &CallError<ServiceFailure>) -> String {
    match error {
        CallError::Service(failure) => {
            let ServiceFailure { code, detail, fields, .. } = failure;
            let fields = serde_json::to_string(fields).unwrap_or_default();
            if fields == "{}" {
                format!("{code}: {detail}")
            } else {
                format!("{code}: {detail} {fields}")
            }
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use seam_core::context::{SpanId, TurnContext};
    use seam_core::name::ServiceId;
    use seam_core::time::Moment;

    use super::*;

    #[test]
    fn a_delivery_begins_a_trace_and_knows_where_it_comes_from() {
        let origin = TraceContext { sampled: true, ..TraceContext::root().child() };
        for (trace, expected) in
            [(origin.to_traceparent(), Some(origin)), (String::new(), None), ("x".into(), None)]
        {
            let delivery = Delivery::new("order:1", 1, Some(1), Arc::new(()));
            let options = handed(trace.as_bytes(), Some("{}"), delivery);
            let context = options.context.unwrap();
            assert_ne!(context.trace.trace, origin.trace);
            assert_eq!((context.trace.span, context.trace.sampled), (SpanId::NONE, false));
            assert_eq!(context.principal.as_deref(), Some("{}"));
            assert!(context.tracestate().is_none(), "that is the other trace's");
            let mail = ServiceId::of("mail").unwrap();
            let mut turn = TurnContext::new(mail, &"order_paid", Moment::NEVER, Some(context));
            let delivery = turn.own().delivery().unwrap();
            assert_eq!((delivery.id(), delivery.origin()), ("order:1", expected));
        }
    }
}
