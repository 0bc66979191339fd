//! What a connection's stream and its requests know of each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use super::framing::Violation;

/// The state of one connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// Nobody on the way can read it: it is TLS.
    secure: bool,
    /// Requests that are being answered now.
    answering: Cell<u32>,
    /// Requests that have come to be answered so far: heads that aren't among them were refused.
    begun: Cell<u64>,
    /// An answer was the last one: nothing that comes behind its request is one.
    closing: Cell<bool>,
    /// The end of the last request's body is still to come.
    in_body: Cell<bool>,
    /// The body of the request that is being answered came to an early end for this.
    broken: Cell<Option<Broken>>,
    /// Who wants to know when a request was answered, for more has come in behind it.
    behind: RefCell<Option<Waker>>,
}

/// Why a body ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It comes in too slowly.
    Slow,
    Violation(Violation),
}

impl Connection {
    pub(super) fn new(secure: bool) -> Self {
        Self { secure, ..Self::default() }
    }

    pub(super) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.get() > 0
    }

    /// Whether that many requests have come to be answered, and no more.
    pub(super) fn has_begun(&self, requests: u64) -> bool {
        self.begun.get() == requests
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Whatever comes behind the request that is being answered is none.
    pub(super) fn close(&self) {
        self.closing.set(true);
    }

    pub(super) fn set_in_body(&self, in_body: bool) {
        self.in_body.set(in_body);
    }

    /// Whether the rest of the last request's body is still to come.
    pub(crate) fn is_in_body(&self) -> bool {
        self.in_body.get()
    }

    pub(super) fn breaks(&self, why: Broken) {
        self.broken.set(Some(why));
    }

    pub(crate) fn broken(&self) -> Option<Broken> {
        self.broken.get()
    }

    /// Wakes this when what is being answered was answered.
    pub(super) fn wake_then(&self, waker: &Waker) {
        let mut behind = self.behind.borrow_mut();
        if !behind.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *behind = Some(waker.clone());
        }
    }
}

/// Tells the connection that a request is being answered.
#[derive(Debug)]
pub(super) struct Answering(Option<Rc<Connection>>);

impl Answering {
    pub(super) fn on(connection: Option<Rc<Connection>>) -> Self {
        if let Some(connection) = &connection {
            connection.answering.set(connection.answering.get() + 1);
            connection.begun.set(connection.begun.get() + 1);
        }
        Self(connection)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.answering.set(connection.answering.get() - 1);
            let behind = connection.behind.take();
            if let Some(behind) = behind {
                behind.wake();
            }
        }
    }
}
