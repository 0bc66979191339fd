//! What a request to somewhere else says of the trace that it is a part of.

use std::iter::once;

use super::{TraceState, current};

/// The headers of a request that is made here by any HTTP client: `traceparent`, and `tracestate` where
/// other tracers have said something. Made by [`outgoing`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    traceparent: Option<String>,
    tracestate: Option<TraceState>,
}

/// What a request says that this turn, or this request's own route, makes of somebody who is no
/// service: put all of it into the headers, and the trace goes on there. Its parent is the turn's own
/// span. Outside of turns and requests there are none.
///
/// ```
/// # struct Request;
/// # impl Request { fn header(self, _: &str, _: &str) -> Self { self } }
/// # let mut request = Request;
/// for (name, value) in seam_core::context::outgoing().headers() {
///     request = request.header(name, value);
/// }
/// ```
pub fn outgoing() -> Outgoing {
    let Some(context) = current() else { return Outgoing::default() };
    Outgoing {
        traceparent: Some(context.trace.to_traceparent()),
        tracestate: context.tracestate().cloned(),
    }
}

impl Outgoing {
    /// The header `traceparent`: the trace, the turn's span, and whether somebody records it.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// The header `tracestate`: what other tracers have said, as it came.
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_ref().map(TraceState::as_str)
    }

    /// The headers that there are, by name.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let traceparent = self.traceparent().map(|value| ("traceparent", value));
        let tracestate = self.tracestate().map(|value| ("tracestate", value));
        once(traceparent).chain(once(tracestate)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;
    use crate::context::{CallContext, in_context};

    #[test]
    fn what_is_given_on_is_of_the_turn_and_nothing_outside_of_one() {
        assert_eq!(outgoing().headers().count(), 0);
        let mut context = CallContext::root().child();
        context.trace.sampled = true;
        let told = |context: &CallContext| {
            let asking = in_context(Arc::new(context.clone()), async { outgoing() });
            asking.now_or_never().unwrap()
        };
        let parent = context.trace.to_traceparent();
        assert!(told(&context).headers().eq([("traceparent", &*parent)]));
        context.set_tracestate(TraceState::read(["foo=1"]));
        let both = [("traceparent", &*parent), ("tracestate", "foo=1")];
        assert!(told(&context).headers().eq(both));
        let child = told(&context.child());
        assert_eq!(child.tracestate(), Some("foo=1"));
        assert_ne!(child.traceparent(), Some(&*parent));
    }
}
