//! The handle on a service's database.

use std::{
    any::{Any, TypeId, type_name},
    cell::Cell,
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::{
    Begun, Hook, Key, OpenError, Space, StoreError, Table, Transaction, TransactionError, Value,
    cache::{Cache, Cached},
    copy,
    engine::{
        Condition, Engine, Job, Memory, Observer, Ownership, Run, Scan, Sled, Verdict, Writes,
    },
    error::panic_message,
    table::{Definition, prepare},
};

/// Tells stores of one process apart.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Whether this thread runs a transaction's closure, which mustn't wait for another one.
    static IN_TRANSACTION: Cell<bool> = const { Cell::new(false) };
}

/// A service's database. Clones are handles on the same.
///
/// It closes when [`close`](Self::close) is called or the last handle, tables included, is gone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What of a store can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// How much memory rows that were read or written may keep, in bytes; 0 keeps none.
    /// Default: 16 MiB.
    pub cache: u64,
}

impl StoreOptions {
    /// With so much memory for rows, in bytes; 0 for none.
    #[must_use]
    pub const fn cache(mut self, bytes: u64) -> Self {
        self.cache = bytes;
        self
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache: 16 * 1024 * 1024 }
    }
}

struct Inner {
    id: u64,
    engine: Arc<dyn Engine>,
    cache: Arc<Cache>,
    hooks: RwLock<Vec<Arc<dyn Hook>>>,
    closing: AtomicBool,
    /// What is known of each table. Held while a table is prepared, so that this happens once.
    tables: Mutex<HashMap<String, Known>>,
}

/// A table that was asked for, with its types, so that nobody reads its rows as something else.
struct Known {
    types: (TypeId, &'static str),
    /// A `Definition` of those types.
    definition: Arc<dyn Any + Send + Sync>,
}

impl Store {
    /// Opens the database in this folder, or makes it. One process owns it at a time. Blocks for as
    /// long as the disk takes; after a kill that includes a copy of the whole folder, which is kept
    /// beside it as `NAME.before-recovery` until every row could be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_on(Sled::new(path), StoreOptions::default())
    }

    /// [`open`](Self::open) for async callers, on any runtime.
    pub async fn open_async(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::opened(Arc::new(Sled::new(path)), StoreOptions::default()).await
    }

    /// Opens a database on an engine of your choice. Blocks for as long as that takes.
    pub fn open_on(engine: impl Engine, options: StoreOptions) -> Result<Self, OpenError> {
        pollster::block_on(Self::opened(Arc::new(engine), options))
    }

    /// [`open_on`](Self::open_on) for async callers, on any runtime.
    pub async fn open_on_async(
        engine: impl Engine,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        Self::opened(Arc::new(engine), options).await
    }

    /// A new database in memory, for tests: without a folder, without threads, gone with its last
    /// handle.
    pub fn in_memory() -> Self {
        let opened = Self::open_on(Memory::new(), StoreOptions::default());
        opened.unwrap_or_else(|error| unreachable!("nobody else has a new engine: {error}"))
    }

    async fn opened(engine: Arc<dyn Engine>, options: StoreOptions) -> Result<Self, OpenError> {
        let cache = match engine.ownership() {
            Ownership::Exclusive => options.cache,
            // What others write would never leave it.
            Ownership::Shared => 0,
        };
        let cache = Arc::new(Cache::new(cache));
        engine.open(Arc::new(Commits(Arc::clone(&cache)))).await?;
        let whole = match copy::is_unfinished(&*engine).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(OpenError::Unfinished),
            Err(error) => {
                let database = format!("{engine:?}");
                Err(match error {
                    StoreError::Away { cause } => OpenError::Away { database, cause },
                    other => OpenError::Refused { database, cause: other.to_string() },
                })
            }
        };
        if let Err(error) = whole {
            // What matters is that nobody uses it.
            let _ = engine.close().await;
            return Err(error);
        }
        let inner = Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            engine,
            cache,
            hooks: RwLock::default(),
            closing: AtomicBool::new(false),
            tables: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The table of this name. Every use of a name has the same types.
    ///
    /// The first use makes it ready, and waits for that: a table of an older version of this crate
    /// gets keys that sort as their values do, and its rows are counted.
    pub fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StoreError> {
        let types = (TypeId::of::<(K, V)>(), type_name::<(K, V)>());
        let mut tables = self.inner.tables.lock();
        if let Some(known) = tables.get(name) {
            let retyped = || StoreError::Retyped { table: name.to_owned(), before: known.types.1 };
            let definition = Arc::clone(&known.definition).downcast().map_err(|_| retyped())?;
            return Ok(Table::new(self.clone(), definition));
        }
        let definition = Arc::new(Definition::<K, V>::new(name, self.is_shared())?);
        prepare(self, &definition)?;
        let known = Known { types, definition: Arc::clone(&definition) as _ };
        tables.insert(name.to_owned(), known);
        Ok(Table::new(self.clone(), definition))
    }

