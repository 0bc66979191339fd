//! What becomes of events, as it is brought to disk: some at once.

use seam_store::StoreError;

use super::kept::{Failure, Kept, Waiting};
use crate::intake::{Delivery, Position};
use crate::record::Record;

/// What is to be kept of an event.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Handled(Delivery),
    Wait { position: Position, kept: bool, waiting: Waiting, failure: Option<Failure> },
    Bury { position: Position, kept: bool, record: Record, failure: Failure },
}

impl Write {
    /// An event waits, for an earlier one of its key does.
    pub(super) const fn behind(position: Position, record: Record) -> Self {
        let waiting = Waiting { record, failed: 0, due: 0 };
        Self::Wait { position, kept: false, waiting, failure: None }
    }
}

/// Brings to disk what has become of events, and how far their stream is if that is said.
pub(super) async fn write(
    kept: Kept,
    writes: Vec<Write>,
    cursor: Option<Position>,
) -> Result<(), StoreError> {
    let own = kept.clone();
    let written = kept.store().transaction(move |tx| {
        for write in writes {
            match write {
                Write::Handled(Delivery { position, kept, .. }) => {
                    own.mark(tx, position, kept)?;
                }
                Write::Wait { position, kept, waiting, failure } => {
                    own.keep(tx, position, &waiting, (kept, failure))?;
                }
                Write::Bury { position, kept, record, failure } => {
                    own.bury(tx, position, &record, (kept, failure))?;
                }
            }
        }
        match cursor {
            Some(cursor) => own.note(tx, cursor),
            None => Ok(()),
        }
    });
    Ok(written.await?)
}
