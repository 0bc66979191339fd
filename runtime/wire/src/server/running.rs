//! Calls of a connection that weren't over at once. They are polled on the connection's task, each
//! only when it was woken, and cost no task and, but for their future, no allocation of their own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use seam_core::outcome::Failure;
use seam_core::remote::{RemoteReply, ReplyBody};
use slab::Slab;

use crate::frame::CallId;

/// The calls that run.
pub(super) struct Running {
    calls: Slab<(CallId, RemoteReply)>,
    /// One waker per place, made once and used again by whoever sits there next.
    wakers: Vec<(Arc<Place>, Waker)>,
    ready: Arc<Ready>,
    /// Places taken from `ready`, to be polled.
    batch: Vec<usize>,
}

#[derive(Default)]
struct Ready {
    places: Mutex<Vec<usize>>,
    connection: AtomicWaker,
}

struct Place {
    number: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.places.lock().push(self.number);
            self.ready.connection.wake();
        }
    }
}

impl Running {
    pub(super) fn new() -> Self {
        Self { calls: Slab::new(), wakers: Vec::new(), ready: Arc::default(), batch: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Gives memory back that an idle connection doesn't need.
    pub(super) fn shrink(&mut self) {
        if self.calls.is_empty() {
            (self.calls, self.wakers, self.batch) = (Slab::new(), Vec::new(), Vec::new());
            *self.ready.places.lock() = Vec::new();
        }
    }

    /// Takes a call in. It is polled at the next [`Running::poll`].
    pub(super) fn insert(&mut self, id: CallId, reply: RemoteReply) {
        let number = self.calls.insert((id, reply));
        if number == self.wakers.len() {
            let ready = Arc::clone(&self.ready);
            let place = Arc::new(Place { number, queued: AtomicBool::new(false), ready });
            self.wakers.push((Arc::clone(&place), Waker::from(place)));
        }
        if !self.wakers[number].0.queued.swap(true, Ordering::AcqRel) {
            self.ready.places.lock().push(number);
        }
    }

    /// Drops a call, if it still runs.
    pub(super) fn cancel(&mut self, id: CallId) -> bool {
        // Cancels are rare, and the table is bounded by the window.
        let place = self.calls.iter().find(|(_, (call, _))| *call == id).map(|(place, _)| place);
        place.is_some_and(|place| self.calls.try_remove(place).is_some())
    }

    /// Polls who was woken, and hands out who is over. Does nothing twice in one go, so that calls
    /// that wake each other hold up nobody.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut over: impl FnMut(CallId, Result<ReplyBody, Failure>),
    ) -> bool {
        if self.calls.is_empty() {
            return false;
        }
        self.ready.connection.register(cx.waker());
        std::mem::swap(&mut *self.ready.places.lock(), &mut self.batch);
        let mut any = false;
        for number in self.batch.drain(..) {
            // A waker from before a shrink may name a place that isn't there any more.
            let Some((place, waker)) = self.wakers.get(number) else { continue };
            place.queued.store(false, Ordering::Release);
            let Some((id, reply)) = self.calls.get_mut(number) else { continue };
            if let Poll::Ready(result) = Pin::new(reply).poll(&mut Context::from_waker(waker)) {
                let id = *id;
                drop(self.calls.remove(number));
                over(id, result);
                any = true;
            }
        }
        any
    }
}
