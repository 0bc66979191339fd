//! Messages as they are shown: without secrets.

use std::collections::HashSet;

use parking_lot::RwLock;
use seam_core::contract::{ContractDescriptor, SECRET};
use serde_json::Value;

/// What stands for a secret.
pub(crate) const HIDDEN: &str = "***";
/// What a member's name has in it that is one.
const NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "credential",
    "authorization",
    "cvv",
];
/// What its name is.
const WHOLE: [&str; 4] = ["key", "pin", "cvc", "pwd"];

/// What isn't shown of messages: members that are named like a secret (`password`, `token`, `apiKey`, …),
/// and those named like a field that some message marks by `#[message(secret)]`.
#[derive(Debug, Default)]
pub struct SecretNames(RwLock<HashSet<String>>);

impl SecretNames {
    /// Takes the names of fields that are marked in the messages and events of these contracts.
    pub fn of<'a>(contracts: impl IntoIterator<Item = &'a ContractDescriptor>) -> Self {
        let secrets = Self::default();
        contracts.into_iter().for_each(|contract| secrets.learn(contract));
        secrets
    }

    /// Takes those of one more contract.
    pub fn learn(&self, contract: &ContractDescriptor) {
        let methods = contract.methods.iter().map(|method| &method.schema);
        let schemas = methods.flat_map(|own| [&own.arguments, &own.answer, &own.error]);
        let events = contract.events.iter().map(|event| &event.schema);
        let mut names = self.0.write();
        schemas.chain(events).for_each(|schema| marked(schema, &mut names));
    }

    /// The value as it is shown: `***` for each secret.
    pub fn hide(&self, mut value: Value) -> Value {
        hide(&mut value, &self.0.read());
        value
    }
}

/// The names of all properties in a schema that are marked.
fn marked(schema: &Value, names: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                let marked = properties.iter().filter(|(_, own)| own[SECRET] == true);
                names.extend(marked.map(|(name, _)| plain(name)));
            }
            members.values().for_each(|own| marked(own, names));
        }
        Value::Array(items) => items.iter().for_each(|own| marked(own, names)),
        _ => {}
    }
}

fn hide(value: &mut Value, marked: &HashSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_secret(&plain(name), marked) {
                    *value = HIDDEN.into();
                } else {
                    hide(value, marked);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, marked)),
        _ => {}
    }
}

/// A name however it is spelled: `apiKey`, `api_key`, `API-KEY`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn is_secret(name: &str, marked: &HashSet<String>) -> bool {
    WHOLE.contains(&name) || marked.contains(name) || NAMES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_never_shown() {
        let shown = SecretNames::default().hide(json!({
            "order": 7, "password": "a", "newPassword": ["b"], "api_key": { "x": 1 }, "key": 3,
            "keyboard": "qwerty", "list": [{ "clientSecret": "c", "accessToken": "d", "sku": "tea" }],
        }));
        let wanted = json!({
            "order": 7, "password": "***", "newPassword": "***", "api_key": "***", "key": "***",
            "keyboard": "qwerty", "list": [{ "clientSecret": "***", "accessToken": "***", "sku": "tea" }],
        });
        assert_eq!(shown, wanted);
    }

    #[test]
    fn nor_what_some_message_marks() {
        let schema = json!({
            "properties": { "user": { "$ref": "#/$defs/User" }, "id": { "type": "integer" } },
            "$defs": { "User": { "properties": { "homeAddress": { SECRET: true }, "name": {} } } },
        });
        let mut names = HashSet::new();
        marked(&schema, &mut names);
        let secrets = SecretNames(RwLock::new(names));
        let shown = secrets.hide(json!([{ "home_address": "here", "name": "Ada", "id": 1 }]));
        assert_eq!(shown, json!([{ "home_address": "***", "name": "Ada", "id": 1 }]));
    }
}
