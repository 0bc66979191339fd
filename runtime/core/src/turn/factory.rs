//! How an actor is made, asked and ended, as its host sees it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How an actor is made, asked and ended.
pub trait Factory<A>: Send + Sync + 'static {
    /// Makes the actor.
    fn build(&self) -> Boxed<'_, Result<A, StartError>>;

    /// Ends it, alone.
    fn stop<'a>(&'a self, actor: &'a mut A) -> Boxed<'a, ()>;

    /// Asks how it is.
    fn health<'a>(&'a self, actor: &'a A) -> Boxed<'a, Health>;
}

/// How a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It can do its work.
    Good,
    /// It can't, or not all of it.
    Bad {
        /// What is wrong, for people.
        reason: String,
    },
}

/// Why an actor can't start. It takes every error by `?`: a store's, a transaction's, a file's, a
/// call's.
///
/// For that it is no [`Error`] itself; it prints as one.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The app has no service of a contract that the actor needs.
    NoSuchService {
        /// The contract's name.
        name: &'static str,
    },
    /// The actor's own reason.
    Failed(Box<dyn Error + Send + Sync>),
    /// `start` panicked.
    Panicked(String),
}

impl StartError {
    /// The actor's own reason, in words or as an error.
    pub fn failed(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(reason.into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for StartError {
    fn from(reason: E) -> Self {
        Self::failed(reason)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchService { name } => {
                write!(f, "no service `{name}` in this app: add `.service::<…>()` for it in main")
            }
            Self::Failed(reason) => reason.fmt(f),
            Self::Panicked(message) => write!(f, "`start` panicked: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::CallError;

    #[test]
    fn any_error_is_a_reason() {
        fn parsed(text: &str) -> Result<u32, StartError> {
            Ok(text.parse()?)
        }
        assert_eq!(parsed("7").unwrap(), 7);
        assert_eq!(parsed("x").unwrap_err().to_string(), "invalid digit found in string");
        let called: Result<(), CallError<std::num::ParseIntError>> =
            "x".parse::<u32>().map(drop).map_err(CallError::Service);
        let reason = called.map_err(StartError::from).unwrap_err();
        assert_eq!(reason.to_string(), "invalid digit found in string");
        assert_eq!(StartError::failed("the lab says no").to_string(), "the lab says no");
    }
}
