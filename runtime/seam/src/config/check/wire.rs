//! What the wire can't carry of the layouts that a config names, found before anything starts. What a
//! contract alone breaks is found by the compiler.

use seam_core::context::HOP_LIMIT;
use seam_wire::{Identity, limits};

use super::Check;
use crate::config::{
    Config,
    types::{TopologyConfig, UnitConfig},
    value::{Bytes, FromNode},
};

/// The largest body of a request that fits a call with the largest head.
const LARGEST_BODY: u64 = (limits::MAX_FRAME - limits::MAX_HEAD) as u64;

impl Check<'_> {
    /// What other units are told of this app must fit a hello.
    pub(super) fn hellos(&self, config: &Config) {
        let release = &self.catalogue.release;
        if release.len() > limits::MAX_NAME {
            let (length, cap) = (release.len(), limits::MAX_NAME);
            self.findings.problem(
                &self.top(),
                format!("the release has {length} bytes, and other units are told {cap} at most"),
                "give the app a shorter one by `App::release` in main",
            );
            return;
        }
        let called = config.units.iter().filter(|unit| unit.listen.is_some());
        called.for_each(|unit| self.hello(unit, config));
    }

    fn hello(&self, unit: &UnitConfig, config: &Config) {
        let services = unit.services.iter().filter_map(|name| {
            let contract = self.catalogue.service(name)?.contract?;
            Some((name.as_str(), contract))
        });
        let identity = Identity::new(&*config.app.name, &*unit.name, &*self.catalogue.release);
        if let Err(error) = identity.check_hello(services) {
            let name = &unit.name;
            self.findings.problem(
                &self.origin(&["units", name, "services"]),
                format!("unit `{name}` can't tell other units what it hosts: {error}"),
                format!("move some `services` of [units.{name}] to another unit"),
            );
        }
    }

    /// A call passes through so many services at most, in one process and in several.
    pub(super) fn hops(&self, config: &Config) {
        // Each after those that it needs; empty where they need each other in a circle.
        let mut ways: Vec<Vec<&str>> = Vec::new();
        for name in &config.start_order {
            let Some(known) = self.catalogue.service(name) else { continue };
            let needed = ways.iter().filter(|way| known.needs.iter().any(|need| *need == way[0]));
            let longest = needed.max_by_key(|way| way.len()).cloned().unwrap_or_default();
            ways.push([&[known.name.as_str()], &*longest].concat());
        }
        let longest = ways.into_iter().max_by_key(Vec::len).unwrap_or_default();
        if longest.len() > HOP_LIMIT {
            self.findings.problem(
                &self.service(longest[0], config),
                format!(
                    "a call may have to pass through {} services, where {HOP_LIMIT} are the most: {}",
                    longest.len(),
                    longest.join(" -> ")
                ),
                "take one of these out of its service's `Needs`, and call those below it directly",
            );
        }
    }

    /// What the edge takes must reach a service in another unit.
    pub(super) fn bodies(&self, topology: &TopologyConfig, units: &[&UnitConfig], config: &Config) {
        if config.edge.body <= LARGEST_BODY {
            return;
        }
        let elsewhere = |edge: &&UnitConfig| {
            let mut offered = self.catalogue.services.iter().filter(|service| service.edge);
            offered.find(|service| !edge.services.contains(&service.name))
        };
        let edges = units.iter().filter(|unit| unit.has_edge()).copied();
        let Some((edge, called)) = edges.filter_map(|e| Some((e, elsewhere(&e)?))).next() else {
            return;
        };
        self.findings.problem(
            &self.origin(&["edge", "body"]),
            format!(
                "in topology `{}` the edge of unit `{}` takes bodies of {}, and calls \
                 `{}` in another unit, which can be sent {} at most",
                topology.name,
                edge.name,
                shown(config.edge.body),
                called.name,
                shown(LARGEST_BODY)
            ),
            format!("use {} or less", shown(LARGEST_BODY)),
        );
    }
}

fn shown(bytes: u64) -> String {
    Bytes(bytes).show().to_string()
}
