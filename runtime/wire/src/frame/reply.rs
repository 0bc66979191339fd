//! A reply: what the service said, good or bad.

use super::bytes::Reader;
use super::{CallId, kind, whole};
use crate::violation::{EncodeError, Violation};

pub use seam_core::remote::ReplyKind;

const FIXED: usize = 16;
/// Of the byte behind the kind: a fallback had part in it.
const DEGRADED: u16 = 1;

/// What a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyMark {
    /// Its kind.
    pub kind: ReplyKind,
    /// Whether a fallback had part in it; said only to peers that are [capable](super::Capabilities) of it.
    pub degraded: bool,
}

impl From<ReplyKind> for ReplyMark {
    #[inline]
    fn from(kind: ReplyKind) -> Self {
        Self { kind, degraded: false }
    }
}

/// Appends a reply to `out`: its head, and what `body` writes, which says what it was.
///
/// # Errors
///
/// If the frame would be too large, or what `body` says. `out` is then as it was.
#[inline]
pub fn encode_reply<E, M: Into<ReplyMark>>(
    out: &mut Vec<u8>,
    id: CallId,
    max_frame: usize,
    body: impl FnOnce(&mut Vec<u8>) -> Result<M, E>,
) -> Result<(), EncodeError<E>> {
    whole(out, max_frame, |out| {
        let start = out.len();
        let mut fixed = [0; FIXED];
        fixed[4] = kind::REPLY;
        fixed[8..16].copy_from_slice(&id.0.to_le_bytes());
        out.extend_from_slice(&fixed);
        let mark = body(out).map_err(EncodeError::Body)?.into();
        if mark.kind == ReplyKind::ServiceError {
            out[start + 5] = 1;
        }
        if mark.degraded {
            out[start + 6] = DEGRADED as u8;
        }
        Ok(())
    })
}

#[inline(always)]
pub(super) fn decode(contents: &[u8]) -> Result<(CallId, ReplyMark, &[u8]), Violation> {
    let mut reader = Reader::new(contents);
    let kind = match reader.u8("reply")? {
        0 => ReplyKind::Answer,
        1 => ReplyKind::ServiceError,
        _ => return Err(Violation::Reserved("reply")),
    };
    let bits = reader.u16("reply")?;
    if bits & !DEGRADED != 0 {
        return Err(Violation::Reserved("reply"));
    }
    let id = CallId(reader.u64("call id")?);
    Ok((id, ReplyMark { kind, degraded: bits != 0 }, reader.rest()))
}
