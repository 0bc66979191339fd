//! What is done with the events of a stream: the [`Intake`] says what, and this does it.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use seam_core::context::Delivery as Handed;
use seam_core::live::Live;
use seam_store::{StoreError, TransactionError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::deliver::{Deliver, Undelivered};
use super::effect::Effect;
use super::kept::{Failure, Kept, Waiting};
use super::source::{Batch, Source, SourceError, Wanted};
use crate::intake::{Delivery, Ended, Given, Intake, Nanos, Position, Settings, Then};
use crate::record::Record;
use crate::time::unix_millis;

/// After so long something that failed for want of its store or its source is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// So often, at least, it is noted how far the stream is.
const NOTED: Duration = Duration::from_secs(1);
/// Or after so many events.
const NOTED_EVENTS: u64 = 1_024;
/// The longest cause that is kept of a failure, in bytes.
const CAUSE: usize = 1_024;

/// The events of one publisher that a service subscribes to: they share their order.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What it is kept under.
    pub name: String,
    /// Whose events these are.
    pub publisher: String,
    /// Who subscribes.
    pub subscriber: String,
    /// To what.
    pub topics: Vec<Subscribed>,
    /// Up to which position; for ever, if that isn't said.
    pub until: Option<Position>,
}

/// A method that takes events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Of which topic.
    pub topic: String,
    /// In which version.
    pub version: u16,
    /// Its place in the contract.
    pub method: u16,
    /// Its name.
    pub name: String,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to there is settled or kept.
    pub cursor: Position,
    /// The last position of the publisher's log, as far as that is known.
    pub head: Position,
    /// How many events are kept that have failed, or wait behind one that has.
    pub waiting: u64,
}

/// Drives one stream.
pub struct Driver {
    stream: Stream,
    kept: Kept,
    source: Arc<dyn Source>,
    to: Arc<dyn Deliver>,
    settings: Live<Settings>,
    intake: Intake,
    /// Those that are known and that aren't kept.
    records: HashMap<Position, Record>,
    began: Instant,
    noted: (Position, Instant),
    progress: watch::Sender<Progress>,
    head: Position,
}

/// What has come to an end.
enum Done {
    Read(Result<Batch, SourceError>),
    Delivered(Delivery, Record, Result<(), Undelivered>),
    /// It is on disk.
    Kept(Vec<Write>),
    Due,
    Revive(Position),
}

/// What is to be kept of an event.
#[derive(Debug, Clone)]
enum Write {
    /// It was handled, and its handler has written nothing.
    Handled(Delivery),
    Wait {
        position: Position,
        kept: bool,
        waiting: Waiting,
        failure: Option<Failure>,
    },
    Bury {
        position: Position,
        kept: bool,
        record: Record,
        failure: Failure,
    },
}

impl Driver {
    /// Takes the stream up where it was left; a new one begins at `from`.
    ///
    /// # Errors
    /// If what was kept of it can't be read.
    pub async fn open(
        stream: Stream,
        kept: Kept,
        (source, to): (Arc<dyn Source>, Arc<dyn Deliver>),
        settings: Live<Settings>,
        from: Position,
    ) -> Result<Self, StoreError> {
        let cursor = match kept.cursor().await? {
            Some(cursor) => cursor,
            None => {
                let (own, cursor) = (kept.clone(), from.saturating_sub(1));
                store(kept.store().transaction(move |tx| own.note(tx, cursor)).await)?;
                cursor
            }
        };
        let handled = kept.handled().await?;
        let waiting = kept.waiting((unix_millis(), 0)).await?;
        let intake = Intake::resume(**settings.load(), cursor, handled, waiting);
        let began = Instant::now();
        let progress = watch::Sender::new(Progress {
            cursor,
            head: cursor,
            waiting: intake.kept_len() as u64,
        });
        let (records, noted) = (HashMap::new(), (cursor, began));
        Ok(Self {
            stream,
            kept,
            source,
            to,
            settings,
            intake,
            records,
            began,
            noted,
            progress,
            head: cursor,
        })
    }

