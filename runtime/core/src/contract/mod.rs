//! What others may ask of a service, as data: the types behind `#[seam::contract]`.
//!
//! The macro turns a trait into a marker type that implements [`Contract`], a client, and a message
//! type per method that implements [`Method`]; it generates no machinery of its own. How a method is
//! called and its turn begun stands above, in [`call`](crate::call).

mod descriptor;
mod error;
mod events;
mod fetched;
mod passing;
mod rule;
mod schedules;
mod spec;

pub use self::descriptor::{
    ArgumentDescriptor, ContractDescriptor, ErrorDescriptor, FieldDescriptor, HttpRoute,
    MethodDescriptor, MethodSchema, SECRET,
};
#[doc(hidden)]
pub use self::error::fields_of;
pub use self::error::{ErrorFields, Never, ServiceError, ServiceFailure};
pub use self::events::{EventDescriptor, SubscriptionDescriptor, SubscriptionSpec};
pub use self::fetched::{FetchError, FetchedContract, MAX_DESCRIPTOR, descriptor_text};
#[doc(hidden)]
pub use self::passing::{Codes, PassesCalls, TakesStoreErrors, once_each, service_error_of};
pub use self::rule::{Rule, RuleError, Verdict};
pub use self::schedules::{ScheduleDescriptor, ScheduleSpec};
pub use self::spec::{ArgumentSpec, MethodSpec, RouteSpec, SessionStep, TurnKind};
pub use crate::codec::{Layout, Message, Shape};

/// A contract: a Rust trait with a name, a version and methods. Implemented by `#[seam::contract]`
/// on the marker type `{Trait}Contract`.
pub trait Contract: Sized + Send + Sync + 'static {
    /// The contract's name, which is also its service's unless the app says otherwise.
    const NAME: &'static str;
    /// Its version, `MAJOR.MINOR`.
    const VERSION: &'static str;
    /// Whatever actor serves the contract here, as a trait object with a method per method.
    type Host: ?Sized + Send + Sync + 'static;
    /// The generated client.
    type Client: Clone + Send + Sync + 'static;

    /// Everything that can be known of the contract without starting anything.
    fn descriptor() -> &'static ContractDescriptor;
}

/// A method's message: its arguments, by name. Implemented by `#[seam::contract]`.
pub trait Method: Message {
    /// The contract that the method belongs to.
    type Contract: Contract;
    /// What it answers.
    type Answer: Message;
    /// Its service error; [`Never`] if the method doesn't return a `Result`.
    type Error: ServiceError;
    /// What the contract says of the method.
    const SPEC: &'static MethodSpec;
    /// Whether there is a [`fallback`](Self::fallback).
    const FALLBACK: bool = false;

    /// What the method answers where its service can't: `#[call(fallback = …)]`.
    fn fallback(&self) -> Option<Self::Answer> {
        None
    }

    /// A copy of the message, for a method with a fallback.
    fn kept(&self) -> Option<Self> {
        None
    }

    /// The hash of what calls are routed by, [`route_key`](crate::codec::route_key):
    /// `#[call(route_by = "…")]`.
    #[inline]
    fn route_key(&self) -> Option<u64> {
        None
    }

    /// The text of the argument of that name in JSON, if it is a text or a number: what a rule such as
    /// `self:user_id` looks at.
    fn argument(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// The text of an argument, if it is a text or a number. Used by generated code.
#[doc(hidden)]
pub fn argument_text(value: &impl serde::Serialize) -> Option<String> {
    match serde_json::to_value(value).ok()? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
