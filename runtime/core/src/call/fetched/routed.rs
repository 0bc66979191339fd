//! By what a call in JSON goes to the same instance as others: as callers with the types have it, as far
//! as the contract's schema tells the type.

use serde_json::Value;

use crate::codec::route_key;
use crate::contract::MethodDescriptor;

/// References nest no deeper in sane schemas.
const MAX_DEPTH: usize = 32;

/// The [`route_key`] of the argument that the method is routed by. Of what isn't a text, a truth or an
/// integer whose width the schema says, it is that of its JSON: all callers without the types agree on
/// it. `None` without such an argument.
pub(super) fn key(method: &MethodDescriptor, arguments: &[u8]) -> Option<u64> {
    let name = method.route_by.as_deref()?;
    let mut arguments: Value = serde_json::from_slice(arguments).ok()?;
    let value = arguments.get_mut(name)?.take();
    let schema = &method.schema.arguments;
    match (&value, format(schema, name)) {
        (Value::String(text), None) => route_key(text),
        (Value::Bool(truth), _) => route_key(truth),
        (Value::Number(number), Some(format)) => integer(number, format),
        _ => None,
    }
    .or_else(|| route_key(&value.to_string()))
}

fn integer(number: &serde_json::Number, format: &str) -> Option<u64> {
    fn as_type<T: TryFrom<i128> + crate::codec::Message>(number: i128) -> Option<u64> {
        route_key(&T::try_from(number).ok()?)
    }
    let number = number.as_u64().map(i128::from).or(number.as_i64().map(i128::from))?;
    match format {
        "uint8" => as_type::<u8>(number),
        "uint16" => as_type::<u16>(number),
        "uint32" => as_type::<u32>(number),
        "uint64" => as_type::<u64>(number),
        "int8" => as_type::<i8>(number),
        "int16" => as_type::<i16>(number),
        "int32" => as_type::<i32>(number),
        "int64" => as_type::<i64>(number),
        _ => None,
    }
}

/// What the schema calls the format of a member.
fn format<'a>(root: &'a Value, name: &str) -> Option<&'a str> {
    let mut schema = root.get("properties")?.get(name)?;
    for _ in 0..MAX_DEPTH {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { break };
        schema = root.pointer(reference.strip_prefix('#')?)?;
    }
    schema.get("format")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_key_of_callers_with_the_types() {
        let of = |schema: Value, value: &str| {
            let mut method = MethodDescriptor::plain("give", 0);
            method.route_by = Some("user".into());
            method.schema.arguments = json!({
                "properties": { "user": schema },
                "$defs": { "UserId": { "type": "integer", "format": "uint64" } },
            });
            key(&method, format!(r#"{{"user":{value},"points":1}}"#).as_bytes())
        };
        let narrow = json!({ "type": "integer", "format": "uint16" });
        assert_eq!(of(json!({ "$ref": "#/$defs/UserId" }), "7"), route_key(&7_u64));
        assert_eq!(of(narrow.clone(), "7"), route_key(&7_u16));
        assert_eq!(of(json!({ "type": "integer", "format": "int32" }), "-7"), route_key(&-7_i32));
        assert_eq!(of(json!({ "type": "string" }), r#""ada""#), route_key(&"ada".to_owned()));
        assert_eq!(of(json!({ "type": "boolean" }), "true"), route_key(&true));
        // What the callee refuses goes somewhere, too.
        assert_eq!(of(narrow, "70000"), route_key(&"70000".to_owned()));
        let list = json!({ "type": "array" });
        assert_eq!(of(list.clone(), "[1, 2]"), of(list.clone(), "[1,2]"));
        assert_ne!(of(list.clone(), "[1, 2]"), of(list, "[2,1]"));
    }

    #[test]
    fn without_the_argument_there_is_none() {
        let mut method = MethodDescriptor::plain("give", 0);
        assert_eq!(key(&method, br#"{"user":1}"#), None);
        method.route_by = Some("user".into());
        for arguments in ["{}", "[]", "", "{"] {
            assert_eq!(key(&method, arguments.as_bytes()), None, "{arguments}");
        }
    }
}
