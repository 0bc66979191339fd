//! A service's log and its commands, for whoever asks: while the service is at work in this process.

use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{KeptCall, TicketId};
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use tokio::sync::watch;

use crate::command::{Command, Commands};
use crate::feed::Feed;

/// Where a service is asked for its events and its commands, whether or not it is at work here. Clones
/// are the same.
#[derive(Debug, Clone)]
pub struct Desk {
    service: ServiceId,
    contract: &'static ContractDescriptor,
    /// Its log.
    pub feed: Feed,
    at_work: Arc<watch::Sender<Option<AtWork>>>,
    leaving: Arc<watch::Sender<bool>>,
}

/// A service that is at work in this process.
#[derive(Debug, Clone)]
pub struct AtWork {
    /// What its store keeps; nothing while it has none.
    pub commands: Option<Commands>,
}

impl Desk {
    /// Nobody is there yet.
    pub fn new(service: ServiceId, contract: &'static ContractDescriptor) -> Self {
        Self {
            service,
            contract,
            feed: Feed::default(),
            at_work: Arc::default(),
            leaving: Arc::default(),
        }
    }

    /// Whose it is.
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// The service is at work here, or isn't any more.
    pub fn set(&self, at_work: Option<AtWork>) {
        // Who watches is told whether it is, and not each time that this is said.
        self.at_work.send_if_modified(|known| {
            let was_open = known.is_some();
            *known = at_work;
            known.is_some() != was_open
        });
    }

    /// Whether the service is at work here.
    pub fn is_open(&self) -> bool {
        self.at_work.borrow().is_some()
    }

    /// The process is about to end: who waits for something here from outside waits elsewhere.
    pub fn leave(&self) {
        self.leaving.send_replace(true);
    }

    /// Returns once the process is about to end.
    pub(crate) async fn left(&self) {
        let mut leaving = self.leaving.subscribe();
        // The sender is this desk's.
        let _ = leaving.wait_for(|leaving| *leaving).await;
    }

    /// Its commands, while it is at work here and has a store.
    pub fn commands(&self) -> Option<Commands> {
        self.at_work.borrow().as_ref()?.commands.clone()
    }

    /// Whether it is at work here, from now on.
    pub fn watch(&self) -> watch::Receiver<Option<AtWork>> {
        self.at_work.subscribe()
    }

    /// What is known of a command that the service keeps; its end is waited for so long at most.
    ///
    /// # Errors
    /// Why that can't be told, for people.
    pub async fn find(&self, id: TicketId, wait: Duration) -> Result<Option<Command>, String> {
        let at_work = self.at_work.borrow().clone().ok_or("it isn't at work here")?;
        match at_work.commands {
            Some(commands) => commands.wait(id, wait).await.map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    /// Keeps a saga of the service under that id, once.
    ///
    /// # Errors
    /// Why it isn't kept, for people.
    pub async fn keep(
        &self,
        id: TicketId,
        method: String,
        arguments: Vec<u8>,
        principal: Option<Arc<str>>,
    ) -> Result<(), String> {
        let commands = self.commands().ok_or("it isn't at work here")?;
        let known = self.contract.method(&method).filter(|method| method.saga);
        let known = known.ok_or("this release has no such saga")?;
        let (idempotent, saga) = (known.idempotent, known.saga);
        let call = KeptCall::new(self.service.name(), method, arguments, id.to_string());
        let call = KeptCall { idempotent, saga, principal, ..call };
        commands.keep(call, Some(id)).await.map(drop).map_err(|error| error.to_string())
    }
}
