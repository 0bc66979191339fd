//! An operation of a method: one of its routes, or the one by its name.

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry};
use super::components::Components;
use super::problems::Problems;
use super::{Api, answer, body, described, parameters};

/// The verb of an operation, and the operation.
pub(super) fn operation(
    api: &Api<'_>,
    catalogue: &Catalogue<'_>,
    entry: &Entry<'_>,
    components: &mut Components,
) -> (String, Value) {
    let verb = entry.route.map_or("POST", |route| route.verb.as_str());
    let mut operation = Map::new();
    operation.insert("operationId".into(), entry.id.clone().into());
    operation.insert("tags".into(), json!([entry.service]));
    described(&mut operation, &entry.method.doc);
    let mut parameters = parameters::of(entry, components);
    if api.tickets && verb != "GET" {
        later(&mut parameters);
    }
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = body::of(entry, components) {
        operation.insert("requestBody".into(), body);
    }
    let mut responses = Map::new();
    answer::add(api, catalogue, entry, components, &mut responses);
    Problems::of(api, entry, components).answer(api, entry.service, components, &mut responses);
    operation.insert("responses".into(), responses.into());
    let rule = api.asks.rule(entry.service, entry.method);
    operation.insert("security".into(), api.asks.security(rule.as_ref()));
    if let Some(rule) = rule {
        operation.insert("x-seam-allow".into(), rule.to_string().into());
    }
    (verb.to_owned(), operation.into())
}

/// Adds what a client says who would have its call made later.
pub(super) fn later(parameters: &mut Vec<Value>) {
    let text = json!({ "type": "string" });
    parameters.push(json!({
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async`: the call is kept and made later, and a ticket is the answer.",
        "schema": &text,
        "examples": { "later": { "value": "respond-async" } },
    }));
    let is_key = |parameter: &Value| {
        let name = parameter.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case("idempotency-key"))
    };
    if !parameters.iter().any(is_key) {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "With `Prefer: respond-async`: the same key is the same ticket. Then it has 1 to \
                            255 bytes.",
            "schema": text,
        }));
    }
}
