//! Rows in memory, without a thread: whoever hands a transaction over runs it. What becomes of
//! commits can be chosen, for tests and simulations.

use std::{
    collections::VecDeque,
    fmt,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use super::{
    Answer, Condition, Each, Engine, Group, Job, Observer, Ownership, RawRow, Scan, View, Writes,
    progress::{self, Attempt, Durable, Progress},
};
use crate::{OpenError, StoreError};

/// How many transactions may wait for one that comes late; beyond it they are refused.
const QUEUE: usize = 1024;

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is durable, and told so, only after [`Memory::release`].
    Late,
    /// It is refused for want of room. Nothing is written.
    Full,
    /// The disk fails before anything is written.
    Fail,
    /// Whether it was written is never told, and nothing more is.
    Lost {
        /// Whether it was.
        written: bool,
    },
}

/// A database in memory. Clones are handles on the same, which may be opened again after it was
/// closed, and has its rows still.
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Inner>,
    /// Told once it is this handle's; without it, one that somebody has isn't waited for.
    owned: Option<Owned>,
}

type Owned = Arc<dyn Fn() + Send + Sync>;

struct Inner {
    rows: Arc<Rows>,
    state: Mutex<State>,
    /// Nobody has it any more.
    free: Notify,
}

struct State {
    observer: Option<Arc<dyn Observer>>,
    waiting: VecDeque<Job>,
    /// A group that comes late.
    late: Option<Group>,
    /// Somebody is running jobs.
    busy: bool,
    faults: VecDeque<Option<Fault>>,
    full: bool,
    progress: watch::Sender<Progress>,
}

/// What is committed, and on top of it what isn't durable yet.
#[derive(Debug, Default)]
struct Rows(RwLock<Layers>);

#[derive(Debug, Default)]
struct Layers {
    durable: Writes,
    pending: Writes,
    attempt: Attempt,
}

impl Memory {
    /// An empty database.
    pub fn new() -> Self {
        let state = State {
            observer: None,
            waiting: VecDeque::new(),
            late: None,
            busy: false,
            faults: VecDeque::new(),
            full: false,
            progress: watch::Sender::new(Progress::default()),
        };
        let (rows, state) = (Arc::default(), Mutex::new(state));
        Self { inner: Arc::new(Inner { rows, state, free: Notify::new() }), owned: None }
    }

    /// The same, which opens as soon as whoever has it lets it go, as
    /// [`Sled::when_free`](super::Sled::when_free) does. `owned` is told when it is ours.
    #[must_use]
    pub fn when_free(&self, owned: impl Fn() + Send + Sync + 'static) -> Self {
        Self { inner: Arc::clone(&self.inner), owned: Some(Arc::new(owned)) }
    }

    /// What becomes of the next commits that write something, in turn; of those after them nothing
    /// in particular. `None` is a commit that goes well.
    pub fn next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.inner.state.lock().faults.extend(faults);
    }

    /// Lets a commit that comes [late](Fault::Late) be durable. Whether there was one.
    pub fn release(&self) -> bool {
        let Some(group) = self.inner.state.lock().late.take() else { return false };
        self.inner.settle(group, Ok(()));
        self.inner.work();
        true
    }

    /// Reads; again if what was read came to nothing.
    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Layers) -> Result<(T, bool), StoreError> + Send + 'static,
    ) -> Answer<T> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            loop {
                let progress = inner.open_progress()?;
                let (value, wait) = {
                    let layers = inner.rows.0.read();
                    let (value, pending) = work(&layers)?;
                    (value, pending.then_some(layers.attempt))
                };
                let Some(attempt) = wait else { return Ok(value) };
                if progress::settled(progress, attempt).await? == Durable::Yes {
                    return Ok(value);
                }
            }
        })
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    /// Opens it for somebody, unless somebody has it.
    fn take(&self, observer: &Arc<dyn Observer>) -> bool {
        let mut state = self.state.lock();
        if state.observer.is_some() {
            return false;
        }
        state.observer = Some(Arc::clone(observer));
        state.progress = watch::Sender::new(Progress::default());
        self.rows.0.write().attempt = 0;
        true
    }

    fn open_progress(&self) -> Result<watch::Receiver<Progress>, StoreError> {
        let state = self.state.lock();
        state.observer.as_ref().map(|_| state.progress.subscribe()).ok_or(StoreError::Closed)
    }

    /// Runs what waits, unless somebody does or a commit comes late.
    fn work(&self) {
        loop {
            let (job, observer, poisoned) = {
                let mut state = self.state.lock();
                if state.busy || state.late.is_some() {
                    return;
                }
                let Some(job) = state.waiting.pop_front() else { return };
                state.busy = true;
                let poisoned = state.progress.borrow().poisoned.clone();
                (job, state.observer.clone(), poisoned)
            };
            self.turn(job, observer, poisoned);
            self.state.lock().busy = false;
        }
    }

    /// One transaction, which is a commit of its own.
    fn turn(&self, job: Job, observer: Option<Arc<dyn Observer>>, poisoned: Option<StoreError>) {
        let mut group = Group::default();
        let (Some(observer), None) = (observer, &poisoned) else {
            let error = poisoned.unwrap_or(StoreError::Closed);
            group.run(job, Err(error.clone()));
            return group.settle(&Err(error));
        };
        group.run(job, Ok(Arc::clone(&self.rows) as _));
        if group.writes().is_empty() {
            return group.settle(&Ok(()));
        }
        let fault = self.state.lock().faults.pop_front().flatten();
        if fault == Some(Fault::Full) {
            self.state.lock().full = true;
            return group.settle(&Err(StoreError::Full { cause: "as the test wants it".into() }));
        }
        observer.applying(group.writes());
        self.rows.0.write().apply(group.writes());
        match fault {
            Some(Fault::Late) => self.state.lock().late = Some(group),
            Some(Fault::Fail) => {
                self.settle(group, Err(StoreError::Disk { cause: "as the test wants it".into() }));
            }
            Some(Fault::Lost { written }) => {
                let cause = String::from("the answer got lost, as the test wants it");
                self.rows.0.write().end(written);
                let poisoned = StoreError::Poisoned { cause: cause.clone() };
                let state = self.state.lock();
                state.progress.send_modify(|progress| progress.poisoned = Some(poisoned));
                drop(state);
                let lost = Err(StoreError::Unknown { cause });
                observer.settled(group.writes(), &lost);
                group.settle(&lost);
            }
            _ => self.settle(group, Ok(())),
        }
    }

    fn settle(&self, group: Group, result: Result<(), StoreError>) {
        let attempt = self.rows.0.write().end(result.is_ok());
        let observer = {
            let mut state = self.state.lock();
            state.full &= result.is_err();
            state.progress.send_modify(|progress| {
                progress.settled = attempt;
                if result.is_err() {
                    progress.failed = attempt;
                }
            });
            state.observer.clone()
        };
        if let Some(observer) = observer {
            observer.settled(group.writes(), &result);
        }
        group.settle(&result);
    }
}

