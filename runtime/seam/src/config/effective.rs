//! The config in effect, and where each value came from: what `config` prints.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::origin::Origin;

/// A value in effect.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The dotted name of its table, e.g. `services.payment`.
    pub table: String,
    /// Its key.
    pub key: String,
    /// The value; a text with `${VAR}` stands as it was written, since it may be a secret.
    pub value: Json,
    /// Who said so.
    pub origin: Origin,
}

/// As TOML, with the origin of every value beside it.
pub(super) fn as_toml(values: &[Effective]) -> String {
    let mut text = String::new();
    let mut table = "";
    let line = |value: &Effective| format!("{} = {}", quoted(&value.key), inline(&value.value));
    let width = values.iter().map(|value| line(value).chars().count()).max().unwrap_or(0).min(48);
    for value in values {
        if value.table != table {
            table = &value.table;
            let gap = if text.is_empty() { "" } else { "\n" };
            let header: Vec<_> = table.split('.').map(quoted).collect();
            let _ = writeln!(text, "{gap}[{}]", header.join("."));
        }
        let _ = writeln!(text, "{:width$}  # {}", line(value), value.origin);
    }
    text
}

/// As JSON: `{"app.data": {"value": "data", "from": "default"}, …}`.
pub(super) fn as_json(values: &[Effective]) -> Json {
    let entry = |value: &Effective| {
        let name = format!("{}.{}", value.table, value.key);
        (name, json!({ "value": value.value, "from": value.origin.to_string() }))
    };
    Json::Object(values.iter().map(entry).collect::<Map<_, _>>())
}

fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !key.is_empty() && key.chars().all(bare) {
        true => key.into(),
        false => json!(key).to_string(),
    }
}

/// JSON's texts and numbers are TOML's, too; only tables are written otherwise.
fn inline(value: &Json) -> String {
    match value {
        Json::Array(values) => {
            format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Json::Object(entries) => {
            let entry =
                |(key, value): (&String, &Json)| format!("{} = {}", quoted(key), inline(value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}
