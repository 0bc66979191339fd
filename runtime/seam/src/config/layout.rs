//! Who hosts what: the config from one unit's point of view.

use seam_core::name::bare;

use super::{
    Address, Config,
    problem::{nearest, ticked},
    types::{TopologyConfig, UnitConfig},
};

/// What one instance of one unit of one topology hosts, and where everything else is.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitLayout {
    /// The topology that it runs in.
    pub topology: String,
    /// Its name.
    pub unit: String,
    /// Which of the unit's processes it is, from 0.
    pub instance: u16,
    /// How many of them there are by the config.
    pub instances: u16,
    /// The services that it hosts, each after those that it needs.
    pub services: Vec<String>,
    /// Where its edge serves.
    pub http: Option<Address>,
    /// Where its edge serves by TLS.
    pub https: Option<Address>,
    /// Where it listens for other units.
    pub listen: Option<Address>,
    /// Whether its program calls services of other units.
    pub program: bool,
    /// The services that other units host and that can be reached there.
    pub remote: Vec<RemoteService>,
    /// The other units of the topology.
    pub peers: Vec<Peer>,
    /// The other instances of this unit, which host the same services.
    pub siblings: Vec<Endpoint>,
    /// Whether there is a registry, by which instances of units come and go that the config doesn't list.
    pub registered: bool,
}

impl UnitLayout {
    /// What this process is called in file names, logs and messages: the unit's name, followed by the
    /// number of any instance but the first.
    pub fn process(&self) -> String {
        process(&self.unit, self.instance)
    }

    /// Whether it is one of several processes that host the same services, or may be.
    pub const fn is_one_of_several(&self) -> bool {
        self.instances > 1 || self.instance > 0 || self.registered
    }

    /// Whether it may have connections over TCP, which want certificates where there is `[tls]`.
    pub fn is_on_tcp(&self) -> bool {
        let tcp = |address: &Address| matches!(address, Address::Tcp { .. });
        let mut others = self.remote.iter().flat_map(|remote| &remote.endpoints);
        self.listen.as_ref().is_some_and(tcp) || others.any(|other| tcp(&other.address))
    }

    /// Whether anybody in this unit may call any service: its edge does, and its program may, if it
    /// says so or if there is nothing else in the unit.
    pub fn calls_any(&self) -> bool {
        self.has_edge() || self.program || self.services.is_empty()
    }

    /// Whether it has an edge.
    pub const fn has_edge(&self) -> bool {
        self.http.is_some() || self.https.is_some()
    }
}

/// What the process of a unit's instance is called: `pay`, `pay.1`, `pay.2`. No unit's name has a dot.
pub(crate) fn process(unit: &str, instance: u16) -> String {
    match instance {
        0 => unit.to_owned(),
        instance => format!("{unit}.{instance}"),
    }
}

/// Where one instance of a unit is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its number, from 0.
    pub instance: u16,
    /// Where it listens, as others see it.
    pub address: Address,
}

/// A service that another unit hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteService {
    /// Its name.
    pub service: String,
    /// The unit that hosts it.
    pub unit: String,
    /// Where that unit's instances are reached; at least one, unless there is a registry.
    pub endpoints: Vec<Endpoint>,
}

