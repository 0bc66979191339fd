//! The ambient context of a call: what travels with it although no signature names it.

mod chain;
mod trace;

use std::any::TypeId;
use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use self::chain::{Chain, HOP_LIMIT};
pub use self::trace::{SpanId, TraceContext, TraceId};

use crate::name::ServiceId;
use crate::time::Moment;

/// What a call carries besides its arguments.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The point after which nobody wants the answer.
    pub deadline: Moment,
    /// Where the call belongs in a trace.
    pub trace: TraceContext,
    /// Which services wait for the call, outermost first.
    pub chain: Chain,
    /// On whose behalf the call is made, where the edge has found that out.
    pub principal: Option<Arc<str>>,
    /// The calls that failed most recently in this turn, by type of error: what a `?` names.
    failed: Option<Box<Failed>>,
}

/// Which call failed last with which type of error.
type Failed = Vec<(TypeId, CallSite)>;

/// A method of a service, as a call names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSite {
    /// The service.
    pub service: ServiceId,
    /// The method's name.
    pub method: &'static str,
}

impl CallContext {
    /// The context of a call that comes from outside: no deadline yet, a new trace.
    pub fn root() -> Self {
        Self {
            deadline: Moment::NEVER,
            trace: TraceContext::root(),
            chain: Chain::default(),
            principal: None,
            failed: None,
        }
    }

    /// The context with another deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Moment) -> Self {
        self.deadline = deadline;
        self
    }

    /// The context of a call made in this one.
    pub fn child(&self) -> Self {
        Self {
            deadline: self.deadline,
            trace: self.trace.child(),
            chain: self.chain.clone(),
            principal: self.principal.clone(),
            failed: None,
        }
    }
}

thread_local! {
    /// Nothing is left in here when a thread ends, for a turn puts back what it found. So there is
    /// nothing to drop, and reading it needs no check for that.
    static CURRENT: RefCell<ManuallyDrop<Option<CallContext>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Looks at the context of the turn that runs now. `look` must not look again.
#[inline]
fn with<R>(look: impl FnOnce(Option<&mut CallContext>) -> R) -> R {
    CURRENT.with_borrow_mut(|current| look(current.as_mut()))
}

/// The context of the turn that runs now on this task; `None` outside of turns.
pub fn current() -> Option<CallContext> {
    with(|current| current.cloned())
}

/// The context for a call made here: a child of the turn's, or a new root.
#[inline]
pub(crate) fn for_call() -> CallContext {
    with(|current| current.map_or_else(CallContext::root, |current| current.child()))
}

/// Remembers which call failed, so that a `?` can name it.
pub(crate) fn note_failed<E: 'static>(at: CallSite) {
    let error = TypeId::of::<E>();
    with(|current| {
        let Some(current) = current else { return };
        let failed = current.failed.get_or_insert_default();
        failed.retain(|(kind, _)| *kind != error);
        failed.push((error, at));
    });
}

/// The call that most recently failed with an `E` in this turn.
pub(crate) fn last_failed<E: 'static>() -> Option<CallSite> {
    let error = TypeId::of::<E>();
    with(|current| {
        let failed = current?.failed.as_deref()?;
        failed.iter().find(|(kind, _)| *kind == error).map(|(_, at)| *at)
    })
}

/// Puts a context in place until dropped, then puts back what was there.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    lent: &'a mut Option<CallContext>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(context: &'a mut Option<CallContext>) -> Self {
        swap(context);
        Self { lent: context }
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        swap(self.lent);
    }
}

#[inline]
fn swap(context: &mut Option<CallContext>) {
    CURRENT.with_borrow_mut(|current| std::mem::swap(&mut **current, context));
}

/// A future that runs in a context of its own.
#[derive(Debug)]
pub struct InContext<F> {
    context: Option<CallContext>,
    future: Pin<Box<F>>,
}

/// Runs `future` in `context`: calls that it makes are made in there.
pub fn in_context<F: Future>(context: CallContext, future: F) -> InContext<F> {
    InContext { context: Some(context), future: Box::pin(future) }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let _entered = Entered::new(&mut this.context);
        this.future.as_mut().poll(cx)
    }
}

/// Spawns a task that keeps the context of the turn that spawns it: deadline, trace, principal and
/// call chain. It runs on the service's home; a plain `tokio::spawn` there would lose the context.
///
/// # Panics
/// Outside of a turn and of a tokio runtime, as `tokio::spawn` does.
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    match current() {
        Some(context) => tokio::spawn(in_context(context, future)),
        None => tokio::spawn(future),
    }
}
