//! A reply: what the service said, good or bad.

use super::bytes::Reader;
use super::{CallId, finish, kind};
use crate::violation::{EncodeError, Violation};

const FIXED: usize = 16;

/// What a reply's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    /// The method's result.
    Answer,
    /// An error that the contract declares.
    ServiceError,
}

/// Appends a reply to `out`: its head, and what `body` writes.
///
/// # Errors
///
/// If the frame would be too large, or what `body` says. `out` is then as it was.
#[inline]
pub fn encode_reply<E>(
    out: &mut Vec<u8>,
    id: CallId,
    reply: ReplyKind,
    max_frame: usize,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), EncodeError<E>> {
    let start = out.len();
    let mut fixed = [0; FIXED];
    fixed[4] = kind::REPLY;
    fixed[5] = match reply {
        ReplyKind::Answer => 0,
        ReplyKind::ServiceError => 1,
    };
    fixed[8..16].copy_from_slice(&id.0.to_le_bytes());
    out.extend_from_slice(&fixed);
    if let Err(error) = body(out) {
        out.truncate(start);
        return Err(EncodeError::Body(error));
    }
    finish(out, start, max_frame)
}

#[inline]
pub(super) fn decode(contents: &[u8]) -> Result<(CallId, ReplyKind, &[u8]), Violation> {
    let mut reader = Reader::new(contents);
    let reply = match reader.u8("reply")? {
        0 => ReplyKind::Answer,
        1 => ReplyKind::ServiceError,
        _ => return Err(Violation::Reserved("reply")),
    };
    if reader.u16("reply")? != 0 {
        return Err(Violation::Reserved("reply"));
    }
    let id = CallId(reader.u64("call id")?);
    Ok((id, reply, reader.rest()))
}
