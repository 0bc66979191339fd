//! What the head of a call says of its origin: who calls, through whom, on whose behalf. Calls over a
//! connection have few different ones, so one is written down once for all that follow each other, and
//! checked once.

use super::bytes::{Reader, put_text8, put_text16};
use crate::limits::{MAX_CHAIN, MAX_NAME, MAX_PRINCIPAL};
use crate::violation::{EncodeError, Violation};

/// The call's own, and no part of its origin.
pub(super) const NO_RETRY: u8 = 1;
const HAS_PRINCIPAL: u8 = 2;
/// Two bits that say who calls.
const CALLER: u8 = 4 | 8;
const IS_EDGE: u8 = 4;
const IS_PROGRAM: u8 = 8;
const IS_NAMED: u8 = 4 | 8;
/// The call's own as well: extensions stand behind its origin. Not in version 1.
pub(super) const HAS_EXTENSIONS: u8 = 16;
/// And so is this: arguments and reply are JSON text. Only between peers that are capable of it.
pub(super) const IS_JSON: u8 = 32;
pub(super) const KNOWN_FLAGS: u8 = NO_RETRY | HAS_PRINCIPAL | CALLER;

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

/// The origin of a call, as it is written, and checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    pub(super) flags: u8,
    /// How many services the chain names.
    pub(super) count: u8,
    /// The chain's names, the caller's and the principal's, those of them that there are.
    pub(super) bytes: &'a [u8],
}

impl<'a> Origin<'a> {
    /// The program calls, and nobody waits above.
    pub const PROGRAM: Origin<'static> = Origin { flags: IS_PROGRAM, count: 0, bytes: &[] };

    /// The services that wait for the call, the first caller first.
    pub const fn chain(&self) -> ChainNames<'a> {
        ChainNames { rest: self.bytes, left: self.count }
    }

    /// Who calls.
    pub fn caller(&self) -> Who<'a> {
        match self.flags & CALLER {
            0 => Who::Last,
            IS_EDGE => Who::Edge,
            IS_PROGRAM => Who::Program,
            // The names were checked when they were read or written.
            _ => Who::Named(Reader::new(self.beyond_chain()).text8(MAX_NAME, "").unwrap_or("")),
        }
    }

    /// On whose behalf the call is made.
    pub fn principal(&self) -> Option<&'a str> {
        if self.flags & HAS_PRINCIPAL == 0 {
            return None;
        }
        let mut reader = Reader::new(self.beyond_chain());
        if self.flags & CALLER == IS_NAMED {
            reader.skip_text8(MAX_NAME, "").ok()?;
        }
        reader.text16(MAX_PRINCIPAL, "").ok()
    }

    fn beyond_chain(&self) -> &'a [u8] {
        let mut names = self.chain();
        names.by_ref().for_each(drop);
        names.rest
    }

    /// Whether a call's head with these flags, so many names and this `rest` is of this origin: what
    /// begins alike is read alike.
    #[inline(always)]
    pub(super) fn begins(&self, flags: u8, count: u8, rest: &[u8]) -> bool {
        // No bytes are not looked for: to compare none of two texts may take hundreds of cycles.
        (flags, count) == (self.flags, self.count)
            && (self.bytes.is_empty() || rest.starts_with(self.bytes))
    }
}

impl std::fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let chain: Vec<_> = self.chain().collect();
        write!(f, "Origin({chain:?}, {:?}, {:?})", self.caller(), self.principal())
    }
}

/// How many of the bytes after a head's fixed part tell its origin, all checked.
#[inline(never)]
pub(super) fn check(flags: u8, count: u8, bytes: &[u8]) -> Result<usize, Violation> {
    if usize::from(count) > MAX_CHAIN {
        let length = usize::from(count);
        return Err(Violation::TooLong { what: "chain", length, cap: MAX_CHAIN });
    }
    let mut reader = Reader::new(bytes);
    for _ in 0..count {
        reader.skip_text8(MAX_NAME, "chain")?;
    }
    if flags & CALLER == IS_NAMED {
        reader.skip_text8(MAX_NAME, "caller")?;
    }
    if flags & HAS_PRINCIPAL != 0 {
        reader.text16(MAX_PRINCIPAL, "principal")?;
    }
    Ok(bytes.len() - reader.rest().len())
}

/// The names of a call's chain.
#[derive(Debug, Clone)]
pub struct ChainNames<'a> {
    rest: &'a [u8],
    left: u8,
}

impl<'a> Iterator for ChainNames<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = self.rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.rest = rest;
        std::str::from_utf8(name).ok()
    }
}

/// An [`Origin`] with its bytes, to be written once and used for many calls.
#[derive(Debug)]
pub struct OriginBuf {
    flags: u8,
    count: u8,
    bytes: Vec<u8>,
}

impl OriginBuf {
    /// The origin of a call through `chain`, the first caller first and at most 32; the principal may
    /// have 256 bytes.
    ///
    /// # Errors
    ///
    /// What is too long.
    pub fn new<'n>(
        chain: impl IntoIterator<Item = &'n str>,
        caller: Who<'_>,
        principal: Option<&str>,
    ) -> Result<Self, EncodeError> {
        let mut origin = Self::default();
        origin.write(chain, caller, principal)?;
        Ok(origin)
    }

    /// Becomes another, as [`OriginBuf::new`] makes it, in the same memory. After an error it is the
    /// program's.
    pub(crate) fn write<'n>(
        &mut self,
        chain: impl IntoIterator<Item = &'n str>,
        caller: Who<'_>,
        principal: Option<&str>,
    ) -> Result<(), EncodeError> {
        let mut bytes = std::mem::take(self).bytes;
        bytes.clear();
        let mut count = 0;
        for name in chain {
            count += 1;
            put_text8(&mut bytes, name, MAX_NAME, "chain")?;
        }
        if count > MAX_CHAIN {
            return Err(EncodeError::TooLong { what: "chain", length: count, cap: MAX_CHAIN });
        }
        let mut flags = match caller {
            Who::Last => 0,
            Who::Edge => IS_EDGE,
            Who::Program => IS_PROGRAM,
            Who::Named(name) => {
                put_text8(&mut bytes, name, MAX_NAME, "caller")?;
                IS_NAMED
            }
        };
        if let Some(principal) = principal {
            put_text16(&mut bytes, principal, MAX_PRINCIPAL, "principal")?;
            flags |= HAS_PRINCIPAL;
        }
        *self = Self { flags, count: count as u8, bytes };
        Ok(())
    }

    /// Becomes one that no call has.
    pub(crate) fn forget(&mut self) {
        self.flags = u8::MAX;
    }

    /// Becomes a copy of `origin`, in the same memory.
    pub(crate) fn copy(&mut self, origin: Origin<'_>) {
        (self.flags, self.count) = (origin.flags, origin.count);
        self.bytes.clear();
        self.bytes.extend_from_slice(origin.bytes);
    }

    /// The origin.
    #[inline]
    pub fn origin(&self) -> Origin<'_> {
        Origin { flags: self.flags, count: self.count, bytes: &self.bytes }
    }
}

impl Default for OriginBuf {
    /// [`Origin::PROGRAM`].
    fn default() -> Self {
        let Origin { flags, count, .. } = Origin::PROGRAM;
        Self { flags, count, bytes: Vec::new() }
    }
}
