//! How a unit is, as `status` shows it; as JSON, its keys are in camel case.

use seam_core::metrics::MethodMetrics;
use seam_mesh::EndpointStatus;
use serde::{Deserialize, Serialize};

/// How a running unit is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitStatus {
    /// Its name.
    pub unit: String,
    /// Which of the unit's processes it is, from 0.
    #[serde(default)]
    pub instance: u16,
    /// The topology that it runs in.
    pub topology: String,
    /// Its process.
    pub pid: u32,
    /// How long it has been running, in milliseconds.
    pub uptime_ms: u64,
    /// Whether every dependency has answered once.
    pub ready: bool,
    /// What it waits for while it isn't ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What tells the config that it goes by from another: see [`Config::version`](crate::config::Config::version).
    #[serde(default)]
    pub config_version: String,
    /// Where its edge serves: the real port.
    pub http: Option<String>,
    /// Where its edge serves by TLS: the real port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// Where it listens for other units: the real port.
    pub listen: Option<String>,
    /// Lines of its process's log that nobody read in time, and that were dropped; 0 in a program
    /// that logs by itself.
    #[serde(default)]
    pub log_lines_dropped: u64,
    /// How it knows of instances that the config doesn't list.
    #[serde(default)]
    pub registry: RegistryStatus,
    /// The services that it hosts.
    pub services: Vec<ServiceStatus>,
    /// Calls by method, also of services elsewhere that it has called.
    pub methods: Vec<MethodStatus>,
    /// The instances of services elsewhere that it calls.
    #[serde(default)]
    pub endpoints: Vec<EndpointStatus>,
    /// The services that were plugged in, or that wanted to be.
    #[serde(default)]
    pub plugged: Vec<PluggedStatus>,
}

/// A service that the app doesn't know, hosted by a process that config doesn't name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluggedStatus {
    /// Its name.
    pub service: String,
    /// Its contract's version.
    pub version: String,
    /// `served`; `away` while no process hosts it; or `refused`.
    pub state: String,
    /// Why it is refused: a route that is taken, and whose, or that it isn't let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The processes that host it, or did.
    pub instances: Vec<String>,
}

/// What a unit knows of the registry. By default that of the engine `static`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryStatus {
    /// `static`, `embedded`, `nats` or `zookeeper`.
    pub engine: String,
    /// Whether it tells of every change. While it can't be reached it doesn't: then the unit goes by what
    /// it knew last.
    pub fresh: bool,
}

impl Default for RegistryStatus {
    fn default() -> Self {
        Self { engine: "static".into(), fresh: true }
    }
}

/// A service that a unit hosts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Its name.
    pub service: String,
    /// Its contract's version.
    #[serde(default)]
    pub version: String,
    /// `inline` or `arbiter`.
    pub lane: String,
    /// `running`, `starting`, `down`, `draining` or `stopped`; of a unit with several instances also
    /// `standby`, while another one has the service's database, and `recovering` while this one opens
    /// it.
    pub state: String,
    /// Whether it is well, by its own word: `good` or `bad`; absent while it doesn't run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// Why it is down, isn't well, or hasn't started yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How its store is: `ok`, `full` while there is no room to write, `away` while its server is out of
    /// reach, or `poisoned` once a write couldn't be brought to disk; absent for a service without
    /// tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// How often it was built anew.
    pub restarts: u64,
    /// Calls that wait or run now.
    pub in_flight: u64,
}

/// The calls of one method that a unit has counted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodStatus {
    /// The service.
    pub service: String,
    /// Its contract's version; empty where there is none.
    #[serde(default)]
    pub version: String,
    /// The method.
    pub method: String,
    /// Whether the calls went over the wire.
    pub remote: bool,
    /// What was counted.
    #[serde(flatten)]
    pub metrics: MethodMetrics,
}
