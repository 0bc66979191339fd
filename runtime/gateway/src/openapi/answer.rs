//! What an operation is answered with where all goes well.

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry};
use super::components::{Components, reference};
use super::{Api, headers};
use crate::kind::is_blob;
use crate::location::Location;

/// Adds the answers of an operation.
pub(super) fn add(
    api: &Api<'_>,
    catalogue: &Catalogue<'_>,
    entry: &Entry<'_>,
    components: &mut Components,
    responses: &mut Map<String, Value>,
) {
    let root = &entry.method.schema.answer;
    let status = entry.route.map_or(200, |route| route.status);
    let reads = entry.route.is_some_and(|route| route.verb == "GET");
    let location = entry.route.and_then(|route| route.location.as_deref());
    let mut told = vec!["X-Request-Id"];
    if location.is_some() {
        told.push("Location");
    }
    if reads && status == 200 {
        told.push("ETag");
    }
    let mut response = json!({
        "description": described(root),
        "headers": headers::of(&told),
    });
    if !matches!(status, 204 | 205) {
        response["content"] = if entry.route.is_some() && is_blob(root, root) {
            json!({ "*/*": {} })
        } else {
            json!({ "application/json": { "schema": components.whole(entry.service, root) } })
        };
    }
    if let Some(links) = location.and_then(|location| links(catalogue, location)) {
        response["links"] = links;
    }
    responses.insert(status.to_string(), response);
    if reads && status == 200 {
        unchanged(components, responses);
    }
    if api.tickets && !reads {
        ticket(components, responses);
    }
}

/// Adds what is answered to a client that has the answer already.
pub(super) fn unchanged(components: &mut Components, responses: &mut Map<String, Value>) {
    let same = json!({
        "description": "What the client has still holds: `If-None-Match` named its `ETag`.",
        "headers": headers::of(&["X-Request-Id", "ETag"]),
    });
    responses.insert("304".into(), components.response("not-modified", same));
}

/// Adds what a call is answered with that is made later.
pub(super) fn ticket(components: &mut Components, responses: &mut Map<String, Value>) {
    let ticket = reference(&ticket_schema(components));
    let kept = json!({
        "description": "The call is kept and will be made: `Prefer: respond-async` was asked for.",
        "headers": headers::of(&["X-Request-Id", "Location", "Preference-Applied"]),
        "content": { "application/json": { "schema": ticket } },
    });
    match responses.get_mut("202") {
        // The method's own answer has that status, too.
        Some(own) => {
            let schema = own.pointer_mut("/content/application~1json/schema");
            if let Some(schema) = schema {
                *schema = json!({ "anyOf": [schema.take(), ticket] });
            }
        }
        None => {
            responses.insert("202".into(), components.response("kept", kept));
        }
    }
}

/// The name of a ticket's schema.
pub(super) fn ticket_schema(components: &mut Components) -> String {
    let schema = json!({
        "type": "object",
        "description": "A call that is made later, and what has become of it.",
        "properties": {
            "ticket": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "service": { "type": "string" },
            "method": { "type": "string" },
            "state": { "type": "string", "enum": ["pending", "done", "failed"] },
            "attempts": { "type": "integer", "minimum": 0, "description": "How often it was begun." },
            "createdAt": { "type": "string", "format": "date-time" },
            "result": { "description": "The answer, once it is done." },
            "error": { "type": "object", "description": "The problem, once it has failed." },
        },
        "required": ["ticket", "service", "method", "state", "attempts", "createdAt"],
    });
    components.add("edge", "Ticket", schema)
}

/// What an answer is, in a sentence.
fn described(root: &Value) -> &str {
    let described = root.get("description").and_then(Value::as_str);
    described.filter(|text| !text.is_empty()).unwrap_or("The answer.")
}

/// How that is read which was made.
fn links(catalogue: &Catalogue<'_>, location: &str) -> Option<Value> {
    let (entry, pointers) = catalogue.at(&Location::parse(location).ok()?)?;
    let parameters = entry.named.iter().zip(pointers);
    let parameters: Map<_, _> = parameters
        .map(|(name, pointer)| (name.clone(), format!("$response.body#{pointer}").into()))
        .collect();
    let link = json!({ "operationId": entry.id, "parameters": parameters });
    Some(json!({ &entry.method.name: link }))
}
