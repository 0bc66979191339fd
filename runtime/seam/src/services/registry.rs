//! What an app's code says of its services, before any config does.

use std::sync::Arc;

use seam_core::actor::{Actor, Needs};
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::time::Clock;
use seam_store::Memory;
use seam_wire::Transport;

use super::entry::{Entry, Registered};
use super::graph::Graph;
use super::needed::Collected;
use super::security::{Plugin, RegisteredPlugin, Security};
use crate::config::{Catalogue, KnownService};

/// The services of an app, and what its code says of how they run: what a unit is made from.
#[derive(Clone)]
pub(crate) struct Registry {
    /// Those with an actor here, and then those that they need and that are elsewhere.
    services: Vec<Arc<dyn Registered>>,
    /// All that somebody needs.
    needed: Vec<Arc<dyn Registered>>,
    plugins: Vec<Arc<dyn RegisteredPlugin>>,
    /// The name of the build, for handshakes and rollouts.
    pub(crate) release: Arc<str>,
    /// Whether calls within the unit are guarded: see `App::without_policies`.
    pub(crate) policies: bool,
    /// Services whose rows are in memory: see `App::store_on`.
    memories: Vec<(Arc<str>, Memory)>,
    /// In which a unit runs in place of the system: see `App::simulated`.
    pub(crate) simulation: Option<Simulation>,
}

/// What stands for the system in a simulation. All of a unit runs on the thread that starts it.
#[derive(Clone)]
pub(crate) struct Simulation {
    pub(crate) clock: Clock,
    pub(crate) transport: Arc<dyn Transport>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            services: Vec::new(),
            needed: Vec::new(),
            plugins: Vec::new(),
            release: "dev".into(),
            policies: true,
            memories: Vec::new(),
            simulation: None,
        }
    }

    /// The clock of a unit's calls.
    pub(crate) fn clock(&self) -> Clock {
        match &self.simulation {
            Some(simulation) => simulation.clock.clone(),
            None if self.policies => Clock::fast(),
            None => Clock::still(),
        }
    }

    /// Keeps the rows of a service in memory, in place of its folder.
    pub(crate) fn remember(&mut self, service: &str, memory: Memory) {
        self.memories.push((service.into(), memory));
    }

    /// What keeps the rows of a service, if its folder doesn't.
    pub(crate) fn memory(&self, service: &str) -> Option<Memory> {
        self.memories.iter().find(|(name, _)| **name == *service).map(|(_, memory)| memory.clone())
    }

    /// Adds the service whose actor is `A`.
    ///
    /// # Panics
    /// If `name` is no name of a service, or another service has it.
    pub(crate) fn add<A: Actor>(&mut self, name: &str) {
        let Some(id) = ServiceId::of(name) else {
            panic!("`{name}` is no name of a service: use up to 64 letters, digits, `-`, `_`, `.`")
        };
        assert!(
            self.services.iter().all(|own| own.is_elsewhere() || own.id() != id),
            "the app has two services named `{name}`: give one of them another by `service_as`"
        );
        let mut needed = Collected::default();
        A::Needs::visit(&mut needed);
        self.needed.extend(needed.0);
        self.services.retain(|service| !service.is_elsewhere());
        assert!(
            self.plugins.iter().all(|plugin| plugin.id() != id),
            "the app has a service and a plug-in named `{name}`: give the service another name by `service_as`"
        );
        self.services.push(Arc::new(Entry::<A>::new(id)));
        for needed in &self.needed {
            let contract = needed.descriptor();
            let serves = |own: &Arc<dyn Registered>| {
                own.id() == needed.id() || own.descriptor().name == contract.name
            };
            if !self.services.iter().any(serves) {
                self.services.push(Arc::clone(needed));
            }
        }
    }

    /// The services that are needed and that this program has no actor for: who needs them, and which.
    pub(crate) fn elsewhere(&self) -> Vec<(ServiceId, ServiceId)> {
        let graph = self.graph();
        let elsewhere = self.services.iter().filter(|service| service.is_elsewhere());
        let callers = elsewhere.filter_map(|service| {
            let mut callers = graph.callers_of(service.id());
            Some((callers.next()?, service.id()))
        });
        callers.collect()
    }

    /// Adds the plug-in `S` to the app's edges.
    ///
    /// # Panics
    /// If its name is none, or something else has it.
    pub(crate) fn secure<S: Security>(&mut self) {
        let name = S::NAME;
        let Some(id) = ServiceId::of(name) else {
            panic!("`{name}` is no name of a plug-in: use up to 64 letters, digits, `-`, `_`, `.`")
        };
        let taken = self.services.iter().any(|service| service.id() == id)
            || self.plugins.iter().any(|plugin| plugin.id() == id);
        assert!(
            !taken,
            "the app has something named `{name}` already: give the plug-in another name"
        );
        self.plugins.push(Arc::new(Plugin::<S>::new(id)));
    }

    /// What is added to the app's edges, in the order in which it is asked.
    pub(crate) fn plugins(&self) -> &[Arc<dyn RegisteredPlugin>] {
        &self.plugins
    }

    pub(crate) fn services(&self) -> &[Arc<dyn Registered>] {
        &self.services
    }

    /// Who calls whom, as the services declare it.
    pub(crate) fn graph(&self) -> Graph {
        Graph::of(&self.services, &self.plugins)
    }

    /// The services and their contracts.
    pub(crate) fn contracts(&self) -> Vec<(ServiceId, &'static ContractDescriptor)> {
        self.services.iter().map(|service| (service.id(), service.descriptor())).collect()
    }

    /// What the config of the app of that name has to know of the services.
    pub(crate) fn catalogue(&self, app: &str) -> Catalogue {
        let graph = self.graph();
        let known = |service: &Arc<dyn Registered>| {
            let needs = graph.needs_of(service.id()).map(|need| need.name());
            let contract = service.descriptor();
            // The edge calls what it offers, and what its plug-ins need.
            let at_the_edge = contract.methods.iter().any(|method| method.at_the_edge())
                || graph.is_called_by_plugins(service.id());
            let known = KnownService::new(service.id().name()).needs(needs);
            service.known(known.edge(at_the_edge).contract(contract))
        };
        Catalogue {
            app: app.to_owned(),
            release: self.release.to_string(),
            services: self.services.iter().map(known).collect(),
            plugins: self.plugins.iter().map(|plugin| plugin.known()).collect(),
        }
    }
}
