//! Answers of methods that are kept for a while, for all threads of an edge.

mod flight;
mod kept;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::sync;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use seam_core::time::Moment;

use self::flight::Flights;
pub(crate) use self::flight::{Boarded, Landed};
pub(crate) use self::kept::{Keep, Kept};

/// What all answers that are kept weigh at most, in bytes, with what they are found by.
const CAPACITY: u64 = 16 << 20;
/// Each of which a share of that is counted for.
const SHARDS: usize = 8;
/// The largest answer that is kept, in bytes.
const LARGEST: usize = 256 << 10;
/// What an answer takes beside its content and its key, about.
const OVERHEAD: u64 = 512;

/// What an answer is found by: the method, whose it is, and the arguments.
pub(crate) type Key = Bytes;

/// Answers that are kept, and calls under way for those that aren't.
pub(crate) struct Cache {
    kept: sync::Cache<Key, Arc<Kept>, Weight>,
    flights: Arc<Mutex<Flights>>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        // Its codings may take as much once more.
        (key.len() + 2 * kept.weight()) as u64 + OVERHEAD
    }
}

impl Default for Cache {
    fn default() -> Self {
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(4096).weight_capacity(CAPACITY).shards(SHARDS);
        let kept = match options.build() {
            Ok(options) => sync::Cache::with_options(
                options,
                Weight,
                DefaultHashBuilder::default(),
                sync::DefaultLifecycle::default(),
            ),
            Err(_) => sync::Cache::with_weighter(4096, CAPACITY, Weight),
        };
        Self { kept, flights: Arc::default() }
    }
}

impl Cache {
    /// An answer that is kept and still good.
    pub(crate) fn get(&self, key: &Key, now: Moment) -> Option<Arc<Kept>> {
        self.kept.get(key).filter(|kept| kept.is_good(now))
    }

    /// Keeps an answer that may be kept.
    pub(crate) fn put(&self, key: Key, kept: &Arc<Kept>) {
        if kept.keep == Keep::Until && kept.weight() <= LARGEST {
            self.kept.insert(key, Arc::clone(kept));
        }
    }

    /// Joins the call that is under way for the same answer, or begins it; unless it was kept just
    /// now.
    pub(crate) fn board(&self, key: &Key, now: Moment) -> Boarded {
        let mut flights = self.flights.lock();
        if let Some(kept) = self.get(key, now) {
            return Boarded::Kept(kept);
        }
        flights.board(key, &self.flights)
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}
