//! A store without its rows.

use std::sync::Arc;

use crate::{Space, Store, StoreError, Transaction, codec::Part, engine::Scan};

/// A step's most rows.
const ROWS: usize = 500;

impl Store {
    /// Removes all rows of all tables, and those of some spaces: ids begin anew, sequences and other
    /// spaces stay. In steps, each a transaction that begins with `may`: what is cut off is to be done
    /// once more.
    ///
    /// # Errors
    /// As any write, and what `may` says.
    pub async fn empty(
        &self,
        spaces: &[Space],
        may: impl Fn(&mut Transaction) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Result<(), StoreError> {
        let may = Arc::new(may);
        let part = |part: Part| vec![part as u8]..vec![part as u8 + 1];
        // Rows before their counts and ids, which are right once none is left.
        let tables = [Part::Indexes, Part::OldRows, Part::Rows, Part::Counts, Part::Ids].map(part);
        let spaces = spaces.iter().map(|space| space.scan_of(&[]..&[], false, ROWS).range);
        for range in tables.into_iter().chain(spaces) {
            loop {
                let scan = Scan { take: ROWS, ..Scan::of(range.clone()) };
                let may = Arc::clone(&may);
                let removed = self.transaction(move |tx| {
                    may(tx)?;
                    let rows = tx.read_all(&scan)?;
                    let count = rows.len();
                    tx.write_all(rows.into_iter().map(|(key, _)| (key, None)).collect())?;
                    Ok::<_, StoreError>(count)
                });
                if removed.await? < ROWS {
                    break;
                }
            }
        }
        Ok(())
    }
}
