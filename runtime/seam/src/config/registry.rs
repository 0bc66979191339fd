//! `[registry]`: what knows which instances of units there are.

use std::time::Duration;

use seam_registry::Settings;

use super::{
    Config,
    engine::{Engine, read_engine, read_url},
    load::positive,
    reader::Reader,
    types::{TopologyConfig, UnitConfig},
    url::ServerUrl,
    value::Choice,
};

/// `[registry]`: what knows which instances of units there are, beside those that the config lists.
///
/// ```toml
/// [registry]
/// engine = "nats"
/// url = "nats://127.0.0.1:4222"
/// lease = "10s"
/// heartbeat = "3s"
/// ```
#[derive(Clone, Debug)]
pub struct RegistryConfig {
    /// `engine`: what keeps it. Default: `static`.
    pub engine: RegistryEngine,
    /// `unit`: whose instance 0 keeps the embedded one. Default, and where a topology hasn't that unit:
    /// the topology's first.
    pub unit: String,
    /// `url`: where the broker is: `nats://HOST:PORT`, or `zookeeper://HOST:PORT,HOST:PORT`. Default: the
    /// engine's usual port on this machine.
    pub url: ServerUrl,
    /// `lease`, `heartbeat`: after how long without being renewed an instance is gone, and how often it
    /// renews. Defaults: `10s`, `3s`.
    pub settings: Settings,
}

/// What keeps the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryEngine {
    /// Nothing: instances are those of the config.
    Static,
    /// A unit, in its memory.
    Embedded,
    /// A NATS server with JetStream.
    Nats,
    /// A ZooKeeper ensemble.
    ZooKeeper,
}

impl Choice for RegistryEngine {
    const ALL: &'static [(&'static str, Self)] = &[
        ("static", Self::Static),
        ("embedded", Self::Embedded),
        ("nats", Self::Nats),
        ("zookeeper", Self::ZooKeeper),
    ];
}

impl RegistryEngine {
    /// Whether instances come and go that the config doesn't list.
    pub const fn is_dynamic(self) -> bool {
        !matches!(self, Self::Static)
    }
}

impl Engine for RegistryEngine {
    fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Nats if cfg!(not(feature = "nats")) => Some("nats"),
            Self::ZooKeeper if cfg!(not(feature = "zookeeper")) => Some("zookeeper"),
            _ => None,
        }
    }

    fn server(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Static | Self::Embedded => None,
            Self::Nats => Some(("nats", "nats://127.0.0.1:4222")),
            Self::ZooKeeper => Some(("zookeeper", "zookeeper://127.0.0.1:2181")),
        }
    }
}

/// Reads `[registry]`.
pub(super) fn read_registry(mut reader: Reader<'_>) -> RegistryConfig {
    let defaults = Settings::default();
    let engine = read_engine(&mut reader, RegistryEngine::Static);
    let unit = reader.value("unit", String::new());
    let url = read_url(&mut reader, engine);
    let lease = reader.checked("lease", defaults.lease, positive);
    let heartbeat = reader.checked("heartbeat", defaults.heartbeat, |heartbeat: &Duration| {
        positive(heartbeat)?;
        match heartbeat.saturating_mul(2) <= lease {
            true => Ok(()),
            false => Err((
                "`heartbeat` is more than half of `lease`: one that is lost would be the end"
                    .into(),
                "use a third of the lease".into(),
            )),
        }
    });
    reader.finish();
    RegistryConfig { engine, unit, url, settings: Settings { lease, heartbeat } }
}

impl Config {
    /// The unit whose instance 0 keeps the embedded registry in a topology; `None` with another engine.
    pub(crate) fn keeper<'c>(&'c self, topology: &'c TopologyConfig) -> Option<&'c UnitConfig> {
        let RegistryConfig { engine: RegistryEngine::Embedded, unit, .. } = &self.registry else {
            return None;
        };
        let named = topology.units.iter().find(|name| *name == unit);
        let name = named.or_else(|| topology.units.first())?;
        self.units.iter().find(|unit| unit.name == *name)
    }
}
