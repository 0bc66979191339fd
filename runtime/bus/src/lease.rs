//! Who of several instances works for a service's part in the bus: one that holds a lease in the store
//! that they share.

use seam_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::rows;
use crate::time::{Millis, unix_millis};

/// A lease, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    holder: u64,
    until: Millis,
}

impl Lease {
    /// What `holder` makes of it at this time; `None` if it is another's.
    const fn claimed(held: Option<Self>, holder: u64, now: Millis, millis: u64) -> Option<Self> {
        match held {
            Some(held) if held.holder != holder && held.until > now => None,
            _ => Some(Self { holder, until: now.saturating_add(millis) }),
        }
    }
}

/// Takes the lease for so many milliseconds, or keeps it; whether `holder` has it.
///
/// # Errors
/// As any write.
pub async fn claim(store: &Store, holder: u64, millis: u64) -> Result<bool, StoreError> {
    let space = store.space("bus.lease")?;
    let claimed = store.transaction(move |tx| {
        let row = tx.read_raw(&space, &[0])?;
        let held = row.map(|row| rows::read(&row)).transpose()?;
        let Some(lease) = Lease::claimed(held, holder, unix_millis(), millis) else {
            return Ok(false);
        };
        tx.write_raw(&space, &[0], Some(rows::write(&lease)?))?;
        Ok::<_, StoreError>(true)
    });
    Ok(claimed.await?)
}

/// Gives the lease back, if `holder` has it.
///
/// # Errors
/// As any write.
pub async fn release(store: &Store, holder: u64) -> Result<(), StoreError> {
    let space = store.space("bus.lease")?;
    let released = store.transaction(move |tx| {
        let row = tx.read_raw(&space, &[0])?;
        let held: Option<Lease> = row.map(|row| rows::read(&row)).transpose()?;
        if held.is_some_and(|held| held.holder == holder) {
            tx.write_raw(&space, &[0], None)?;
        }
        Ok::<_, StoreError>(())
    });
    Ok(released.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_until_it_is_over() {
        let first = Lease::claimed(None, 1, 100, 50);
        assert_eq!(first, Some(Lease { holder: 1, until: 150 }));
        assert_eq!(Lease::claimed(first, 2, 149, 50), None);
        assert_eq!(Lease::claimed(first, 1, 149, 50), Some(Lease { holder: 1, until: 199 }));
        assert_eq!(Lease::claimed(first, 2, 150, 50), Some(Lease { holder: 2, until: 200 }));
    }

    #[tokio::test]
    async fn who_gives_it_back_lets_the_next_one_in() {
        let store = Store::in_memory();
        assert!(claim(&store, 1, 60_000).await.unwrap());
        assert!(!claim(&store, 2, 60_000).await.unwrap());
        release(&store, 2).await.unwrap();
        assert!(!claim(&store, 2, 60_000).await.unwrap());
        release(&store, 1).await.unwrap();
        assert!(claim(&store, 2, 60_000).await.unwrap());
    }
}
