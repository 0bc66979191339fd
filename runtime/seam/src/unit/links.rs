//! The unit's links to its peers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use parking_lot::Mutex;
use seam_bus::companion;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_gateway::{together_contract, together_service};
use seam_mesh::{EndpointStatus, Pool};
use seam_registry::{Changes, Entry};
use seam_wire::{Address, AddressError, Identity, LinkState};

use super::awaited::{calls, reads};
use super::edges::is_own;
use super::hosting::Hosting;
use super::ledger;
use super::peers::{Called, Dialling, Peer};
use super::push;
use crate::config::{Config, Endpoint, MAX_INSTANCES, UnitLayout, process};
use crate::services::Registry;

/// Who this process is to its peers.
pub(super) fn identity(registry: &Registry, config: &Config, layout: &UnitLayout) -> Identity {
    let app = config.app.name.as_str();
    Identity::new(app, layout.unit.as_str(), &*registry.release).instance(layout.instance)
}

/// The links to the processes that host what this one may call, and the pools that they make up.
pub(super) struct Links {
    dialling: Dialling,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    peers: Vec<Peer>,
    called: Vec<Called>,
}

impl Made {
    /// The number of a service among those that are called in a unit.
    fn called(
        &mut self,
        dialling: &Dialling,
        config: &Config,
        (service, contract): (ServiceId, &'static ContractDescriptor),
        unit: &str,
        awaited: bool,
    ) -> usize {
        let of_service = |called: &&Called| called.pool.service() == service;
        let is = |called: &Called| called.pool.service() == service && called.unit == unit;
        if let Some(known) = self.called.iter().position(is) {
            self.called[known].is_there = true;
            return known;
        }
        let pool = self.called.iter().find(of_service).map(|called| Arc::clone(&called.pool));
        let pool = pool.unwrap_or_else(|| {
            let configured = config.service(service.name());
            let (balance, breaker) =
                configured.map(|config| (config.balance, config.breaker)).unwrap_or_default();
            Arc::new(Pool::new(service, balance, breaker, dialling.clock.clone()))
        });
        let unit = unit.to_owned();
        self.called.push(Called { unit, contract, pool, is_there: true, awaited });
        self.called.len() - 1
    }
}

impl Links {
    /// None yet.
    pub(super) fn new(dialling: Dialling) -> Self {
        Self { dialling, made: Mutex::default() }
    }

