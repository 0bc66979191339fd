//! The thread that appends: one per log, so that positions are in order and those who wait share a
//! sync.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    LogError, LogOptions, MAX_APPEND, Millis, Position, ends::Ends, engine::Engine, retain, room,
    state::StateFile,
};

/// How many appends may wait; beyond it, handing one over waits.
pub(crate) const QUEUE: usize = 64;

/// The most appends that share a sync, so that the first needn't wait for ever.
const GROUP: usize = 256;

/// A record on its way.
pub(crate) struct Encoded {
    pub(crate) position: Position,
    pub(crate) at: Millis,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) type Answer = oneshot::Sender<Result<Position, LogError>>;

/// What the thread is asked for.
pub(crate) enum Work {
    /// Records without gaps among them. Answered with the log's head.
    Append(Vec<Encoded>, Answer),
    /// Gives back what isn't kept at this time. Answered with the first position that is left.
    Trim(Millis, Answer),
    /// Ends.
    Close,
}

/// Brings to disk what an engine has written.
pub(crate) type Sync = Box<dyn FnMut(&Engine) -> Result<(), LogError> + Send>;

/// The thread's side of a log.
pub(crate) struct Writer {
    pub(crate) work: mpsc::Receiver<Work>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) state: StateFile,
    pub(crate) options: Arc<Mutex<LogOptions>>,
    pub(crate) ends: watch::Sender<Ends>,
    /// Brings to disk what is written. Replaced by tests, to see what a failing disk does.
    pub(crate) sync: Sync,
    /// The engine failed, and must be opened anew before it writes.
    pub(crate) failed: bool,
    /// A sync failed: the kernel may have dropped the pages and call the next one a success.
    pub(crate) poisoned: Option<LogError>,
}

impl Writer {
    /// Works until it is told to end, or nobody is left who could ask for anything.
    pub(crate) fn run(mut self) {
        let mut next = self.work.blocking_recv();
        while let Some(work) = next {
            let later = match work {
                Work::Append(records, answer) => self.group(records, answer),
                Work::Trim(now, answer) => {
                    // Who asked may have gone away meanwhile, here and below.
                    let _ = answer.send(self.trim(now));
                    None
                }
                Work::Close => break,
            };
            next = later.or_else(|| self.work.blocking_recv());
        }
        self.close();
    }

    /// Takes the appends that wait, brings them to disk together, and only then tells their callers.
    /// Returns what came after them and isn't an append.
    fn group(&mut self, records: Vec<Encoded>, answer: Answer) -> Option<Work> {
        if let Err(error) = self.ready() {
            self.refuse(&error);
            let _ = answer.send(Err(error));
            return None;
        }
        let mut expected = self.head() + 1;
        let (mut group, mut bytes, mut answers) = (Vec::new(), 0, Vec::new());
        let (mut next, mut later) = (Some((records, answer)), None);
        while let Some((records, answer)) = next.take() {
            match missing(records, expected) {
                Ok(records) => {
                    expected += records.len() as Position;
                    bytes += records.iter().map(|record| record.bytes.len()).sum::<usize>();
                    group.extend(records);
                    answers.push(answer);
                }
                Err(gap) => drop(answer.send(Err(gap))),
            }
            if bytes < MAX_APPEND && answers.len() < GROUP {
                match self.work.try_recv() {
                    Ok(Work::Append(records, answer)) => next = Some((records, answer)),
                    other => later = other.ok(),
                }
            }
        }
        let result = if group.is_empty() { Ok(()) } else { self.commit(&group, bytes as u64) };
        let head = self.head();
        for answer in answers {
            let _ = answer.send(result.clone().map(|()| head));
        }
        if let (Ok(()), Some(newest)) = (&result, group.last()) {
            self.tend(newest.at);
        }
        later
    }

    /// Sees to it that the engine takes writes, if it may.
    fn ready(&mut self) -> Result<(), LogError> {
        if let Some(poisoned) = &self.poisoned {
            return Err(poisoned.clone());
        }
        if !self.failed && self.engine.probe().is_ok() {
            return Ok(());
        }
        self.failed = true;
        room::check(self.engine.folder(), self.options.lock().memory_bytes())?;
        self.engine.reopen()?;
        let head = self.engine.ends()?.map_or(0, |(_, head)| head);
        if head < self.head() {
            let cause = format!("it came back as of {head}, yet {} was acknowledged", self.head());
            return Err(self.poison(LogError::corrupt(self.engine.folder(), cause)));
        }
        self.failed = false;
        // What was written when it failed is on disk by now, or it isn't there.
        self.acknowledge(head);
        Ok(())
    }

