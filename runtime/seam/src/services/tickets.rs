//! The tickets of a service's commands, from its `start`.

use std::sync::Arc;

use seam_core::actor::{Actor, Setup, StartError};
use seam_core::call::{Keeper, Tickets};
use seam_core::remote::Caller;

/// What `setup` offers to services that keep the ids of tickets.
pub trait KeptTickets {
    /// Finds the service's own tickets by their ids: `tickets: setup.tickets()?`, and then, also after a
    /// restart,
    ///
    /// ```ignore
    /// let ticket = self.tickets.find(id).await?.ok_or(OrderError::NoSuchTicket)?;
    /// let receipt: Receipt = ticket.result().await.map_err(told)?;
    /// ```
    ///
    /// # Errors
    /// If nobody keeps commands where the service runs.
    fn tickets(&self) -> Result<Tickets, StartError>;
}

/// Who keeps the commands of a unit's callers, as a [`Setup`] has it.
pub(crate) struct KeptBy(pub(crate) Arc<dyn Keeper>);

impl<A: Actor> KeptTickets for Setup<A> {
    fn tickets(&self) -> Result<Tickets, StartError> {
        let keeper = self.extension::<KeptBy>();
        let none = || StartError::failed("nobody keeps commands where this service runs");
        let keeper = Arc::clone(&keeper.ok_or_else(none)?.0);
        Ok(Tickets::new(Caller::Service(self.service()), keeper))
    }
}
