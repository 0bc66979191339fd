//! The API of an edge as an OpenAPI 3.1 document, made from contracts: what `GET /openapi.json`
//! answers and `openapi` prints.
//!
//! Nothing is written for it twice. Parameters and bodies are found by the same
//! [`Arguments`](crate::arguments::Arguments) that requests are read by, types are the contracts' JSON
//! Schemas, errors their variants. Types and problems stand in `components/schemas` and are referred
//! to; paths and parameters have the names that JSON has.
//!
//! ```text
//! method      a method's routes, and its operation at /rpc      ┐ parameters  body  answer  problems
//! own         the edge's own: /gateway, /tickets, pages, probes ┘
//! catalogue   which operations there are, and what each is called
//! asks        which of them ask for a credential, and of which kinds
//! components  schemas by name, each once; schema: what is done to one
//! ```

mod answer;
mod asks;
mod body;
mod cached;
mod catalogue;
mod components;
mod headers;
mod method;
mod own;
mod parameters;
mod problems;
mod schema;

use seam_core::contract::ContractDescriptor;
use serde_json::{Map, Value, json};

pub use self::asks::{Asks, Scheme};
pub(crate) use self::cached::Cached;
use self::catalogue::Catalogue;
use self::components::Components;
use crate::error::EdgeError;
use crate::versions::Versions;

/// Where the document is, on every edge.
pub(crate) const PATH: &str = "/openapi.json";

/// What an API is called in its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name: the app's. Default: `app`.
    pub title: String,
    /// Its version: the release. Default: `dev`.
    pub version: String,
}

impl Default for About {
    fn default() -> Self {
        Self { title: "app".into(), version: "dev".into() }
    }
}

/// An edge, as far as its document tells.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// What it is called.
    pub about: &'a About,
    /// The services, by name.
    pub services: &'a [(&'a str, &'a ContractDescriptor)],
    /// Which major of a service answers where a path says none; the others are where their paths say it.
    pub versions: &'a Versions,
    /// What stands before a code in a problem's `type`:
    /// [`EdgeSettings::errors`](crate::EdgeSettings::errors).
    pub errors: &'a str,
    /// Whether calls can be made later.
    pub tickets: bool,
    /// Whether the program answers errors of the edge and the runtime in a form of its own.
    pub own_problems: bool,
    /// And those of services.
    pub own_errors: bool,
    /// Who has to prove what.
    pub asks: Asks<'a>,
}

/// The OpenAPI 3.1 document of an edge.
///
/// # Errors
/// As [`Edge::bind`](crate::Edge::bind), for routes that are none.
pub fn openapi(api: &Api<'_>) -> Result<Value, EdgeError> {
    let mut paths = Paths::default();
    let mut components = Components::new(api);
    let catalogue = Catalogue::new(api)?;
    for entry in &catalogue.entries {
        let (verb, operation) = method::operation(api, &catalogue, entry, &mut components);
        paths.add(&entry.path, &verb, operation);
    }
    own::operations(api, &mut components, &mut paths);
    let mut tags: Vec<Value> = api
        .services
        .iter()
        .filter(|(_, contract)| contract.methods.iter().any(|method| method.at_the_edge()))
        .map(|(service, contract)| json!({ "name": service, "description": contract.doc }))
        .collect();
    tags.push(json!({ "name": own::TAG, "description": "What every edge has." }));
    Ok(json!({
        "openapi": "3.1.0",
        "info": { "title": api.about.title, "version": api.about.version },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths.0,
        "components": components.finish(),
    }))
}

/// Operations, by path and verb.
#[derive(Debug, Default)]
struct Paths(Map<String, Value>);

impl Paths {
    fn add(&mut self, path: &str, verb: &str, operation: Value) {
        let item = self.0.entry(path).or_insert_with(|| Value::Object(Map::new()));
        if let Some(item) = item.as_object_mut() {
            item.insert(verb.to_ascii_lowercase(), operation);
        }
    }
}

/// The first paragraph of a doc comment as `summary`, and all of it as `description` if there is more.
fn described(operation: &mut Map<String, Value>, doc: &str) {
    let doc = doc.trim();
    let first = doc.split("\n\n").next().unwrap_or_default();
    if !first.is_empty() {
        operation.insert(
            "summary".into(),
            first.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        );
    }
    if doc.len() > first.len() {
        operation.insert("description".into(), doc.into());
    }
}
