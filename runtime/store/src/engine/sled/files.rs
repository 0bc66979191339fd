//! Folders as a whole: copying, syncing and clearing a database's files.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustix::fs::Dir;

use super::state;
use crate::OpenError;

/// A folder of a layer above, which is the database's neighbour in its own folder: the event log.
const BESIDE: &str = "log";

/// Where the copy from before recovery goes: beside the database, `NAME.before-recovery`.
pub(crate) fn copy_path(database: &Path) -> PathBuf {
    beside(database, ".before-recovery")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(|| OsString::from("database"), OsString::from);
    name.push(ending);
    path.with_file_name(name)
}

/// Wraps an error with what was done to which file.
pub(crate) fn failed<'p>(
    action: &'static str,
    path: &'p Path,
) -> impl FnOnce(io::Error) -> OpenError + use<'p> {
    move |source| OpenError::Io { action, path: path.to_owned(), source }
}

/// Copies the database aside, whole or not at all, in place of an older copy.
pub(crate) fn copy_aside(database: &Path) -> Result<PathBuf, OpenError> {
    let copy = copy_path(database);
    let unfinished = beside(database, ".before-recovery.unfinished");
    remove_folder(&unfinished).map_err(failed("remove", &unfinished))?;
    copy_folder(database, &unfinished).map_err(failed("copy the database to", &unfinished))?;
    remove_folder(&copy).map_err(failed("remove", &copy))?;
    fs::rename(&unfinished, &copy).map_err(failed("rename the copy to", &copy))?;
    sync_parent(&copy).map_err(failed("sync the folder of", &copy))?;
    Ok(copy)
}

/// Removes a folder, which need not exist.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() == BESIDE {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()
}

/// Syncs every file of the database, its folder, and the entry of that in its parent.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        File::open(entry.path())?.sync_all()?;
    }
    File::open(folder)?.sync_all()?;
    sync_parent(folder)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Whether sled has ever put anything here.
pub(crate) fn is_empty(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != state::FILE && name != BESIDE {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes what sled left of a first opening that never finished.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "blobs" {
            fs::remove_dir_all(entry.path())?;
        } else if name == "conf" || name == "db" || name.to_string_lossy().starts_with("snap.") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The folder of blob files, kept open.
#[derive(Debug)]
pub(crate) struct Blobs(Option<Dir>);

impl Blobs {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        match File::open(folder.join("blobs")) {
            Ok(blobs) => Ok(Self(Some(Dir::new(blobs)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// Whether sled has put a value into a blob file, which it never syncs.
    pub(crate) fn any(&mut self) -> io::Result<bool> {
        let Some(blobs) = &mut self.0 else { return Ok(false) };
        blobs.rewind();
        while let Some(entry) = blobs.read() {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
