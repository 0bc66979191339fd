//! For which of its peers a unit waits before it listens.
//!
//! A unit that others call listens once its own peers have answered, so that it can pass calls on,
//! and an edge that says it is ready speaks for what is behind its peers, too. Units that need each
//! other, directly or in a circle, would wait until their patience ends; none of them waits for the
//! others.

use std::collections::HashSet;

use crate::config::{Config, UnitLayout};
use crate::services::Graph;

/// The peers that a unit dials and that don't, by way of whom they dial, wait for it.
pub(super) fn awaited(graph: &Graph, config: &Config, unit: &UnitLayout) -> Vec<String> {
    // The topology is the one that the unit was laid out in.
    let layouts = config.layouts(Some(&unit.topology)).unwrap_or_default();
    let dials: Vec<(&str, HashSet<&str>)> = layouts
        .iter()
        .map(|layout| (layout.unit.as_str(), dialled(graph, layout).collect()))
        .collect();
    among(&dials, &unit.unit).into_iter().map(str::to_owned).collect()
}

/// The units that one dials.
fn dialled<'l>(graph: &'l Graph, layout: &'l UnitLayout) -> impl Iterator<Item = &'l str> {
    let called = layout.remote.iter().filter(|remote| calls(graph, layout, &remote.service));
    called.map(|remote| remote.unit.as_str())
}

/// Whether a unit calls a service: one that it hosts needs it, or it may call any.
pub(super) fn calls(graph: &Graph, layout: &UnitLayout, service: &str) -> bool {
    let here = |name: &str| layout.services.iter().any(|hosted| hosted == name);
    let needed = graph.edges().iter().any(|e| e.to.name() == service && here(e.from.name()));
    needed || layout.calls_any()
}

/// Whether a unit reads the events of a service: one that it hosts subscribes to them.
pub(super) fn reads(graph: &Graph, layout: &UnitLayout, publisher: &str) -> bool {
    let here = |name: &str| layout.services.iter().any(|hosted| hosted == name);
    let mut events = graph.events().iter();
    events.any(|on| on.publisher.name() == publisher && here(on.subscriber.name()))
}

fn among<'a>(dials: &[(&'a str, HashSet<&'a str>)], unit: &str) -> Vec<&'a str> {
    let dialled_by = |unit: &str| {
        dials.iter().find(|(name, _)| *name == unit).into_iter().flat_map(|(_, dialled)| dialled)
    };
    let reaches = |from: &'a str| {
        let (mut seen, mut next) = (HashSet::new(), vec![from]);
        while let Some(at) = next.pop() {
            if at == unit {
                return true;
            }
            if seen.insert(at) {
                next.extend(dialled_by(at));
            }
        }
        false
    };
    let mut awaited: Vec<_> = dialled_by(unit).copied().filter(|peer| !reaches(peer)).collect();
    awaited.sort_unstable();
    awaited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_who_waits_for_them() {
        let dials = [
            ("front", &["a", "mail"][..]),
            ("a", &["b", "mail"]),
            ("b", &["c"]),
            ("c", &["a", "mail"]),
            ("mail", &[]),
        ];
        let dials = dials.map(|(unit, dialled)| (unit, dialled.iter().copied().collect()));
        let awaited = |unit| among(&dials, unit);
        assert_eq!(awaited("front"), ["a", "mail"]);
        assert_eq!(
            (awaited("a"), awaited("b"), awaited("c")),
            (vec!["mail"], vec![], vec!["mail"])
        );
        assert!(awaited("mail").is_empty());
    }
}
