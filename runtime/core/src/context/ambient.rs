//! The context of whatever runs on this thread now.

use std::any::TypeId;
use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{CallContext, CallSite, Delivery, SpanId, Spot, TraceContext, TurnContext};

thread_local! {
    /// Nothing is left in here when a thread ends, for a turn puts back what it found. So there is
    /// nothing to drop, and reading it needs no check for that.
    static CURRENT: RefCell<ManuallyDrop<Option<TurnContext>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Looks at the context of the turn that runs now. `look` must not look again.
#[inline]
fn with<R>(look: impl FnOnce(Option<&mut TurnContext>) -> R) -> R {
    CURRENT.with_borrow_mut(|current| look(current.as_mut()))
}

/// The context of the turn that runs now on this task; `None` outside of turns.
pub fn current() -> Option<Arc<CallContext>> {
    with(|turn| turn.map(|turn| Arc::clone(turn.own())))
}

/// Which service and method the turn is of that runs now on this task, or that has spawned it;
/// `None` outside of turns.
pub fn site() -> Option<CallSite> {
    with(|turn| turn.and_then(|turn| turn.site()))
}

/// The delivery that the turn was begun by that runs now: an event's, a command's or a schedule's;
/// `None` for a call like any other.
pub fn delivery() -> Option<Delivery> {
    with(|turn| turn.and_then(|turn| turn.own().delivery().cloned()))
}

/// The context in which a call is made here.
#[inline]
pub(crate) fn caller() -> Option<Arc<CallContext>> {
    // Outside of turns there is nothing to be made, and one look tells.
    if with(|turn| turn.is_none()) { None } else { current() }
}

/// The spot of a call that is made here and of which no more is known.
pub(crate) fn spot() -> Spot {
    let around = caller().map_or_else(TraceContext::root, |context| context.trace);
    Spot::within(&around, SpanId::random())
}

/// Remembers which call failed, so that a `?` can name it.
pub(crate) fn note_failed<E: 'static>(at: CallSite) {
    with(|turn| {
        if let Some(turn) = turn {
            turn.note_failed(TypeId::of::<E>(), at);
        }
    });
}

/// Remembers that a fallback has part in what this turn will answer.
pub(crate) fn note_degraded() {
    if let Some(context) = caller() {
        context.note_degraded();
    }
}

/// The call that most recently failed with an `E` in this turn.
pub(crate) fn last_failed<E: 'static>() -> Option<CallSite> {
    with(|turn| turn?.last_failed(TypeId::of::<E>()))
}

/// Puts a context in place until dropped, then puts back what was there. `None` leaves in place what
/// is there.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    lent: Option<&'a mut Option<TurnContext>>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(context: &'a mut Option<TurnContext>) -> Self {
        if context.is_none() {
            return Self { lent: None };
        }
        swap(context);
        Self { lent: Some(context) }
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(lent) = &mut self.lent {
            swap(lent);
        }
    }
}

#[inline]
fn swap(context: &mut Option<TurnContext>) {
    CURRENT.with_borrow_mut(|current| std::mem::swap(&mut **current, context));
}

/// A future that runs in a context of its own.
#[derive(Debug)]
pub struct InContext<F> {
    context: Option<TurnContext>,
    future: Pin<Box<F>>,
}

/// Runs `future` in `context`: calls that it makes are made in there.
pub fn in_context<F: Future>(context: Arc<CallContext>, future: F) -> InContext<F> {
    InContext { context: Some(TurnContext::resumed(context)), future: Box::pin(future) }
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::name::ServiceId;
    use crate::time::Moment;

    #[test]
    fn who_has_no_context_leaves_in_place_what_is_there() {
        let service = ServiceId::of("ambient").unwrap();
        let deadline = Moment::from_nanos(7);
        let (mut outer, mut none) = (Some(TurnContext::new(service, &"now", deadline, None)), None);
        {
            let _outer = Entered::new(&mut outer);
            let _none = Entered::new(&mut none);
            assert_eq!(site(), Some(CallSite { service, method: "now" }));
            assert_eq!(current().map(|context| context.deadline), Some(deadline));
        }
        assert!(current().is_none(), "and what was there before is put back");
        assert!(outer.is_some());
    }

    #[test]
    fn a_task_knows_the_method_of_the_turn_that_it_goes_on_in() {
        let service = ServiceId::of("ambient").unwrap();
        let mut turn = Some(TurnContext::new(service, &"now", Moment::NEVER, None));
        let own = {
            let _turn = Entered::new(&mut turn);
            current().unwrap()
        };
        let asked = |context| in_context(context, async { site() }).now_or_never().unwrap();
        assert_eq!(asked(Arc::clone(&own)), Some(CallSite { service, method: "now" }));
        assert_eq!(asked(Arc::new(own.child())), None, "a call of the turn is none of its method");
        assert_eq!(asked(Arc::new(CallContext::root())), None, "a request is in no turn");
        assert_eq!(site(), None);
    }
}
