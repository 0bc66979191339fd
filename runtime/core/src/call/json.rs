//! Calls in JSON, through the same typed call as any other: what the edge and the command line use.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::client::Client;
use super::future::CallOptions;
use crate::contract::{Method, ServiceFailure};
use crate::outcome::{CallError, NotExecuted, Unknown};

/// The wait for an answer in JSON.
pub type JsonReply =
    Pin<Box<dyn Future<Output = Result<Vec<u8>, CallError<ServiceFailure>>> + Send>>;

/// Calls the method `M` with a JSON object of its arguments. Used by generated code.
pub fn call_json<M: Method>(
    client: &Client<M::Contract>,
    arguments: Value,
    options: CallOptions,
) -> JsonReply {
    let arguments = if arguments.is_null() { Value::Object(Default::default()) } else { arguments };
    let message: M = match serde_json::from_value(arguments) {
        Ok(message) => message,
        Err(error) => return refused(error.to_string()),
    };
    let call = client.call(message).options(options);
    Box::pin(async move {
        let answer = call.await.map_err(|error| error.map_service(|e| ServiceFailure::of(&e)))?;
        serde_json::to_vec(&answer).map_err(|error| {
            CallError::Unknown(Unknown::Unreadable { why: error.to_string().into() })
        })
    })
}

/// A reply that the call is no call.
pub(super) fn refused(why: String) -> JsonReply {
    Box::pin(std::future::ready(Err(CallError::NotExecuted(NotExecuted::bad_request(why)))))
}
