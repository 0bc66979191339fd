//! `http = "POST /api/order/{id}"` and what belongs to it.

use syn::{Ident, LitInt, LitStr};

use super::Argument;
use super::accept::{self, Accept};
use crate::diagnostic::{Mistakes, unknown};

const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A route at the edge, checked.
pub(super) struct Route {
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// (argument, header)
    pub(super) headers: Vec<(String, String)>,
    pub(super) accept: Option<Accept>,
}

/// What one `#[call(…)]` says of a route.
#[derive(Default)]
pub(super) struct Written {
    pub(super) http: Option<LitStr>,
    pub(super) status: Option<LitInt>,
    pub(super) location: Option<LitStr>,
    pub(super) headers: Vec<(Ident, LitStr)>,
    pub(super) accept: Option<LitStr>,
}

impl Written {
    pub(super) fn finish(self, arguments: &[Argument], mistakes: &mut Mistakes) -> Option<Route> {
        let Some(http) = &self.http else {
            self.needs_http(mistakes);
            return None;
        };
        let (verb, path) = mistakes.take(verb_and_path(http))?;
        let path = mistakes.take(parameters(http, &path, arguments))?;
        if let Some(location) = &self.location
            && !location.value().starts_with('/')
        {
            mistakes.at(location, "a location is a path from `/`: `/api/order/{order.id}`");
        }
        let mut headers = Vec::new();
        for (argument, header) in &self.headers {
            let Some(json) = json_name(&argument.to_string(), arguments) else {
                mistakes.at(argument, no_argument(&argument.to_string(), arguments));
                continue;
            };
            if path.contains(&format!("{{{json}}}")) {
                mistakes.at(argument, "it is taken from the path already");
            }
            if !is_token(&header.value()) {
                mistakes.at(header, "this is no name of a header: `Idempotency-Key`");
            }
            headers.push((json, header.value()));
        }
        let in_body = |argument: &&Argument| {
            !matches!(&*verb, "GET" | "DELETE")
                && !path.contains(&format!("{{{}}}", argument.json))
                && headers.iter().all(|(other, _)| *other != argument.json)
        };
        let body: Vec<&Argument> = arguments.iter().filter(in_body).collect();
        let accept = self.accept.and_then(|text| mistakes.take(accept::read(text, &verb, &body)));
        let status = self.status.as_ref().and_then(|status| status.base10_parse().ok());
        let location = self.location.as_ref().map(LitStr::value);
        Some(Route { verb, path, status: status.unwrap_or(200), location, headers, accept })
    }

    /// Without `http`, nothing else makes sense.
    fn needs_http(&self, mistakes: &mut Mistakes) {
        let text = |what: &str| format!("`{what}` belongs to a route: add `http = \"POST /…\"`");
        if let Some(status) = &self.status {
            mistakes.at(status, text("status"));
        }
        if let Some(location) = &self.location {
            mistakes.at(location, text("location"));
        }
        for (argument, _) in &self.headers {
            mistakes.at(argument, text("header"));
        }
        if let Some(accept) = &self.accept {
            mistakes.at(accept, text("accept"));
        }
    }
}

/// Whether HTTP calls that a token: a header's name, a part of a media type.
pub(super) fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

fn verb_and_path(http: &LitStr) -> syn::Result<(String, String)> {
    let error = |text: String| Err(syn::Error::new(http.span(), text));
    let value = http.value();
    let Some((verb, path)) = value.split_once(' ') else {
        return error("a route is a verb and a path: `POST /api/order`".to_owned());
    };
    if !VERBS.contains(&verb) {
        return error(unknown("verb", verb, &VERBS));
    }
    let plain = |c: char| c.is_ascii_graphic() && !"?#\\\"<>".contains(c);
    if !path.starts_with('/') || !path.chars().all(plain) {
        let text = "a path starts with `/` and has no spaces, no `?` and no `#`: `/api/order/{id}`";
        return error(text.to_owned());
    }
    if path.strip_prefix("/errors").is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        let text =
            "below `/errors` the edge explains its codes: take another path, `/api/errors` say";
        return error(text.to_owned());
    }
    Ok((verb.to_owned(), path.to_owned()))
}

/// The path with its parameters named as JSON names the arguments.
fn parameters(http: &LitStr, path: &str, arguments: &[Argument]) -> syn::Result<String> {
    let error = |text: String| Err(syn::Error::new(http.span(), text));
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
            if segment.contains(['{', '}']) {
                return error(format!(
                    "`{segment}` is only in part an argument: `{{…}}` takes a whole segment"
                ));
            }
            segments.push(segment.to_owned());
            continue;
        };
        let Some(json) = json_name(name, arguments) else {
            return error(no_argument(name, arguments));
        };
        let segment = format!("{{{json}}}");
        if segments.contains(&segment) {
            return error(format!("`{{{name}}}` is in the path twice"));
        }
        segments.push(segment);
    }
    Ok(segments.join("/"))
}

fn json_name(name: &str, arguments: &[Argument]) -> Option<String> {
    argument(name, arguments).map(|argument| argument.json.clone())
}

/// The argument of that name, in Rust or in JSON.
pub(super) fn argument<'a>(name: &str, arguments: &'a [Argument]) -> Option<&'a Argument> {
    arguments.iter().find(|argument| argument.name == name || argument.json == name)
}

/// What is said of a name that no argument has.
pub(super) fn no_argument(name: &str, arguments: &[Argument]) -> String {
    let known: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
    if known.is_empty() {
        return format!("`{name}` is no argument of this method, which has none: add it");
    }
    unknown("argument", name, &known)
}
