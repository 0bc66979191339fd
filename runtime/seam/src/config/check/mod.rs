//! What must hold between the parts of a config, so that it is found before anything starts.

mod admin;
mod auth;
mod events;
mod https;
mod instances;
mod registry;
mod remote;
mod security;
mod stores;
mod versions;
mod web;
mod wire;

use std::sync::Arc;

use super::{
    Config,
    catalogue::Catalogue,
    load::check_name,
    origin::Origin,
    problem::{nearest, ticked},
    reader::Findings,
    source::Source,
    tree::Table,
    types::{TopologyConfig, UnitConfig, Via},
    value::FromNode,
};

/// Resolves `"*"` and the start order; reports every impossible layout.
pub(super) fn check(
    config: &mut Config,
    root: &Table,
    source: &Arc<Source>,
    catalogue: &Catalogue,
    findings: &Findings,
) {
    let registered = config.registry.engine.is_dynamic();
    let remote = config.services.iter().filter(|service| service.remote);
    let remote = remote.map(|service| service.name.clone()).collect();
    let check = Check { root, source, catalogue, findings, registered, remote };
    check.app_name(config);
    check.admin(config);
    check.cycles(config);
    check.events(config);
    check.hops(config);
    for unit in &mut config.units {
        let name = unit.name.clone();
        findings.of_unit(&name, || check.unit(unit));
    }
    check.set_apart(config);
    for unit in &config.units {
        check.known(unit, config);
        findings.of_unit(&unit.name, || {
            check.security(unit, config);
            check.doors(unit, config);
        });
    }
    check.https(config);
    check.keeper(config);
    check.stores(config);
    check.queues(config);
    check.allowed(config);
    check.auth(config);
    check.edge_rules(config);
    check.edge_rates(config);
    check.grey(config);
    check.sockets(config);
    for unit in &config.units {
        check.instances(unit);
    }
    check.hellos(config);
    check.cors(config);
    check.kept_answers(config);
    let beside = catalogue.beside();
    for topology in &config.topologies {
        if let Some(units) = check.units(topology, config) {
            check.layout(topology, &units, config);
            check.bodies(topology, &units, config);
        }
    }
    if !beside.is_empty() {
        config.stand_beside(beside);
    }
}

struct Check<'a> {
    root: &'a Table,
    source: &'a Arc<Source>,
    catalogue: &'a Catalogue,
    findings: &'a Findings,
    /// Whether there is a registry, by which units have instances that the config doesn't list.
    registered: bool,
    /// The services that are hosted by none of the units.
    remote: Vec<String>,
}

