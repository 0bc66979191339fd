//! What a service publishes, typed.

use std::fmt;
use std::marker::PhantomData;

use seam_core::event::{Event, EventError};
use seam_store::{StoreError, Transaction};

use crate::outbox::{Origin, Outbox};
use crate::record::{MAX_BODY, RecordRef};
use crate::time::unix_millis;

/// The longest key of an event, in bytes.
const MAX_KEY: usize = 1024;

/// The right to publish an event, and the way to do it: [`Publish::publish`]. A service's `start` asks
/// for it by `setup.topic()`.
pub struct Topic<E> {
    outbox: Outbox,
    event: PhantomData<fn(&E)>,
}

impl<E: Event> Topic<E> {
    /// The events of this type, of the service whose outbox that is.
    pub const fn new(outbox: Outbox) -> Self {
        Self { outbox, event: PhantomData }
    }
}

impl<E> Clone for Topic<E> {
    fn clone(&self) -> Self {
        Self { outbox: self.outbox.clone(), event: PhantomData }
    }
}

impl<E: Event> fmt::Debug for Topic<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({} {})", E::TOPIC, E::VERSION)
    }
}

/// What a transaction of a service's store can do with events.
pub trait Publish {
    /// Says that something has happened, if and only if the transaction commits: who subscribes gets it
    /// from then on. The topic is of the same service as the transaction's store.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if the event takes over 64 KiB, or its key over 1 KiB; as any write.
    fn publish<E: Event>(&mut self, topic: &Topic<E>, event: &E) -> Result<(), StoreError>;
}

impl Publish for Transaction {
    fn publish<E: Event>(&mut self, topic: &Topic<E>, event: &E) -> Result<(), StoreError> {
        let body = event.to_kept().map_err(|error| match error {
            EventError::TooLarge(size) => too_large("event", size, MAX_BODY),
            other => {
                let cause = other.to_string();
                StoreError::Encode { table: E::TOPIC.to_owned(), cause }
            }
        })?;
        let key = event.key();
        if key.len() > MAX_KEY {
            return Err(too_large("key of an event", key.len(), MAX_KEY));
        }
        let trace = self.begun::<Origin>().map(|origin| origin.trace());
        let record = RecordRef {
            topic: E::TOPIC,
            version: E::VERSION,
            key: key.as_bytes(),
            at: unix_millis(),
            trace: trace.as_ref().map_or(&[], |trace| trace),
            body: &body,
        };
        topic.outbox.put_borrowed(self, record).map(drop)
    }
}

const fn too_large(what: &'static str, size: usize, limit: usize) -> StoreError {
    StoreError::TooLarge { what, size, limit }
}
