//! A service's topics, from its `start`.

use seam_bus::Topic;
use seam_core::actor::{Actor, Setup, StartError};
use seam_core::event::PublishedBy;

use super::messaging::Messaging;

/// What `setup` offers to services that publish events.
pub trait Topics<A: Actor> {
    /// The right to publish an event that the service's contract names in `events(…)`, and the way to do
    /// it: `paid: setup.topic::<OrderPaid>()?`, and then `tx.publish(&self.paid, &OrderPaid { … })?` in a
    /// transaction of [`Tables::store`](crate::Tables::store).
    ///
    /// # Errors
    /// If the service's database can't be opened, as for a table.
    fn topic<E: PublishedBy<A::Contract>>(&self) -> Result<Topic<E>, StartError>;
}

impl<A: Actor> Topics<A> for Setup<A> {
    fn topic<E: PublishedBy<A::Contract>>(&self) -> Result<Topic<E>, StartError> {
        let messaging = self.extension::<Messaging>();
        let none = || StartError::failed("this service runs without a data folder");
        let attached = messaging.ok_or_else(none)?.attached()?;
        Ok(Topic::new(attached.outbox.clone()))
    }
}
