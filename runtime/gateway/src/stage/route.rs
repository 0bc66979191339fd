//! What a request means: the resource of its path, and the verb there.
//!
//! Which verbs a resource knows is answered here: `OPTIONS` with `Allow` and no content, and a verb
//! that it doesn't know by 405.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use matchit::Params;
use percent_encoding::percent_decode_str;

use super::{Ending, Here, Step, version};
use crate::docs::Asset;
use crate::http::header::{self, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::problem::Problem;
use crate::response::Response;
use crate::routes::{MethodRoute, Target};
use crate::rpc::PublicMethod;
use crate::versions::prefixed;

/// What a request means.
pub(super) enum Found<'a> {
    /// A route that a method declares, and the texts in its path.
    Route(&'a Arc<MethodRoute>, Vec<Cow<'a, str>>),
    /// A method by its name, of the client of that number.
    Method(usize, &'a PublicMethod),
    /// A form that says which method.
    Form,
    /// The page of all codes.
    Errors,
    /// The page of this one.
    Error(Cow<'a, str>),
    /// The document of the API.
    Api,
    /// A file of the page that shows it.
    Docs(&'static Asset),
    /// The ticket of this id.
    Ticket(Cow<'a, str>),
    /// A stream of what is pushed to whoever asks.
    Push,
    /// Nothing that a contract has: one of the program's own routes, or else this.
    Own(Problem),
    Health,
    Readiness,
}

impl Found<'_> {
    /// Its path as counts and traces name it; none of what no contract has.
    pub(super) fn path(&self) -> Option<Arc<str>> {
        let own = match self {
            Self::Route(route, _) => return Some(Arc::clone(&route.path)),
            Self::Own(_) => return None,
            Self::Method(..) => &OWN_PATHS[0],
            Self::Form => &OWN_PATHS[1],
            Self::Errors => &OWN_PATHS[2],
            Self::Error(_) => &OWN_PATHS[3],
            Self::Api => &OWN_PATHS[4],
            Self::Docs(_) => &OWN_PATHS[5],
            Self::Ticket(_) => &OWN_PATHS[6],
            Self::Push => &OWN_PATHS[7],
            Self::Health => &OWN_PATHS[8],
            Self::Readiness => &OWN_PATHS[9],
        };
        Some(Arc::clone(own))
    }
}

/// What the edge itself serves.
static OWN_PATHS: LazyLock<[Arc<str>; 10]> = LazyLock::new(|| {
    let paths = [
        "/rpc/{service}/{method}",
        "/gateway",
        "/errors",
        "/errors/{code}",
        "/openapi.json",
        "/docs",
        "/tickets/{id}",
        "/push",
        "/healthz",
        "/readyz",
    ];
    paths.map(Arc::from)
});

/// Finds what a request means.
pub(super) fn find<'a>(here: &Here<'a>) -> Step<Found<'a>> {
    let (routes, method, path) =
        (here.serving.routes(), here.request.method(), here.request.path());
    if *method == Method::OPTIONS && path == "*" {
        return Err(Ending::Answer(allow("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")));
    }
    let (found, asked) = match routes.find(path) {
        Some(found) => (Some(found), version::of_header(here)?),
        None => match prefixed(path) {
            Some((major, path)) => {
                let found = routes.find(path).filter(|(resource, _)| resource.is_versioned());
                (found, Some(major))
            }
            None => (None, None),
        },
    };
    let Some((resource, params)) = found else {
        return Ok(Found::Own(Problem::not_found("there is no such path")));
    };
    let Some(target) = resource.target(method) else {
        return match *method {
            Method::OPTIONS => Err(Ending::Answer(allow(&resource.allow))),
            _ => Ok(Found::Own(Problem::method_not_allowed(&resource.allow))),
        };
    };
    Ok(match target {
        Target::Method(majors) => {
            let major = version::choose(here, &majors.service, asked)?;
            let route = majors.get(major).ok_or_else(|| no_version(major))?;
            version::found(here, major);
            Found::Route(route, texts(&params)?)
        }
        Target::Rpc => {
            let mut names = params.iter().map(|(_, name)| name);
            let majors = routes.services.named(names.next().unwrap_or_default())?;
            let major = version::choose(here, &majors.service, asked)?;
            let service = routes.services.get(majors, major).ok_or_else(|| no_version(major))?;
            version::found(here, major);
            Found::Method(service.client, service.named(names.next().unwrap_or_default())?)
        }
        Target::Form => Found::Form,
        Target::Errors => Found::Errors,
        Target::Error => Found::Error(texts(&params)?.swap_remove(0)),
        // Without a text it is none's id.
        Target::Ticket => Found::Ticket(texts(&params)?.pop().unwrap_or_default()),
        Target::Push => Found::Push,
        Target::Api => Found::Api,
        Target::Docs(asset) => Found::Docs(asset),
        Target::Health => Found::Health,
        Target::Readiness => Found::Readiness,
    })
}

fn no_version(major: u16) -> Problem {
    Problem::not_found(format!("there is no version {major} of that"))
}

/// What may be asked of a resource.
pub(super) fn allow(verbs: &str) -> Response {
    let mut response = Response::empty(StatusCode::NO_CONTENT);
    if let Ok(verbs) = HeaderValue::from_str(verbs) {
        response.header(header::ALLOW, verbs);
    }
    response
}

/// The texts in a path, decoded once.
fn texts<'a>(params: &Params<'_, 'a>) -> Result<Vec<Cow<'a, str>>, Problem> {
    let decoded = |text| percent_decode_str(text).decode_utf8();
    let texts: Result<_, _> = params.iter().map(|(_, text)| decoded(text)).collect();
    texts.map_err(|_| Problem::bad_request("the path isn't UTF-8"))
}
