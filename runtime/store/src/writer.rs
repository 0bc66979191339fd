//! The thread that writes: one per database, so that transactions never conflict.

use std::{mem, sync::Arc, thread::JoinHandle};

use tokio::sync::watch;

use crate::{
    StoreError, Transaction,
    database::{Database, Group, Writes},
    disk::Disk,
    queue::Work,
};

/// How many transactions may wait; beyond it, handing one over waits.
pub(crate) const QUEUE: usize = 1024;

/// The most transactions and bytes that share one sync, so that the first needn't wait for ever.
const GROUP_TRANSACTIONS: usize = 256;
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// A transaction that waits for its turn. It gets the error instead if there is none for it.
pub(crate) type Job = Box<dyn FnOnce(Result<&mut Transaction, StoreError>) -> Verdict + Send>;

/// Tells a caller what came of its transaction, once that is on disk or has failed.
pub(crate) type Settle = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What came of a turn.
pub(crate) struct Verdict {
    /// Keep what the transaction wrote, or undo it.
    pub(crate) commit: bool,
    pub(crate) settle: Settle,
}

/// What readers and the closing handle wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Everything up to this group is on disk.
    pub(crate) synced: Group,
    /// Why nothing more will be.
    pub(crate) poisoned: Option<StoreError>,
    /// The files are closed and the lock is released.
    pub(crate) closed: bool,
}

/// The writer's side of a store.
pub(crate) struct Writer {
    pub(crate) store: u64,
    pub(crate) jobs: Work<Job>,
    pub(crate) database: Arc<Database>,
    pub(crate) disk: Disk,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) readers: Vec<JoinHandle<()>>,
}

impl Writer {
    /// Works until the queue is closed and empty, then closes the database.
    pub(crate) fn run(mut self) {
        while let Some(first) = self.jobs.next() {
            self.group(first);
        }
        self.close();
    }

    /// Takes all waiting transactions, runs each, brings what they wrote to disk together, and only
    /// then tells their callers.
    fn group(&mut self, first: Job) {
        let mut settled = Vec::new();
        let mut writes = Writes::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next {
            let mut transaction = Transaction::new(self.store, Arc::clone(&self.database), writes);
            let verdict = job(self.poisoned().map_or(Ok(&mut transaction), Err));
            bytes += transaction.size();
            writes = transaction.end(verdict.commit);
            settled.push(verdict.settle);
            let full = settled.len() >= GROUP_TRANSACTIONS || bytes >= GROUP_BYTES;
            next = if full { None } else { self.jobs.waiting() };
        }
        // Those that wrote nothing wait as well: what they read may have been this group's.
        let result = match self.poisoned() {
            Some(poisoned) => Err(poisoned),
            None if writes.is_empty() => Ok(()),
            None => self.commit(writes),
        };
        for settle in settled {
            settle(result.clone());
        }
    }

    fn commit(&mut self, writes: Writes) -> Result<(), StoreError> {
        let synced = self.database.apply(writes).map_err(|error| error.to_string());
        let synced = synced.and_then(|group| match self.disk.sync(group) {
            Ok(()) => Ok(group),
            Err(error) => Err(error.to_string()),
        });
        match synced {
            Ok(group) => {
                self.database.synced();
                self.progress.send_modify(|progress| progress.synced = group);
                Ok(())
            }
            Err(cause) => {
                self.poison(&cause);
                Err(StoreError::Unknown { cause })
            }
        }
    }

    fn poisoned(&self) -> Option<StoreError> {
        self.progress.borrow().poisoned.clone()
    }

    /// After a failed sync the kernel may have dropped the pages and call the next one a success,
    /// so nothing is acknowledged any more.
    fn poison(&mut self, cause: &str) {
        tracing::error!(database = %self.disk.path().display(), cause, "can't write any more");
        let error = StoreError::Poisoned { cause: cause.to_owned() };
        self.progress.send_modify(|progress| progress.poisoned = Some(error));
    }

