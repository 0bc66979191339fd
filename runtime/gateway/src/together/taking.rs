//! One of what may be asked for: asked, and taken or not.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::policy::Quota;

/// Asks for one of what `key` may have by the limit of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    /// The limit's name: `edge`, or a method's, as `user.create`.
    pub name: &'a str,
    /// Whose it is.
    pub key: &'a str,
    /// How much there is.
    pub quota: Quota,
}

/// What becomes of a request's asks: known at once, or once others have been asked.
pub enum Take<'a> {
    /// It is known here.
    Now(Taken),
    /// Others are asked.
    Later(BoxFuture<'a, Taken>),
}

impl Take<'_> {
    /// What has become of them.
    pub async fn taken(self) -> Taken {
        match self {
            Self::Now(taken) => taken,
            Self::Later(asking) => asking.await,
        }
    }
}

impl fmt::Debug for Take<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(taken) => taken.fmt(f),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// What became of asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Of which ask this tells, by its number: the one that refuses for longest, or else the one with
    /// the least left.
    pub of: usize,
    /// How it stands.
    pub standing: Standing,
}

/// How a key stands with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// One was taken.
    Admitted {
        /// How many are left.
        left: u32,
        /// After how long there are more.
        more: Duration,
    },
    /// There is none, and nothing was taken.
    Refused {
        /// After how long there is one, if nobody else takes it.
        wait: Duration,
    },
}
