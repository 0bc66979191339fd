//! The event log of a service, beside its database: appended in order, read by many, given back
//! with time.
//!
//! A [`Log`] is one folder, owned by one process at a time. Its [`Record`]s have the positions that
//! their writer gave them, from 1 and without gaps, so that a batch which is appended twice is
//! there once.
//!
//! ```
//! # async fn example(folder: &std::path::Path) -> Result<(), seam_log::LogError> {
//! use seam_log::{Log, LogOptions, Record};
//!
//! let log = Log::open(folder, LogOptions::default())?;
//! let paid = Record::new(1, 1_767_225_600_000, "order.paid", br#"{"order_id":7}"#).key(b"7");
//! log.append(vec![paid.clone()]).await?;
//! log.append(vec![paid.clone()]).await?;
//!
//! let batch = log.read(1, 100, 1 << 20).await?;
//! assert_eq!((batch.records, batch.first, batch.head), (vec![paid], 1, 1));
//! log.close().await?;
//! # Ok(()) }
//! # let folder = tempfile::tempdir().unwrap();
//! # pollster::block_on(example(folder.path())).unwrap();
//! ```
//!
//! # What is promised
//!
//! - **Acknowledged is on disk.** An append resolves after a sync. All that wait meanwhile share the
//!   next one.
//! - **Told is on disk.** Nobody reads a record, or hears of its position, before its sync.
//! - **In order, without gaps, once.** What is there already is skipped; what would leave a gap is
//!   [refused](LogError::Gap).
//! - **Trimmed is told.** A read from a position that isn't there any more says so, and where the log
//!   begins now. It never skips in silence.
//! - **`keep_bytes` bounds the disk, whatever readers do.** Nobody who lags or is gone can fill it; who
//!   lags for longer than is kept learns that by [`LogError::Trimmed`].
//! - **A shortage passes.** What can't be written for want of room is refused; reads go on, and so do
//!   appends once there is room.
//! - **A failed sync ends appending**, until the log is opened anew: a disk that failed once may lie the
//!   next time.
//! - **Damage is an error.** What the engine would cut off in silence shows as [`LogError::Corrupt`]:
//!   its journals are looked at before it may, and a small file knows what was acknowledged.
//! - **Nothing is unbounded.** Records, appends, reads and queues have limits; waiting for room in a
//!   queue is async.
//!
//! Disk work runs on the log's own threads, one that writes and two that read. No runtime is needed:
//! any executor may poll the futures.
//!
//! # What is where
//!
//! ```text
//! log        the handle
//! options    what is kept
//! record     a record, its limits, and its bytes
//! ends       where the log begins and ends, as everybody is told
//! writer     the thread that appends; retain: what it gives back, and when
//! readers    the threads that read; read: what they do
//! engine     the records on disk, by fjall
//! open       opening, so that neither a kill nor damage loses anything in silence
//! journal    the engine's journals, looked at before it opens them
//! state      the small file; room: whether there is room to write
//! ```

mod ends;
mod engine;
mod error;
#[cfg(test)]
mod full;
// Both have the same disk.
mod journal;
mod log;
mod open;
mod options;
mod read;
mod readers;
mod record;
mod retain;
mod room;
#[cfg(test)]
#[path = "../../store/src/disk/small.rs"]
mod small;
mod state;
mod writer;

pub use crate::{
    error::LogError,
    log::Log,
    options::LogOptions,
    read::Batch,
    record::{MAX_APPEND, MAX_BODY, MAX_HEADERS, MAX_KEY, MAX_TOPIC, Millis, Position, Record},
};
