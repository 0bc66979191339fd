//! What a subscriber keeps of its deliveries, in its own store.
//!
//! ```text
//! on.cursor    stream             → up to where its events are settled
//! on.handled   stream, position   → nothing: it was handled, beyond the cursor
//! on.waiting   stream, position   → the event, how often it has failed, when it is due
//! on.dead      stream, position   → the event
//! on.failures  stream, position   → why the event that waits or is dead has failed
//! ```

use seam_store::{Space, Store, StoreError, Transaction};
use serde::{Deserialize, Serialize};

use crate::intake::{self, Position};
use crate::record::Record;
use crate::rows;
use crate::time::Millis;

/// So many marks of handled events are removed at once, with the cursor that makes them needless.
const SWEPT: usize = 4_096;
/// So many of an event's failures are kept, the latest ones.
const FAILURES: usize = 16;

/// An event that waits until it is tried again, or behind such a one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// The event.
    pub record: Record,
    /// How often it has failed.
    pub failed: u32,
    /// When it is due.
    pub due: Millis,
}

/// Why an event failed, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Millis,
    /// Why, for people.
    pub cause: String,
}

/// An event that has failed too often.
#[derive(Debug, Clone)]
pub struct Dead {
    /// Its place in its publisher's log.
    pub position: Position,
    /// The event.
    pub record: Record,
    /// Its failures, the latest ones.
    pub failures: Vec<Failure>,
    /// How often it has failed.
    pub attempts: u32,
}

/// How often an event has failed, and why the latest times.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct History {
    attempts: u32,
    latest: Vec<Failure>,
}

/// What a subscriber keeps of one stream. Clones are the same.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The stream's name, which begins all keys.
    stream: Box<[u8]>,
    cursor: Space,
    handled: Space,
    waiting: Space,
    dead: Space,
    failures: Space,
}

