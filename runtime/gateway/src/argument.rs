//! One argument of a method: how it is spelled, where it comes from, and how texts become it.

use actix_web::http::header::HeaderName;
use serde_json::Value;

use crate::json::write_text;
use crate::kind::{Kind, fields, is_blob, items};
use crate::names::{camel, folded, snake};
use crate::problem::Problem;
use crate::query::Pair;

/// An argument, as it is found in requests.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name, as the method's message spells it.
    key: String,
    /// The same in camel case: what clients are told.
    camel: String,
    snake: String,
    form: Form,
    pub(crate) required: bool,
    /// It is bytes with their media type: a whole body.
    pub(crate) blob: bool,
    /// A route of its method takes it from `Idempotency-Key`.
    pub(crate) is_key: bool,
    pub(crate) source: Source,
}

/// Where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The segment of that number among those that the template names.
    Path(usize),
    Header(HeaderName),
    Query,
    Body,
}

/// What of a request's texts it is made of.
#[derive(Debug)]
enum Form {
    /// One text.
    One(Kind),
    /// Every text of its name in a query: a list.
    List(Kind),
    /// Texts of other names in a query: its fields'.
    Object(Vec<Argument>),
}

impl Argument {
    /// The argument of that name, as the schema of all arguments has it.
    pub(crate) fn new(schema: &Value, name: &str, source: Source) -> Self {
        Self::within(schema, schema, name, source, true)
    }

    /// A property of `object`, whose references are looked up in `root`. A struct in a query is its
    /// fields; a struct in that one is a text of its own.
    fn within(root: &Value, object: &Value, name: &str, source: Source, outermost: bool) -> Self {
        let properties = object.get("properties").and_then(Value::as_object);
        let property =
            properties.and_then(|all| all.iter().find(|(key, _)| folded(key) == folded(name)));
        let key = property.map_or(name, |(key, _)| key).to_owned();
        let required = object.get("required").and_then(Value::as_array);
        let form = match property {
            Some((_, property)) => Form::of(root, property, &source, outermost),
            None => Form::One(Kind::Other),
        };
        Self {
            camel: camel(&key),
            snake: snake(&key),
            form,
            blob: property.is_some_and(|(_, property)| is_blob(root, property)),
            is_key: false,
            required: required.is_some_and(|all| all.iter().any(|other| *other == *key)),
            key,
            source,
        }
    }

    /// Whether a request means it by that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        name == self.camel || name == self.snake || name == self.key
    }

    /// Its name, as clients are told it.
    pub(crate) fn name(&self) -> &str {
        &self.camel
    }

    /// Its name, as the method's schema has it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether a query has all its values, or one for each of its fields.
    pub(crate) const fn is_list(&self) -> bool {
        matches!(self.form, Form::List(_))
    }

    /// Whether a query has its fields in its place.
    pub(crate) const fn is_object(&self) -> bool {
        matches!(self.form, Form::Object(_))
    }

    /// The arguments that a query names, to make this one.
    pub(crate) fn in_query(&self) -> &[Self] {
        match &self.form {
            Form::Object(fields) => fields,
            _ => std::slice::from_ref(self),
        }
    }

    /// Writes it as a member of the object that `out` ends in, by `value`, which says whether there
    /// was anything to write: else nothing is written.
    pub(crate) fn write_member(
        &self,
        out: &mut Vec<u8>,
        value: impl FnOnce(&mut Vec<u8>) -> Result<bool, Problem>,
    ) -> Result<bool, Problem> {
        let start = out.len();
        if !out.ends_with(b"{") {
            out.push(b',');
        }
        write_text(out, &self.key);
        out.push(b':');
        let written = value(out)?;
        if !written {
            out.truncate(start);
        }
        Ok(written)
    }

    /// Writes a text as the argument's kind.
    pub(crate) fn write(&self, out: &mut Vec<u8>, text: &str) -> Result<bool, Problem> {
        let (Form::One(kind) | Form::List(kind)) = self.form else {
            return Err(self.misfit("is no text"));
        };
        match kind.write(out, text) {
            Ok(()) => Ok(true),
            Err(what) => Err(self.misfit(&format!("`{}` {what}", cut(text)))),
        }
    }

    /// Writes a key, unless the argument can be none.
    pub(crate) fn write_key(&self, out: &mut Vec<u8>, key: &str) -> bool {
        let takes_text = matches!(self.form, Form::One(Kind::Text | Kind::Other));
        if takes_text {
            write_text(out, key);
        }
        takes_text
    }

    /// Writes what a query says of it, if it says anything.
    pub(crate) fn write_query(
        &self,
        out: &mut Vec<u8>,
        query: &[Pair<'_>],
    ) -> Result<bool, Problem> {
        let mut mine = query.iter().filter(|(name, _)| self.is(name)).peekable();
        match &self.form {
            Form::One(_) => {
                let Some((name, text)) = mine.next() else { return Ok(false) };
                if mine.next().is_some() {
                    let why = format!("`{}` comes twice in the query", cut(name));
                    return Err(Problem::bad_request(why));
                }
                self.write(out, text)
            }
            Form::List(_) => {
                let Some((first, _)) = mine.peek() else {
                    // None at all is a list as well, where there has to be one.
                    out.extend_from_slice(b"[]");
                    return Ok(self.required);
                };
                out.push(b'[');
                for (at, (name, text)) in mine.enumerate() {
                    if name != first {
                        let why =
                            format!("`{first}` and `{name}` are one key of the query: use one");
                        return Err(Problem::bad_request(why));
                    }
                    if at > 0 {
                        out.push(b',');
                    }
                    self.write(out, text)?;
                }
                out.push(b']');
                Ok(true)
            }
            Form::Object(fields) => {
                let asked = |field: &Self| query.iter().any(|(name, _)| field.is(name));
                if !self.required && !fields.iter().any(asked) {
                    return Ok(false);
                }
                out.push(b'{');
                for field in fields {
                    let written = field.write_member(out, |out| field.write_query(out, query))?;
                    if !written && field.required {
                        return Err(field.missing(""));
                    }
                }
                out.push(b'}');
                Ok(true)
            }
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

impl Form {
    fn of(root: &Value, schema: &Value, source: &Source, outermost: bool) -> Self {
        if *source != Source::Query {
            return Self::One(Kind::of(root, schema));
        }
        if let Some(items) = items(root, schema) {
            return Self::List(Kind::of(root, items));
        }
        match fields(root, schema) {
            Some((object, names)) if outermost => Self::Object(
                names
                    .map(|name| Argument::within(root, object, name, Source::Query, false))
                    .collect(),
            ),
            _ => Self::One(Kind::of(root, schema)),
        }
    }
}

/// What a client sent, short enough to be said back.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}
