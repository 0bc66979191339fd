//! Who have numbers published, each another one, and know what they were told of each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seam::prelude::*;
use seam_core::contract::ServiceError;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::SourceClient;
use super::source::SourceError;

/// After a failure a teller rests.
const REST: Duration = Duration::from_millis(5);

/// What was told of numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// They are published.
    pub(crate) acknowledged: BTreeSet<u64>,
    /// They aren't, and why.
    pub(crate) refused: Vec<(u64, String)>,
    /// That isn't known, and why.
    pub(crate) unknown: Vec<(u64, String)>,
}

/// Some at work, until they are dropped.
#[derive(Debug)]
pub(crate) struct Tellers {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    next: AtomicU64,
    paused: AtomicBool,
    told: Mutex<Told>,
}

impl Tellers {
    /// So many begin.
    pub(crate) fn begin(source: &SourceClient, count: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let teller = |_| tokio::spawn(tell_all(source.clone(), Arc::clone(&shared)));
        let tasks = (0..count).map(teller).collect();
        Self { shared, tasks }
    }

    /// They begin nothing new, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::Relaxed);
    }

    /// What was told until now.
    pub(crate) fn told(&self) -> Told {
        self.shared.told.lock().clone()
    }

    /// How many are published.
    pub(crate) fn count(&self) -> usize {
        self.shared.told.lock().acknowledged.len()
    }
}

impl Drop for Tellers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn tell_all(source: SourceClient, shared: Arc<Shared>) {
    loop {
        if shared.paused.load(Ordering::Relaxed) {
            sleep(REST).await;
            continue;
        }
        let number = shared.next.fetch_add(1, Ordering::Relaxed) + 1;
        let came = source.tell(number, 1, 0).await;
        let failed = came.is_err();
        {
            let mut told = shared.told.lock();
            match came {
                Ok(()) => {
                    told.acknowledged.insert(number);
                }
                Err(CallError::Service(SourceError::Store(why))) if !why.is_unknown() => {
                    told.refused.push((number, why.code().to_owned()));
                }
                Err(CallError::NotExecuted(why)) => {
                    told.refused.push((number, why.code().to_string()));
                }
                Err(why) => told.unknown.push((number, why.to_string())),
            }
        }
        if failed {
            sleep(REST).await;
        }
    }
}
