//! A thread with a runtime of its own, so that no caller needs one.

use std::{
    io,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};

/// Drives what is spawned on its handle, until it is stopped or dropped.
pub(super) struct Background {
    pub(super) handle: Handle,
    /// Gone, the thread ends.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A runtime that works while somebody waits for something.
pub(super) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

impl Background {
    pub(super) fn start(name: String) -> io::Result<Self> {
        let runtime = runtime()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let drive = move || {
            // Its end is what is waited for: nobody sends.
            let _ = runtime.block_on(stopped);
        };
        let thread = thread::Builder::new().name(name).spawn(drive)?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Ends it, whatever it does, and waits for that.
    pub(super) fn stop(mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It can't have panicked: a task that does is only that task's end.
            let _ = thread.join();
        }
    }
}
