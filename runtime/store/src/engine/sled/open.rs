//! Opening a database so that neither a kill nor damage loses anything in silence.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    closing,
    database::{Database, guarded},
    disk::Disk,
    files::{Blobs, clear, copy_aside, copy_path, failed, is_empty, remove_folder, sync_folder},
    state::{Condition, StateFile},
};
use crate::{OpenError, StoreError};

/// Large enough that no node of 16 values of 64 KiB becomes a blob file.
const SEGMENT_SIZE: usize = 8 * 1024 * 1024;

/// Memory for pages, per database.
const CACHE: u64 = 64 * 1024 * 1024;

/// How long a sled that was dropped in this process may take to let its lock go.
const SLED_LOCK_WAIT: Duration = Duration::from_secs(2);

/// How often it is looked whether a database is free that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Who waits for a database that another process owns.
pub(crate) trait Waits {
    /// Whether it is still wanted.
    fn wanted(&self) -> bool;

    /// It is this process's: told before anything in it is touched.
    fn owned(&self);
}

/// An open database.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) disk: Disk,
}

#[cfg(test)]
pub(crate) fn open(path: &Path) -> Result<Opened, OpenError> {
    open_waiting(path, None)
}

/// Opens a database; waits until it is free, if `waits` says so.
pub(crate) fn open_waiting(path: &Path, waits: Option<&dyn Waits>) -> Result<Opened, OpenError> {
    fs::create_dir_all(path).map_err(failed("create the folder", path))?;
    let path = path.canonicalize().map_err(failed("find the folder", path))?;
    closing::wait(&path);
    let mut state = StateFile::open(&path).map_err(failed("open the state in", &path))?;
    while !state.lock().map_err(failed("lock the state in", &path))? {
        if !waits.is_some_and(Waits::wanted) {
            let left = state.read().map_err(failed("read the state in", &path))?;
            return Err(OpenError::Locked { path, owner: left.map(|left| left.owner) });
        }
        thread::park_timeout(LOOK);
    }
    if let Some(waits) = waits {
        waits.owned();
    }
    let left = state.read().map_err(failed("read the state in", &path))?;
    let group = left.map_or(0, |left| left.group);

    let copy = prepare(&path, &mut state, left.map(|left| left.condition), group)?;
    let corrupt = |error: StoreError| OpenError::Corrupt {
        path: path.clone(),
        cause: match error {
            StoreError::Corrupt { cause } => cause,
            other => other.to_string(),
        },
        copy: copy.clone(),
    };
    let database = Database::new(open_sled(&path, copy.as_deref())?).map_err(corrupt)?;
    let synced = database.synced_group();
    if synced < group {
        let cause =
            format!("it came back as of group {synced}, yet group {group} was acknowledged");
        return Err(corrupt(StoreError::Corrupt { cause }));
    }
    if copy.is_some() {
        database.verify().map_err(corrupt)?;
    }
    let mut blobs = Blobs::open(&path).map_err(failed("open the blobs of", &path))?;
    if blobs.any().map_err(failed("look for blobs in", &path))? {
        let cause = "it has blob files, which the engine doesn't sync".to_owned();
        return Err(corrupt(StoreError::Corrupt { cause }));
    }
    sync_folder(&path).map_err(failed("sync the files in", &path))?;
    if let Some(copy) = copy {
        remove_folder(&copy).map_err(failed("remove the copy", &copy))?;
        tracing::info!(database = %path.display(), "recovered after a kill: every row could be read");
    }
    state.write(Condition::Open, synced).map_err(failed("write the state in", &path))?;
    state.sync().map_err(failed("sync the state in", &path))?;
    let file = File::open(path.join("db")).map_err(failed("open the file of", &path))?;
    Ok(Opened { database, disk: Disk::new(path, file, blobs, state) })
}

/// Makes recovery harmless: after an unclean stop the files are copied aside first, because what
/// sled can't read it cuts off. Returns the copy.
fn prepare(
    path: &Path,
    state: &mut StateFile,
    left: Option<Condition>,
    group: u64,
) -> Result<Option<PathBuf>, OpenError> {
    let (condition, copy) = match left {
        Some(Condition::Clean) => return Ok(None),
        // Nothing was ever acknowledged, so there is nothing to lose.
        Some(Condition::Creating) if group == 0 => {
            clear(path).map_err(failed("clear the unfinished database", path))?;
            (Condition::Creating, None)
        }
        None if is_empty(path).map_err(failed("read the folder", path))? => {
            (Condition::Creating, None)
        }
        // Nothing of ours begins like that, and recovery would make an empty database of it.
        None if !path.join("conf").exists() => {
            let cause = "there are files in its folder, and neither `conf` nor `seam.state`".into();
            return Err(OpenError::Corrupt { path: path.to_owned(), cause, copy: None });
        }
        // The copy from before the first attempt is the one to keep.
        Some(Condition::Recovering) if copy_path(path).is_dir() => {
            return Ok(Some(copy_path(path)));
        }
        _ => {
            tracing::warn!(database = %path.display(), "the last owner was killed: copying its files aside, then recovering");
            (Condition::Recovering, Some(copy_aside(path)?))
        }
    };
    state.write(condition, group).map_err(failed("write the state in", path))?;
    state.sync().map_err(failed("sync the state in", path))?;
    Ok(copy)
}

fn open_sled(path: &Path, copy: Option<&Path>) -> Result<sled::Db, OpenError> {
    open_tree(path).map_err(|error| match error {
        StoreError::Disk { cause } if is_locked(&cause) => {
            OpenError::Locked { path: path.to_owned(), owner: None }
        }
        StoreError::Disk { cause } | StoreError::Full { cause } => {
            let source = std::io::Error::other(cause);
            OpenError::Io { action: "open", path: path.to_owned(), source }
        }
        StoreError::Corrupt { cause } => {
            OpenError::Corrupt { path: path.to_owned(), cause, copy: copy.map(Path::to_owned) }
        }
        other => OpenError::Corrupt { path: path.to_owned(), cause: other.to_string(), copy: None },
    })
}

/// Opens sled itself, which may have to let go of its lock first.
pub(crate) fn open_tree(path: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(path)
        .segment_size(SEGMENT_SIZE)
        .cache_capacity(CACHE)
        // The writer flushes; a background flush would only compete.
        .flush_every_ms(None);
    let give_up = Instant::now() + SLED_LOCK_WAIT;
    loop {
        match guarded(|| config.open()) {
            Err(StoreError::Disk { cause }) if is_locked(&cause) && Instant::now() < give_up => {
                thread::park_timeout(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn is_locked(cause: &str) -> bool {
    cause.contains("could not acquire lock")
}
