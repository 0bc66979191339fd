//! Results are kept for a while, and then that there was one.

use std::time::Duration;

use seam_core::call::TicketId;
use seam_store::{Space, StoreError, Transaction};

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
        self.before(&self.0.ended, results, Self::let_go).await?;
        self.before(&self.0.expired, results.saturating_add(KNOWN), Self::forget).await
    }

    /// Does something with those whose end, by the marks of a space, is longer ago than that, and takes
    /// the marks away.
    async fn before(
        &self,
        marks: &Space,
        age: Duration,
        with: fn(&Self, &mut Transaction, &[u8], TicketId) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let end: Millis = unix_millis().saturating_sub(millis(age));
        loop {
            let rows = marks.scan(&[]..&end.to_be_bytes(), false, AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let (own, marks) = (self.clone(), marks.clone());
            let done = self.store().transaction(move |tx| {
                for (mark, _) in rows {
                    tx.write_raw(&marks, &mark, None)?;
                    if let Some(id) = mark.last_chunk() {
                        with(&own, tx, &mark, TicketId::new(u128::from_be_bytes(*id)))?;
                    }
                }
                Ok::<_, StoreError>(())
            });
            done.await?;
        }
    }

    /// The result goes, and that there was one stays.
    fn let_go(&self, tx: &mut Transaction, mark: &[u8], id: TicketId) -> Result<(), StoreError> {
        let key = id.get().to_be_bytes();
        let Some(row) = tx.read_raw(&self.0.tickets, &key)? else { return Ok(()) };
        let row: Row = bytes::read(&row)?;
        if let RowState::Answered { pieces, .. } = row.state {
            for number in 0..pieces {
                tx.write_raw(&self.0.answers, &piece(id, number), None)?;
            }
        }
        let row = Row { state: RowState::Expired, ..row };
        tx.write_raw(&self.0.tickets, &key, Some(bytes::write(&row)?))?;
        tx.write_raw(&self.0.expired, mark, Some(Vec::new()))
    }

    /// Nothing is known of it any more, and its key is free.
    fn forget(&self, tx: &mut Transaction, _: &[u8], id: TicketId) -> Result<(), StoreError> {
        let key = id.get().to_be_bytes();
        let Some(row) = tx.read_raw(&self.0.tickets, &key)? else { return Ok(()) };
        let row: Row = bytes::read(&row)?;
        tx.write_raw(&self.0.keys, &row.key, None)?;
        tx.write_raw(&self.0.tickets, &key, None)
    }
}

#[cfg(test)]
mod tests {
    use seam_core::call::KeptCall;
    use seam_store::Store;

    use super::*;
    use crate::command::State;

    #[tokio::test]
    async fn a_result_goes_first_and_that_there_was_one_later() {
        let commands = Commands::open(&Store::in_memory()).unwrap();
        let call = KeptCall::new("expire", "m", b"{}".to_vec(), "k");
        let call = KeptCall { idempotent: true, ..call };
        let id = commands.keep(call.clone(), None).await.unwrap();
        let own = commands.clone();
        let answer = vec![b'1'; 2 * crate::command::PIECE];
        let ended = commands.store().transaction(move |tx| own.end(tx, (1, 1), id, Ok(answer)));
        ended.await.unwrap();
        let state = async || commands.find(id).await.unwrap().map(|command| command.state);
        let rows = async |space: &Space| space.scan(&[]..&[], false, 9).await.unwrap().len();

        commands.expire(Duration::from_secs(60)).await.unwrap();
        assert!(matches!(state().await, Some(State::Ended(_))));
        assert_eq!((rows(&commands.0.answers).await, rows(&commands.0.ended).await), (2, 1));

        // Its end is before the next millisecond.
        tokio::time::sleep(Duration::from_millis(3)).await;
        commands.expire(Duration::ZERO).await.unwrap();
        assert_eq!(state().await, Some(State::Expired));
        assert_eq!((rows(&commands.0.answers).await, rows(&commands.0.ended).await), (0, 0));
        assert_eq!(commands.keep(call.clone(), None).await, Ok(id), "its key is known");

        let (marks, own) = (commands.0.expired.clone(), commands.clone());
        commands.before(&marks, Duration::ZERO, Commands::forget).await.unwrap();
        assert_eq!(
            (state().await, rows(&own.0.keys).await, rows(&own.0.expired).await),
            (None, 0, 0)
        );
        assert_ne!(commands.keep(call, None).await, Ok(id), "and free");
    }
}
