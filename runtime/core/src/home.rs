//! The runtime on which a service's turns run when nobody else drives them.
//!
//! A home is an actix arbiter: a thread of its own with a current-thread tokio runtime. It outlives
//! every turn: shutdown stops the edge, drains, stops the actors, and the homes last.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use actix_rt::{ArbiterHandle, System};
use parking_lot::Mutex;
use tokio::runtime::{EnterGuard, Handle};

use crate::thread;

thread_local! {
    /// The pool that whatever runs on this thread is within; 0 for none.
    static WITHIN: Cell<usize> = const { Cell::new(0) };
}

/// One home. Cheap to clone; the thread lives until [`Home::stop`].
#[derive(Clone)]
pub struct Home {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Arc<Pool>,
    runtime: Handle,
    place: Place,
}

/// Where a home is.
enum Place {
    /// On a thread of its own.
    Thread { system: System, arbiter: ArbiterHandle, thread: Mutex<Option<JoinHandle<()>>> },
    /// Where it was made, and driven by whoever drives that.
    Here,
}

impl Home {
    /// Starts a home on a thread of that name, in a pool of its own.
    ///
    /// # Errors
    /// If the system refuses a thread or a runtime.
    pub fn start(name: &str) -> std::io::Result<Self> {
        Self::start_in(Arc::new(Pool::new()), name)
    }

    /// Starts one more home in the pool of this one. The homes of a pool stand in for each other: a
    /// turn's first poll stays on whichever of them its caller is. So they must end together.
    ///
    /// # Errors
    /// As [`Home::start`].
    pub fn start_beside(&self, name: &str) -> std::io::Result<Self> {
        Self::start_in(Arc::clone(&self.inner.pool), name)
    }

    fn start_in(pool: Arc<Pool>, name: &str) -> std::io::Result<Self> {
        let number = pool.number;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            WITHIN.set(number);
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
        pool.add(&runtime);
        let arbiter = system.arbiter().clone();
        let place = Place::Thread { system, arbiter, thread: Mutex::new(Some(thread)) };
        Ok(Self { inner: Arc::new(Inner { pool, runtime, place }) })
    }

    /// A home without a thread, for simulations: on the runtime and in the
    /// [`LocalSet`](tokio::task::LocalSet) in which this is called, and driven by whoever drives those.
    /// They end it, too.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn here() -> Self {
        let (pool, runtime) = (Arc::new(Pool::new()), Handle::current());
        pool.add(&runtime);
        Self { inner: Arc::new(Inner { pool, runtime, place: Place::Here }) }
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

    /// Enters the home, unless this thread is within its pool already: on the pool's threads, and in
    /// a turn that another turn called. Entering tokio's runtime takes a tenth of a short call.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Within<'_>> {
        let before = WITHIN.get();
        if before == self.inner.pool.number { None } else { Some(self.enter_from(before)) }
    }

    #[inline(never)] // so that the way of those who are within stays small
    fn enter_from(&self, before: usize) -> Within<'_> {
        let pool = &*self.inner.pool;
        WITHIN.set(pool.number);
        let runtime = pool.stand_in().unwrap_or(&self.inner.runtime);
        Within { before, _runtime: runtime.enter() }
    }

    /// Has `work` done on the home, where tasks may be spawned that stay on its thread; `false` if it
    /// has ended.
    pub(crate) fn spawn_fn(&self, work: impl FnOnce() + Send + 'static) -> bool {
        match &self.inner.place {
            Place::Thread { arbiter, .. } => arbiter.spawn_fn(work),
            Place::Here => {
                drop(tokio::task::spawn_local(async { work() }));
                true
            }
        }
    }

    /// Whether it has a thread of its own.
    pub fn has_thread(&self) -> bool {
        matches!(self.inner.place, Place::Thread { .. })
    }

    /// Ends the home's thread once it has done what it does now, without waiting for it. What is
    /// still spawned there is dropped.
    pub fn end(&self) {
        if let Place::Thread { system, .. } = &self.inner.place {
            system.stop();
        }
    }

    /// As [`Home::end`], and waits for the thread. Not to be called from the home itself.
    pub fn stop(&self) {
        self.end();
        if let Place::Thread { thread, .. } = &self.inner.place
            && let Some(thread) = thread.lock().take()
        {
            // A panic there was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

/// Homes that stand in for each other.
struct Pool {
    /// Tells this pool from the others; not 0.
    number: usize,
    homes: AtomicUsize,
    /// The runtimes of the first homes.
    runtimes: [OnceLock<Handle>; 16],
}

impl Pool {
    fn new() -> Self {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        let number = POOLS.fetch_add(1, Ordering::Relaxed) + 1;
        Self { number, homes: AtomicUsize::new(0), runtimes: Default::default() }
    }

    fn add(&self, runtime: &Handle) {
        let place = self.homes.fetch_add(1, Ordering::Relaxed);
        if let Some(place) = self.runtimes.get(place) {
            // The place is this home's alone.
            let _ = place.set(runtime.clone());
        }
    }

    /// The runtime that this thread, which is none of theirs, enters: threads that enter the same
    /// one take its counter from each other, at the price of half a call.
    #[inline]
    fn stand_in(&self) -> Option<&Handle> {
        let homes = self.homes.load(Ordering::Relaxed).clamp(1, self.runtimes.len());
        self.runtimes.get(thread::number() % homes)?.get()
    }
}

/// A home that is entered until this is dropped.
#[derive(Debug)]
pub(crate) struct Within<'a> {
    before: usize,
    _runtime: EnterGuard<'a>,
}

impl Drop for Within<'_> {
    #[inline]
    fn drop(&mut self) {
        WITHIN.set(self.before);
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Home")
    }
}
