//! Schemas by name, each once, for all operations of a document to refer to.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::schema::{bound, close, parts, references, referred};
use super::{Api, headers};

/// Where they stand.
const SCHEMAS: &str = "#/components/schemas/";
const RESPONSES: &str = "#/components/responses/";

/// What operations refer to.
pub(super) struct Components {
    schemas: Map<String, Value>,
    /// Names, by what a type is called and what it is.
    known: HashMap<(String, String), String>,
    responses: Map<String, Value>,
    security: Map<String, Value>,
    /// Those that requests are made of.
    asked: Vec<String>,
}

impl Components {
    pub(super) fn new(api: &Api<'_>) -> Self {
        Self {
            schemas: Map::new(),
            known: HashMap::new(),
            responses: Map::new(),
            security: api.asks.definitions(),
            asked: Vec::new(),
        }
    }

    /// A whole schema of `owner`: a reference to it if its type has a name.
    pub(super) fn whole(&mut self, owner: &str, root: &Value) -> Value {
        if is_named(root) {
            return self.refer(owner, root, "");
        }
        let mut schema = self.part(owner, root, root);
        if let Some(members) = schema.as_object_mut() {
            members.remove("title");
        }
        schema
    }

    /// A part of the whole schema `root`, whose references are the document's.
    pub(super) fn part(&mut self, owner: &str, root: &Value, part: &Value) -> Value {
        match part {
            Value::Object(members) => {
                let mut out = Map::new();
                for (name, member) in members {
                    let member = match (name.as_str(), member) {
                        ("$schema" | "$defs", _) => continue,
                        ("$ref", Value::String(reference)) => match referred(reference) {
                            Some(name) => {
                                let Value::Object(refer) = self.refer(owner, root, &name) else {
                                    continue;
                                };
                                out.extend(refer);
                                continue;
                            }
                            None => member.clone(),
                        },
                        ("const" | "enum" | "default" | "examples", _) => member.clone(),
                        _ => self.part(owner, root, member),
                    };
                    out.insert(name.clone(), member);
                }
                bound(&mut out);
                Value::Object(out)
            }
            Value::Array(all) => all.iter().map(|one| self.part(owner, root, one)).collect(),
            other => other.clone(),
        }
    }

    /// A reference to a type of the whole schema `root`; the one without a name is `root` itself.
    fn refer(&mut self, owner: &str, root: &Value, name: &str) -> Value {
        let definition = definition(root, name);
        let base = match name {
            "" => root.get("title").and_then(Value::as_str).unwrap_or("Type"),
            name => name,
        };
        // Where two types of one name meet in a schema, the second one is numbered there.
        let base = sanitized(base.trim_end_matches(|c: char| c.is_ascii_digit()));
        let mut print = String::new();
        fingerprint(root, &definition, &mut print, &mut HashSet::new());
        if let Some(known) = self.known.get(&(base.clone(), print.clone())) {
            return reference(known);
        }
        let free = self.free(owner, &base);
        self.known.insert((base, print), free.clone());
        // Its place, in case that it refers to itself.
        self.schemas.insert(free.clone(), Value::Null);
        let schema = self.part(owner, root, &definition);
        self.schemas.insert(free.clone(), schema);
        reference(&free)
    }

    /// Adds a schema of that name, which is a finished one, and refers to it.
    pub(super) fn add(&mut self, owner: &str, base: &str, schema: Value) -> String {
        let key = (base.to_owned(), schema.to_string());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let free = self.free(owner, base);
        self.known.insert(key, free.clone());
        self.schemas.insert(free.clone(), schema);
        free
    }

    /// A name that no schema has: the type's, or with its service's before it.
    fn free(&self, owner: &str, base: &str) -> String {
        let owned = format!("{}.{base}", sanitized(owner));
        let numbered = (2..).map(|number| format!("{owned}.{number}"));
        let mut names = [base.to_owned(), owned.clone()].into_iter().chain(numbered);
        let free = names.find(|name| !self.schemas.contains_key(name));
        free.unwrap_or(owned)
    }

    /// A response that operations share: a reference to it, or it itself if another has its name.
    pub(super) fn response(&mut self, name: &str, response: Value) -> Value {
        let name = &sanitized(name);
        match self.responses.get(name) {
            Some(known) if *known != response => return response,
            Some(_) => {}
            None => {
                self.responses.insert(name.to_owned(), response);
            }
        }
        json!({ "$ref": format!("{RESPONSES}{name}") })
    }

    /// Notes that requests are made of a schema, and has it say what isn't taken.
    pub(super) fn asked(&mut self, schema: &mut Value) {
        close(schema);
        let mut found = Vec::new();
        references(schema, &mut found);
        self.asked.extend(found.into_iter().filter_map(component).map(str::to_owned));
    }

    /// `components`.
    pub(super) fn finish(mut self) -> Value {
        self.close_asked();
        let mut components = Map::new();
        components.insert("schemas".into(), self.schemas.into());
        components.insert("responses".into(), self.responses.into());
        components.insert("headers".into(), headers::all());
        if !self.security.is_empty() {
            components.insert("securitySchemes".into(), self.security.into());
        }
        components.into()
    }

    fn close_asked(&mut self) {
        let mut open = Vec::new();
        self.schemas.values().for_each(|schema| parts(schema, &mut open));
        let open: HashSet<String> =
            open.into_iter().filter_map(component).map(str::to_owned).collect();
        let mut seen = HashSet::new();
        while let Some(name) = self.asked.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(schema) = self.schemas.get_mut(&name) else { continue };
            let mut found = Vec::new();
            references(schema, &mut found);
            self.asked.extend(found.into_iter().filter_map(component).map(str::to_owned));
            if !open.contains(&name) {
                close(schema);
            }
        }
    }
}

/// A reference to a schema of that name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{name}") })
}

/// The name that a reference has.
fn component(reference: &str) -> Option<&str> {
    reference.strip_prefix(SCHEMAS)
}

/// A type of a whole schema, without what only the whole has.
fn definition(root: &Value, name: &str) -> Value {
    let found = match name {
        "" => Some(root),
        name => root.get("$defs").and_then(|defs| defs.get(name)),
    };
    let Some(Value::Object(members)) = found else { return true.into() };
    let mut members = members.clone();
    for own in ["$schema", "$defs", "title"] {
        members.remove(own);
    }
    Value::Object(members)
}

/// All that a type is, with those that it refers to.
fn fingerprint(root: &Value, schema: &Value, out: &mut String, seen: &mut HashSet<String>) {
    out.push_str(&schema.to_string());
    let mut found = Vec::new();
    references(schema, &mut found);
    for name in found.into_iter().filter_map(referred) {
        if seen.insert(name.clone()) {
            out.push('\n');
            fingerprint(root, &definition(root, &name), out, seen);
        }
    }
}

/// Whether a whole schema is that of a type with a name, and not of a number or a list.
fn is_named(root: &Value) -> bool {
    let Some(title) = root.get("title").and_then(Value::as_str) else { return false };
    let made_up = ["Array_", "Nullable_", "Map_", "Set_", "Tuple_"];
    title.starts_with(|c: char| c.is_ascii_uppercase())
        && title != "AnyValue"
        && !made_up.iter().any(|made_up| title.starts_with(made_up))
}

/// What a name of a component may be made of.
fn sanitized(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if fits(c) { c } else { '.' }).collect()
}
