//! What a method's schema says of the arguments that are being written.

use serde_json::Value as Json;

use super::{super::usage::shape, place::Step};

/// References are followed so deep, and values are written so deep.
const DEEPEST: usize = 8;

/// A member that an object may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) required: bool,
    /// What it takes, in words.
    pub(super) shape: String,
}

/// The members that the value may have which is found by `path` from the whole.
pub(super) fn members(root: &Json, path: &[Step]) -> Vec<Member> {
    let mut all: Vec<Member> = Vec::new();
    for schema in at(root, path) {
        for (name, own) in properties(schema) {
            if all.iter().all(|known| known.name != *name) {
                let (name, required) = (name.clone(), is_required(schema, name));
                all.push(Member { name, required, shape: shape(root, own, 1) });
            }
        }
    }
    all
}

/// Values that belong there, where there are few or their form is more than a word.
pub(super) fn values(root: &Json, path: &[Step]) -> Vec<String> {
    let mut all = Vec::new();
    for schema in at(root, path) {
        let add: Vec<String> = if let Some(values) = schema.get("enum").and_then(Json::as_array) {
            values.iter().map(Json::to_string).collect()
        } else if let Some(value) = schema.get("const") {
            vec![value.to_string()]
        } else {
            let of = |kind: &str| match kind {
                "boolean" => vec!["true".into(), "false".into()],
                "null" => vec!["null".into()],
                "object" | "array" => vec![skeleton(root, schema, 0)],
                _ => Vec::new(),
            };
            kinds(schema).flat_map(of).collect()
        };
        for value in add {
            if !all.contains(&value) {
                all.push(value);
            }
        }
    }
    all
}

/// What belongs there, in words.
pub(super) fn in_words(root: &Json, path: &[Step]) -> Option<String> {
    let shapes: Vec<String> = at(root, path).iter().map(|schema| shape(root, schema, 1)).collect();
    (!shapes.is_empty()).then(|| shapes.join(" or "))
}

/// A value to begin with: all that has to be there, each as little as can be.
pub(super) fn skeleton(root: &Json, schema: &Json, depth: usize) -> String {
    let alternatives = resolved(root, schema);
    let is_null = |schema: &&&Json| schema.get("type").and_then(Json::as_str) == Some("null");
    let first = alternatives.iter().find(|schema| !is_null(schema)).or(alternatives.first());
    let Some(schema) = first.filter(|_| depth < DEEPEST) else { return "null".into() };
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(value) = schema.get("enum").and_then(|values| values.get(0)) {
        return value.to_string();
    }
    match kinds(schema).next() {
        Some("string") => "\"\"".into(),
        Some("integer" | "number") => match schema.get("minimum").and_then(Json::as_i64) {
            Some(least) if least > 0 => least.to_string(),
            _ => "0".into(),
        },
        Some("boolean") => "false".into(),
        Some("array") => {
            let items: Vec<&Json> = match schema.get("prefixItems").and_then(Json::as_array) {
                Some(items) => items.iter().collect(),
                None => schema.get("items").filter(|items| items.is_object()).into_iter().collect(),
            };
            let items = items.into_iter().map(|item| skeleton(root, item, depth + 1));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Some("object") => {
            let members = properties(schema).filter(|(name, _)| is_required(schema, name));
            let member = |(name, own): (&String, &Json)| {
                format!("{}: {}", Json::from(name.as_str()), skeleton(root, own, depth + 1))
            };
            format!("{{{}}}", members.map(member).collect::<Vec<_>>().join(", "))
        }
        _ => "null".into(),
    }
}

/// The schemas of what is found by `path`: more than one where the value may be one of several.
fn at<'s>(root: &'s Json, path: &[Step]) -> Vec<&'s Json> {
    path.iter().fold(resolved(root, root), |schemas, step| {
        let next = schemas.into_iter().filter_map(|schema| match step {
            Step::Member(name) => {
                let own = schema.get("properties").and_then(|all| all.get(name));
                own.or_else(|| schema.get("additionalProperties").filter(|own| own.is_object()))
            }
            Step::Item(index) => match schema.get("prefixItems") {
                Some(items) => items.get(index),
                None => schema.get("items"),
            },
        });
        next.flat_map(|schema| resolved(root, schema)).collect()
    })
}

