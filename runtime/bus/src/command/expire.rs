//! Results are kept for a while, and then that there was one.

use std::time::Duration;

use seam_core::call::TicketId;
use seam_store::StoreError;

use super::rows::{Row, RowState};
use super::{Commands, piece};
use crate::rows as bytes;
use crate::time::{Millis, millis, unix_millis};

/// After its result is gone, that there was one is known for so long.
const KNOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// So many are looked at in one transaction.
const AT_ONCE: usize = 256;

impl Commands {
    /// Lets go of what has ended longer than `results` ago.
    ///
    /// # Errors
    /// As any write.
    pub async fn expire(&self, results: Duration) -> Result<(), StoreError> {
        let now = unix_millis();
        // First what is to be forgotten, whose marks are the oldest.
        let mut from = Vec::new();
        loop {
            let end = now.saturating_sub(millis(results)).to_be_bytes();
            let rows = self.ended.scan(&from..&end, false, AT_ONCE).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            from = [last.as_slice(), &[0]].concat();
            let own = self.clone();
            let done = self.store().transaction(move |tx| {
                for (key, _) in rows {
                    let Some((at, id)) = key.split_first_chunk::<8>() else { continue };
                    let (at, Ok(id)) = (Millis::from_be_bytes(*at), id.try_into()) else {
                        continue;
                    };
                    let id = TicketId(u128::from_be_bytes(id));
                    let Some(row) = tx.read_raw(&own.tickets, &id.0.to_be_bytes())? else {
                        tx.write_raw(&own.ended, &key, None)?;
                        continue;
                    };
                    let row: Row = bytes::read(&row)?;
                    if let RowState::Answered { pieces, .. } = row.state {
                        for number in 0..pieces {
                            tx.write_raw(&own.answers, &piece(id, number), None)?;
                        }
                    }
                    if now.saturating_sub(at) > millis(results.saturating_add(KNOWN)) {
                        tx.write_raw(&own.keys, &row.key, None)?;
                        tx.write_raw(&own.tickets, &id.0.to_be_bytes(), None)?;
                        tx.write_raw(&own.ended, &key, None)?;
                    } else if !matches!(row.state, RowState::Expired) {
                        let row = Row { state: RowState::Expired, ..row };
                        let row = bytes::write(&row)?;
                        tx.write_raw(&own.tickets, &id.0.to_be_bytes(), Some(row))?;
                    }
                }
                Ok::<_, StoreError>(())
            });
            done.await?;
        }
    }
}
