//! Who keeps the embedded registry must be there, and be known.

use super::Check;
use crate::config::{Config, problem::nearest, registry::RegistryEngine};

impl Check<'_> {
    /// The unit that is named must exist, and others must know where the one is that keeps it.
    pub(super) fn keeper(&self, config: &Config) {
        if config.registry.engine != RegistryEngine::Embedded {
            return;
        }
        let name = &config.registry.unit;
        if !name.is_empty() && config.units.iter().all(|unit| unit.name != *name) {
            self.findings.problem(
                &self.origin(&["registry", "unit"]),
                format!("`unit`: there is no unit `{name}`"),
                nearest(name, config.units.iter().map(|unit| unit.name.as_str())),
            );
        }
        for topology in config.topologies.iter().filter(|topology| topology.units.len() > 1) {
            let Some(keeper) = config.keeper(topology) else { continue };
            let listen = keeper.listen.as_ref().filter(|listen| listen.is_any_port());
            if listen.is_some() && keeper.address.is_none() {
                let (unit, topology) = (&keeper.name, &topology.name);
                self.findings.problem(
                    &self.origin(&["units", unit, "listen"]),
                    format!(
                        "in topology `{topology}` unit `{unit}` keeps the registry, and listens on a \
                         port that nobody knows"
                    ),
                    "choose a port, or say in `address` where others reach it",
                );
            }
        }
    }
}
