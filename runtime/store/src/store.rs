//! The handle on a service's database.

use std::{
    any::{TypeId, type_name},
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::{
    Key, OpenError, StoreError, Table, Transaction, TransactionError, Value, closing,
    codec::{Space, prefix},
    database::{Database, Group},
    error::panic_message,
    files::failed,
    open::{Opened, open},
    queue::{Queue, queue},
    readers::{self, Read},
    writer::{self, Job, Progress, Verdict, Writer},
};

/// Tells stores of one process apart.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A service's database: a folder that one process owns at a time. Clones are handles on the same.
///
/// It closes when [`close`](Self::close) is called or the last handle, tables included, is gone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    id: u64,
    path: PathBuf,
    writer: Queue<Job>,
    readers: Queue<Read>,
    closing: AtomicBool,
    progress: watch::Receiver<Progress>,
    /// The types of each table, so that nobody reads rows as something else.
    tables: Mutex<HashMap<String, (TypeId, &'static str)>>,
}

impl Store {
    /// Opens the database in this folder, or makes it. Blocks for as long as the disk takes; after
    /// a kill that includes a copy of the whole folder, which is kept beside it as
    /// `NAME.before-recovery` until every row could be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::start(open(path)?)
    }

    /// [`open`](Self::open) on a thread of its own, for async callers on any runtime.
    pub async fn open_async(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let (answer, answered) = oneshot::channel();
        let (folder, spawned) = (path.clone(), thread::Builder::new().name("open".to_owned()));
        spawned
            .spawn(move || answer.send(Self::open(&folder)))
            .map_err(failed("start a thread to open", &path))?;
        answered.await.unwrap_or_else(|_| {
            let cause = "opening it panicked".to_owned();
            Err(OpenError::Corrupt { path, cause, copy: None })
        })
    }

    /// Starts the threads of an open database.
    pub(crate) fn start(opened: Opened) -> Result<Self, OpenError> {
        let Opened { database, disk } = opened;
        let path = disk.path().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let synced = database.synced_group();
        let database = Arc::new(database);
        let (progress, watched) = watch::channel(Progress { synced, ..Progress::default() });
        let (readers, threads) =
            readers::start(&name, &database).map_err(failed("start the readers of", &path))?;
        let (writer, jobs) = queue(writer::QUEUE);
        let thread = Writer { store: id, jobs, database, disk, progress, readers: threads };
        thread::Builder::new()
            .name(format!("write {name}"))
            .spawn(move || thread.run())
            .map_err(failed("start the writer of", &path))?;
        let inner = Inner {
            id,
            path,
            writer,
            readers,
            closing: AtomicBool::new(false),
            progress: watched,
            tables: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The table of this name, which needs no making. Every use of a name has the same types.
    pub fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StoreError> {
        let prefix = prefix(Space::Rows, name)?;
        let types = (TypeId::of::<(K, V)>(), type_name::<(K, V)>());
        let mut tables = self.inner.tables.lock();
        let before = *tables.entry(name.to_owned()).or_insert(types);
        if before.0 != types.0 {
            return Err(StoreError::Retyped { table: name.to_owned(), before: before.1 });
        }
        Ok(Table::new(self.clone(), name, prefix))
    }

    /// Runs `work` as a transaction: on `Ok` everything that it wrote is on disk, all of it, when
    /// the future resolves; on `Err` or a panic nothing is written.
    ///
    /// Transactions run one after another on the database's own thread, so there are no conflicts
    /// and no retries; a slow closure holds up all writers. It must not wait for the store itself
    /// (`block_on` a write of the same store in it never ends). All transactions that wait at a
    /// time share one sync.
    ///
    /// If the caller goes away before the transaction's turn, it never runs; afterwards it runs to
    /// its end. A crash before the future resolves may leave the transaction done or not done, but
    /// never half.
    ///
    /// ```
    /// # async fn example(store: seam_store::Store) -> Result<(), Box<dyn std::error::Error>> {
    /// use seam_store::{StoreError, Table};
    ///
    /// let users: Table<u64, String> = store.table("users")?;
    /// let by_name: Table<String, u64> = store.table("users_by_name")?;
    /// let id = store
    ///     .transaction(move |tx| {
    ///         let id = tx.next_id(&users)?;
    ///         tx.insert(&users, &id, &"Ada".to_owned())?;
    ///         tx.insert(&by_name, &"Ada".to_owned(), &id)?;
    ///         Ok::<_, StoreError>(id)
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn transaction<T, E>(
        &self,
        work: impl FnOnce(&mut Transaction) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, TransactionError<E>>> + Send + 'static
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let store = self.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            let job = transaction_job(work, answer);
            store.inner.writer.push(job).await?;
            let lost =
                || StoreError::Unknown { cause: "the writer ended without an answer".into() };
            answered.await.unwrap_or_else(|_| Err(lost().into()))
        }
    }

    /// Does what waits, brings it to disk, and lets the database go; resolves when another process
    /// may open it. Every later use of any handle is refused as closed.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.shut();
        let mut progress = self.inner.progress.clone();
        let end = progress.wait_for(|progress| progress.closed).await;
        let end = end.map_err(|_| StoreError::Closed)?;
        end.poisoned.clone().map_or(Ok(()), Err)
    }

    /// The database's folder.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    pub(crate) fn id(&self) -> u64 {
        self.inner.id
    }

    /// Reads on a reader's thread, then waits until what was read is on disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<(T, Option<Group>), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |database| {
            if answer.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| work(database)));
            // The caller may have gone away meanwhile.
            let _ = answer.send(result.unwrap_or_else(|panic| {
                Err(StoreError::Corrupt { cause: panic_message(&*panic) })
            }));
        });
        self.inner.readers.push(read).await?;
        let (value, wait) = answered.await.map_err(|_| StoreError::Closed)??;
        if let Some(group) = wait {
            self.synced(group).await?;
        }
        Ok(value)
    }

    async fn synced(&self, group: Group) -> Result<(), StoreError> {
        let mut progress = self.inner.progress.clone();
        let reached = progress.wait_for(|now| now.synced >= group || now.poisoned.is_some()).await;
        let reached = reached.map_err(|_| StoreError::Closed)?;
        if reached.synced >= group {
            return Ok(());
        }
        reached.poisoned.clone().map_or(Ok(()), Err)
    }
}

/// Wraps a closure with its panics and its answer.
fn transaction_job<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce(&mut Transaction) -> Result<T, E> + Send + 'static,
    answer: oneshot::Sender<Result<T, TransactionError<E>>>,
) -> Job {
    Box::new(move |transaction| {
        let result = match transaction {
            // Nobody waits any more: not started, so it never runs.
            Ok(_) if answer.is_closed() => Err(TransactionError::Store(StoreError::Closed)),
            Ok(transaction) => match catch_unwind(AssertUnwindSafe(|| work(transaction))) {
                Ok(result) => result.map_err(TransactionError::Aborted),
                Err(panic) => {
                    let message = panic_message(&*panic);
                    Err(TransactionError::Store(StoreError::Panicked { message }))
                }
            },
            Err(error) => Err(TransactionError::Store(error)),
        };
        let commit = result.is_ok();
        let settle = Box::new(move |durable: Result<(), StoreError>| {
            // The caller may have gone away meanwhile.
            let _ = answer.send(durable.map_err(TransactionError::Store).and(result));
        });
        Verdict { commit, settle }
    })
}

impl Inner {
    /// Lets the threads end, once what waits is done.
    fn shut(&self) {
        if !self.closing.swap(true, Ordering::AcqRel) {
            closing::begin(&self.path);
            self.writer.close();
            self.readers.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
