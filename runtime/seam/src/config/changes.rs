//! What differs between two configs, and what of it a process that runs can't take.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Config, UnitLayout, effective::Effective, problem::Problem};

/// What an app is found by. While it runs, it stays where it is.
const FIXED: [(&str, &str); 2] = [("app", "name"), ("app", "data")];

/// A value's table and key.
type Name<'c> = (&'c str, &'c str);

fn name(effective: &Effective) -> Name<'_> {
    (&effective.table, &effective.key)
}

impl Config {
    /// The values that differ in another config, as that has them, and those that it hasn't.
    fn differing<'c>(&'c self, other: &'c Self) -> Vec<&'c Effective> {
        let all = |config: &'c Self| -> BTreeMap<Name<'c>, &'c Json> {
            config.effective.iter().map(|own| (name(own), &own.value)).collect()
        };
        let (here, there) = (all(self), all(other));
        let differs =
            |own: &Effective| here.get(&name(own)).is_none_or(|value| **value != own.value);
        let gone = self.effective.iter().filter(|own| !there.contains_key(&name(own)));
        other.effective.iter().filter(|own| differs(own)).chain(gone).collect()
    }

    /// What `next` changes that must stay as it is for as long as the app runs.
    pub(crate) fn unchangeable(&self, next: &Self) -> Vec<Problem> {
        let fixed = |own: &&Effective| FIXED.contains(&(own.table.as_str(), own.key.as_str()));
        let problem = |own: &Effective| {
            let Effective { table, key, origin, .. } = own;
            let reason = format!("`{key}` of [{table}] can't change while the app runs");
            Problem::new(origin, reason, "put it back, or stop the app, and start it again")
        };
        self.differing(next).into_iter().filter(fixed).map(problem).collect()
    }

    /// The keys of `next` that a process which was started by this config has no use for until it is
    /// started again, such as `units.pay.listen`; `layout` is what it does now.
    pub(crate) fn needs_restart(&self, next: &Self, layout: &UnitLayout) -> Vec<String> {
        let needs = |own: &&Effective| self.is_read_once(own, layout, next);
        let name = |own: &Effective| format!("{}.{}", own.table, own.key);
        let mut keys: Vec<_> = self.differing(next).into_iter().filter(needs).map(name).collect();
        keys.extend(self.moves_rows(next, layout));
        keys
    }

    fn is_read_once(&self, changed: &Effective, layout: &UnitLayout, next: &Self) -> bool {
        let levels: Vec<&str> = changed.table.split('.').collect();
        let key = changed.key.as_str();
        let hosted = |name: &str| layout.services.iter().any(|service| service == name);
        match levels[..] {
            ["edge", "plugins", ..] => layout.has_edge(),
            // Its files are looked at, and which they are is read once.
            ["edge", "tls"] => key != "redirect",
            ["calls" | "rehearsal" | "trace"] | ["edge", ..] => false,
            ["bus"] => matches!(key, "engine" | "url"),
            // By what they are for the services here.
            ["store"] => false,
            ["services", _, "store"] if matches!(key, "engine" | "url") => false,
            ["app"] => key != "drain",
            ["log"] => key == "format",
            ["otlp", ..] => false,
            ["topologies"] => key == layout.topology && !self.has_same_units(next, key),
            ["units", unit] if unit != layout.unit => false,
            ["units", _] => match key {
                "services" | "instances" | "address" => false,
                // It is opened when it is needed, and stays then.
                "listen" => {
                    self.listen_of(&layout.unit).is_some() && next.listen_of(&layout.unit).is_some()
                }
                _ => true,
            },
            ["services", name] => match key {
                "mailbox" | "turn_limit" | "balance" => false,
                "remote" => true,
                _ => hosted(name),
            },
            ["services", _, "allow" | "calls" | "breaker" | "rehearsal" | "on" | "config", ..] => {
                false
            }
            ["services", name, ..] => hosted(name),
            _ => true,
        }
    }

    fn listen_of(&self, unit: &str) -> Option<&super::Address> {
        self.units.iter().find(|own| own.name == unit)?.listen.as_ref()
    }

    /// Whether a service's own table is the same in another config.
    pub(crate) fn has_same_settings(&self, other: &Self, service: &str) -> bool {
        let path = format!("services.{service}.config");
        self.differing(other).iter().all(|own| own.table != path)
    }

    /// Whether a topology has the same units in another config, in whatever order.
    pub(crate) fn has_same_units(&self, other: &Self, topology: &str) -> bool {
        let units = |config: &Self| {
            let found = config.topologies.iter().find(|own| own.name == topology)?;
            let mut units = found.units.clone();
            units.sort_unstable();
            Some(units)
        };
        units(self) == units(other)
    }
}
