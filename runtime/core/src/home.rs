//! The runtime on which a service's turns run when nobody else drives them.
//!
//! A home is an actix arbiter: a thread of its own with a current-thread tokio runtime. It outlives
//! every turn: shutdown stops the edge, drains, stops the actors, and the homes last.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use actix_rt::{ArbiterHandle, System};
use parking_lot::Mutex;
use tokio::runtime::Handle;

/// One home. Cheap to clone; the thread lives until [`Home::stop`].
#[derive(Clone)]
pub struct Home {
    inner: Arc<Inner>,
}

struct Inner {
    system: System,
    arbiter: ArbiterHandle,
    runtime: Handle,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Home {
    /// Starts a home on a thread of that name.
    ///
    /// # Errors
    /// If the system refuses a thread or a runtime.
    pub fn start(name: &str) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let system = System::with_tokio_rt(|| runtime);
            system.block_on(async {
                // Whoever starts a home waits for exactly this.
                let _ = send.send((System::current(), Handle::current()));
            });
            if let Err(error) = system.run() {
                tracing::error!(%error, "a home ended with an error");
            }
        })?;
        let gone = |_| std::io::Error::other("the home's thread ended before it began");
        let (system, runtime) = receive.recv().map_err(gone)?;
        let arbiter = system.arbiter().clone();
        let thread = Mutex::new(Some(thread));
        Ok(Self { inner: Arc::new(Inner { system, arbiter, runtime, thread }) })
    }

    /// The home of what belongs to no unit, such as a fake in a test. Started when first needed.
    ///
    /// # Errors
    /// As [`Home::start`].
    pub fn shared() -> std::io::Result<Self> {
        static SHARED: OnceLock<Home> = OnceLock::new();
        if let Some(home) = SHARED.get() {
            return Ok(home.clone());
        }
        let home = Self::start("seam-shared")?;
        Ok(SHARED.get_or_init(|| home).clone())
    }

    /// The home's tokio runtime.
    pub fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    /// The home's actix arbiter.
    pub fn arbiter(&self) -> &ArbiterHandle {
        &self.inner.arbiter
    }

    /// Ends the home's thread once it has done what it does now, without waiting for it. What is
    /// still spawned there is dropped.
    pub fn end(&self) {
        self.inner.system.stop();
    }

    /// As [`Home::end`], and waits for the thread. Not to be called from the home itself.
    pub fn stop(&self) {
        self.end();
        if let Some(thread) = self.inner.thread.lock().take() {
            // A panic there was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Home")
    }
}
