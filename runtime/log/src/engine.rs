//! The records on disk, by fjall: a journal that is synced, and tables that it becomes, each of a
//! stretch of positions.

use std::{
    fs::{self, File},
    io,
    ops::{ControlFlow, RangeInclusive},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use fjall::{
    AbstractTree, Database, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode,
    compaction::Fifo,
    config::{BlockSizePolicy, FilterPolicy},
};
use parking_lot::RwLock;

use crate::{LogError, Millis, Position, Record, journal};

/// Memory for pages: what is read is mostly read once.
const CACHE: u64 = 4 * 1024 * 1024;
const PAGE: u32 = 16 * 1024;
const FILES: usize = 64;
/// The least that the engine allows. Journals go as soon as their tables are there.
const JOURNALS: u64 = 64 * 1024 * 1024;

/// From here on the engine begins its journal anew in time by itself.
const LARGE: u64 = 60 * 1024 * 1024;

/// How often it is looked whether a table is written.
const LOOK: Duration = Duration::from_millis(1);

/// fjall with the rules that make it safe for us.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The log's folder; the engine's own is in it.
    folder: PathBuf,
    /// Held for reading by whoever uses it, and for writing while it is opened anew. An error while
    /// that failed, or once it is closed.
    open: RwLock<Result<Open, LogError>>,
}

struct Open {
    records: Keyspace,
    database: Database,
}

/// A stretch of records on disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) last: Position,
    pub(crate) bytes: u64,
}

/// Where the engine is, in a log's folder.
pub(crate) fn records(folder: &Path) -> PathBuf {
    folder.join("records")
}

impl Engine {
    pub(crate) fn open(folder: &Path) -> Result<Self, LogError> {
        let open = RwLock::new(Ok(start(folder)?));
        Ok(Self { folder: folder.to_owned(), open })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Closes it and opens it anew, beneath everybody who uses it: it keeps its first error till then.
    pub(crate) fn reopen(&self) -> Result<(), LogError> {
        self.between(|| Ok(()))
    }

    /// Ends its use. What was written is on disk.
    pub(crate) fn close(&self) {
        let open = std::mem::replace(&mut *self.open.write(), Err(LogError::Closed));
        // It waits for its own threads.
        drop(open);
    }

    /// Whether it takes writes still.
    pub(crate) fn probe(&self) -> Result<(), LogError> {
        self.with(|open| open.database.persist(PersistMode::Buffer))
    }

    /// Writes records, whole or not at all, and hands them to the operating system. Waits while too
    /// many tables are to be written.
    pub(crate) fn write<'r>(
        &self,
        records: impl Iterator<Item = (Position, &'r [u8])>,
    ) -> Result<(), LogError> {
        // The engine's own wait, from 4 on, has no end if one can't be written.
        self.settle(2)?;
        self.with(|open| {
            let mut batch = open.database.batch();
            for (position, bytes) in records {
                batch.insert(&open.records, position.to_be_bytes(), bytes);
            }
            batch.commit()
        })
    }

    /// Brings what is written to disk.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.with(|open| open.database.persist(PersistMode::SyncData))
    }

    /// The first and the last position that are there.
    pub(crate) fn ends(&self) -> Result<Option<(Position, Position)>, LogError> {
        let (first, last) = self.with(|open| {
            let key = |row: Option<fjall::Guard>| row.map(fjall::Guard::key).transpose();
            Ok((key(open.records.first_key_value())?, key(open.records.last_key_value())?))
        })?;
        let position = |key: Option<fjall::UserKey>| key.map(|key| self.position(&key)).transpose();
        Ok(position(first)?.zip(position(last)?))
    }

    /// When the record of a position happened; none if there isn't one.
    pub(crate) fn time(&self, position: Position) -> Result<Option<Millis>, LogError> {
        let bytes = self.with(|open| open.records.get(position.to_be_bytes()))?;
        let damaged = || self.damaged(position);
        bytes.map(|bytes| Record::time(&bytes).ok_or_else(damaged)).transpose()
    }

    /// Hands out records in order, as far as they are wanted.
    pub(crate) fn visit(
        &self,
        positions: RangeInclusive<Position>,
        mut each: impl FnMut(Position, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut foreign = None;
        self.with(|open| {
            let range = positions.start().to_be_bytes()..=positions.end().to_be_bytes();
            for row in open.records.range(range) {
                let (key, bytes) = row.into_inner()?;
                match self.position(&key) {
                    Ok(position) if each(position, &bytes).is_continue() => {}
                    Ok(_) => break,
                    Err(error) => {
                        foreign = Some(error);
                        break;
                    }
                }
            }
            Ok(())
        })?;
        foreign.map_or(Ok(()), Err)
    }

    /// How much isn't in a table yet, nor about to be, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, LogError> {
        self.with(|open| Ok(open.records.tree.active_memtable().size()))
    }

    /// Lets what is in memory become a table, by a thread of the engine's.
    pub(crate) fn rotate(&self) -> Result<(), LogError> {
        self.with(|open| open.records.rotate_memtable()).map(drop)
    }

