//! A schema of a PostgreSQL database, which several processes may open at once.
//!
//! One table holds the keys and values that sled would. Transactions that wait run within one
//! transaction of the database, under a lock that all writers of the schema take: so closures run
//! once and in turn whichever process they are of, and ids have no gaps. PostgreSQL shows a commit
//! to others only when it is on disk, so reads need nothing.
//!
//! ```text
//! settings    which database, and which schema of it; tls: connections that are private
//! session     a connection, and what it can be asked; failure: what its errors mean
//! pool        the connections that reads share
//! writer      the thread on which transactions run; turn: what they see
//! background  a runtime of the engine's own
//! ```

mod background;
mod failure;
mod pool;
mod session;
mod settings;
mod tls;
mod turn;
mod writer;

use std::{
    fmt, io,
    ops::Range,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

use self::{
    background::Background,
    pool::{Ask, Pool},
    session::Session,
    settings::Settings,
    writer::{Reads, Writer},
};
use super::{
    Answer, Condition, Engine, Job, Observer, Ownership, RawRow, Scan,
    progress::{self, Progress},
    queue::{Queue, queue},
};
use crate::{OpenError, StoreError};

/// How many reads are on their way at a time; beyond it, the next waits.
const READS: u32 = 1024;

/// A schema of a PostgreSQL database.
///
/// While the database is out of reach every read and write fails at once as
/// [`StoreError::Away`], and once it is back they go on. A closure has two seconds between two
/// reads of a transaction, and ten for the wait until its turn; beyond them the database takes the
/// lock away, and the transaction has written nothing.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<Settings>,
    running: OnceLock<Running>,
}

/// An open database.
struct Running {
    pool: Pool,
    /// Where reads run.
    runtime: Handle,
    room: Arc<Semaphore>,
    writer: Queue<Job>,
    progress: watch::Receiver<Progress>,
    closing: AtomicBool,
}

impl Postgres {
    /// The database of this url, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, and in it the schema
    /// that is named as the service is. Both are looked at only when it is opened; the schema and
    /// its table are made then, unless they are there.
    ///
    /// `?sslmode=require` has it talk TLS 1.3 and verify the server's certificate, by those that the
    /// system believes, or by a file: `&sslrootcert=PATH`. Several hosts, `HOST,HOST`, are tried in
    /// turn for one that takes writes. `connect_timeout` is 2 seconds unless the url says another.
    ///
    /// # Errors
    /// [`OpenError::Setting`] if the url can't be read, or the service's name is none for a schema.
    pub fn new(url: &str, service: &str) -> Result<Self, OpenError> {
        let settings = Arc::new(Settings::new(url, service)?);
        Ok(Self { inner: Arc::new(Inner { settings, running: OnceLock::new() }) })
    }