impl Kept {
    /// What is kept of the stream of that name in a store.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn open(store: &Store, stream: &str) -> Result<Self, StoreError> {
        Ok(Self {
            stream: [stream.as_bytes(), &[0]].concat().into(),
            cursor: store.space("on.cursor")?,
            handled: store.space("on.handled")?,
            waiting: store.space("on.waiting")?,
            dead: store.space("on.dead")?,
            failures: store.space("on.failures")?,
        })
    }

    /// The names of the streams that something is kept of in a store, and their cursors.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn streams(store: &Store) -> Result<Vec<(String, Position)>, StoreError> {
        let rows = store.space("on.cursor")?.scan(&[]..&[], false, usize::MAX).await?;
        let stream = |(key, row): (Vec<u8>, Vec<u8>)| {
            let name = key.strip_suffix(&[0]).unwrap_or(&key);
            Ok((String::from_utf8_lossy(name).into_owned(), rows::position(&row)?))
        };
        rows.into_iter().map(stream).collect()
    }

    /// The store that it is kept in.
    pub const fn store(&self) -> &Store {
        self.cursor.store()
    }

    /// Up to where the stream's events are settled; `None` if it is new.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn cursor(&self) -> Result<Option<Position>, StoreError> {
        let row = self.cursor.get(&self.stream).await?;
        row.map(|row| rows::position(&row)).transpose()
    }

    /// What was handled beyond the cursor.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn handled(&self) -> Result<Vec<Position>, StoreError> {
        let rows = self.scan(&self.handled, usize::MAX).await?;
        Ok(rows.into_iter().map(|(position, _)| position).collect())
    }

    /// What waits. `now` is both the time of day and the driver's own.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn waiting(
        &self,
        now: (Millis, intake::Nanos),
    ) -> Result<Vec<intake::Waiting>, StoreError> {
        let rows = self.scan(&self.waiting, usize::MAX).await?;
        let waiting = |(position, row): (Position, Vec<u8>)| {
            let Waiting { record, failed, due } = rows::read(&row)?;
            let left = due.saturating_sub(now.0).saturating_mul(1_000_000);
            let due = now.1.saturating_add(left);
            Ok(intake::Waiting { position, key: record.key, failed, due })
        };
        rows.into_iter().map(waiting).collect()
    }

    /// An event that waits.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn waits(&self, position: Position) -> Result<Option<Waiting>, StoreError> {
        let row = self.waiting.get(&self.key(position)).await?;
        row.map(|row| rows::read(&row)).transpose()
    }

    /// Whether it is known that an event was handled.
    ///
    /// # Errors
    /// If that can't be read.
    pub async fn is_handled(&self, position: Position, kept: bool) -> Result<bool, StoreError> {
        let key = self.key(position);
        Ok(match kept {
            false => self.handled.get(&key).await?.is_some(),
            true => self.waiting.get(&key).await?.is_none(),
        })
    }

    /// The dead letters, so many at most.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn dead(&self, most: usize) -> Result<Vec<Dead>, StoreError> {
        let mut dead = Vec::new();
        for (position, row) in self.scan(&self.dead, most).await? {
            let history = self.failures.get(&self.key(position)).await?;
            let History { attempts, latest: failures } =
                history.map(|row| rows::read(&row)).transpose()?.unwrap_or_default();
            dead.push(Dead { position, record: rows::read(&row)?, failures, attempts });
        }
        Ok(dead)
    }

    /// Notes the cursor, and forgets what it makes needless to know.
    ///
    /// # Errors
    /// As any write.
    pub fn note(&self, tx: &mut Transaction, cursor: Position) -> Result<(), StoreError> {
        tx.write_raw(&self.cursor, &self.stream, Some(cursor.to_be_bytes().into()))?;
        let (first, end) = (self.key(0), self.key(cursor.saturating_add(1)));
        for (key, _) in tx.scan_raw(&self.handled, &first..&end, false, SWEPT)? {
            tx.write_raw(&self.handled, &key, None)?;
        }
        Ok(())
    }

    /// Marks an event as handled, once: false if it was before. An event that is `kept` waits no more.
    ///
    /// # Errors
    /// As any write.
    pub fn mark(
        &self,
        tx: &mut Transaction,
        position: Position,
        kept: bool,
    ) -> Result<bool, StoreError> {
        let key = self.key(position);
        let waits = tx.read_raw(&self.waiting, &key)?.is_some();
        if waits {
            tx.write_raw(&self.waiting, &key, None)?;
            tx.write_raw(&self.failures, &key, None)?;
        }
        if kept {
            return Ok(waits);
        }
        let before = tx.read_raw(&self.handled, &key)?.is_some();
        tx.write_raw(&self.handled, &key, Some(Vec::new()))?;
        Ok(!before)
    }

    /// Keeps an event as one that waits, if it wasn't handled meanwhile.
    ///
    /// # Errors
    /// As any write.
    pub fn keep(
        &self,
        tx: &mut Transaction,
        position: Position,
        waiting: &Waiting,
        (kept, failure): (bool, Option<Failure>),
    ) -> Result<(), StoreError> {
        let key = self.key(position);
        let space = if kept { &self.waiting } else { &self.handled };
        if tx.read_raw(space, &key)?.is_some() != kept {
            return Ok(());
        }
        tx.write_raw(&self.waiting, &key, Some(rows::write(waiting)?))?;
        self.remember(tx, &key, failure)
    }

    /// Keeps an event as a dead letter, if it wasn't handled meanwhile.
    ///
    /// # Errors
    /// As any write.
    pub fn bury(
        &self,
        tx: &mut Transaction,
        position: Position,
        record: &Record,
        (kept, failure): (bool, Failure),
    ) -> Result<(), StoreError> {
        let key = self.key(position);
        let history = tx.read_raw(&self.failures, &key)?;
        if !self.mark(tx, position, kept)? {
            return Ok(());
        }
        tx.write_raw(&self.dead, &key, Some(rows::write(record)?))?;
        tx.write_raw(&self.failures, &key, history)?;
        self.remember(tx, &key, Some(failure))
    }

    /// Has a dead letter wait to be tried again, now; `None` if there is none.
    ///
    /// # Errors
    /// As any write.
    pub fn revive(
        &self,
        tx: &mut Transaction,
        position: Position,
        due: Millis,
    ) -> Result<Option<Record>, StoreError> {
        let key = self.key(position);
        let Some(row) = tx.read_raw(&self.dead, &key)? else { return Ok(None) };
        let record: Record = rows::read(&row)?;
        tx.write_raw(&self.dead, &key, None)?;
        let waiting = Waiting { record: record.clone(), failed: 0, due };
        tx.write_raw(&self.waiting, &key, Some(rows::write(&waiting)?))?;
        Ok(Some(record))
    }

    /// Forgets a dead letter: false if there is none.
    ///
    /// # Errors
    /// As any write.
    pub fn drop_dead(&self, tx: &mut Transaction, position: Position) -> Result<bool, StoreError> {
        let key = self.key(position);
        let there = tx.read_raw(&self.dead, &key)?.is_some();
        if there {
            tx.write_raw(&self.dead, &key, None)?;
            tx.write_raw(&self.failures, &key, None)?;
        }
        Ok(there)
    }

    /// Forgets the stream, but for its dead letters.
    ///
    /// # Errors
    /// As any write.
    pub fn forget(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        tx.write_raw(&self.cursor, &self.stream, None)?;
        let (first, end) = (self.key(0), self.key(Position::MAX));
        for space in [&self.handled, &self.waiting] {
            for (key, _) in tx.scan_raw(space, &first..&end, false, usize::MAX)? {
                tx.write_raw(space, &key, None)?;
            }
        }
        Ok(())
    }

    fn remember(
        &self,
        tx: &mut Transaction,
        key: &[u8],
        failure: Option<Failure>,
    ) -> Result<(), StoreError> {
        let Some(failure) = failure else { return Ok(()) };
        let row = tx.read_raw(&self.failures, key)?;
        let mut history: History = row.map(|row| rows::read(&row)).transpose()?.unwrap_or_default();
        history.attempts += 1;
        history.latest.push(failure);
        let more = history.latest.len().saturating_sub(FAILURES);
        history.latest.drain(..more);
        tx.write_raw(&self.failures, key, Some(rows::write(&history)?))
    }

    fn key(&self, position: Position) -> Vec<u8> {
        [&self.stream[..], &position.to_be_bytes()].concat()
    }

    async fn scan(
        &self,
        space: &Space,
        most: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StoreError> {
        let (first, end) = (self.key(0), self.key(Position::MAX));
        let rows = space.scan(&first..&end, false, most).await?;
        let row = |(key, row): (Vec<u8>, Vec<u8>)| {
            Ok((rows::position(key.get(self.stream.len()..).unwrap_or_default())?, row))
        };
        rows.into_iter().map(row).collect()
    }
}
