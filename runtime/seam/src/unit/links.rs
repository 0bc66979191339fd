//! The unit's side of the wire: links to its peers, and the listener for theirs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use parking_lot::Mutex;
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_mesh::{EndpointStatus, Pool};
use seam_registry::{Changes, Entry};
use seam_wire::{
    Address, AddressError, Identity, LinkState, ListenError, Offers, Server, ServerConfig,
};

use super::StartFailure;
use super::awaited::calls;
use super::descriptors::{connections, left};
use super::failure::{Taker, unbound};
use super::peers::{Called, Dialling, Peer};
use crate::config::{Config, Endpoint, MAX_INSTANCES, UnitLayout};
use crate::services::{Graph, Opened, Registry, Simulation};

/// Who this process is to its peers.
pub(super) fn identity(registry: &Registry, config: &Config, layout: &UnitLayout) -> Identity {
    let app = config.app.name.as_str();
    Identity::new(app, layout.unit.as_str(), &*registry.release).instance(layout.instance)
}

/// The links to the processes that host what this one may call, and the pools that they make up.
pub(super) struct Links {
    dialling: Dialling,
    peers: Mutex<Vec<Peer>>,
    called: Vec<Called>,
}

impl Links {
    /// Links to the processes that host what this one calls, and leads the services' routes there:
    /// what other units host, and what this unit's other instances may host in this one's place.
    pub(super) fn start(
        graph: &Graph,
        config: &Config,
        layout: &UnitLayout,
        dialling: Dialling,
        opened: &[(ServiceId, Arc<dyn Opened>)],
    ) -> Self {
        let mut links = Self { dialling, peers: Mutex::default(), called: Vec::new() };
        let others = !layout.siblings.is_empty() || layout.registered;
        let here = layout.services.iter().filter(|_| others);
        let here = here.map(|service| (service, &layout.unit, &layout.siblings));
        let elsewhere = layout.remote.iter();
        let elsewhere = elsewhere.map(|remote| (&remote.service, &remote.unit, &remote.endpoints));
        for (service, unit, endpoints) in elsewhere.chain(here) {
            if !calls(graph, layout, service) {
                continue;
            }
            let found = opened.iter().find(|(id, _)| id.name() == *service);
            let Some((id, open)) = found else { continue };
            let configured = config.service(service);
            let (balance, breaker) =
                configured.map(|config| (config.balance, config.breaker)).unwrap_or_default();
            let pool = Arc::new(Pool::new(*id, balance, breaker, links.dialling.clock.clone()));
            open.lead_to(Arc::clone(&pool) as _);
            let (unit, contract) = (unit.clone(), open.client().descriptor());
            links.call(Called { unit, contract, pool }, endpoints);
        }
        links
    }

    /// A service is called at these instances of its unit, which the config lists.
    fn call(&mut self, called: Called, endpoints: &[Endpoint]) {
        let peers = self.peers.get_mut();
        for Endpoint { instance, address } in endpoints {
            let known = peers.iter().position(|peer| peer.is(&called.unit, *instance));
            let number = known.unwrap_or_else(|| {
                let link = self.dialling.link(&called.unit, peers.len(), address.clone());
                peers.push(Peer::listed(&called.unit, *instance, address.clone(), link));
                peers.len() - 1
            });
            peers[number].joins(&called);
        }
        self.called.push(called);
    }

    /// Instances have come to the registry, or have left it.
    pub(super) fn follow(&self, changes: Changes) {
        let Changes { added, updated, removed } = changes;
        for entry in added.into_iter().chain(updated) {
            let (unit, instance, at) = (&entry.unit, entry.instance, &entry.address);
            match self.address(&entry) {
                Ok(None) => {}
                Ok(Some(address)) => {
                    tracing::debug!(unit, instance, at, "registered");
                    self.is_at(unit, instance, address);
                }
                Err(reason) => tracing::warn!(unit, instance, at, reason, "registered, not called"),
            }
        }
        let peers = self.peers.lock();
        for Entry { unit, instance, .. } in removed {
            if let Some(peer) = peers.iter().find(|peer| peer.is(&unit, instance)) {
                tracing::info!(unit, instance, "not registered any more");
                peer.has_left();
            }
        }
    }

