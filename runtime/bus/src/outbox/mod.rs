//! The events that a service's transactions have published and that aren't in its log yet.

mod block;

use std::sync::Arc;

use parking_lot::Mutex;
use seam_core::context::{self, TraceContext};
use seam_store::{Begun, Hook, Space, Store, StoreError, Transaction};
use tokio::sync::Notify;

use self::block::{Block, MOST, framed};
use crate::intake::Position;
use crate::record::{Record, RecordRef};

/// The space of the rows, and the sequence of their positions.
const NAME: &str = "outbox";
/// About so many bytes are read at once: neither a log nor a frame takes any number of large events.
const BYTES: usize = 1024 * 1024;
/// About so many events share a row where many are published.
const SHARING: usize = 16;
/// At about so many places rows are looked at, to tell how large all of them are.
const SAMPLES: u64 = 8;
/// So many at each.
const SAMPLE: usize = 32;

/// Where a service's transactions put their events: in its own store, so that an event is there if and
/// only if what it tells of is.
///
/// Positions have no gaps, and go in the order in which the transactions commit. Events that are committed
/// together share rows, unless several instances share the store: there the rows stay, as the log, and
/// each is an event. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    space: Space,
    grown: Arc<Notify>,
    /// The row that was begun last, and how many events it has. After a transaction that failed that may
    /// be wrong, but then no position comes that follows it.
    last: Arc<Mutex<(Position, u64)>>,
}

/// Events that were read.
#[derive(Debug)]
pub struct Outgoing {
    /// In their order.
    pub events: Vec<(Position, Record)>,
    /// The first and the last position of each of their rows.
    rows: Vec<(Position, Position)>,
}

