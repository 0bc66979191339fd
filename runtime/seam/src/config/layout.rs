//! Who hosts what: the config from one unit's point of view.

use super::{
    Address, Config,
    problem::{nearest, ticked},
    types::{TopologyConfig, UnitConfig},
};

/// What one unit of one topology hosts, and where everything else is.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitLayout {
    /// The topology that it runs in.
    pub topology: String,
    /// Its name.
    pub unit: String,
    /// The services that it hosts, each after those that it needs.
    pub services: Vec<String>,
    /// Where its edge serves.
    pub http: Option<Address>,
    /// Where it listens for other units.
    pub listen: Option<Address>,
    /// Whether its program calls services of other units.
    pub program: bool,
    /// The services that other units host and that can be reached there.
    pub remote: Vec<RemoteService>,
    /// The other units of the topology.
    pub peers: Vec<Peer>,
}

impl UnitLayout {
    /// Whether anybody in this unit may call any service: its edge does, and its program may, if it
    /// says so or if there is nothing else in the unit.
    pub fn calls_any(&self) -> bool {
        self.http.is_some() || self.program || self.services.is_empty()
    }
}

/// A service that another unit hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteService {
    /// Its name.
    pub service: String,
    /// The unit that hosts it.
    pub unit: String,
    /// Where that unit is reached.
    pub address: Address,
}

/// Another unit of the topology.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Its name.
    pub unit: String,
    /// Where it is reached, if it listens.
    pub address: Option<Address>,
    /// The services that it hosts.
    pub services: Vec<String>,
}

/// Why a unit or topology can't be told from what the command line says.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LayoutError {
    /// No topology of that name.
    #[error("there is no topology `{name}`\n  fix: {fix}")]
    UnknownTopology {
        /// What was asked for.
        name: String,
        /// The nearest name.
        fix: String,
    },
    /// No unit of that name.
    #[error("there is no unit `{name}`\n  fix: {fix}")]
    UnknownUnit {
        /// What was asked for.
        name: String,
        /// The nearest name.
        fix: String,
    },
    /// The unit isn't part of the topology.
    #[error("unit `{unit}` is not in topology `{topology}`\n  fix: {fix}")]
    NotInTopology {
        /// The unit that was asked for.
        unit: String,
        /// The topology that was asked for.
        topology: String,
        /// The units that it has.
        fix: String,
    },
    /// The unit is in no topology, so that nobody knows where the other services are.
    #[error("unit `{unit}` is in no topology\n  fix: add it to one under [topologies]")]
    Homeless {
        /// The unit that was asked for.
        unit: String,
    },
    /// The topology has several units, and none was named.
    #[error(
        "topology `{topology}` has several units: {}\n  \
         fix: `run --unit NAME` starts one of them, `up {topology}` all", ticked(.units)
    )]
    SeveralUnits {
        /// The topology.
        topology: String,
        /// Its units.
        units: Vec<String>,
    },
    /// The unit runs differently in several topologies, and none was named.
    #[error(
        "unit `{unit}` is in several topologies, with other services elsewhere: {}\n  \
         fix: say which by --topology", ticked(.topologies)
    )]
    SeveralTopologies {
        /// The unit.
        unit: String,
        /// The topologies that it is in.
        topologies: Vec<String>,
    },
}

