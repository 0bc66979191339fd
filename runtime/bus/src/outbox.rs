//! The events that a service's transactions have published and that aren't in its log yet.

use std::ops::RangeInclusive;
use std::sync::Arc;

use seam_core::context::{self, TraceContext};
use seam_store::{Begun, Hook, Space, Store, StoreError, Transaction};
use tokio::sync::Notify;

use crate::intake::Position;
use crate::record::Record;

/// The space of the rows, and the sequence of their positions.
const NAME: &str = "outbox";
/// About so many bytes are read at once: neither a log nor a frame takes any number of large events.
const BYTES: usize = 1024 * 1024;
/// At about so many places rows are looked at, to tell how large all of them are.
const SAMPLES: u64 = 8;
/// So many at each.
const SAMPLE: usize = 32;

/// Where a service's transactions put their events: in its own store, so that an event is there if and
/// only if what it tells of is.
///
/// Positions have no gaps, and go in the order in which the transactions commit. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    space: Space,
    grown: Arc<Notify>,
}

impl Outbox {
    /// The outbox of a store.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let outbox = Self { space: store.space(NAME)?, grown: Arc::default() };
        store.hook(Bell(Arc::clone(&outbox.grown)));
        Ok(outbox)
    }

    /// Puts an event in, in a transaction: says where in the log it will stand.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], and as any write.
    pub fn put(&self, tx: &mut Transaction, record: &Record) -> Result<Position, StoreError> {
        let bytes = record.to_bytes()?;
        let position = tx.sequence(NAME)?;
        tx.write_raw(&self.space, &position.to_be_bytes(), Some(bytes))?;
        Ok(position)
    }

    /// The first events, that many at most, and no more than a log takes at once: their rows stay.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn first(&self, most: usize) -> Result<Vec<(Position, Record)>, StoreError> {
        self.from(0, most).await
    }

    /// Those from a position on, likewise.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn from(
        &self,
        first: Position,
        most: usize,
    ) -> Result<Vec<(Position, Record)>, StoreError> {
        let rows = self.space.scan(&first.to_be_bytes()..&[], false, most).await?;
        let mut bytes = 0;
        let within = rows.into_iter().take_while(|(_, row)| {
            let is_first = bytes == 0;
            bytes += row.len();
            is_first || bytes <= BYTES
        });
        within.map(|(key, row)| Ok((position(&key)?, Record::from_bytes(&row)?))).collect()
    }

    /// From which position on the rows take so many bytes: about, for their size is told from some that
    /// lie apart.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn fits(&self, bytes: u64) -> Result<Position, StoreError> {
        let (first, head) = (self.first(1).await?, self.head().await?);
        let first = first.first().map_or(head, |(first, _)| *first);
        let step = ((head - first) / SAMPLES).max(1);
        let (mut size, mut rows) = (0, 0);
        for at in (first..=head).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            for (key, row) in self.space.scan(&at.to_be_bytes()..&[], false, SAMPLE).await? {
                size += (key.len() + row.len()) as u64;
                rows += 1;
            }
        }
        // No row takes less than a byte.
        let each = (size / u64::max(rows, 1)).max(1);
        Ok((head + 1).saturating_sub(bytes / each).max(first))
    }

    /// The position of the last one; 0 if none is there.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn head(&self) -> Result<Position, StoreError> {
        let last = self.space.scan(&[]..&[], true, 1).await?;
        last.first().map_or(Ok(0), |(key, _)| position(key))
    }

    /// Removes those of these positions: they are in the log, or aren't kept any more. Nothing is read
    /// for it, since positions have no gaps.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove(&self, positions: RangeInclusive<Position>) -> Result<(), StoreError> {
        let space = self.space.clone();
        let removed = self.space.store().transaction(move |tx| {
            for position in positions {
                tx.write_raw(&space, &position.to_be_bytes(), None)?;
            }
            Ok::<_, StoreError>(())
        });
        Ok(removed.await?)
    }

    /// Returns once a transaction has committed after this was called, whatever it has written.
    pub fn grown(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.grown).notified_owned()
    }
}

/// Where a transaction was handed over.
#[derive(Debug)]
pub(crate) struct Origin(TraceContext);

