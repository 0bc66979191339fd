//! Arguments as they are kept, for a call that is made later.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::message;
use crate::call::dispatch::Callable;
use crate::codec::finite;
use crate::contract::Method;
use crate::outcome::NotExecuted;

/// The arguments of the method `M` as they are kept: read as [`call_json`](super::call_json) reads
/// them, and written by the names of the method's own, in the order of these. So the same arguments
/// in other words are the same text, but for collections that have no order of their own, as a
/// `HashSet` has none. Used by generated code.
///
/// # Errors
/// Arguments that are none of the method's.
pub fn kept_json<M: Callable>(arguments: &[u8]) -> Result<Vec<u8>, NotExecuted> {
    let kept = message::<M>(arguments).and_then(|message| canonical(&message));
    kept.map_err(NotExecuted::bad_request)
}

/// A message's arguments in the same words.
///
/// # Errors
/// JSON can't say them, or they aren't what their types demand.
pub(in crate::call) fn canonical<M: Method>(message: &M) -> Result<Vec<u8>, String> {
    if M::SHAPE.checked {
        message.check().map_err(|broken| broken.to_string())?;
    }
    rewritten(&finite::to_json(message)?)
}

/// A text in the same words.
///
/// # Errors
/// It is no JSON.
pub(in crate::call) fn rewritten(json: &[u8]) -> Result<Vec<u8>, String> {
    let json = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let mut kept = Vec::new();
    write(json, &mut kept).map_err(|error| error.to_string())?;
    Ok(kept)
}

/// Writes a value with the members of its objects in the order of their names. Numbers stay as they
/// are written: no type of ours would hold them all. What was read by a parser is no deeper than the
/// parser allows.
fn write(value: &RawValue, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get())?;
            out.push(b'{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, &name)?;
                out.push(b':');
                write(value, out)?;
            }
            out.push(b'}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
            out.push(b'[');
            for (at, item) in items.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(value.get().as_bytes()),
    }
    Ok(())
}
