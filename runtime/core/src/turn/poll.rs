//! One poll of a turn: with its context in place, its home entered, and its panics caught.

use std::any::Any;
use std::future::Future;
use std::mem::{forget, replace};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::host::{HostSettings, Lane};
use super::slot::{Outcome, failed};
use crate::context::{Entered, TurnContext};
use crate::contract::ServiceError;
use crate::outcome::{CallError, Unknown};
use crate::time::Moment;

/// A poll on the inline lane that takes longer is logged: it held up everybody else on its thread.
const LONG_POLL: Duration = Duration::from_millis(10);

/// What a turn is polled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Driver<'a> {
    pub(super) settings: &'a HostSettings,
    pub(super) method: &'static str,
}

impl Driver<'_> {
    /// Polls a turn once, at `began`. If that ends it, its outcome is in `ended`. Returns when the poll
    /// was over.
    #[inline(always)] // so that the outcome is made there, not copied there
    pub(super) fn poll<F, T, E>(
        self,
        turn: Pin<&mut F>,
        context: &mut Option<TurnContext>,
        began: Moment,
        ended: &mut Poll<Outcome<T, E>>,
        cx: &mut Context<'_>,
    ) -> Moment
    where
        F: Future<Output = Result<T, E>>,
        E: ServiceError,
    {
        debug_assert!(ended.is_pending(), "a turn ends once");
        let caught = {
            let _home = self.settings.home.enter();
            let _context = Entered::new(context);
            // Nothing is there yet, and nobody needs to look whether it is to be dropped.
            catch_unwind(AssertUnwindSafe(|| forget(replace(ended, turn.poll(cx).map(outcome)))))
        };
        let now = self.settings.clock.now();
        if now.nanos_since(began) > LONG_POLL.as_nanos() as u64 {
            self.report_long_poll(now.since(began));
        }
        if let Err(panic) = caught {
            self.report_panic(panic);
            *ended = Poll::Ready(failed(Unknown::Panicked));
        }
        now
    }

    /// Polls a turn for the first time. Nobody needs to be woken by that: at `Pending` it is handed
    /// to the home, which polls it again.
    #[inline(always)] // as above
    pub(super) fn poll_first<F, T, E>(
        self,
        turn: Pin<&mut F>,
        context: &mut Option<TurnContext>,
        began: Moment,
        ended: &mut Poll<Outcome<T, E>>,
    ) -> Moment
    where
        F: Future<Output = Result<T, E>>,
        E: ServiceError,
    {
        self.poll(turn, context, began, ended, &mut Context::from_waker(Waker::noop()))
    }

    #[cold]
    fn report_long_poll(self, took: Duration) {
        // The thread of that lane is there to be held.
        if self.settings.lane == Lane::Arbiter {
            return;
        }
        let (service, method) = (self.settings.service.name(), self.method);
        tracing::warn!(
            service,
            method,
            ?took,
            "a turn held its thread: move what blocks to `lane = \"arbiter\"`"
        );
    }

    #[cold]
    fn report_panic(self, panic: Box<dyn Any + Send>) {
        let (service, method) = (self.settings.service.name(), self.method);
        tracing::error!(service, method, message = panic_message(&*panic), "a handler panicked");
        drop_quietly(panic);
    }
}

/// What a turn returned, as its caller gets it.
#[inline]
fn outcome<T, E: ServiceError>(returned: Result<T, E>) -> Outcome<T, E> {
    returned.map_err(|error| match error.into_inner() {
        Ok(inner) => CallError::Unknown(Unknown::Inner(inner)),
        Err(error) => CallError::Service(error),
    })
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
