//! From a contract to its turns: what `#[seam::contract]` makes beside the contract as data.

use std::sync::Arc;

use super::client::Client;
use super::extra::CallOptions;
use super::inbox::Entrance;
use super::json::{JsonReply, Part};
use crate::contract::{Contract, Method};
use crate::event::Event;
use crate::outcome::NotExecuted;
use crate::remote::{Form, Inbound, Served};
use crate::turn::{Begun, Held, Host, TurnStart};

/// A contract whose methods can be called by their numbers. Implemented by `#[seam::contract]`.
pub trait Dispatch: Contract<Client: From<Client<Self>>> {
    /// Admits an encoded call and runs it on the host of a service; `None` if there is no method of
    /// that index.
    fn serve(
        host: &Self::Host,
        entrance: &Entrance,
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

    /// The arguments of the method of that index, as they are kept: see [`kept_json`](super::kept_json).
    /// `None` if there is no such method.
    ///
    /// # Errors
    /// Arguments that are none of the method's.
    fn kept_json(method: u16, arguments: &[u8]) -> Option<Result<Vec<u8>, NotExecuted>>;

    /// Brings a part of the calls of the method of that index into another form; `None` if there is no
    /// such method.
    fn transcode(
        method: u16,
        part: Part,
        form: Form,
        bytes: &[u8],
    ) -> Option<Result<Vec<u8>, String>> {
        let _ = (method, part, form, bytes);
        None
    }

    /// Calls the subscription of that index with an event as it is kept; `None` if no method of that
    /// index is one.
    fn deliver(
        client: &Client<Self>,
        method: u16,
        event: &[u8],
        options: CallOptions,
    ) -> Option<JsonReply> {
        let _ = (client, method, event, options);
        None
    }
}

/// A method whose turn can be begun. Implemented by `#[seam::contract]`.
pub trait Callable: Method<Contract: Dispatch> {
    /// Begins the method's turn on a host.
    fn begin(start: TurnStart<'_, Self>, host: &<Self::Contract as Contract>::Host) -> Begun<Self>;
}

/// Begins the turn of a call that was admitted, unless its message isn't what its types demand: the one
/// way to a turn, for calls made here and those that came in. Where nothing is demanded it is nothing.
#[inline(always)] // on the way of every call
pub(super) fn begin<M: Callable>(
    start: TurnStart<'_, M>,
    host: &<M::Contract as Contract>::Host,
) -> Begun<M> {
    if M::SHAPE.checked
        && let Held::Here(message) = &*start.message
        && let Err(broken) = message.check()
    {
        return start.refuse(NotExecuted::bad_request(broken.to_string()));
    }
    M::begin(start, host)
}

/// A method that each event of a topic begins: `#[call(on)]`. Implemented by `#[seam::contract]`.
pub trait Subscription: Callable {
    /// The event that it takes.
    type Event: Event;

    /// The message of a call with that event.
    fn of(event: Self::Event) -> Self;
}

/// Says that an `A` can serve this contract. Implemented by `#[seam::contract]` for every `A` that
/// implements the contract's trait.
#[diagnostic::on_unimplemented(
    message = "`{A}` doesn't implement the trait of the contract `{Self}`",
    label = "this contract's trait isn't implemented by `{A}`",
    note = "write `impl TheTrait for {A} {{ … }}`, or name another `type Contract`"
)]
pub trait Hosts<A: Send + Sync + 'static>: Dispatch {
    /// Hides the actor's type behind the contract.
    fn erase(host: Arc<Host<A>>) -> Arc<Self::Host>;
}

/// A generated client type, and its contract.
pub trait ClientOf: From<Client<Self::Contract>> + Clone + Send + Sync + 'static {
    /// The contract that the client calls.
    type Contract: Dispatch<Client = Self>;
}
