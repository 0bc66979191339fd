//! Calls that clients would have made later: kept by the unit's own store, found wherever they are.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_bus::command::{Command, State};
use seam_core::call::{self, Kept, KeptCall};
use seam_core::remote::Caller;
use seam_gateway::{FindError, KeepError, Order, Progress, TicketId, TicketState, Tickets};
use tokio::time::Instant;

use super::parts::Parts;

/// What the edge of a unit asks.
pub(super) struct UnitTickets(pub(super) Weak<Parts>);

impl Tickets for UnitTickets {
    fn keep(&self, order: Order) -> BoxFuture<'static, Result<TicketState, KeepError>> {
        let unit = self.0.upgrade();
        Box::pin(async move {
            let stops = || KeepError::Unavailable { why: "the unit stops".into() };
            unit.ok_or_else(stops)?.keep(order).await
        })
    }

    fn find(
        &self,
        id: TicketId,
        wait: Duration,
    ) -> BoxFuture<'static, Result<TicketState, FindError>> {
        let unit = self.0.upgrade();
        Box::pin(async move {
            let stops = || FindError::Unavailable { why: "the unit stops".into() };
            let unit = unit.ok_or_else(stops)?;
            let command = unit.find(id, wait).await?;
            unit.state(id, command)
        })
    }
}

impl Parts {
    async fn keep(&self, order: Order) -> Result<TicketState, KeepError> {
        let Order { id, service, version, method, arguments, key, trace, principal } = order;
        let unavailable = |why: String| KeepError::Unavailable { why };
        let (idempotent, saga) = match &version {
            // Nobody here knows more of it.
            Some(_) => (false, false),
            None => {
                let known = self.hosting.routes.any(&service);
                let known = known.and_then(|client| client.descriptor().method(&method));
                let none = || unavailable("this release has no such method".into());
                let known = known.ok_or_else(none)?;
                (known.idempotent, known.saga)
            }
        };
        // Its own id is nobody else's key.
        let key = key.unwrap_or_else(|| id.to_string());
        let trace = Some(trace);
        let call = KeptCall::new(service, method, arguments, key);
        let call = KeptCall { version, idempotent, saga, trace, principal, ..call };
        let commands = self.hosting.keeper.commands(Caller::Edge).await.map_err(not_kept)?;
        let id = commands.keep(call, Some(id)).await.map_err(not_kept)?;
        let found = commands.find(id).await.map_err(|error| unavailable(error.to_string()))?;
        let command = found.ok_or_else(|| unavailable("it is gone".into()))?;
        self.state(id, command).map_err(|error| match error {
            FindError::Expired => KeepError::Expired,
            error => unavailable(error.to_string()),
        })
    }

    /// What is known of a command: in the unit's own store, in a service's, or in another unit's.
    async fn find(&self, id: TicketId, wait: Duration) -> Result<Command, FindError> {
        let unavailable = |why: String| FindError::Unavailable { why };
        let until = Instant::now() + wait;
        if self.database.condition().is_some() {
            let commands = self.hosting.keeper.commands(Caller::Edge).await;
            let commands = commands.map_err(|error| unavailable(error.to_string()))?;
            let found = commands.wait(id, wait).await;
            if let Some(command) = found.map_err(|error| unavailable(error.to_string()))? {
                return Ok(command);
            }
        }
        let (mut command, at) = match self.hosting.desks.find(id).await {
            (Some(found), _) => found,
            (None, true) => return Err(FindError::NotFound),
            (None, false) => {
                let why = "not all services and edges can be asked for it";
                return Err(unavailable(why.into()));
            }
        };
        while command.state == State::Pending && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            match self.hosting.desks.find_again(&at, id, left).await {
                Ok(Some(found)) => command = found,
                Ok(None) => return Err(FindError::NotFound),
                Err(why) => return Err(unavailable(why)),
            }
        }
        Ok(command)
    }

    fn state(&self, id: TicketId, command: Command) -> Result<TicketState, FindError> {
        let Command { service, method, created, owner, attempts, state } = command;
        let progress = match state {
            State::Pending => Progress::Pending,
            State::Ended(Kept::Answered(answer)) => Progress::Done(answer),
            State::Ended(Kept::Failed(error)) => {
                let errors = self.hosting.routes.errors().get();
                let problem =
                    seam_gateway::public_problem(error, &service, &id.to_string(), &errors);
                Progress::Failed(problem.to_string().into_bytes())
            }
            State::Expired => return Err(FindError::Expired),
        };
        Ok(TicketState { id, service, method, owner, attempts, created_at: created, progress })
    }
}

fn not_kept(error: call::KeepError) -> KeepError {
    match error {
        call::KeepError::Reused(_) => KeepError::KeyReused,
        call::KeepError::Refused(_) => KeepError::TooLarge { limit: call::MAX_ARGUMENTS },
        call::KeepError::Away(why) => KeepError::Unavailable { why },
        call::KeepError::Unknown(why) => KeepError::Unknown { why },
    }
}

/// The tickets of a unit, for its edge.
pub(super) fn of(unit: &Arc<Parts>) -> Arc<dyn Tickets> {
    Arc::new(UnitTickets(Arc::downgrade(unit)))
}