    /// The tables, oldest first.
    pub(crate) fn tables(&self) -> Result<Vec<Table>, LogError> {
        let tables = self.with(|open| {
            let version = open.records.tree.current_version();
            let table = |(key, bytes): (fjall::UserKey, u64)| {
                self.position(&key).map(|last| Table { last, bytes })
            };
            let ends = version
                .iter_tables()
                .map(|table| (table.metadata.key_range.max().clone(), table.metadata.file_size));
            Ok(ends.map(table).collect::<Result<Vec<_>, _>>())
        })?;
        let mut tables = tables?;
        tables.sort_by_key(|table| table.last);
        Ok(tables)
    }

    /// Drops the tables that are wholly below a position, and their files as soon as nobody reads
    /// them.
    pub(crate) fn drop_below(&self, position: Position) -> Result<(), LogError> {
        if self.tables()?.first().is_none_or(|oldest| oldest.last >= position) {
            return Ok(());
        }
        self.with(|open| {
            let tree = &open.records.tree;
            tree.drop_range(..position.to_be_bytes())?;
            // Or the files stay until the next table is written.
            let visible = open.database.visible_seqno();
            tree.get_version_history_lock().maintenance(open.records.path(), visible)?;
            Ok(())
        })
    }

    /// Begins the journal anew if it is longer than this, once all of it is in tables. The engine does
    /// so at 64 MB, and makes room for as much, which is too much for a log that keeps less. What it
    /// finds when it is opened again is what a kill during its own change of journals leaves, too.
    pub(crate) fn shorten_journal(&self, limit: u64) -> Result<(), LogError> {
        if limit >= LARGE || self.journal().map_err(|error| LogError::disk(&error))? <= limit {
            return Ok(());
        }
        self.rotate()?;
        self.settle(0)?;
        self.between(|| {
            let folder = records(&self.folder);
            let journals = journal::files(&folder)?;
            let next = journals.last().map_or(0, |(number, _)| number + 1);
            File::create_new(folder.join(format!("{next}.jnl")))?.sync_all()?;
            File::open(&folder)?.sync_all()?;
            journals.iter().try_for_each(|(_, journal)| fs::remove_file(journal))
        })
    }

    /// How long the journal is, in bytes.
    fn journal(&self) -> io::Result<u64> {
        let journals = journal::files(&records(&self.folder))?;
        journals.last().map_or(Ok(0), |(_, newest)| Ok(fs::metadata(newest)?.len()))
    }

    /// Waits until no more than so many tables are to be written.
    fn settle(&self, most: usize) -> Result<(), LogError> {
        let waiting = || {
            self.with(|open| {
                // Fails if they can't be.
                open.database.persist(PersistMode::Buffer)?;
                Ok(open.records.sealed_memtable_count())
            })
        };
        while waiting()? > most {
            thread::park_timeout(LOOK);
        }
        Ok(())
    }

    /// Closes it, does something with its files, and opens it again.
    fn between(&self, work: impl FnOnce() -> io::Result<()>) -> Result<(), LogError> {
        let mut open = self.open.write();
        let closing = LogError::Disk { cause: "it is about to be opened anew".to_owned() };
        // Its lock goes with it.
        drop(std::mem::replace(&mut *open, Err(closing)));
        let worked = work().map_err(|error| LogError::disk(&error));
        *open = start(&self.folder);
        worked.and(open.as_ref().map(|_| ()).map_err(Clone::clone))
    }

    fn with<T>(&self, work: impl FnOnce(&Open) -> fjall::Result<T>) -> Result<T, LogError> {
        let open = self.open.read();
        let open = open.as_ref().map_err(Clone::clone)?;
        guarded(&self.folder, || work(open))
    }

    fn position(&self, key: &[u8]) -> Result<Position, LogError> {
        let bytes = key
            .try_into()
            .map_err(|_| LogError::corrupt(&self.folder, "among the records is what isn't one"))?;
        Ok(Position::from_be_bytes(bytes))
    }

    /// Bytes that are no record's.
    pub(crate) fn damaged(&self, position: Position) -> LogError {
        LogError::corrupt(&self.folder, format!("the record at {position} can't be read"))
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// Opens the engine, whose journals are looked at first.
fn start(folder: &Path) -> Result<Open, LogError> {
    let path = records(folder);
    journal::check(folder, &path)?;
    guarded(folder, || {
        let database = Database::builder(&path)
            .worker_threads(1)
            .cache_size(CACHE)
            .max_cached_files(Some(FILES))
            .max_journaling_size(JOURNALS)
            .open()?;
        let options = || {
            // Nothing is merged, for positions only grow. What goes is dropped by us.
            KeyspaceCreateOptions::default()
                .compaction_strategy(Arc::new(Fifo::new(u64::MAX, None)))
                .data_block_size_policy(BlockSizePolicy::all(PAGE))
                .filter_policy(FilterPolicy::disabled())
        };
        let records = database.keyspace("records", options)?;
        Ok(Open { records, database })
    })
}

/// Runs the engine, which panics on some damage where it ought to return an error.
fn guarded<T>(folder: &Path, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, LogError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)))) => {
            Err(LogError::disk(&error))
        }
        Ok(Err(fjall::Error::Poisoned)) => {
            Err(LogError::Disk { cause: "a write of before failed".to_owned() })
        }
        Ok(Err(fjall::Error::Locked)) => {
            Err(LogError::Locked { path: folder.to_owned(), owner: None })
        }
        Ok(Err(error)) => Err(LogError::corrupt(folder, error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(LogError::corrupt(folder, text.unwrap_or("the engine panicked")))
        }
    }
}
