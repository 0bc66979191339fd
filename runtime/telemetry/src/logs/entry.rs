//! A line of a log, as what it says.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{level::Level, time};

/// What stands before a key that a line has already, or that is none of its own.
const OTHER: &str = "line.";
/// Keys that say of every line where it comes from: a field of an event has none of them.
const OURS: [&str; 7] = ["timestamp", "level", "unit", "instance", "target", "message", "spans"];

/// A line of a log: a JSON object in which no key stands twice, in the order in which it was written.
///
/// ```json
/// {"timestamp":"2026-11-28T20:52:48.123456Z","level":"WARN","unit":"front","target":"order::service",
///  "message":"not charged: the order stays pending","service":"order","method":"place",
///  "trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","order":7}
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LogEntry {
    members: Map<String, Value>,
}

impl LogEntry {
    /// The begin of a line that is written now: `timestamp`, `level`, `unit`, and `instance` where the
    /// unit has several.
    pub fn new(level: Level, unit: &str, instance: Option<u16>) -> Self {
        let mut members = Map::new();
        members.insert("timestamp".into(), time::now().into());
        members.insert("level".into(), level.as_str().into());
        members.insert("unit".into(), unit.into());
        if let Some(instance) = instance {
            members.insert("instance".into(), instance.into());
        }
        Self { members }
    }

    /// The line with another member of ours, which replaces one of that key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.members.insert(key.into(), value.into());
        self
    }

    /// Adds a field of the event's own. If its name is one of ours, or stands there already, it gets
    /// `line.` before it, so that both can be read.
    pub fn add(&mut self, field: &str, value: Value) {
        let mut key = match OURS.contains(&field) {
            true => format!("{OTHER}{field}"),
            false => field.to_owned(),
        };
        while self.members.contains_key(&key) {
            key.insert_str(0, OTHER);
        }
        self.members.insert(key, value);
    }

    /// Reads a line of a log; `None` if it is none, such as one whose end was never written.
    pub fn read(line: &[u8]) -> Option<Self> {
        let entry: Self = serde_json::from_slice(line).ok()?;
        entry.members.get("timestamp").is_some_and(Value::is_string).then_some(entry)
    }

    /// What stands under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.members.get(key)
    }

    /// All keys with their values, in the order of the line.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// When it was written: a text in UTC, so that times are in the order of their texts.
    pub fn at(&self) -> &str {
        self.text_of("timestamp").unwrap_or_default()
    }

    /// How grave it is.
    pub fn level(&self) -> Level {
        self.text_of("level").and_then(|level| level.parse().ok()).unwrap_or_default()
    }

    /// The unit that wrote it.
    pub fn unit(&self) -> &str {
        self.text_of("unit").unwrap_or_default()
    }

    /// Which of the unit's processes that was, where it has several.
    pub fn instance(&self) -> Option<u64> {
        self.get("instance").and_then(Value::as_u64)
    }

    /// What it says.
    pub fn message(&self) -> &str {
        self.text_of("message").unwrap_or_default()
    }

    /// The service that said it, or that it is about; `edge` for a request.
    pub fn service(&self) -> Option<&str> {
        self.text_of("service")
    }

    /// The method whose turn said it.
    pub fn method(&self) -> Option<&str> {
        self.text_of("method")
    }

    /// The trace of the call or request in which it was said: 32 hexadecimal digits.
    pub fn trace_id(&self) -> Option<&str> {
        self.text_of("trace_id")
    }

    /// The call in the trace: 16 hexadecimal digits.
    pub fn span_id(&self) -> Option<&str> {
        self.text_of("span_id")
    }

    fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    pub(super) fn members_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.members.values_mut()
    }
}

/// How a field is called, by its key: without what was put before that.
pub(super) fn field(key: &str) -> &str {
    key.trim_start_matches(OTHER)
}

/// As it stands in the file, without the end of the line.
impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.members).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_takes_the_place_of_another() {
        let mut entry = LogEntry::new(Level::Warn, "pay", Some(1)).with("message", "hello");
        let entry = {
            for field in
                ["unit", "timestamp", "message", "x", "x", "service", "line.unit", "instance"]
            {
                entry.add(field, field.into());
            }
            entry
        };
        let keys: Vec<_> = entry.members().map(|(key, _)| key).collect();
        let all = [
            "timestamp",
            "level",
            "unit",
            "instance",
            "message",
            "line.unit",
            "line.timestamp",
            "line.message",
            "x",
            "line.x",
            "service",
            "line.line.unit",
            "line.instance",
        ];
        assert_eq!(keys, all);
        assert_eq!((entry.unit(), entry.instance(), entry.level()), ("pay", Some(1), Level::Warn));
        assert_eq!((entry.message(), entry.service()), ("hello", Some("service")));
        assert_eq!(LogEntry::read(entry.to_string().as_bytes()), Some(entry));
    }

    #[test]
    fn what_is_no_line_is_none() {
        for line in
            [&b""[..], b"{}", b"{\"timestamp\":1}", b"{\"timestamp\":\"2026", b"hello", b"\xff"]
        {
            assert_eq!(LogEntry::read(line), None);
        }
    }
}
