//! One argument of a method: how it is spelled, where it comes from, and how a text becomes it.

use actix_web::http::header::HeaderName;
use serde_json::Value;

use crate::kind::Kind;
use crate::names::{camel, folded, snake};
use crate::problem::Problem;

/// An argument, as it is found in requests.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name, as the method's message spells it.
    pub(crate) key: String,
    /// The same in camel case: what clients are told.
    camel: String,
    snake: String,
    kind: Kind,
    pub(crate) required: bool,
    pub(crate) source: Source,
}

/// Where it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The segment of that number among those that the template names.
    Path(usize),
    Header(HeaderName),
    Query,
    Body,
}

impl Argument {
    /// The argument of that name, as the schema of all arguments has it.
    pub(crate) fn new(schema: &Value, name: &str, source: Source) -> Self {
        let properties = schema.get("properties").and_then(Value::as_object);
        let property =
            properties.and_then(|all| all.iter().find(|(key, _)| folded(key) == folded(name)));
        let key = property.map_or(name, |(key, _)| key).to_owned();
        let required = schema.get("required").and_then(Value::as_array);
        Self {
            camel: camel(&key),
            snake: snake(&key),
            kind: property.map_or(Kind::Other, |(_, property)| Kind::of(schema, property)),
            required: required.is_some_and(|all| all.iter().any(|other| *other == *key)),
            key,
            source,
        }
    }

    /// Whether a request means it by that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        name == self.camel || name == self.snake || name == self.key
    }

    /// Writes a text as the argument's kind.
    pub(crate) fn write(&self, out: &mut Vec<u8>, text: &str) -> Result<bool, Problem> {
        match self.kind.write(out, text) {
            Ok(()) => Ok(true),
            Err(what) => Err(self.misfit(&format!("`{}` {what}", cut(text)))),
        }
    }

    pub(crate) fn misfit(&self, what: &str) -> Problem {
        Problem::bad_request(format!("`{}`: {what}", self.camel))
    }

    pub(crate) fn missing(&self, body_name: &str) -> Problem {
        let camel = &self.camel;
        Problem::bad_request(match &self.source {
            Source::Header(header) => format!("the header `{header}` is missing"),
            Source::Query => format!("`{camel}` is missing in the query"),
            Source::Body => format!("`{camel}` is missing in {body_name}"),
            Source::Path(_) => format!("`{camel}` is missing"),
        })
    }
}

/// What a client sent, short enough to be said back.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}
