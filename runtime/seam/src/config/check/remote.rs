//! Services that another process of the app hosts, and the units that stand for such processes.

use super::Check;
use crate::config::{
    Config,
    types::{TopologyConfig, UnitConfig},
};

impl Check<'_> {
    /// Whether this program has an actor for a service.
    pub(super) fn is_hosted(&self, name: &str) -> bool {
        self.catalogue.service(name).is_some_and(|known| !known.elsewhere)
    }

    /// Whether config says that a process which is none of its units hosts a service.
    pub(super) fn is_remote(&self, name: &str) -> bool {
        self.remote.iter().any(|remote| remote == name)
    }

    /// Sets the units apart that host only such services: nobody here starts them, and where they are
    /// must be said.
    pub(super) fn set_apart(&self, config: &mut Config) {
        let remote =
            |unit: &UnitConfig| unit.services.iter().filter(|name| self.is_remote(name)).count();
        for unit in &config.units {
            let (remote, all, name) = (remote(unit), unit.services.len(), &unit.name);
            if remote > 0 && remote < all {
                self.findings.problem(
                    &self.origin(&["units", name, "services"]),
                    format!("unit `{name}` hosts services that are remote beside some that aren't"),
                    "name a unit of their own for those with `remote = true`",
                );
            } else if remote > 0 && unit.listen.is_none() && unit.address.is_none() {
                self.findings.problem(
                    &self.origin(&["units", name]),
                    format!("unit `{name}` hosts what is remote, and has no `listen`"),
                    format!("say where it is reached: `listen = \"HOST:PORT\"` in [units.{name}]"),
                );
            }
        }
        let foreign = |unit: &mut UnitConfig| remote(unit) > 0;
        config.foreign = config.units.extract_if(.., foreign).collect();
        let foreign = |name: &String| config.foreign.iter().any(|unit| unit.name == *name);
        for TopologyConfig { units, .. } in &mut config.topologies {
            units.retain(|name| !foreign(name));
        }
    }
}