    /// Keys and values of a layer above, as bytes, beside the tables and in the same transactions.
    pub fn space(&self, name: &str) -> Result<Space, StoreError> {
        Space::new(self.clone(), name)
    }

    /// From now on `hook` takes part in each transaction that writes.
    pub fn hook(&self, hook: impl Hook) {
        self.inner.hooks.write().push(Arc::new(hook));
    }

    /// Runs `work` as a transaction: on `Ok` everything that it wrote is on disk, all of it, when
    /// the future resolves; on `Err` or a panic nothing is written.
    ///
    /// Transactions run one after another, so there are no conflicts and no retries; a slow closure
    /// holds up all writers. It must not wait for the store itself (`block_on` a write of the same
    /// store in it never ends). All transactions that wait at a time share one sync.
    ///
    /// If the caller goes away before the transaction's turn, it never runs; afterwards it runs to
    /// its end. A crash before the future resolves may leave the transaction done or not done, but
    /// never half.
    ///
    /// ```
    /// # async fn example(store: seam_store::Store) -> Result<(), Box<dyn std::error::Error>> {
    /// use seam_store::{StoreError, Table};
    ///
    /// let accounts: Table<String, u64> = store.table("accounts")?;
    /// let left = store
    ///     .transaction(move |tx| {
    ///         let left = tx.get(&accounts, &"Ada".to_owned())?.unwrap_or(0).saturating_sub(5);
    ///         tx.insert(&accounts, &"Ada".to_owned(), &left)?;
    ///         tx.update(&accounts, &"Bob".to_owned(), |balance| *balance += 5)?;
    ///         Ok::<_, StoreError>(left)
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
        let inner = Arc::clone(&self.inner);
        let hooks = inner.hooks.read().iter().map(Hooked::begin).collect();
        async move {
            let (answer, answered) = oneshot::channel();
            let run = transaction_job(work, hooks, answer);
            inner.engine.commit(Job { store: inner.id, run }).await?;
            let lost =
                || StoreError::Unknown { cause: "the writer ended without an answer".into() };
            answered.await.unwrap_or_else(|_| Err(lost().into()))
        }
    }

    /// A transaction that its caller waits for, where there is nothing else to do meanwhile.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        table: &str,
        work: impl FnOnce(&mut Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if IN_TRANSACTION.get() {
            return Err(StoreError::Nested { table: table.to_owned() });
        }
        Ok(pollster::block_on(self.transaction(work))?)
    }

    /// Does what waits, brings it to disk, and lets the database go; resolves when another process
    /// may open it. Every later use of any handle is refused as closed.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.closing.store(true, Ordering::Release);
        self.inner.engine.close().await
    }

    /// Whether it can write. It may look at the disk for that, so don't ask in a loop.
    pub fn condition(&self) -> Condition {
        self.inner.engine.condition()
    }

    pub(crate) fn id(&self) -> u64 {
        self.inner.id
    }

    /// Whether other instances may write to it too.
    pub fn is_shared(&self) -> bool {
        self.inner.engine.ownership() == Ownership::Shared
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.inner.engine
    }

    /// A row that is known, without waiting for anything.
    pub(crate) fn cached(&self, key: &[u8]) -> Option<Cached> {
        if self.inner.closing.load(Ordering::Acquire) {
            return None;
        }
        self.inner.cache.get(key)
    }

    /// Some rows, those that aren't known all at once.
    pub(crate) async fn rows(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Cached>, StoreError> {
        let mut rows: Vec<_> = keys.iter().map(|key| self.cached(key)).collect();
        let unknown = keys.into_iter().zip(&rows).filter(|(_, row)| row.is_none());
        let unknown: Vec<_> = unknown.map(|(key, _)| key).collect();
        if !unknown.is_empty() {
            let cache = &self.inner.cache;
            let tickets: Vec<_> = unknown.iter().map(|key| cache.ticket(key)).collect();
            let found = self.inner.engine.get(unknown.clone()).await?;
            let mut found =
                unknown.into_iter().zip(tickets).zip(found).map(|((key, ticket), value)| {
                    let row = value.map(Arc::from);
                    cache.fill(&key, ticket, Clone::clone(&row));
                    row
                });
            for row in rows.iter_mut().filter(|row| row.is_none()) {
                *row = found.next();
            }
        }
        Ok(rows.into_iter().map(Option::flatten).collect())
    }

    /// Rows in order.
    pub(crate) async fn scan(&self, scan: Scan) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.engine.scan(scan).await
    }
}

