//! How a text from a path, a query or a header is read: as its argument's schema says.

use seam_core::codec::BLOB_SCHEMA;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::write_text;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Number,
    Boolean,
    Text,
    /// As JSON if it is JSON, and as a text otherwise.
    Other,
}

impl Kind {
    /// What the schema allows, through references and options.
    pub(crate) fn of(root: &Value, schema: &Value) -> Self {
        let mut kinds = Vec::new();
        collect_kinds(root, schema, 0, &mut kinds);
        match kinds[..] {
            [kind] => kind,
            [Self::Integer, Self::Number] | [Self::Number, Self::Integer] => Self::Number,
            _ => Self::Other,
        }
    }

    /// Writes a text as a JSON value of this kind, or says what it isn't.
    pub(crate) fn write(self, out: &mut Vec<u8>, text: &str) -> Result<(), &'static str> {
        match self {
            Self::Integer if !is_integer(text) => return Err("is no integer"),
            Self::Number if !is_number(text) => return Err("is no number"),
            Self::Boolean if !matches!(text, "true" | "false") => {
                return Err("is neither `true` nor `false`");
            }
            Self::Text => write_text(out, text),
            Self::Other if serde_json::from_str::<&RawValue>(text).is_err() => {
                write_text(out, text);
            }
            _ => out.extend_from_slice(text.as_bytes()),
        }
        Ok(())
    }
}

/// The schema of a list's elements, if `schema` is one of lists of any length.
pub(crate) fn items<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    let list = resolved(root, schema);
    list.get("items").filter(|items| is(list, "array") && items.is_object())
}

/// The schema of a struct and the names of its fields, if `schema` is one of structs.
pub(crate) fn fields<'a>(
    root: &'a Value,
    schema: &'a Value,
) -> Option<(&'a Value, impl Iterator<Item = &'a str>)> {
    let object = resolved(root, schema);
    let fields = object.get("properties")?.as_object()?;
    let one_of_several = ["oneOf", "anyOf", "allOf"].iter().any(|of| object.get(of).is_some());
    let plain = is(object, "object") && !fields.is_empty() && !one_of_several;
    plain.then(|| (object, fields.keys().map(String::as_str)))
}

/// Whether a schema is that of bytes with their media type.
pub(crate) fn is_blob(root: &Value, schema: &Value) -> bool {
    resolved(root, schema).get(BLOB_SCHEMA).is_some()
}

/// A schema behind references and options.
pub(crate) fn resolved<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    for _ in 0..MAX_DEPTH {
        let next = match (schema.get("$ref"), schema.get("anyOf")) {
            (Some(Value::String(reference)), _) => {
                reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer))
            }
            (_, Some(Value::Array(several))) => {
                let null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
                let mut others = several.iter().filter(|schema| !null(schema));
                others.next().filter(|_| others.next().is_none())
            }
            _ => None,
        };
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// Whether a schema allows values of that type.
pub(crate) fn is(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    }
}

/// References nest no deeper in sane schemas.
const MAX_DEPTH: usize = 16;

fn collect_kinds(root: &Value, schema: &Value, depth: usize, kinds: &mut Vec<Kind>) {
    let mut add = |kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    if depth > MAX_DEPTH {
        return add(Kind::Other);
    }
    let mut named = |name: &str| match name {
        "integer" => add(Kind::Integer),
        "number" => add(Kind::Number),
        "boolean" => add(Kind::Boolean),
        "string" => add(Kind::Text),
        "null" => {}
        _ => add(Kind::Other),
    };
    match schema.get("type") {
        Some(Value::String(name)) => return named(name),
        Some(Value::Array(names)) => return names.iter().filter_map(Value::as_str).for_each(named),
        _ => {}
    }
    if let Some(Value::String(reference)) = schema.get("$ref") {
        return match reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            Some(schema) => collect_kinds(root, schema, depth + 1, kinds),
            None => add(Kind::Other),
        };
    }
    if schema.get("const").is_some_and(Value::is_string) {
        return add(Kind::Text);
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(schemas)) = schema.get(several) {
            for schema in schemas {
                collect_kinds(root, schema, depth + 1, kinds);
            }
            return;
        }
    }
    add(Kind::Other);
}

/// Whether JSON would call it an integer.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty() && !leading && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether JSON would call it a number.
fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok() && text.trim().len() == text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_seen_through_references_and_options() {
        let root = json!({ "$defs": {
            "Id": { "type": "integer", "minimum": 0 },
            "Color": { "oneOf": [{ "const": "red" }, { "const": "blue" }] },
            "Loop": { "$ref": "#/$defs/Loop" },
        }});
        let kind = |schema: Value| Kind::of(&root, &schema);
        assert_eq!(kind(json!({ "$ref": "#/$defs/Id" })), Kind::Integer);
        assert_eq!(kind(json!({ "type": ["integer", "null"] })), Kind::Integer);
        let option = json!({ "anyOf": [{ "$ref": "#/$defs/Id" }, { "type": "null" }] });
        assert_eq!(kind(option), Kind::Integer);
        assert_eq!(kind(json!({ "$ref": "#/$defs/Color" })), Kind::Text);
        assert_eq!(kind(json!({ "type": "string", "enum": ["a"] })), Kind::Text);
        assert_eq!(kind(json!({ "type": ["integer", "string"] })), Kind::Other);
        assert_eq!(kind(json!({ "$ref": "#/$defs/Loop" })), Kind::Other);
        assert_eq!(kind(json!({ "$ref": "#/nowhere" })), Kind::Other);
        assert_eq!(kind(json!(true)), Kind::Other);
    }

    #[test]
    fn lists_and_structs_are_seen_through_references_and_options() {
        let root = json!({ "$defs": {
            "Filter": { "type": "object", "properties": { "tag": {}, "limit": {} } },
            "Loop": { "$ref": "#/$defs/Loop" },
            "Either": { "oneOf": [{ "type": "object", "properties": { "a": {} } }] },
        }});
        let list = json!({ "type": ["array", "null"], "items": { "type": "string" } });
        assert_eq!(items(&root, &list), Some(&json!({ "type": "string" })));
        assert_eq!(items(&root, &json!({ "type": "array", "prefixItems": [{}] })), None);
        assert_eq!(items(&root, &json!({ "type": "string" })), None);
        let names = |schema: &Value| {
            fields(&root, schema).map(|(_, names)| names.map(String::from).collect::<Vec<_>>())
        };
        let filter = json!({ "$ref": "#/$defs/Filter" });
        let option = json!({ "anyOf": [filter, { "type": "null" }] });
        for schema in [&filter, &option] {
            assert_eq!(names(schema), Some(vec!["tag".to_owned(), "limit".to_owned()]));
        }
        for schema in ["Loop", "Either"] {
            assert_eq!(names(&json!({ "$ref": format!("#/$defs/{schema}") })), None);
        }
        assert_eq!(names(&json!({ "type": "object", "additionalProperties": {} })), None);
    }

    #[test]
    fn only_integers_are_integers() {
        for text in ["0", "7", "-7", "18446744073709551616"] {
            assert!(is_integer(text), "{text}");
        }
        for text in ["", "-", "07", "+7", "7.0", "7e1", " 7", "٧", "abc", "1,\"x\":2"] {
            assert!(!is_integer(text), "{text}");
        }
    }
}
