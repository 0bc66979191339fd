//! Which request means what: settled when the edge is bound.

use std::collections::HashMap;
use std::sync::Arc;

use crate::http::{Method, StatusCode};
use matchit::Router;
use seam_core::call::AnyClient;
use seam_core::contract::{HttpRoute, MethodDescriptor};

use crate::arguments::Arguments;
use crate::docs::{self, Asset};
use crate::error::EdgeError;
use crate::errors::{self, Errors};
use crate::location::Location;
use crate::methods::EdgeMethod;
use crate::openapi;
use crate::rpc::Services;
use crate::versions::{Majors, bare};

/// Whether an edge can serve the contracts of these clients: what [`Edge::bind`](crate::Edge::bind)
/// would refuse, without binding anything.
///
/// # Errors
/// The first route that is no route, or that can't be told apart from another.
pub fn check_routes(clients: &[Arc<dyn AnyClient>]) -> Result<(), EdgeError> {
    Routes::new(clients).map(drop)
}

/// Where tickets are, on every edge.
pub(crate) const TICKETS: &str = "/tickets";

/// All routes of an edge.
#[derive(Debug)]
pub(crate) struct Routes {
    paths: Router<usize>,
    resources: Vec<Resource>,
    pub(crate) services: Services,
    /// The methods of each client, by their indices.
    methods: Vec<Vec<EdgeMethod>>,
    /// The majors of each service, the lowest first.
    majors: HashMap<String, Vec<u16>>,
    pub(crate) errors: Errors,
}

/// A path, and what its verbs mean.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    verbs: Vec<(Method, Target, String)>,
    /// The value of `Allow`.
    pub(crate) allow: String,
}

/// What a request means.
#[derive(Debug)]
pub(crate) enum Target {
    Health,
    Readiness,
    Rpc,
    Form,
    /// The page of all codes.
    Errors,
    /// The page of a code.
    Error,
    /// A call that was kept.
    Ticket,
    /// What is pushed to a client.
    Push,
    /// The document of the API.
    Api,
    /// A file of the page that shows it.
    Docs(&'static Asset),
    /// What each major of a service has there.
    Method(Majors<Arc<MethodRoute>>),
}

/// A route that a method declares.
#[derive(Debug)]
pub(crate) struct MethodRoute {
    /// Which client.
    pub(crate) client: usize,
    /// Which method.
    pub(crate) index: u16,
    pub(crate) arguments: Arguments,
    pub(crate) status: StatusCode,
    pub(crate) location: Option<Location>,
    /// The media types that a body of bytes may be of; none where any will do.
    pub(crate) accept: Vec<String>,
    /// Whose answers it shares: those of routes of the same method of the same major that make the same
    /// of what it answers.
    pub(crate) answers: String,
    /// Its path, as its contract writes it.
    pub(crate) path: Arc<str>,
}

impl Resource {
    /// What a verb means here; HEAD is GET whose answer is sent without its content.
    pub(crate) fn target(&self, verb: &Method) -> Option<&Target> {
        let of = |verb: &Method| {
            self.verbs.iter().find(|(other, ..)| other == verb).map(|(_, target, _)| target)
        };
        of(verb).or_else(|| if *verb == Method::HEAD { of(&Method::GET) } else { None })
    }

    /// Whether something of a service is there, so that it has versions.
    pub(crate) fn is_versioned(&self) -> bool {
        self.verbs.iter().any(|(_, target, _)| matches!(target, Target::Method(_) | Target::Rpc))
    }

