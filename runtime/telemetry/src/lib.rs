//! What is known of finished calls: spans, counts and log entries, as they are kept, looked up, and
//! handed on to others' tools.
//!
//! A unit writes what its calls were ([`Span`]) and reads what it has counted ([`Snapshot`]); everything
//! here goes by these two and by the lines of its log. It does nothing on the way of a call.

mod snapshot;
mod span;

pub use snapshot::{
    CallCount, Gauge, HttpCount, HttpLatency, Latency, LinkState, ProcessUsage, ServiceGauges,
    Side, Snapshot,
};
pub use span::{Http, Link, Outcome, Span, SpanKind};
