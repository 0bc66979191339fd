//! What a test and the handlers of its services share: gates, a log, and orders for `start`.
//!
//! A service finds its lab by the number in its config, for it may live behind a wire.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use tokio::sync::{Barrier, Semaphore};

static LABS: LazyLock<Mutex<HashMap<u64, Arc<Lab>>>> = LazyLock::new(Mutex::default);

#[derive(Default)]
pub(crate) struct Lab {
    pub(crate) id: u64,
    log: Mutex<Vec<String>>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
    barriers: Mutex<HashMap<String, Arc<Barrier>>>,
    /// Clients that services get past their `Needs`.
    things: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
    /// How many of the next starts fail, and how.
    pub(crate) failing_starts: AtomicU32,
    pub(crate) panicking_starts: AtomicU32,
    pub(crate) starts: AtomicU32,
    pub(crate) stops: AtomicU32,
    /// Who is in, and whether anybody ever was in with whom they can't share.
    pub(crate) exclusive: AtomicU32,
    pub(crate) shared: AtomicU32,
    pub(crate) most_shared: AtomicU32,
    pub(crate) clashes: AtomicU32,
}

impl Lab {
    pub(crate) fn open() -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let lab = Arc::new(Self { id, ..Self::default() });
        LABS.lock().insert(id, Arc::clone(&lab));
        lab
    }

    /// The lab of that number.
    pub(crate) fn of(id: u64) -> Arc<Self> {
        Arc::clone(LABS.lock().get(&id).unwrap())
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.log.lock().push(what.into());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// Whether that was noted.
    pub(crate) fn saw(&self, what: &str) -> bool {
        self.log.lock().iter().any(|noted| noted == what)
    }

    /// What was noted with this prefix, without it.
    pub(crate) fn all(&self, prefix: &str) -> Vec<String> {
        self.log
            .lock()
            .iter()
            .filter_map(|noted| noted.strip_prefix(prefix))
            .map(Into::into)
            .collect()
    }

    /// Returns once the test has opened the gate.
    pub(crate) async fn pass(&self, gate: &str) {
        // Gates are never closed.
        self.gate(gate).acquire().await.unwrap().forget();
    }

    /// Opens a gate for everybody.
    pub(crate) fn release(&self, gate: &str) {
        self.gate(gate).add_permits(1 << 20);
    }

    /// Opens a gate for so many.
    pub(crate) fn release_some(&self, gate: &str, many: usize) {
        self.gate(gate).add_permits(many);
    }

    fn gate(&self, name: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock();
        Arc::clone(gates.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    /// Returns once so many wait for it.
    pub(crate) async fn meet(&self, name: &str, many: usize) {
        let barrier = {
            let mut barriers = self.barriers.lock();
            let entry = barriers.entry(name.to_owned());
            Arc::clone(entry.or_insert_with(|| Arc::new(Barrier::new(many))))
        };
        barrier.wait().await;
    }

    pub(crate) fn put<T: Any + Send + Sync>(&self, name: &str, thing: T) {
        self.things.lock().insert(name.to_owned(), Arc::new(thing));
    }

    pub(crate) fn get<T: Any + Send + Sync + Clone>(&self, name: &str) -> T {
        let thing = Arc::clone(self.things.lock().get(name).unwrap());
        thing.downcast_ref::<T>().unwrap().clone()
    }

    pub(crate) fn come_in(&self, exclusive: bool) -> Presence<'_> {
        let (own, others) = if exclusive {
            let before = self.exclusive.fetch_add(1, Ordering::SeqCst);
            (before, self.shared.load(Ordering::SeqCst))
        } else {
            let before = self.shared.fetch_add(1, Ordering::SeqCst);
            self.most_shared.fetch_max(before + 1, Ordering::SeqCst);
            (0, self.exclusive.load(Ordering::SeqCst))
        };
        if own + others > 0 {
            self.clashes.fetch_add(1, Ordering::SeqCst);
        }
        Presence { lab: self, exclusive }
    }
}

/// Somebody's stay in a handler.
pub(crate) struct Presence<'a> {
    lab: &'a Lab,
    exclusive: bool,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        let count = if self.exclusive { &self.lab.exclusive } else { &self.lab.shared };
        count.fetch_sub(1, Ordering::SeqCst);
    }
}
