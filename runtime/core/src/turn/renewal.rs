//! How often a service's actor was wanted anew, and how far the keeper is with that.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Counts the wishes for a new actor, and the starts that met them.
pub(super) struct Renewal {
    wanted: AtomicU64,
    built: watch::Sender<Built>,
}

/// The last start that came to an end.
#[derive(Debug, Clone)]
struct Built {
    /// How many wishes there were when it began.
    wanted: u64,
    result: Result<(), String>,
}

impl Default for Renewal {
    fn default() -> Self {
        let none = Built { wanted: 0, result: Ok(()) };
        Self { wanted: AtomicU64::new(0), built: watch::Sender::new(none) }
    }
}

impl Renewal {
    /// One more wish: its number.
    pub(super) fn want(&self) -> u64 {
        self.wanted.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// How many wishes there are.
    pub(super) fn wanted(&self) -> u64 {
        self.wanted.load(Ordering::Acquire)
    }

    /// A start has come to an end that began when there were so many wishes.
    pub(super) fn built(&self, wanted: u64, result: Result<(), String>) {
        self.built.send_replace(Built { wanted, result });
    }

    /// Waits for a start that began after that wish.
    pub(super) fn met(&self, wish: u64) -> impl Future<Output = Result<(), String>> + use<> {
        let mut built = self.built.subscribe();
        async move {
            match built.wait_for(|built| built.wanted >= wish).await {
                Ok(built) => built.result.clone(),
                Err(_) => Err("the service has ended".to_owned()),
            }
        }
    }
}
