//! What few calls have: options, a fallback, and attempts that failed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::deadlines::{DeadlinesInForce, nanos};
use crate::context::{CallContext, Spot};
use crate::contract::{Method, MethodSpec};
use crate::outcome::{CallError, Unknown};
use crate::time::Moment;

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
    /// Of a call in JSON: whether a service error is told [whole](crate::contract::ServiceFailure::whole).
    pub whole_errors: bool,
}

/// What takes the place of an answer.
type Fallback<M> =
    Box<dyn FnOnce(&CallError<<M as Method>::Error>) -> <M as Method>::Answer + Send>;

/// What few calls have, boxed for that.
pub(super) struct Extra<M: Method> {
    pub(super) options: CallOptions,
    /// What the caller would have in place of an answer.
    pub(super) fallback: Option<Fallback<M>>,
    /// A copy of the message, from which the method's fallback makes its answer.
    pub(super) kept: Option<M>,
    /// Of calls that failed before.
    pub(super) before: Option<Before>,
    /// Why it isn't known of one of them whether it ran.
    pub(super) unknown: Option<Unknown>,
}

impl<M: Method> Default for Extra<M> {
    fn default() -> Self {
        let options = CallOptions::default();
        Self { options, fallback: None, kept: None, before: None, unknown: None }
    }
}

/// What earlier attempts of a call have left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// When the first one began, and until when the call is of use.
    pub(super) began: Moment,
    pub(super) deadline: Moment,
    /// Those that cost something.
    pub(super) attempts: u32,
    /// Whether one was free because its callee went away.
    pub(super) gone_away: bool,
    /// The endpoints that they went to, a bit for each.
    pub(super) endpoints: u64,
    /// Until when the call waits for somebody who takes it, once it has begun to.
    pub(super) patience: Option<Moment>,
    /// Where the call stands in its trace, once it was sent.
    pub(super) spot: Option<Spot>,
}

/// The time that a call may take, in nanoseconds, and in which context it is made.
#[inline]
pub(super) fn asked<M: Method>(
    extra: Option<&Extra<M>>,
    configured: &DeadlinesInForce,
) -> (u64, Option<Arc<CallContext>>) {
    match extra {
        None => (configured.of(M::SPEC, None), None),
        Some(extra) => told(&extra.options, configured, M::SPEC),
    }
}

#[cold]
fn told(
    options: &CallOptions,
    configured: &DeadlinesInForce,
    method: &MethodSpec,
) -> (u64, Option<Arc<CallContext>>) {
    let configured = || configured.of(method, options.default_deadline);
    (options.deadline.map_or_else(configured, nanos), options.context.clone())
}

impl<M: Method> fmt::Debug for Extra<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extra").field("options", &self.options).finish_non_exhaustive()
    }
}
