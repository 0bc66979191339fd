//! The access log: a line per request.

use super::Here;
use crate::response::Response;

/// Logs a request and its response: what the edge or a service failed at as information, the others
/// for who looks closely.
pub(super) fn write(here: &Here<'_>, response: &Response) {
    let request = here.request;
    let took = || here.worker.now().since(request.began);
    let (method, path, trace) = (request.method(), request.path(), &request.trace);
    let (status, code) = (response.status.as_u16(), &*response.code);
    let (trace_id, span_id) = (trace.trace, trace.span);
    if response.status.is_server_error() {
        tracing::info!(service = "edge", %method, path, status, code, took = ?took(), %trace_id, %span_id);
    } else {
        tracing::debug!(service = "edge", %method, path, status, code, took = ?took(), %trace_id, %span_id);
    }
}
