//! Lines for people.

use std::fmt::Write as _;

use chrono::Local;
use serde_json::Value;

use super::{Level, LogEntry, entry, time};

/// How much of a trace's id tells it from others that a reader has before them.
const SHORT: usize = 8;

/// How lines look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// In the colours of a terminal.
    pub colour: bool,
    /// With the module that wrote them.
    pub target: bool,
    /// With the day, unless that is today.
    pub day: bool,
}

impl LogEntry {
    /// The line as people read it, without its end and without its unit:
    ///
    /// ```text
    /// 20:52:48.123  WARN not charged: the order stays pending order=7 (order.place 4bf92f35)
    /// ```
    pub fn text(&self, look: Look) -> String {
        let dim = |text: &str| painted(look, "2", text);
        let mut line = dim(&self.time(look));
        let level = self.level();
        let _ =
            write!(line, " {}", painted(look, colour(level), &format!("{:>5}", level.as_str())));
        if look.target
            && let Some(target) = self.get("target").and_then(Value::as_str)
        {
            let _ = write!(line, " {}", dim(&format!("{target}:")));
        }
        line.push_str(&self.said(look));
        line
    }

    /// What stands behind time and level: message, fields, and where it was said. Begins with a space.
    pub(super) fn said(&self, look: Look) -> String {
        let mut line = String::new();
        if !self.message().is_empty() {
            line.push(' ');
            printable(&mut line, self.message());
        }
        for (key, value) in self.members().filter(|(key, _)| self.is_field(key)) {
            let (name, is) = (painted(look, "3", entry::field(key)), painted(look, "2", "="));
            let _ = write!(line, " {name}{is}{}", shown(value));
        }
        if let Some(place) = self.place() {
            let _ = write!(line, " {}", painted(look, "2", &format!("({place})")));
        }
        line
    }

    fn time(&self, look: Look) -> String {
        let Some(at) = time::local(self.at()) else { return self.at().to_owned() };
        let today = || at.date_naive() == Local::now().date_naive();
        let form = if look.day && !today() { "%Y-%m-%d %H:%M:%S%.3f" } else { "%H:%M:%S%.3f" };
        at.format(form).to_string()
    }

    /// Whether a member is shown by its name.
    fn is_field(&self, key: &str) -> bool {
        match key {
            "timestamp" | "level" | "unit" | "instance" | "target" | "message" => false,
            // They are in the place.
            "service" | "trace_id" | "span_id" => self.trace_id().is_none(),
            // That of a request is HTTP's.
            "method" => self.trace_id().is_none() || self.service() == Some("edge"),
            _ => true,
        }
    }

    /// In which call it was said: `order.place 4bf92f35`.
    fn place(&self) -> Option<String> {
        let trace = self.trace_id()?;
        let trace = &trace[..trace.floor_char_boundary(SHORT)];
        Some(match (self.service(), self.method()) {
            (Some("edge"), _) => format!("edge {trace}"),
            (Some(service), Some(method)) => format!("{service}.{method} {trace}"),
            (Some(service), None) => format!("{service} {trace}"),
            (None, _) => trace.to_owned(),
        })
    }
}

const fn colour(level: Level) -> &'static str {
    match level {
        Level::Trace => "35",
        Level::Debug => "34",
        Level::Info => "32",
        Level::Warn => "33",
        Level::Error => "31",
    }
}

fn painted(look: Look, how: &str, text: &str) -> String {
    if look.colour { format!("\x1b[{how}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A value: in quotes, if one couldn't see where it ends, or that it is there.
fn shown(value: &Value) -> String {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '"';
    match value {
        Value::String(text) if !text.is_empty() && text.chars().all(plain) => text.clone(),
        other => {
            let mut shown = String::new();
            printable(&mut shown, &other.to_string());
            shown
        }
    }
}

/// Adds a text, which may have several lines. Whatever else would steer a terminal is written out.
fn printable(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\n' | '\t' => line.push(c),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LogEntry {
        let mut entry = LogEntry::new(Level::Warn, "front", None)
            .with("target", "order::service")
            .with("message", "not charged")
            .with("service", "order")
            .with("method", "place")
            .with("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")
            .with("span_id", "00f067aa0ba902b7");
        entry.add("order", 7.into());
        entry.add("error", "no answer".into());
        entry.add("unit", "pay".into());
        entry.add("code", "".into());
        entry
    }

    fn behind_the_time(entry: &LogEntry, look: Look) -> String {
        let text = entry.text(look);
        text.split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn fields_and_the_call_stand_behind_the_message() {
        let line = r#" WARN not charged order=7 error="no answer" unit=pay code="" (order.place 4bf92f35)"#;
        assert_eq!(behind_the_time(&entry(), Look::default()), line);
        let look = Look { target: true, ..Look::default() };
        assert!(behind_the_time(&entry(), look).starts_with(" WARN order::service: not charged"));
        let look = Look { colour: true, ..Look::default() };
        let text = entry().text(look);
        assert!(
            text.contains("\x1b[33m WARN\x1b[0m not charged \x1b[3morder\x1b[0m\x1b[2m=\x1b[0m7")
        );
    }

    #[test]
    fn outside_of_calls_fields_are_fields() {
        let mut entry =
            LogEntry::new(Level::Info, "pay", None).with("message", "it is\x1b[2J well");
        entry.add("service", "payment".into());
        let line = " INFO it is\\u{1b}[2J well service=payment";
        assert_eq!(behind_the_time(&entry, Look::default()), line);
    }

    #[test]
    fn a_request_has_its_method_as_a_field() {
        let mut entry = LogEntry::new(Level::Info, "front", None);
        for (field, value) in
            [("service", "edge"), ("method", "POST"), ("trace_id", "4bf92f3577b3")]
        {
            entry.add(field, value.into());
        }
        assert_eq!(behind_the_time(&entry, Look::default()), " INFO method=POST (edge 4bf92f35)");
    }

    #[test]
    fn the_day_is_told_unless_it_is_today() {
        let look = Look { day: true, ..Look::default() };
        let entry = entry();
        assert_eq!(entry.text(look), entry.text(Look::default()));
        let old = entry.with("timestamp", "2001-05-05T12:00:00.000000Z").text(look);
        assert!(old.starts_with("2001-05-05 "), "{old}");
    }
}
