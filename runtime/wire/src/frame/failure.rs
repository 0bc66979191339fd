//! A failure outside of the service: a code, perhaps a time, and some texts.

use std::convert::Infallible;
use std::time::Duration;

use super::bytes::{Reader, cut, put_text16};
use super::{CallId, kind, whole};
use crate::limits::{MAX_HEAD, MAX_TEXT, MAX_TEXTS};
use crate::violation::{EncodeError, Violation};

const FIXED: usize = 20;
const SAYS_NOTHING: u32 = u32::MAX;
const NEVER: u32 = u32::MAX - 1;

/// Why a call failed, as it crosses the wire. What the codes mean is the core's; those below 128
/// say that the call was not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed<'a> {
    /// Which failure.
    pub code: u8,
    /// When to try again.
    pub retry_after: RetryAfter,
    /// The failure's texts; at most 33 of at most 256 bytes.
    pub texts: Texts<'a>,
}

/// When a failed call may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// The callee doesn't say.
    Unsaid,
    /// After this time, to the millisecond.
    Wait(Duration),
    /// Not at all.
    Never,
}

/// The texts of a failure, still encoded, all checked.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Texts<'a> {
    encoded: &'a [u8],
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut reader = Reader::new(self.encoded);
        let text = reader.text16(MAX_TEXT, "text").ok()?;
        self.encoded = reader.rest();
        Some(text)
    }
}

impl std::fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// Appends a failure to `out`. Longer texts are cut, and those that don't fit left away: a failure
/// can always be sent.
pub fn encode_failure<'t>(
    out: &mut Vec<u8>,
    id: CallId,
    code: u8,
    retry_after: RetryAfter,
    texts: impl IntoIterator<Item = &'t str>,
) {
    let retry_after = match retry_after {
        RetryAfter::Unsaid => SAYS_NOTHING,
        RetryAfter::Never => NEVER,
        RetryAfter::Wait(time) => {
            u32::try_from(time.as_millis()).unwrap_or(NEVER - 1).min(NEVER - 1)
        }
    };
    let fits: Result<(), EncodeError<Infallible>> = whole(out, MAX_HEAD, |out| {
        let start = out.len();
        let mut fixed = [0; FIXED];
        fixed[4] = kind::FAILURE;
        fixed[5] = code;
        fixed[8..12].copy_from_slice(&retry_after.to_le_bytes());
        fixed[12..20].copy_from_slice(&id.0.to_le_bytes());
        out.extend_from_slice(&fixed);
        for text in texts.into_iter().take(MAX_TEXTS) {
            let text = cut(text, MAX_TEXT);
            if out.len() - start + 2 + text.len() > MAX_HEAD {
                break;
            }
            put_text16(out, text, MAX_TEXT, "text")?;
            out[start + 6] += 1;
        }
        Ok(())
    });
    debug_assert!(fits.is_ok(), "texts were cut, and taken only as far as they fit");
}

pub(super) fn decode(mut reader: Reader<'_>) -> Result<(CallId, Failed<'_>), Violation> {
    let code = reader.u8("failure")?;
    let count = usize::from(reader.u8("failure")?);
    if reader.u8("failure")? != 0 {
        return Err(Violation::Reserved("failure"));
    }
    let retry_after = match reader.u32("failure")? {
        SAYS_NOTHING => RetryAfter::Unsaid,
        NEVER => RetryAfter::Never,
        millis => RetryAfter::Wait(Duration::from_millis(u64::from(millis))),
    };
    let id = CallId(reader.u64("call id")?);
    if count > MAX_TEXTS {
        return Err(Violation::TooLong { what: "texts", length: count, cap: MAX_TEXTS });
    }
    let encoded = reader.rest();
    for _ in 0..count {
        reader.text16(MAX_TEXT, "text")?;
    }
    reader.end()?;
    Ok((id, Failed { code, retry_after, texts: Texts { encoded } }))
}
