//! Which homes a unit's services, links and listener live on, so that few calls change threads.
//!
//! A call from another unit comes in where the listener is. If its turn has to wait for yet another
//! unit, it goes on at its service's home, and what it asks for leaves by the link's. Each change of
//! threads on that way wakes one up, and a wake-up costs more than the rest of the call. So services
//! that call other units come first, beside the listener, and a link lives with the first that calls
//! over it. What calls nobody elsewhere is dealt over the homes after them.

use crate::config::UnitLayout;
use crate::services::Graph;

/// Homes, by number.
pub(super) struct Placement {
    homes: usize,
    /// The services that share the homes, in the order in which these are dealt out.
    dealt: Vec<Placed>,
}

/// A service, and the other units that it calls.
struct Placed {
    service: String,
    calls: Vec<String>,
}

impl Placement {
    /// Over so many homes; `shares` says which services have no arbiter of their own.
    pub(super) fn new(
        graph: &Graph,
        layout: &UnitLayout,
        homes: usize,
        shares: impl Fn(&str) -> bool,
    ) -> Self {
        let needs = |caller: &str, callee: &str| {
            graph.edges().iter().any(|e| e.from.name() == caller && e.to.name() == callee)
        };
        let services = layout.services.iter().filter(|service| shares(service)).map(|service| {
            let called = layout.remote.iter().filter(|remote| needs(service, &remote.service));
            let calls = called.map(|remote| remote.unit.clone()).collect();
            Placed { service: service.clone(), calls }
        });
        Self::dealt(homes, services)
    }

    fn dealt(homes: usize, services: impl Iterator<Item = Placed>) -> Self {
        let (mut dealt, rest): (Vec<_>, Vec<_>) =
            services.partition(|service| !service.calls.is_empty());
        dealt.extend(rest);
        Self { homes, dealt }
    }

    /// Where a service's turns go on once they wait.
    pub(super) fn service(&self, name: &str) -> usize {
        let place = self.dealt.iter().position(|service| service.service == name);
        place.unwrap_or(0) % self.homes
    }

    /// Where other units' calls come in: with the first service that passes any on.
    pub(super) const fn listener(&self) -> usize {
        0
    }

    /// Where the link to a unit lives, the `number`th of all: with the first service that calls over
    /// it. If none does, it is the edge's or the program's, and any home will do.
    pub(super) fn link(&self, unit: &str, number: usize) -> usize {
        let first =
            self.dealt.iter().position(|service| service.calls.iter().any(|called| called == unit));
        first.unwrap_or(number) % self.homes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(homes: usize, services: &[(&str, &[&str])]) -> Placement {
        let owned = |name: &&str| (*name).to_owned();
        let service = |&(service, calls): &(&str, &[&str])| Placed {
            service: service.to_owned(),
            calls: calls.iter().map(owned).collect(),
        };
        Placement::dealt(homes, services.iter().map(service))
    }

    #[test]
    fn what_a_call_passes_through_shares_a_home() {
        let all = placed(4, &[("cart", &[]), ("mail", &[]), ("checkout", &["ship", "pay"])]);
        assert_eq!(all.listener(), all.service("checkout"));
        assert_eq!(all.link("ship", 0), all.service("checkout"));
        assert_eq!(all.link("pay", 1), all.service("checkout"));
    }

    #[test]
    fn a_link_lives_with_the_first_that_calls_over_it() {
        let all = placed(4, &[("user", &["ship"]), ("order", &["pay", "ship"])]);
        assert_eq!(all.link("pay", 0), all.service("order"));
        assert_eq!(all.link("ship", 1), all.service("user"));
        assert_ne!(all.service("user"), all.service("order"));
    }

    #[test]
    fn others_are_dealt_over_the_homes() {
        let all = placed(2, &[("user", &[]), ("order", &["pay"]), ("mail", &[])]);
        let homes = ["order", "user", "mail"].map(|name| all.service(name));
        assert_eq!(homes, [0, 1, 0]);
    }

    #[test]
    fn links_that_no_service_calls_over_are_dealt_as_well() {
        let edge_only = placed(2, &[]);
        let homes = [0, 1, 2].map(|number| edge_only.link("ship", number));
        assert_eq!(homes, [0, 1, 0]);
    }
}