    /// Where an instance is to be dialled; `None` if it isn't: it is this process, or hosts nothing that
    /// is called from here.
    fn address(&self, entry: &Entry) -> Result<Option<Address>, String> {
        let Identity { app, unit, instance, .. } = &self.dialling.identity;
        let itself = entry.unit == *unit && entry.instance == *instance;
        let called = self.called.iter().any(|called| called.unit == entry.unit);
        if itself || !called {
            return Ok(None);
        }
        if entry.app != *app {
            return Err(format!("it is of the app `{}`", entry.app));
        }
        if entry.instance >= MAX_INSTANCES {
            return Err(format!("instances have numbers below {MAX_INSTANCES}"));
        }
        if !entry.is_reachable() {
            return Err("its socket is on another machine: let it `listen` on HOST:PORT".into());
        }
        let address = entry.address.parse();
        address.map(Some).map_err(|error: AddressError| format!("its address is none: {error}"))
    }

    /// Calls a unit's instance there from now on.
    fn is_at(&self, unit: &str, instance: u16, address: Address) {
        let mut peers = self.peers.lock();
        if let Some(peer) = peers.iter().find(|peer| peer.is(unit, instance)) {
            peer.is_at(address);
            return;
        }
        let link = self.dialling.link(unit, peers.len(), address);
        let mut peer = Peer::registered(unit, instance, link);
        self.called
            .iter()
            .filter(|called| called.unit == unit)
            .for_each(|called| peer.joins(called));
        peers.push(peer);
    }

    /// The pool by which this unit calls a service, if it does.
    pub(super) fn pool(&self, service: ServiceId) -> Option<&Arc<Pool>> {
        self.called.iter().map(|called| &called.pool).find(|pool| pool.service() == service)
    }

    /// How the endpoints are that this unit calls.
    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        self.called.iter().flat_map(|called| called.pool.status()).collect()
    }

    /// The other units of which no instance has answered once.
    pub(super) fn waits_for(&self, own: &str) -> Vec<String> {
        let mut peers = self.peers.lock();
        let mut waits_for: Vec<(&str, bool, String)> = Vec::new();
        for peer in peers.iter_mut().filter(|peer| peer.unit != own) {
            let reason = match peer.state() {
                LinkState::Down { reason } => format!("unit `{}`: {reason}", peer.unit),
                _ => format!("unit `{}` hasn't answered yet", peer.unit),
            };
            match waits_for.iter_mut().find(|(unit, ..)| *unit == peer.unit) {
                Some((_, answered, _)) => *answered |= peer.has_answered(),
                None => waits_for.push((&peer.unit, peer.has_answered(), reason)),
            }
        }
        for Called { unit, .. } in self.called.iter().filter(|called| called.unit != own) {
            if waits_for.iter().all(|(known, ..)| known != unit) {
                let reason = format!("no instance of unit `{unit}` is registered yet");
                waits_for.push((unit, false, reason));
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
        let listed = |peer: &&Peer| peer.is_listed() && awaited(&peer.unit);
        for peer in self.peers.lock().iter().filter(listed) {
            let connected = Box::pin(peer.connected());
            match units.iter_mut().find(|(unit, _)| *unit == peer.unit) {
                Some((_, states)) => states.push(connected),
                None => units.push((peer.unit.clone(), vec![connected])),
            }
        }
        let all = units.into_iter().map(|(_, states)| select_all(states));
        // Who isn't there by then is waited for by nobody: calls to it wait, and then say so.
        let _ = tokio::time::timeout(patience, join_all(all)).await;
    }

    /// What it takes to dial other processes.
    pub(super) const fn dialling(&self) -> &Dialling {
        &self.dialling
    }

    /// Ends all connections.
    pub(super) fn stop(&self) {
        self.peers.lock().clear();
    }
}

/// The listener for other units.
pub(super) struct Listening {
    server: Server,
}

impl Listening {
    pub(super) const fn address(&self) -> &Address {
        self.server.address()
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
