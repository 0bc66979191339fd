//! A contract as data: what `check`, `graph`, the handshake and the edge read. It is owned, and can
//! be kept and sent; as JSON its keys are in camel case.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Contract, EventDescriptor, Method, RouteSpec, ScheduleDescriptor, ServiceError, SessionStep,
    SubscriptionDescriptor, TurnKind,
};
use crate::codec::{Layout, Message};

/// What a schema has beside a field that is marked by `#[message(secret)]`: `true`.
pub const SECRET: &str = "x-seam-secret";

/// A contract's name, version, methods and events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractDescriptor {
    /// The contract's name.
    pub name: String,
    /// Its version, `MAJOR.MINOR`.
    pub version: String,
    /// Its doc comment.
    pub doc: String,
    /// Its methods, in the order of the trait.
    pub methods: Vec<MethodDescriptor>,
    /// The events that its service publishes, in the order of `events(…)`. A contract that was written
    /// down before there was this member has none.
    #[serde(default)]
    pub events: Vec<EventDescriptor>,
}

impl ContractDescriptor {
    /// Describes the contract `C`.
    pub fn of<C: Contract>(
        doc: &str,
        methods: Vec<MethodDescriptor>,
        events: Vec<EventDescriptor>,
    ) -> Self {
        let (name, version) = (C::NAME.to_owned(), C::VERSION.to_owned());
        Self { name, version, doc: doc.to_owned(), methods, events }
    }

    /// The major part of its version, by which callers go; 1 of a version that is none.
    pub fn major(&self) -> u16 {
        let major = self.version.split('.').next().and_then(|major| major.parse().ok());
        major.unwrap_or(1)
    }

    /// The name of its service where the app gives it no other: the contract's own. Of a major after
    /// the first it is `NAME@MAJOR`, so that several majors stand beside each other.
    pub fn service(&self) -> String {
        match self.major() {
            0 | 1 => self.name.clone(),
            major => format!("{}@{major}", self.name),
        }
    }

    /// The method of that name.
    pub fn method(&self, name: &str) -> Option<&MethodDescriptor> {
        self.methods.iter().find(|method| method.name == name)
    }
}

/// What a contract says of a method, and what the method's types are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodDescriptor {
    /// The method's name.
    pub name: String,
    /// Its place in the contract, counted from 0.
    pub index: u16,
    /// Its doc comment.
    pub doc: String,
    /// How its turn takes the service.
    pub turn: TurnKind,
    /// Whether running it twice is as good as once.
    pub idempotent: bool,
    /// Its deadline where the caller names none.
    pub deadline: Option<Duration>,
    /// From when on its calls are slow, where that isn't what config says.
    #[serde(default)]
    pub slow: Option<Duration>,
    /// Whether `POST /rpc/…` and the form gateway may call it.
    pub public: bool,
    /// Whether it has a fallback, which answers where its service can't.
    #[serde(default)]
    pub fallback: bool,
    /// The argument by which calls go to the same instance, where the service is balanced by `hash`.
    #[serde(default)]
    pub route_by: Option<String>,
    /// Who may ask for it at the edge: a [`Rule`](super::Rule)'s text; without one, who is signed in.
    #[serde(default)]
    pub allow: Option<String>,
    /// How often it may be asked for at the edge: `5/60s`.
    #[serde(default)]
    pub rate: Option<String>,
    /// How long the edge may keep its answers.
    #[serde(default)]
    pub cache: Option<Duration>,
    /// Whether it begins or ends a session at the edge.
    #[serde(default)]
    pub session: Option<SessionStep>,
    /// Whether it is a saga: once it is enqueued it runs from the top after each crash, and each of its
    /// steps once.
    #[serde(default)]
    pub saga: bool,
    /// The events that begin it, if it is a subscription.
    #[serde(default)]
    pub on: Option<SubscriptionDescriptor>,
    /// When it runs by itself, if it does.
    #[serde(default)]
    pub schedule: Option<ScheduleDescriptor>,
    /// Its routes at the edge.
    pub http: Vec<HttpRoute>,
    /// Its arguments, in their order.
    pub arguments: Vec<ArgumentDescriptor>,
    /// Its error's variants; not the one that passes a failed call on, for callers get that as
    /// [`Unknown::Inner`](crate::outcome::Unknown::Inner).
    pub errors: Vec<ErrorDescriptor>,
    /// JSON Schemas of its types.
    pub schema: MethodSchema,
    /// Equal on both sides of a wire only if arguments, answer and error are encoded alike.
    pub hash: u64,
    /// The layout that the hash was made of, for people who look for a difference.
    pub layout: String,
}

impl MethodDescriptor {
    /// A method of that name and place that no types are known of, with a shared turn and nothing else:
    /// one of the runtime's own. What is said beside it goes before, as with
    /// [`MethodSpec::plain`](super::MethodSpec::plain).
    pub fn plain(name: &str, index: u16) -> Self {
        Self {
            name: name.to_owned(),
            index,
            doc: String::new(),
            turn: TurnKind::Shared,
            idempotent: false,
            deadline: None,
            slow: None,
            public: false,
            fallback: false,
            route_by: None,
            allow: None,
            rate: None,
            cache: None,
            session: None,
            saga: false,
            on: None,
            schedule: None,
            http: Vec::new(),
            arguments: Vec::new(),
            errors: Vec::new(),
            schema: MethodSchema {
                arguments: Value::Null,
                answer: Value::Null,
                error: Value::Null,
            },
            hash: 0,
            layout: String::new(),
        }
    }

