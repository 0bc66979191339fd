//! What a unit's calls have recorded, kept on a thread of its own.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use seam_core::record::{Record, Recorder};
use seam_telemetry::otlp::Export;
use seam_telemetry::{Filter, Keep, Latency, Span, span};

use super::exemplars::Exemplars;
use super::tapping::Tapping;

/// How often is looked for what is new; a thread whose ring fills has it looked at sooner.
const LOOK: Duration = Duration::from_millis(100);

/// So many spans are exported at once: there may be no room for them.
const BATCH: usize = 256;

/// What a unit's calls have recorded.
pub(super) struct Recording {
    records: Arc<Records>,
    waker: Arc<Waker>,
    /// None where nothing runs by itself: then it is looked whenever somebody asks.
    reader: Mutex<Option<JoinHandle<()>>>,
}

/// Where records come from, and where they go.
struct Records {
    unit: String,
    recorder: Arc<Recorder>,
    keep: Mutex<Keep>,
    exemplars: Mutex<Exemplars>,
    export: Arc<Export>,
    tapping: Arc<Tapping>,
}

#[derive(Default)]
struct Waker {
    /// Whether there is much to read.
    woken: Mutex<bool>,
    changed: Condvar,
    stopped: AtomicBool,
}

impl Recording {
    /// Keeps what `recorder` has, of that unit, as much as that in bytes, exports it, and tells those who look
    /// on; on a thread of its own if `apart`.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn start(
        unit: &str,
        recorder: &Arc<Recorder>,
        keep: u64,
        export: &Arc<Export>,
        tapping: &Arc<Tapping>,
        apart: bool,
    ) -> io::Result<Self> {
        let records = Arc::new(Records {
            unit: unit.to_owned(),
            recorder: Arc::clone(recorder),
            keep: Mutex::new(Keep::new(bytes(keep))),
            exemplars: Mutex::default(),
            export: Arc::clone(export),
            tapping: Arc::clone(tapping),
        });
        let waker = Arc::<Waker>::default();
        let mut reader = None;
        if apart {
            let woken = Arc::downgrade(&waker);
            recorder.wake_by(move || {
                if let Some(waker) = woken.upgrade() {
                    waker.wake();
                }
            });
            let (records, waker) = (Arc::clone(&records), Arc::clone(&waker));
            let read = move || {
                while waker.wait() {
                    records.take();
                }
                records.take();
            };
            reader = Some(thread::Builder::new().name("seam-records".into()).spawn(read)?);
        }
        Ok(Self { records, waker, reader: Mutex::new(reader) })
    }

    /// Keeps as much as that from now on, in bytes.
    pub(super) fn set_keep(&self, keep: u64) {
        self.records.keep.lock().set(bytes(keep));
    }

    /// The spans of a trace, as far as they are known here now.
    pub(super) fn trace(&self, id: u128) -> Vec<Span> {
        self.records.take();
        self.records.spans(self.records.keep.lock().trace(id))
    }

    /// The spans of each of these traces of which any are known here now.
    pub(super) fn several(&self, ids: impl Iterator<Item = u128>) -> Vec<Vec<Span>> {
        self.records.take();
        let keep = self.records.keep.lock();
        let found = ids.map(|id| keep.trace(id)).filter(|found| !found.is_empty());
        found.map(|found| self.records.spans(found)).collect()
    }

    /// The latest traces in which something is so, each with all its spans here; `matches` looks at what
    /// a filter can't.
    pub(super) fn traces(
        &self,
        filter: Filter,
        most: usize,
        matches: impl Fn(&Span) -> bool,
    ) -> Vec<Vec<Span>> {
        self.records.take();
        let keep = self.records.keep.lock();
        let found = keep.find(filter, |_| true).map(|found| self.records.spans(found));
        found.filter(|spans| spans.iter().any(&matches)).take(most).collect()
    }

    /// Those who look on.
    pub(super) fn tapping(&self) -> &Tapping {
        &self.records.tapping
    }

    /// What is new is looked at now.
    pub(super) fn look(&self) {
        self.records.take();
    }

    /// Adds calls that were recorded to what was counted of their times.
    pub(super) fn add_exemplars(&self, all: &mut [Latency]) {
        self.records.exemplars.lock().add_to(all);
    }

    /// How many records there was no room for.
    pub(super) fn dropped(&self) -> u64 {
        self.records.recorder.dropped()
    }

    /// Ends the thread, once it has read what there is.
    pub(super) fn stop(&self) {
        self.waker.stopped.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(reader) = self.reader.lock().take() {
            // It panics at nothing that it reads.
            let _ = reader.join();
        }
    }
}

impl Records {
    /// Keeps what is new, exports it, and tells those who look on.
    fn take(&self) {
        let exports = self.export.is_on();
        let (mut spans, mut tapped) = (Vec::new(), Vec::new());
        let mut keep = self.keep.lock();
        let mut exemplars = self.exemplars.lock();
        self.recorder.drain(|record| {
            if record.tapped {
                tapped.push(record);
            }
            if !record.kept {
                return;
            }
            exemplars.note(&record, &self.recorder);
            if exports {
                spans.push(self.span(&record));
            }
            keep.add(record);
            if spans.len() == BATCH {
                self.export.spans(mem::take(&mut spans));
            }
        });
        drop((keep, exemplars));
        if !spans.is_empty() {
            self.export.spans(spans);
        }
        self.tapping.tell(&tapped, |record| self.span(record));
    }

    fn spans(&self, records: &[Record]) -> Vec<Span> {
        records.iter().map(|record| self.span(record)).collect()
    }

    fn span(&self, record: &Record) -> Span {
        span(record, &self.recorder, &self.unit)
    }
}

impl Waker {
    fn wake(&self) {
        *self.woken.lock() = true;
        self.changed.notify_one();
    }

    /// Until it is time to look; false once it is over.
    fn wait(&self) -> bool {
        let mut woken = self.woken.lock();
        if !*woken {
            self.changed.wait_for(&mut woken, LOOK);
        }
        *woken = false;
        !self.stopped.load(Ordering::Acquire)
    }
}

fn bytes(keep: u64) -> usize {
    usize::try_from(keep).unwrap_or(usize::MAX)
}
