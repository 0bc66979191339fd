//! Why a connection has ended, and how loudly to say so.

use std::io;

use crate::net::Refusal;
use crate::session::TooSilent;
use crate::violation::{EncodeError, Violation};

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    /// The peer broke the protocol.
    #[error("protocol violation: {0}")]
    Violation(#[from] Violation),
    /// The peer was silent for too long.
    #[error(transparent)]
    Silent(#[from] TooSilent),
    /// The peer has ended it.
    #[error("the peer has closed it")]
    ByPeer,
    /// The peer has ended it in the middle of a frame.
    #[error("the peer has closed it in the middle of a frame")]
    MidFrame,
    /// The peer takes no answers.
    #[error("the peer has read nothing for too long")]
    Stalled,
    /// The peer takes too long over one frame.
    #[error("a frame began and did not end in time")]
    SlowFrame,
    /// The connections of the listener hold too much together, and this one holds some of it.
    #[error("large frames on all connections take too much memory")]
    Memory,
    /// The system has ended it.
    #[error(transparent)]
    Io(io::Error),
    /// Who is at the other end isn't talked to.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The peer was leaving, and has answered all it took.
    #[error("the peer has left")]
    PeerLeft,
    /// This side was leaving, and has answered all it took.
    #[error("drained")]
    Drained,
    /// The peer reads version 1's hello alone, and was told more.
    #[error("the peer speaks version 1 alone")]
    Older,
    /// This process stood still meanwhile.
    #[error("this process stood still, and what came meanwhile may be too late")]
    StoodStill,
    /// This side's hello exceeds a cap.
    #[error("this unit's hello can't be sent: {0}")]
    Hello(#[from] EncodeError),
}

impl Closed {
    /// Whether what came can't be from a healthy unit of the same app.
    pub(crate) const fn is_hostile(&self) -> bool {
        matches!(
            self,
            Self::Violation(_)
                | Self::MidFrame
                | Self::Stalled
                | Self::SlowFrame
                | Self::Memory
                | Self::Refused(_)
                | Self::Silent(TooSilent::Handshake)
        )
    }
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        match Refusal::of(&error) {
            Some(refusal) => Self::Refused(refusal),
            None => Self::Io(error),
        }
    }
}
