//! One act on the config at a time, whichever process it is of.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::super::Failure;
use crate::config::private_folder;

/// How long an act waits for another.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked.
const PERIOD: Duration = Duration::from_millis(10);

/// Held while somebody acts; the kernel lets go of it however the process ends.
#[derive(Debug)]
pub(in crate::command) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Waits until nobody else acts on the config of this data folder; where there is none, nobody does.
    ///
    /// # Errors
    /// The folder can't be written, or another act takes longer than a minute.
    pub(in crate::command) async fn take(data: &Path) -> Result<Self, Failure> {
        if !data.exists() {
            return Ok(Self { _file: None });
        }
        let folder = data.join("config");
        let failed = |error: io::Error| {
            let folder = folder.display();
            Failure::other(format!("{folder} can't be used: {error}\n  fix: make it writable"))
        };
        private_folder(&folder).map_err(failed)?;
        let mut options = File::options();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(folder.join("lock")).map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: Some(file) }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(PERIOD).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::other(format!(
                        "another change of the config has been under way for {PATIENCE:?}\n  \
                         fix: see which `set`, `move`, `reload` or `rollback` still runs"
                    )));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