    /// Links to the processes that host what this one calls, as far as it doesn't yet: what other units
    /// host, and what this unit's other instances may host in this one's place. Those that are not in
    /// the layout any more stay, for they may come back, and aren't shown. Who is added while the unit
    /// is `running` doesn't make it unready.
    pub(super) fn extend(
        &self,
        hosting: &Hosting,
        config: &Config,
        layout: &UnitLayout,
        running: bool,
    ) {
        let Hosting { graph, opened, desks, .. } = hosting;
        let mut made = self.made.lock();
        let made = &mut *made;
        made.called.iter_mut().for_each(|called| called.is_there = false);
        let others = !layout.siblings.is_empty() || layout.registered;
        let here = layout.services.iter().filter(|_| others);
        let here = here.map(|service| (service, &layout.unit, &layout.siblings));
        let elsewhere = layout.remote.iter();
        let elsewhere = elsewhere.map(|remote| (&remote.service, &remote.unit, &remote.endpoints));
        let mut listed: Vec<(&str, &Endpoint)> = Vec::new();
        for (service, unit, endpoints) in elsewhere.chain(here) {
            if !calls(graph, layout, service) {
                continue;
            }
            let found = opened.iter().find(|(id, _)| id.name() == *service);
            let Some((id, open)) = found else { continue };
            let contract = (*id, open.client().descriptor());
            let called = made.called(&self.dialling, config, contract, unit, !running);
            for endpoint in endpoints {
                listed.push((unit, endpoint));
                self.joins(made, called, unit, endpoint, running);
            }
        }
        // Events and commands of others are read where those are, and other edges may have kept what a
        // client of this one asks for; nobody waits for that.
        let services = layout.remote.iter().filter_map(|remote| {
            let service = &remote.service;
            let asked = reads(graph, layout, service) || calls(graph, layout, service);
            let companion = desks.companion(service).filter(|_| asked)?;
            Some((companion, companion::contract(), &remote.unit, &remote.endpoints))
        });
        let edges = layout.peers.iter().filter(|peer| peer.edge);
        let edges = edges.map(|peer| (&peer.unit, &peer.endpoints));
        let edges = edges.chain([(&layout.unit, &layout.siblings)]);
        let edges = edges.filter(|_| layout.has_edge());
        let tickets = (desks.edges(), companion::contract());
        let asked = together_service().map(|together| (together, together_contract()));
        let asked = [Some(tickets), asked].into_iter().flatten();
        let edges = edges.flat_map(|(unit, endpoints)| {
            asked.clone().map(move |(service, contract)| (service, contract, unit, endpoints))
        });
        // And what is pushed anywhere is heard by every edge.
        let pushes = layout.peers.iter().map(|peer| (&peer.services, &peer.unit, &peer.endpoints));
        let pushes = pushes.chain([(&layout.services, &layout.unit, &layout.siblings)]);
        let pushes = pushes.filter(|(services, ..)| layout.has_edge() && !services.is_empty());
        let pushes = pushes.filter_map(|(_, unit, endpoints)| {
            Some((push::service()?, push::contract(), unit, endpoints))
        });
        // And what became of a call is known where it ran.
        let called = layout.remote.iter().filter(|remote| calls(graph, layout, &remote.service));
        let called = called.map(|remote| (&remote.unit, &remote.endpoints));
        let called = called.chain([(&layout.unit, &layout.siblings)]);
        let called = called.filter(|_| self.dialling.simulation.is_none());
        let outcomes = called.filter_map(|(unit, endpoints)| {
            Some((ledger::service()?, ledger::contract(), unit, endpoints))
        });
        let own = services.chain(edges).chain(pushes).chain(outcomes);
        for (companion, contract, unit, endpoints) in own {
            let contract = (companion, contract);
            let called = made.called(&self.dialling, config, contract, unit, false);
            for endpoint in endpoints {
                listed.push((unit, endpoint));
                self.joins(made, called, unit, endpoint, true);
            }
        }
        for peer in &mut made.peers {
            // What the registry alone knows hosts what its unit does.
            let there =
                made.called.iter().filter(|called| called.is_there && called.unit == peer.unit);
            let there: Vec<&Called> = there.collect();
            if !peer.is_listed() {
                for called in &there {
                    if !peer.has_joined(called.pool.service()) {
                        peer.joins(called);
                    }
                }
            }
            let is = |(unit, endpoint): &(&str, &Endpoint)| {
                peer.is(unit, endpoint.instance) && peer.is_listed_at(&endpoint.address)
            };
            if peer.is_listed() {
                let stands = listed.iter().any(is);
                let hosts = |service| there.iter().any(|called| called.pool.service() == service);
                peer.show(|service| stands && hosts(service));
            }
        }
    }

    /// A service is called at an endpoint from now on, over the link that is there or a new one.
    fn joins(
        &self,
        made: &mut Made,
        called: usize,
        unit: &str,
        endpoint: &Endpoint,
        unawaited: bool,
    ) {
        let Endpoint { instance, address } = endpoint;
        let is = |peer: &Peer| peer.is(unit, *instance) && peer.is_listed_at(address);
        let known = made.peers.iter().position(is);
        let number = known.unwrap_or_else(|| {
            let link = self.dialling.link(unit, made.peers.len(), address.clone());
            let peer = Peer::listed(unit, *instance, address.clone(), link);
            made.peers.push(if unawaited { peer.unawaited() } else { peer });
            made.peers.len() - 1
        });
        let called = &made.called[called];
        if !made.peers[number].has_joined(called.pool.service()) {
            made.peers[number].joins(called);
        }
    }

