//! What a route takes from its path, its query and headers.

use seam_core::contract::MethodDescriptor;
use serde_json::{Map, Value, json};

use super::catalogue::Entry;
use super::components::Components;
use super::schema::without_null;
use crate::argument::{Argument, Source};
use crate::kind::{Kind, fields, is, items, resolved};

/// The parameters of an operation.
pub(super) fn of(entry: &Entry<'_>, components: &mut Components) -> Vec<Value> {
    let root = &entry.method.schema.arguments;
    let mut all = Vec::new();
    for argument in entry.arguments.list() {
        let schema = property(root, argument.key());
        let doc = doc(entry.method, argument);
        let taker = Taker { service: entry.service, root };
        match &argument.source {
            Source::Path(at) => {
                let name = entry.named.get(*at).map_or(argument.name(), String::as_str);
                all.push(taker.parameter("path", name, schema, true, doc, components));
            }
            Source::Header(name) => {
                let required = argument.required;
                all.push(taker.parameter(
                    "header",
                    &title(name.as_str()),
                    schema,
                    required,
                    doc,
                    components,
                ));
            }
            Source::Query => taker.query(argument, schema, doc, components, &mut all),
            Source::Body => {}
        }
    }
    all
}

/// Whose parameters they are.
#[derive(Clone, Copy)]
struct Taker<'a> {
    service: &'a str,
    /// The schema of all arguments.
    root: &'a Value,
}

impl Taker<'_> {
    /// What a query has of an argument: it, or its fields.
    fn query(
        self,
        argument: &Argument,
        schema: &Value,
        doc: &str,
        components: &mut Components,
        all: &mut Vec<Value>,
    ) {
        if !argument.is_object() {
            // No value at all is a list, too.
            let required = argument.required && !argument.is_list();
            all.push(self.parameter("query", argument.name(), schema, required, doc, components));
            return;
        }
        let Some((object, _)) = fields(self.root, schema) else { return };
        for field in argument.in_query() {
            let schema = property(object, field.key());
            let required = argument.required && field.required && !field.is_list();
            all.push(self.parameter("query", field.name(), schema, required, "", components));
        }
    }

    fn parameter(
        self,
        place: &str,
        name: &str,
        schema: &Value,
        required: bool,
        doc: &str,
        components: &mut Components,
    ) -> Value {
        let mut told = without_null(components.part(self.service, self.root, schema));
        let own = told.as_object_mut().and_then(|members| members.remove("description"));
        let mut parameter = Map::new();
        parameter.insert("name".into(), name.into());
        parameter.insert("in".into(), place.into());
        let doc = Some(Value::from(doc)).filter(|doc| *doc != "").or(own);
        // What an argument without a doc comment is given isn't worth telling.
        if let Some(doc) =
            doc.filter(|doc| !doc.as_str().is_some_and(|doc| doc.starts_with("The argument `")))
        {
            parameter.insert("description".into(), doc);
        }
        if required {
            parameter.insert("required".into(), true.into());
        }
        let list = place == "query" && items(self.root, schema).is_some();
        let nested = !list && Kind::of(self.root, schema) == Kind::Other && {
            let inner = resolved(self.root, schema);
            is(inner, "object") || is(inner, "array")
        };
        if nested {
            parameter.insert("content".into(), json!({ "application/json": { "schema": told } }));
        } else {
            parameter.insert("schema".into(), told);
        }
        Value::Object(parameter)
    }
}

/// The schema of a member.
pub(super) fn property<'a>(object: &'a Value, name: &str) -> &'a Value {
    let property = object.get("properties").and_then(|all| all.get(name));
    property.unwrap_or(&Value::Bool(true))
}

/// The doc comment of an argument.
pub(super) fn doc<'a>(method: &'a MethodDescriptor, argument: &Argument) -> &'a str {
    let mut named = method.arguments.iter();
    named.find(|other| argument.is(&other.name)).map_or("", |argument| argument.doc.trim())
}

/// `idempotency-key` → `Idempotency-Key`.
fn title(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}
