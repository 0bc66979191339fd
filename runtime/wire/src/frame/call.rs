//! A call: who calls what, until when, on whose behalf, and the arguments.

use super::origin::{self, HAS_EXTENSIONS, IS_JSON, KNOWN_FLAGS, NO_RETRY};
use super::{CallId, Extensions, LENGTH, Origin, extension, kind, whole};
use crate::limits::{MAX_CHAIN, MAX_EXTENSIONS_LEN, MAX_HEAD, MAX_NAME, MAX_PRINCIPAL};
use crate::violation::{EncodeError, Violation};

use seam_core::remote::Form;

/// The part of a call that every call has, its length field and kind included.
const FIXED: usize = 48;
/// Flags that are the call's own, and no part of its origin.
const OF_ITS_OWN: u8 = NO_RETRY | HAS_EXTENSIONS | IS_JSON;
/// The fixed part without length field and kind.
const CONTENTS: usize = FIXED - LENGTH - 1;

/// What a call carries besides its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallHead<'a> {
    /// The call's number, by which its answer finds it.
    pub id: CallId,
    /// The service, as its place in the callee's hello.
    pub service: u16,
    /// The method, as its place in that service's list.
    pub method: u16,
    /// The time left to the deadline, in microseconds. Over 71 minutes count as 71 minutes.
    pub micros: u32,
    /// Where the call stands in a trace.
    pub trace: Trace,
    /// Retried further up already: nobody below may.
    pub no_retry: bool,
    /// In what form the arguments are; JSON only between peers that are
    /// [capable](super::Capabilities) of it.
    pub form: Form,
    /// Who calls, through whom, and on whose behalf.
    pub origin: Origin<'a>,
    /// What it carries besides; none in version 1.
    pub extensions: Extensions<'a>,
}

/// A call, read: looked at where it stands, in the buffer that it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallParts<'a> {
    fixed: &'a [u8; CONTENTS],
    /// The bytes of its origin.
    origin: &'a [u8],
    /// Whether that is as with the call before.
    pub same_origin: bool,
    /// What the head carries besides; none in version 1.
    pub extensions: Extensions<'a>,
    /// The arguments.
    pub body: &'a [u8],
}

/// Where a call stands in a trace, as W3C's trace context has it; all zero for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trace {
    /// The trace.
    pub id: u128,
    /// The caller's span.
    pub span: u64,
    /// W3C's trace flags; bit 0 means sampled.
    pub flags: u8,
}

impl<'a> CallParts<'a> {
    /// Reads a call's contents, after its kind. An origin like the one `before` was checked with that.
    #[inline(always)]
    pub(super) fn decode(contents: &'a [u8], before: Origin<'_>) -> Result<Self, Violation> {
        // One check for the whole fixed part.
        let Some((fixed, rest)) = contents.split_first_chunk::<CONTENTS>() else {
            return Err(Violation::Truncated("call"));
        };
        let (flags, count) = (fixed[0], fixed[5]);
        if flags & !KNOWN_FLAGS != 0 {
            return Self::decode_extended(fixed, rest, before);
        }
        let flags = flags & !NO_RETRY;
        let same_origin = before.begins(flags, count, rest);
        let length =
            if same_origin { before.bytes.len() } else { origin::check(flags, count, rest)? };
        let (origin, body) = rest.split_at(length);
        Ok(Self { fixed, origin, same_origin, extensions: Extensions::NONE, body })
    }

    /// A call with flags that not every call may have.
    #[cold]
    #[inline(never)]
    fn decode_extended(
        fixed: &'a [u8; CONTENTS],
        rest: &'a [u8],
        before: Origin<'_>,
    ) -> Result<Self, Violation> {
        let (flags, count) = (fixed[0], fixed[5]);
        if flags & !(KNOWN_FLAGS | HAS_EXTENSIONS | IS_JSON) != 0 {
            return Err(Violation::Reserved("call"));
        }
        let extended = flags & HAS_EXTENSIONS != 0;
        let flags = flags & !OF_ITS_OWN;
        let same_origin = before.begins(flags, count, rest);
        let length =
            if same_origin { before.bytes.len() } else { origin::check(flags, count, rest)? };
        let (origin, rest) = rest.split_at(length);
        let (bytes, body) = rest.split_at(if extended { extension::check(rest)? } else { 0 });
        Ok(Self { fixed, origin, same_origin, extensions: Extensions { bytes }, body })
    }

