//! All metrics, by name.

/// What is told under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// As Prometheus has it, `_total` of a counter included.
    pub name: &'static str,
    /// As OTLP has it; what Prometheus makes of that and the unit is `name`.
    pub otlp: &'static str,
    /// Of what its values are, as OTLP has it; empty for whether something is so.
    pub unit: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it says, in one line.
    pub help: &'static str,
    /// The names of its labels, in the order of its points' values.
    pub labels: &'static [&'static str],
}

/// What a metric's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows while a process lives.
    Counter,
    /// A number as it is now.
    Gauge,
    /// How long something took, by buckets.
    Histogram,
}

/// Every metric, in the order in which they are told.
pub const METRICS: &[Metric] = &[
    CALLS,
    SLOW_CALLS,
    CALL_DURATION,
    CALL_WAIT,
    HTTP_REQUESTS,
    HTTP_REQUEST_DURATION,
    IN_FLIGHT,
    RESTARTS,
    SERVICE_UP,
    UNIT_READY,
    LINK_UP,
    UNKNOWN_OPEN,
    DROPPED,
    CPU,
    RESIDENT_MEMORY,
    OPEN_FDS,
    THREADS,
    START_TIME,
];

pub(super) const CALLS: Metric = Metric {
    name: "seam_calls_total",
    otlp: "seam.calls",
    unit: "{call}",
    kind: Kind::Counter,
    help: "Calls that are over, where they were made and where they were served.",
    labels: &["unit", "service", "method", "caller", "side", "outcome", "code"],
};

pub(super) const SLOW_CALLS: Metric = Metric {
    name: "seam_slow_calls_total",
    otlp: "seam.slow_calls",
    unit: "{call}",
    kind: Kind::Counter,
    help: "Calls that took longer than their limit.",
    labels: &["unit", "service", "method", "caller", "side"],
};

pub(super) const CALL_DURATION: Metric = Metric {
    name: "seam_call_duration_seconds",
    otlp: "seam.call.duration",
    unit: "s",
    kind: Kind::Histogram,
    help: "How long calls took, their wait in the mailbox included.",
    labels: &["unit", "service", "method", "side"],
};

pub(super) const CALL_WAIT: Metric = Metric {
    name: "seam_call_wait_seconds",
    otlp: "seam.call.wait",
    unit: "s",
    kind: Kind::Histogram,
    help: "How long calls waited in the mailbox.",
    labels: &["unit", "service", "method", "side"],
};

pub(super) const HTTP_REQUESTS: Metric = Metric {
    name: "seam_http_requests_total",
    otlp: "seam.http.requests",
    unit: "{request}",
    kind: Kind::Counter,
    help: "Requests that are over; status 0 if the client left before there was a response.",
    labels: &["unit", "method", "route", "status"],
};

pub(super) const HTTP_REQUEST_DURATION: Metric = Metric {
    name: "seam_http_request_duration_seconds",
    otlp: "seam.http.request.duration",
    unit: "s",
    kind: Kind::Histogram,
    help: "How long requests took.",
    labels: &["unit", "method", "route"],
};

pub(super) const IN_FLIGHT: Metric = Metric {
    name: "seam_in_flight",
    otlp: "seam.in_flight",
    unit: "{call}",
    kind: Kind::Gauge,
    help: "Calls that wait or run now at a service.",
    labels: &["unit", "service"],
};

pub(super) const RESTARTS: Metric = Metric {
    name: "seam_restarts_total",
    otlp: "seam.restarts",
    unit: "{restart}",
    kind: Kind::Counter,
    help: "How often a service's actor was built anew.",
    labels: &["unit", "service"],
};

pub(super) const SERVICE_UP: Metric = Metric {
    name: "seam_service_up",
    otlp: "seam.service.up",
    unit: "",
    kind: Kind::Gauge,
    help: "Whether a service takes calls.",
    labels: &["unit", "service"],
};

pub(super) const UNIT_READY: Metric = Metric {
    name: "seam_unit_ready",
    otlp: "seam.unit.ready",
    unit: "",
    kind: Kind::Gauge,
    help: "Whether every dependency of the unit has answered once.",
    labels: &["unit"],
};

pub(super) const LINK_UP: Metric = Metric {
    name: "seam_link_up",
    otlp: "seam.link.up",
    unit: "",
    kind: Kind::Gauge,
    help: "Whether the connection to another unit stands.",
    labels: &["unit", "peer"],
};

pub(super) const UNKNOWN_OPEN: Metric = Metric {
    name: "seam_unknown_open",
    otlp: "seam.unknown.open",
    unit: "{call}",
    kind: Kind::Gauge,
    help: "Calls whose outcome is unknown and that nobody has looked into.",
    labels: &["unit"],
};

pub(super) const DROPPED: Metric = Metric {
    name: "seam_dropped_total",
    otlp: "seam.dropped",
    unit: "{item}",
    kind: Kind::Counter,
    help: "What telemetry had no room for, by what it was.",
    labels: &["unit", "what"],
};

pub(super) const CPU: Metric = Metric {
    name: "process_cpu_seconds_total",
    otlp: "process.cpu",
    unit: "s",
    kind: Kind::Counter,
    help: "Time on processors, in seconds.",
    labels: &["unit"],
};

pub(super) const RESIDENT_MEMORY: Metric = Metric {
    name: "process_resident_memory_bytes",
    otlp: "process.resident_memory",
    unit: "By",
    kind: Kind::Gauge,
    help: "Memory that is resident, in bytes.",
    labels: &["unit"],
};

pub(super) const OPEN_FDS: Metric = Metric {
    name: "process_open_fds",
    otlp: "process.open_fds",
    unit: "{file}",
    kind: Kind::Gauge,
    help: "File descriptors that are open.",
    labels: &["unit"],
};

pub(super) const THREADS: Metric = Metric {
    name: "process_threads",
    otlp: "process.threads",
    unit: "{thread}",
    kind: Kind::Gauge,
    help: "Threads that there are.",
    labels: &["unit"],
};

pub(super) const START_TIME: Metric = Metric {
    name: "process_start_time_seconds",
    otlp: "process.start_time",
    unit: "s",
    kind: Kind::Gauge,
    help: "When the process began, in seconds since 1970.",
    labels: &["unit"],
};
