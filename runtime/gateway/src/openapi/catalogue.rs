//! Which operations the methods of an API have, and what each of them is called.

use std::collections::HashSet;

use seam_core::contract::{ContractDescriptor, HttpRoute, MethodDescriptor};

use super::Api;
use crate::arguments::Arguments;
use crate::error::EdgeError;
use crate::location::Location;
use crate::names::folded;
use crate::routes::{names, shape};
use crate::versions::bare;

/// All operations of methods.
pub(super) struct Catalogue<'a> {
    pub(super) entries: Vec<Entry<'a>>,
}

/// One of them.
pub(super) struct Entry<'a> {
    pub(super) service: &'a str,
    pub(super) method: &'a MethodDescriptor,
    /// Unless it is the one at `/rpc`.
    pub(super) route: Option<&'a HttpRoute>,
    pub(super) arguments: Arguments,
    /// What stands before its path: `/v2`, or nothing for the major that answers without.
    pub(super) prefix: String,
    /// The path, with that and the names that JSON has.
    pub(super) path: String,
    /// Those names, in their order.
    pub(super) named: Vec<String>,
    pub(super) id: String,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(api: &Api<'a>) -> Result<Self, EdgeError> {
        let mut catalogue = Self { entries: Vec::new() };
        let mut ids = HashSet::new();
        for &(service, contract) in api.services {
            catalogue.add((service, contract), &prefix(api, service, contract), &mut ids)?;
        }
        Ok(catalogue)
    }

    fn add(
        &mut self,
        (service, contract): (&'a str, &'a ContractDescriptor),
        prefix: &str,
        ids: &mut HashSet<String>,
    ) -> Result<(), EdgeError> {
        for method in &contract.methods {
            let entry = |route, arguments, (path, named), id| {
                let prefix = prefix.to_owned();
                Entry { service, method, route, arguments, prefix, path, named, id }
            };
            for route in &method.http {
                let bad = |why| EdgeError::BadRoute {
                    verb: route.verb.clone(),
                    path: route.path.clone(),
                    method: format!("{service}.{}", method.name),
                    why,
                };
                let in_path = names(&route.path).map_err(bad)?;
                let arguments = Arguments::of_route(method, route, &in_path).map_err(bad)?;
                let (path, named) = self.path((prefix, route), &in_path, &arguments);
                let id = unique(ids, format!("{service}.{}", method.name));
                self.entries.push(entry(Some(route), arguments, (path, named), id));
            }
            if method.public {
                let arguments = Arguments::of_object(method);
                let path = format!("{prefix}/rpc/{}/{}", bare(service), method.name);
                let id = unique(ids, format!("{service}.{}.rpc", method.name));
                self.entries.push(entry(None, arguments, (path, Vec::new()), id));
            }
        }
        Ok(())
    }

    /// A route's path, as clients know it, and the names in it. Templates that only differ in their
    /// names are one path: then the first one's names are taken.
    fn path(
        &self,
        (prefix, route): (&str, &HttpRoute),
        in_path: &[&str],
        arguments: &Arguments,
    ) -> (String, Vec<String>) {
        let same = |entry: &&Entry<'_>| {
            let is_same = |other: &HttpRoute| shape(&other.path) == shape(&route.path);
            entry.prefix == prefix && entry.route.is_some_and(is_same)
        };
        if let Some(first) = self.entries.iter().find(same) {
            return (first.path.clone(), first.named.clone());
        }
        let named = in_path.iter().map(|name| {
            let argument = arguments.list().iter().find(|a| folded(a.key()) == folded(name));
            argument.map_or(*name, |argument| argument.name()).to_owned()
        });
        let named: Vec<String> = named.collect();
        let mut next = named.iter();
        let segments = route.path.split('/').map(|segment| match segment.starts_with('{') {
            true => next.next().map(|name| format!("{{{name}}}")).unwrap_or_default(),
            false => segment.to_owned(),
        });
        (prefix.to_owned() + &segments.collect::<Vec<_>>().join("/"), named)
    }

    /// The operation that reads what is at a `Location`, as clients find it there, and the pointers into
    /// the answer that fill its path.
    pub(super) fn at(&self, location: &Location) -> Option<(&Entry<'a>, Vec<String>)> {
        self.entries.iter().filter(|entry| entry.prefix.is_empty()).find_map(|entry| {
            let route = entry.route.filter(|route| route.verb == "GET")?;
            Some((entry, location.fills(&route.path)?))
        })
    }
}

/// What stands before the paths of a service: nothing for the major that answers without it.
fn prefix(api: &Api<'_>, service: &str, contract: &ContractDescriptor) -> String {
    let same = api.services.iter().filter(|(other, _)| bare(other) == bare(service));
    let mut majors: Vec<u16> = same.map(|(_, contract)| contract.major()).collect();
    majors.sort_unstable();
    let major = contract.major();
    match api.versions.usual(bare(service), &majors) == Some(major) {
        true => String::new(),
        false => format!("/v{major}"),
    }
}

/// The name, or one like it that nobody has.
fn unique(ids: &mut HashSet<String>, id: String) -> String {
    let mut free = id.clone();
    let mut count = 1;
    while !ids.insert(free.clone()) {
        count += 1;
        free = format!("{id}.{count}");
    }
    free
}
