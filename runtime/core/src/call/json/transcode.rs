//! Parts of a call from one form into another, for ways that carry JSON: what is called and who calls
//! have the same encoded calls as on any other way.

use serde_json::{Map, Value, json};

use super::message;
use crate::call::dispatch::Callable;
use crate::codec::{self, finite};
use crate::contract::{Message, ServiceError};
use crate::remote::Form;

/// Which part of a call some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What it is called with.
    Arguments,
    /// What it is answered.
    Answer,
    /// The service error that it ends with. As JSON it is an object that has the error's `code`, beside
    /// it `message` and `status`, and either its fields or the `error` itself.
    Error,
}

/// Brings a part of a method's calls into another form: the method of that index, if there is one. Why
/// that can't be is for people.
pub type Transcode = fn(u16, Part, Form, &[u8]) -> Option<Result<Vec<u8>, String>>;

/// Brings a part of the calls of the method `M` into another form. Used by generated code.
///
/// # Errors
/// The bytes are none of that part, for people.
pub fn transcode<M: Callable>(part: Part, form: Form, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match (part, form) {
        (Part::Arguments, Form::Encoded) => encoded(&message::<M>(bytes)?),
        (Part::Arguments, Form::Json) => finite::to_json(&decoded::<M>(bytes)?),
        (Part::Answer, Form::Encoded) => encoded(&read::<M::Answer>(bytes)?),
        (Part::Answer, Form::Json) => finite::to_json(&decoded::<M::Answer>(bytes)?),
        (Part::Error, Form::Encoded) => encoded(&error::<M::Error>(read(bytes)?)?),
        (Part::Error, Form::Json) => told(&decoded::<M::Error>(bytes)?),
    }
}

fn encoded<T: Message>(value: &T) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    codec::encode(value, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn decoded<T: Message>(bytes: &[u8]) -> Result<T, String> {
    codec::decode(bytes).map_err(|error| error.to_string())
}

fn read<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

/// An error for everybody, and for who knows its type.
fn told<E: ServiceError>(error: &E) -> Result<Vec<u8>, String> {
    finite::check(error)?;
    let mut object = error.fields();
    object.insert("code".into(), error.code().into());
    object.insert("message".into(), error.to_string().into());
    object.insert("status".into(), error.status().into());
    let whole = serde_json::to_value(error).map_err(|error| error.to_string())?;
    object.insert("error".into(), whole);
    serde_json::to_vec(&object).map_err(|error| error.to_string())
}

/// An error that somebody has told: whole, or by its code and its fields.
fn error<E: ServiceError>(mut told: Map<String, Value>) -> Result<E, String> {
    if let Some(whole) = told.remove("error")
        && let Ok(error) = serde_json::from_value(whole)
    {
        return Ok(error);
    }
    let code = told.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_it = |error: &E| error.code() == code;
    let shapes = [Value::Object(told.clone()), json!({ &code: told }), json!(&code)];
    let mut read = shapes.into_iter().filter_map(|shape| serde_json::from_value::<E>(shape).ok());
    read.find(is_it).ok_or_else(|| format!("the method's contract has no error `{code}`"))
}
