//! How a method is called, in words: its arguments with their types, from its schema.

use seam_core::{
    contract::{ContractDescriptor, MethodDescriptor},
    name::ServiceId,
};
use serde_json::Value as Json;

/// References are followed so deep; what lies deeper is cut short.
const DEEPEST: usize = 8;

/// `{"order": integer, "note" (optional): text}`.
pub(super) fn arguments(method: &MethodDescriptor) -> String {
    let schema = &method.schema.arguments;
    match object(schema, schema, 0) {
        Some(arguments) if arguments != "{}" => arguments,
        _ => "none".into(),
    }
}

/// One line per method: `get {"id": integer}`.
pub(super) fn methods(contract: &ContractDescriptor) -> String {
    let line = |method: &MethodDescriptor| match arguments(method).as_str() {
        "none" => format!("\n    {}", method.name),
        arguments => format!("\n    {} {arguments}", method.name),
    };
    contract.methods.iter().map(line).collect()
}

/// The contract of a service.
pub(super) fn contract<'a>(
    contracts: &'a [(ServiceId, &'static ContractDescriptor)],
    service: &str,
) -> Option<&'a ContractDescriptor> {
    contracts.iter().find(|(id, _)| id.name() == service).map(|(_, contract)| *contract)
}

fn object(root: &Json, schema: &Json, depth: usize) -> Option<String> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(Json::as_array);
    let is_required =
        |name: &String| required.is_some_and(|required| required.iter().any(|r| r == name));
    let property = |(name, schema): (&String, &Json)| {
        let optional = if is_required(name) { "" } else { " (optional)" };
        format!("\"{name}\"{optional}: {}", shape(root, schema, depth + 1))
    };
    Some(format!("{{{}}}", properties.iter().map(property).collect::<Vec<_>>().join(", ")))
}

/// What a value looks like.
pub(super) fn shape(root: &Json, schema: &Json, depth: usize) -> String {
    if depth > DEEPEST {
        return "…".into();
    }
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    if let Some(reference) = text("$ref") {
        let target = reference.strip_prefix('#').and_then(|path| root.pointer(path));
        return target.map_or("…".into(), |target| shape(root, target, depth + 1));
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(schemas) = schema.get(several).and_then(Json::as_array) {
            return either(schemas.iter().map(|schema| shape(root, schema, depth)));
        }
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        return either(values.iter().map(Json::to_string));
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    match schema.get("type") {
        Some(Json::Array(types)) => either(
            types.iter().filter_map(Json::as_str).map(|kind| typed(root, schema, kind, depth)),
        ),
        Some(Json::String(kind)) => typed(root, schema, kind, depth),
        _ => "anything".into(),
    }
}

fn typed(root: &Json, schema: &Json, kind: &str, depth: usize) -> String {
    let inner = |key: &str| {
        schema.get(key).filter(|s| s.is_object()).map(|schema| shape(root, schema, depth + 1))
    };
    match kind {
        "string" => "text".into(),
        "boolean" => "true or false".into(),
        "array" => match schema.get("prefixItems").and_then(Json::as_array) {
            Some(items) => {
                let items = items.iter().map(|schema| shape(root, schema, depth + 1));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            None => format!("[{}, …]", inner("items").unwrap_or("anything".into())),
        },
        "object" => object(root, schema, depth).unwrap_or_else(|| {
            format!("{{text: {}, …}}", inner("additionalProperties").unwrap_or("anything".into()))
        }),
        kind => kind.into(),
    }
}

fn either(shapes: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for shape in shapes {
        if !all.contains(&shape) {
            all.push(shape);
        }
    }
    all.join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_read_by_people() {
        let root = json!({
            "type": "object",
            "properties": {
                "id": { "type": "integer", "format": "uint64" },
                "products": { "type": "array", "items": { "$ref": "#/$defs/Product" } },
                "key": { "type": ["string", "null"] },
                "pair": { "type": "array", "prefixItems": [{ "type": "number" }, true] },
                "flags": { "type": "object", "additionalProperties": { "type": "boolean" } },
            },
            "required": ["id", "products", "pair", "flags"],
            "$defs": {
                "Product": {
                    "type": "object",
                    "properties": { "sku": { "type": "string" }, "kind": { "$ref": "#/$defs/Kind" } },
                    "required": ["sku", "kind"],
                },
                "Kind": { "oneOf": [{ "const": "tea" }, { "enum": ["cake", "bun"] }] },
                "Loop": { "$ref": "#/$defs/Loop" },
            },
        });
        assert_eq!(
            object(&root, &root, 0).unwrap(),
            "{\"id\": integer, \
              \"products\": [{\"sku\": text, \"kind\": \"tea\" or \"cake\" or \"bun\"}, …], \
              \"key\" (optional): text or null, \
              \"pair\": [number, anything], \
              \"flags\": {text: true or false, …}}"
        );
        assert_eq!(shape(&root, &json!({ "$ref": "#/$defs/Loop" }), 0), "…");
        assert_eq!(shape(&root, &json!({ "$ref": "#/nowhere" }), 0), "…");
    }
}
