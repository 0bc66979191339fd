//! A database that somebody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use seam_store::{OpenError, Sled, Store, StoreOptions, Table};

#[tokio::test]
async fn who_waits_has_it_once_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Store::open(folder.path()).unwrap();
    let mut table: Table<u64, u64> = owner.table("numbers").unwrap();
    table.insert(&1, &10).await.unwrap();
    let owned = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&owned);
    let engine = Sled::when_free(folder.path(), move || told.store(true, Ordering::Release));
    let mut waiting = Box::pin(Store::open_on_async(engine, StoreOptions::default()));
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err() && !owned.load(Ordering::Acquire), "it has an owner");
    owner.close().await.unwrap();
    let store = waiting.await.unwrap();
    assert!(owned.load(Ordering::Acquire));
    let table: Table<u64, u64> = store.table("numbers").unwrap();
    assert_eq!(table.get(&1).await, Ok(Some(10)));
}

#[tokio::test]
async fn who_does_not_want_it_any_more_does_not_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Store::open(folder.path()).unwrap();
    let owned = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&owned);
    let engine = Sled::when_free(folder.path(), move || told.store(true, Ordering::Release));
    let waiting = Store::open_on_async(engine, StoreOptions::default());
    assert!(tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err());
    // Longer than it takes to look twice.
    tokio::time::sleep(Duration::from_millis(100)).await;
    owner.close().await.unwrap();
    let next = Store::open(folder.path()).unwrap();
    assert!(!owned.load(Ordering::Acquire));
    let refused = Store::open(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    drop(next);
}
