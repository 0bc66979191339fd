//! Bringing what sled has flushed to the disk for certain.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::{
    closing,
    database::{Group, disk_error},
    files::{Blobs, sync_folder},
    room,
    state::{Condition, StateFile},
};
use crate::StoreError;

/// The files of one database, beside sled. Dropping it gives the database up.
pub(crate) struct Disk {
    path: PathBuf,
    /// Our own handle: sled's flush only calls `sync_file_range`, which a power cut undoes.
    sync: Box<dyn FnMut() -> io::Result<()> + Send>,
    room: Box<dyn Fn(usize) -> Result<(), StoreError> + Send>,
    blobs: Blobs,
    state: StateFile,
    /// Last, so that it drops when the lock in `state` is gone.
    _closing: closing::Guard,
}

impl Disk {
    pub(crate) fn new(path: PathBuf, file: File, blobs: Blobs, state: StateFile) -> Self {
        let _closing = closing::Guard(path.clone());
        let sync = Box::new(move || file.sync_data());
        let folder = path.clone();
        let room = Box::new(move |bytes| room::check(&folder, bytes));
        Self { path, sync, room, blobs, state, _closing }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the sync, to see what a failing disk does.
    #[cfg(test)]
    pub(crate) fn set_sync(&mut self, sync: impl FnMut() -> io::Result<()> + Send + 'static) {
        self.sync = Box::new(sync);
    }

    /// Replaces the look at the free space, to see what a full disk does.
    #[cfg(test)]
    pub(crate) fn set_room(
        &mut self,
        room: impl Fn(usize) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.room = Box::new(room);
    }

    /// Whether there is room for so much.
    pub(crate) fn room(&self, bytes: usize) -> Result<(), StoreError> {
        (self.room)(bytes)
    }

    /// Afterwards everything up to `group` may be acknowledged. Opens no file, so that it doesn't
    /// hang on how many are open.
    pub(crate) fn sync(&mut self, group: Group) -> io::Result<()> {
        if self.blobs.any()? {
            return Err(io::Error::other("sled made a blob file, which it doesn't sync"));
        }
        (self.sync)()?;
        // It is on disk. That the state is older than the database is allowed.
        if let Err(error) = self.state.write(Condition::Open, group) {
            tracing::warn!(database = %self.path.display(), %error, "can't note what is on disk");
        }
        Ok(())
    }

    /// Notes the orderly end, after sled is gone.
    pub(crate) fn close(&mut self, group: Group) -> Result<(), StoreError> {
        let closed = (|| {
            sync_folder(&self.path)?;
            self.state.write(Condition::Clean, group)?;
            self.state.sync()
        })();
        closed.map_err(|error| disk_error(&error))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("path", &self.path).finish_non_exhaustive()
    }
}
