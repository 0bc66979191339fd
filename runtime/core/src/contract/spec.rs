//! What a contract says of its methods, as the macro writes it down: constants, which calls read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ScheduleSpec, SubscriptionSpec};

/// How a method's turn takes its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

/// What a method does to its client's session at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SessionStep {
    /// Its answer says who has signed in, and begins one.
    Start,
    /// It ends the one that it is called in.
    End,
}

/// What a contract says of one method. [`MethodDescriptor`](super::MethodDescriptor) is the same as
/// data that can be kept and sent.
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
    /// From when on its calls are slow, where that isn't what config says.
    pub slow: Option<Duration>,
    /// Whether `POST /rpc/…` and the form gateway may call it.
    pub public: bool,
    /// The argument by which calls go to the same instance, where the service is balanced by `hash`.
    pub route_by: Option<&'static str>,
    /// Who may ask for it at the edge: a [`Rule`](super::Rule)'s text.
    pub allow: Option<&'static str>,
    /// How often it may be asked for at the edge: `5/60s`.
    pub rate: Option<&'static str>,
    /// How long the edge may keep its answers.
    pub cache: Option<Duration>,
    /// Whether it begins or ends a session at the edge.
    pub session: Option<SessionStep>,
    /// Its routes at the edge.
    pub http: &'static [RouteSpec],
    /// Its arguments, in their order.
    pub arguments: &'static [ArgumentSpec],
    /// Whether it is a saga: see [`MethodDescriptor::saga`](super::MethodDescriptor::saga).
    pub saga: bool,
    /// The events that begin it, if it is a subscription.
    pub on: Option<SubscriptionSpec>,
    /// When it runs by itself, if it does.
    pub schedule: Option<ScheduleSpec>,
}

impl MethodSpec {
    /// A method of that name and place, with a shared turn and nothing else: what is said beside it goes
    /// before, as in `MethodSpec { idempotent: true, ..MethodSpec::plain("price", 0) }`.
    pub const fn plain(name: &'static str, index: u16) -> Self {
        Self {
            name,
            index,
            doc: "",
            turn: TurnKind::Shared,
            idempotent: false,
            deadline: None,
            slow: None,
            public: false,
            route_by: None,
            allow: None,
            rate: None,
            cache: None,
            session: None,
            http: &[],
            arguments: &[],
            saga: false,
            on: None,
            schedule: None,
        }
    }

    /// Whether somebody outside may call the method: it has a route or is public.
    pub const fn at_the_edge(&self) -> bool {
        self.public || !self.http.is_empty()
    }
}

/// One argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// Its name, as JSON knows it: `userId` for `user_id`. Paths and headers of [`RouteSpec`] name
    /// it alike.
    pub name: &'static str,
    /// Its doc comment; empty if it has none.
    pub doc: &'static str,
}

/// An HTTP route that a method declares with `#[call(http = "POST /api/order")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteSpec {
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
    /// The media types that a body may be of, in lower case and without parameters; none where any
    /// will do.
    pub accept: &'static [&'static str],
}
