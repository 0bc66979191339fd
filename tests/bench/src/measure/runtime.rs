//! Where callers run.

use tokio::runtime::{Builder, Runtime};

/// A tokio runtime: current-thread for one thread, else work stealing on so many workers.
pub(crate) fn runtime(threads: usize) -> std::io::Result<Runtime> {
    match threads {
        1 => Builder::new_current_thread().enable_all().build(),
        n => Builder::new_multi_thread().worker_threads(n).enable_all().build(),
    }
}
