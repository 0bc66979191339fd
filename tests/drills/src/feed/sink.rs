//! Writes down which numbers it hears, and how often.

use std::sync::atomic::{AtomicU64, Ordering};

use seam::StoreFailure;
use seam::prelude::*;
use seam_bus::subscription::Kept;

use super::source::Told;

/// Writes down what it hears.
#[seam::contract(name = "sink", version = "1.0")]
pub(crate) trait Sink {
    #[call(on)]
    async fn told(&self, event: Told) -> Result<(), SinkError>;

    /// How many were written down since the service began.
    async fn count(&self) -> u64;

    /// Whether a number was written down.
    async fn has(&self, number: u64) -> Result<bool, SinkError>;

    /// The numbers that were written down, and how often each.
    #[call(deadline = "30s")]
    async fn heard(&self) -> Result<Vec<Heard>, SinkError>;

    /// How many dead letters there are.
    #[call(deadline = "30s")]
    async fn dead(&self) -> Result<u64, SinkError>;
}

/// A number that was written down.
#[seam::message]
#[derive(Copy)]
pub(crate) struct Heard {
    pub(crate) number: u64,
    pub(crate) times: u64,
}

#[seam::error]
pub(crate) enum SinkError {
    /// nobody can handle that
    Poison { number: u64 },
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct SinkService {
    heard: Table<u64, u64>,
    count: AtomicU64,
}

impl Actor for SinkService {
    type Contract = SinkContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { heard: setup.table("heard")?, count: AtomicU64::new(0) })
    }
}

impl Sink for SinkService {
    async fn told(&self, event: Told) -> Result<(), SinkError> {
        let Told { number, poison } = event;
        if poison {
            return Err(SinkError::Poison { number });
        }
        let heard = self.heard.clone();
        let write = self.heard.store().transaction(move |tx| {
            let times = tx.get(&heard, &number)?.unwrap_or_default() + 1;
            tx.insert(&heard, &number, &times)
        });
        write.await?;
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    async fn has(&self, number: u64) -> Result<bool, SinkError> {
        Ok(self.heard.get(&number).await?.is_some())
    }

    async fn heard(&self) -> Result<Vec<Heard>, SinkError> {
        let rows = self.heard.scan(Keys::all()).await?.into_iter();
        Ok(rows.map(|(number, times)| Heard { number, times }).collect())
    }

    async fn dead(&self) -> Result<u64, SinkError> {
        let store = self.heard.store();
        let mut dead = 0;
        for (stream, _) in Kept::streams(store).await? {
            dead += Kept::open(store, &stream)?.dead(usize::MAX).await?.len() as u64;
        }
        Ok(dead)
    }
}
