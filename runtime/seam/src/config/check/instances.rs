//! What the processes of units can't share: ports, and sockets.

use super::Check;
use crate::config::{
    Address,
    types::{TopologyConfig, UnitConfig},
};

/// A listener of an instance, and the key that says where it is.
struct Listener<'a> {
    unit: &'a UnitConfig,
    key: &'static str,
    instance: u16,
    address: Address,
}

impl Listener<'_> {
    fn name(&self) -> String {
        match self.unit.instances {
            // The instances have one socket for it.
            _ if self.key != "listen" => format!("unit `{}`", self.unit.name),
            1 => format!("unit `{}`", self.unit.name),
            _ => format!("instance {} of unit `{}`", self.instance, self.unit.name),
        }
    }
}

fn listeners(unit: &UnitConfig) -> impl Iterator<Item = Listener<'_>> {
    let shared = |key, address: &Option<Address>| {
        address.clone().map(|address| Listener { unit, key, instance: 0, address })
    };
    let edge = shared("http", &unit.http).into_iter().chain(shared("https", &unit.https));
    let listen = unit.listen.iter().flat_map(move |listen| {
        let listener = move |instance| {
            let address = listen.of_instance(instance)?;
            Some(Listener { unit, key: "listen", instance, address })
        };
        (0..unit.instances).filter_map(listener)
    });
    edge.chain(listen)
}

impl Check<'_> {
    /// Every instance of a unit has an address.
    pub(super) fn instances(&self, unit: &UnitConfig) {
        let (name, instances) = (&unit.name, unit.instances);
        for (key, address) in [("listen", &unit.listen), ("address", &unit.address)] {
            let Some(address) = address else { continue };
            let last = instances - 1;
            if address.of_instance(last).is_none() {
                let unwritten = self.root.node(&["units", name, key]).is_none();
                let path: &[&str] =
                    if unwritten { &["units", name] } else { &["units", name, key] };
                self.findings.problem(
                    &self.origin(path),
                    format!(
                        "unit `{name}` has {instances} instances, and `{key}` is {address}: \
                         instance {last} would have no address"
                    ),
                    "choose a lower port or a shorter path: each instance adds its number",
                );
            }
        }
    }

    /// No two listeners of a topology on one address.
    pub(super) fn addresses(&self, topology: &TopologyConfig, units: &[&UnitConfig]) {
        let mut taken: Vec<Listener<'_>> = Vec::new();
        for unit in units {
            // One clash of a key says enough.
            let mut told: Option<&str> = None;
            for listener in listeners(unit) {
                let clash = taken.iter().find(|other| other.address.clashes(&listener.address));
                if let Some(other) = clash.filter(|_| told != Some(listener.key)) {
                    self.findings.problem(
                        &self.origin(&["units", &unit.name, listener.key]),
                        format!(
                            "in topology `{}` `{}` of {} is {}, but `{}` of {} is {}: \
                             only one of them can listen",
                            topology.name,
                            listener.key,
                            listener.name(),
                            listener.address,
                            other.key,
                            other.name(),
                            other.address,
                        ),
                        "give one of them another port",
                    );
                    told = Some(listener.key);
                }
                taken.push(listener);
            }
        }
    }
}
