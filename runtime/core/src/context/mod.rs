//! The ambient context of a call: what travels with it although no signature names it.
//!
//! A turn carries little: its deadline and a pointer to its caller's context. Its own
//! [`CallContext`] is made when something first asks for it: a call that the turn makes, or its
//! code. So a call that ends where it began costs no more than that.

mod ambient;
mod chain;
mod delivery;
mod principal;
mod served_by;
mod trace;
mod turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::ambient::{Entered, caller, last_failed, note_degraded, note_failed};
pub use self::ambient::{InContext, current, delivery, in_context, spawn};
pub use self::chain::{Chain, HOP_LIMIT};
pub use self::delivery::Delivery;
pub use self::principal::{Principal, PrincipalTooLarge, principal};
pub use self::served_by::ServedBy;
pub use self::trace::{SpanId, TraceContext, TraceId};
pub use self::turn::{InboundContext, TurnContext};

use crate::name::ServiceId;
use crate::time::Moment;

/// What a call carries besides its arguments.
#[derive(Debug)]
pub struct CallContext {
    /// The point after which nobody wants the answer.
    pub deadline: Moment,
    /// Where the call belongs in a trace.
    pub trace: TraceContext,
    /// Which services wait for the call, outermost first.
    pub chain: Chain,
    /// On whose behalf the call is made, where the edge has found that out: a [`Principal`]'s text.
    pub principal: Option<Arc<str>>,
    /// Whether the call is an attempt that somebody further up would repeat: nobody below then makes
    /// more than one attempt of a call of its own.
    pub no_retry: bool,
    /// What is told to whoever made the call.
    pub(super) marks: Marks,
}

/// A method of a service, as a call names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSite {
    /// The service.
    pub service: ServiceId,
    /// The method's name.
    pub method: &'static str,
}

impl Clone for CallContext {
    fn clone(&self) -> Self {
        let Self { deadline, trace, chain, principal, no_retry, marks } = self;
        Self {
            deadline: *deadline,
            trace: *trace,
            chain: chain.clone(),
            principal: principal.clone(),
            no_retry: *no_retry,
            marks: Marks { hands: marks.hands.clone(), ..Marks::default() },
        }
    }

    /// Copies into a context that is there, whose chain and principal are mostly the same.
    #[inline]
    fn clone_from(&mut self, from: &Self) {
        (self.deadline, self.trace, self.no_retry) = (from.deadline, from.trace, from.no_retry);
        self.chain.clone_from(&from.chain);
        if self.principal.is_some() || from.principal.is_some() {
            self.principal.clone_from(&from.principal);
        }
        if self.marks.hands.is_some() || from.marks.hands.is_some() {
            self.marks.hands.clone_from(&from.marks.hands);
        }
    }
}

impl CallContext {
    /// The context of a call that comes from outside: no deadline yet, a new trace.
    #[inline]
    pub fn root() -> Self {
        Self {
            deadline: Moment::NEVER,
            trace: TraceContext::root(),
            chain: Chain::default(),
            principal: None,
            no_retry: false,
            marks: Marks::default(),
        }
    }

    /// The context with another deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Moment) -> Self {
        self.deadline = deadline;
        self
    }

    /// The context of a call that hands a delivery over: the turn that it begins has it, and the calls
    /// that the turn makes in its place don't.
    #[must_use]
    pub fn handing(mut self, delivery: Delivery) -> Self {
        self.marks.hands = Some(Box::new(delivery));
        self
    }

    /// The delivery that the turn was begun by whose own context this is.
    pub fn delivery(&self) -> Option<&Delivery> {
        self.marks.delivery.as_deref()
    }

    /// The context of a call made in this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            deadline: self.deadline,
            trace: self.trace.child(),
            chain: self.chain.clone(),
            principal: self.principal.clone(),
            no_retry: self.no_retry,
            marks: Marks { hands: self.marks.hands.clone(), ..Marks::default() },
        }
    }

    /// Whether an answer that a call in this context was given is a fallback's, in part or in whole.
    pub fn is_degraded(&self) -> bool {
        self.marks.degraded.load(Ordering::Relaxed)
    }

    /// Notes that, here and for everybody who waits for what is done here.
    pub fn note_degraded(&self) {
        let mut at = Some(self);
        while let Some(context) = at {
            context.marks.degraded.store(true, Ordering::Relaxed);
            at = context.marks.above.as_deref();
        }
    }
}

/// What is told to whoever made a call, in this process: marks aren't copied.
#[derive(Debug, Default)]
pub(super) struct Marks {
    degraded: AtomicBool,
    /// The context of who made the call, who waits for it.
    above: Option<Arc<CallContext>>,
    /// What calls in this context hand over.
    hands: Option<Box<Delivery>>,
    /// What the turn was handed whose own context this is.
    delivery: Option<Box<Delivery>>,
    /// Who is told where the call goes that is made in this context.
    served_by: Option<Arc<ServedBy>>,
}
