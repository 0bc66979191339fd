//! A timer on the core's clock that is set again only when it must ring earlier.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use seam_core::time::{Clock, Moment};

pub(crate) struct Alarm {
    clock: Clock,
    at: Moment,
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Alarm {
    pub(crate) const fn new(clock: Clock) -> Self {
        Self { clock, at: Moment::NEVER, wait: None }
    }

    /// Ready once `due` has come. Waits on for an earlier ring rather than moving it out: setting a
    /// timer costs more than one wake-up now and then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, due: Moment) -> Poll<()> {
        loop {
            if due < self.at || self.wait.is_none() {
                let clock = self.clock.clone();
                self.at = due;
                self.wait = Some(Box::pin(async move { clock.wait_until(due).await }));
            }
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            if self.clock.now() >= due {
                return Poll::Ready(());
            }
        }
    }
}
