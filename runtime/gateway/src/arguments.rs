//! A method's arguments, found in a request and put together as the JSON text of one object.
//!
//! Where each one comes from and how it is spelled is settled when the edge is bound. Values from
//! bodies are passed on as they were written; only texts from paths, queries and headers are read.

use std::borrow::Cow;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seam_core::contract::{ArgumentDescriptor, HttpRoute, MethodDescriptor};
use seam_core::name::instead;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::argument::{Argument, Source, cut};
use crate::json::{Members, write_text};
use crate::names::folded;
use crate::problem::Problem;
use crate::query::pairs;

/// The header under whose value the same call is asked for again.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How the arguments of a method are found.
#[derive(Debug)]
pub(crate) struct Arguments {
    list: Vec<Argument>,
    takes_query: bool,
    takes_body: bool,
    /// The one argument that the whole body may be.
    sole: Option<usize>,
    /// And that one is bytes of any media type.
    takes_blob: bool,
    /// They all come from a body that is the object of them.
    are_the_body: bool,
}

/// A request, as arguments are found in it.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) path: &'a [Cow<'a, str>],
    pub(crate) query: &'a str,
    pub(crate) headers: Option<&'a HeaderMap>,
    pub(crate) body: &'a [u8],
    /// What the body says that it is.
    pub(crate) media_type: Option<&'a str>,
    /// What the client knows the body as, if it is only a part of what was sent.
    pub(crate) field: Option<&'static str>,
}

impl Found<'_> {
    fn body_name(&self) -> &'static str {
        self.field.unwrap_or("the body")
    }
}

impl Arguments {
    /// For a call whose arguments are one JSON object.
    pub(crate) fn of_object(method: &MethodDescriptor) -> Self {
        Self::new(method, |_| Source::Body)
    }

