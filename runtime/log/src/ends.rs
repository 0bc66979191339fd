//! Where the log begins and ends, as everybody is told.

use crate::{LogError, Position};

/// What is watched of a log. It speaks of what is on disk alone.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    /// The first position that is left; one after `head` if none is.
    pub(crate) first: Position,
    /// The last position; 0 before the first record.
    pub(crate) head: Position,
    /// Why appends are refused, since the last that was.
    pub(crate) refusal: Option<LogError>,
    /// The files are closed, well or with this.
    pub(crate) closed: Option<Result<(), LogError>>,
}

impl Ends {
    pub(crate) const fn new(first: Position, head: Position) -> Self {
        Self { first, head, refusal: None, closed: None }
    }
}
