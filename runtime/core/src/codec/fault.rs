//! What went wrong within a value.

use std::fmt;

use super::CodecError;

/// A pointer wide, for it is part of every result on the way.
#[derive(Debug)]
pub(crate) struct Fault(Box<Kind>);

#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("it ends too soon")]
    Truncated,
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
        match *fault.0 {
            Kind::Trailing(left) => Self::Trailing(left),
            Kind::TooLarge(size) => Self::TooLarge(size),
            _ => Self::Malformed(fault.to_string()),
        }
    }
}

impl From<Kind> for Fault {
    #[cold]
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl serde::ser::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Kind::Said(said.to_string().into()).into()
    }
}

impl serde::de::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Kind::Said(said.to_string().into()).into()
    }
}
