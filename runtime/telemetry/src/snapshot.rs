//! What a unit has counted, at one moment.

use serde::{Deserialize, Serialize};

use super::span::Outcome;

/// What a unit has counted until now. Counts only grow while its process lives.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The unit; with several instances `NAME.N`.
    pub unit: String,
    /// When its process began, in microseconds since 1970.
    pub started_us: u64,
    /// When this was read, in microseconds since 1970.
    pub at_us: u64,
    /// Calls that are over.
    pub calls: Vec<CallCount>,
    /// How long they took: each of them once.
    pub durations: Vec<Latency>,
    /// How long they waited in the mailbox: each of them once.
    pub waits: Vec<Latency>,
    /// Requests that are over.
    pub http: Vec<HttpCount>,
    /// How long they took: each of them once.
    pub http_durations: Vec<HttpLatency>,
    /// How the services are that it hosts.
    pub services: Vec<ServiceGauges>,
    /// Whether every dependency has answered once.
    pub ready: bool,
    /// Its connections to other units.
    pub links: Vec<LinkState>,
    /// Calls whose outcome is unknown and that nobody has looked into.
    pub unknown_open: u64,
    /// What was dropped because there was no room for it, by what it was: `spans`, `log_lines`, …
    pub dropped: Vec<Gauge>,
    /// What its process uses.
    pub process: ProcessUsage,
}

/// On which side of a call it is counted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where it was made.
    Made,
    /// Where it came to run, or was refused.
    Served,
}

/// How many calls ended so.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallCount {
    /// The service that was called, by its bare name.
    pub service: String,
    /// The method.
    pub method: String,
    /// Who called: a service, `edge`, `program` or `operator`.
    pub caller: String,
    /// On which side.
    pub side: Side,
    /// How they ended.
    pub outcome: Outcome,
    /// The code of what went wrong; empty if they were answered.
    pub code: String,
    /// How many.
    pub count: u64,
    /// How many of them were over their limit.
    pub slow: u64,
}

/// How long the calls of a method took, or waited.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// The service, by its bare name.
    pub service: String,
    /// The method.
    pub method: String,
    /// On which side.
    pub side: Side,
    /// How many calls took no longer than so many nanoseconds, and longer than those before: `(upper,
    /// count)`, in order, without those that are empty. Each power of two is the upper end of one.
    pub buckets: Vec<(u64, u64)>,
    /// All of their times, in nanoseconds.
    pub sum: u64,
    /// The trace of one that was recorded, for each of the buckets that has one: `(upper, trace id,
    /// nanoseconds)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exemplars: Vec<(u64, String, u64)>,
}

/// How many requests ended so.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpCount {
    /// Their method; `_OTHER` if it is none that is known.
    pub method: String,
    /// The route that they took; empty if there is none.
    pub route: String,
    /// The status of their responses; 0 if their clients left before there was one.
    pub status: u16,
    /// How many.
    pub count: u64,
}

/// How long requests took.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpLatency {
    /// Their method.
    pub method: String,
    /// The route that they took; empty if there is none.
    pub route: String,
    /// As [`Latency::buckets`].
    pub buckets: Vec<(u64, u64)>,
    /// All of their times, in nanoseconds.
    pub sum: u64,
}

/// How a service is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceGauges {
    /// Its bare name.
    pub service: String,
    /// Its contract's version.
    pub version: String,
    /// Whether it takes calls.
    pub up: bool,
    /// How often its actor was built anew.
    pub restarts: u64,
    /// Calls that wait or run now.
    pub in_flight: u64,
}

/// A connection to another unit.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkState {
    /// The other unit, or its instance.
    pub peer: String,
    /// Whether it stands.
    pub up: bool,
}

/// A number with a name.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gauge {
    /// What it is of.
    pub what: String,
    /// The number.
    pub value: u64,
}

/// What a process uses.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessUsage {
    /// Time on processors, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is resident, in bytes.
    pub resident_bytes: u64,
    /// Descriptors that are open.
    pub open_fds: u64,
    /// Threads.
    pub threads: u64,
}
