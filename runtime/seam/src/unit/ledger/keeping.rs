//! How calls whose outcome is unknown are written down, on a thread of its own.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use seam_core::context::SpanId;
use seam_core::record::{Doubt, Recorder};
use seam_core::time::Clock;
use seam_telemetry::SecretNames;
use seam_telemetry::ledger::{Book, Entry, Found, LedgerFile, Same, State};
use serde_json::Value as Json;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::seeking::{Seeker, Seeks};
use crate::unit::links::Links;

/// So many entries a unit has.
const MOST: usize = 100_000;
/// So many bytes they take: all of them, with few arguments each.
const BYTES: usize = 32 << 20;
/// So many calls wait to be written down, and so many bytes of arguments with them.
pub(super) const WAITING: usize = 4_096;
const WAITING_BYTES: usize = 8 << 20;
/// The longest arguments that are kept, in bytes.
pub(super) const ARGUMENTS: usize = 16 << 10;
/// The longest note, in bytes.
const NOTE: usize = 4 << 10;
/// How often it is tried again to write what couldn't be written.
const AGAIN: Duration = Duration::from_secs(1);

/// The unit's ledger.
pub(in crate::unit) struct Ledger {
    kept: Arc<Kept>,
    writer: Mutex<Option<JoinHandle<()>>>,
    seeker: Mutex<Option<AbortHandle>>,
}

/// What is known of the unit's calls whose outcome is unknown.
pub(super) struct Kept {
    pub(super) recorder: Arc<Recorder>,
    secrets: Arc<SecretNames>,
    pub(super) waiting: Mutex<Waiting>,
    pub(super) woken: Condvar,
    stopped: AtomicBool,
    pub(super) seeks: Mutex<Seeks>,
    /// Those that are settled by an answer to the same call.
    pub(super) same: RwLock<Same>,
    /// Held by who writes, for as long as the disk takes: by no thread that drives turns.
    pub(super) written: Mutex<Written>,
    /// Whether something couldn't be written yet.
    behind: AtomicBool,
    open: AtomicU64,
    dropped: AtomicU64,
}

/// What waits to be written down.
#[derive(Default)]
pub(super) struct Waiting {
    doubts: VecDeque<Doubt>,
    /// Of their arguments.
    bytes: usize,
    found: Vec<(SpanId, Found)>,
    /// By answers to the same calls.
    pub(super) settled: Vec<(SpanId, Found)>,
}

pub(super) struct Written {
    pub(super) book: Book,
    file: LedgerFile,
}

