//! Whether a service is at work in this process, where several processes could do that.

/// What a service that a unit hosts does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It is on its way to its first turn.
    Starting,
    /// Another instance of the unit has its database: this one takes over when that is gone.
    Standby,
    /// Its database's server is away: it begins once that is back.
    Waiting,
    /// Its database is this process's, and is being opened.
    Recovering,
    /// It takes calls, or is built anew to do so.
    Active,
    /// It has moved to another unit.
    Away,
}

impl Activity {
    /// What it is called in place of the host's `starting`.
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Standby => Some("standby"),
            Self::Recovering => Some("recovering"),
            Self::Starting | Self::Waiting | Self::Active | Self::Away => None,
        }
    }

    /// Whether it begins some time, which nobody here has a hand in.
    pub(crate) const fn is_awaited(self) -> bool {
        matches!(self, Self::Standby | Self::Waiting)
    }
}
