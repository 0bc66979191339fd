//! The thread that writes: one per database, so that transactions never conflict.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use tokio::sync::watch;

use super::{
    database::{Database, Found, Group as Number},
    disk::Disk,
};
use crate::{
    StoreError,
    engine::{
        Group, Job, Observer, View, Writes,
        progress::{Attempt, Progress},
        queue::Work,
    },
};

/// How many transactions may wait; beyond it, handing one over waits.
pub(crate) const QUEUE: usize = 1024;

/// The writer's side of a store.
pub(crate) struct Writer {
    pub(crate) jobs: Work<Job>,
    pub(crate) database: Arc<Database>,
    pub(crate) disk: Disk,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) progress: watch::Sender<Progress>,
    /// Set while writes are refused for want of room.
    pub(crate) full: Arc<AtomicBool>,
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
        let refusal = self.refusal();
        let view: Result<Arc<dyn View>, _> = match &refusal {
            Some(error) => Err(error.clone()),
            None => Ok(Arc::clone(&self.database) as _),
        };
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(job) = next {
            group.run(job, view.clone());
            next = if group.is_full() { None } else { self.jobs.waiting() };
        }
        let result = match refusal {
            Some(error) => Err(error),
            None if group.writes().is_empty() => Ok(()),
            None => self.commit(group.writes()),
        };
        group.settle(&result);
    }

    /// Why no transaction can run now. What sled failed at is opened anew as soon as there is room.
    fn refusal(&mut self) -> Option<StoreError> {
        if let Some(poisoned) = self.poisoned() {
            return Some(poisoned);
        }
        let failed = self.database.failed()?;
        match self.reopen() {
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(database = %self.disk.path().display(), %error, "not opened anew yet");
                Some(self.poisoned().unwrap_or(failed))
            }
        }
    }

    fn commit(&mut self, writes: &Writes) -> Result<(), StoreError> {
        let row = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
            key.len() + value.as_ref().map_or(0, Vec::len)
        };
        self.disk.room(writes.iter().map(row).sum()).inspect_err(|error| self.note(error))?;
        self.observer.applying(writes);
        let result = match self.database.apply(writes) {
            Ok(group) => self.sync(group),
            Err(error) => self.recover(&error),
        };
        match &result {
            Ok(()) => self.full.store(false, Ordering::Release),
            Err(error) => self.note(error),
        }
        self.observer.settled(writes, &result);
        result
    }

    /// Only a sync that fails poisons.
    fn sync(&mut self, group: Number) -> Result<(), StoreError> {
        match self.disk.sync(group) {
            Ok(()) => {
                let attempt = self.database.synced();
                self.progress.send_modify(|progress| progress.settled = attempt);
                Ok(())
            }
            Err(error) => {
                self.poison(&error.to_string());
                Err(StoreError::Unknown { cause: error.to_string() })
            }
        }
    }

    /// After sled failed to write a group: what became of it is seen by opening the tree anew. If
    /// there is no room even for that, it isn't known for now.
    fn recover(&mut self, error: &StoreError) -> Result<(), StoreError> {
        let path = self.disk.path().display();
        tracing::warn!(database = %path, %error, "a write failed: the database is opened anew");
        match self.reopen() {
            Ok(true) => Ok(()),
            Ok(false) => Err(error.clone()),
            Err(_) => {
                let attempt = self.database.in_doubt();
                self.undone(attempt);
                Err(StoreError::Unknown { cause: error.to_string() })
            }
        }
    }

    /// Opens the tree anew; whether the group that it failed at is there.
    fn reopen(&mut self) -> Result<bool, StoreError> {
        let path = self.disk.path().to_owned();
        match self.database.reopen(&path) {
            Ok(Found::Applied(group)) => self.sync(group).map(|()| true),
            Ok(Found::Missing) => {
                let attempt = self.database.undone();
                self.undone(attempt);
                Ok(false)
            }
            Err(error @ StoreError::Corrupt { .. }) => {
                self.poison(&error.to_string());
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets those who wait for an attempt read again.
    fn undone(&self, attempt: Attempt) {
        self.progress.send_modify(|progress| {
            progress.settled = attempt;
            progress.failed = attempt;
        });
    }

    /// Says once that there is no room.
    fn note(&self, error: &StoreError) {
        let path = self.disk.path().display();
        if matches!(error, StoreError::Full { .. } | StoreError::Unknown { .. })
            && !self.full.swap(true, Ordering::AcqRel)
        {
            tracing::error!(database = %path, %error, "no room to write: reads go on");
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
        let failed = progress.borrow().poisoned.clone().or(database.failed());
        // sled flushes once more and lets its lock go.
        drop(database);
        let closed = match failed {
            None => disk.close(group),
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
    use std::{
        future::poll_fn,
        io,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
            mpsc,
        },
        task::Poll,
    };

    use crate::{
        Condition, Keys, Sled, Store, StoreError, StoreOptions, Table, TransactionError,
        engine::sled::open::{Opened, open},
    };

    fn started(opened: Opened) -> Store {
        Store::open_on(Sled::of(opened), StoreOptions::default()).unwrap()
    }

    /// Holds each sync: it is told when it begins, and ends once it is let go.
    fn held(opened: &mut Opened) -> (mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (syncing, in_sync) = mpsc::channel();
        let (release, released) = mpsc::channel();
        opened.disk.set_sync(move || {
            syncing.send(()).map_err(io::Error::other)?;
            released.recv().map_err(io::Error::other)
        });
        (in_sync, release)
    }

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
        let store = started(opened);
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
        let (in_sync, release) = held(&mut opened);
        let store = started(opened);
        let mut table: Table<u64, u64> = store.table("numbers").unwrap();
        let mut insert = Box::pin(table.insert(&1, &10));
        assert_eq!(begun(&mut insert).await, None);
        in_sync.recv().unwrap();

        // Applied, not on disk: other rows are read at once, this one isn't.
        assert_eq!(table.get(&2).await, Ok(None));
        assert_eq!(table.scan(Keys::range(2..9)).await, Ok(Vec::new()));
        let mut get = tokio::spawn(table.get(&1));
        let mut len = tokio::spawn(table.count());
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
        let (in_sync, release) = held(&mut opened);
        let store = started(opened);
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
        assert_eq!(table.count().await, Ok(0));
    }

    #[tokio::test]
    async fn a_full_disk_refuses_writes_and_is_over_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open(folder.path()).unwrap();
        let full = Arc::new(AtomicBool::new(false));
        let is_full = Arc::clone(&full);
        opened.disk.set_room(move |_| match is_full.load(Ordering::Acquire) {
            true => Err(StoreError::Full { cause: "no space".into() }),
            false => Ok(()),
        });
        let store = started(opened);
        let mut table: Table<u64, u64> = store.table("numbers").unwrap();
        table.insert(&1, &10).await.unwrap();
        full.store(true, Ordering::Release);
        let refused = table.insert(&1, &11).await.unwrap_err();
        assert_eq!((refused.code(), refused.is_unknown()), ("store_full", false));
        assert_eq!(table.get(&1).await, Ok(Some(10)), "reads go on");
        let only_read = table.clone();
        let read = store.transaction(move |tx| tx.get(&only_read, &1));
        assert_eq!(read.await, Ok(Some(10)));
        full.store(false, Ordering::Release);
        table.insert(&1, &11).await.unwrap();
        assert_eq!((table.get(&1).await, store.condition()), (Ok(Some(11)), Condition::Ok));
    }
}