impl Ledger {
    /// Reads what the last process of that name has left, and writes down what `recorder` tells.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(in crate::unit) fn start(
        data: &Path,
        process: &str,
        recorder: &Arc<Recorder>,
        secrets: &Arc<SecretNames>,
    ) -> io::Result<Self> {
        let file = LedgerFile::new(data, process);
        let mut book = Book::new(MOST, BYTES);
        if let Err(error) = file.load(&mut book) {
            tracing::warn!(%error, "the ledger of the last process can't be read");
        }
        let (mut seeks, mut same) = (Seeks::default(), Same::default());
        for entry in book.iter().rev() {
            let Some(span) = span(&entry.id) else { continue };
            if entry.state == State::Open {
                seeks.add(span);
            }
            if let Some(callee) = entry.callee.rsplit_once('.').filter(|_| entry.may_settle()) {
                same.add(span.0, callee, &entry.arguments);
            }
        }
        recorder.repeats().want(!same.is_empty());
        let kept = Arc::new(Kept {
            recorder: Arc::clone(recorder),
            secrets: Arc::clone(secrets),
            waiting: Mutex::default(),
            woken: Condvar::new(),
            stopped: AtomicBool::new(false),
            seeks: Mutex::new(seeks),
            same: RwLock::new(same),
            open: AtomicU64::new(book.open() as u64),
            behind: AtomicBool::new(false),
            written: Mutex::new(Written { book, file }),
            dropped: AtomicU64::new(0),
        });
        let told = Arc::downgrade(&kept);
        recorder.doubt_by(move |doubt| {
            if let Some(kept) = told.upgrade() {
                kept.take(doubt);
            }
        });
        let told = Arc::downgrade(&kept);
        recorder.repeats().tell_by(move |repeat| {
            if let Some(kept) = told.upgrade() {
                kept.repeated(repeat);
            }
        });
        let own = Arc::clone(&kept);
        let write = move || {
            while own.wait() {
                own.write();
            }
            own.write();
        };
        let writer = thread::Builder::new().name("seam-ledger".into()).spawn(write)?;
        Ok(Self { kept, writer: Mutex::new(Some(writer)), seeker: Mutex::new(None) })
    }

    /// Finds out what becomes of calls, by a task on `home`.
    pub(in crate::unit) fn seek(&self, home: &Handle, links: &Arc<Links>, clock: &Clock) {
        let seeker = Seeker::new(&self.kept, links, clock.clone());
        *self.seeker.lock() = Some(home.spawn(seeker.seek()).abort_handle());
    }

    /// How many calls there are of which nobody knows what became of them.
    pub(in crate::unit) fn open(&self) -> u64 {
        self.kept.open.load(Ordering::Relaxed)
    }

    /// How many there was no room for.
    pub(in crate::unit) fn dropped(&self) -> u64 {
        self.kept.dropped.load(Ordering::Relaxed)
    }

    /// Somebody has looked into a call: it is written down then. How it was before, if there is such.
    pub(in crate::unit) async fn resolve(&self, id: String, note: String) -> Option<State> {
        let kept = Arc::clone(&self.kept);
        let resolved = tokio::task::spawn_blocking(move || kept.resolve(&id, note)).await;
        resolved.ok().flatten()
    }

    /// The same call was made again, by hand, and has come to this. Whether that is news.
    pub(in crate::unit) async fn settle(&self, id: String, found: Found) -> bool {
        let kept = Arc::clone(&self.kept);
        let settled = tokio::task::spawn_blocking(move || kept.settle(&id, found)).await;
        settled.unwrap_or_default()
    }

    fn end(&self) {
        if let Some(seeker) = self.seeker.lock().take() {
            seeker.abort();
        }
        let _waiting = self.kept.waiting.lock();
        self.kept.stopped.store(true, Ordering::Release);
        self.kept.woken.notify_all();
    }

    /// Writes what is left, and ends the thread.
    pub(in crate::unit) fn stop(&self) {
        self.end();
        if let Some(writer) = self.writer.lock().take() {
            // It panics at nothing that it writes.
            let _ = writer.join();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.end();
    }
}

impl Kept {
    /// A call is to be written down, if there is room.
    fn take(&self, doubt: Doubt) {
        let bytes = doubt.arguments.as_ref().map_or(0, |json| json.len());
        let mut doubt = doubt;
        if bytes > ARGUMENTS {
            doubt.arguments = None;
        }
        let arguments = doubt.arguments.as_ref().filter(|_| doubt.idempotent);
        let arguments = arguments.and_then(|json| serde_json::from_slice::<Json>(json).ok());
        let (span, callee) = (doubt.spot.span, (doubt.service.bare(), doubt.method));
        let bytes = doubt.arguments.as_ref().map_or(0, |json| json.len());
        let mut waiting = self.waiting.lock();
        if waiting.doubts.len() >= WAITING || waiting.bytes + bytes > WAITING_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += bytes;
        waiting.doubts.push_back(doubt);
        drop(waiting);
        if let Some(arguments) = arguments {
            self.same.write().add(span.0, callee, &arguments);
            self.recorder.repeats().want(true);
        }
        self.woken.notify_one();
    }

