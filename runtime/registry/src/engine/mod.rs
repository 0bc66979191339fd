//! What keeps the entries. An engine only does that: when to renew, what to make of news and of a
//! registry that is away is the same for all of them.
//!
//! One more is one more file here, a row in the facade's `unit/membership.rs` and `config/registry.rs`,
//! and a few lines in `tests/tests/registry/engines.rs`, by which the suite holds it to all the rest.

pub mod embedded;
mod fixed;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "zookeeper")]
mod zookeeper;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use self::embedded::{Embedded, Keeper};
pub use self::fixed::Static;
#[cfg(feature = "nats")]
pub use self::nats::Nats;
#[cfg(feature = "zookeeper")]
pub use self::zookeeper::ZooKeeper;
use crate::entry::{Entry, Place};

/// Something under way at an engine. Whoever waits for it sets it a time limit.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, RegistryError>> + Send + 'a>>;

/// What keeps the entries of an app, and its claims.
pub trait Engine: Send + Sync + 'static {
    /// As `[registry] engine` names it.
    fn name(&self) -> &'static str;

    /// Who looks after the leases of entries.
    fn expiry(&self) -> Expiry;

    /// Registers an instance, in the place of whoever was registered as the same instance. It lives for
    /// a lease's time.
    ///
    /// # Errors
    /// Nobody knows whether it is registered: do it again.
    fn register<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()>;

    /// Gives a registered entry more time. False if that very process isn't registered any more: it may
    /// register anew.
    ///
    /// # Errors
    /// Nobody knows.
    fn renew<'a>(&'a self, entry: &'a Entry) -> Pending<'a, bool>;

    /// Takes an entry out, if it is still that process's.
    ///
    /// # Errors
    /// Nobody knows; it runs out by itself.
    fn leave<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()>;

    /// Tells first all there is ([`News::All`]), then each change, for as long as the registry can be
    /// reached; returns once it can't, or once something may have been missed. Who goes on watching calls
    /// it again.
    ///
    /// # Errors
    /// Why it ends: it does in no other way.
    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(News) + Send)) -> Pending<'a, Infallible>;

    /// Claims what only one may hold, for a lease's time, unless another `holder` (a number of the
    /// claimant's own, a launch id) has it. Whoever holds it gets it again, with the same fence.
    ///
    /// # Errors
    /// Nobody knows whether it is held now: claim again.
    fn claim<'a>(&'a self, name: &'a str, holder: u64) -> Pending<'a, Claimed>;

    /// Gives the grant of that fence more time. False if it is lost.
    ///
    /// # Errors
    /// Nobody knows.
    fn renew_claim<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, bool>;

    /// Gives the grant of that fence back, if it still stands.
    ///
    /// # Errors
    /// Nobody knows; it runs out by itself.
    fn release<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, ()>;
}

/// Who looks after the leases of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The engine: who doesn't renew is told as [`News::Gone`].
    Engine,
    /// Whoever watches: a renewal is told as [`News::Put`], and who isn't told of for a lease's time is
    /// gone.
    Watchers,
}

/// What an engine tells whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These are registered, and nobody else.
    All(Vec<Entry>),
    /// This is registered, anew or still.
    Put(Entry),
    /// Nobody is registered as this any more.
    Gone(Place),
}

/// What has come of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is the claimant's. No grant before it had as high a fence: what its holder writes by its right
    /// is known by that.
    Granted {
        /// The number of the grant.
        fence: u64,
    },
    /// Another one holds it.
    Held,
}

/// A registry couldn't be asked, or refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// It can't be reached: it is tried again.
    #[error("the registry can't be reached: {reason}")]
    Away {
        /// Why, for people.
        reason: String,
    },
    /// It didn't answer in time.
    #[error("the registry hasn't answered within {0:?}")]
    Late(Duration),
    /// This engine can't do that.
    #[error("the engine `{engine}` {reason}")]
    Unsupported {
        /// The engine.
        engine: &'static str,
        /// What it can't do, and what to do instead.
        reason: &'static str,
    },
    /// It takes no more, or it isn't what it should be.
    #[error("the registry refuses: {reason}")]
    Refused {
        /// Why, for people.
        reason: String,
    },
}

/// A claim's name, as it may be part of a key of any engine: letters, digits, `-` and `_` as they are,
/// other bytes as `=` and their number.
#[cfg(any(feature = "nats", feature = "zookeeper"))]
fn key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'-' | b'_' => key.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => key.push(byte.into()),
            _ => key.push_str(&format!("={byte:02x}")),
        }
    }
    key
}

impl RegistryError {
    /// It can't be reached, for a reason that has a text.
    pub(crate) fn away(reason: impl fmt::Display) -> Self {
        Self::Away { reason: reason.to_string() }
    }

    /// It refuses, for a reason that has a text.
    pub(crate) fn refused(reason: impl fmt::Display) -> Self {
        Self::Refused { reason: reason.to_string() }
    }
}
