//! What a connection's stream and its requests know of each other.

use std::cell::Cell;
use std::rc::Rc;

/// The state of one connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// Requests that are being answered now. What is said about a later one must wait for them, so
    /// it isn't said at all.
    pub(super) answering: Cell<u32>,
    /// Requests that have come to be answered so far: heads that aren't among them were refused.
    pub(super) begun: Cell<u64>,
    /// The body of the request that is being answered came in too slowly: why it ends early.
    pub(crate) slow_body: Cell<bool>,
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
        }
    }
}
