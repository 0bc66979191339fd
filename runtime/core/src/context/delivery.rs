//! The delivery that a turn was begun by: an event's, a command's or a schedule's.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{CallContext, SpanId, TraceContext, TraceId};

/// One try to hand something that was kept to a method: an event to its subscription, a command to
/// whom it is for.
#[derive(Clone)]
pub struct Delivery {
    id: Arc<str>,
    attempt: u32,
    position: Option<u64>,
    by: Arc<dyn Any + Send + Sync>,
    origin: Option<TraceContext>,
}

impl Delivery {
    /// The `attempt`th try; `by` is what whoever delivers wants to find in the turn.
    pub fn new(
        id: impl Into<Arc<str>>,
        attempt: u32,
        position: Option<u64>,
        by: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self { id: id.into(), attempt, position, by, origin: None }
    }

    /// The delivery of what was kept by a call that stands there in another trace.
    #[must_use]
    pub fn from(mut self, origin: Option<TraceContext>) -> Self {
        self.origin = origin;
        self
    }

    /// Where that stands which has had it kept, if that is known.
    pub const fn origin(&self) -> Option<TraceContext> {
        self.origin
    }

    /// What is delivered, by the same id at each try: `order:17` is the 17th event of the service
    /// `order`; a command has its ticket's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which try this is, from 1.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The event's place in its publisher's log, from 1; `None` for what is no event.
    pub const fn position(&self) -> Option<u64> {
        self.position
    }

    /// What whoever delivers has put in, by its type.
    #[doc(hidden)]
    pub fn by<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.by).downcast().ok()
    }
}

impl CallContext {
    /// Where that stands, in another trace, which has had kept what a call in this context hands over.
    pub(crate) fn origin(&self) -> Option<(TraceId, SpanId)> {
        let origin = self.marks.rare.as_ref()?.hands.as_ref()?.origin()?;
        Some((origin.trace, origin.span))
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, attempt, position, by: _, origin: _ } = self;
        f.debug_struct("Delivery")
            .field("id", id)
            .field("attempt", attempt)
            .field("position", position)
            .finish_non_exhaustive()
    }
}
