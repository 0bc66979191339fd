//! The declared graph: who may call whom, known before anything starts.

use std::sync::Arc;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;

use super::entry::Registered;

/// Who calls whom, as the services' `Needs` declare it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    services: Vec<ServiceId>,
    edges: Vec<Edge>,
    missing: Vec<(ServiceId, &'static str)>,
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
    pub(super) fn of(services: &[Arc<dyn Registered>]) -> Self {
        let mut graph =
            Self { services: services.iter().map(|s| s.id()).collect(), ..Self::default() };
        for service in services {
            let from = service.id();
            for contract in service.needs() {
                match serving(services, contract) {
                    Some(to) => graph.edges.push(Edge { from, to }),
                    None => graph.missing.push((from, &contract.name)),
                }
            }
        }
        graph
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

    /// Who calls a service.
    pub fn callers_of(&self, service: ServiceId) -> impl Iterator<Item = ServiceId> + '_ {
        self.edges.iter().filter(move |edge| edge.to == service).map(|edge| edge.from)
    }

    /// Needs for which the app has no service: (who, the contract's name).
    pub fn missing(&self) -> &[(ServiceId, &'static str)] {
        &self.missing
    }
}

/// Who serves a contract: the service that bears its name, or else the first with that contract.
fn serving(services: &[Arc<dyn Registered>], contract: &ContractDescriptor) -> Option<ServiceId> {
    let named = services.iter().find(|service| service.id().name() == contract.name);
    let any = || services.iter().find(|service| service.descriptor().name == contract.name);
    named.or_else(any).map(|service| service.id())
}
