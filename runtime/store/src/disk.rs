//! Bringing what sled has flushed to the disk for certain.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::{
    closing,
    database::Group,
    files::{has_blobs, sync_folder},
    state::{Condition, StateFile},
};

/// The files of one database, beside sled. Dropping it gives the database up.
pub(crate) struct Disk {
    path: PathBuf,
    /// Our own handle: sled's flush only calls `sync_file_range`, which a power cut undoes.
    sync: Box<dyn FnMut() -> io::Result<()> + Send>,
    state: StateFile,
    /// Last, so that it drops when the lock in `state` is gone.
    _closing: closing::Guard,
}

impl Disk {
    pub(crate) fn new(path: PathBuf, file: File, state: StateFile) -> Self {
        let _closing = closing::Guard(path.clone());
        Self { path, sync: Box::new(move || file.sync_data()), state, _closing }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the sync, to see what a failing disk does.
    #[cfg(test)]
    pub(crate) fn set_sync(&mut self, sync: impl FnMut() -> io::Result<()> + Send + 'static) {
        self.sync = Box::new(sync);
    }

    /// Afterwards everything up to `group` may be acknowledged.
    pub(crate) fn sync(&mut self, group: Group) -> io::Result<()> {
        if has_blobs(&self.path)? {
            return Err(io::Error::other("sled made a blob file, which it doesn't sync"));
        }
        (self.sync)()?;
        self.state.write(Condition::Open, group)
    }

    /// Notes the orderly end, after sled is gone.
    pub(crate) fn close(&mut self, group: Group) -> io::Result<()> {
        sync_folder(&self.path)?;
        self.state.write(Condition::Clean, group)?;
        self.state.sync()
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("path", &self.path).finish_non_exhaustive()
    }
}