    /// The bytes of the fixed part from `from` on, as PROTOCOL.md counts them.
    #[inline(always)]
    fn at<const N: usize>(&self, from: usize) -> [u8; N] {
        let from = from - (FIXED - CONTENTS);
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.fixed[from..from + N]);
        bytes
    }

    /// As [`CallHead::id`].
    #[inline]
    pub fn id(&self) -> CallId {
        CallId(u64::from_le_bytes(self.at(16)))
    }

    /// As [`CallHead::service`].
    #[inline]
    pub fn service(&self) -> u16 {
        u16::from_le_bytes(self.at(6))
    }

    /// As [`CallHead::method`].
    #[inline]
    pub fn method(&self) -> u16 {
        u16::from_le_bytes(self.at(8))
    }

    /// As [`CallHead::micros`].
    #[inline]
    pub fn micros(&self) -> u32 {
        u32::from_le_bytes(self.at(12))
    }

    /// As [`CallHead::trace`].
    #[inline]
    pub fn trace(&self) -> Trace {
        let (id, span) = (u128::from_le_bytes(self.at(24)), u64::from_le_bytes(self.at(40)));
        Trace { id, span, flags: self.fixed[6] }
    }

    /// As [`CallHead::no_retry`].
    #[inline]
    pub const fn no_retry(&self) -> bool {
        self.fixed[0] & NO_RETRY != 0
    }

    /// As [`CallHead::form`].
    #[inline]
    pub const fn form(&self) -> Form {
        if self.fixed[0] & IS_JSON != 0 { Form::Json } else { Form::Encoded }
    }

    /// As [`CallHead::origin`].
    pub const fn origin(&self) -> Origin<'a> {
        Origin { flags: self.fixed[0] & !OF_ITS_OWN, count: self.fixed[5], bytes: self.origin }
    }

    /// All of it at once.
    pub fn head(&self) -> CallHead<'a> {
        CallHead {
            id: self.id(),
            service: self.service(),
            method: self.method(),
            micros: self.micros(),
            trace: self.trace(),
            no_retry: self.no_retry(),
            form: self.form(),
            origin: self.origin(),
            extensions: self.extensions,
        }
    }
}

impl CallHead<'_> {
    /// Appends the call to `out`: its head, and the arguments that `body` writes.
    ///
    /// # Errors
    ///
    /// What doesn't fit, or what `body` says. `out` is then as it was.
    #[inline]
    pub fn encode<E>(
        self,
        out: &mut Vec<u8>,
        max_frame: usize,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), EncodeError<E>> {
        whole(out, max_frame, |out| {
            let mut fixed = [0; FIXED];
            fixed[4] = kind::CALL;
            fixed[5] = self.origin.flags | if self.no_retry { NO_RETRY } else { 0 };
            if !self.extensions.is_empty() {
                fixed[5] |= HAS_EXTENSIONS;
            }
            if self.form == Form::Json {
                fixed[5] |= IS_JSON;
            }
            fixed[6..8].copy_from_slice(&self.service.to_le_bytes());
            fixed[8..10].copy_from_slice(&self.method.to_le_bytes());
            fixed[10] = self.origin.count;
            fixed[11] = self.trace.flags;
            fixed[12..16].copy_from_slice(&self.micros.to_le_bytes());
            fixed[16..24].copy_from_slice(&self.id.0.to_le_bytes());
            fixed[24..40].copy_from_slice(&self.trace.id.to_le_bytes());
            fixed[40..48].copy_from_slice(&self.trace.span.to_le_bytes());
            out.extend_from_slice(&fixed);
            if !self.origin.bytes.is_empty() {
                out.extend_from_slice(self.origin.bytes);
            }
            if !self.extensions.is_empty() {
                out.extend_from_slice(self.extensions.bytes);
            }
            body(out).map_err(EncodeError::Body)
        })
    }
}

// The parts' caps keep any head below the cap on heads.
const _: () = assert!(
    FIXED + MAX_CHAIN * (1 + MAX_NAME) + 1 + MAX_NAME + 2 + MAX_PRINCIPAL + MAX_EXTENSIONS_LEN
        <= MAX_HEAD,
    "a head can exceed its cap"
);
