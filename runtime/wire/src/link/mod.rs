//! The calling side: a link to another unit, over one or a few connections that come back by
//! themselves.

mod backoff;
mod channel;
mod driver;
mod near;
mod offered;
mod origins;
mod reply;
mod service;
mod waiter;
mod way;

use std::fmt;
use std::sync::Arc;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::remote::Form;
use seam_core::time::Clock;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::channel::Channel;
pub use self::offered::Offering;
pub use self::service::RemoteService;
use self::way::Way;
use crate::identity::Identity;
use crate::limits::Timeouts;
use crate::net::{Address, Sockets, Transport};

/// What a link needs besides an address.
#[derive(Clone)]
pub struct LinkConfig {
    /// Who this unit is.
    pub identity: Identity,
    /// The unit that is to answer; another one is refused. Default: whoever answers.
    pub unit: Option<String>,
    /// How many connections to hold; default 1. A service's calls stay on one of them, so that
    /// they keep their order.
    pub connections: usize,
    /// How long to wait for the peer.
    pub timeouts: Timeouts,
    /// Where time comes from.
    pub clock: Clock,
    /// What opens the connections.
    pub transport: Arc<dyn Transport>,
}

impl LinkConfig {
    /// The defaults: one connection, over the system's sockets, on the system's clock.
    pub fn new(identity: Identity) -> Self {
        let (timeouts, clock) = (Timeouts::default(), Clock::fast());
        let transport = Arc::new(Sockets);
        Self { identity, unit: None, connections: 1, timeouts, clock, transport }
    }
}

impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig")
            .field("identity", &self.identity)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// How a link's connection is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkState {
    /// The first attempt is under way.
    Connecting,
    /// Calls can be made.
    Connected {
        /// The unit at the other end.
        unit: String,
        /// Which of the unit's instances; 0 for one that says nothing of it.
        instance: u16,
        /// Its release.
        release: String,
        /// Its launch id: another number is another process.
        launch: u64,
    },
    /// Nobody can be reached; it goes on trying.
    Down {
        /// Why.
        reason: String,
    },
}

/// A link to one unit: dials it, and dials again whenever the connection is lost, for ever.
///
/// A call made while there is no connection fails at once as *not executed*: nothing waits for a
/// peer that may never come. Who would rather wait for the first connection does so with
/// [`Link::connected`]. Dropping the link ends its connections.
///
/// Calls of [`Caller::Edge`](seam_core::remote::Caller::Edge) that are made on a runtime of one
/// thread leave by a connection of that thread's own, and are answered there, without waking another
/// one. It is dialled at the first such call, stands beside the link's while that stands, and ends
/// with the thread or the link; while it doesn't stand, the link's is used.
pub struct Link {
    channels: Vec<Arc<Channel>>,
    tasks: Vec<AbortHandle>,
}

impl Link {
    /// Begins to dial `address`; everything runs on `runtime`.
    pub fn open(config: LinkConfig, address: Address, runtime: &Handle) -> Self {
        let config = Arc::new(config);
        let way = Way::to(address);
        let channels: Vec<_> = (0..config.connections.max(1))
            .map(|_| Arc::new(Channel::new(way.clone(), Arc::clone(&config))))
            .collect();
        let drive =
            |channel: &Arc<Channel>| runtime.spawn(driver::run(Arc::clone(channel))).abort_handle();
        let tasks = channels.iter().map(drive).collect();
        Self { channels, tasks }
    }

    /// A way to call `service` there, whose contract this side was built with.
    pub fn service(
        &self,
        service: ServiceId,
        contract: &'static ContractDescriptor,
    ) -> RemoteService {
        self.service_in(service, contract, Form::Encoded)
    }

    /// A way to call `service` there in JSON, by a contract that was fetched: whatever its methods are
    /// made of there, for the names and that side's types decide.
    pub fn service_in_json(
        &self,
        service: ServiceId,
        contract: &ContractDescriptor,
    ) -> RemoteService {
        self.service_in(service, contract, Form::Json)
    }

    fn service_in(
        &self,
        service: ServiceId,
        contract: &ContractDescriptor,
        form: Form,
    ) -> RemoteService {
        // The connection that serves the fewest services so far.
        let channels = self.channels.iter();
        let least =
            channels.min_by_key(|channel| channel.services()).unwrap_or_else(|| &self.channels[0]);
        RemoteService::new(Arc::clone(least), service, contract, form)
    }

    /// Where it leads; `None` while it leads nowhere.
    pub fn address(&self) -> Option<Address> {
        self.channels[0].way.address()
    }

    /// Leads elsewhere from now on, or nowhere: nobody is dialled then. A connection that stands isn't
    /// ended by that: who is at its other end ends it, and what is under way comes to its end. Where there
    /// is none, the new address is dialled at once.
    pub fn lead(&self, address: Option<Address>) {
        self.channels[0].way.lead(address);
    }

    /// How the first of its connections is doing now, and a way to wait for changes.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.channels[0].state_changes()
    }

    /// Returns once a connection stands.
    pub async fn connected(&self) {
        let mut state = self.state();
        // The sender lives as long as the link.
        let _ = state.wait_for(|state| matches!(state, LinkState::Connected { .. })).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.channels.iter().for_each(|channel| channel.leave_followers());
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = &self.channels[0];
        write!(f, "Link({}, {:?})", channel.way, *channel.state_changes().borrow())
    }
}