impl Outbox {
    /// The outbox of a store.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let (grown, last) = (Arc::default(), Arc::default());
        let outbox = Self { space: store.space(NAME)?, grown, last };
        store.hook(Bell(Arc::clone(&outbox.grown)));
        Ok(outbox)
    }

    /// Puts an event in, in a transaction: says where in the log it will stand.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], and as any write.
    pub fn put(&self, tx: &mut Transaction, record: &Record) -> Result<Position, StoreError> {
        self.put_borrowed(tx, record.borrowed())
    }

    pub(crate) fn put_borrowed(
        &self,
        tx: &mut Transaction,
        record: RecordRef<'_>,
    ) -> Result<Position, StoreError> {
        let frame = framed(record)?;
        let position = tx.sequence(NAME)?;
        let mut last = self.last.lock();
        let (start, count) = *last;
        if !self.space.store().is_shared()
            && start + count == position
            && tx.extend_raw(&self.space, &start.to_be_bytes(), &frame, MOST)?
        {
            *last = (start, count + 1);
            return Ok(position);
        }
        *last = (position, 1);
        tx.write_raw(&self.space, &position.to_be_bytes(), Some(frame))?;
        Ok(position)
    }

    /// The first events, about that many at most, and no more than a log takes at once: their rows stay.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn first(&self, most: usize) -> Result<Outgoing, StoreError> {
        let rows = if self.space.store().is_shared() { most } else { most / SHARING + 1 };
        let blocks = self.blocks(0, rows).await?;
        let (mut events, mut rows) = (Vec::new(), Vec::with_capacity(blocks.len()));
        for block in &blocks {
            for event in block.events() {
                events.push(event?);
            }
            rows.push((block.start, events.last().map_or(0, |(position, _)| *position)));
        }
        Ok(Outgoing { events, rows })
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
        let mut blocks = self.blocks(first, most).await?;
        if first > 1 && blocks.first().is_none_or(|block| block.start > first) {
            // It may be in the row before.
            let before = self.space.scan(&[]..&first.to_be_bytes(), true, 1).await?;
            let before = before.into_iter().map(Block::read).collect::<Result<Vec<_>, _>>()?;
            blocks.splice(0..0, before);
        }
        let events = blocks.iter().flat_map(Block::events);
        let wanted = events.filter(|event| !matches!(event, Ok((at, _)) if *at < first));
        wanted.take(most).collect()
    }

    async fn blocks(&self, first: Position, most: usize) -> Result<Vec<Block>, StoreError> {
        let rows = self.space.scan(&first.to_be_bytes()..&[], false, most).await?;
        let mut bytes = 0;
        let mut blocks = Vec::with_capacity(rows.len());
        for row in rows {
            let block = Block::read(row)?;
            let is_first = bytes == 0;
            bytes += block.len();
            if !is_first && bytes > BYTES {
                break;
            }
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// From which position on the rows take so many bytes: about, for their size is told from some that
    /// lie apart.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn fits(&self, bytes: u64) -> Result<Position, StoreError> {
        let (first, head) = (self.blocks(0, 1).await?, self.head().await?);
        let first = first.first().map_or(head, |block| block.start);
        let step = ((head - first) / SAMPLES).max(1);
        let (mut size, mut events) = (0, 0);
        for at in (first..=head).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            for block in self.blocks(at, SAMPLE).await? {
                size += block.len() as u64;
                events += block.end()? - block.start;
            }
        }
        // None takes less than a byte.
        let each = (size / u64::max(events, 1)).max(1);
        Ok((head + 1).saturating_sub(bytes / each).max(first))
    }

    /// The position of the last one; 0 if none is there.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn head(&self) -> Result<Position, StoreError> {
        let mut last = self.space.scan(&[]..&[], true, 1).await?;
        last.pop().map_or(Ok(0), |row| Ok(Block::read(row)?.end()? - 1))
    }

    /// Removes those that were read, as far as their rows have none beyond that position: they are in the
    /// log, or aren't kept any more.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove(&self, read: &Outgoing, last: Position) -> Result<(), StoreError> {
        let whole = read.rows.iter().filter(|(_, end)| *end <= last);
        let (space, rows) = (self.space.clone(), whole.map(|(start, _)| *start));
        let rows: Vec<Position> = rows.collect();
        let removed = self.space.store().transaction(move |tx| {
            for start in rows {
                tx.write_raw(&space, &start.to_be_bytes(), None)?;
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
    pub(crate) fn trace(&self) -> [u8; 55] {
        self.0.traceparent()
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

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn record(body: &str) -> Record {
        Record {
            topic: "order.paid".into(),
            version: 1,
            key: b"7".to_vec().into(),
            at: 1,
            trace: Box::default(),
            body: body.as_bytes().into(),
        }
    }

    async fn published(store: &Store, outbox: &Outbox, body: &str) -> Position {
        let (own, record) = (outbox.clone(), record(body));
        store.transaction(move |tx| own.put(tx, &record)).await.unwrap()
    }

    fn bodies(rows: Vec<(Position, Record)>) -> Vec<(Position, String)> {
        let body = |record: Record| String::from_utf8(record.body.to_vec()).unwrap();
        rows.into_iter().map(|(at, record)| (at, body(record))).collect()
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
        let first = outbox.first(99).await.unwrap();
        let all = [(1, "1"), (2, "2"), (3, "4"), (4, "5")].map(|(at, body)| (at, body.to_owned()));
        assert_eq!(bodies(outbox.from(1, 3).await.unwrap()), all[..3]);
        outbox.remove(&first, 2).await.unwrap();
        assert_eq!(bodies(outbox.first(99).await.unwrap().events)[0].0, 3, "the others are gone");
        assert_eq!(bodies(outbox.from(0, 9).await.unwrap()), all[2..]);
        assert_eq!(outbox.head().await, Ok(4));
    }

    /// As many of one commit share a row, whatever became of the transactions between them.
    #[tokio::test]
    async fn what_is_committed_together_shares_rows() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        assert_eq!(published(&store, &outbox, "alone").await, 1);
        let own = outbox.clone();
        let many = store.transaction(move |tx| {
            for n in 2..=200 {
                own.put(tx, &record(&n.to_string()))?;
            }
            Ok::<_, StoreError>(())
        });
        many.await.unwrap();
        let own = outbox.clone();
        let failed = store.transaction(move |tx| {
            own.put(tx, &record("no"))?;
            own.put(tx, &record("no"))?;
            Err::<(), _>(StoreError::Closed)
        });
        failed.await.unwrap_err();
        assert_eq!(published(&store, &outbox, "201").await, 201);
        let rows = outbox.space.scan(&[]..&[], false, usize::MAX).await.unwrap();
        assert!((3..30).contains(&rows.len()), "{}", rows.len());
        assert!(rows.iter().all(|(_, row)| row.len() <= MOST));
        assert_eq!(outbox.head().await, Ok(201));
        let read = outbox.first(10_000).await.unwrap();
        assert_eq!(read.events.len(), 201);
        let middle = outbox.from(100, 3).await.unwrap();
        let expected = [100, 101, 102].map(|n: u64| (n, n.to_string()));
        assert_eq!(bodies(middle), expected, "from within a row");
        // What is in a row with others stays as long as those.
        outbox.remove(&read, 100).await.unwrap();
        let left = outbox.first(10_000).await.unwrap().events;
        assert!(left[0].0 <= 101 && left[0].0 > 1, "{}", left[0].0);
        assert_eq!(left.last().unwrap().0, 201);
        outbox.remove(&outbox.first(10_000).await.unwrap(), 201).await.unwrap();
        assert!(outbox.first(1).await.unwrap().events.is_empty());
        assert_eq!(published(&store, &outbox, "next").await, 202);
    }

    #[tokio::test]
    async fn large_ones_are_read_few_at_once() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        for _ in 0..40 {
            published(&store, &outbox, &"x".repeat(crate::record::MAX_BODY)).await;
        }
        let first = outbox.first(1_000).await.unwrap();
        assert_eq!(first.events.last().unwrap().0, 15, "a megabyte of them");
        let next = outbox.from(16, 40).await.unwrap();
        assert_eq!((next[0].0, next.len()), (16, 15));
        assert_eq!(outbox.from(16, 2).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn some_rows_tell_how_large_all_are() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        assert_eq!(outbox.fits(1_000).await.unwrap(), 0, "there is none");
        let size = record("x").to_bytes().unwrap().len() as u64 + 4;
        for _ in 0..1_000 {
            published(&store, &outbox, "x").await;
        }
        assert_eq!(outbox.fits(size * 2_000).await.unwrap(), 1, "all of them");
        let fits = outbox.fits(size * 100).await.unwrap();
        assert!((890..=910).contains(&fits), "{fits}");
        outbox.remove(&outbox.first(100_000).await.unwrap(), fits - 1).await.unwrap();
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
