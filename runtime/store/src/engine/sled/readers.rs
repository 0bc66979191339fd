//! A few threads that read, so that no polling thread waits for the disk and no particular
//! runtime is needed.

use std::{io, sync::Arc, thread, thread::JoinHandle};

use parking_lot::Mutex;

use super::database::Database;
use crate::engine::queue::{Queue, Work, queue};

/// Threads per database.
const THREADS: usize = 2;

/// How many reads may wait; beyond it, handing one over waits.
const QUEUE: usize = 1024;

/// A read that waits for a thread.
pub(crate) type Read = Box<dyn FnOnce(&Database) + Send>;

/// Starts the threads. They end when the queue is closed and empty.
pub(crate) fn start(
    name: &str,
    database: &Arc<Database>,
) -> io::Result<(Queue<Read>, Vec<JoinHandle<()>>)> {
    let (queue, work) = queue::<Read>(QUEUE);
    let work = Arc::new(Mutex::new(work));
    let threads = (0..THREADS).map(|_| {
        let (work, database) = (Arc::clone(&work), Arc::clone(database));
        let read_all = move || {
            // One thread waits for work, the other for its turn to wait.
            while let Some(read) = next(&work) {
                read(&database);
            }
        };
        thread::Builder::new().name(format!("read {name}")).spawn(read_all)
    });
    Ok((queue, threads.collect::<io::Result<_>>()?))
}

fn next(work: &Mutex<Work<Read>>) -> Option<Read> {
    work.lock().next()
}
