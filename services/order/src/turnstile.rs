//! Who holds an idempotency key right now: two calls with one key go one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// One lock per key that is in use. It holds no more keys than the service has calls, which its
/// mailbox bounds.
#[derive(Debug, Default)]
pub(crate) struct Turnstile {
    keys: Arc<Mutex<HashMap<String, Weak<Turn<()>>>>>,
}

/// The right to work on a key, until dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    key: String,
    keys: Arc<Mutex<HashMap<String, Weak<Turn<()>>>>>,
    /// Let go before the key is looked at.
    held: Option<OwnedMutexGuard<()>>,
}

impl Turnstile {
    /// Waits until nobody works on `key`, first come, first served; `None` after `patience`.
    pub(crate) async fn pass(&self, key: &str, patience: Duration) -> Option<Pass> {
        let turn = self.turn(key);
        // Made before the wait, so that its end forgets the key however the wait ends.
        let mut pass = Pass { key: key.to_owned(), keys: Arc::clone(&self.keys), held: None };
        pass.held = tokio::time::timeout(patience, turn.lock_owned()).await.ok();
        pass.held.is_some().then_some(pass)
    }

    fn turn(&self, key: &str) -> Arc<Turn<()>> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = keys.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        keys.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.held = None;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else waits: whoever comes next makes a lock of their own.
        if keys.get(&self.key).is_some_and(|turn| turn.strong_count() == 0) {
            keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_key_is_held_by_one() {
        let turnstile = Turnstile::default();
        let first = turnstile.pass("a", LONG).await.unwrap();
        assert!(turnstile.pass("b", LONG).await.is_some(), "another key is free");
        assert!(turnstile.pass("a", Duration::from_secs(1)).await.is_none());
        let (second, ()) = tokio::join!(turnstile.pass("a", LONG), async { drop(first) });
        assert!(second.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_let_go_is_forgotten() {
        let turnstile = Turnstile::default();
        let first = turnstile.pass("a", LONG).await;
        assert!(turnstile.pass("a", Duration::ZERO).await.is_none());
        drop(first);
        assert!(turnstile.keys.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_wait_leaves_nothing_behind() {
        let turnstile = Turnstile::default();
        let first = turnstile.pass("a", LONG).await;
        {
            let waiting = turnstile.pass("a", LONG);
            tokio::pin!(waiting);
            assert!(tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.is_err());
        }
        drop(first);
        assert!(turnstile.keys.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_cancelled_last_leaves_nothing_behind() {
        let turnstile = Turnstile::default();
        let first = turnstile.pass("a", LONG).await;
        {
            let waiting = turnstile.pass("a", LONG);
            tokio::pin!(waiting);
            assert!(tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.is_err());
            drop(first);
        }
        assert!(turnstile.keys.lock().unwrap().is_empty());
    }
}
