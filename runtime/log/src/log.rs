//! The handle.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Batch, LogError, LogOptions, MAX_APPEND, Millis, Position, Record,
    ends::Ends,
    engine::Engine,
    error::failed,
    open::{Opened, open},
    read::read,
    readers::{self, Read},
    retain,
    writer::{Encoded, QUEUE, Work, Writer},
};

/// A service's event log. Clones are handles on the same.
///
/// It closes when [`close`](Self::close) is called or the last handle is gone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: Arc<Mutex<LogOptions>>,
    work: mpsc::Sender<Work>,
    reads: mpsc::Sender<Read>,
    ends: watch::Receiver<Ends>,
}

impl Log {
    /// Opens the log in this folder, or makes it. One process owns it at a time. Blocks for as long
    /// as the disk takes, which hardly hangs on how many records there are.
    pub fn open(folder: impl AsRef<Path>, options: LogOptions) -> Result<Self, LogError> {
        Self::start(open(folder.as_ref(), &options)?, options, |engine| engine.sync())
    }

    /// [`open`](Self::open) for async callers, on any runtime.
    pub async fn open_async(
        folder: impl Into<PathBuf>,
        options: LogOptions,
    ) -> Result<Self, LogError> {
        let folder = folder.into();
        let (answer, answered) = oneshot::channel();
        let path = folder.clone();
        let spawned = thread::Builder::new().name("open".to_owned()).spawn(move || {
            // Who opens it may have gone away: then it closes with its last handle, here.
            let _ = answer.send(Self::open(path, options));
        });
        spawned.map_err(failed("start a thread to open", &folder))?;
        let panicked = |_| Err(LogError::corrupt(&folder, "opening it panicked"));
        answered.await.unwrap_or_else(panicked)
    }

    pub(crate) fn start(
        opened: Opened,
        options: LogOptions,
        sync: impl FnMut(&Engine) -> Result<(), LogError> + Send + 'static,
    ) -> Result<Self, LogError> {
        let Opened { engine, state, first, head } = opened;
        let path = engine.folder().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let engine = Arc::new(engine);
        let reads =
            readers::start(&name, &engine).map_err(failed("start the readers of", &path))?;
        let options = Arc::new(Mutex::new(options));
        let (ends, watched) = watch::channel(Ends::new(first, head));
        let (sender, work) = mpsc::channel(QUEUE);
        let writer = Writer {
            work,
            engine,
            state,
            options: Arc::clone(&options),
            ends,
            sync: Box::new(sync),
            failed: false,
            poisoned: None,
        };
        thread::Builder::new()
            .name(format!("append {name}"))
            .spawn(move || writer.run())
            .map_err(failed("start the writer of", &path))?;
        let inner = Inner { path, options, work: sender, reads, ends: watched };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Appends records, of positions without gaps among them, from the one after the
    /// [`head`](Self::head). Those at or below it are there already, and skipped. Resolves with the
    /// head when all of them are on disk.
    ///
    /// Whole or not at all. If the caller goes away, they are appended all the same.
    pub fn append(
        &self,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<Position, LogError>> + Send + 'static {
        let log = self.clone();
        async move {
            let records = encode(&records)?;
            log.ask(|answer| Work::Append(records, answer)).await
        }
    }

    /// Reads from a position, as many records as both limits allow, and one at least if there is one;
    /// none if the position is yet to come. [`LogError::Trimmed`] if it isn't there any more.
    pub fn read(
        &self,
        from: Position,
        max_records: usize,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Batch, LogError>> + Send + 'static {
        let ends = self.inner.ends.clone();
        self.on_reader(move |engine| read(engine, &ends, from, max_records, max_bytes))
    }

    /// The first record that happened at this time or later, for reading from there; one after the
    /// head if none did. By halves, so it takes records' times for ascending.
    pub fn position_at(
        &self,
        at: Millis,
    ) -> impl Future<Output = Result<Position, LogError>> + Send + 'static {
        let ends = self.inner.ends.clone();
        self.on_reader(move |engine| {
            let Ends { first, head, .. } = ends.borrow().clone();
            retain::position_at(engine, (first, head), at)
        })
    }

