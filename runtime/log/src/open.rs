//! Opening a log so that neither a kill nor damage loses anything in silence.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process, thread,
    time::{Duration, Instant},
};

use crate::{
    LogError, LogOptions, Position,
    engine::{Engine, records},
    error::failed,
    journal,
    state::{self, State, StateFile},
};

/// How long a log of this process that is about to close may take.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// An open log.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) state: StateFile,
    pub(crate) first: Position,
    pub(crate) head: Position,
}

pub(crate) fn open(path: &Path, options: &LogOptions) -> Result<Opened, LogError> {
    fs::create_dir_all(path).map_err(failed("create the folder", path))?;
    let path = &path.canonicalize().map_err(failed("find the folder", path))?;
    let mut state = StateFile::open(path).map_err(failed("open the state in", path))?;
    lock(path, &mut state)?;
    let left = state.read().map_err(failed("read the state in", path))?;
    prepare(path, left.as_ref())?;
    let left = left.unwrap_or(State { head: 0, first: 1, owner: 0 });
    // Whose it is now.
    state.write(left.head, left.first).map_err(failed("write the state in", path))?;
    sync(path, &state).map_err(failed("sync", path))?;

    let engine = Engine::open(path)?;
    let (there, head) = engine.ends()?.unwrap_or((1, 0));
    if head < left.head {
        let cause = format!("it ends at {head}, yet {} was acknowledged", left.head);
        return Err(LogError::corrupt(path, cause));
    }
    remove(&path.join(journal::CUT)).map_err(failed("clear", path))?;
    let first = left.first.max(there).min(head + 1);
    state.write(head, first).map_err(failed("write the state in", path))?;
    engine.shorten_journal(options.journal_bytes())?;
    Ok(Opened { engine, state, first, head })
}

fn lock(path: &Path, state: &mut StateFile) -> Result<(), LogError> {
    let give_up = Instant::now() + PATIENCE;
    while !state.lock().map_err(failed("lock the state in", path))? {
        let owner = state.read().map_err(failed("read the state in", path))?.map(|left| left.owner);
        // Its last handle may be gone, and its threads about to end.
        if owner != Some(process::id()) || Instant::now() >= give_up {
            return Err(LogError::Locked { path: path.to_owned(), owner });
        }
        thread::park_timeout(LOOK);
    }
    Ok(())
}

/// Sees to it that the engine doesn't begin anew where something was.
fn prepare(path: &Path, left: Option<&State>) -> Result<(), LogError> {
    let records = records(path);
    if records.join("version").exists() {
        return Ok(());
    }
    if left.is_some_and(|left| left.head > 0) {
        return Err(LogError::corrupt(path, "its records are gone"));
    }
    // The state is written before the engine's first file.
    if left.is_none() && !is_empty(path).map_err(failed("read the folder", path))? {
        let cause = format!("there are files in its folder, and no `{}`", state::FILE);
        return Err(LogError::corrupt(path, cause));
    }
    // Nothing was ever acknowledged: what a first opening left that never finished.
    match fs::remove_dir_all(&records) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("clear the unfinished log", &records)(error))
        }
        _ => Ok(()),
    }
}

fn is_empty(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        if entry?.file_name() != state::FILE {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Syncs the state, and the entries of it and of its folder.
fn sync(path: &Path, state: &StateFile) -> io::Result<()> {
    state.sync()?;
    File::open(path)?.sync_all()?;
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
