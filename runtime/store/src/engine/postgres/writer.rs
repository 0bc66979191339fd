//! The thread on which transactions run: one per store, so that those of a store come in turn; those
//! of other stores on the same schema wait for the database's lock.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Runtime,
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    background::{self, Background},
    failure::Failure,
    session::{Ended, Number, Session},
    settings::Settings,
    turn::Turn,
};
use crate::{
    StoreError,
    engine::{Group, Job, Observer, View, Writes, progress::Progress, queue::Work},
};

/// How many transactions may wait; beyond it, handing one over waits.
pub(super) const QUEUE: usize = 1024;

/// After how long no more join those that share a transaction of the database: others wait for the
/// lock.
const HOLD: Duration = Duration::from_millis(50);

/// For how long it is tried to find out what became of a commit whose answer got lost.
const DOUBT: Duration = Duration::from_secs(5);

/// Between one try and the next.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);

/// The writer's side of a store.
pub(super) struct Writer {
    settings: Arc<Settings>,
    jobs: Work<Job>,
    observer: Arc<dyn Observer>,
    runtime: Arc<Runtime>,
    /// None until it is needed, and after it broke.
    session: Option<(Arc<Session>, Ended)>,
    pub(super) progress: watch::Sender<Progress>,
}

/// What reads need, to be ended with the store.
pub(super) struct Reads {
    pub(super) background: Background,
    pub(super) room: Arc<Semaphore>,
    /// All of it.
    pub(super) rooms: u32,
}

impl Writer {
    pub(super) fn new(
        settings: Arc<Settings>,
        jobs: Work<Job>,
        observer: Arc<dyn Observer>,
    ) -> io::Result<Self> {
        let runtime = Arc::new(background::runtime()?);
        let progress = watch::Sender::new(Progress::default());
        Ok(Self { settings, jobs, observer, runtime, session: None, progress })
    }

    /// Works until the queue is closed and empty, then ends the connections.
    pub(super) fn run(mut self, reads: Reads) {
        while let Some(first) = self.jobs.next() {
            self.group(first);
        }
        if let Some((session, ended)) = self.session.take() {
            drop(session);
            // Whether it was heard doesn't matter.
            let _ = self.runtime.block_on(async { timeout(FAREWELL, ended).await });
        }
        let Reads { background, room, rooms } = reads;
        // When it has all the room, nobody reads.
        let _ = self.runtime.block_on(room.acquire_many(rooms));
        room.close();
        background.stop();
        self.progress.send_modify(|progress| progress.closed = true);
    }

    /// Runs the transactions that wait within one of the database's, commits what they wrote, and
    /// only then tells their callers.
    fn group(&mut self, first: Job) {
        let turn = self.begin();
        let begun = Instant::now();
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(job) = next {
            group.run(job, turn.as_ref().map_err(Clone::clone).and_then(view));
            let closed = group.is_full() || begun.elapsed() > HOLD;
            next = if closed { None } else { self.jobs.waiting() };
        }
        let result = turn.and_then(|turn| self.end(&turn, group.writes()));
        group.settle(&result);
    }

    /// Begins a transaction of the database, as soon as the lock is ours.
    fn begin(&mut self) -> Result<Arc<Turn>, StoreError> {
        if let Some((session, _)) = &self.session {
            let begun = self.runtime.block_on(session.begin(&self.settings));
            match begun {
                Ok(number) => return Ok(self.turn(Arc::clone(session), number)),
                Err(failure) => {
                    let silent = session.is_alive();
                    self.cut();
                    // Another connection would meet the same.
                    if !failure.broken || silent {
                        return Err(failure.error);
                    }
                }
            }
        }
        // It broke while nobody used it, or there is none. Nothing has been run yet.
        self.begin_anew().map_err(|failure| failure.error)
    }

    fn begin_anew(&mut self) -> Result<Arc<Turn>, Failure> {
        self.cut();
        let settings = &self.settings;
        let (session, ended) = self.runtime.block_on(Session::dial(settings))?;
        let session = Arc::new(session);
        let number = self.runtime.block_on(session.begin(settings));
        let number = number.inspect_err(|_| session.cut())?;
        self.session = Some((Arc::clone(&session), ended));
        Ok(self.turn(session, number))
    }

    fn turn(&self, session: Arc<Session>, number: Number) -> Arc<Turn> {
        Arc::new(Turn::new(Arc::clone(&self.runtime), session, number))
    }

    /// Commits, or lets the lock go.
    fn end(&mut self, turn: &Turn, writes: &Writes) -> Result<(), StoreError> {
        if let Some(failure) = turn.failure() {
            self.cut();
            return Err(failure.error);
        }
        if writes.is_empty() {
            self.abort(turn);
            return Ok(());
        }
        self.observer.applying(writes);
        let result = match self.runtime.block_on(turn.session.commit(writes)) {
            Ok(()) => Ok(()),
            Err(failure) if failure.broken => self.find_out(turn.number, &failure),
            Err(failure) => {
                self.cut();
                Err(failure.error)
            }
        };
        self.observer.settled(writes, &result);
        result
    }

    /// After a commit whose answer got lost: the database knows whether it was done. Under the lock,
    /// for while that transaction lasts it has the lock itself.
    fn find_out(&mut self, number: Number, lost: &Failure) -> Result<(), StoreError> {
        let database = self.settings.to_string();
        tracing::warn!(%database, error = %lost.error, "a commit got no answer");
        let begun = Instant::now();
        let cause = loop {
            match self.status(number) {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => return Err(lost.error.clone()),
                Ok(None) => break "the database doesn't know the transaction any more".to_owned(),
                Err(failure) if begun.elapsed() > DOUBT => break failure.error.to_string(),
                Err(_) => self.runtime.block_on(async { tokio::time::sleep(PAUSE).await }),
            }
        };
        tracing::error!(%database, cause, "whether a commit was done isn't known");
        Err(StoreError::Unknown { cause: format!("{}; then: {cause}", lost.error) })
    }

    fn status(&mut self, number: Number) -> Result<Option<bool>, Failure> {
        let turn = self.begin_anew()?;
        let status = self.runtime.block_on(turn.session.has_committed(number));
        match &status {
            Ok(_) => self.abort(&turn),
            Err(_) => self.cut(),
        }
        status
    }

    fn abort(&mut self, turn: &Turn) {
        if self.runtime.block_on(turn.session.abort()).is_err() {
            self.cut();
        }
    }

    /// Ends the connection, and with it what it is in the middle of.
    fn cut(&mut self) {
        if let Some((session, ended)) = self.session.take() {
            session.cut();
            // The runtime drops what it carried, and so the socket, only while it works.
            let _ = self.runtime.block_on(ended);
        }
    }
}

/// What the next transaction sees.
fn view(turn: &Arc<Turn>) -> Result<Arc<dyn View>, StoreError> {
    match turn.failure() {
        Some(failure) => Err(failure.error),
        None => Ok(Arc::clone(turn) as _),
    }
}
