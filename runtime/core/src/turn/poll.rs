//! One poll of a turn: with its context in place, its home entered, and its panics caught.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::context::{CallSite, Entered, TurnContext};
use crate::time::{Clock, Moment};

/// A poll that takes longer is logged: it held up everybody else on its thread.
const LONG_POLL: Duration = Duration::from_millis(10);

/// The turn panicked; that is all anybody may rely on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panicked;

/// What a turn's end is: what it returned or that it panicked, and when.
pub(super) type Ended<T> = (Result<T, Panicked>, Moment);

/// What a turn is polled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Driver<'a> {
    pub(super) home: &'a Handle,
    pub(super) clock: &'a Clock,
    pub(super) site: CallSite,
}

impl Driver<'_> {
    /// Polls a turn once, at `began`.
    #[inline]
    pub(super) fn poll<F: Future>(
        self,
        turn: Pin<&mut F>,
        context: &mut Option<TurnContext>,
        began: Moment,
        cx: &mut Context<'_>,
    ) -> Poll<Ended<F::Output>> {
        let polled = {
            let _home = self.home.enter();
            let _context = Entered::new(context);
            catch_unwind(AssertUnwindSafe(|| turn.poll(cx)))
        };
        let now = self.clock.now();
        if now.nanos_since(began) > LONG_POLL.as_nanos() as u64 {
            report_long_poll(self.site, now.since(began));
        }
        match polled {
            Ok(poll) => poll.map(|outcome| (Ok(outcome), now)),
            Err(panic) => {
                report_panic(self.site, panic);
                Poll::Ready((Err(Panicked), now))
            }
        }
    }

    /// Polls a turn for the first time. Nobody needs to be woken by that: at `Pending` it is handed
    /// to the home, which polls it again.
    #[inline]
    pub(super) fn poll_first<F: Future>(
        self,
        turn: Pin<&mut F>,
        context: &mut Option<TurnContext>,
        began: Moment,
    ) -> Poll<Ended<F::Output>> {
        self.poll(turn, context, began, &mut Context::from_waker(Waker::noop()))
    }
}

#[cold]
fn report_long_poll(site: CallSite, took: Duration) {
    let service = site.service.name();
    tracing::warn!(
        service,
        method = site.method,
        ?took,
        "a turn held its thread: move what blocks to `lane = \"arbiter\"`"
    );
}

#[cold]
fn report_panic(site: CallSite, panic: Box<dyn Any + Send>) {
    let (service, message) = (site.service.name(), panic_message(&*panic));
    tracing::error!(service, method = site.method, message, "a handler panicked");
    drop_quietly(panic);
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
