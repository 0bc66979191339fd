//! A call: who calls what, until when, on whose behalf, and the arguments.

use std::time::Duration;

use super::bytes::{Reader, put_text8, put_text16};
use super::{CallId, LENGTH, kind, whole};
use crate::limits::{MAX_CHAIN, MAX_HEAD, MAX_NAME, MAX_PRINCIPAL};
use crate::violation::{EncodeError, Violation};

/// The part of a call that every call has, its length field and kind included.
const FIXED: usize = 48;

const NO_RETRY: u8 = 1;
const HAS_PRINCIPAL: u8 = 2;
/// Two bits that say who calls.
const CALLER: u8 = 4 | 8;
const IS_EDGE: u8 = 4;
const IS_PROGRAM: u8 = 8;
const IS_NAMED: u8 = 4 | 8;
const KNOWN_FLAGS: u8 = NO_RETRY | HAS_PRINCIPAL | CALLER;

/// What a call carries besides its arguments. `C` is where the chain's names come from: anything
/// that yields them when written, a [`Chain`] when read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallHead<'a, C = Chain<'a>> {
    /// The call's number, by which its answer finds it.
    pub id: CallId,
    /// The service, as its place in the callee's hello.
    pub service: u16,
    /// The method, as its place in that service's list.
    pub method: u16,
    /// The time left to the deadline, to the microsecond. Over 71 minutes count as 71 minutes.
    pub remaining: Duration,
    /// Where the call stands in a trace.
    pub trace: Trace,
    /// Retried further up already: nobody below may.
    pub no_retry: bool,
    /// The services that wait for this call, the first caller first; at most 32.
    pub chain: C,
    /// Who calls.
    pub caller: Who<'a>,
    /// On whose behalf; at most 256 bytes.
    pub principal: Option<&'a str>,
}

/// A call, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallParts<'a> {
    /// All but the arguments.
    pub head: CallHead<'a>,
    /// The arguments.
    pub body: &'a [u8],
    /// Whether the chain is that of the call before.
    pub same_chain: bool,
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// The last service of the chain.
    Last,
    /// The edge, for somebody outside.
    Edge,
    /// The program that embeds the app, or its owner on the command line.
    Program,
    /// A service that isn't in the chain.
    Named(&'a str),
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

/// A chain of services, still encoded: each name with its length in front, all checked.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain<'a> {
    count: u8,
    names: &'a [u8],
}

impl<'a> Chain<'a> {
    /// `count` names with their lengths in front, all checked.
    pub(crate) const fn checked(count: u8, names: &'a [u8]) -> Self {
        Self { count, names }
    }

    pub(crate) const fn count(&self) -> u8 {
        self.count
    }

    /// How many services it names.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether nobody waits above.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names as they came, each with its length in front.
    pub const fn encoded(&self) -> &'a [u8] {
        self.names
    }

    /// The names, the first caller first.
    pub const fn names(&self) -> ChainNames<'a> {
        ChainNames { rest: self.names }
    }
}

impl std::fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Where the names of a chain come from when they are written: anything that yields them, or a
/// [`Chain`], which has them as they are written.
pub trait Names {
    /// Appends the names, each with its length in front; how many they are.
    ///
    /// # Errors
    ///
    /// If a name is too long.
    fn put<E>(self, out: &mut Vec<u8>) -> Result<usize, EncodeError<E>>;
}

impl<'a, I: IntoIterator<Item = &'a str>> Names for I {
    #[inline]
    fn put<E>(self, out: &mut Vec<u8>) -> Result<usize, EncodeError<E>> {
        let mut count = 0;
        for name in self {
            count += 1;
            put_text8(out, name, MAX_NAME, "chain")?;
        }
        Ok(count)
    }
}

impl Names for Chain<'_> {
    #[inline]
    fn put<E>(self, out: &mut Vec<u8>) -> Result<usize, EncodeError<E>> {
        out.extend_from_slice(self.names);
        Ok(self.len())
    }
}

/// The names of a [`Chain`].
#[derive(Debug, Clone)]
pub struct ChainNames<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for ChainNames<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (length, rest) = self.rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.rest = rest;
        std::str::from_utf8(name).ok()
    }
}