    /// Describes the method `M`.
    pub fn of<M: Method>() -> Self {
        let spec = M::SPEC;
        let layout = layout::<M>();
        let argument = |argument: &super::ArgumentSpec| ArgumentDescriptor {
            name: argument.name.to_owned(),
            doc: argument.doc.to_owned(),
        };
        Self {
            name: spec.name.to_owned(),
            index: spec.index,
            doc: spec.doc.to_owned(),
            turn: spec.turn,
            idempotent: spec.idempotent,
            deadline: spec.deadline,
            slow: spec.slow,
            public: spec.public,
            fallback: M::FALLBACK,
            route_by: spec.route_by.map(ToOwned::to_owned),
            allow: spec.allow.map(ToOwned::to_owned),
            rate: spec.rate.map(ToOwned::to_owned),
            cache: spec.cache,
            session: spec.session,
            saga: spec.saga,
            on: spec.on.map(SubscriptionDescriptor::from),
            schedule: spec.schedule.map(ScheduleDescriptor::from),
            http: spec.http.iter().map(HttpRoute::from).collect(),
            arguments: spec.arguments.iter().map(argument).collect(),
            errors: distinct(M::Error::variants()),
            schema: MethodSchema {
                arguments: schema::<M>(),
                answer: schema::<M::Answer>(),
                error: schema::<M::Error>(),
            },
            hash: xxh3_64(layout.as_bytes()),
            layout,
        }
    }

    /// Whether somebody outside may call the method: it has a route or is public.
    pub fn at_the_edge(&self) -> bool {
        self.public || !self.http.is_empty()
    }
}

/// Each code once: an error may pass on what it has itself, as the store's.
fn distinct(variants: Vec<ErrorDescriptor>) -> Vec<ErrorDescriptor> {
    let mut distinct: Vec<ErrorDescriptor> = Vec::with_capacity(variants.len());
    for variant in variants {
        if distinct.iter().all(|other| other.code != variant.code) {
            distinct.push(variant);
        }
    }
    distinct
}

/// How a method's arguments, answer and error are encoded.
fn layout<M: Method>() -> String {
    let mut layout = Layout::default();
    layout.text(M::SPEC.name);
    layout.text(if M::SPEC.turn.is_exclusive() { "!" } else { "" });
    M::layout(&mut layout);
    layout.text("->");
    M::Answer::layout(&mut layout);
    layout.text("/");
    M::Error::layout(&mut layout);
    layout.into_string()
}

pub(super) fn schema<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// An HTTP route of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRoute {
    /// The verb, in capitals.
    pub verb: String,
    /// The path; `{name}` takes an argument from it.
    pub path: String,
    /// The status of an answer.
    pub status: u16,
    /// The template of the `Location` header, from fields of the answer: `/api/order/{order.id}`.
    pub location: Option<String>,
    /// Arguments taken from headers: (argument, header).
    pub headers: Vec<(String, String)>,
    /// The media types that a body may be of, in lower case and without parameters; none where any
    /// will do. A route that was written down before there was this member has none.
    #[serde(default)]
    pub accept: Vec<String>,
}

impl From<&RouteSpec> for HttpRoute {
    fn from(route: &RouteSpec) -> Self {
        let header = |(argument, header): &(&str, &str)| ((*argument).into(), (*header).into());
        Self {
            verb: route.verb.to_owned(),
            path: route.path.to_owned(),
            status: route.status,
            location: route.location.map(ToOwned::to_owned),
            headers: route.headers.iter().map(header).collect(),
            accept: route.accept.iter().map(|kind| (*kind).to_owned()).collect(),
        }
    }
}

/// One argument of a method. Its type is in [`MethodSchema::arguments`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArgumentDescriptor {
    /// Its name, as JSON knows it: `userId` for `user_id`. Paths and headers of [`HttpRoute`] name
    /// it alike.
    pub name: String,
    /// Its doc comment; empty if it has none.
    pub doc: String,
}

/// JSON Schemas (draft 2020-12) of a method's types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSchema {
    /// The object of arguments.
    pub arguments: Value,
    /// The answer.
    pub answer: Value,
    /// The service error.
    pub error: Value,
}

/// One variant of a service error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDescriptor {
    /// Its stable code, in snake case.
    pub code: String,
    /// Its HTTP status.
    pub status: u16,
    /// Whether it leaves the effect of the failed call unknown.
    pub unknown: bool,
    /// Its doc comment.
    pub doc: String,
    /// Its fields, which stand beside code and status in a problem.
    pub fields: Vec<FieldDescriptor>,
}

/// One field of an error's variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldDescriptor {
    /// Its name in JSON.
    pub name: String,
    /// Its doc comment; empty if it has none.
    pub doc: String,
    /// The JSON Schema of its type.
    pub schema: Value,
}

impl FieldDescriptor {
    /// Describes a field of the type `T`.
    pub fn of<T: JsonSchema>(name: &str, doc: &str) -> Self {
        Self { name: name.to_owned(), doc: doc.to_owned(), schema: schema::<T>() }
    }

    /// Describes the fields of `T`, if it is a struct: a variant that holds one value has that one's
    /// fields.
    pub fn all_of<T: JsonSchema>() -> Vec<Self> {
        let root = schema::<T>();
        let Some(Value::Object(fields)) = root.get("properties") else { return Vec::new() };
        let text =
            |field: &Value| field.get("description").and_then(Value::as_str).map(str::to_owned);
        let field = |(name, field): (&String, &Value)| {
            let mut schema = field.clone();
            if let (Some(schema), Some(defs)) = (schema.as_object_mut(), root.get("$defs")) {
                schema.insert("$defs".to_owned(), defs.clone());
            }
            Self { name: name.clone(), doc: text(field).unwrap_or_default(), schema }
        };
        fields.iter().map(field).collect()
    }
}
