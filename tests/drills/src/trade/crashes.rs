//! Where a run is cut off: once at each point that has a name, and after every transaction.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use seam_store::{Begun, Hook, Store, StoreError, Transaction};

/// The crashes of one run after the other. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crashes(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    armed: bool,
    /// It is over with the attempt that runs now.
    crashed: bool,
    count: u64,
    /// Which attempt that is.
    attempt: u64,
    /// Where this run was cut off already.
    been: HashSet<&'static str>,
    waker: Option<Waker>,
    /// Those that were under way when it was cut off.
    left: Vec<Waker>,
}

impl Inner {
    fn crash(&mut self) {
        self.crashed = true;
        self.count += 1;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Crashes {
    /// Crashes that come after a store's transactions, and before anybody is told of those.
    pub(crate) fn in_store(store: &Store) -> Self {
        let crashes = Self::default();
        store.hook(AfterEach(crashes.clone()));
        crashes
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().count
    }

    /// From now on a new run is cut off.
    pub(crate) fn arm(&self) {
        let mut inner = self.0.lock();
        inner.armed = true;
        inner.been.clear();
    }

    /// Nothing is cut off for now.
    pub(crate) fn disarm(&self) {
        self.0.lock().armed = false;
    }

    /// Passes a point of a run, or is cut off there, if it hasn't been before: false once the attempt
    /// is over, and nothing may be done any more.
    pub(crate) async fn pass(&self, point: &'static str) -> bool {
        let attempt = {
            let mut inner = self.0.lock();
            if inner.armed && !inner.crashed && inner.been.insert(point) {
                inner.crash();
            }
            inner.attempt
        };
        poll_fn(|cx| {
            let mut inner = self.0.lock();
            if inner.attempt != attempt {
                return Poll::Ready(false);
            }
            if inner.crashed {
                inner.left.push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(true)
        })
        .await
    }

    /// Lets an attempt run until it is cut off, or until `end`.
    pub(crate) async fn until(&self, attempt: impl Future, end: impl Future) {
        {
            let mut inner = self.0.lock();
            inner.crashed = false;
            inner.attempt += 1;
            inner.left.drain(..).for_each(Waker::wake);
        }
        let (mut attempt, mut end) = (pin!(attempt), pin!(end));
        poll_fn(|cx| {
            // Whoever waits for a transaction is told after the crash that comes with it.
            let over = |waker: &Waker| {
                let mut inner = self.0.lock();
                inner.waker = Some(waker.clone());
                inner.crashed
            };
            if over(cx.waker()) || attempt.as_mut().poll(cx).is_ready() || over(cx.waker()) {
                return Poll::Ready(());
            }
            end.as_mut().poll(cx).map(drop)
        })
        .await;
    }
}

/// Cuts off after each transaction.
#[derive(Debug)]
struct AfterEach(Crashes);

impl Hook for AfterEach {
    fn before(&self, _: Option<&Begun>, _: &mut Transaction) -> Result<(), StoreError> {
        Ok(())
    }

    fn after(&self, _: Option<&Begun>, _: &Result<(), StoreError>) {
        let mut inner = self.0.0.lock();
        if inner.armed && !inner.crashed {
            inner.crash();
        }
    }
}
