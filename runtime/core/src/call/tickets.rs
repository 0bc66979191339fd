//! Tickets that are found by their ids.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::command::{KeepError, Keeper, Kept, KeptAs};
use super::ticket_id::TicketId;
use crate::contract::ServiceError;
use crate::outcome::{CallError, Unknown};
use crate::remote::Caller;

/// The commands that a service has given, by the ids of their tickets: for who has written an id down,
/// and wants the result after a restart. Cheap to clone.
#[derive(Clone)]
pub struct Tickets {
    caller: Caller,
    keeper: Arc<dyn Keeper>,
}

/// A ticket that was found by its id.
#[derive(Clone)]
pub struct FoundTicket {
    id: TicketId,
    kept: KeptAs,
    tickets: Tickets,
}

impl Tickets {
    /// Those of a caller. For the facade, which gives them out by `setup.tickets()`.
    #[doc(hidden)]
    pub fn new(caller: Caller, keeper: Arc<dyn Keeper>) -> Self {
        Self { caller, keeper }
    }

    /// The ticket of that id; `None` if the service has given no such command, or so long ago that
    /// nothing is known of it any more.
    ///
    /// # Errors
    /// [`KeepError::Away`] if the service's store can't be read.
    pub async fn find(&self, id: TicketId) -> Result<Option<FoundTicket>, KeepError> {
        let kept = self.keeper.find(self.caller, id).await?;
        Ok(kept.map(|kept| FoundTicket { id, kept, tickets: self.clone() }))
    }
}

impl FoundTicket {
    /// Its id.
    pub const fn id(&self) -> TicketId {
        self.id
    }

    /// The service that is called.
    pub fn service(&self) -> &str {
        &self.kept.service
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.kept.method
    }

    /// The call's own result, once it is there; it is waited for without a limit. `A` and `E` are the
    /// method's: which that is, the caller knows, or [`method`](Self::method) tells.
    ///
    /// # Errors
    /// The call's own, and [`Unknown`] if nobody can tell any more or the result is no `A`.
    pub async fn result<A: DeserializeOwned, E: ServiceError>(&self) -> Result<A, CallError<E>> {
        let Tickets { caller, keeper } = &self.tickets;
        result_of(&**keeper, *caller, self.id).await
    }
}

/// The result of a command of that caller, once it is known.
pub(super) async fn result_of<A: DeserializeOwned, E: ServiceError>(
    keeper: &dyn Keeper,
    caller: Caller,
    id: TicketId,
) -> Result<A, CallError<E>> {
    match keeper.ended(caller, id).await? {
        Kept::Answered(answer) => serde_json::from_slice(&answer)
            .map_err(|error| Unknown::Unreadable { why: error.to_string().into() }.into()),
        Kept::Failed(error) => Err(error.typed()),
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tickets({:?})", self.caller)
    }
}

impl fmt::Debug for FoundTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeptAs { service, method } = &self.kept;
        write!(f, "FoundTicket({service}.{method} {})", self.id)
    }
}
