//! What is registered: an instance of a unit, and where it is reached.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instance of a unit, as it has registered itself. As JSON its keys are in camel case; keys that
/// a reader doesn't know are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The app: entries of others are none of ours.
    pub app: String,
    /// The unit.
    pub unit: String,
    /// Which of its instances, from 0.
    pub instance: u16,
    /// Where others reach it: `HOST:PORT`, or `unix:PATH` with an absolute path.
    pub address: String,
    /// The machine that the path is on, by [`here`]; none where any machine reaches the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The process: a random number per start.
    pub launch: u64,
    /// The build of the app.
    pub release: String,
}

/// Whose entry it is: there is one per instance of a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The unit.
    pub unit: String,
    /// Which of its instances.
    pub instance: u16,
}

impl Entry {
    /// Whose it is.
    pub fn place(&self) -> Place {
        Place { unit: self.unit.clone(), instance: self.instance }
    }

    /// Whether this machine reaches the address, as far as that can be told.
    pub fn is_reachable(&self) -> bool {
        self.host.as_ref().is_none_or(|host| *host == here())
    }

    /// The entry as engines that keep bytes keep it.
    #[cfg(any(feature = "nats", feature = "zookeeper"))]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // A struct of texts and numbers can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What an engine that keeps bytes has kept; `None` if it is no entry, or of another place than
    /// the one where it lay.
    #[cfg(any(feature = "nats", feature = "zookeeper"))]
    pub(crate) fn from_bytes(bytes: &[u8], place: &Place) -> Option<Self> {
        let entry: Self = serde_json::from_slice(bytes).ok()?;
        (entry.place() == *place).then_some(entry)
    }
}

#[cfg(any(feature = "nats", feature = "zookeeper"))]
impl Place {
    /// Reads what [`Display`](fmt::Display) writes: `pay.1`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (unit, instance) = text.rsplit_once('.')?;
        Some(Self { unit: unit.to_owned(), instance: instance.parse().ok()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.unit, self.instance)
    }
}

/// What tells this machine from others: its name, and the id of its kernel's start. Two containers on
/// one kernel have names of their own.
pub fn here() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().into_owned();
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => format!("{name}/{}", id.trim()),
        Err(_) => name,
    }
}