/// Tells the cache what is written.
struct Commits(Arc<Cache>);

impl Observer for Commits {
    fn applying(&self, writes: &Writes) {
        self.0.applying(writes);
    }

    fn settled(&self, writes: &Writes, result: &Result<(), StoreError>) {
        self.0.settled(writes, result);
    }
}

/// A hook's part in one transaction.
struct Hooked {
    hook: Arc<dyn Hook>,
    begun: Option<Begun>,
}

impl Hooked {
    fn begin(hook: &Arc<dyn Hook>) -> Self {
        Self { hook: Arc::clone(hook), begun: hook.begin() }
    }

    fn before(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        self.hook.before(self.begun.as_ref(), transaction)
    }

    fn after(&self, result: &Result<(), StoreError>) {
        self.hook.after(self.begun.as_ref(), result);
    }
}

/// Wraps a closure with its panics, the hooks, and its answer.
fn transaction_job<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce(&mut Transaction) -> Result<T, E> + Send + 'static,
    hooks: Vec<Hooked>,
    answer: oneshot::Sender<Result<T, TransactionError<E>>>,
) -> Run {
    Box::new(move |transaction| {
        let mut hooked = false;
        let result = match transaction {
            // Nobody waits any more: not started, so it never runs.
            Ok(_) if answer.is_closed() => Err(TransactionError::Store(StoreError::Closed)),
            Ok(transaction) => guarded(|| {
                transaction.set_begun(hooks.iter().filter_map(|hook| hook.begun.clone()));
                let value = work(transaction).map_err(TransactionError::Aborted)?;
                if transaction.has_written() {
                    hooks.iter().try_for_each(|hook| hook.before(transaction))?;
                    hooked = true;
                }
                Ok(value)
            }),
            Err(error) => Err(TransactionError::Store(error)),
        };
        let commit = result.is_ok();
        let settle = Box::new(move |durable: Result<(), StoreError>| {
            if hooked && commit {
                hooks.iter().for_each(|hook| hook.after(&durable));
            }
            // The caller may have gone away meanwhile.
            let _ = answer.send(match result {
                Ok(value) => durable.map(|()| value).map_err(TransactionError::Store),
                // It wrote nothing; but what it read may not have come to be.
                Err(TransactionError::Aborted(error)) => Err(durable
                    .err()
                    .map_or(TransactionError::Aborted(error), TransactionError::Store)),
                Err(refused) => Err(refused),
            });
        });
        Verdict { commit, settle }
    })
}

fn guarded<T, E>(
    work: impl FnOnce() -> Result<T, TransactionError<E>>,
) -> Result<T, TransactionError<E>> {
    IN_TRANSACTION.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IN_TRANSACTION.set(false);
    result.unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        Err(TransactionError::Store(StoreError::Panicked { message }))
    })
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.engine.shut();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.inner.engine).finish_non_exhaustive()
    }
}