    /// The last position that is on disk; 0 before the first record.
    pub fn head(&self) -> Position {
        self.inner.ends.borrow().head
    }

    /// The first position that is left; one after the head if none is.
    pub fn first(&self) -> Position {
        self.inner.ends.borrow().first
    }

    /// Resolves with the head once it is beyond `past`, at once if it is. Fails when the log closes.
    pub fn grown(
        &self,
        past: Position,
    ) -> impl Future<Output = Result<Position, LogError>> + Send + 'static {
        let mut ends = self.inner.ends.clone();
        async move {
            let come = ends.wait_for(|ends| ends.head > past || ends.closed.is_some()).await;
            let head = come.map_err(|_| LogError::Closed)?.head;
            if head > past { Ok(head) } else { Err(LogError::Closed) }
        }
    }

    /// Gives back what isn't kept any more at this time, and resolves with the first position that is
    /// left. The log does so itself while it is appended to; one that rests must be asked.
    pub fn trim(
        &self,
        now: Millis,
    ) -> impl Future<Output = Result<Position, LogError>> + Send + 'static {
        let log = self.clone();
        async move { log.ask(|answer| Work::Trim(now, answer)).await }
    }

    /// From now on keeps as much as this says. What is over it is given back with the next records, or
    /// by [`trim`](Self::trim).
    pub fn set(&self, options: LogOptions) {
        *self.inner.options.lock() = options;
    }

    /// Why the last append was refused or failed, if it was.
    pub fn refusal(&self) -> Option<LogError> {
        self.inner.ends.borrow().refusal.clone()
    }

    /// Does what waits and lets the log go; resolves when another process may open it. Every later use
    /// of any handle is refused as closed.
    pub async fn close(&self) -> Result<(), LogError> {
        // If nobody takes it, it is closed, or about to be.
        let _ = self.inner.work.send(Work::Close).await;
        let mut ends = self.inner.ends.clone();
        let closed = ends.wait_for(|ends| ends.closed.is_some()).await;
        let closed = closed.map_err(|_| LogError::Closed)?.closed.clone();
        closed.unwrap_or(Err(LogError::Closed))
    }

    async fn ask(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<Position, LogError>>) -> Work,
    ) -> Result<Position, LogError> {
        let (answer, answered) = oneshot::channel();
        self.inner.work.send(work(answer)).await.map_err(|_| LogError::Closed)?;
        answered.await.unwrap_or(Err(LogError::Closed))
    }

    fn on_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, LogError> + Send + 'static,
    ) -> impl Future<Output = Result<T, LogError>> + Send + 'static {
        let log = self.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            let read: Read = Box::new(move |engine| {
                if !answer.is_closed() {
                    let _ = answer.send(work(engine));
                }
            });
            log.inner.reads.send(read).await.map_err(|_| LogError::Closed)?;
            answered.await.unwrap_or(Err(LogError::Closed))
        }
    }
}

fn encode(records: &[Record]) -> Result<Vec<Encoded>, LogError> {
    let mut encoded = Vec::with_capacity(records.len());
    let mut size = 0;
    for record in records {
        let before = encoded.last().map(|before: &Encoded| before.position);
        let expected = before.map_or(record.position.max(1), |before| before.saturating_add(1));
        if record.position != expected {
            return Err(LogError::Gap { expected, position: record.position });
        }
        let bytes = record.encode()?;
        size += bytes.len();
        encoded.push(Encoded { position: record.position, at: record.at, bytes });
    }
    if size > MAX_APPEND {
        return Err(LogError::TooLarge { what: "append", size, limit: MAX_APPEND });
    }
    Ok(encoded)
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
