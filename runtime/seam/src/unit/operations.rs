//! What a unit tells of events and commands, and what is asked of it.

use super::parts::Parts;
use crate::services::{BusAnswer, BusAsk, BusRefusal, Ticket};

/// So many commands of the unit's own are told of at most.
const MOST: usize = 10_000;

impl Parts {
    /// Asks each service that is at work here.
    pub(super) async fn bus(&self, ask: &BusAsk) -> Result<BusAnswer, BusRefusal> {
        let mut answer = BusAnswer::default();
        for resident in self.residents() {
            resident.messaging.ask(ask, &mut answer).await?;
            let rebuilt =
                matches!(ask, BusAsk::Rebuild { service } if service == resident.id.name());
            // Another instance that shares the store may have seen to it.
            if rebuilt && answer.replayed.is_some() {
                // What it holds in memory was made of what is gone.
                let started = resident.hosted.keeping.renew();
                started.await.map_err(BusRefusal)?;
            }
        }
        if matches!(ask, BusAsk::Tickets {}) && self.database.condition().is_some() {
            let refused = |error: &dyn std::fmt::Display| BusRefusal(error.to_string());
            let commands = self.sender.begin().await.map_err(|error| refused(&error))?;
            let pending = commands.pending(MOST).await.map_err(|error| refused(&error))?;
            let layout = self.layout();
            let own = |(id, command)| Ticket::of(id, command, &layout.unit);
            answer.tickets.extend(pending.into_iter().map(own));
        }
        // What is handled once more is what is kept, and not what is shown.
        for letter in &mut answer.dead {
            letter.event = self.hosting.secrets.hide(std::mem::take(&mut letter.event));
        }
        Ok(answer)
    }
}
