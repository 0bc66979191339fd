//! The ambient context of a call: what travels with it although no signature names it.
//!
//! A turn carries little: its deadline and a pointer to its caller's context. Its own
//! [`CallContext`] is made when something first asks for it: a call that the turn makes, or its
//! code. So a call that ends where it began costs no more than that.

mod ambient;
mod chain;
mod delivery;
mod outgoing;
mod principal;
mod served_by;
mod trace;
mod tracestate;
mod turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::ambient::{Entered, caller, last_failed, note_degraded, note_failed, spot};
pub use self::ambient::{InContext, current, delivery, in_context, site, spawn};
pub use self::chain::{Chain, HOP_LIMIT};
pub use self::delivery::Delivery;
pub use self::outgoing::{Outgoing, outgoing};
pub use self::principal::{Principal, PrincipalTooLarge, principal};
pub use self::served_by::ServedBy;
pub use self::trace::{SpanId, Spot, TraceContext, TraceId};
pub use self::tracestate::TraceState;
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
            marks: Marks { rare: marks.carried(), ..Marks::default() },
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
        if self.marks.rare.is_some() || from.marks.rare.is_some() {
            self.marks.rare = from.marks.carried();
        }
    }
}

impl CallContext {
    /// The context of a call that comes from outside: no deadline yet, a new trace.
    #[inline]
    pub fn root() -> Self {
        Self::beginning(TraceContext::root())
    }

    /// The context of a call that comes from outside in that trace: no deadline yet.
    #[inline]
    pub(crate) fn beginning(trace: TraceContext) -> Self {
        Self {
            deadline: Moment::NEVER,
            trace,
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
        self.marks.rare().hands = Some(delivery);
        self
    }

    /// The delivery that the turn was begun by whose own context this is.
    pub fn delivery(&self) -> Option<&Delivery> {
        self.marks.rare.as_ref()?.delivery.as_ref()
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
            marks: Marks { rare: self.marks.carried(), ..Marks::default() },
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

/// What is told to whoever made a call, in this process, and what few calls carry: most marks aren't
/// copied.
#[derive(Debug, Default)]
pub(super) struct Marks {
    degraded: AtomicBool,
    /// The context of who made the call, who waits for it.
    above: Option<Arc<CallContext>>,
    /// What few contexts have.
    rare: Option<Box<Rare>>,
    /// Who is told where the call goes that is made in this context.
    served_by: Option<Arc<ServedBy>>,
    /// Of a turn's own context: what the turn is a part of.
    parent: SpanId,
    /// Of a turn's own context: the name of the method whose turn it is.
    method: Option<&'static &'static str>,
}

/// What few contexts have: one look tells that there is none of it.
#[derive(Debug, Default)]
struct Rare {
    /// What calls in this context hand over.
    hands: Option<Delivery>,
    /// What the turn was handed whose own context this is.
    delivery: Option<Delivery>,
    /// What other tracers say of the trace.
    state: Option<TraceState>,
}

impl Marks {
    /// What calls that are made in the context carry on.
    #[inline]
    fn carried(&self) -> Option<Box<Rare>> {
        self.rare.as_deref().and_then(Rare::carried)
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl Rare {
    #[cold]
    fn carried(&self) -> Option<Box<Self>> {
        let Self { hands, state, delivery: _ } = self;
        let any = hands.is_some() || state.is_some();
        any.then(|| Box::new(Self { hands: hands.clone(), state: state.clone(), delivery: None }))
    }
}
