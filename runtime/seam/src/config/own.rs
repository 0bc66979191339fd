//! A service's own config as a program in another language fetches it: nested JSON, keys as in
//! `app.toml`.

use serde_json::{Map, Value as Json, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{
    Config,
    effective::Effective,
    secret::{MASK, names_secret},
    tree::{Kind, Node, Table},
    url::masked,
    value::typed,
};

/// Who is told secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// An operator: values are as the service gets them.
    Told,
    /// Anybody else: what is named like a secret is `***`, and `${VAR}` stays as it is written.
    Hidden,
}

/// A service's own config, as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnConfig {
    /// An object, as JSON text.
    pub body: String,
    /// What tells it from another, in quotes as the header `ETag` has it.
    pub etag: String,
}

impl Config {
    /// `[services.NAME.config]`, for who asks by that profile: `default` where none is chosen. `None` if
    /// the app has no such service, or goes by another profile.
    pub fn own_config(&self, service: &str, profile: &str, secrets: Secrets) -> Option<OwnConfig> {
        let found = self.services.iter().find(|own| own.name == service)?;
        if profile != self.profile().unwrap_or("default") {
            return None;
        }
        let body = json_of(&found.settings.table, secrets).to_string();
        let etag = format!("\"{:032x}\"", xxh3_128(body.as_bytes()));
        Some(OwnConfig { body, etag })
    }

    /// What is in effect, as [`Config::to_json`] has it, without what is named like a secret.
    pub fn to_json_hidden(&self) -> Json {
        let entry = |own: &Effective| {
            let value = hidden_value(&own.key, own.value.clone());
            let name = format!("{}.{}", own.table, own.key);
            (name, json!({ "value": value, "from": own.origin.to_string() }))
        };
        Json::Object(self.effective.iter().map(entry).collect())
    }
}

fn json_of(table: &Table, secrets: Secrets) -> Json {
    let entry = |entry: &super::tree::Entry| {
        let value = match names_secret(&entry.key) && secrets == Secrets::Hidden {
            true => json!(MASK),
            false => value_of(&entry.node, secrets),
        };
        (entry.key.clone(), value)
    };
    Json::Object(table.entries.iter().map(entry).collect::<Map<_, _>>())
}

fn value_of(node: &Node, secrets: Secrets) -> Json {
    match &node.kind {
        Kind::Table(table) => json_of(table, secrets),
        Kind::List(nodes) => nodes.iter().map(|node| value_of(node, secrets)).collect(),
        Kind::Text { value, .. } if secrets == Secrets::Told => json!(value),
        Kind::Text { shown, .. } => json!(masked(shown, |_| MASK.to_owned())),
        Kind::Raw(_) if node.origin.is_secret() && secrets == Secrets::Hidden => json!(MASK),
        Kind::Raw(text) => match typed(node) {
            Some(node) => value_of(&node, secrets),
            None if secrets == Secrets::Told => json!(text),
            None => json!(masked(text, |_| MASK.to_owned())),
        },
        _ => node.show_plain(),
    }
}

/// The value of a dotted key without what is named like a secret.
pub(crate) fn hidden_value(key: &str, value: Json) -> Json {
    let key = key.rsplit('.').next().unwrap_or(key);
    match value {
        _ if names_secret(key) => json!(MASK),
        Json::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| {
                let value = hidden_value(&key, value);
                (key, value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(values) => values.into_iter().map(|value| hidden_value(key, value)).collect(),
        Json::String(text) => json!(masked(&text, |_| MASK.to_owned())),
        value => value,
    }
}