    /// How many connections stores of this service have to the database, before this one is opened: 0
    /// if nobody uses it. Of those of other users it may know nothing.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn connections(&self) -> Result<u64, OpenError> {
        let settings = Arc::clone(&self.inner.settings);
        let name = format!("ask {}", settings.schema());
        let background = Background::start(name).map_err(|source| threadless(&settings, source))?;
        let asking = Arc::clone(&settings);
        let asked = background.handle.spawn(async move { session::others(&asking).await });
        match asked.await {
            Ok(asked) => asked.map_err(|failure| failure.at_open(&settings)),
            Err(panic) => Err(threadless(&settings, io::Error::other(panic))),
        }
    }

    fn running(&self) -> Result<&Running, StoreError> {
        self.inner.running.get().ok_or(StoreError::Closed)
    }

    /// Asks on the engine's own runtime, so that any executor may wait for the answer.
    fn read<T: Send + 'static>(
        &self,
        ask: impl for<'a> Fn(&'a Session) -> Ask<'a, T> + Send + Sync + 'static,
    ) -> Answer<T> {
        let engine = self.clone();
        Box::pin(async move {
            let running = engine.running()?;
            let room = Arc::clone(&running.room).acquire_owned().await;
            let room = room.map_err(|_| StoreError::Closed)?;
            if running.closing.load(Ordering::Acquire) {
                return Err(StoreError::Closed);
            }
            let pool = running.pool.clone();
            let answer = running.runtime.spawn(async move {
                let answer = pool.read(ask).await;
                drop(room);
                answer
            });
            answer.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}

impl Inner {
    async fn open(&self, observer: Arc<dyn Observer>) -> Result<(), OpenError> {
        let settings = &self.settings;
        let failed = |source| threadless(settings, source);
        let schema = settings.schema();
        let background = Background::start(format!("read {schema}")).map_err(failed)?;
        let runtime = background.handle.clone();
        let creating = Arc::clone(settings);
        let created = runtime.spawn(async move { session::create(&creating).await }).await;
        match created {
            Ok(created) => created.map_err(|failure| failure.at_open(settings))?,
            Err(panic) => return Err(failed(io::Error::other(panic))),
        }
        let pool = Pool::start(settings, &runtime);
        let (queue, jobs) = queue(writer::QUEUE);
        let writer = Writer::new(Arc::clone(settings), jobs, observer).map_err(failed)?;
        let progress = writer.progress.subscribe();
        let room = Arc::new(Semaphore::new(READS as usize));
        let reads = Reads { background, room: Arc::clone(&room), rooms: READS };
        thread::Builder::new()
            .name(format!("write {schema}"))
            .spawn(move || writer.run(reads))
            .map_err(failed)?;
        let closing = AtomicBool::new(false);
        let running = Running { pool, runtime, room, writer: queue, progress, closing };
        // A second opening of the same engine would be another handle on the first.
        self.running.set(running).map_err(|_| {
            let cause = "this engine is open already: make another".to_owned();
            OpenError::Refused { database: settings.to_string(), cause }
        })
    }
}

/// The system has no threads left.
fn threadless(settings: &Settings, source: io::Error) -> OpenError {
    let path = settings.to_string().into();
    OpenError::Io { action: "start the threads of", path, source }
}

/// Which database, and which schema of it, without a password.
impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.settings.fmt(f)
    }
}

impl Engine for Postgres {
    fn open(&self, observer: Arc<dyn Observer>) -> Answer<(), OpenError> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { inner.open(observer).await })
    }

    fn close(&self) -> Answer<()> {
        self.shut();
        let engine = self.clone();
        Box::pin(async move { progress::closed(engine.running()?.progress.clone()).await })
    }

    fn shut(&self) {
        if let Ok(running) = self.running() {
            running.closing.store(true, Ordering::Release);
            running.writer.close();
        }
    }

    fn ownership(&self) -> Ownership {
        Ownership::Shared
    }

    fn condition(&self) -> Condition {
        let Ok(running) = self.running() else { return Condition::Ok };
        running.pool.away().map_or(Condition::Ok, |cause| Condition::Away { cause })
    }

    fn get(&self, keys: Vec<Vec<u8>>) -> Answer<Vec<Option<Vec<u8>>>> {
        let keys = Arc::new(keys);
        self.read(move |session| {
            let keys = Arc::clone(&keys);
            Box::pin(async move { session.get_many(&keys).await })
        })
    }

    fn scan(&self, scan: Scan) -> Answer<Vec<RawRow>> {
        if scan.range.is_empty() || scan.take == 0 {
            return Box::pin(async { Ok(Vec::new()) });
        }
        let scan = Arc::new(scan);
        self.read(move |session| {
            let scan = Arc::clone(&scan);
            Box::pin(async move { session.scan(&scan).await })
        })
    }

    fn count(&self, range: Range<Vec<u8>>) -> Answer<u64> {
        let range = Arc::new(range);
        self.read(move |session| {
            let range = Arc::clone(&range);
            Box::pin(async move { session.count(&range).await })
        })
    }

    fn commit(&self, job: Job) -> Answer<()> {
        let engine = self.clone();
        Box::pin(async move { engine.running()?.writer.push(job).await })
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("database", &self.inner.settings).finish_non_exhaustive()
    }
}
