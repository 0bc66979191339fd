//! A process's membership, and what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seam_core::time::Clock;
use seam_registry::{Changes, Engine, Entry, Membership, Settings};
use tokio::runtime::Handle;
use tokio::time::sleep;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that follows the registry.
pub(crate) struct Witness {
    pub(crate) membership: Membership,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    /// Who is known, by place.
    known: BTreeMap<String, Entry>,
    /// All that was told, in order: `+quote.0`, `~quote.0`, `-quote.0`.
    said: Vec<String>,
}

impl Witness {
    pub(crate) fn new(engine: Arc<dyn Engine>, settings: Settings) -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let follow = {
            let told = Arc::clone(&told);
            move |changes: Changes| told.lock().take(changes)
        };
        let clock = Clock::fast();
        let membership = Membership::start(engine, settings, clock, &Handle::current(), follow);
        Self { membership, told }
    }

    /// Who is known: `quote.0#7`, with the launch id.
    pub(crate) fn places(&self) -> Vec<String> {
        let told = self.told.lock();
        told.known.iter().map(|(place, entry)| format!("{place}#{}", entry.launch)).collect()
    }

    /// What was told so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.told.lock().said.clone()
    }

    /// Waits until that holds; how long it took.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !holds(self) {
            let (places, fresh) = (self.places(), self.membership.is_fresh());
            let elapsed = began.elapsed();
            assert!(elapsed < PATIENCE, "never: {what}: {places:?}, fresh: {fresh}");
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    /// Waits until these are known, and nobody else.
    pub(crate) async fn until_known(&self, places: &[&str]) -> Duration {
        self.until(&format!("{places:?}"), |witness| witness.places() == places).await
    }
}

impl Told {
    fn take(&mut self, changes: Changes) {
        let Changes { added, updated, removed } = changes;
        for entry in added {
            self.said.push(format!("+{}", entry.place()));
            let before = self.known.insert(entry.place().to_string(), entry);
            assert!(before.is_none(), "added twice: {before:?}");
        }
        for entry in updated {
            self.said.push(format!("~{}", entry.place()));
            let before = self.known.insert(entry.place().to_string(), entry);
            assert!(before.is_some(), "updated before it was added");
        }
        for entry in removed {
            self.said.push(format!("-{}", entry.place()));
            assert!(self.known.remove(&entry.place().to_string()).is_some(), "removed twice");
        }
    }
}
