//! The processes that a unit dials: one link each, by which the services there are called.

use std::sync::Arc;

use seam_core::contract::ContractDescriptor;
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::time::Clock;
use seam_mesh::{Endpoint, Pool};
use seam_wire::{Address, Identity, Link, LinkConfig, LinkState, Offering, RemoteService, Tls};

use super::placement::Placement;
use crate::services::Simulation;

/// What it takes to dial other processes.
pub(super) struct Dialling {
    pub(super) identity: Identity,
    pub(super) homes: Vec<Home>,
    pub(super) placement: Placement,
    pub(super) clock: Clock,
    /// What stands for the system, in a simulation.
    pub(super) simulation: Option<Simulation>,
    /// What proves who is who, over TCP.
    pub(super) tls: Option<Tls>,
}

impl Dialling {
    /// A link to an instance of a unit, the `number`th of all.
    pub(super) fn link(&self, unit: &str, number: usize, address: Address) -> Link {
        let home = &self.homes[self.placement.link(unit, number)];
        let mut config = LinkConfig::new(self.identity.clone());
        config.unit = Some(unit.to_owned());
        if let Some(tls) = &self.tls {
            config.transport = Arc::new(tls.to(unit));
        }
        let config = match self.simulation.clone() {
            Some(Simulation { clock, transport }) => LinkConfig { clock, transport, ..config },
            None => config,
        };
        Link::open(config, address, home.runtime())
    }
}

/// A service that is called elsewhere, in the unit that hosts it.
pub(super) struct Called {
    pub(super) unit: String,
    pub(super) contract: &'static ContractDescriptor,
    pub(super) pool: Arc<Pool>,
    /// Whether it is so by the config that is in force: a service that has moved may come back.
    pub(super) is_there: bool,
    /// Whether it was so when the unit started: then the unit isn't ready before somebody is there.
    pub(super) awaited: bool,
}

/// A process that is dialled: one instance of a unit.
pub(super) struct Peer {
    pub(super) unit: String,
    pub(super) instance: u16,
    /// Where the config says that it is; none for one that only the registry knows.
    listed: Option<Address>,
    link: Link,
    /// Its places in the pools of the services that are called there.
    endpoints: Vec<(ServiceId, Endpoint)>,
    /// Whether it has answered once; from then on an outage doesn't make this unit unready.
    answered: bool,
}

impl Peer {
    /// One that the config lists.
    pub(super) fn listed(unit: &str, instance: u16, address: Address, link: Link) -> Self {
        Self { listed: Some(address), ..Self::registered(unit, instance, link) }
    }

    /// One that only the registry knows.
    pub(super) fn registered(unit: &str, instance: u16, link: Link) -> Self {
        let (unit, endpoints) = (unit.to_owned(), Vec::new());
        Self { unit, instance, listed: None, link, endpoints, answered: false }
    }

    pub(super) fn is(&self, unit: &str, instance: u16) -> bool {
        self.unit == unit && self.instance == instance
    }

    pub(super) const fn is_listed(&self) -> bool {
        self.listed.is_some()
    }

    /// A service is called there from now on.
    pub(super) fn joins(&mut self, called: &Called) {
        let (service, pool) = (called.pool.service(), &called.pool);
        let remote = self.link.service(service, called.contract);
        let endpoint = join(pool, (&self.unit, self.instance), remote);
        self.endpoints.extend(endpoint.map(|endpoint| (service, endpoint)));
    }

    /// Whether a service has joined its pool there.
    pub(super) fn has_joined(&self, service: ServiceId) -> bool {
        self.endpoints.iter().any(|(known, _)| *known == service)
    }

    /// Whether the config says that it is there.
    pub(super) fn is_listed_at(&self, address: &Address) -> bool {
        self.listed.as_ref() == Some(address)
    }

    /// Shows those of its endpoints that are so by the config; of the others, those that can be called
    /// are.
    pub(super) fn show(&self, is_there: impl Fn(ServiceId) -> bool) {
        for (service, endpoint) in &self.endpoints {
            endpoint.set_gone(!is_there(*service));
        }
    }

    /// It has been there, so to say: nobody waits for it.
    pub(super) fn unawaited(self) -> Self {
        Self { answered: true, ..self }
    }

    /// The registry says where it is.
    pub(super) fn is_at(&self, address: Address) {
        let listed = self.listed.as_ref().filter(|listed| absolute(listed) == absolute(&address));
        self.link.lead(Some(listed.cloned().unwrap_or(address)));
        self.endpoints.iter().for_each(|(_, endpoint)| endpoint.set_gone(false));
    }

    /// It isn't registered any more: it is looked for where the config says that it is, or else not at
    /// all. What is under way there comes to its end.
    pub(super) fn has_left(&self) {
        self.link.lead(self.listed.clone());
        self.endpoints.iter().for_each(|(_, endpoint)| endpoint.set_gone(self.listed.is_none()));
    }

    /// How its link is doing.
    pub(super) fn state(&mut self) -> LinkState {
        let state = self.link.state().borrow().clone();
        self.answered |= matches!(state, LinkState::Connected { .. });
        state
    }

    /// Whether it has answered once, as far as anybody has looked.
    pub(super) const fn has_answered(&self) -> bool {
        self.answered
    }

    /// Returns once it is connected.
    pub(super) fn connected(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.link.state();
        async move {
            // The sender lives as long as the link.
            let _ = state.wait_for(|state| matches!(state, LinkState::Connected { .. })).await;
        }
    }
}

/// Has a pool call a service there, as long as it is offered. None if the pool is full.
pub(super) fn join(
    pool: &Pool,
    (unit, instance): (&str, u16),
    remote: RemoteService,
) -> Option<Endpoint> {
    let remote = Arc::new(remote);
    let Some(endpoint) = pool.join(unit, instance, Arc::clone(&remote) as _) else {
        let service = pool.service();
        tracing::warn!(%service, unit, instance, "not called: its pool is full");
        return None;
    };
    let told = endpoint.clone();
    remote.follow(move |offering| {
        told.set_doubtful(offering == Offering::Unwell);
        told.set_ready(offering.is_some());
    });
    Some(endpoint)
}

/// The same address from any working directory.
pub(super) fn absolute(address: &Address) -> Address {
    match address {
        Address::Unix(path) => {
            Address::Unix(std::path::absolute(path).unwrap_or_else(|_| path.clone()))
        }
        tcp @ Address::Tcp { .. } => tcp.clone(),
    }
}