impl Config {
    /// A topology by name, or the first of the file.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn topology(&self, name: Option<&str>) -> Result<&TopologyConfig, LayoutError> {
        let found = match name {
            None => self.topologies.first(),
            Some(name) => self.topologies.iter().find(|topology| topology.name == name),
        };
        found.ok_or_else(|| {
            let name = name.unwrap_or_default();
            let fix = nearest(name, self.topologies.iter().map(|topology| topology.name.as_str()));
            LayoutError::UnknownTopology { name: name.into(), fix }
        })
    }

    /// What `run` starts: the unit that is named, or the only one of the topology; in the
    /// topology that is named, or else in the one that the unit is in, or else in the first.
    ///
    /// # Errors
    /// The names fit nothing, or more than one layout.
    pub fn layout(
        &self,
        topology: Option<&str>,
        unit: Option<&str>,
    ) -> Result<UnitLayout, LayoutError> {
        match (topology, unit) {
            (None, Some(unit)) => self.layout_of_unit(unit),
            (topology, Some(unit)) => {
                let unit = self.unit_named(unit)?;
                let topology = self.topology(topology)?;
                if !topology.units.contains(&unit.name) {
                    return Err(LayoutError::NotInTopology {
                        unit: unit.name.clone(),
                        topology: topology.name.clone(),
                        fix: format!("its units are {}", ticked(&topology.units)),
                    });
                }
                Ok(self.resolve(topology, unit))
            }
            (topology, None) => {
                let topology = self.topology(topology)?;
                match &topology.units[..] {
                    [only] => Ok(self.resolve(topology, self.unit_named(only)?)),
                    units => Err(LayoutError::SeveralUnits {
                        topology: topology.name.clone(),
                        units: units.to_vec(),
                    }),
                }
            }
        }
    }

    /// The layouts of all units of a topology, by default of the first of the file.
    ///
    /// # Errors
    /// There is no topology of that name.
    pub fn layouts(&self, topology: Option<&str>) -> Result<Vec<UnitLayout>, LayoutError> {
        let topology = self.topology(topology)?;
        let resolve = |name: &String| Ok(self.resolve(topology, self.unit_named(name)?));
        topology.units.iter().map(resolve).collect()
    }

    /// Topologies in which everything else is at the same place are as good as one.
    fn layout_of_unit(&self, name: &str) -> Result<UnitLayout, LayoutError> {
        let unit = self.unit_named(name)?;
        let within = self.topologies.iter().filter(|topology| topology.units.contains(&unit.name));
        let layouts: Vec<UnitLayout> =
            within.map(|topology| self.resolve(topology, unit)).collect();
        match &layouts[..] {
            [] => Err(LayoutError::Homeless { unit: name.into() }),
            [first, others @ ..]
                if others
                    .iter()
                    .all(|layout| layout.remote == first.remote && layout.peers == first.peers) =>
            {
                Ok(first.clone())
            }
            layouts => Err(LayoutError::SeveralTopologies {
                unit: name.into(),
                topologies: layouts.iter().map(|layout| layout.topology.clone()).collect(),
            }),
        }
    }

    fn unit_named(&self, name: &str) -> Result<&UnitConfig, LayoutError> {
        self.units.iter().find(|unit| unit.name == name).ok_or_else(|| {
            let fix = nearest(name, self.units.iter().map(|unit| unit.name.as_str()));
            LayoutError::UnknownUnit { name: name.into(), fix }
        })
    }

    fn resolve(&self, topology: &TopologyConfig, unit: &UnitConfig) -> UnitLayout {
        let others = topology.units.iter().filter(|name| **name != unit.name);
        let others = others.filter_map(|name| self.units.iter().find(|unit| unit.name == *name));
        let peers: Vec<Peer> = others
            .map(|peer| Peer {
                unit: peer.name.clone(),
                address: peer
                    .address
                    .clone()
                    .filter(|_| peer.listen.is_some())
                    .or(peer.listen.clone()),
                services: self.in_start_order(peer),
            })
            .collect();
        let remote = peers.iter().flat_map(|peer| {
            let remote = |address: &Address, service: &String| RemoteService {
                service: service.clone(),
                unit: peer.unit.clone(),
                address: address.clone(),
            };
            let services = peer.services.iter();
            services.filter_map(move |name| Some(remote(peer.address.as_ref()?, name)))
        });
        UnitLayout {
            topology: topology.name.clone(),
            unit: unit.name.clone(),
            services: self.in_start_order(unit),
            http: unit.http.clone(),
            listen: unit.listen.clone(),
            program: unit.program,
            remote: remote.collect(),
            peers,
        }
    }

    fn in_start_order(&self, unit: &UnitConfig) -> Vec<String> {
        let order = self.start_order.iter();
        order.filter(|name| unit.services.contains(name)).cloned().collect()
    }
}
