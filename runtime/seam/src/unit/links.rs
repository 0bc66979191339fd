//! The unit's side of the wire: links to its peers, and the listener for theirs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use parking_lot::Mutex;
use seam_core::contract::ContractDescriptor;
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_mesh::{EndpointStatus, Pool};
use seam_wire::{
    Identity, Link, LinkConfig, LinkState, ListenError, Offering, Offers, Server, ServerConfig,
};

use super::StartFailure;
use super::awaited::calls;
use super::descriptors::{connections, left};
use super::failure::{Taker, unbound};
use super::placement::Placement;
use crate::config::{Config, Endpoint, UnitLayout};
use crate::services::{Graph, Opened, Registry, Simulation};

/// Who this process is to its peers.
pub(super) fn identity(registry: &Registry, config: &Config, layout: &UnitLayout) -> Identity {
    let app = config.app.name.as_str();
    Identity::new(app, layout.unit.as_str(), &*registry.release).instance(layout.instance)
}

/// The links to the processes that host what this one may call, and the pools that they make up.
pub(super) struct Links {
    links: Mutex<Vec<Peer>>,
    pools: Vec<Arc<Pool>>,
}

/// A process that is dialled: one instance of a unit.
struct Peer {
    unit: String,
    instance: u16,
    link: Link,
    /// Whether it has answered once; from then on an outage doesn't make this unit unready.
    answered: bool,
}

/// What it takes to call another process.
pub(super) struct Dialling<'a> {
    pub(super) config: &'a Config,
    pub(super) identity: &'a Identity,
    pub(super) layout: &'a UnitLayout,
    pub(super) homes: &'a [Home],
    pub(super) placement: &'a Placement<'a>,
    pub(super) clock: &'a Clock,
    pub(super) simulation: Option<&'a Simulation>,
}

impl Dialling<'_> {
    /// The pool of a service's endpoints, each by a link to its process.
    fn pool(
        &self,
        service: ServiceId,
        contract: &'static ContractDescriptor,
        unit: &str,
        endpoints: &[Endpoint],
        links: &mut Vec<Peer>,
    ) -> Arc<Pool> {
        let service_config = self.config.service(service.name());
        let (balance, breaker) =
            service_config.map(|config| (config.balance, config.breaker)).unwrap_or_default();
        let pool = Arc::new(Pool::new(service, balance, breaker, self.clock.clone()));
        for Endpoint { instance, address } in endpoints {
            let known = |peer: &Peer| peer.unit == unit && peer.instance == *instance;
            let number = links.iter().position(known).unwrap_or_else(|| {
                let home = &self.homes[self.placement.link(unit, links.len())];
                let config = LinkConfig::new(self.identity.clone());
                let config = match self.simulation.cloned() {
                    Some(Simulation { clock, transport }) => {
                        LinkConfig { clock, transport, ..config }
                    }
                    None => config,
                };
                let link = Link::open(config, address.clone(), home.runtime());
                let (unit, instance) = (unit.to_owned(), *instance);
                links.push(Peer { unit, instance, link, answered: false });
                links.len() - 1
            });
            let remote = Arc::new(links[number].link.service(service, contract));
            let Some(endpoint) = pool.join(unit, *instance, Arc::clone(&remote) as _) else {
                tracing::warn!(%service, unit, instance, "not called: its pool is full");
                continue;
            };
            remote.follow(move |offering| {
                endpoint.set_doubtful(offering == Offering::Unwell);
                endpoint.set_ready(offering.is_some());
            });
        }
        pool
    }
}

impl Links {
    /// Links to the processes that host what this one calls, and leads the services' routes there:
    /// what other units host, and what this unit's other instances may host in this one's place.
    pub(super) fn start(
        graph: &Graph,
        dialling: &Dialling<'_>,
        opened: &[(ServiceId, Arc<dyn Opened>)],
    ) -> Self {
        let layout = dialling.layout;
        let (mut links, mut pools) = (Vec::new(), Vec::new());
        let here = layout.services.iter().filter(|_| !layout.siblings.is_empty());
        let here = here.map(|service| (service, &layout.unit, &layout.siblings));
        let elsewhere = layout.remote.iter();
        let elsewhere = elsewhere.map(|remote| (&remote.service, &remote.unit, &remote.endpoints));
        for (service, unit, endpoints) in elsewhere.chain(here) {
            if !calls(graph, layout, service) {
                continue;
            }
            let found = opened.iter().find(|(id, _)| id.name() == *service);
            let Some((id, open)) = found else { continue };
            let contract = open.client().descriptor();
            let pool = dialling.pool(*id, contract, unit, endpoints, &mut links);
            open.lead_to(Arc::clone(&pool) as _);
            pools.push(pool);
        }
        Self { links: Mutex::new(links), pools }
    }

