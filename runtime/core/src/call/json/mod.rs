//! Calls in JSON, through the same typed call as any other: what the edge and the command line use.

#[macro_use]
mod forward;

mod answer;
mod entries;
mod kept;
mod read;
mod strict;
mod transcode;
mod wire;

use std::future::Future;
use std::pin::Pin;

pub use self::answer::{JsonAnswer, JsonBody};
pub use self::kept::kept_json;
pub(super) use self::kept::{canonical, rewritten};
pub use self::transcode::{Part, Transcode, transcode};
pub(super) use self::wire::{read_answer, read_error, write_answer, write_error};
use super::client::Client;
use super::dispatch::{Callable, Subscription};
use super::extra::CallOptions;
use super::future::Call;
use crate::codec::finite;
use crate::contract::ServiceFailure;
use crate::event::Event;
use crate::outcome::{CallError, NotExecuted, Unknown};

/// The wait for an answer in JSON.
pub type JsonReply =
    Pin<Box<dyn Future<Output = Result<JsonAnswer, CallError<ServiceFailure>>> + Send>>;

/// Calls the method `M` with the text of a JSON object of its arguments; no text is an empty one.
/// Used by generated code.
pub fn call_json<M: Callable>(
    client: &Client<M::Contract>,
    arguments: &[u8],
    options: CallOptions,
) -> JsonReply {
    let whole = options.whole_errors;
    match message::<M>(arguments) {
        Ok(message) => reply(client.call(message).options(options), whole),
        Err(why) => refused(why),
    }
}

/// The message of a call with the text of a JSON object of arguments.
pub(super) fn message<M: Callable>(arguments: &[u8]) -> Result<M, String> {
    read::read(if arguments.is_empty() { b"{}" } else { arguments })
}

/// Calls the subscription `M` with an event as it is kept. One that can't be read is refused as a bad
/// request: nothing has run. Used by generated code.
pub fn deliver<M: Subscription>(
    client: &Client<M::Contract>,
    event: &[u8],
    options: CallOptions,
) -> JsonReply {
    match M::Event::from_kept(event) {
        Ok(event) => reply(client.call(M::of(event)).options(options), false),
        Err(why) => refused(why.to_string()),
    }
}

/// The wait for a call's answer, as JSON.
fn reply<M: Callable>(call: Call<M>, whole: bool) -> JsonReply {
    Box::pin(async move {
        match call.await {
            Ok(answer) => JsonAnswer::of(&answer).map_err(unreadable),
            Err(CallError::Service(error)) => {
                finite::check(&error).map_err(unreadable)?;
                let told = if whole { ServiceFailure::whole_of } else { ServiceFailure::of };
                Err(CallError::Service(told(&error)))
            }
            Err(CallError::NotExecuted(why)) => Err(why.into()),
            Err(CallError::Unknown(why)) => Err(why.into()),
        }
    })
}

/// The call ran, and JSON can't say what it came to.
fn unreadable(why: String) -> CallError<ServiceFailure> {
    Unknown::Unreadable { why: why.into() }.into()
}

/// A reply that the call is no call.
pub(super) fn refused(why: String) -> JsonReply {
    Box::pin(std::future::ready(Err(CallError::NotExecuted(NotExecuted::bad_request(why)))))
}
