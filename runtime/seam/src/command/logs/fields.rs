//! What an event or a span says of itself.

use std::{error::Error, fmt};

use serde_json::Value;
use tracing::field::{Field, Visit};

/// What stands before what the `log` crate says of its records.
const LOG: &str = "log.";

/// What an event or a span says of itself, in its order.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: Option<String>,
    /// Where a record of the `log` crate comes from.
    pub(super) target: Option<String>,
    pub(super) own: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        let name = field.name();
        match (name, value) {
            ("message", Value::String(text)) if self.message.is_none() => self.message = Some(text),
            ("log.target", Value::String(text)) => self.target = Some(text),
            _ if name.starts_with(LOG) => {}
            (_, value) => self.own.push((name.strip_prefix("r#").unwrap_or(name), value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // What is no number for JSON is a text.
        let number = serde_json::Number::from_f64(value).map(Value::Number);
        self.add(field, number.unwrap_or_else(|| value.to_string().into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }
}
