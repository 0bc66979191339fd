//! A folder on disk that one process owns at a time: a sled tree, a thread that writes, two that
//! read, and a small file beside it that knows what was acknowledged.
//!
//! ```text
//! open      opening, so that neither a kill nor damage loses anything in silence
//! database  the tree: reads that see only what is on disk, batches that get there
//! writer    the thread that writes, and what it does when it can't
//! readers   the threads that read
//! room      whether there is room to write
//! disk      flushes and syncs
//! state     the small file; files: folders as a whole; closing: who is about to close
//! ```

mod closing;
mod database;
mod disk;
mod files;
#[cfg(test)]
mod full;
mod open;
mod readers;
mod room;
mod state;
mod writer;

use std::{
    fmt,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use self::{
    database::Database,
    files::failed,
    open::{Opened, Waits, open_waiting},
    writer::Writer,
};
use super::{
    Answer, Condition, Engine, Job, Observer, Ownership, RawRow, Scan,
    progress::{self, Durable, Progress},
    queue::{Queue, queue},
};
use crate::{OpenError, StoreError, error::panic_message};

/// A database in a folder.
#[derive(Clone)]
pub struct Sled {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// For tests: what is open already.
    opened: Mutex<Option<Opened>>,
    /// If set, opening waits for whoever owns it, and this is told when it is ours.
    owned: Option<Owned>,
    running: OnceLock<Running>,
}

/// Told that a database that was waited for is this process's now.
type Owned = Box<dyn Fn() + Send + Sync>;

/// Whoever opens a database, and may have gone away meanwhile.
struct Opener<'a> {
    answer: &'a oneshot::Sender<Result<(), OpenError>>,
    owned: &'a Owned,
}

impl Waits for Opener<'_> {
    fn wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn owned(&self) {
        (self.owned)();
    }
}

/// An open database.
struct Running {
    path: PathBuf,
    writer: Queue<Job>,
    readers: Queue<readers::Read>,
    progress: watch::Receiver<Progress>,
    full: Arc<AtomicBool>,
    closing: AtomicBool,
}

impl Sled {
    /// The database in this folder, or to be made there. Opening it takes as long as the disk does;
    /// after a kill that includes a copy of the whole folder, which is kept beside it as
    /// `NAME.before-recovery` until every row could be read.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with(path.into(), None, None)
    }

    /// The same, of which opening waits as long as another process owns it, and takes it over as soon
    /// as that lets it go or is gone: within some 20 ms, and what recovery takes. `owned` is told when
    /// it is ours, before anything in it is touched. Who doesn't want it any more drops the future that
    /// opens it.
    pub fn when_free(path: impl Into<PathBuf>, owned: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with(path.into(), None, Some(Box::new(owned)))
    }

    #[cfg(test)]
    pub(crate) fn of(opened: Opened) -> Self {
        Self::with(opened.disk.path().to_owned(), Some(opened), None)
    }

    fn with(path: PathBuf, opened: Option<Opened>, owned: Option<Owned>) -> Self {
        let inner = Inner { path, opened: Mutex::new(opened), owned, running: OnceLock::new() };
        Self { inner: Arc::new(inner) }
    }

    fn running(&self) -> Result<&Running, StoreError> {
        self.inner.running.get().ok_or(StoreError::Closed)
    }

    /// Reads on a reader's thread, as often as it takes until what was read is on disk.
    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Database) -> database::Read<T> + Send + Sync + 'static,
    ) -> Answer<T> {
        let (engine, work) = (self.clone(), Arc::new(work));
        Box::pin(async move {
            let running = engine.running()?;
            loop {
                let (answer, answered) = oneshot::channel();
                let work = Arc::clone(&work);
                let read: readers::Read = Box::new(move |database| {
                    if answer.is_closed() {
                        return;
                    }
                    let result = catch_unwind(AssertUnwindSafe(|| work(database)));
                    // The caller may have gone away meanwhile.
                    let _ = answer.send(result.unwrap_or_else(|panic| {
                        Err(StoreError::Corrupt { cause: panic_message(&*panic) })
                    }));
                });
                running.readers.push(read).await?;
                let (value, wait) = answered.await.map_err(|_| StoreError::Closed)??;
                let Some(attempt) = wait else { return Ok(value) };
                let durable = progress::settled(running.progress.clone(), attempt).await?;
                if durable == Durable::Yes {
                    return Ok(value);
                }
            }
        })
    }
}

