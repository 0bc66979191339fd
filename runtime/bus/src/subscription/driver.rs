//! What is done with the events of a stream: the [`Intake`] says what, and this does it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use futures_util::stream::{FuturesUnordered, StreamExt};
use seam_core::context::Delivery as Handed;
use seam_core::live::Live;
use seam_store::StoreError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::deliver::{Deliver, Undelivered};
use super::effect::Effect;
use super::kept::{Failure, Kept, Waiting};
use super::source::{Batch, Source, SourceError, Wanted};
use super::stream::{Progress, Stream};
use super::write::{Write, write};
use crate::intake::{Delivery, Ended, Given, Intake, Nanos, Position, Settings, Then};
use crate::record::Record;
use crate::time::{millis, unix_millis};

/// After so long something that failed for want of its store or its source is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// So often, at least, it is noted how far the stream is.
const NOTED: Duration = Duration::from_secs(1);
/// Or after so many events.
const NOTED_EVENTS: u64 = 1_024;
/// The longest cause that is kept of a failure, in bytes.
const CAUSE: usize = 1_024;

/// Drives one stream.
pub struct Driver {
    stream: Arc<Stream>,
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
    /// It was handled, and nothing of it is on disk.
    Handled(Delivery),
    NotRun(Delivery),
    Failed(Delivery, Record, String),
    /// It is on disk.
    Kept(Vec<Write>),
    Due,
    Revive(Position),
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
                let cursor = from.saturating_sub(1);
                write(kept.clone(), Vec::new(), Some(cursor)).await?;
                cursor
            }
        };
        source.settled(cursor);
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
            stream: Arc::new(stream),
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

    /// Drives it until `stop` is true, or up to its end: whether that was reached. What is under way then
    /// comes to its end by itself, and is told to nobody: what it has written it has marked. `revived`
    /// names dead letters that are kept as waiting now.
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
        let noted = write(self.kept.clone(), Vec::new(), Some(self.intake.cursor()));
        // What isn't noted is looked at once more, and found to be handled.
        let _ = timeout(AGAIN, noted).await;
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
        let wanted = Wanted { from, most, topics: self.stream.wanted() };
        let source = Arc::clone(&self.source);
        Some(Box::pin(async move {
            let read = source.read(wanted).await;
            if read.is_err() {
                sleep(AGAIN).await;
            }
            Done::Read(read)
        }))
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'static, Done> {
        let Delivery { position, attempt, kept: waits } = delivery;
        let known = self.records.get(&position).cloned();
        let (kept, to) = (self.kept.clone(), Arc::clone(&self.to));
        let (stream, last) = (Arc::clone(&self.stream), attempt >= self.settings.load().attempts);
        Box::pin(async move {
            let record = match known {
                Some(record) => record,
                None => match kept.waits(position).await {
                    Ok(Some(waiting)) => waiting.record,
                    // It was handled by a delivery before this one.
                    Ok(None) => return Done::Handled(delivery),
                    Err(_) => return Done::NotRun(delivery),
                },
            };
            let Some(on) = stream.method(&record) else {
                let why = "no method of this release subscribes to it".to_owned();
                return Done::Failed(delivery, record, why);
            };
            let id = format!("{}:{position}", stream.publisher);
            let effect = Arc::new(Effect::of_event(kept.clone(), position, waits));
            let handed = Handed::new(id, attempt, Some(position), Arc::clone(&effect) as _);
            let came = to.deliver(on.method, &record, handed).await;
            let why = match came {
                // Its effect is marked.
                Ok(()) if effect.is_written() => return Done::Kept(vec![Write::Handled(delivery)]),
                Ok(()) => return Done::Handled(delivery),
                Err(why) => why,
            };
            let why = match why {
                // What nobody wrote needn't be looked for. Should an earlier delivery have gone on after
                // its deadline, that is found when this event is to be tried again, or to be buried.
                Undelivered::Failed(why) if !effect.is_written() && !last => {
                    return Done::Failed(delivery, record, why);
                }
                why => why,
            };
            // An earlier delivery may have gone on after its deadline, and this one beyond what it wrote.
            match (kept.is_handled(position, waits).await, why) {
                (Ok(true), why) => {
                    let (method, id) = (&on.name, format!("{}:{position}", stream.publisher));
                    tracing::warn!(
                        method,
                        event = id,
                        ?why,
                        "it failed after it had written: handled"
                    );
                    Done::Kept(vec![Write::Handled(delivery)])
                }
                (Ok(false), Undelivered::Failed(why)) => Done::Failed(delivery, record, why),
                (Ok(false), Undelivered::NotRun) | (Err(_), _) => Done::NotRun(delivery),
            }
        })
    }

    /// Takes in what has come to an end; what is to be kept of it.
    async fn take(&mut self, done: Done) -> Vec<Write> {
        match done {
            Done::Due => Vec::new(),
            Done::Read(Ok(batch)) => self.given(batch),
            Done::Read(Err(error)) => {
                let Stream { publisher, subscriber, .. } = &*self.stream;
                tracing::debug!(publisher, subscriber, %error, "no events for now");
                Vec::new()
            }
            Done::Handled(delivery) => vec![Write::Handled(delivery)],
            Done::NotRun(delivery) => {
                self.intake.ended(delivery.position, Ended::NotRun, self.now());
                Vec::new()
            }
            Done::Failed(delivery, record, cause) => self.failed(delivery, record, &cause),
            Done::Kept(writes) => {
                writes.into_iter().for_each(|write| self.is_on_disk(&write));
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
                    writes.push(Write::behind(position, record));
                }
            }
        }
        self.intake.pass(next);
        writes
    }

    fn failed(&mut self, delivery: Delivery, record: Record, cause: &str) -> Vec<Write> {
        let Delivery { position, kept, .. } = delivery;
        let short = cause[..cause.floor_char_boundary(CAUSE)].to_owned();
        let failure = Failure { at: unix_millis(), cause: short };
        self.intake.set(**self.settings.load());
        let then = self.intake.ended(position, Ended::Failed, self.now());
        let method = self.stream.method(&record).map_or("", |on| &on.name);
        let Stream { publisher, subscriber, .. } = &*self.stream;
        let event = format!("{publisher}:{position}");
        match then {
            Then::Nothing => Vec::new(),
            Then::Keep { failed, pause, behind } => {
                tracing::warn!(subscriber, method, event, failed, cause, "an event failed");
                let due = unix_millis().saturating_add(millis(pause));
                let waiting = Waiting { record, failed, due };
                let behind = behind.into_iter().filter_map(|position| {
                    Some(Write::behind(position, self.records.get(&position)?.clone()))
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

    fn is_on_disk(&mut self, write: &Write) {
        let (Write::Handled(Delivery { position, .. })
        | Write::Wait { position, .. }
        | Write::Bury { position, .. }) = *write;
        self.records.remove(&position);
        match write {
            Write::Handled(_) => {
                self.intake.ended(position, Ended::Handled, self.now());
            }
            Write::Wait { .. } => self.intake.kept(&[position]),
            Write::Bury { .. } => self.intake.buried(position),
        }
    }

    fn is_to_be_noted(&self) -> bool {
        let (cursor, at) = self.noted;
        let new = self.intake.cursor().saturating_sub(cursor);
        new >= NOTED_EVENTS || (new > 0 && at.elapsed() >= NOTED)
    }

    /// Brings it to disk, however long that takes.
    fn keep(&mut self, writes: Vec<Write>, note: bool) -> BoxFuture<'static, Done> {
        let cursor = note.then(|| self.intake.cursor());
        if let Some(cursor) = cursor {
            self.noted = (cursor, Instant::now());
        }
        let (kept, source) = (self.kept.clone(), Arc::clone(&self.source));
        Box::pin(async move {
            while let Err(error) = write(kept.clone(), writes.clone(), cursor).await {
                tracing::warn!(%error, "what became of events can't be kept for now");
                sleep(AGAIN).await;
            }
            if let Some(cursor) = cursor {
                source.settled(cursor);
            }
            Done::Kept(writes)
        })
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("stream", &self.stream).finish_non_exhaustive()
    }
}