impl Origin {
    /// The trace that its events belong to, as a `traceparent`.
    pub(crate) fn trace(&self) -> Box<[u8]> {
        self.0.to_traceparent().into_bytes().into()
    }
}

/// Rings after each transaction.
struct Bell(Arc<Notify>);

impl Hook for Bell {
    fn begin(&self) -> Option<Begun> {
        context::current().map(|context| Arc::new(Origin(context.trace)) as Begun)
    }

    fn before(&self, _: Option<&Begun>, _: &mut Transaction) -> Result<(), StoreError> {
        Ok(())
    }

    fn after(&self, _: Option<&Begun>, result: &Result<(), StoreError>) {
        if result.is_ok() {
            self.0.notify_waiters();
        }
    }
}

fn position(key: &[u8]) -> Result<Position, StoreError> {
    let bytes = key.try_into().map_err(|_| StoreError::Corrupt {
        cause: format!("a row of the outbox has a key of {} bytes", key.len()),
    })?;
    Ok(Position::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &str) -> Record {
        Record {
            topic: "order.paid".into(),
            version: 1,
            key: b"7".to_vec().into(),
            at: 1,
            trace: Box::default(),
            body: body.as_bytes().into(),
        }
    }

    #[tokio::test]
    async fn what_commits_is_there_in_its_order_and_nothing_else() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        for n in 1..=5_u64 {
            let (own, grown) = (outbox.clone(), outbox.grown());
            let published = store.transaction(move |tx| {
                let position = own.put(tx, &record(&n.to_string()))?;
                if n == 3 { Err(StoreError::Closed) } else { Ok(position) }
            });
            // The third one takes back what it has written, and with it its position.
            let position = if n < 3 { n } else { n - 1 };
            match published.await {
                Ok(at) => {
                    assert_eq!(at, position);
                    grown.await;
                }
                Err(_) => assert_eq!(n, 3),
            }
        }
        let bodies = |rows: Vec<(Position, Record)>| -> Vec<(Position, String)> {
            let body = |record: Record| String::from_utf8(record.body.to_vec()).unwrap();
            rows.into_iter().map(|(at, record)| (at, body(record))).collect()
        };
        let first = bodies(outbox.first(3).await.unwrap());
        assert_eq!(first, [(1, "1".into()), (2, "2".into()), (3, "4".into())]);
        outbox.remove(1..=2).await.unwrap();
        let rest = bodies(outbox.first(9).await.unwrap());
        assert_eq!(rest, [(3, "4".into()), (4, "5".into())]);
    }

    #[tokio::test]
    async fn large_ones_are_read_few_at_once() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        for _ in 0..40 {
            let own = outbox.clone();
            let large = record(&"x".repeat(crate::record::MAX_BODY));
            store.transaction(move |tx| own.put(tx, &large)).await.unwrap();
        }
        let first = outbox.first(40).await.unwrap();
        assert_eq!(first.last().unwrap().0, 15, "a megabyte of them");
        let next = outbox.from(16, 40).await.unwrap();
        assert_eq!((next[0].0, next.len()), (16, 15));
        assert_eq!(outbox.from(16, 2).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn some_rows_tell_how_large_all_are() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        assert_eq!(outbox.fits(1_000).await.unwrap(), 0, "there is none");
        let size = record("x").to_bytes().unwrap().len() as u64 + 8;
        for _ in 0..1_000 {
            let own = outbox.clone();
            store.transaction(move |tx| own.put(tx, &record("x"))).await.unwrap();
        }
        assert_eq!(outbox.fits(size * 2_000).await.unwrap(), 1, "all of them");
        let fits = outbox.fits(size * 100).await.unwrap();
        assert!((890..=910).contains(&fits), "{fits}");
        outbox.remove(1..=fits - 1).await.unwrap();
        assert_eq!(outbox.fits(size * 200).await.unwrap(), fits, "what is left fits");
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        let large = record(&"x".repeat(crate::record::MAX_BODY + 1));
        let published = store.transaction(move |tx| outbox.put(tx, &large));
        let error = published.await.unwrap_err();
        assert!(error.to_string().contains("event"), "{error}");
    }
}
