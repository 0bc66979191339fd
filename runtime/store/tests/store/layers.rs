//! What a store offers besides tables: order of keys, counts, spaces, hooks.

use std::sync::{Arc, Mutex};

use seam_store::{Begun, Hook, Keys, Space, StoreError, Table, Transaction, TransactionError};
use serde::{Deserialize, Serialize};

use crate::scene::Scene;

on_every_engine! {
    keys_sort_as_their_values_do,
    many_rows_are_read_at_once,
    counts_follow_what_commits,
    a_space_is_apart_and_in_the_same_transactions,
    a_hook_takes_part_in_what_is_written,
    a_hook_that_fails_aborts,
}

async fn keys_sort_as_their_values_do(scene: Scene) {
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    enum Level {
        Low,
        High(i16),
    }
    let store = scene.open();
    let mut table: Table<(i64, String, Level), ()> = store.table("sorted").unwrap();
    let mut sorted = Vec::new();
    for number in [-300, -1, 0, 2, 256] {
        for text in ["", "a", "aa", "b", "ä"] {
            for level in [Level::Low, Level::High(-1), Level::High(1)] {
                sorted.push((number, text.to_owned(), level));
            }
        }
    }
    for key in sorted.iter().rev() {
        table.insert(key, &()).await.unwrap();
    }
    let keys = |rows: Vec<(_, ())>| rows.into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(keys(table.scan(Keys::all()).await.unwrap()), sorted);
    sorted.reverse();
    assert_eq!(keys(table.scan(Keys::all().rev()).await.unwrap()), sorted);
    let begins = Keys::starting(&(-1_i64, "a"));
    assert_eq!(table.scan(begins).await.unwrap().len(), 6, "`a` and `aa`");
    assert_eq!(table.scan(Keys::prefix(&(-1_i64, "a"))).await.unwrap().len(), 3, "`a` alone");
}

async fn many_rows_are_read_at_once(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, String> = store.table("names").unwrap();
    for key in [1, 3] {
        table.insert(&key, &key.to_string()).await.unwrap();
    }
    store.close().await.unwrap();
    let table: Table<u64, String> = scene.open().table("names").unwrap();
    assert_eq!(table.get(&3).await, Ok(Some("3".into())), "known before the rest");
    let (one, three) = (Some("1".to_owned()), Some("3".to_owned()));
    let expected = vec![three.clone(), None, one, three];
    for _ in 0..2 {
        assert_eq!(table.get_many(&[3, 2, 1, 3]).await, Ok(expected.clone()));
    }
    assert_eq!(table.get_many(&[]).await, Ok(vec![]));
}

async fn counts_follow_what_commits(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    assert_eq!((table.count().await, table.is_empty().await), (Ok(0), Ok(true)));
    let inside = table.clone();
    let counted = store.transaction(move |tx| {
        for key in 0..5 {
            tx.insert(&inside, &key, &0)?;
            tx.insert(&inside, &key, &1)?;
        }
        tx.remove(&inside, &0)?;
        tx.remove(&inside, &0)?;
        tx.count(&inside)
    });
    assert_eq!(counted.await, Ok(4));
    let inside = table.clone();
    let aborted = store.transaction(move |tx| Err::<(), _>(tx.insert(&inside, &9, &9)));
    assert_eq!(aborted.await, Err(TransactionError::Aborted(Ok(()))));
    table.remove(&4).await.unwrap();
    assert_eq!((table.count().await, table.is_empty().await), (Ok(3), Ok(false)));
    store.close().await.unwrap();
    let table: Table<u64, u64> = scene.open().table("numbers").unwrap();
    assert_eq!(table.count().await, Ok(3));
}

async fn a_space_is_apart_and_in_the_same_transactions(scene: Scene) {
    let store = scene.open();
    let (outbox, inbox) = (store.space("outbox").unwrap(), store.space("inbox").unwrap());
    let table: Table<u64, u64> = store.table("outbox").unwrap();
    let (space, rows) = (outbox.clone(), table.clone());
    let written = store.transaction(move |tx| {
        tx.insert(&rows, &1, &1)?;
        for key in [b"a", b"b", b"c"] {
            tx.write_raw(&space, key, Some(key.to_vec()))?;
        }
        tx.write_raw(&space, b"b", None)?;
        assert_eq!(tx.read_raw(&space, b"a")?, Some(b"a".to_vec()));
        tx.scan_raw(&space, b""..b"", true, 9)
    });
    let row = |key: &[u8]| (key.to_vec(), key.to_vec());
    assert_eq!(written.await.unwrap(), [row(b"c"), row(b"a")]);
    assert_eq!(outbox.scan(b""..b"", false, 9).await.unwrap(), [row(b"a"), row(b"c")]);
    assert_eq!(outbox.scan(b"b"..b"", false, 9).await.unwrap(), [row(b"c")]);
    assert_eq!(outbox.scan(b""..b"c", true, 9).await.unwrap(), [row(b"a")]);
    assert_eq!(outbox.get(b"c").await, Ok(Some(b"c".to_vec())));
    assert_eq!(inbox.scan(b""..b"", false, 9).await.unwrap(), []);
    assert_eq!(table.count().await, Ok(1));
}

/// Notes each commit in a space, and what was told of it.
struct Outbox {
    space: Space,
    told: Arc<Mutex<Vec<bool>>>,
}

impl Hook for Outbox {
    fn before(&self, _: Option<&Begun>, tx: &mut Transaction) -> Result<(), StoreError> {
        if tx.read_raw(&self.space, b"shut")?.is_some() {
            return Err(StoreError::Closed);
        }
        let number = tx.sequence("outbox")?;
        tx.write_raw(&self.space, &number.to_be_bytes(), Some(vec![]))
    }

    fn after(&self, _: Option<&Begun>, result: &Result<(), StoreError>) {
        self.told.lock().unwrap().push(result.is_ok());
    }
}

async fn a_hook_takes_part_in_what_is_written(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    let (space, told) = (store.space("outbox").unwrap(), Arc::default());
    store.hook(Outbox { space: space.clone(), told: Arc::clone(&told) });
    table.insert(&1, &1).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [true], "told before its caller was");
    let inside = table.clone();
    store.transaction(move |tx| tx.get(&inside, &1)).await.unwrap();
    let inside = table.clone();
    let aborted = store.transaction(move |tx| {
        tx.insert(&inside, &2, &2)?;
        Err::<(), _>(StoreError::Closed)
    });
    aborted.await.unwrap_err();
    assert_eq!(space.scan(b""..b"", false, 9).await.unwrap().len(), 1, "of the one that wrote");
    assert_eq!(*told.lock().unwrap(), [true]);
}

async fn a_hook_that_fails_aborts(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    let (space, told) = (store.space("outbox").unwrap(), Arc::default());
    let shut = space.clone();
    store.transaction(move |tx| tx.write_raw(&shut, b"shut", Some(vec![]))).await.unwrap();
    store.hook(Outbox { space, told: Arc::clone(&told) });
    assert_eq!(table.insert(&1, &1).await, Err(StoreError::Closed));
    assert_eq!((table.get(&1).await, table.count().await), (Ok(None), Ok(0)));
    assert!(told.lock().unwrap().is_empty());
}