    /// The pool by which this unit calls a service, if it does.
    pub(super) fn pool(&self, service: ServiceId) -> Option<&Arc<Pool>> {
        self.pools.iter().find(|pool| pool.service() == service)
    }

    /// How the endpoints are that this unit calls.
    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pools.iter().flat_map(|pool| pool.status()).collect()
    }

    /// The other units of which no instance has answered once.
    pub(super) fn waits_for(&self, own: &str) -> Vec<String> {
        let mut links = self.links.lock();
        let mut waits_for: Vec<(&str, bool, String)> = Vec::new();
        for peer in links.iter_mut().filter(|peer| peer.unit != own) {
            let state = peer.link.state().borrow().clone();
            peer.answered |= matches!(state, LinkState::Connected { .. });
            let reason = match state {
                LinkState::Down { reason } => format!("unit `{}`: {reason}", peer.unit),
                _ => format!("unit `{}` hasn't answered yet", peer.unit),
            };
            match waits_for.iter_mut().find(|(unit, ..)| *unit == peer.unit) {
                Some((_, answered, _)) => *answered |= peer.answered,
                None => waits_for.push((&peer.unit, peer.answered, reason)),
            }
        }
        waits_for.into_iter().filter(|(_, answered, _)| !answered).map(|(.., why)| why).collect()
    }

    /// Waits until an instance of each of these units has answered, but not for longer than
    /// `patience`.
    pub(super) async fn connected_within(
        &self,
        patience: Duration,
        awaited: impl Fn(&str) -> bool,
    ) {
        let mut units: Vec<(String, Vec<_>)> = Vec::new();
        for peer in self.links.lock().iter().filter(|peer| awaited(&peer.unit)) {
            let mut state = peer.link.state();
            // The sender lives as long as the link.
            let connected = Box::pin(async move {
                let stands = |state: &LinkState| matches!(state, LinkState::Connected { .. });
                let _ = state.wait_for(stands).await;
            });
            match units.iter_mut().find(|(unit, _)| *unit == peer.unit) {
                Some((_, states)) => states.push(connected),
                None => units.push((peer.unit.clone(), vec![connected])),
            }
        }
        let all = units.into_iter().map(|(_, states)| select_all(states));
        // Who isn't there by then is waited for by nobody: calls to it wait, and then say so.
        let _ = tokio::time::timeout(patience, join_all(all)).await;
    }

    /// Ends all connections.
    pub(super) fn stop(&self) {
        self.links.lock().clear();
    }
}

/// The listener for other units.
pub(super) struct Listening {
    server: Server,
}

impl Listening {
    pub(super) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// How other units get to know what is active here.
    pub(super) fn offers(&self) -> Offers {
        self.server.offers()
    }

    /// Offers nothing any more, says go-away, and waits for the calls that are in.
    pub(super) async fn stop(self, grace: Duration) {
        if tokio::time::timeout(grace, self.server.drain()).await.is_err() {
            tracing::warn!(?grace, "calls from other units were still running at the end of it");
        }
    }
}

/// Listens for other units, if the layout says so.
pub(super) async fn listen(
    identity: &Identity,
    layout: &UnitLayout,
    inlets: Vec<Arc<dyn Inlet>>,
    inactive: Vec<ServiceId>,
    home: &Home,
    simulation: Option<&Simulation>,
) -> Result<Option<Listening>, StartFailure> {
    let Some(listen) = &layout.listen else { return Ok(None) };
    let refused =
        |reason: String| StartFailure::Address { what: "listen", address: listen.clone(), reason };
    let mut config = ServerConfig::new(identity.clone());
    config.connections = connections(config.connections, 1, left());
    config.inactive = inactive;
    if let Some(Simulation { clock, transport }) = simulation.cloned() {
        config = ServerConfig { clock, transport, ..config };
    }
    let server = Server::start(config, listen, inlets, home.runtime()).await;
    let server = server.map_err(|error| match error {
        ListenError::Io { error, .. } => {
            refused(unbound(&error, &layout.unit, "listen", listen, Taker::Unit))
        }
        error => refused(error.to_string()),
    })?;
    tracing::info!(address = %server.address(), "listening for other units");
    Ok(Some(Listening { server }))
}