    /// Until there is something to write; false once it is over.
    fn wait(&self) -> bool {
        let mut waiting = self.waiting.lock();
        let is_over = || self.stopped.load(Ordering::Acquire);
        if self.behind.load(Ordering::Relaxed) {
            self.woken.wait_while_for(&mut waiting, |_| !is_over(), AGAIN);
        } else {
            let is_empty = |waiting: &mut Waiting| {
                let nothing = waiting.doubts.is_empty() && waiting.found.is_empty();
                nothing && waiting.settled.is_empty() && !is_over()
            };
            self.woken.wait_while(&mut waiting, is_empty);
        }
        !is_over()
    }

    /// Writes what waits.
    fn write(&self) {
        self.write_with(&mut self.written.lock(), Vec::new());
    }

    /// The same, and entries of the book that have changed.
    pub(super) fn write_with(&self, written: &mut Written, mut changed: Vec<Entry>) {
        let Written { book, file } = written;
        let Waiting { doubts, found, settled, .. } = std::mem::take(&mut *self.waiting.lock());
        for doubt in doubts {
            let entry = self.entry(doubt);
            book.put(&entry);
            if let (State::Open, Some(span)) = (entry.state, span(&entry.id)) {
                self.seeks.lock().add(span);
            }
            changed.push(entry);
        }
        for (span, found) in found {
            changed.extend(book.found(&span.to_string(), found));
        }
        for (span, found) in settled {
            changed.extend(book.settle(&span.to_string(), found));
        }
        let lost = book.take_lost();
        self.dropped.fetch_add(lost, Ordering::Relaxed);
        self.open.store(book.open() as u64, Ordering::Relaxed);
        let was_behind = file.is_behind();
        match file.write(&changed, book) {
            Ok(()) if was_behind => tracing::info!("the ledger is written again, and whole"),
            Err(error) if !was_behind => {
                tracing::warn!(%error, "the ledger can't be written: it is tried every second");
            }
            _ => {}
        }
        self.behind.store(file.is_behind(), Ordering::Relaxed);
    }

    fn resolve(&self, id: &str, mut note: String) -> Option<State> {
        note.truncate(note.floor_char_boundary(NOTE));
        let mut written = self.written.lock();
        // What waits may be what is meant.
        self.write_with(&mut written, Vec::new());
        let (entry, before) = written.book.resolve(id, note)?;
        self.forget(span(id).into_iter());
        self.write_with(&mut written, vec![entry]);
        Some(before)
    }

    fn entry(&self, doubt: Doubt) -> Entry {
        let Doubt { spot, caller, service, method, code, at, is_over, arguments, .. } = doubt;
        let arguments = arguments.and_then(|json| serde_json::from_slice::<Json>(&json).ok());
        let found = is_over.then_some(Found::Failed);
        Entry {
            id: spot.span.to_string(),
            at: Entry::time(self.recorder.unix_nanos(at)),
            trace_id: spot.trace.to_string(),
            caller: caller.label().to_owned(),
            callee: format!("{}.{method}", service.bare()),
            code: code.into_owned(),
            arguments: self.secrets.hide(arguments.unwrap_or_default()),
            state: if is_over { State::Found } else { State::Open },
            found,
            note: None,
        }
    }

    /// What became of calls, as somebody has said.
    pub(super) fn found(&self, found: &[(SpanId, Found)]) {
        if found.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock();
        // For what there is no room now, it is asked again.
        let found = &found[..found.len().min(WAITING - waiting.found.len().min(WAITING))];
        waiting.found.extend(found);
        drop(waiting);
        self.seeks.lock().found(found);
        // One that has failed is settled by the same call all the same.
        let known = found.iter().filter(|(_, found)| *found > Found::Failed);
        self.forget(known.map(|(span, _)| *span));
        self.woken.notify_one();
    }
}

/// The span of an entry.
pub(super) fn span(id: &str) -> Option<SpanId> {
    u64::from_str_radix(id, 16).ok().map(SpanId)
}
