//! What is known of finished calls: spans, counts and log entries, as they are kept, looked up, and
//! handed on to others' tools.
//!
//! A unit writes what its calls were ([`Span`]) and reads what it has counted ([`Snapshot`]); everything
//! here goes by these two and by the lines of its log. It does nothing on the way of a call.

pub mod grafana;
mod keep;
pub mod ledger;
pub mod logs;
pub mod metrics;
pub mod otlp;
pub mod prometheus;
mod recorded;
mod secrets;
pub mod tap;

#[cfg(test)]
#[path = "../../store/src/disk/small.rs"]
mod small;
mod snapshot;
mod span;

pub use keep::{Filter, Keep};
pub use recorded::span;
pub use secrets::SecretNames;
pub use snapshot::{
    CallCount, Gauge, HttpCount, HttpLatency, Latency, LinkState, ProcessUsage, ServiceGauges,
    Side, Snapshot,
};
pub use span::{Http, Link, Outcome, Span, SpanKind};
