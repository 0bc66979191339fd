//! A few threads that read, so that no polling thread waits for the disk and no particular runtime
//! is needed.

use std::{io, sync::Arc, thread};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::engine::Engine;

/// Threads per log.
const THREADS: usize = 2;

/// How many reads may wait; beyond it, handing one over waits.
const QUEUE: usize = 256;

/// A read that waits for a thread.
pub(crate) type Read = Box<dyn FnOnce(&Engine) + Send>;

/// Starts the threads. They end with the last sender.
pub(crate) fn start(name: &str, engine: &Arc<Engine>) -> io::Result<mpsc::Sender<Read>> {
    let (sender, reads) = mpsc::channel::<Read>(QUEUE);
    let reads = Arc::new(Mutex::new(reads));
    for _ in 0..THREADS {
        let (reads, engine) = (Arc::clone(&reads), Arc::clone(engine));
        thread::Builder::new().name(format!("read {name}")).spawn(move || {
            // One thread waits for work, the other for its turn to wait.
            while let Some(read) = next(&reads) {
                read(&engine);
            }
        })?;
    }
    Ok(sender)
}

fn next(reads: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    reads.lock().blocking_recv()
}
