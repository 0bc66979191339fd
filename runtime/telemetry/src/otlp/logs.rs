//! Lines of the log, as OTLP has them.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Map, Value as Json};

use super::{
    attributes::{Origin, Value, any_value, attribute, id},
    proto::Message,
};

/// How many attributes a line has at most.
const ATTRIBUTES: usize = 64;
/// What of a line isn't an attribute: it has a field of its own, or is the resource's.
const KNOWN: [&str; 8] =
    ["timestamp", "level", "message", "trace_id", "span_id", "service", "unit", "instance"];

/// Writes an `ExportLogsServiceRequest` of lines, each the JSON object of an entry; what is none is a
/// message alone. They are told of the services that they name, or of the app.
pub(super) fn write(origin: &Origin, lines: &[String]) -> Vec<u8> {
    let entries: Vec<Map<String, Json>> = lines.iter().map(|line| entry(line)).collect();
    let mut resources: BTreeMap<&str, Vec<&Map<String, Json>>> = BTreeMap::new();
    for entry in &entries {
        let service = text(entry, "service").unwrap_or(&origin.app);
        resources.entry(service).or_default().push(entry);
    }
    let mut request = Message::default();
    for (service, entries) in resources {
        origin.resource(&mut request, (&origin.unit, service), |scope| {
            for entry in entries {
                scope.message(2, |record| write_entry(record, entry));
            }
        });
    }
    request.into_bytes()
}

fn entry(line: &str) -> Map<String, Json> {
    serde_json::from_str(line)
        .unwrap_or_else(|_| Map::from_iter([("message".to_owned(), Json::from(line))]))
}

fn text<'e>(entry: &'e Map<String, Json>, key: &str) -> Option<&'e str> {
    entry.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn write_entry(record: &mut Message, entry: &Map<String, Json>) {
    let at = text(entry, "timestamp").and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let at = at.and_then(|at| u64::try_from(at.timestamp_nanos_opt()?).ok());
    if let Some(at) = at {
        record.fixed(1, at);
        record.fixed(11, at);
    }
    if let Some(level) = text(entry, "level") {
        record.number(2, severity(level));
        record.text(3, level);
    }
    let message = entry.get("message");
    record.message(5, |any| value(message.unwrap_or(&Json::Null), |value| any_value(any, value)));
    let attributes = entry.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str()));
    for (key, json) in attributes.take(ATTRIBUTES) {
        value(json, |value| attribute(record, 6, key, value));
    }
    if let Some(trace) = text(entry, "trace_id").and_then(id::<16>) {
        record.bytes(9, &trace);
        if let Some(span) = text(entry, "span_id").and_then(id::<8>) {
            record.bytes(10, &span);
        }
    }
}

/// The number of a level, as OpenTelemetry has it; 0 for one that isn't known.
fn severity(level: &str) -> u64 {
    match level.to_ascii_uppercase().as_str() {
        "TRACE" => 1,
        "DEBUG" => 5,
        "INFO" => 9,
        "WARN" => 13,
        "ERROR" => 17,
        _ => 0,
    }
}

/// Hands on a JSON value; lists and objects as their text.
fn value(json: &Json, write: impl FnOnce(Value<'_>)) {
    match json {
        Json::String(text) => write(Value::Text(text)),
        Json::Bool(flag) => write(Value::Flag(*flag)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => write(Value::Number(number)),
            (None, Some(real)) => write(Value::Real(real)),
            (None, None) => {}
        },
        Json::Null => write(Value::Text("")),
        Json::Array(_) | Json::Object(_) => write(Value::Text(&json.to_string())),
    }
}