    /// For a route; `path` are the names in its template. An error says what is wrong with it.
    pub(crate) fn of_route(
        method: &MethodDescriptor,
        route: &HttpRoute,
        path: &[&str],
    ) -> Result<Self, String> {
        let known = |name: &str| method.arguments.iter().any(|a| folded(&a.name) == folded(name));
        if let Some(name) = path.iter().find(|name| !known(name)) {
            return Err(format!("has `{{{name}}}` in its path, and the method no such argument"));
        }
        if let Some((name, _)) = route.headers.iter().find(|(name, _)| !known(name)) {
            return Err(format!(
                "takes `{name}` from a header, and the method has no such argument"
            ));
        }
        for (_, header) in &route.headers {
            if HeaderName::from_bytes(header.as_bytes()).is_err() {
                return Err(format!("takes an argument from `{header}`, which is no header"));
            }
        }
        let has_body = !matches!(route.verb.as_str(), "GET" | "DELETE");
        let mut arguments = Self::new(method, |name| {
            let header = |(argument, header): &(String, String)| {
                let same = folded(argument) == folded(name);
                same.then(|| HeaderName::from_bytes(header.as_bytes()).ok()).flatten()
            };
            let in_path = path.iter().position(|in_path| folded(in_path) == folded(name));
            in_path
                .map(Source::Path)
                .or_else(|| route.headers.iter().find_map(header).map(Source::Header))
                .unwrap_or(if has_body { Source::Body } else { Source::Query })
        });
        let mut in_body =
            arguments.list.iter().enumerate().filter(|(_, a)| a.source == Source::Body);
        if let (Some((sole, _)), None) = (in_body.next(), in_body.next()) {
            arguments.sole = Some(sole);
            arguments.are_the_body = false;
        }
        if let Some(sole) = arguments.sole {
            arguments.takes_blob = arguments.list[sole].blob;
        }
        let blobs = arguments.list.iter().filter(|argument| argument.blob).count();
        if blobs > usize::from(arguments.takes_blob) {
            return Err(
                "takes a `Blob` that isn't its whole body: nothing else may be there".into()
            );
        }
        let keys = arguments.query_keys();
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].iter().any(|other| folded(other) == folded(key)) {
                return Err(format!(
                    "takes `{key}` from its query twice: name one of them otherwise"
                ));
            }
        }
        Ok(arguments)
    }

    fn new(method: &MethodDescriptor, source: impl Fn(&str) -> Source) -> Self {
        let schema = &method.schema.arguments;
        let keys = method.http.iter().flat_map(|route| &route.headers);
        let keys = keys.filter(|(_, header)| header.eq_ignore_ascii_case(KEY.as_str()));
        let keys: Vec<_> = keys.map(|(argument, _)| folded(argument)).collect();
        let argument = |a: &ArgumentDescriptor| {
            let mut argument = Argument::new(schema, &a.name, source(&a.name));
            argument.is_key = keys.contains(&folded(&a.name));
            argument
        };
        let list: Vec<_> = method.arguments.iter().map(argument).collect();
        Self {
            takes_query: list.iter().any(|argument| argument.source == Source::Query),
            takes_body: list.iter().any(|argument| argument.source == Source::Body),
            sole: None,
            takes_blob: false,
            are_the_body: list.iter().all(|argument| argument.source == Source::Body),
            list,
        }
    }

    /// All of them, in their order.
    pub(crate) fn list(&self) -> &[Argument] {
        &self.list
    }

    /// The one that the whole body may be.
    pub(crate) fn sole(&self) -> Option<&Argument> {
        self.sole.map(|sole| &self.list[sole])
    }

    /// Whether the body may be of any media type.
    pub(crate) const fn takes_blob(&self) -> bool {
        self.takes_blob
    }

    /// Whether the body is looked at.
    pub(crate) const fn takes_body(&self) -> bool {
        self.takes_body
    }

    /// The body, if the method's message may be read from it: arguments that it takes are right, and
    /// the same that [`collect`](Self::collect) finds. One that it refuses may still be.
    pub(crate) fn as_they_are<'a>(&self, found: &Found<'a>) -> Option<&'a [u8]> {
        // Of an array, the message would take its arguments by their order.
        (self.are_the_body && found.body.first() == Some(&b'{')).then_some(found.body)
    }

    /// The object of arguments.
    pub(crate) fn collect(&self, found: &Found<'_>) -> Result<Vec<u8>, Problem> {
        self.collected(found, None)
    }

    /// The same, where an argument that the method takes from `Idempotency-Key` is `key` unless the
    /// request says otherwise.
    pub(crate) fn collect_under(&self, found: &Found<'_>, key: &str) -> Result<Vec<u8>, Problem> {
        self.collected(found, Some(key))
    }

    fn collected(&self, found: &Found<'_>, key: Option<&str>) -> Result<Vec<u8>, Problem> {
        let query = if self.takes_query { found.query } else { "" };
        let query = pairs(query.as_bytes(), "the query")?;
        let body = if self.takes_body { self.body(found, key)? } else { Body::default() };
        let mut out = Vec::with_capacity(found.body.len() + 64);
        let mut from_members = 0;
        out.push(b'{');
        for (at, argument) in self.list.iter().enumerate() {
            let key = key.filter(|_| argument.is_key);
            let mut written = argument.write_member(&mut out, |out| match &argument.source {
                Source::Path(at) => match found.path.get(*at) {
                    Some(text) => argument.write(out, text),
                    None => Ok(false),
                },
                Source::Header(name) => match header(found.headers, name)? {
                    Some(value) => {
                        let text = std::str::from_utf8(value.as_bytes());
                        argument.write(out, text.map_err(|_| argument.misfit("isn't UTF-8"))?)
                    }
                    None => Ok(false),
                },
                Source::Query => argument.write_query(out, &query),
                Source::Body => Ok(body.value(at, argument).is_some_and(|value| {
                    out.extend_from_slice(value);
                    from_members += usize::from(body.whole.is_none());
                    key.is_none() || value != b"null"
                })),
            })?;
            if let (Some(key), false) = (key, written) {
                written =
                    argument.write_member(&mut out, |out| Ok(argument.write_key(out, key)))?;
            }
            if !written && argument.required {
                return Err(argument.missing(found.body_name()));
            }
        }
        out.push(b'}');
        if from_members < body.members.len() {
            return Err(self.surplus(&body.members, found));
        }
        Ok(out)
    }

    /// Says which member of a body is too much: unknown, or there in two spellings.
    fn surplus(&self, members: &Members<'_>, found: &Found<'_>) -> Problem {
        let mine = |name: &&str| {
            self.list.iter().any(|argument| argument.source == Source::Body && argument.is(name))
        };
        Problem::bad_request(match members.names().find(|name| !mine(name)) {
            Some(name) => {
                let known = self.list.iter().filter(|argument| argument.source == Source::Body);
                let known: Vec<_> = known.map(Argument::name).collect();
                let instead = instead(name, &known);
                format!("`{}` is no argument of this method: {instead}", cut(name))
            }
            None => format!("an argument comes twice in {}", found.body_name()),
        })
    }

    /// The text of an argument, if it is one text or number, as far as `found` tells it for sure.
    pub(crate) fn text_of(&self, name: &str, found: &Found<'_>) -> Option<String> {
        let at = self.list.iter().position(|argument| argument.is(name))?;
        let argument = &self.list[at];
        match &argument.source {
            Source::Path(at) => found.path.get(*at).map(|text| text.clone().into_owned()),
            Source::Header(name) => {
                let value = header(found.headers, name).ok().flatten()?;
                value.to_str().ok().map(str::to_owned)
            }
            Source::Query => {
                let pairs = pairs(found.query.as_bytes(), "the query").ok()?;
                let mut own = pairs.iter().filter(|(name, _)| argument.is(name));
                let (_, text) = own.next()?;
                own.next().is_none().then(|| text.clone().into_owned())
            }
            Source::Body => {
                let body = self.body(found, None).ok()?;
                match serde_json::from_slice(body.value(at, argument)?).ok()? {
                    Value::String(text) => Some(text),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                }
            }
        }
    }

    /// What the query is made of: the arguments that it names, or their fields.
    fn in_query(&self) -> impl Iterator<Item = &Argument> {
        let arguments = self.list.iter().filter(|argument| argument.source == Source::Query);
        arguments.flat_map(Argument::in_query)
    }

    /// The keys that a query may have.
    pub(crate) fn query_keys(&self) -> Vec<&str> {
        self.in_query().map(Argument::name).collect()
    }

    /// Which of those a key of the query means.
    pub(crate) fn queried(&self, name: &str) -> Option<usize> {
        self.in_query().position(|argument| argument.is(name))
    }

    fn body<'a>(&self, found: &Found<'a>, key: Option<&str>) -> Result<Body<'a>, Problem> {
        if self.takes_blob
            && let Some(sole) = self.sole
        {
            let whole = found.media_type.map(|media_type| {
                let mut json = br#"{"mediaType":"#.to_vec();
                write_text(&mut json, media_type);
                json.extend_from_slice(br#","bytes":""#);
                json.extend_from_slice(STANDARD.encode(found.body).as_bytes());
                json.extend_from_slice(br#""}"#);
                (sole, Cow::Owned(json))
            });
            return Ok(Body { whole, ..Body::default() });
        }
        let (bytes, name) = (found.body.trim_ascii(), found.body_name());
        if bytes.is_empty() {
            let needed = |a: &Argument| a.required && !(a.is_key && key.is_some());
            if self.list.iter().any(|a| needed(a) && a.source == Source::Body) {
                return Err(Problem::bad_request(format!("{name} is missing")));
            }
            return Ok(Body::default());
        }
        let no_json =
            |error: serde_json::Error| Problem::bad_request(format!("{name} is no JSON: {error}"));
        if let Some(sole) = self.sole {
            let argument = &self.list[sole];
            let members = match bytes[0] {
                b'{' => serde_json::from_slice(bytes).map_err(no_json)?,
                _ => Members::default(),
            };
            if members.get(|name| argument.is(name)).is_some() {
                return Ok(Body { members, whole: None });
            }
            if bytes[0] != b'{' {
                // Not looked at yet, and it must be one value: it becomes a part of another text.
                serde_json::from_slice::<&RawValue>(bytes).map_err(no_json)?;
            }
            return Ok(Body { whole: Some((sole, bytes.into())), ..Body::default() });
        }
        if bytes[0] != b'{' {
            return Err(Problem::bad_request(format!("{name} is no JSON object")));
        }
        Ok(Body { members: serde_json::from_slice(bytes).map_err(no_json)?, whole: None })
    }
}

#[derive(Default)]
struct Body<'a> {
    members: Members<'a>,
    /// The body as one argument.
    whole: Option<(usize, Cow<'a, [u8]>)>,
}

impl Body<'_> {
    fn value(&self, at: usize, argument: &Argument) -> Option<&[u8]> {
        match &self.whole {
            Some((sole, value)) if *sole == at => Some(value),
            Some(_) => None,
            None => Some(self.members.get(|name| argument.is(name))?.get().as_bytes()),
        }
    }
}

/// A header's value; one that comes twice is an error, for nobody can say which one counts.
pub(crate) fn header<'a>(
    headers: Option<&'a HeaderMap>,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.into_iter().flat_map(|headers| headers.get_all(name));
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("the header `{name}` comes twice")));
    }
    Ok(value)
}
