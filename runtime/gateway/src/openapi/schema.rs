//! What is done to a JSON Schema on its way into a document.

use serde_json::{Map, Value, json};

/// Where types of a whole schema stand.
const DEFS: &str = "#/$defs/";

/// The name of the type that a reference means in its own schema; an empty one for the schema itself.
pub(super) fn referred(reference: &str) -> Option<String> {
    if reference == "#" {
        return Some(String::new());
    }
    Some(reference.strip_prefix(DEFS)?.replace("~1", "/").replace("~0", "~"))
}

/// Every reference in a schema.
pub(super) fn references<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("$ref", Value::String(reference)) => found.push(reference),
                    ("$defs" | "const" | "enum" | "default" | "examples", _) => {}
                    _ => references(member, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| references(one, found)),
        _ => {}
    }
}

/// The same without `null`: what a text can be, which has none.
pub(super) fn without_null(schema: Value) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &kinds[..] {
            let kind = kind.clone();
            members.insert("type".into(), kind);
        }
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(several)) = members.get_mut("anyOf") {
        several.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
        if let [only] = &several[..] {
            let only = only.clone();
            members.remove("anyOf");
            if let Value::Object(only) = only {
                for (name, member) in only {
                    members.entry(name).or_insert(member);
                }
            }
        }
    }
    members.retain(|name, member| name != "default" || !member.is_null());
    Value::Object(members)
}

/// Says how large an integer may be, where only its format tells.
pub(super) fn bound(members: &mut Map<String, Value>) {
    let Some(Value::String(format)) = members.get("format") else { return };
    let (least, most) = match format.as_str() {
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" | "uint" => (json!(0), json!(u64::MAX)),
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" | "int" => (json!(i64::MIN), json!(i64::MAX)),
        _ => return,
    };
    members.entry("minimum").or_insert(least);
    members.entry("maximum").or_insert(most);
}

/// Says of every object with named members that it has no others, which is how JSON is read. What is
/// put together of several schemas is left as it is: each of them sees the others' members.
pub(super) fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let composed =
                ["$ref", "allOf", "oneOf", "anyOf"].iter().any(|of| members.contains_key(*of));
            let named = members.get("properties").is_some_and(Value::is_object);
            if named && !composed && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".into(), false.into());
            }
            for (name, member) in members {
                match name.as_str() {
                    "properties" => {
                        let properties = member.as_object_mut().into_iter().flatten();
                        properties.for_each(|(_, property)| close(property));
                    }
                    "items" | "additionalProperties" | "prefixItems" | "oneOf" | "anyOf" => {
                        close(member)
                    }
                    _ => {}
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}

/// References to types that are a part of another: beside members of its own, or in `allOf`.
pub(super) fn parts<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    match schema {
        Value::Object(members) => {
            if let (Some(Value::String(reference)), true) =
                (members.get("$ref"), members.contains_key("properties"))
            {
                found.push(reference);
            }
            if let Some(all) = members.get("allOf") {
                references(all, found);
            }
            members.values().for_each(|member| parts(member, found));
        }
        Value::Array(all) => all.iter().for_each(|one| parts(one, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_taken_out() {
        for (with, without) in [
            (
                json!({ "type": ["integer", "null"], "minimum": 0 }),
                json!({ "type": "integer", "minimum": 0 }),
            ),
            (
                json!({ "anyOf": [{ "$ref": "#/x" }, { "type": "null" }], "description": "d" }),
                json!({ "$ref": "#/x", "description": "d" }),
            ),
            (json!({ "type": "string", "default": null }), json!({ "type": "string" })),
            (json!(true), json!(true)),
        ] {
            assert_eq!(without_null(with), without);
        }
    }

    #[test]
    fn objects_with_members_are_closed_and_maps_are_not() {
        let mut schema = json!({ "properties": {
            "map": { "type": "object", "additionalProperties": { "properties": { "a": {} } } },
            "list": { "items": { "properties": { "properties": {} } } },
            "whole": { "properties": { "a": {} }, "allOf": [{ "properties": { "b": {} } }] },
        }});
        close(&mut schema);
        let no = json!(false);
        assert_eq!(schema["additionalProperties"], no);
        assert_eq!(schema["properties"]["map"]["additionalProperties"]["additionalProperties"], no);
        assert_eq!(schema["properties"]["list"]["items"]["additionalProperties"], no);
        assert_eq!(schema["properties"]["whole"].get("additionalProperties"), None);
    }
}
