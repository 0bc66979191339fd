//! A few threads that read, so that no polling thread waits for the disk and no particular
//! runtime is needed.

use std::{io, sync::Arc, thread, thread::JoinHandle};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::database::Database;

/// Threads per database.
const THREADS: usize = 2;

/// How many reads may wait; beyond it, handing one over waits.
const QUEUE: usize = 1024;

/// A read that waits for a thread.
pub(crate) type Read = Box<dyn FnOnce(&Database) + Send>;

/// Starts the threads. They end when the sender is dropped and the queue is empty.
pub(crate) fn start(
    name: &str,
    database: &Arc<Database>,
) -> io::Result<(mpsc::Sender<Read>, Vec<JoinHandle<()>>)> {
    let (sender, receiver) = mpsc::channel::<Read>(QUEUE);
    let receiver = Arc::new(Mutex::new(receiver));
    let threads = (0..THREADS).map(|_| {
        let (receiver, database) = (Arc::clone(&receiver), Arc::clone(database));
        let work = move || {
            // One thread waits for work, the other for its turn to wait.
            while let Some(read) = next(&receiver) {
                read(&database);
            }
        };
        thread::Builder::new().name(format!("read {name}")).spawn(work)
    });
    Ok((sender, threads.collect::<io::Result<_>>()?))
}

fn next(receiver: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    receiver.lock().blocking_recv()
}