    /// How far it is, from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Drives it until `stop` is true, or up to its end: whether that was reached. What is under way then comes to its end by
    /// itself, and is told to nobody: what it has written it has marked. `revived` names dead letters
    /// that are kept as waiting now.
    pub async fn run(
        mut self,
        mut stop: watch::Receiver<bool>,
        mut revived: mpsc::Receiver<Position>,
    ) -> bool {
        let mut under_way: FuturesUnordered<BoxFuture<'static, Done>> = FuturesUnordered::new();
        let mut reading: Option<BoxFuture<'static, Done>> = None;
        loop {
            if reading.is_none() {
                reading = self.read();
            }
            let now = self.now();
            while let Some(delivery) = self.intake.next(now) {
                under_way.push(self.deliver(delivery));
            }
            self.tell();
            if self.is_over() && under_way.is_empty() {
                break;
            }
            let due = self.intake.due().map(|due| self.began + Duration::from_nanos(due));
            let timer = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            let read = async {
                match reading.as_mut() {
                    Some(read) => read.await,
                    None => pending().await,
                }
            };
            let done = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(done) = under_way.next() => done,
                done = read => { reading = None; done }
                Some(position) = revived.recv() => Done::Revive(position),
                () = timer => Done::Due,
                () = sleep(NOTED), if self.intake.cursor() > self.noted.0 => Done::Due,
            };
            let mut writes = self.take(done).await;
            // Those that have come to their end meanwhile share a transaction.
            while let Some(Some(done)) = under_way.next().now_or_never() {
                writes.extend(self.take(done).await);
            }
            let note = self.is_to_be_noted();
            if !writes.is_empty() || note {
                under_way.push(self.keep(writes, note));
            }
        }
        let stopped = self.write(Vec::new(), true);
        let (stopped, patience) = (pin!(stopped), pin!(sleep(AGAIN)));
        // What isn't noted is looked at once more, and found to be handled.
        let _ = select(stopped, patience).await;
        self.is_over()
    }

    fn now(&self) -> Nanos {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn is_over(&self) -> bool {
        let until = self.stream.until;
        until.is_some_and(|until| self.intake.cursor() >= until && self.intake.is_empty())
    }

    fn tell(&self) {
        let (cursor, head) = (self.intake.cursor(), self.head.max(self.intake.cursor()));
        let now = Progress { cursor, head, waiting: self.intake.kept_len() as u64 };
        self.progress.send_if_modified(|progress| {
            let changed = *progress != now;
            *progress = now;
            changed
        });
    }

    fn read(&self) -> Option<BoxFuture<'static, Done>> {
        let (from, most) = self.intake.wants()?;
        if self.stream.until.is_some_and(|until| from > until) {
            return None;
        }
        let topic = |on: &Subscribed| (on.topic.clone(), on.version);
        let wanted = Wanted { from, most, topics: self.stream.topics.iter().map(topic).collect() };
        let source = Arc::clone(&self.source);
        Some(Box::pin(async move {
            let read = source.read(wanted).await;
            if read.is_err() {
                sleep(AGAIN).await;
            }
            Done::Read(read)
        }))
    }

    fn method(&self, record: &Record) -> Option<&Subscribed> {
        let is = |on: &&Subscribed| on.topic == record.topic && on.version == record.version;
        self.stream.topics.iter().find(is)
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'static, Done> {
        let Delivery { position, attempt, kept: waits } = delivery;
        let known = self.records.get(&position).cloned();
        let (kept, to) = (self.kept.clone(), Arc::clone(&self.to));
        let (topics, id) =
            (self.stream.topics.clone(), format!("{}:{position}", self.stream.publisher));
        Box::pin(async move {
            let record = match known {
                Some(record) => record,
                None => match kept.waits(position).await {
                    Ok(Some(waiting)) => waiting.record,
                    // It was handled by a delivery before this one.
                    Ok(None) => return Done::Delivered(delivery, nobody(), Ok(())),
                    Err(_) => return Done::Delivered(delivery, nobody(), Err(Undelivered::NotRun)),
                },
            };
            let is = |on: &&Subscribed| on.topic == record.topic && on.version == record.version;
            let Some(on) = topics.iter().find(is) else {
                let why = "no method of this release subscribes to it".to_owned();
                return Done::Delivered(delivery, record, Err(Undelivered::Failed(why)));
            };
            let effect = Arc::new(Effect::of_event(kept.clone(), position, waits));
            let handed = Handed::new(id, attempt, Some(position), Arc::clone(&effect) as _);
            let came = to.deliver(on.method, &record, handed).await;
            match came {
                // Its effect is marked.
                Ok(()) if effect.is_written() => Done::Kept(vec![Write::Handled(delivery)]),
                Ok(()) => Done::Delivered(delivery, record, Ok(())),
                // An earlier delivery may have gone on after its deadline, and this one beyond what it
                // wrote.
                Err(why) => match kept.is_handled(position, waits).await {
                    Ok(true) => Done::Kept(vec![Write::Handled(delivery)]),
                    Ok(false) => Done::Delivered(delivery, record, Err(why)),
                    Err(_) => Done::Delivered(delivery, record, Err(Undelivered::NotRun)),
                },
            }
        })
    }

    /// Takes in what has come to an end; what is to be kept of it.
    async fn take(&mut self, done: Done) -> Vec<Write> {
        match done {
            Done::Due => Vec::new(),
            Done::Read(Ok(batch)) => self.given(batch),
            Done::Read(Err(error)) => {
                let Stream { publisher, subscriber, .. } = &self.stream;
                tracing::debug!(publisher, subscriber, %error, "no events for now");
                Vec::new()
            }
            Done::Delivered(delivery, _, Ok(())) => vec![Write::Handled(delivery)],
            Done::Delivered(delivery, record, Err(why)) => self.failed(delivery, record, why),
            Done::Kept(writes) => {
                writes.into_iter().for_each(|write| self.kept(write));
                Vec::new()
            }
            Done::Revive(position) => {
                if let Ok(Some(waiting)) = self.kept.waits(position).await {
                    self.intake.revive(position, &waiting.record.key);
                }
                Vec::new()
            }
        }
    }

    fn given(&mut self, batch: Batch) -> Vec<Write> {
        let Batch { events, next, head } = batch;
        self.head = self.head.max(head);
        let mut writes = Vec::new();
        for (position, record) in events {
            match self.intake.give(position, &record.key) {
                Given::Known => {}
                Given::Lined => {
                    self.records.insert(position, record);
                }
                Given::Keep => {
                    self.records.insert(position, record.clone());
                    let waiting = Waiting { record, failed: 0, due: 0 };
                    writes.push(Write::Wait { position, kept: false, waiting, failure: None });
                }
            }
        }
        self.intake.pass(next);
        writes
    }

    fn failed(&mut self, delivery: Delivery, record: Record, why: Undelivered) -> Vec<Write> {
        let (now, Delivery { position, kept, .. }) = (self.now(), delivery);
        let Undelivered::Failed(cause) = why else {
            self.intake.ended(position, Ended::NotRun, now);
            return Vec::new();
        };
        let failure = Failure { at: unix_millis(), cause: short(&cause) };
        self.intake.set(**self.settings.load());
        let then = self.intake.ended(position, Ended::Failed, now);
        let method = self.method(&record).map_or("", |on| &on.name);
        let Stream { publisher, subscriber, .. } = &self.stream;
        let event = format!("{publisher}:{position}");
        match then {
            Then::Nothing => Vec::new(),
            Then::Keep { failed, pause, behind } => {
                tracing::warn!(subscriber, method, event, failed, cause, "an event failed");
                let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                let waiting = Waiting { record, failed, due: unix_millis().saturating_add(pause) };
                let behind = behind.into_iter().filter_map(|position| {
                    let record = self.records.get(&position)?.clone();
                    let waiting = Waiting { record, failed: 0, due: 0 };
                    Some(Write::Wait { position, kept: false, waiting, failure: None })
                });
                let first = Write::Wait { position, kept, waiting, failure: Some(failure) };
                std::iter::once(first).chain(behind).collect()
            }
            Then::Bury { failed } => {
                tracing::error!(
                    subscriber,
                    method,
                    event,
                    failed,
                    cause,
                    "an event is a dead letter"
                );
                vec![Write::Bury { position, kept, record, failure }]
            }
        }
    }

    /// It is on disk.
    fn kept(&mut self, write: Write) {
        match write {
            Write::Handled(Delivery { position, .. }) => {
                self.records.remove(&position);
                self.intake.ended(position, Ended::Handled, self.now());
            }
            Write::Wait { position, .. } => {
                self.records.remove(&position);
                self.intake.kept(&[position]);
            }
            Write::Bury { position, .. } => {
                self.records.remove(&position);
                self.intake.buried(position);
            }
        }
    }

    fn is_to_be_noted(&self) -> bool {
        let (cursor, at) = self.noted;
        let new = self.intake.cursor().saturating_sub(cursor);
        new >= NOTED_EVENTS || (new > 0 && at.elapsed() >= NOTED)
    }

    /// Brings it to disk, however long that takes.
    fn keep(&mut self, writes: Vec<Write>, note: bool) -> BoxFuture<'static, Done> {
        if note {
            self.noted = (self.intake.cursor(), Instant::now());
        }
        let mut first = Some(self.write(writes.clone(), note));
        let (kept, cursor) = (self.kept.clone(), note.then(|| self.intake.cursor()));
        Box::pin(async move {
            loop {
                let written = match first.take() {
                    Some(first) => first.await,
                    None => write(kept.clone(), writes.clone(), cursor).await,
                };
                match written {
                    Ok(()) => return Done::Kept(writes),
                    Err(error) => {
                        tracing::warn!(%error, "what became of events can't be kept for now");
                        sleep(AGAIN).await;
                    }
                }
            }
        })
    }

    fn write(
        &self,
        writes: Vec<Write>,
        note: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        write(self.kept.clone(), writes, note.then(|| self.intake.cursor()))
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("stream", &self.stream).finish_non_exhaustive()
    }
}

