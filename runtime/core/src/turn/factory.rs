//! How an actor is made, asked and ended, as its host sees it.

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

/// Why an actor can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The app has no service of a contract that the actor needs.
    #[error("no service `{name}` in this app: add `.service::<…>()` for it in main")]
    NoSuchService {
        /// The contract's name.
        name: &'static str,
    },
    /// The actor's own reason.
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// `start` panicked.
    #[error("`start` panicked: {0}")]
    Panicked(String),
}

impl StartError {
    /// The actor's own reason, as anything that can be an error.
    pub fn failed(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(reason.into())
    }
}
