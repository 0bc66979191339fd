//! Methods by name: what `POST /rpc/{service}/{method}` and the form gateway call.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use seam_core::call::AnyClient;

use crate::arguments::Arguments;
use crate::error::EdgeError;
use crate::names::folded;
use crate::problem::Problem;
use crate::versions::{Majors, bare};

/// The services of an edge, by name.
#[derive(Debug)]
pub(crate) struct Services {
    list: Vec<Service>,
    by_name: HashMap<&'static str, Majors<usize>>,
    by_folded: HashMap<String, Majors<usize>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Service {
    /// Which client.
    pub(crate) client: usize,
    pub(crate) name: &'static str,
    /// Its contract's version.
    pub(crate) version: &'static str,
    methods: Vec<PublicMethod>,
    by_name: HashMap<&'static str, Option<usize>>,
    by_folded: HashMap<String, Option<usize>>,
}

/// A method that anybody may call.
#[derive(Debug)]
pub(crate) struct PublicMethod {
    pub(crate) index: u16,
    pub(crate) arguments: Arguments,
}

impl Services {
    pub(crate) fn new(clients: &[Arc<dyn AnyClient>]) -> Result<Self, EdgeError> {
        let mut services =
            Self { list: Vec::new(), by_name: HashMap::new(), by_folded: HashMap::new() };
        for (at, client) in clients.iter().enumerate() {
            let service = Service::new(at, &**client)?;
            let major = client.descriptor().major();
            let list = &services.list;
            let ambiguous = |other: &str| EdgeError::Ambiguous {
                first: format!("the service `{other}`"),
                second: format!("the service `{}`", service.name),
            };
            match services.by_folded.entry(folded(service.name)) {
                Entry::Vacant(place) => {
                    place.insert(Majors::new(service.name, major, at));
                }
                Entry::Occupied(mut there) => {
                    let there = there.get_mut();
                    if there.service != service.name || there.add(major, at).is_err() {
                        return Err(ambiguous(&there.service));
                    }
                }
            }
            let named = services.by_name.entry(service.name);
            let named = named.or_insert_with(|| Majors::new(service.name, major, at));
            // The first is there already.
            let _ = named.add(major, at);
            debug_assert!(list.len() == at, "they are numbered by their places");
            services.list.push(service);
        }
        Ok(services)
    }

    /// The majors of the service of exactly that name.
    pub(crate) fn named(&self, name: &str) -> Result<&Majors<usize>, Problem> {
        self.by_name.get(name).ok_or_else(|| Problem::not_found("there is no such service"))
    }

    /// The majors of the service of that name, however it is spelled.
    pub(crate) fn spelled(&self, name: &str) -> Result<&Majors<usize>, Problem> {
        let majors = self.by_folded.get(&folded(name));
        majors.ok_or_else(|| Problem::not_found("there is no such service"))
    }

    /// One major of a service.
    pub(crate) fn get(&self, majors: &Majors<usize>, major: u16) -> Option<&Service> {
        self.list.get(*majors.get(major)?)
    }
}

impl Service {
    fn new(at: usize, client: &dyn AnyClient) -> Result<Self, EdgeError> {
        let contract = client.descriptor();
        let mut service = Self {
            client: at,
            name: bare(client.service().name()),
            version: &contract.version,
            methods: Vec::new(),
            by_name: HashMap::new(),
            by_folded: HashMap::new(),
        };
        let mut spelled: HashMap<String, &str> = HashMap::new();
        for method in &contract.methods {
            let (name, index) = (method.name.as_str(), method.index);
            let public = method.public.then_some(service.methods.len());
            if public.is_some() {
                if let Some(other) = spelled.insert(folded(name), name) {
                    return Err(EdgeError::Ambiguous {
                        first: format!("`{}.{other}`", service.name),
                        second: format!("`{}.{name}`", service.name),
                    });
                }
                let arguments = Arguments::of_object(method);
                service.methods.push(PublicMethod { index, arguments });
            }
            service.by_name.insert(name, public);
            // A public method isn't hidden by another one's spelling.
            let known = service.by_folded.entry(folded(name)).or_insert(public);
            *known = public.or(*known);
        }
        Ok(service)
    }

    /// The method of exactly that name, if it is public.
    pub(crate) fn named(&self, name: &str) -> Result<&PublicMethod, Problem> {
        self.get(self.by_name.get(name))
    }

    /// The method of that name, however it is spelled, if it is public.
    pub(crate) fn spelled(&self, name: &str) -> Result<&PublicMethod, Problem> {
        self.get(self.by_folded.get(&folded(name)))
    }

    fn get(&self, at: Option<&Option<usize>>) -> Result<&PublicMethod, Problem> {
        match at {
            Some(Some(at)) => Ok(&self.methods[*at]),
            Some(None) => Err(Problem::denied("this method isn't public")),
            None => Err(Problem::not_found(format!("`{}` has no such method", self.name))),
        }
    }
}