async fn write(kept: Kept, writes: Vec<Write>, cursor: Option<Position>) -> Result<(), StoreError> {
    let own = kept.clone();
    let written = kept.store().transaction(move |tx| {
        for write in writes {
            match write {
                Write::Handled(Delivery { position, kept, .. }) => {
                    own.mark(tx, position, kept)?;
                }
                Write::Wait { position, kept, waiting, failure } => {
                    own.keep(tx, position, &waiting, (kept, failure))?;
                }
                Write::Bury { position, kept, record, failure } => {
                    own.bury(tx, position, &record, (kept, failure))?;
                }
            }
        }
        match cursor {
            Some(cursor) => own.note(tx, cursor),
            None => Ok(()),
        }
    });
    store(written.await)
}

fn store<T>(result: Result<T, TransactionError<StoreError>>) -> Result<T, StoreError> {
    result.map_err(|error| match error {
        TransactionError::Aborted(error) | TransactionError::Store(error) => error,
    })
}

/// In place of an event that isn't there any more.
fn nobody() -> Record {
    Record {
        topic: String::new(),
        version: 0,
        key: Box::default(),
        at: 0,
        trace: Box::default(),
        body: Box::default(),
    }
}

/// A cause, cut where it is too long.
fn short(cause: &str) -> String {
    let end = (0..=CAUSE.min(cause.len())).rev().find(|at| cause.is_char_boundary(*at));
    cause[..end.unwrap_or_default()].to_owned()
}