    /// The value of `Allow`: every verb that is answered here.
    fn allowed(&self) -> String {
        let mut allow = String::new();
        for (verb, ..) in &self.verbs {
            allow.push_str(verb.as_str());
            allow.push_str(if *verb == Method::GET { ", HEAD, " } else { ", " });
        }
        allow + "OPTIONS"
    }
}

impl Routes {
    pub(crate) fn new(clients: &[Arc<dyn AnyClient>]) -> Result<Self, EdgeError> {
        let mut building = Building::default();
        let own = "the edge itself";
        building.add(Method::GET, "/healthz", Target::Health, own)?;
        building.add(Method::GET, "/readyz", Target::Readiness, own)?;
        building.add(Method::GET, errors::PATH, Target::Errors, own)?;
        building.add(Method::GET, &format!("{}/{{code}}", errors::PATH), Target::Error, own)?;
        building.add(Method::GET, openapi::PATH, Target::Api, own)?;
        for asset in &docs::ASSETS {
            building.add(Method::GET, asset.path, Target::Docs(asset), own)?;
        }
        building.add(Method::POST, "/gateway", Target::Form, own)?;
        building.add(Method::POST, "/rpc/{service}/{method}", Target::Rpc, own)?;
        building.add(Method::GET, &format!("{TICKETS}/{{id}}"), Target::Ticket, own)?;
        building.add(Method::GET, &format!("{TICKETS}/"), Target::Ticket, own)?;
        building.add(Method::GET, "/push", Target::Push, own)?;
        for (at, client) in clients.iter().enumerate() {
            let (service, major) = (client.service().name(), client.descriptor().major());
            for method in &client.descriptor().methods {
                let owner = format!("{service}.{}", method.name);
                for route in &method.http {
                    let (verb, route_of) =
                        method_route(at, client, method, route).map_err(|why| {
                            let (verb, path) = (route.verb.clone(), route.path.clone());
                            EdgeError::BadRoute { verb, path, method: owner.clone(), why }
                        })?;
                    let majors = Majors::new(bare(service), major, route_of);
                    building.add(verb, &route.path, Target::Method(majors), &owner)?;
                }
            }
        }
        let Building { paths, mut resources, .. } = building;
        for resource in &mut resources {
            resource.allow = resource.allowed();
        }
        let (services, errors) = (Services::new(clients)?, Errors::new(clients));
        let methods = clients
            .iter()
            .map(|client| EdgeMethod::all(bare(client.service().name()), client.descriptor()));
        let methods = methods.collect();
        let mut majors: HashMap<String, Vec<u16>> = HashMap::new();
        for client in clients {
            let service = bare(client.service().name()).to_owned();
            majors.entry(service).or_default().push(client.descriptor().major());
        }
        majors.values_mut().for_each(|majors| majors.sort_unstable());
        Ok(Self { paths, resources, services, methods, majors, errors })
    }

    /// The majors of a service, by its name without one, the lowest first.
    pub(crate) fn majors(&self, service: &str) -> &[u16] {
        self.majors.get(service).map_or(&[], Vec::as_slice)
    }

    /// A method of the client of that number, by its index.
    pub(crate) fn method(&self, client: usize, index: u16) -> Option<&EdgeMethod> {
        self.methods.get(client)?.get(usize::from(index))
    }

    /// The resource of a path, and what the path holds, still encoded.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(&Resource, matchit::Params<'_, 'a>)> {
        let found = self.paths.at(path).ok()?;
        Some((&self.resources[*found.value], found.params))
    }
}

fn method_route(
    at: usize,
    client: &Arc<dyn AnyClient>,
    method: &MethodDescriptor,
    route: &HttpRoute,
) -> Result<(Method, Arc<MethodRoute>), String> {
    let verb = match route.verb.as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return Err("has no verb that is known: GET, POST, PUT, PATCH or DELETE".into()),
    };
    if errors::is_reserved(&route.path) {
        return Err(
            "is below `/errors`, where the edge explains its codes: take another path".into()
        );
    }
    let arguments = Arguments::of_route(method, route, &names(&route.path)?)?;
    let status = StatusCode::from_u16(route.status).ok().filter(StatusCode::is_success);
    let status = status.ok_or_else(|| format!("has the status {}: 2xx", route.status))?;
    let location = route.location.as_deref().map(Location::parse).transpose()?;
    let (index, accept) = (method.index, route.accept.clone());
    if !accept.is_empty() && !arguments.takes_blob() {
        return Err("accepts media types, and its body is no `Blob`".into());
    }
    let (service, major) = (bare(client.service().name()), client.descriptor().major());
    let place = route.location.as_deref().unwrap_or_default();
    let answers = format!("{service}@{major}.{} {} {place}", method.name, route.status);
    let client = at;
    let path = route.path.as_str().into();
    let route = MethodRoute { client, index, arguments, status, location, accept, answers, path };
    Ok((verb, Arc::new(route)))
}

