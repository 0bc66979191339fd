//! What is asked.

use serde::Deserialize;

/// What is asked of the units, all together. What is answered is the content of the list or object that
/// the route is named for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// How the units are: what `status --json` prints.
    Status,
    /// The units and their services, and who calls whom: `nodes` and `edges`.
    Topology,
    /// The services and their methods.
    Contracts,
    /// The config in effect, and where each value came from; secrets are hidden.
    Config,
    /// The config of a service.
    ServiceConfig(ServiceQuery),
    /// The configs that were in force.
    ConfigHistory,
    /// Topics and their subscriptions.
    Topics,
    /// Events that have failed too often.
    Dead,
    /// Commands without an outcome.
    Tickets,
    /// What runs by itself.
    Schedules,
    /// Traces that are kept.
    Traces(TraceQuery),
    /// One trace.
    Trace(String),
    /// Lines of logs.
    Logs(LogQuery),
    /// Calls whose outcome is, or was, unknown.
    Unknown,
    /// Methods over their limit.
    Slow,
    /// Metrics, as a text: of OpenMetrics, or in the older format of Prometheus.
    Metrics {
        /// Whether it is OpenMetrics.
        open_metrics: bool,
    },
}

/// What is listened to until who listens goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// The topology, every second.
    Live,
    /// Calls as they end.
    Tap(TapQuery),
    /// Lines of logs as they are written.
    Logs(LogQuery),
}

/// A service's config in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceQuery {
    /// The service.
    pub service: String,
    /// The profile; `default` where there is none.
    pub profile: String,
    /// Whether secrets are shown: to operators.
    pub secrets: bool,
}

/// Which traces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TraceQuery {
    /// With a span of this service.
    pub service: Option<String>,
    /// With a span in this unit.
    pub unit: Option<String>,
    /// That took so many milliseconds at least.
    pub min_ms: Option<u64>,
    /// With a span that ended so.
    pub outcome: Option<seam_telemetry::Outcome>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// Which lines.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogQuery {
    /// Of this unit.
    pub unit: Option<String>,
    /// Of this service.
    pub service: Option<String>,
    /// As grave as this, or more.
    pub level: Option<String>,
    /// Of this trace.
    pub trace: Option<String>,
    /// Not older: a time, or how long ago.
    pub since: Option<String>,
    /// With this text in them.
    pub grep: Option<String>,
    /// How many at most, the newest.
    pub limit: Option<usize>,
}

/// Which calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TapQuery {
    /// Of this service.
    pub service: Option<String>,
    /// Of this method.
    pub method: Option<String>,
    /// Made by this caller.
    pub caller: Option<String>,
    /// That ended so.
    pub outcome: Option<seam_telemetry::Outcome>,
    /// That took longer: `100ms`.
    pub over: Option<String>,
    /// Whether arguments and results are shown: `1`.
    pub bodies: Option<u8>,
}
