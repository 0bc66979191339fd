//! Arguments that are kept for a method whose types nobody here knows: looked at by its schema.

use serde_json::Value;

use crate::call::json::rewritten;

/// References nest no deeper in sane schemas.
const MAX_DEPTH: usize = 32;
/// Choices within choices are tried one by one: what isn't through after so many is the callee's to
/// refuse.
const MAX_STEPS: u32 = 10_000;

/// The arguments in the same words, whichever way they were written, if they can be the method's.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn kept(schema: &Value, arguments: &[u8]) -> Result<Vec<u8>, String> {
    let arguments = if arguments.is_empty() { b"{}" } else { arguments };
    let value = serde_json::from_slice(arguments).map_err(|error| error.to_string())?;
    let mut looking = Looking { root: schema, at: String::new(), steps: 0 };
    looking.check(schema, &value, 0)?;
    rewritten(arguments)
}

/// A look at arguments.
struct Looking<'a> {
    root: &'a Value,
    /// The member that is looked at: `lines[0].sku`.
    at: String,
    steps: u32,
}

impl Looking<'_> {
    /// Whether a value may be what a schema says, as far as that is told by its type, its members and its
    /// elements.
    fn check(&mut self, schema: &Value, value: &Value, depth: usize) -> Result<(), String> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return Ok(());
        }
        if *schema == Value::Bool(false) {
            return Err(format!("`{}`: there is no such member", self.at));
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let found = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Ok(()), |schema| self.check(schema, value, depth + 1));
        }
        for one_of in ["anyOf", "oneOf"] {
            if let Some(Value::Array(several)) = schema.get(one_of) {
                let mut why = Ok(());
                for one in several {
                    why = self.check(one, value, depth + 1);
                    if why.is_ok() {
                        break;
                    }
                }
                why?;
            }
        }
        if let Some(allowed) = schema.get("type") {
            let is = |name: &Value| name.as_str().is_none_or(|name| is_of(value, name));
            let fits = allowed.as_array().map_or_else(|| is(allowed), |any| any.iter().any(is));
            if !fits {
                return Err(format!("`{}`: it is of another type than {allowed}", self.at));
            }
        }
        let within = self.at.len();
        if let Value::Object(members) = value {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if !members.contains_key(name) {
                    let separator = if within > 0 { "." } else { "" };
                    return Err(format!("`{}{separator}{name}` is missing", self.at));
                }
            }
            let known = schema.get("properties").and_then(Value::as_object);
            let others = schema.get("additionalProperties");
            for (name, value) in members {
                let Some(schema) = known.and_then(|known| known.get(name)).or(others) else {
                    continue;
                };
                if within > 0 {
                    self.at.push('.');
                }
                self.at.push_str(name);
                self.check(schema, value, depth + 1)?;
                self.at.truncate(within);
            }
        }
        if let (Value::Array(elements), Some(schema)) = (value, schema.get("items")) {
            for (place, value) in elements.iter().enumerate() {
                self.at.push_str(&format!("[{place}]"));
                self.check(schema, value, depth + 1)?;
                self.at.truncate(within);
            }
        }
        Ok(())
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(whole),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn whole(number: f64) -> bool {
    number.fract() == 0.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_kept_in_the_same_words_and_looked_at() {
        let schema = json!({
            "type": "object",
            "properties": {
                "userId": { "type": "integer" },
                "note": { "type": ["string", "null"] },
                "lines": { "type": "array", "items": { "$ref": "#/$defs/Line" } },
            },
            "required": ["userId"],
            "additionalProperties": false,
            "$defs": { "Line": {
                "type": "object",
                "properties": { "sku": { "type": "string" } },
                "required": ["sku"],
                "additionalProperties": false,
            }},
        });
        let kept = |text: &str| {
            kept(&schema, text.as_bytes()).map(|kept| String::from_utf8(kept).unwrap())
        };
        let one = kept(r#"{ "userId": 1, "note": null, "lines": [{"sku": "tea"}] }"#).unwrap();
        assert_eq!(kept(r#"{"lines":[{"sku":"tea"}],"note":null,"userId":1}"#), Ok(one));
        for (wrong, named) in [
            ("", "`userId` is missing"),
            (r#"{"userId": "1"}"#, "`userId`"),
            (r#"{"userId": 1, "points": 2}"#, "`points`"),
            (r#"{"userId": 1, "lines": [{"sku": "a"}, {}]}"#, "`lines[1].sku` is missing"),
            (r#"{"userId": 1, "lines": [{"sku": 7}]}"#, "`lines[0].sku`"),
            ("[]", "type"),
        ] {
            let why = kept(wrong).unwrap_err();
            assert!(why.contains(named), "{wrong}: {why}");
        }
    }

    #[test]
    fn choices_within_choices_come_to_an_end() {
        let again = json!({ "$ref": "#/$defs/Any" });
        let items = json!({ "type": "array", "items": again });
        let schema = json!({
            "properties": { "any": again },
            "$defs": { "Any": { "anyOf": [items, items, items, { "type": "null" }] } },
        });
        let nested = format!(r#"{{"any":{}1{}}}"#, "[".repeat(15), "]".repeat(15));
        assert!(kept(&schema, nested.as_bytes()).is_ok());
    }
}
