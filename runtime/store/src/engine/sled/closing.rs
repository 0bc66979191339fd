//! Databases of this process whose last handle is gone, but which aren't closed yet. Opening one
//! of them again waits for that instead of finding it locked.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// A writer that is stuck in a transaction for longer leaves the database locked.
const PATIENCE: Duration = Duration::from_secs(10);

static CLOSING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
static CLOSED: Condvar = Condvar::new();

/// The last handle is gone.
pub(crate) fn begin(path: &Path) {
    CLOSING.lock().insert(path.to_owned());
}

/// Dropped when the database of this path is closed.
#[derive(Debug)]
pub(crate) struct Guard(pub(crate) PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        CLOSING.lock().remove(&self.0);
        CLOSED.notify_all();
    }
}

/// Waits until the database is closed, if it is about to be.
pub(crate) fn wait(path: &Path) {
    let give_up = Instant::now() + PATIENCE;
    let closing = &mut CLOSING.lock();
    CLOSED.wait_while_until(closing, |closing| closing.contains(path), give_up);
}