    /// Has calls go by other settings.
    pub(super) fn tune(&self, config: &Config) {
        for called in &self.made.lock().called {
            if let Some(service) = config.service(called.pool.service().name()) {
                called.pool.set(service.balance, service.breaker);
            }
        }
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
        let made = self.made.lock();
        for Entry { unit, instance, .. } in removed {
            if let Some(peer) = made.peers.iter().find(|peer| peer.is(&unit, instance)) {
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
        let called = self.made.lock().called.iter().any(|called| called.unit == entry.unit);
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
        let mut made = self.made.lock();
        if let Some(peer) = made.peers.iter().find(|peer| peer.is(unit, instance)) {
            peer.is_at(address);
            return;
        }
        let link = self.dialling.link(unit, made.peers.len(), address);
        let mut peer = Peer::registered(unit, instance, link);
        let there = made.called.iter().filter(|called| called.unit == unit && called.is_there);
        let mut is_awaited = false;
        for called in there {
            is_awaited |= !is_own(called.pool.service());
            peer.joins(called);
        }
        made.peers.push(if is_awaited { peer } else { peer.unawaited() });
    }

    /// The pool by which this unit calls a service, if it does.
    pub(super) fn pool(&self, service: ServiceId) -> Option<Arc<Pool>> {
        let made = self.made.lock();
        let mut pools = made.called.iter().map(|called| &called.pool);
        pools.find(|pool| pool.service() == service).cloned()
    }

    /// How the endpoints are that this unit calls.
    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        let made = self.made.lock();
        let mut pools: Vec<&Arc<Pool>> = Vec::new();
        for Called { pool, .. } in &made.called {
            // What is the runtime's own is nobody's service.
            let is_new = pools.iter().all(|known| known.service() != pool.service());
            if is_new && !is_own(pool.service()) {
                pools.push(pool);
            }
        }
        pools.into_iter().flat_map(|pool| pool.status()).collect()
    }

    /// The other processes that it has to do with, and whether their connections stand.
    pub(super) fn peers(&self) -> Vec<(String, bool)> {
        let mut made = self.made.lock();
        let peer = |peer: &mut Peer| {
            let up = matches!(peer.state(), LinkState::Connected { .. });
            (process(&peer.unit, peer.instance), up)
        };
        made.peers.iter_mut().map(peer).collect()
    }

    /// The other units of which no instance has answered once.
    pub(super) fn waits_for(&self, own: &str) -> Vec<String> {
        let mut made = self.made.lock();
        let made = &mut *made;
        let mut waits_for: Vec<(&str, bool, String)> = Vec::new();
        for peer in made.peers.iter_mut().filter(|peer| peer.unit != own) {
            let reason = match peer.state() {
                LinkState::Down { reason } => format!("unit `{}`: {reason}", peer.unit),
                _ => format!("unit `{}` hasn't answered yet", peer.unit),
            };
            match waits_for.iter_mut().find(|(unit, ..)| *unit == peer.unit) {
                Some((_, answered, _)) => *answered |= peer.has_answered(),
                None => waits_for.push((&peer.unit, peer.has_answered(), reason)),
            }
        }
        let awaited = |called: &&Called| called.unit != own && called.awaited && called.is_there;
        for Called { unit, .. } in made.called.iter().filter(awaited) {
            if waits_for.iter().all(|(known, ..)| known != unit) {
                let reason = format!("no instance of unit `{unit}` is registered yet");
                waits_for.push((unit.as_str(), false, reason));
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
        // Who is said to have answered is waited for by nobody.
        let listed = |peer: &&Peer| peer.is_listed() && !peer.has_answered() && awaited(&peer.unit);
        for peer in self.made.lock().peers.iter().filter(listed) {
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
        self.made.lock().peers.clear();
    }
}
