//! Spans, as OTLP has them.

use std::collections::BTreeMap;

use super::{
    attributes::{Origin, Value, attribute, id},
    proto::Message,
};
use crate::{Outcome, Span, SpanKind};

/// The service that a request's spans are of.
const EDGE: &str = "edge";
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const ERROR: u64 = 2;

/// Writes an `ExportTraceServiceRequest`; how many spans aren't in it, since they have no ids.
pub(super) fn write(origin: &Origin, spans: &[Span]) -> (Vec<u8>, usize) {
    let mut request = Message::default();
    let mut resources: BTreeMap<(&str, &str), Vec<&Span>> = BTreeMap::new();
    for span in spans {
        resources.entry((&span.unit, service(span))).or_default().push(span);
    }
    let mut without = 0;
    for (resource, spans) in resources {
        origin.resource(&mut request, resource, |scope| {
            for span in spans {
                match Ids::of(span) {
                    Some(ids) => scope.message(2, |message| write_span(message, span, ids)),
                    None => without += 1,
                }
            }
        });
    }
    (request.into_bytes(), without)
}

/// The service whose span it is: who called, or who was called.
fn service(span: &Span) -> &str {
    match (span.kind, &span.http) {
        (_, Some(_)) => EDGE,
        (SpanKind::Client, None) => &span.caller,
        (SpanKind::Server, None) => &span.service,
    }
}

struct Ids {
    trace: [u8; 16],
    span: [u8; 8],
    parent: Option<[u8; 8]>,
}

impl Ids {
    fn of(span: &Span) -> Option<Self> {
        let parent = span.parent_id.as_deref().and_then(id);
        Some(Self { trace: id(&span.trace_id)?, span: id(&span.span_id)?, parent })
    }
}

fn write_span(message: &mut Message, span: &Span, ids: Ids) {
    message.bytes(1, &ids.trace);
    message.bytes(2, &ids.span);
    if let Some(parent) = ids.parent {
        message.bytes(4, &parent);
    }
    message.text(5, &span.name());
    message.number(6, if span.kind == SpanKind::Client { CLIENT } else { SERVER });
    message.fixed(7, nanoseconds(span.start_us));
    message.fixed(8, nanoseconds(span.start_us.saturating_add(span.took_us)));
    attributes(message, span);
    let link = span.link.as_ref().and_then(|link| Some((id(&link.trace_id)?, id(&link.span_id)?)));
    if let Some((trace, span)) = link {
        let (trace, span): ([u8; 16], [u8; 8]) = (trace, span);
        message.message(13, |link| {
            link.bytes(1, &trace);
            link.bytes(2, &span);
        });
    }
    if is_error(span) {
        message.message(15, |status| {
            if span.http.is_none() {
                status.text(2, span.code.as_deref().unwrap_or_default());
            }
            status.number(3, ERROR);
        });
    }
}

fn attributes(message: &mut Message, span: &Span) {
    let mut set = |key: &str, value: Value<'_>| attribute(message, 9, key, value);
    let status = span.http.as_ref().map(|http| http.status.to_string());
    match &span.http {
        Some(http) => {
            set("http.request.method", Value::Text(&http.method));
            if let Some(route) = &http.route {
                set("http.route", Value::Text(route));
            }
            set("url.path", Value::Text(&http.path));
            if http.status != 0 {
                set("http.response.status_code", Value::Number(http.status.into()));
            }
        }
        None => {
            set("rpc.system.name", Value::Text("seam"));
            set("rpc.method", Value::Text(&span.name()));
            if let Some(code) = &span.code {
                set("rpc.status_code", Value::Text(code));
            }
        }
    }
    if is_error(span) {
        let error = span.code.as_deref().or(status.as_deref()).unwrap_or(span.outcome.as_str());
        set("error.type", Value::Text(error));
    }
    set("seam.unit", Value::Text(&span.unit));
    if !span.caller.is_empty() {
        set("seam.caller", Value::Text(&span.caller));
    }
    set("seam.outcome", Value::Text(span.outcome.as_str()));
    if let Some(code) = &span.code {
        set("seam.code", Value::Text(code));
    }
    set("seam.wait_us", Value::Number(i64::try_from(span.wait_us).unwrap_or(i64::MAX)));
}

/// Whether OpenTelemetry's conventions call it an error: of a request that its server didn't answer or
/// couldn't; where a call was made, that it failed; where it ran, that it didn't, or nobody knows.
fn is_error(span: &Span) -> bool {
    match (&span.http, span.kind) {
        (Some(http), _) => http.status == 0 || http.status >= 500,
        (None, SpanKind::Client) => span.outcome != Outcome::Answered,
        (None, SpanKind::Server) => {
            matches!(span.outcome, Outcome::NotExecuted | Outcome::Unknown)
        }
    }
}

fn nanoseconds(microseconds: u64) -> u64 {
    microseconds.saturating_mul(1_000)
}
