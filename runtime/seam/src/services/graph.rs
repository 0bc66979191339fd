//! The declared graph: who may call whom, known before anything starts.

use std::sync::Arc;

use seam_bus::subscription::Subscribed;
use seam_core::contract::{ContractDescriptor, SubscriptionDescriptor};
use seam_core::name::ServiceId;

use super::entry::Registered;
use super::security::RegisteredPlugin;

/// Who calls whom, as the services' `Needs` declare it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    services: Vec<ServiceId>,
    edges: Vec<Edge>,
    /// The needs of the edge's plug-ins.
    plugins: Vec<Edge>,
    missing: Vec<(ServiceId, &'static str)>,
    events: Vec<Events>,
}

/// That a service subscribes to events of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Who publishes them.
    pub publisher: ServiceId,
    /// Who subscribes.
    pub subscriber: ServiceId,
    /// To what, by which methods.
    pub topics: Vec<Subscribed>,
}

/// One service's need of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Who calls.
    pub from: ServiceId,
    /// Whom.
    pub to: ServiceId,
}

impl Graph {
    pub(super) fn of(
        services: &[Arc<dyn Registered>],
        plugins: &[Arc<dyn RegisteredPlugin>],
    ) -> Self {
        let mut graph =
            Self { services: services.iter().map(|s| s.id()).collect(), ..Self::default() };
        let mut missing = Vec::new();
        let mut met = |from, needs: Vec<&'static ContractDescriptor>| {
            let mut edges = Vec::new();
            for contract in needs {
                match serving(services, contract) {
                    Some(to) => edges.push(Edge { from, to }),
                    None => missing.push((from, contract.name.as_str())),
                }
            }
            edges
        };
        graph.edges = services.iter().flat_map(|s| met(s.id(), s.needs())).collect();
        graph.plugins = plugins.iter().flat_map(|p| met(p.id(), p.needs())).collect();
        graph.missing = missing;
        graph.events = events(services);
        graph
    }

    /// Who subscribes to whose events, in the order of the app.
    pub fn events(&self) -> &[Events] {
        &self.events
    }

    /// Whether anybody subscribes to events of a service.
    pub fn is_subscribed_to(&self, publisher: ServiceId) -> bool {
        self.events.iter().any(|events| events.publisher == publisher)
    }

    /// All services, in the order of the app.
    pub fn services(&self) -> &[ServiceId] {
        &self.services
    }

    /// All needs, in the order of the app.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Whom a service calls.
    pub fn needs_of(&self, service: ServiceId) -> impl Iterator<Item = ServiceId> + '_ {
        self.edges.iter().filter(move |edge| edge.from == service).map(|edge| edge.to)
    }

    /// Whether a plug-in of the edge calls a service.
    pub fn is_called_by_plugins(&self, service: ServiceId) -> bool {
        self.plugins.iter().any(|edge| edge.to == service)
    }

    /// Who calls a service: other services, and plug-ins of the edge.
    pub fn callers_of(&self, service: ServiceId) -> impl Iterator<Item = ServiceId> + '_ {
        let edges = self.edges.iter().chain(&self.plugins);
        edges.filter(move |edge| edge.to == service).map(|edge| edge.from)
    }

    /// Needs for which the app has no service: (who, the contract's name).
    pub fn missing(&self) -> &[(ServiceId, &'static str)] {
        &self.missing
    }
}

fn events(services: &[Arc<dyn Registered>]) -> Vec<Events> {
    let mut all = Vec::new();
    for subscriber in services {
        for publisher in services {
            let published = |on: &SubscriptionDescriptor| {
                let mut events = publisher.descriptor().events.iter();
                events.any(|event| event.topic == on.topic && event.version == on.version)
            };
            let methods = subscriber.descriptor().methods.iter();
            let topics = methods.filter_map(|method| {
                let on = method.on.as_ref().filter(|on| published(on))?;
                let (topic, version) = (on.topic.clone(), on.version);
                Some(Subscribed { topic, version, method: method.index, name: method.name.clone() })
            });
            let topics: Vec<_> = topics.collect();
            if !topics.is_empty() {
                let (publisher, subscriber) = (publisher.id(), subscriber.id());
                all.push(Events { publisher, subscriber, topics });
            }
        }
    }
    all
}

/// Who serves a contract: the service that bears its name, or else the first with that contract.
fn serving(services: &[Arc<dyn Registered>], contract: &ContractDescriptor) -> Option<ServiceId> {
    let named = services.iter().find(|service| service.id().name() == contract.name);
    let any = || services.iter().find(|service| service.descriptor().name == contract.name);
    named.or_else(any).map(|service| service.id())
}
