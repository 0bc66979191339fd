//! In which call something is said.

use seam_core::context;
use seam_telemetry::logs::LogEntry;

/// The entry with the call in which this thread is: `service`, `method`, `trace_id`, `span_id`.
pub(super) fn in_call(entry: LogEntry) -> LogEntry {
    let Some(context) = context::current() else { return entry };
    // What an edge does itself for a request is in no service's turn.
    let service = context.chain.iter().last().map_or("edge", |service| service.bare());
    let entry = entry.with("service", service);
    let entry = match context::site() {
        Some(site) => entry.with("method", site.method),
        None => entry,
    };
    let trace = &context.trace;
    entry.with("trace_id", trace.trace.to_string()).with("span_id", trace.span.to_string())
}
