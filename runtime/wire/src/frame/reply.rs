//! A reply: what the service said, good or bad.

use super::bytes::Reader;
use super::{CallId, kind, whole};
use crate::violation::{EncodeError, Violation};

pub use seam_core::remote::ReplyKind;

const FIXED: usize = 16;

/// Appends a reply to `out`: its head, and what `body` writes, which says what it was.
///
/// # Errors
///
/// If the frame would be too large, or what `body` says. `out` is then as it was.
#[inline]
pub fn encode_reply<E>(
    out: &mut Vec<u8>,
    id: CallId,
    max_frame: usize,
    body: impl FnOnce(&mut Vec<u8>) -> Result<ReplyKind, E>,
) -> Result<(), EncodeError<E>> {
    whole(out, max_frame, |out| {
        let start = out.len();
        let mut fixed = [0; FIXED];
        fixed[4] = kind::REPLY;
        fixed[8..16].copy_from_slice(&id.0.to_le_bytes());
        out.extend_from_slice(&fixed);
        if body(out).map_err(EncodeError::Body)? == ReplyKind::ServiceError {
            out[start + 5] = 1;
        }
        Ok(())
    })
}

#[inline(always)]
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