impl<'a> CallHead<'a> {
    /// Reads a call's contents, after its kind. Names that follow each other as in the chain `before`
    /// were checked with that one.
    #[inline(always)]
    pub(super) fn decode(
        contents: &'a [u8],
        before: Chain<'_>,
    ) -> Result<CallParts<'a>, Violation> {
        // One check for the whole fixed part.
        let Some((fixed, rest)) = contents.split_first_chunk::<{ FIXED - LENGTH - 1 }>() else {
            return Err(Violation::Truncated("call"));
        };
        // Places in `fixed` count from 5, where the contents begin.
        let mut head = Reader::new(fixed);
        let flags = head.u8("flags")?;
        let service = head.u16("service")?;
        let method = head.u16("method")?;
        let count = head.u8("chain")?;
        let trace_flags = head.u8("trace")?;
        let remaining = head.u32("deadline")?;
        let id = CallId(head.u64("call id")?);
        let low = head.u64("trace")?;
        let high = head.u64("trace")?;
        let span = head.u64("span")?;
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Violation::Reserved("call"));
        }

        let mut reader = Reader::new(rest);
        let same_chain = count == before.count && reader.pass(before.names);
        let chain = if same_chain {
            Chain { count, names: &rest[..before.names.len()] }
        } else if count == 0 {
            Chain::default()
        } else {
            decode_chain(&mut reader, count)?
        };
        let caller = match flags & CALLER {
            0 => Who::Last,
            IS_EDGE => Who::Edge,
            IS_PROGRAM => Who::Program,
            _ => Who::Named(reader.text8(MAX_NAME, "caller")?),
        };
        let principal = if flags & HAS_PRINCIPAL == 0 {
            None
        } else {
            Some(reader.text16(MAX_PRINCIPAL, "principal")?)
        };
        let body = reader.rest();
        let trace =
            Trace { id: u128::from(high) << 64 | u128::from(low), span, flags: trace_flags };
        let head = Self {
            id,
            service,
            method,
            remaining: Duration::from_micros(u64::from(remaining)),
            trace,
            no_retry: flags & NO_RETRY != 0,
            chain,
            caller,
            principal,
        };
        Ok(CallParts { head, body, same_chain })
    }
}

#[inline(never)]
fn decode_chain<'a>(reader: &mut Reader<'a>, count: u8) -> Result<Chain<'a>, Violation> {
    if usize::from(count) > MAX_CHAIN {
        let length = usize::from(count);
        return Err(Violation::TooLong { what: "chain", length, cap: MAX_CHAIN });
    }
    let before = reader.rest();
    for _ in 0..count {
        reader.skip_text8(MAX_NAME, "chain")?;
    }
    let names = &before[..before.len() - reader.rest().len()];
    Ok(Chain { count, names })
}

impl<C: Names> CallHead<'_, C> {
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
            self.encode_head(out)?;
            body(out).map_err(EncodeError::Body)
        })
    }

    #[inline]
    fn encode_head<E>(self, out: &mut Vec<u8>) -> Result<(), EncodeError<E>> {
        let start = out.len();
        let mut flags = 0;
        if self.no_retry {
            flags |= NO_RETRY;
        }
        flags |= match self.caller {
            Who::Last => 0,
            Who::Edge => IS_EDGE,
            Who::Program => IS_PROGRAM,
            Who::Named(_) => IS_NAMED,
        };
        if self.principal.is_some() {
            flags |= HAS_PRINCIPAL;
        }
        let mut fixed = [0; FIXED];
        fixed[4] = kind::CALL;
        fixed[5] = flags;
        fixed[6..8].copy_from_slice(&self.service.to_le_bytes());
        fixed[8..10].copy_from_slice(&self.method.to_le_bytes());
        // 10: the chain's count, below.
        fixed[11] = self.trace.flags;
        fixed[12..16].copy_from_slice(&micros(self.remaining).to_le_bytes());
        fixed[16..24].copy_from_slice(&self.id.0.to_le_bytes());
        fixed[24..40].copy_from_slice(&self.trace.id.to_le_bytes());
        fixed[40..48].copy_from_slice(&self.trace.span.to_le_bytes());
        out.extend_from_slice(&fixed);

        let count = self.chain.put(out)?;
        if count > 0 {
            if count > MAX_CHAIN {
                return Err(EncodeError::TooLong { what: "chain", length: count, cap: MAX_CHAIN });
            }
            out[start + 10] = count as u8;
        }
        if let Who::Named(caller) = self.caller {
            put_text8(out, caller, MAX_NAME, "caller")?;
        }
        if let Some(principal) = self.principal {
            put_text16(out, principal, MAX_PRINCIPAL, "principal")?;
        }
        Ok(())
    }
}

/// In microseconds, as far as they go.
#[inline]
fn micros(time: Duration) -> u32 {
    match time.as_secs() {
        seconds @ ..4_294 => seconds as u32 * 1_000_000 + time.subsec_micros(),
        4_294 => 4_294_000_000_u32.saturating_add(time.subsec_micros()),
        _ => u32::MAX,
    }
}

// The parts' caps keep any head below the cap on heads.
const _: () = assert!(
    FIXED + MAX_CHAIN * (1 + MAX_NAME) + 1 + MAX_NAME + 2 + MAX_PRINCIPAL <= MAX_HEAD,
    "a head can exceed its cap"
);
