//! Calls in JSON, through the same typed call as any other: what the edge and the command line use.

use std::future::Future;
use std::pin::Pin;

use super::client::Client;
use super::future::CallOptions;
use crate::contract::{Method, ServiceFailure};
use crate::outcome::{CallError, NotExecuted, Unknown};

/// The wait for an answer in JSON.
pub type JsonReply =
    Pin<Box<dyn Future<Output = Result<Vec<u8>, CallError<ServiceFailure>>> + Send>>;

/// Calls the method `M` with the text of a JSON object of its arguments; no text is an empty one.
/// Used by generated code.
pub fn call_json<M: Method>(
    client: &Client<M::Contract>,
    arguments: &[u8],
    options: CallOptions,
) -> JsonReply {
    // Looked through once here, and not text by text by the parser.
    let Ok(arguments) = std::str::from_utf8(arguments) else {
        return refused("the arguments aren't UTF-8".into());
    };
    let arguments = if arguments.is_empty() { "{}" } else { arguments };
    let message: M = match serde_json::from_str(arguments) {
        Ok(message) => message,
        Err(error) => return refused(why_not::<M>(arguments, &error)),
    };
    let call = client.call(message).options(options);
    Box::pin(async move {
        let answer = call.await.map_err(|error| error.map_service(|e| ServiceFailure::of(&e)))?;
        serde_json::to_vec(&answer).map_err(|error| {
            CallError::Unknown(Unknown::Unreadable { why: error.to_string().into() })
        })
    })
}

/// What is wrong with arguments that are none, and where: `products[0].quantity: …`.
#[cold]
fn why_not<M: Method>(arguments: &str, error: &serde_json::Error) -> String {
    let mut reader = serde_json::Deserializer::from_str(arguments);
    match serde_path_to_error::deserialize::<_, M>(&mut reader) {
        Err(error) if error.path().iter().len() > 0 => {
            let why = error.inner().to_string();
            format!("`{}`: {}", error.path(), without_position(&why))
        }
        _ => without_position(&error.to_string()).to_owned(),
    }
}

/// The text of an error without its position, for the caller may have put the text together from
/// elsewhere: the position would mislead.
fn without_position(error: &str) -> &str {
    error.rfind(" at line ").map_or(error, |at| &error[..at])
}

/// A reply that the call is no call.
pub(super) fn refused(why: String) -> JsonReply {
    Box::pin(std::future::ready(Err(CallError::NotExecuted(NotExecuted::bad_request(why)))))
}
