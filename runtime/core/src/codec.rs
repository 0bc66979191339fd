//! The codec of calls whose two sides agree on every layout: bincode, with fixed-size integers for
//! speed, little-endian, and limits.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};

use crate::contract::Message;

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

const fn config() -> Configuration<LittleEndian, Fixint, Limit<MAX_BODY>> {
    bincode::config::legacy().with_limit::<MAX_BODY>()
}

/// Appends `value` to `out`; on an error `out` is as it was.
///
/// # Errors
/// [`CodecError::TooLarge`] and [`CodecError::Unencodable`].
pub fn encode<T: Message>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    let done = bincode::serde::encode_into_std_write(value, out, config());
    let size = out.len() - start;
    let result = match done {
        Ok(_) if size <= MAX_BODY => return Ok(()),
        Ok(_) => Err(CodecError::TooLarge(size)),
        Err(error) => Err(CodecError::Unencodable(error.to_string())),
    };
    out.truncate(start);
    result
}

/// Decodes all of `bytes`.
///
/// # Errors
/// [`CodecError::Malformed`] and [`CodecError::Trailing`].
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, config())
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    match bytes.len() - used {
        0 => Ok(value),
        left => Err(CodecError::Trailing(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_the_round_trip() {
        let value = (7_u64, "tea".to_owned(), vec![Some(1_u32), None]);
        let mut bytes = vec![9];
        encode(&value, &mut bytes).unwrap();
        assert_eq!(decode::<(u64, String, Vec<Option<u32>>)>(&bytes[1..]), Ok(value));
    }

    #[test]
    fn a_length_beyond_the_limit_allocates_nothing() {
        let bytes = (1_u64 << 40).to_le_bytes();
        assert!(matches!(decode::<Vec<u8>>(&bytes), Err(CodecError::Malformed(_))));
        assert!(matches!(decode::<String>(&bytes), Err(CodecError::Malformed(_))));
    }

    #[test]
    fn left_over_bytes_are_an_error() {
        assert_eq!(decode::<u8>(&[1, 2, 3]), Err(CodecError::Trailing(2)));
    }

    #[test]
    fn what_is_too_large_leaves_the_buffer_alone() {
        let mut out = vec![1, 2];
        let error = encode(&vec![0_u8; MAX_BODY], &mut out);
        assert!(matches!(error, Err(CodecError::TooLarge(_))));
        assert_eq!(out, [1, 2]);
    }
}