/// A schema without references and choices.
fn resolved<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    fn resolve<'s>(root: &'s Json, schema: &'s Json, depth: usize, all: &mut Vec<&'s Json>) {
        if depth > DEEPEST {
            return;
        }
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let target = reference.strip_prefix('#').and_then(|path| root.pointer(path));
            return target.into_iter().for_each(|schema| resolve(root, schema, depth + 1, all));
        }
        for several in ["anyOf", "oneOf", "allOf"] {
            if let Some(schemas) = schema.get(several).and_then(Json::as_array) {
                return schemas.iter().for_each(|schema| resolve(root, schema, depth + 1, all));
            }
        }
        all.push(schema);
    }
    let mut all = Vec::new();
    resolve(root, schema, 0, &mut all);
    all
}

fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten()
}

fn is_required(schema: &Json, name: &str) -> bool {
    let required = schema.get("required").and_then(Json::as_array);
    required.is_some_and(|required| required.iter().any(|own| own == name))
}

/// The types that it may have.
fn kinds(schema: &Json) -> impl Iterator<Item = &str> {
    let (one, several) = match schema.get("type") {
        Some(Json::Array(kinds)) => (None, Some(kinds)),
        Some(Json::String(kind)) => (Some(kind.as_str()), None),
        // An object without saying so.
        None if schema.get("properties").is_some() => (Some("object"), None),
        _ => (None, None),
    };
    one.into_iter().chain(several.into_iter().flatten().filter_map(Json::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn root() -> Json {
        json!({
            "type": "object",
            "properties": {
                "order": { "type": "integer", "minimum": 1 },
                "items": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
                "note": { "type": ["string", "null"] },
                "gift": { "type": "boolean" },
            },
            "required": ["order", "items", "gift"],
            "$defs": {
                "Item": {
                    "type": "object",
                    "properties": { "sku": { "type": "string" }, "kind": { "$ref": "#/$defs/Kind" } },
                    "required": ["sku", "kind"],
                },
                "Kind": { "oneOf": [{ "const": "tea" }, { "enum": ["cake", "bun"] }] },
                "Loop": { "$ref": "#/$defs/Loop" },
                "Tree": {
                    "type": "object",
                    "properties": { "left": { "$ref": "#/$defs/Tree" } },
                    "required": ["left"],
                },
            },
        })
    }

    #[test]
    fn a_skeleton_has_what_must_be_there() {
        let root = root();
        assert_eq!(
            skeleton(&root, &root, 0),
            r#"{"order": 1, "items": [{"sku": "", "kind": "tea"}], "gift": false}"#
        );
        assert_eq!(skeleton(&root, &json!({ "type": ["null", "string"] }), 0), "null");
        assert_eq!(
            skeleton(&root, &json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] }), 0),
            "\"\""
        );
        // However a schema goes round in circles, it ends.
        assert_eq!(skeleton(&root, &json!({ "$ref": "#/$defs/Loop" }), 0), "null");
        assert!(skeleton(&root, &json!({ "$ref": "#/$defs/Tree" }), 0).ends_with("null}}}}}}}}"));
    }

    #[test]
    fn members_and_values_are_found_by_their_path() {
        let (root, member) = (root(), |name: &str| Step::Member(name.into()));
        let names = |path: &[Step]| {
            members(&root, path).into_iter().map(|own| own.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["order", "items", "note", "gift"]);
        assert_eq!(names(&[member("items"), Step::Item(3)]), ["sku", "kind"]);
        assert!(names(&[member("order"), member("x")]).is_empty());
        let kind = [member("items"), Step::Item(0), member("kind")];
        assert_eq!(values(&root, &kind), ["\"tea\"", "\"cake\"", "\"bun\""]);
        assert_eq!(values(&root, &[member("gift")]), ["true", "false"]);
        assert_eq!(values(&root, &[member("items")]), [r#"[{"sku": "", "kind": "tea"}]"#]);
        assert_eq!(values(&root, &[member("note")]), ["null"]);
        assert_eq!(in_words(&root, &[member("order")]).as_deref(), Some("integer"));
        assert_eq!(in_words(&root, &[member("nothing")]), None);
    }
}