impl Check<'_> {
    /// Where `path` was written; the top of the file if nowhere.
    fn origin(&self, path: &[&str]) -> Origin {
        match self.root.origin(path) {
            Origin::Default => self.top(),
            origin => origin,
        }
    }

    fn element(&self, path: &[&str], element: &str) -> Origin {
        match self.root.element_origin(path, element) {
            Origin::Default => self.origin(path),
            origin => origin,
        }
    }

    fn top(&self) -> Origin {
        match self.source.text.is_empty() {
            true => Origin::Whole(self.source.name.as_str().into()),
            false => Origin::top(self.source),
        }
    }

    /// Where a service is spoken of: its own table, or else the unit that names it.
    fn service(&self, name: &str, config: &Config) -> Origin {
        if let Origin::File(spot) = self.root.origin(&["services", name])
            && self.root.node(&["services", name]).is_some()
        {
            return Origin::File(spot);
        }
        let unit = config.units.iter().find(|unit| unit.services.iter().any(|s| s == name));
        unit.map_or_else(
            || self.top(),
            |unit| self.element(&["units", &unit.name, "services"], name),
        )
    }

    /// The name in the file was checked when it was read; the one in the code wasn't.
    fn app_name(&self, config: &Config) {
        if self.root.node(&["app", "name"]).is_none()
            && let Err((reason, fix)) = check_name("an app", &config.app.name)
        {
            let fix = format!("{fix}: in `App::new`, or by `name` of [app]");
            self.findings.problem(&self.top(), reason, fix);
        }
    }

    fn cycles(&self, config: &mut Config) {
        for service in &self.catalogue.services {
            for need in &service.needs {
                if self.catalogue.service(need).is_none() {
                    self.findings.problem(
                        &self.service(&service.name, config),
                        format!("service `{}` needs `{need}`, which this app hasn't", service.name),
                        format!("add the service `{need}` to the app in its `main`"),
                    );
                }
            }
        }
        match self.catalogue.start_order() {
            Ok(order) => config.start_order = order.into_iter().map(String::from).collect(),
            Err(path) => self.findings.problem(
                &self.service(path[0], config),
                format!("the services need each other in a circle: {}", path.join(" -> ")),
                "take one of these out of its service's `Needs`; let news upwards go by events",
            ),
        }
    }

    fn unit(&self, unit: &mut UnitConfig) {
        let path = ["units", unit.name.as_str(), "services"];
        for name in &mut unit.services {
            if let Some(known) = self.catalogue.tabled(name) {
                name.clone_from(&known.name);
            }
        }
        if let Err((reason, fix)) = check_name("a unit", &unit.name) {
            self.findings.problem(&self.origin(&path[..2]), reason, fix);
        }
        for (index, name) in unit.services.iter().enumerate() {
            if unit.services[..index].contains(name) {
                let reason = format!("unit `{}` lists service `{name}` twice", unit.name);
                self.findings.problem(&self.element(&path, name), reason, "list it once");
            } else if name != "*" && !self.is_hosted(name) && !self.is_remote(name) {
                let reason = format!("unknown service `{name}` in unit `{}`", unit.name);
                let hosted = self.catalogue.names().filter(|name| self.is_hosted(name));
                let fix = nearest(name, hosted);
                self.findings.problem(&self.element(&path, name), reason, fix);
            }
        }
        if unit.services.iter().any(|name| name == "*") {
            let here = self.catalogue.names().filter(|name| self.is_hosted(name));
            unit.services = here.filter(|name| !self.is_remote(name)).map(String::from).collect();
        }
    }

    /// A unit that only a variable speaks of, and no topology: a name mistyped, which would override
    /// nothing.
    fn known(&self, unit: &UnitConfig, config: &Config) {
        let origin = self.root.origin(&["units", unit.name.as_str()]);
        let used = config.topologies.iter().any(|topology| topology.units.contains(&unit.name));
        if used || !matches!(origin, Origin::Env(_)) {
            return;
        }
        let others = config.units.iter().filter(|other| other.name != unit.name);
        let fix = nearest(&unit.name, others.map(|other| other.name.as_str()));
        self.findings.problem(&origin, format!("there is no unit `{}`", unit.name), fix);
    }

    /// The units of a topology; `None` if not all of them are sound.
    fn units<'c>(
        &self,
        topology: &TopologyConfig,
        config: &'c Config,
    ) -> Option<Vec<&'c UnitConfig>> {
        let path = ["topologies", topology.name.as_str()];
        let before = self.findings.problems.borrow().len();
        if let Err((reason, fix)) = check_name("a topology", &topology.name) {
            self.findings.problem(&self.origin(&path), reason, fix);
        }
        if topology.units.is_empty() {
            let reason = format!("topology `{}` has no unit", topology.name);
            self.findings.problem(&self.origin(&path), reason, "name at least one unit");
        }
        let mut units = Vec::new();
        for (index, name) in topology.units.iter().enumerate() {
            let origin = || self.element(&path, name);
            if topology.units[..index].contains(name) {
                let reason = format!("topology `{}` lists unit `{name}` twice", topology.name);
                let fix = format!("list it once; `instances = 2` in [units.{name}] runs it twice");
                self.findings.problem(&origin(), reason, fix);
            } else if let Some(unit) = config.units.iter().find(|unit| unit.name == *name) {
                units.push(unit);
            } else {
                let reason = format!("unknown unit `{name}` in topology `{}`", topology.name);
                let fix = nearest(name, config.units.iter().map(|unit| unit.name.as_str()));
                self.findings.problem(&origin(), reason, fix);
            }
        }
        let unsound = self.findings.unsound.borrow();
        let sound = !topology.units.iter().any(|unit| unsound.contains(unit));
        (sound && self.findings.problems.borrow().len() == before).then_some(units)
    }

    fn layout(&self, topology: &TopologyConfig, units: &[&UnitConfig], config: &Config) {
        let circle = self.catalogue.start_order().is_err();
        let hosted = self.catalogue.names().filter(|name| self.is_hosted(name));
        for name in hosted.filter(|name| !self.is_remote(name)) {
            let hosts: Vec<&UnitConfig> =
                units.iter().filter(|unit| hosts(unit, name)).copied().collect();
            match hosts[..] {
                // Workers elsewhere may serve its queue.
                [] if config.service(name).is_some_and(|own| own.via == Via::Bus) => {}
                [] => self.unhosted(topology, units, name),
                // In a circle, someone always calls from elsewhere: that is no news.
                [_] if circle => {}
                [host] => self.reachable(topology, units, name, host),
                [first, second, ..] => self.hosted_twice(topology, name, first, second),
            }
        }
        self.addresses(topology, units);
    }

    fn unhosted(&self, topology: &TopologyConfig, units: &[&UnitConfig], service: &str) {
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        let name = &topology.name;
        self.findings.problem(
            &self.origin(&["topologies", name]),
            format!("service `{service}` is in no unit of topology `{name}`"),
            match names[..] {
                [only] => format!("add \"{service}\" to `services` of [units.{only}]"),
                _ => format!("add \"{service}\" to `services` of one of {}", ticked(&names)),
            },
        );
    }

    fn hosted_twice(
        &self,
        topology: &TopologyConfig,
        service: &str,
        first: &UnitConfig,
        second: &UnitConfig,
    ) {
        let fix = match self.root.node(&["units", &second.name, "services"]) {
            Some(_) => format!("take \"{service}\" out of `services` of one of the two units"),
            None => format!(
                "list the services of [units.{}]: without `services` it hosts all",
                second.name
            ),
        };
        self.findings.problem(
            &self.element(&["units", &second.name, "services"], service),
            format!(
                "service `{service}` is in two units of topology `{}`, `{}` and `{}`: \
                 it has one, of which there may be several `instances`",
                topology.name, first.name, second.name
            ),
            fix,
        );
    }

    /// A unit that others call and that doesn't say where it listens has a Unix socket in the data
    /// folder.
    fn sockets(&self, config: &mut Config) {
        let folder = config.app.data.join("links");
        let called = |unit: &UnitConfig| {
            let mut topologies = config.topologies.iter().filter(|t| t.units.contains(&unit.name));
            topologies.any(|topology| {
                let units = config.units.iter().filter(|unit| topology.units.contains(&unit.name));
                let units: Vec<&UnitConfig> = units.collect();
                // A unit with neither services nor an edge is there for its program, which may call
                // whom it likes.
                let program = units.iter().any(|u| u.services.is_empty() && !u.has_edge());
                let is_called = |service| program || self.caller(&units, service, unit).is_some();
                let keeps = config.keeper(topology).is_some_and(|keeper| keeper.name == unit.name);
                // Edges ask each other for tickets.
                let edges = units.iter().filter(|unit| unit.has_edge());
                let edges: u32 = edges.map(|unit| u32::from(unit.instances)).sum();
                let asked = unit.has_edge() && (edges > 1 || self.registered);
                // And each hears what services push to clients, wherever those are.
                let others = units.iter().any(|other| other.name != unit.name && other.has_edge());
                let heard = others && !unit.services.is_empty();
                keeps || asked || heard || unit.services.iter().any(|service| is_called(service))
            })
        };
        let silent = |unit: &UnitConfig| unit.listen.is_none() && unit.address.is_none();
        let units = config.units.iter().map(|unit| silent(unit) && called(unit));
        let wanted: Vec<bool> = units.collect();
        for (unit, _) in config.units.iter_mut().zip(wanted).filter(|(_, wanted)| *wanted) {
            let path = folder.join(format!("{}{}.sock", unit.name, self.catalogue.beside()));
            match format!("unix:{}", path.display()).parse() {
                Ok(address) => unit.listen = Some(address),
                Err(error) => self.findings.problem(
                    &self.origin(&["units", &unit.name]),
                    format!("unit `{}` can't listen at {}: {error}", unit.name, path.display()),
                    format!("add e.g. `listen = \"127.0.0.1:7102\"` to [units.{}]", unit.name),
                ),
            }
            self.findings.settled(&format!("units.{}", unit.name), "listen", unit.listen.show());
        }
    }

    /// Who calls a service from another process than its host, if anybody does.
    fn caller(&self, units: &[&UnitConfig], service: &str, host: &UnitConfig) -> Option<String> {
        let needs = |name: &String| {
            let known = self.catalogue.service(name);
            known.is_some_and(|known| known.needs.iter().any(|need| need == service))
        };
        let on = |name: &String| self.catalogue.subscribes(name, service);
        let elsewhere = || units.iter().filter(|unit| unit.name != host.name);
        let caller = elsewhere().find_map(|unit| {
            let name = unit.services.iter().find(|name| needs(name))?;
            Some(format!("`{name}` in unit `{}` calls it", unit.name))
        });
        let subscriber = || {
            elsewhere().find_map(|unit| {
                let name = unit.services.iter().find(|name| on(name))?;
                Some(format!("`{name}` in unit `{}` subscribes to its events", unit.name))
            })
        };
        let offered = self.catalogue.service(service).is_some_and(|known| known.edge);
        let edge = || {
            let unit = elsewhere().find(|unit| unit.has_edge())?;
            let alone = offered && !host.has_edge();
            alone.then(|| format!("the edge of unit `{}` offers it", unit.name))
        };
        let program = || {
            let unit = elsewhere().find(|unit| unit.program)?;
            Some(format!("the program of unit `{}` may call it", unit.name))
        };
        let several = host.instances > 1 || self.registered;
        let siblings = || several.then(|| "its instances call each other".into());
        caller.or_else(subscriber).or_else(edge).or_else(program).or_else(siblings)
    }

    /// Others must be able to reach a service that they need.
    fn reachable(
        &self,
        topology: &TopologyConfig,
        units: &[&UnitConfig],
        service: &str,
        host: &UnitConfig,
    ) {
        let Some(why) = self.caller(units, service, host) else { return };
        let unit = &host.name;
        let (path, what, fix) = match (&host.listen, &host.address) {
            // It has a socket, or was told that its path is too long.
            (None, None) => return,
            (None, Some(_)) => {
                let fix = format!("add e.g. `listen = \"127.0.0.1:7102\"` to [units.{unit}]");
                (vec!["units", unit], "has no `listen`", fix)
            }
            (Some(listen), None) if listen.is_any_port() && !self.registered => {
                let fix = "choose a port, or say in `address` where others reach it".into();
                (vec!["units", unit, "listen"], "listens on a port that nobody knows", fix)
            }
            _ => return,
        };
        self.findings.problem(
            &self.origin(&path),
            format!(
                "in topology `{}` unit `{unit}` hosts `{service}` and {what}, but {why}",
                topology.name
            ),
            fix,
        );
    }
}

fn hosts(unit: &UnitConfig, service: &str) -> bool {
    unit.services.iter().any(|name| name == service)
}
