//! A contract as data: what `check`, `graph`, the handshake and the edge read.

use std::time::Duration;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::{Layout, Message, Method, ServiceError};

/// How a method's turn takes its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnKind {
    /// `&mut self`: alone, and to its end whoever leaves.
    Exclusive,
    /// `&self`: beside other shared turns; ended when its caller goes away.
    Shared,
    /// `&self` with `#[call(complete)]`: beside others, and to its end whoever leaves.
    Complete,
}

impl TurnKind {
    /// Whether nobody else is in while the turn runs.
    pub const fn is_exclusive(self) -> bool {
        matches!(self, Self::Exclusive)
    }

    /// Whether the turn runs to its end when its caller goes away.
    pub const fn runs_to_end(self) -> bool {
        !matches!(self, Self::Shared)
    }
}

/// An HTTP route that a method declares with `#[call(http = "POST /api/order")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRoute {
    /// The verb, in capitals.
    pub verb: &'static str,
    /// The path; `{name}` takes an argument from it.
    pub path: &'static str,
    /// The status of an answer; 200 unless declared with `status = 201`.
    pub status: u16,
    /// The template of the `Location` header, from fields of the answer: `/api/order/{order.id}`.
    pub location: Option<&'static str>,
    /// Arguments taken from headers: (argument, header).
    pub headers: &'static [(&'static str, &'static str)],
}

/// What a contract says of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodSpec {
    /// The method's name.
    pub name: &'static str,
    /// Its place in the contract, counted from 0.
    pub index: u16,
    /// Its doc comment.
    pub doc: &'static str,
    /// How its turn takes the service.
    pub turn: TurnKind,
    /// Whether running it twice is as good as once.
    pub idempotent: bool,
    /// Its deadline where the caller names none.
    pub deadline: Option<Duration>,
    /// Whether `POST /rpc/…` and the form gateway may call it.
    pub public: bool,
    /// Its routes at the edge.
    pub http: &'static [HttpRoute],
    /// The names of its arguments, as JSON knows them: `userId` for `user_id`. Paths and headers of
    /// [`HttpRoute`] name them alike.
    pub arguments: &'static [&'static str],
}

impl MethodSpec {
    /// Whether somebody outside may call the method: it has a route or is public.
    pub const fn at_the_edge(&self) -> bool {
        self.public || !self.http.is_empty()
    }
}

/// A method's [`MethodSpec`] and what its types are made of.
#[derive(Debug)]
pub struct MethodDescriptor {
    /// What the contract says of it.
    pub spec: &'static MethodSpec,
    /// Equal on both sides of a wire only if arguments, answer and error are encoded alike.
    pub hash: u64,
    /// The layout that the hash was made of, for people who look for a difference.
    pub layout: String,
    /// The error's variants, with code and HTTP status.
    pub errors: &'static [ErrorDescriptor],
    schema: fn() -> MethodSchema,
}

/// JSON Schemas (draft 2020-12) of a method's types.
#[derive(Debug, Clone)]
pub struct MethodSchema {
    /// The object of arguments.
    pub arguments: Value,
    /// The answer.
    pub answer: Value,
    /// The service error.
    pub error: Value,
}

/// One variant of a service error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorDescriptor {
    /// Its stable code, in snake case.
    pub code: &'static str,
    /// Its HTTP status.
    pub status: u16,
}

impl MethodDescriptor {
    /// Describes the method `M`.
    pub fn of<M: Method>() -> Self {
        let mut layout = Layout::default();
        layout.text(M::SPEC.name);
        layout.text(if M::SPEC.turn.is_exclusive() { "!" } else { "" });
        M::layout(&mut layout);
        layout.text("->");
        M::Answer::layout(&mut layout);
        layout.text("/");
        M::Error::layout(&mut layout);
        let layout = layout.into_string();
        Self {
            spec: M::SPEC,
            hash: xxh3_64(layout.as_bytes()),
            layout,
            errors: M::Error::variants(),
            schema: || MethodSchema {
                arguments: schemars::schema_for!(M).to_value(),
                answer: schemars::schema_for!(M::Answer).to_value(),
                error: schemars::schema_for!(M::Error).to_value(),
            },
        }
    }

    /// The method's JSON Schemas; made anew at each call.
    pub fn schema(&self) -> MethodSchema {
        (self.schema)()
    }
}

/// A contract's name, version and methods.
#[derive(Debug)]
pub struct ContractDescriptor {
    /// The contract's name.
    pub name: &'static str,
    /// Its version, `MAJOR.MINOR`.
    pub version: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its methods, in the order of the trait.
    pub methods: Vec<MethodDescriptor>,
}

impl ContractDescriptor {
    /// The method of that name.
    pub fn method(&self, name: &str) -> Option<&MethodDescriptor> {
        self.methods.iter().find(|method| method.spec.name == name)
    }
}
