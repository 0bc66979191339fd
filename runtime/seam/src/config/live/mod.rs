//! What is set while the app runs: `set edge.rate 100/1s --unit front --for 10m`.
//!
//! A setting lies over the file, its profile and the environment, and is checked as they are. It is kept
//! in the data folder until it is unset, or its time is over.

mod kept;
mod keys;

use std::{fmt, time::SystemTime};

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

pub(crate) use self::kept::{Kept, MOST};
use super::{
    Config,
    catalogue::Catalogue,
    origin::Origin,
    problem::Problem,
    tree::{Entry, Kind, Node, Table},
};

/// A key that was set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct LiveSetting {
    /// Dotted, e.g. `services.payment.mailbox`.
    pub(crate) key: String,
    /// As it was given: text as in a variable, so quotes may be left out.
    pub(crate) value: String,
    /// The only unit for which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    /// Who set it, and when: milliseconds since 1970.
    pub(crate) by: String,
    pub(crate) at: u64,
    /// When it is taken back, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<u64>,
}

/// Who has set a value, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setter {
    by: String,
    at: u64,
    until: Option<u64>,
}

impl fmt::Display for Setter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set by {} at {}", self.by, time(self.at))?;
        self.until.map_or(Ok(()), |until| write!(f, " until {}", time(until)))
    }
}

impl LiveSetting {
    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it holds in a unit; for no unit in particular, those hold that aren't of one alone.
    pub(crate) fn holds_in(&self, unit: Option<&str>) -> bool {
        self.unit.is_none() || self.unit.as_deref() == unit
    }

    /// What is wrong with setting this key in an app, before its value is looked at.
    ///
    /// # Errors
    /// The key can't be set, or is of a service that the app hasn't.
    pub(crate) fn check(&self, config: &Config) -> Result<(), Problem> {
        let wrong = |(reason, fix): (String, String)| Problem::new(&self.origin(), reason, fix);
        keys::known(&self.key, config).map_err(wrong)
    }

    fn origin(&self) -> Origin {
        let (by, at, until) = (self.by.clone(), self.at, self.until);
        Origin::Set(Setter { by, at, until }.into())
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time as people and logs write it: `2026-11-28T21:02:47Z`.
pub(crate) fn time(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(DateTime::from_timestamp_millis);
    at.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Puts what was set into the tree, over everything else, as it holds in a unit. What holds in one unit
/// lies over what holds in all, and what ends by itself over what doesn't.
pub(super) fn lay_live(
    root: &mut Table,
    set: &[LiveSetting],
    unit: Option<&str>,
    catalogue: &Catalogue,
    problems: &mut Vec<Problem>,
) {
    let written = root.node(&["services"]).and_then(Node::table).map(Table::keys);
    let written: Vec<String> = written.into_iter().flatten().map(String::from).collect();
    // A service of another program that has the same data folder is none of this one's.
    let is_here = |name: &str| {
        catalogue.tables().any(|known| known == name) || written.iter().any(|known| known == name)
    };
    let mut holding: Vec<&LiveSetting> = set.iter().filter(|own| own.holds_in(unit)).collect();
    holding.sort_by_key(|own| (own.unit.is_some(), own.until.is_some()));
    for own in holding {
        match keys::levels(&own.key) {
            Ok(levels) if levels[0] == "services" && !is_here(levels[1]) => {}
            Ok(levels) => put(root, &levels, own),
            Err((reason, fix)) => problems.push(Problem::new(&own.origin(), reason, fix)),
        }
    }
}

fn put(table: &mut Table, levels: &[&str], own: &LiveSetting) {
    let [level, deeper @ ..] = levels else { return };
    let found = table.entries.iter().position(|entry| entry.key == *level);
    let index = found.unwrap_or_else(|| {
        let node = Node { origin: own.origin(), kind: Kind::Table(Table::default()) };
        table.entries.push(Entry { key: (*level).to_owned(), origin: own.origin(), node });
        table.entries.len() - 1
    });
    let entry = &mut table.entries[index];
    if deeper.is_empty() {
        let kind = Kind::Raw(own.value.clone());
        (entry.origin, entry.node) = (own.origin(), Node { origin: own.origin(), kind });
    } else if let Kind::Table(table) = &mut entry.node.kind {
        put(table, deeper, own);
    }
    // What is no table is a problem by itself.
}
