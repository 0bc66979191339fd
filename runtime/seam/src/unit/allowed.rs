//! Who may call whom, as config says it, in the words of those who hold callers to it.

use seam_core::call::{Allow, Authority, EdgeRules, Refused};
use seam_core::contract::Rule;
use seam_core::name::ServiceId;
use seam_core::remote::Caller;
use seam_gateway::together_service;
use seam_registry::engine::Embedded;

use super::desks::Desks;
use super::ledger;
use super::plug;
use super::push;
use crate::config::{AllowedCaller, Config, RegistryEngine, UnitConfig};
use crate::services::Registry;

/// The rules of a service.
pub(super) fn rules(registry: &Registry, config: &Config, id: ServiceId) -> Allow {
    let mut allow = Allow::default();
    let contracts = registry.contracts();
    let contract = contracts.iter().find(|(service, _)| *service == id);
    let (Some(service), Some((_, contract))) = (config.service(id.name()), contract) else {
        return allow;
    };
    let rules = contract.methods.iter().map(|method| {
        let own = config.edge.rule(id.bare(), &method.name);
        own.cloned().unwrap_or_else(|| Rule::of(method))
    });
    let edge = EdgeRules { known: config.edge.knows_clients(), rules: rules.collect() };
    allow = allow.at_the_edge(edge).refusing(refused(&service.refuse));
    for rule in &service.allow {
        // Config was checked against the same contract.
        let Some(method) = contract.method(&rule.method) else { continue };
        allow.only(method.index, rule.callers.iter().filter_map(caller));
    }
    allow
}

/// Whose calls find the breaker of a service open.
fn refused(refuse: &[AllowedCaller]) -> Refused {
    match refuse {
        [] => Refused::None,
        all if all.iter().any(AllowedCaller::is_anybody) => Refused::All,
        some => Refused::Of(some.iter().filter_map(caller).collect()),
    }
}

fn caller(caller: &AllowedCaller) -> Option<Caller> {
    match caller {
        AllowedCaller::Service(name) => ServiceId::of(name).map(Caller::Service),
        AllowedCaller::Edge => Some(Caller::Edge),
        AllowedCaller::Program => Some(Caller::Program),
    }
}

/// For whom each unit of a topology may call.
pub(super) fn authorities(config: &Config, topology: &str, desks: &Desks) -> Vec<Authority> {
    let named = config.topologies.iter().find(|known| known.name == topology);
    let units = named.into_iter().flat_map(|topology| &topology.units);
    let units = units.filter_map(|name| config.units.iter().find(|unit| unit.name == *name));
    // The registry that a unit keeps is asked in its own name.
    let embedded = matches!(config.registry.engine, RegistryEngine::Embedded);
    let registry = embedded.then(Embedded::service).flatten();
    // And companions in theirs, by whoever reads events.
    let own = registry.into_iter().chain(desks.companions()).chain(plug::asked());
    // And what became of calls, by whoever made them.
    let own = own.chain(ledger::service());
    let own: Vec<ServiceId> = own.collect();
    // Plug-ins call by their own names, from where there is an edge; only edges count together, and
    // what is pushed is for clients.
    let plugins = config.edge.plugins.iter().filter_map(|plugin| ServiceId::of(&plugin.name));
    let of_edges = plugins.chain(together_service()).chain(push::service());
    let of_edges: Vec<ServiceId> = of_edges.collect();
    let authority = |unit: &UnitConfig| match unit.has_edge() {
        true => authority(unit, own.iter().chain(&of_edges)),
        false => authority(unit, &own),
    };
    units.map(authority).collect()
}

/// What holds while services move: what either says.
pub(super) fn either(one: Vec<Authority>, other: &[Authority]) -> Vec<Authority> {
    let mut both = one;
    for authority in other {
        match both.iter_mut().find(|known| known.unit == authority.unit) {
            Some(known) => {
                let services = known.services.iter().chain(&authority.services).copied();
                known.services = services.collect();
                known.edge |= authority.edge;
                known.program |= authority.program;
            }
            None => both.push(authority.clone()),
        }
    }
    both
}

fn authority<'a>(unit: &UnitConfig, own: impl IntoIterator<Item = &'a ServiceId>) -> Authority {
    let services = unit.services.iter().filter_map(|name| ServiceId::of(name));
    Authority {
        services: services.chain(own.into_iter().copied()).collect(),
        edge: unit.has_edge(),
        program: unit.program || (unit.services.is_empty() && !unit.has_edge()),
        ..Authority::none(&unit.name)
    }
}