    fn commit(&mut self, group: &[Encoded], bytes: u64) -> Result<(), LogError> {
        let unwritten = self.options.lock().memory_bytes();
        let records = group.iter().map(|record| (record.position, record.bytes.as_slice()));
        let written = room::check(self.engine.folder(), bytes + unwritten)
            .and_then(|()| self.engine.write(records).inspect_err(|_| self.failed = true));
        written.inspect_err(|error| self.refuse(error))?;
        if let Err(error) = (self.sync)(&self.engine) {
            let cause = error.to_string();
            return Err(self.poison(LogError::Poisoned { cause }));
        }
        self.acknowledge(group.last().map_or(0, |record| record.position));
        Ok(())
    }

    /// Everything up to here is on disk.
    fn acknowledge(&mut self, head: Position) {
        let first = self.ends.borrow().first;
        self.note(head, first);
        self.ends.send_modify(|ends| {
            ends.head = head;
            ends.refusal = None;
        });
    }

    /// Writes the state. That it is older than the log is allowed.
    fn note(&mut self, head: Position, first: Position) {
        if let Err(error) = self.state.write(head, first) {
            let log = self.engine.folder().display();
            tracing::warn!(%log, %error, "can't note what is on disk");
        }
    }

    /// Lets memory become a table when it is time, gives back what isn't kept any more, and begins the
    /// journal anew if it got long.
    fn tend(&mut self, newest: Millis) {
        let options = *self.options.lock();
        let tended = (|| {
            if self.engine.memory()? >= options.memory_bytes() {
                // A record from the future doesn't make others old.
                self.trim(newest.min(retain::now()))?;
                self.engine.rotate()?;
            }
            self.engine.shorten_journal(options.journal_bytes())
        })();
        if let Err(error) = tended {
            self.failed = true;
            self.refuse(&error);
        }
    }

    fn trim(&mut self, now: Millis) -> Result<Position, LogError> {
        let options = *self.options.lock();
        let Ends { first, head, .. } = self.ends.borrow().clone();
        let kept = retain::first_kept(&self.engine, &options, (first, head), now)?;
        if kept > first {
            // Told before it is done, so that nobody takes what is missing for damage.
            self.note(head, kept);
            self.ends.send_modify(|ends| ends.first = kept);
            // The table of the head stays, for it knows where the log is.
            self.engine.drop_below(kept.min(head))?;
        }
        Ok(kept)
    }

    /// Says once that appends are refused.
    fn refuse(&self, error: &LogError) {
        let log = self.engine.folder().display();
        self.ends.send_modify(|ends| {
            if ends.refusal.replace(error.clone()).is_none() {
                tracing::error!(%log, %error, "can't append: reads go on");
            }
        });
    }

    fn poison(&mut self, error: LogError) -> LogError {
        self.refuse(&error);
        self.poisoned = Some(error.clone());
        error
    }

    fn head(&self) -> Position {
        self.ends.borrow().head
    }

    fn close(self) {
        let Self { mut work, engine, state, ends, poisoned, .. } = self;
        // Who waits still is told that it is closed.
        work.close();
        while work.try_recv().is_ok() {}
        engine.close();
        let synced = state.sync().map_err(|error| LogError::disk(&error));
        // The lock goes with it.
        drop(state);
        ends.send_modify(|ends| ends.closed = Some(poisoned.map_or(synced, Err)));
    }
}

/// The records that aren't there yet.
fn missing(mut records: Vec<Encoded>, expected: Position) -> Result<Vec<Encoded>, LogError> {
    let there = records.partition_point(|record| record.position < expected);
    records.drain(..there);
    match records.first() {
        Some(&Encoded { position, .. }) if position != expected => {
            Err(LogError::Gap { expected, position })
        }
        _ => Ok(records),
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("log", &self.engine.folder()).finish_non_exhaustive()
    }
}
