//! Replies to calls whose arguments were JSON text, as they stand on the wire: PROTOCOL.md has them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{JsonAnswer, JsonBody};
use crate::codec::{AnswerHead, Blob, Message, finite};
use crate::contract::{ServiceError, ServiceFailure};

/// An answer: its value or its bytes, and what it says besides.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<Blob>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

/// A service error: for everybody, and as itself for who knows its type.
#[derive(Serialize, Deserialize)]
struct Failed<'a> {
    #[serde(flatten)]
    failure: ServiceFailure,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error: Option<&'a RawValue>,
}

/// Appends an answer.
///
/// # Errors
/// JSON can't say it.
pub(in crate::call) fn write_answer<T: Message>(
    answer: &T,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let JsonAnswer { body, head } = JsonAnswer::of(answer)?;
    let AnswerHead { status, headers } = head.map(|head| *head).unwrap_or_default();
    let (json, blob) = match body {
        JsonBody::Json(json) => (Some(json), None),
        JsonBody::Blob(blob) => (None, Some(blob)),
    };
    let value = json.as_deref().map(serde_json::from_slice).transpose().map_err(text)?;
    serde_json::to_writer(out, &Answered { value, blob, status, headers }).map_err(text)
}

/// Reads an answer. One that no service could have given is none.
///
/// # Errors
/// It is none.
pub(in crate::call) fn read_answer(bytes: &[u8]) -> Result<JsonAnswer, String> {
    let Answered { value, blob, status, headers } = serde_json::from_slice(bytes).map_err(text)?;
    let body = match (value, blob) {
        (Some(value), None) => JsonBody::Json(value.get().as_bytes().to_vec()),
        // A value that is null is read as none.
        (None, None) => JsonBody::Json(b"null".to_vec()),
        (None, Some(blob)) => {
            blob.check()?;
            JsonBody::Blob(blob)
        }
        (Some(_), Some(_)) => return Err("the answer has both a value and bytes".to_owned()),
    };
    let head = AnswerHead { status, headers };
    head.check()?;
    let head = (head != AnswerHead::default()).then(|| Box::new(head));
    Ok(JsonAnswer { body, head })
}

/// Appends a service error.
///
/// # Errors
/// JSON can't say it.
pub(in crate::call) fn write_error<E: ServiceError>(
    error: &E,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    finite::check(error)?;
    let failure = ServiceFailure::whole_of(error);
    let whole = failure.whole.as_deref().map(serde_json::from_str).transpose().map_err(text)?;
    serde_json::to_writer(out, &Failed { failure: ServiceFailure::of(error), error: whole })
        .map_err(text)
}

/// Reads a service error, [whole](ServiceFailure::whole). A status that is no error's is 422.
///
/// # Errors
/// It is none.
pub(in crate::call) fn read_error(bytes: &[u8]) -> Result<ServiceFailure, String> {
    let Failed { mut failure, error } = serde_json::from_slice(bytes).map_err(text)?;
    if !(400..600).contains(&failure.status) {
        failure.status = 422;
    }
    failure.whole = error.map(|error| error.get().into());
    Ok(failure)
}

fn text(error: serde_json::Error) -> String {
    error.to_string()
}
