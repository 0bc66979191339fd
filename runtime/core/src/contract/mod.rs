//! What others may ask of a service: the types behind `#[seam::contract]`.
//!
//! The macro turns a trait into a marker type that implements [`Contract`], a client, and a message
//! type per method that implements [`Method`]; it generates no machinery of its own.

mod descriptor;
mod error;
mod message;
mod spec;
mod std_messages;

use std::sync::Arc;

pub use self::descriptor::{
    ArgumentDescriptor, ContractDescriptor, ErrorDescriptor, FieldDescriptor, HttpRoute,
    MethodDescriptor, MethodSchema,
};
pub use self::error::{Never, ServiceError, ServiceFailure};
pub use self::message::{Layout, Message, Shape};
pub use self::spec::{ArgumentSpec, MethodSpec, RouteSpec, TurnKind};

use crate::call::{CallOptions, Client, JsonReply};
use crate::name::ServiceId;
use crate::remote::{Inbound, Served};
use crate::turn::{Begun, Host, TurnStart};

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
    type Client: From<Client<Self>> + Clone + Send + Sync + 'static;

    /// Everything that can be known of the contract without starting anything.
    fn descriptor() -> &'static ContractDescriptor;

    /// Runs an encoded call, which was admitted, on the host of a service of that name; `None` if
    /// there is no method of that index.
    fn serve(
        host: &Self::Host,
        service: ServiceId,
        inbound: &mut Inbound<'_>,
        out: &mut Vec<u8>,
    ) -> Option<Served>;

    /// Calls the method of that index with the text of a JSON object of arguments; `None` if there
    /// is no such method.
    fn call_json(
        client: &Client<Self>,
        method: u16,
        arguments: &[u8],
        options: CallOptions,
    ) -> Option<JsonReply>;
}

/// Says that an `A` can serve this contract. Implemented by `#[seam::contract]` for every `A` that
/// implements the contract's trait.
#[diagnostic::on_unimplemented(
    message = "`{A}` doesn't implement the trait of the contract `{Self}`",
    label = "this contract's trait isn't implemented by `{A}`",
    note = "write `impl TheTrait for {A} {{ … }}`, or name another `type Contract`"
)]
pub trait Hosts<A: Send + Sync + 'static>: Contract {
    /// Hides the actor's type behind the contract.
    fn erase(host: Arc<Host<A>>) -> Arc<Self::Host>;
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

    /// Begins the method's turn on a host.
    fn begin(
        start: TurnStart<'_, Self>,
        host: &<Self::Contract as Contract>::Host,
    ) -> Begun<Self::Answer, Self::Error>;
}

/// A generated client type, and its contract.
pub trait ClientOf: From<Client<Self::Contract>> + Clone + Send + Sync + 'static {
    /// The contract that the client calls.
    type Contract: Contract<Client = Self>;
}