impl Inner {
    fn open(
        &self,
        observer: Arc<dyn Observer>,
        answer: &oneshot::Sender<Result<(), OpenError>>,
    ) -> Result<(), OpenError> {
        let opened = self.opened.lock().take();
        let opener = self.owned.as_ref().map(|owned| Opener { answer, owned });
        let waits = opener.as_ref().map(|opener| opener as &dyn Waits);
        let Opened { database, disk } =
            opened.map_or_else(|| open_waiting(&self.path, waits), Ok)?;
        let path = disk.path().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let database = Arc::new(database);
        let (progress, watched) = watch::channel(Progress::default());
        let (readers, threads) =
            readers::start(&name, &database).map_err(failed("start the readers of", &path))?;
        let (writer, jobs) = queue(writer::QUEUE);
        let full = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&full);
        let thread =
            Writer { jobs, database, disk, observer, progress, full: noted, readers: threads };
        thread::Builder::new()
            .name(format!("write {name}"))
            .spawn(move || thread.run())
            .map_err(failed("start the writer of", &path))?;
        let closing = AtomicBool::new(false);
        let running = Running { path, writer, readers, progress: watched, full, closing };
        // A second opening of the same finds it locked before it comes here.
        let _ = self.running.set(running);
        Ok(())
    }
}

impl Running {
    /// Lets the threads end, once what waits is done.
    fn shut(&self) {
        if !self.closing.swap(true, Ordering::AcqRel) {
            closing::begin(&self.path);
            self.writer.close();
            self.readers.close();
        }
    }
}

impl Engine for Sled {
    /// On a thread of its own, because it takes its time.
    fn open(&self, observer: Arc<dyn Observer>) -> Answer<(), OpenError> {
        let (inner, path) = (Arc::clone(&self.inner), self.inner.path.clone());
        let (answer, answered) = oneshot::channel();
        let spawned = thread::Builder::new().name("open".to_owned()).spawn(move || {
            let opened = inner.open(observer, &answer);
            // Who opened it has gone: nobody would close it.
            if answer.send(opened).is_err()
                && let Some(running) = inner.running.get()
            {
                running.shut();
            }
        });
        Box::pin(async move {
            spawned.map_err(failed("start a thread to open", &path))?;
            answered.await.unwrap_or_else(|_| {
                let cause = "opening it panicked".to_owned();
                Err(OpenError::Corrupt { path, cause, copy: None })
            })
        })
    }

    fn close(&self) -> Answer<()> {
        self.shut();
        let engine = self.clone();
        Box::pin(async move { progress::closed(engine.running()?.progress.clone()).await })
    }

    fn shut(&self) {
        if let Ok(running) = self.running() {
            running.shut();
        }
    }

    fn ownership(&self) -> Ownership {
        Ownership::Exclusive
    }

    fn condition(&self) -> Condition {
        let Ok(running) = self.running() else { return Condition::Ok };
        if let Some(StoreError::Poisoned { cause }) = &running.progress.borrow().poisoned {
            return Condition::Poisoned { cause: cause.clone() };
        }
        if !running.full.load(Ordering::Acquire) {
            return Condition::Ok;
        }
        // It is over when it is over, not only when the next write finds that.
        match room::check(&running.path, 0) {
            Ok(()) => Condition::Ok,
            Err(error) => Condition::Full { cause: error.to_string() },
        }
    }

    fn get(&self, keys: Vec<Vec<u8>>) -> Answer<Vec<Option<Vec<u8>>>> {
        self.read(move |database| database.get_many(&keys))
    }

    fn scan(&self, scan: Scan) -> Answer<Vec<RawRow>> {
        self.read(move |database| database.scan(&scan))
    }

    fn count(&self, range: Range<Vec<u8>>) -> Answer<u64> {
        self.read(move |database| database.count(&range))
    }

    fn commit(&self, job: Job) -> Answer<()> {
        let engine = self.clone();
        Box::pin(async move { engine.running()?.writer.push(job).await })
    }
}

impl fmt::Debug for Sled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sled").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// The folder in which it is.
impl AsRef<Path> for Sled {
    fn as_ref(&self) -> &Path {
        &self.inner.path
    }
}
