//! One poll of a turn: with its context in place, its home entered, and its panics caught.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::context::{CallContext, CallSite, Entered};
use crate::time::Clock;

/// A poll that takes longer is logged: it held up everybody else on its thread.
const LONG_POLL: Duration = Duration::from_millis(10);

/// The turn panicked; that is all anybody may rely on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panicked;

/// Polls a turn once.
pub(super) fn poll_turn<F: Future>(
    turn: Pin<&mut F>,
    context: &mut Option<CallContext>,
    home: &Handle,
    clock: &Clock,
    site: CallSite,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panicked>> {
    let began = clock.now();
    let polled = {
        let _home = home.enter();
        let _context = Entered::new(context);
        catch_unwind(AssertUnwindSafe(|| turn.poll(cx)))
    };
    let took = clock.now().since(began);
    if took > LONG_POLL {
        tracing::warn!(
            service = site.service.name(),
            method = site.method,
            ?took,
            "a turn held its thread: move what blocks to `lane = \"arbiter\"`"
        );
    }
    match polled {
        Ok(poll) => poll.map(Ok),
        Err(panic) => {
            let message = panic_message(&*panic);
            tracing::error!(
                service = site.service.name(),
                method = site.method,
                message,
                "a handler panicked"
            );
            drop_quietly(panic);
            Poll::Ready(Err(Panicked))
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Drops something that is a stranger's, and may panic while it is dropped.
pub(super) fn drop_quietly<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A panic's own payload may panic in turn; then it is leaked rather than let loose.
        tracing::error!(message = panic_message(&*panic), "a value panicked while it was dropped");
        std::mem::forget(panic);
    }
}
