//! A service's store, emptied, and filled anew by the events that its publishers have kept.

use std::sync::Arc;

use seam_core::actor::StartError;
use seam_store::{Space, Store, StoreError, Transaction};
use tokio::sync::watch;

use super::Messaging;

/// The spaces in which it is kept what was handed over.
const SPACES: [&str; 5] = ["on.cursor", "on.handled", "on.waiting", "on.dead", "on.failures"];
/// Where it is kept that a store is being emptied, and how often it was.
const REBUILD: &str = "on.rebuild";
/// By whom it is being emptied: the last who began it.
const EMPTYING: &[u8] = &[0];
/// How often it was.
const TIMES: &[u8] = &[1];

impl Messaging {
    /// Empties the service's store, and has it handed all events that its publishers have kept. False if
    /// another instance sees to that, which shares the store and leads.
    pub(super) async fn rebuild(self: &Arc<Self>) -> Result<bool, String> {
        if self.plan.streams.is_empty() {
            let service = self.plan.service.name();
            let why = "subscribes to no event, so nothing would fill its store";
            return Err(format!("`{service}` {why}"));
        }
        let is_shared = self.plan.database.is_shared();
        let mut running = if is_shared { &self.led } else { &self.running }.lock().await;
        match running.take() {
            Some(running) if is_shared => self.end_led(running).await,
            Some(running) => self.end(running).await,
            None if is_shared => return Ok(false),
            None => {}
        }
        let told = |error: StartError| error.to_string();
        let store = self.plan.database.open().map_err(|error| error.to_string())?;
        let marked = async {
            let mark = store.space(REBUILD)?;
            let marked = move |tx: &mut Transaction| tx.write_raw(&mark, EMPTYING, Some(vec![0]));
            Ok::<_, StartError>(store.transaction(marked).await.map_err(StoreError::from)?)
        };
        marked.await.map_err(told)?;
        self.finish_rebuild(&store).await.map_err(told)?;
        drop(running);
        if is_shared {
            self.take_over(&store).await;
        } else {
            self.begin().await.map_err(told)?;
        }
        Ok(true)
    }

    /// Empties the store if that was begun; whoever is at it besides, in another process, ends.
    pub(super) async fn finish_rebuild(&self, store: &Store) -> Result<(), StartError> {
        let mark = store.space(REBUILD)?;
        if mark.get(EMPTYING).await?.is_none() {
            return Ok(());
        }
        let own = fastrand::u64(1..).to_be_bytes().to_vec();
        let (space, row) = (mark.clone(), own.clone());
        let begun = store.transaction(move |tx| tx.write_raw(&space, EMPTYING, Some(row)));
        begun.await.map_err(StoreError::from)?;
        let spaces: Result<Vec<Space>, _> = SPACES.iter().map(|name| store.space(name)).collect();
        let space = mark.clone();
        let may = move |tx: &mut Transaction| match tx.read_raw(&space, EMPTYING)? {
            Some(row) if row == own => Ok(()),
            _ => Err(StoreError::Refused { cause: "another instance empties the store".into() }),
        };
        let is_own = may.clone();
        store.empty(&spaces?, may).await?;
        let done = store.transaction(move |tx| {
            is_own(tx)?;
            let times = tx.read_raw(&mark, TIMES)?.map_or(0, |row| number(&row)) + 1;
            tx.write_raw(&mark, TIMES, Some(times.to_be_bytes().into()))?;
            tx.write_raw(&mark, EMPTYING, None)
        });
        done.await.map_err(StoreError::from)?;
        tracing::info!(service = self.plan.service.name(), "its store is empty: it is filled anew");
        Ok(())
    }

    /// Looks how often the store that instances share was emptied, by any of them.
    pub(super) async fn look_for_rebuilds(&self, store: &Store) -> Result<(), StoreError> {
        let times = store.space(REBUILD)?.get(TIMES).await?.map_or(0, |row| number(&row));
        let new = Some(times);
        self.rebuilt.send_if_modified(|known| std::mem::replace(known, new) != new);
        Ok(())
    }

    /// Returns each time that the store which instances share was emptied: what this one holds in memory
    /// was made of what is gone.
    pub(crate) fn rebuilt(&self) -> Rebuilt {
        Rebuilt(self.rebuilt.subscribe())
    }
}

/// Tells of a store that was emptied.
pub(crate) struct Rebuilt(watch::Receiver<Option<u64>>);

impl Rebuilt {
    /// Once it was, since this was last asked; false if the service isn't here any more.
    pub(crate) async fn again(&mut self) -> bool {
        loop {
            let before = *self.0.borrow_and_update();
            if self.0.changed().await.is_err() {
                return false;
            }
            // The first look tells nothing new.
            if before.is_some() {
                return true;
            }
        }
    }
}

fn number(row: &[u8]) -> u64 {
    row.try_into().map_or(0, u64::from_be_bytes)
}