/// The names in a template, whose every segment is a text or `{name}`.
pub(crate) fn names(path: &str) -> Result<Vec<&str>, String> {
    if !path.starts_with('/') {
        return Err("doesn't begin with `/`".into());
    }
    let mut names = Vec::new();
    for segment in path.split('/').skip(1) {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            if name.is_empty() || names.contains(&name) || name.contains(['{', '}', '*']) {
                return Err(format!("has the segment `{segment}`: each name once, as `{{name}}`"));
            }
            names.push(name);
        } else if segment.contains(['{', '}', '*', ':', '%', '?', '#']) {
            return Err(format!("has the segment `{segment}`: a plain text, or `{{name}}` alone"));
        }
    }
    Ok(names)
}

#[derive(Default)]
struct Building {
    paths: Router<usize>,
    resources: Vec<Resource>,
    /// Resources by template, whatever its names are called.
    shapes: HashMap<String, usize>,
}

impl Building {
    fn add(
        &mut self,
        verb: Method,
        path: &str,
        target: Target,
        owner: &str,
    ) -> Result<(), EdgeError> {
        let conflict = |first: &str| EdgeError::Conflict {
            verb: verb.to_string(),
            path: path.to_owned(),
            first: first.to_owned(),
            second: owner.to_owned(),
        };
        let shape = shape(path);
        let at = match self.shapes.get(&shape) {
            Some(at) => *at,
            None => {
                let at = self.resources.len();
                let inserted = self.paths.insert(shape.clone(), at);
                inserted.map_err(|error| conflict(&error.to_string()))?;
                self.shapes.insert(shape, at);
                self.resources.push(Resource::default());
                at
            }
        };
        let resource = &mut self.resources[at];
        match resource.verbs.iter_mut().find(|(other, ..)| *other == verb) {
            None => {
                resource.verbs.push((verb, target, owner.to_owned()));
                Ok(())
            }
            // Majors of one service stand beside each other.
            Some((_, Target::Method(there), first)) => match target {
                Target::Method(new) if new.service == there.service => {
                    there.take(new).map_err(|_| conflict(first))
                }
                _ => Err(conflict(first)),
            },
            Some((.., first)) => Err(conflict(first)),
        }
    }
}

/// `/order/{id}/item/{item}` → `/order/{0}/item/{1}`.
pub(crate) fn shape(path: &str) -> String {
    let mut count = 0;
    let segments = path.split('/').map(|segment| {
        if segment.starts_with('{') {
            count += 1;
            format!("{{{}}}", count - 1)
        } else {
            segment.to_owned()
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_only_differ_in_names_are_one() {
        assert_eq!(shape("/a/{b}/c/{d}"), shape("/a/{x}/c/{y}"));
        assert_ne!(shape("/a/{b}/c"), shape("/a/c/{b}"));
    }

    #[test]
    fn names_stand_alone_in_their_segments() {
        assert_eq!(names("/a/{b}/c/{d}"), Ok(vec!["b", "d"]));
        assert_eq!(names("/"), Ok(vec![]));
        for bad in ["a", "/{}", "/{a}/{a}", "/x{a}", "/{a}x", "/{*a}", "/{a", "/*", "/%41"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }
}
