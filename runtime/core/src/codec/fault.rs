//! What went wrong within a value.

use std::fmt;

use serde::de::{self, Unexpected};

use super::CodecError;

/// A pointer wide, for it is part of every result on the way; none says that the bytes end too soon,
/// so that the many places that find this out take no more than a comparison.
#[derive(Debug)]
pub struct Fault(Option<Box<Kind>>);

impl Fault {
    pub(super) const TRUNCATED: Self = Self(None);

    /// There is no variant of that number, only so many; in serde's words.
    #[cold]
    #[inline(never)]
    pub fn no_variant(found: u32, of: usize) -> Self {
        let expected = format!("variant index 0 <= i < {of}");
        de::Error::invalid_value(Unexpected::Unsigned(found.into()), &expected.as_str())
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("it claims {0} elements, more than there are bytes")]
    Count(u64),
    #[error("a text isn't UTF-8")]
    NotText,
    #[error("{0} where only 0 or 1 can be")]
    NotBool(u8),
    #[error("bytes that are no character")]
    NotChar,
    #[error(
        "its type wants to be asked what it is, which only JSON can tell: no `untagged`, no `flatten`"
    )]
    Untold,
    #[error("{0} bytes follow it")]
    Trailing(usize),
    #[error("{0} bytes")]
    TooLarge(usize),
    #[error("a sequence must know its length beforehand")]
    NoLength,
    #[error("{0}")]
    Said(Box<str>),
}

impl From<Fault> for CodecError {
    #[cold]
    fn from(fault: Fault) -> Self {
        match fault.0.as_deref() {
            Some(&Kind::Trailing(left)) => Self::Trailing(left),
            Some(&Kind::TooLarge(size)) => Self::TooLarge(size),
            _ => Self::Malformed(fault.to_string()),
        }
    }
}

impl From<Kind> for Fault {
    #[cold]
    #[inline(never)]
    fn from(kind: Kind) -> Self {
        Self(Some(Box::new(kind)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(kind) => kind.fmt(f),
            None => f.write_str("it ends too soon"),
        }
    }
}

impl std::error::Error for Fault {}

impl serde::ser::Error for Fault {
    #[cold]
    #[inline(never)]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Kind::Said(said.to_string().into()).into()
    }
}

impl de::Error for Fault {
    #[cold]
    #[inline(never)]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Kind::Said(said.to_string().into()).into()
    }
}