/// Another unit of the topology.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Its name.
    pub unit: String,
    /// Where its instances are reached; none if it doesn't listen.
    pub endpoints: Vec<Endpoint>,
    /// The services that it hosts.
    pub services: Vec<String>,
    /// Whether it has an edge.
    pub edge: bool,
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
         fix: say which, e.g. `--topology {}`, or start its `up` first on this data folder",
        ticked(.topologies), .topologies.last().map_or("NAME", String::as_str)
    )]
    SeveralTopologies {
        /// The unit.
        unit: String,
        /// The topologies that it is in.
        topologies: Vec<String>,
    },
    /// The unit's addresses have no room for an instance of that number.
    #[error(
        "instance {instance} of unit `{unit}` has no address: {address} plus {instance} is none\n  \
         fix: choose a lower port or a shorter path in [units.{unit}]"
    )]
    NoAddress {
        /// The unit.
        unit: String,
        /// The instance that was asked for.
        instance: u16,
        /// The address of instance 0.
        address: Address,
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

    /// What `run` starts: the first instance of a unit. See [`Config::layout_of`].
    ///
    /// # Errors
    /// As [`Config::layout_of`].
    pub fn layout(
        &self,
        topology: Option<&str>,
        unit: Option<&str>,
    ) -> Result<UnitLayout, LayoutError> {
        self.layout_of(topology, unit, 0)
    }

    /// What `run --instance N` starts: an instance of the unit that is named, or the only one of the topology; in the
    /// topology that is named, or else in the one that the unit is in, or else in the first. There
    /// may be more instances than the config says.
    ///
    /// # Errors
    /// The names fit nothing, or more than one layout; the instance would have no address.
    pub fn layout_of(
        &self,
        topology: Option<&str>,
        unit: Option<&str>,
        instance: u16,
    ) -> Result<UnitLayout, LayoutError> {
        let first = self.layout_of_first(topology, unit)?;
        self.numbered(first, instance)
    }

    /// The same for instance 0.
    fn layout_of_first(
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

    /// The layout of another instance of the unit whose instance 0 has this one.
    fn numbered(&self, first: UnitLayout, instance: u16) -> Result<UnitLayout, LayoutError> {
        let listen = match &first.listen {
            None => None,
            Some(address) => Some(address.of_instance(instance).ok_or_else(|| {
                let (unit, address) = (first.unit.clone(), address.clone());
                LayoutError::NoAddress { unit, instance, address }
            })?),
        };
        let unit = self.unit_named(&first.unit)?;
        let mut siblings = endpoints(unit);
        siblings.retain(|sibling| sibling.instance != instance);
        Ok(UnitLayout { instance, listen, siblings, ..first })
    }

    /// The layouts of the first instances of all units of a topology, by default of the first of the
    /// file.
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

    /// Where the processes are that config names for what is remote.
    pub(crate) fn foreign_endpoints(&self) -> Vec<(String, Endpoint)> {
        let of = |unit: &UnitConfig| {
            let name = unit.name.clone();
            endpoints(unit).into_iter().map(move |endpoint| (name.clone(), endpoint))
        };
        self.foreign.iter().flat_map(of).collect()
    }

    /// Puts what tells this program's units from those of another behind their names.
    pub(super) fn stand_beside(&mut self, beside: &str) {
        self.units.iter_mut().for_each(|unit| unit.name += beside);
        let units = self.topologies.iter_mut().flat_map(|topology| &mut topology.units);
        units.for_each(|unit| *unit += beside);
        if !self.registry.unit.is_empty() {
            self.registry.unit += beside;
        }
    }

    fn unit_named(&self, name: &str) -> Result<&UnitConfig, LayoutError> {
        let is = |unit: &&UnitConfig| unit.name == name || bare(&unit.name) == name;
        self.units.iter().find(is).ok_or_else(|| {
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
                endpoints: endpoints(peer),
                services: self.in_start_order(peer),
                edge: peer.has_edge(),
            })
            .collect();
        let registered = self.registry.engine.is_dynamic();
        let reached = peers.iter().filter(|peer| !peer.endpoints.is_empty() || registered);
        let remote = reached.flat_map(|peer| {
            peer.services.iter().map(|service| RemoteService {
                service: service.clone(),
                unit: peer.unit.clone(),
                endpoints: peer.endpoints.clone(),
            })
        });
        UnitLayout {
            topology: topology.name.clone(),
            unit: unit.name.clone(),
            instance: 0,
            instances: unit.instances,
            services: self.in_start_order(unit),
            http: unit.http.clone(),
            https: unit.https.clone(),
            listen: unit.listen.clone(),
            program: unit.program,
            remote: remote.collect(),
            siblings: endpoints(unit).into_iter().filter(|sibling| sibling.instance > 0).collect(),
            registered,
            peers,
        }
    }

    fn in_start_order(&self, unit: &UnitConfig) -> Vec<String> {
        let order = self.start_order.iter();
        order.filter(|name| unit.services.contains(name)).cloned().collect()
    }
}

/// Where the instances of a unit are reached; none if it doesn't listen, or nobody knows where.
fn endpoints(unit: &UnitConfig) -> Vec<Endpoint> {
    let Some(listen) = &unit.listen else { return Vec::new() };
    let address = unit.address.as_ref().unwrap_or(listen);
    let endpoint = |instance| {
        let address = address.of_instance(instance).filter(|address| !address.is_any_port())?;
        Some(Endpoint { instance, address })
    };
    (0..unit.instances).filter_map(endpoint).collect()
}
