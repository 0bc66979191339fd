//! What the edges of an app know in common: how much was asked for, what was used once, and which
//! sessions have ended.
//!
//! An edge asks for all of it by [`Together`]. [`Alone`] keeps it in memory, for an edge that is the
//! only one, and [`Among`] where there are several.

mod alone;
mod among;
mod claims;
mod counts;
mod endings;
mod hash;
mod kept;
mod remembered;
mod taking;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use self::alone::Alone;
pub use self::among::{
    Among, Companion, InFiles, Other, Others, Reached, contract as together_contract,
    service as together_service,
};
pub(crate) use self::counts::Counts;
use self::kept::Kept;
pub use self::taking::{Ask, Standing, Take, Taken};

/// By which an edge counts, claims and ends together with the app's other edges.
///
/// Whatever becomes of them, no answer takes longer than some hundred milliseconds.
pub trait Together: Send + Sync + 'static {
    /// Takes one from each of these, or from none of them: a request may stand under several limits.
    ///
    /// It always has an answer: where the others can't be asked, an edge counts for itself.
    fn take<'a>(&'a self, asks: &'a [Ask<'a>]) -> Take<'a>;

    /// Claims a value that may be used once, for so long: of all that claim it, at whichever edge,
    /// one is [`Claim::First`]. Values of different kinds begin with different prefixes.
    ///
    /// # Errors
    /// It can't be told. Then the value isn't to be taken for a new one.
    fn claim<'a>(
        &'a self,
        value: &'a str,
        lasting: Duration,
    ) -> BoxFuture<'a, Result<Claim, Apart>>;

    /// Ends a session at all edges, by an id that is its own, for as long as it might be used.
    /// Afterwards [`Together::is_ended`] says so here, and at the others within a second; those that
    /// can't be reached hear of it when they can be.
    ///
    /// # Errors
    /// It hasn't ended, for there is no room to remember that.
    fn end<'a>(&'a self, session: &'a str, lasting: Duration) -> BoxFuture<'a, Result<(), Apart>>;

    /// Whether a session has ended: a look at what is known here.
    fn is_ended(&self, session: &str) -> bool;
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody had claimed it.
    First,
    /// Somebody had.
    Before,
}

/// What all edges should know can't be told, or not be told to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// Why, for people.
    pub why: String,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Apart {}
