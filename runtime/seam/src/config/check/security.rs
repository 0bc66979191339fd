//! Who is to be kept away from a unit's listener, and by what.

use seam_core::contract::MethodDescriptor;
use seam_core::name::bare;

use super::Check;
use crate::config::{
    Config, Origin,
    problem::{near, nearest},
    types::{AllowedCaller, EdgeRule, ServiceConfig, UnitConfig},
};

impl Check<'_> {
    /// What listens where other machines reach it must know who calls.
    pub(super) fn security(&self, unit: &UnitConfig, config: &Config) {
        if let Some(listen) = unit.listen.as_ref().filter(|listen| !listen.is_local())
            && config.tls.is_none()
            && !config.app.insecure
        {
            let app = &config.app.name;
            self.findings.problem(
                &self.origin(&["units", &unit.name, "listen"]),
                format!("`listen` on {listen} can be reached from other machines, by anybody"),
                format!(
                    "add [tls] with `dir = \"certs\"`, for which `{app} certs` makes certificates; \
                     or listen on 127.0.0.1, [::1] or unix:PATH; or, where only your own machines \
                     reach it, say `insecure = true` in [app]"
                ),
            );
        }
        if unit.name == "ca" && config.tls.is_some() {
            self.findings.problem(
                &self.origin(&["units", "ca"]),
                "the certificate of unit `ca` would lie in ca.pem, which is the CA's",
                "call the unit something else",
            );
        }
    }

    /// What serves HTTP where other machines reach it must know its clients, or be meant not to.
    pub(super) fn doors(&self, unit: &UnitConfig, config: &Config) {
        let doors = [("http", &unit.http), ("https", &unit.https)];
        let doors = doors.into_iter().filter_map(|(key, door)| Some((key, door.as_ref()?)));
        if let Some((key, door)) = doors.into_iter().find(|(_, door)| !door.is_local())
            && !config.edge.knows_clients()
            && !config.edge.open
        {
            self.findings.problem(
                &self.origin(&["units", &unit.name, key]),
                format!("`{key}` on {door} can be reached from other machines, and anybody may ask"),
                "say who your clients are, by [edge.jwt], [edge.keys.NAME] or [edge.session]; or serve \
                 on 127.0.0.1 or [::1]; or, where everything here is for everybody, say `open = true` \
                 in [edge]",
            );
        }
    }

    /// Limits of the edge name methods that there are.
    pub(super) fn edge_rates(&self, config: &Config) {
        for rate in &config.edge.rates {
            self.edge_method("rates", &rate.method);
        }
    }

    /// Rules of the edge name methods and arguments that there are.
    pub(super) fn edge_rules(&self, config: &Config) {
        for EdgeRule { method: name, rule } in &config.edge.allow {
            if let Some(method) = self.edge_method("allow", name)
                && let Err(error) = rule.check(method)
            {
                let origin = self.origin(&["edge", "allow", name]);
                self.findings.problem(&origin, error.to_string(), "use one of its arguments");
            }
        }
    }

    /// The method of that name in a table of `[edge]`, if there is one and clients may ask for it. A
    /// service that the app hasn't may come later, unless its name looks like a slip.
    pub(super) fn edge_method(&self, table: &str, name: &str) -> Option<&MethodDescriptor> {
        let origin = self.origin(&["edge", table, name]);
        let Some((service, method)) = name.split_once('.') else {
            let fix = "write SERVICE.METHOD, in quotes: \"order.list\"";
            self.findings.problem(&origin, format!("`{name}` is no method"), fix);
            return None;
        };
        let Some(known) = self.catalogue.tabled(service) else {
            let services: Vec<&str> = self.catalogue.names().collect();
            if near(service, &services).is_some() {
                let reason = format!("`{name}`: this app has no service `{service}`");
                self.findings.problem(&origin, reason, nearest(service, services));
            }
            return None;
        };
        let contract = known.contract?;
        let Some(found) = contract.method(method) else {
            let names = contract.methods.iter().map(|method| method.name.as_str());
            let reason = format!("`{service}` has no method `{method}`");
            self.findings.problem(&origin, reason, nearest(method, names));
            return None;
        };
        if !found.at_the_edge() {
            let reason =
                format!("`{name}` has no route and isn't public: no client can ask for it");
            self.findings.problem(&origin, reason, "leave it out");
        }
        Some(found)
    }

    /// Whose calls find a breaker open: what is set while the app runs may name what another program has.
    fn refused(&self, service: &ServiceConfig) {
        let path = ["services", bare(&service.name), "breaker", "refuse"];
        let known = |name: &str| name == "*" || self.catalogue.tabled(name).is_some();
        for caller in &service.refuse {
            let AllowedCaller::Service(name) = caller else { continue };
            let origin = self.element(&path, name);
            if !known(name) && !matches!(origin, Origin::Set(_)) {
                let names = self.catalogue.names().chain(["edge", "program", "*"]);
                let reason = format!("unknown caller `{name}`: this app has no such service");
                self.findings.problem(&origin, reason, nearest(name, names));
            }
        }
    }

    /// Rules name methods and callers that there are.
    pub(super) fn allowed(&self, config: &Config) {
        for service in &config.services {
            self.refused(service);
            let known = self.catalogue.service(&service.name);
            for rule in &service.allow {
                let path = ["services", &service.name, "allow", &rule.method];
                if let Some(contract) = known.and_then(|known| known.contract)
                    && contract.method(&rule.method).is_none()
                {
                    let names = contract.methods.iter().map(|method| method.name.as_str());
                    self.findings.problem(
                        &self.origin(&path),
                        format!("`{}` has no method `{}`", service.name, rule.method),
                        nearest(&rule.method, names),
                    );
                }
                let method = known.and_then(|known| known.contract?.method(&rule.method));
                let called = method.and_then(called_by_itself);
                if let Some(what) =
                    called.filter(|_| !rule.callers.contains(&AllowedCaller::Program))
                {
                    self.findings.problem(
                        &self.origin(&path),
                        format!(
                            "`{}.{}` {what} as `program`, which may not call it",
                            service.name, rule.method
                        ),
                        "add \"program\" to the rule",
                    );
                }
                for caller in &rule.callers {
                    if let AllowedCaller::Service(name) = caller
                        && self.catalogue.service(name).is_none()
                    {
                        let names = self.catalogue.names().chain(["edge", "program"]);
                        self.findings.problem(
                            &self.element(&path, name),
                            format!("unknown caller `{name}`: this app has no such service"),
                            nearest(name, names),
                        );
                    }
                }
            }
        }
    }
}

/// What of a method the runtime itself calls, if it does.
const fn called_by_itself(method: &MethodDescriptor) -> Option<&'static str> {
    if method.on.is_some() {
        return Some("is handed its events");
    }
    if method.schedule.is_some() {
        return Some("runs by its schedule");
    }
    if method.saga { Some("runs") } else { None }
}
