//! What a unit says of itself.

use serde::{Deserialize, Serialize};

/// One unit, as `status` shows it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct UnitStatus {
    /// Its name.
    pub(crate) unit: String,
    /// The topology that it runs in.
    pub(crate) topology: String,
    /// Its process.
    pub(crate) pid: u32,
    /// How long it has been running, in milliseconds.
    pub(crate) uptime_ms: u64,
    /// Whether every dependency has answered once.
    pub(crate) ready: bool,
    /// Where its edge serves: the real port.
    pub(crate) http: Option<String>,
    /// Where it listens for other units: the real port.
    pub(crate) listen: Option<String>,
    /// The services that it hosts.
    pub(crate) services: Vec<ServiceStatus>,
    /// Calls by method, also of services elsewhere that it has called.
    pub(crate) methods: Vec<MethodStatus>,
}

/// A service that a unit hosts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct ServiceStatus {
    /// Its name.
    pub(crate) service: String,
    /// `inline` or `arbiter`.
    pub(crate) lane: String,
    /// `running`, `starting`, `down`, …
    pub(crate) state: String,
    /// How often it was built anew.
    pub(crate) restarts: u64,
    /// Calls that wait or run now.
    pub(crate) in_flight: u64,
}

/// The calls of one method that a unit has counted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct MethodStatus {
    /// The service.
    pub(crate) service: String,
    /// The method.
    pub(crate) method: String,
    /// Whether the calls went over the wire.
    pub(crate) remote: bool,
    /// All calls.
    pub(crate) calls: u64,
    /// Calls that got their answer.
    pub(crate) answers: u64,
    /// Calls that the service answered with an error of its own.
    pub(crate) service_errors: u64,
    /// Calls that never ran.
    pub(crate) not_executed: u64,
    /// Calls of which nobody knows.
    pub(crate) unknown: u64,
    /// Half of the calls took at most so many microseconds.
    pub(crate) p50_us: Option<f64>,
    /// 99 in 100 calls took at most so many microseconds.
    pub(crate) p99_us: Option<f64>,
}