    fn close(self) {
        let Self { database, mut disk, progress, readers, .. } = self;
        for reader in readers {
            // It can't have panicked: its jobs are guarded.
            let _ = reader.join();
        }
        let group = database.synced_group();
        let poisoned = progress.borrow().poisoned.clone();
        // sled flushes once more and lets its lock go.
        drop(database);
        let closed = match poisoned {
            None => disk.close(group).map_err(|e| StoreError::Disk { cause: e.to_string() }),
            // The state stays `open`, so that the next opening copies and verifies.
            Some(error) => Err(error),
        };
        mem::drop(disk);
        progress.send_modify(|progress| {
            progress.closed = true;
            progress.poisoned = closed.err();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io, sync::mpsc, task::Poll};

    use crate::{Keys, Store, StoreError, Table, TransactionError, open::open};

    /// Polls a future once.
    async fn begun<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn a_failed_sync_ends_writing() {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open(folder.path()).unwrap();
        let mut syncs = 0;
        opened.disk.set_sync(move || {
            syncs += 1;
            // Only the second fails: nothing may trust the third.
            if syncs == 2 { Err(io::Error::other("no space")) } else { Ok(()) }
        });
        let store = Store::start(opened).unwrap();
        let mut table: Table<u64, u64> = store.table("numbers").unwrap();
        table.insert(&1, &10).await.unwrap();
        let poisoned = Err(StoreError::Poisoned { cause: "no space".to_owned() });
        let unknown = table.insert(&2, &20).await.unwrap_err();
        assert!(unknown.is_unknown(), "{unknown}");
        assert_eq!(table.insert(&3, &30).await, poisoned);
        assert!(!poisoned.clone().unwrap_err().is_unknown());
        let refused = store.transaction(|_| Err::<(), ()>(())).await;
        assert_eq!(refused, Err(TransactionError::Store(poisoned.clone().unwrap_err())));
        // What is on disk can still be read; what may not be, can't.
        assert_eq!(table.get(&1).await, Ok(Some(10)));
        assert_eq!(table.get(&2).await, poisoned.clone().map(|()| None));
        assert_eq!(store.close().await, poisoned);

        // Not closed in order: the next opening recovers and verifies.
        let store = Store::open(folder.path()).unwrap();
        let table: Table<u64, u64> = store.table("numbers").unwrap();
        assert_eq!(table.get(&1).await, Ok(Some(10)));
        assert_eq!(table.get(&3).await, Ok(None));
    }

    #[tokio::test]
    async fn a_read_waits_for_the_sync_of_its_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open(folder.path()).unwrap();
        let (syncing, in_sync) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        opened.disk.set_sync(move || {
            syncing.send(()).map_err(io::Error::other)?;
            released.recv().map_err(io::Error::other)
        });
        let store = Store::start(opened).unwrap();
        let mut table: Table<u64, u64> = store.table("numbers").unwrap();
        let mut insert = Box::pin(table.insert(&1, &10));
        assert_eq!(begun(&mut insert).await, None);
        in_sync.recv().unwrap();

        // Applied, not on disk: other rows are read at once, this one isn't.
        assert_eq!(table.get(&2).await, Ok(None));
        assert_eq!(table.scan(Keys::range(2..9), None, 9).await, Ok(Vec::new()));
        let mut get = tokio::spawn(table.get(&1));
        let mut len = tokio::spawn(table.len());
        // Both reads have had their turn when as many later ones as there are threads have.
        for _ in 0..9 {
            table.get(&2).await.unwrap();
        }
        assert!(begun(&mut get).await.is_none());
        assert!(begun(&mut len).await.is_none());
        assert!(begun(&mut insert).await.is_none());
        release.send(()).unwrap();
        assert_eq!(insert.await, Ok(()));
        assert_eq!(get.await.unwrap(), Ok(Some(10)));
        assert_eq!(len.await.unwrap(), Ok(1));
        drop(release);
    }

    #[tokio::test]
    async fn what_waits_shares_a_sync() {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open(folder.path()).unwrap();
        let (syncing, in_sync) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        opened.disk.set_sync(move || {
            syncing.send(()).map_err(io::Error::other)?;
            released.recv().map_err(io::Error::other)
        });
        let store = Store::start(opened).unwrap();
        let table: Table<u64, u64> = store.table("numbers").unwrap();
        let mut inserts = Vec::new();
        for key in 0..9 {
            let mut insert = Box::pin(table.clone().insert(&key, &key));
            assert_eq!(begun(&mut insert).await, None);
            inserts.push(insert);
            if key == 0 {
                in_sync.recv().unwrap();
            }
        }
        release.send(()).unwrap();
        in_sync.recv().unwrap();
        release.send(()).unwrap();
        for insert in inserts {
            insert.await.unwrap();
        }
        assert!(in_sync.try_recv().is_err(), "the first and one for all others");
    }

    #[tokio::test]
    async fn whoever_left_before_its_turn_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let table: Table<u64, u64> = store.table("numbers").unwrap();
        let (release, released) = mpsc::channel::<()>();
        let mut first = Box::pin(store.transaction(move |_| released.recv()));
        assert!(begun(&mut first).await.is_none());
        let mut left = Box::pin(table.clone().insert(&1, &1));
        assert!(begun(&mut left).await.is_none());
        drop(left);
        release.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(table.len().await, Ok(0));
    }
}
