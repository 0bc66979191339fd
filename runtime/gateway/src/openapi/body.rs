//! What a request brings along.

use serde_json::{Map, Value, json};

use super::catalogue::Entry;
use super::components::Components;
use super::parameters::{doc, property};
use crate::argument::Source;

/// The body of an operation; none if it takes none.
pub(super) fn of(entry: &Entry<'_>, components: &mut Components) -> Option<Value> {
    let arguments = &entry.arguments;
    let root = &entry.method.schema.arguments;
    let mut inside =
        arguments.list().iter().filter(|argument| argument.source == Source::Body).peekable();
    inside.peek()?;
    if arguments.takes_blob() {
        let required = inside.any(|argument| argument.required);
        let accept = entry.route.map(|route| &*route.accept).unwrap_or_default();
        let types = accept.iter().map(String::as_str).collect::<Vec<_>>();
        let types = if types.is_empty() { vec!["*/*"] } else { types };
        // Bytes have no schema.
        let content: Map<_, _> =
            types.into_iter().map(|kind| (kind.to_owned(), json!({}))).collect();
        return Some(json!({ "required": required, "content": content }));
    }
    let mut properties = Map::new();
    let mut required = Vec::new();
    for argument in inside {
        let mut schema = components.part(entry.service, root, property(root, argument.key()));
        if let Some(members) = schema.as_object_mut() {
            let doc = doc(entry.method, argument);
            match doc {
                "" => members.remove("description"),
                doc => members.insert("description".into(), doc.into()),
            };
        }
        if argument.required {
            required.push(Value::from(argument.name()));
        }
        properties.insert(argument.name().to_owned(), schema);
    }
    let needed = !required.is_empty();
    let sole = arguments.sole().and_then(|sole| properties.get(sole.name())).cloned();
    let mut object = json!({ "type": "object", "properties": properties });
    if needed {
        object["required"] = required.into();
    }
    let mut schema = match sole {
        Some(sole) => json!({ "anyOf": [sole, object] }),
        None => object,
    };
    components.asked(&mut schema);
    Some(json!({ "required": needed, "content": { "application/json": { "schema": schema } } }))
}
