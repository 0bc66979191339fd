//! The codec of calls whose two sides agree on every layout: bincode's format, with fixed-size
//! integers for speed, little-endian, and limits.
//!
//! | value | bytes |
//! | --- | --- |
//! | `bool`, integers, floats | as wide as they are, little-endian; `usize` as `u64` |
//! | `char` | its UTF-8 |
//! | text, bytes | their length as `u64`, and they |
//! | `Option` | 0, or 1 and the value |
//! | sequences, maps | their number as `u64`, and the elements, or keys and values |
//! | structs, tuples, arrays | their parts |
//! | enums | the variant's place as `u32`, and its parts |
//!
//! The bytes are those of `bincode::config::legacy()`; the tests hold every kind of value against
//! the library. It isn't used here because it takes three times as long as the values need, and is
//! kept up by nobody.
//!
//! A message writes and reads itself, part after part: its layout is fixed by its type, so there is
//! nothing that serde could add. What is plain, numbers and what has no other parts, looks once for
//! its room or its bytes. [`Writer`] and [`Reader`] are a serializer and a deserializer as well, for
//! foreign types, maps and whatever implements `Message` by hand.

mod answer;
mod blob;
pub mod bytes;
#[doc(hidden)]
pub mod check;
mod cookie;
mod crate_messages;
mod fault;
pub(crate) mod finite;
mod layout;
mod message;
mod patch;
mod read;
mod route_key;
mod std_messages;
#[cfg(feature = "time")]
pub mod times;
mod write;

#[doc(hidden)]
pub use self::answer::Besides;
use self::fault::Kind;
pub use self::layout::{Layout, Shape};
pub use self::message::Message;
pub use self::patch::Patch;
pub use self::route_key::route_key;
pub use self::{
    answer::{Answer, AnswerHead},
    blob::{BLOB_SCHEMA, Blob},
    cookie::{Cookie, SameSite},
};
#[doc(hidden)]
pub use self::{
    fault::Fault,
    read::Reader,
    write::{Sink, Writer},
};

/// No encoded value is larger, in bytes: a frame of 4 MiB less the largest head, so that whatever can
/// be encoded can be sent.
pub const MAX_BODY: usize = (4 << 20) - (8 << 10);

/// Why a value could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value takes more than [`MAX_BODY`].
    #[error("{0} bytes, and {MAX_BODY} is the most that one message may take: send it in pieces")]
    TooLarge(usize),
    /// The bytes are no such value.
    #[error("the bytes are no such value: {0}")]
    Malformed(String),
    /// The bytes go on after the value.
    #[error("{0} bytes are left over after the value")]
    Trailing(usize),
    /// The value can't be encoded.
    #[error("the value can't be encoded: {0}")]
    Unencodable(String),
}

/// Appends `value` to `out`; on an error `out` is as it was.
///
/// # Errors
/// [`CodecError::TooLarge`] and [`CodecError::Unencodable`].
#[inline]
pub fn encode<T: Message>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    let done = Writer::new(out).value(value);
    let size = out.len() - start;
    if done.is_ok() && size <= MAX_BODY {
        return Ok(());
    }
    out.truncate(start);
    Err(done.map_or_else(
        |fault| CodecError::Unencodable(fault.to_string()),
        |()| CodecError::TooLarge(size),
    ))
}

/// Decodes all of `bytes`.
///
/// # Errors
/// [`CodecError::TooLarge`], [`CodecError::Malformed`] and [`CodecError::Trailing`].
#[inline]
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T, CodecError> {
    read(bytes).map_err(CodecError::from)
}

/// As [`decode`], with an error that turns into that one's.
#[inline(always)] // so that the value is made where it is wanted
pub(crate) fn read<T: Message>(bytes: &[u8]) -> Result<T, Fault> {
    if bytes.len() > MAX_BODY {
        return Err(Kind::TooLarge(bytes.len()).into());
    }
    let mut reader = Reader::new(bytes);
    match reader.value() {
        Ok(value) if reader.left() == 0 => Ok(value),
        Ok(_) => Err(Kind::Trailing(reader.left()).into()),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests;