impl Layers {
    fn apply(&mut self, writes: &Writes) {
        self.pending.clone_from(writes);
        self.attempt += 1;
    }

    /// The last attempt is durable, or undone.
    fn end(&mut self, keep: bool) -> Attempt {
        for (key, value) in std::mem::take(&mut self.pending) {
            match value {
                Some(value) if keep => drop(self.durable.insert(key, Some(value))),
                None if keep => drop(self.durable.remove(&key)),
                _ => {}
            }
        }
        self.attempt
    }

    fn touches(&self, range: &Range<Vec<u8>>) -> bool {
        self.pending.range(range.clone()).next().is_some()
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.pending.get(key).or_else(|| self.durable.get(key)).cloned().flatten()
    }
}

/// What is durable, alone: the rest is laid on top.
impl View for Layers {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.durable.get(key).cloned().flatten())
    }

    fn visit(
        &self,
        range: Range<Vec<u8>>,
        reverse: bool,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        for (key, value) in super::directed(self.durable.range(range), reverse) {
            if let Some(value) = value
                && let ControlFlow::Break(()) = each(key, value)
            {
                break;
            }
        }
        Ok(())
    }
}

/// What transactions see. They run while nothing is pending.
impl View for Rows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().get(key))
    }

    fn visit(
        &self,
        range: Range<Vec<u8>>,
        reverse: bool,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        self.0.read().visit(range, reverse, each)
    }
}

impl Engine for Memory {
    fn open(&self, observer: Arc<dyn Observer>) -> Answer<(), OpenError> {
        let (inner, owned) = (Arc::clone(&self.inner), self.owned.clone());
        Box::pin(async move {
            loop {
                // Registered before the look, so that it isn't missed.
                let free = inner.free.notified();
                if inner.take(&observer) {
                    if let Some(owned) = owned {
                        owned();
                    }
                    return Ok(());
                }
                if owned.is_none() {
                    let owner = Some(std::process::id());
                    return Err(OpenError::Locked { path: "memory".into(), owner });
                }
                free.await;
            }
        })
    }

    fn close(&self) -> Answer<()> {
        self.shut();
        Box::pin(async { Ok(()) })
    }

    fn shut(&self) {
        while self.release() {}
        self.inner.state.lock().observer = None;
        self.inner.free.notify_waiters();
    }

    fn ownership(&self) -> Ownership {
        Ownership::Exclusive
    }

    fn condition(&self) -> Condition {
        let state = self.inner.state.lock();
        if let Some(StoreError::Poisoned { cause }) = &state.progress.borrow().poisoned {
            return Condition::Poisoned { cause: cause.clone() };
        }
        match state.full {
            true => Condition::Full { cause: "as the test wants it".into() },
            false => Condition::Ok,
        }
    }

    fn get(&self, keys: Vec<Vec<u8>>) -> Answer<Vec<Option<Vec<u8>>>> {
        self.read(move |layers| {
            let pending = keys.iter().any(|key| layers.pending.contains_key(key));
            Ok((keys.iter().map(|key| layers.get(key)).collect(), pending))
        })
    }

    fn scan(&self, scan: Scan) -> Answer<Vec<RawRow>> {
        self.read(move |layers| {
            if scan.range.is_empty() {
                return Ok((Vec::new(), false));
            }
            let rows = super::scan(layers, &scan, &layers.pending)?;
            let followed = rows.iter().any(|(key, _)| layers.pending.contains_key(key));
            Ok((rows, followed || layers.touches(&scan.range)))
        })
    }

    fn count(&self, range: Range<Vec<u8>>) -> Answer<u64> {
        self.read(move |layers| {
            let mut count = 0;
            super::visit(layers, range.clone(), false, &layers.pending, &mut |_, _| {
                count += 1;
                ControlFlow::Continue(())
            })?;
            Ok((count, !range.is_empty() && layers.touches(&range)))
        })
    }

    fn commit(&self, job: Job) -> Answer<()> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            {
                let mut state = inner.state.lock();
                if state.observer.is_none() {
                    return Err(StoreError::Closed);
                }
                if state.waiting.len() >= QUEUE {
                    let cause = format!("{QUEUE} transactions wait already");
                    return Err(StoreError::Full { cause });
                }
                state.waiting.push_back(job);
            }
            inner.work();
            Ok(())
        })
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("rows", &self.inner.rows.0.read().durable.len()).finish()
    }
}
