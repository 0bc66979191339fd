//! Tables, transactions and ids, as a service sees them.

use std::{convert::Infallible, fmt::Debug};

use seam_store::{Keys, MAX_KEY, MAX_VALUE, Store, StoreError, Table, TransactionError};
use serde::{Deserialize, Serialize};

use crate::scene::Scene;

on_every_engine! {
    a_table_keeps_what_it_is_given,
    keys_are_in_the_order_of_their_numbers,
    scans_go_by_range_prefix_and_page,
    a_transaction_sees_its_own_writes,
    a_transaction_spans_tables_or_leaves_no_trace,
    a_panic_costs_its_own_transaction,
    concurrent_transactions_never_lose_an_update,
    nobody_reads_half_a_transaction,
    long_tables_are_counted_to_their_end,
    ids_count_from_one_across_restarts_and_removals,
    what_is_too_large_is_refused_and_what_just_fits_is_kept,
    a_newer_type_reads_older_rows,
    misuse_is_named,
    a_closed_store_refuses_and_a_dropped_one_can_be_opened_again,
}

fn keys<K, V>(rows: Vec<(K, V)>) -> Vec<K> {
    rows.into_iter().map(|(key, _)| key).collect()
}

async fn a_table_keeps_what_it_is_given(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, String> = store.table("names").unwrap();
    assert_eq!(table.get(&1).await, Ok(None));
    assert_eq!(table.is_empty().await, Ok(true));
    table.insert(&1, &"Ada".to_owned()).await.unwrap();
    table.insert(&2, &"Bob".to_owned()).await.unwrap();
    table.insert(&1, &"Ann".to_owned()).await.unwrap();
    assert_eq!(table.get(&1).await, Ok(Some("Ann".to_owned())));
    assert_eq!(table.count().await, Ok(2));
    assert_eq!(table.is_empty().await, Ok(false));
    assert_eq!(table.remove(&1).await, Ok(true));
    assert_eq!(table.remove(&1).await, Ok(false));
    assert_eq!(table.get(&1).await, Ok(None));
}

async fn keys_are_in_the_order_of_their_numbers(scene: Scene) {
    let store = scene.open();
    let mut table: Table<(u64, u16), ()> = store.table("pairs").unwrap();
    let mut pairs = vec![(256, 1), (1, 256), (255, 9), (1, 1), (u64::MAX, u16::MAX), (0, 0)];
    for pair in &pairs {
        table.insert(pair, &()).await.unwrap();
    }
    pairs.sort_unstable();
    assert_eq!(keys(table.scan(Keys::all()).await.unwrap()), pairs);
}

async fn scans_go_by_range_prefix_and_page(scene: Scene) {
    let store = scene.open();
    let mut table: Table<(u64, u64), ()> = store.table("pairs").unwrap();
    // Neighbours of the table, whose names and rows sort around it.
    for name in ["pair", "pairs1", "pairt", "a"] {
        let mut other: Table<(u64, u64), ()> = store.table(name).unwrap();
        other.insert(&(1, 1), &()).await.unwrap();
    }
    for user in [0, 1, 2, u64::MAX] {
        for order in 0..3 {
            table.insert(&(user, order), &()).await.unwrap();
        }
    }
    let scan = async |range| keys(table.scan(range).await.unwrap());
    assert_eq!(scan(Keys::all()).await.len(), 12);
    assert_eq!(scan(Keys::prefix(&1_u64)).await, [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(scan(Keys::prefix(&u64::MAX)).await.len(), 3);
    assert_eq!(scan(Keys::prefix(&1_u64).take(2)).await, [(1, 0), (1, 1)]);
    assert_eq!(scan(Keys::prefix(&1_u64).after(&(1, 1)).take(2)).await, [(1, 2)]);
    assert_eq!(scan(Keys::prefix(&1_u64).after(&(1, 2)).take(2)).await, []);
    assert_eq!(scan(Keys::prefix(&1_u64).after(&(0, 0)).take(1)).await, [(1, 0)]);
    assert_eq!(scan(Keys::range((1, 2)..(2, 1))).await, [(1, 2), (2, 0)]);
    assert_eq!(scan(Keys::range((1, 2)..=(2, 1))).await, [(1, 2), (2, 0), (2, 1)]);
    assert_eq!(scan(Keys::range(..(0, 1))).await, [(0, 0)]);
    assert_eq!(scan(Keys::range((u64::MAX, 2)..)).await, [(u64::MAX, 2)]);
    assert_eq!(scan(Keys::range((2, 0)..(1, 0))).await, []);
    assert_eq!(scan(Keys::between(&1_u64, &2_u64)).await, [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(scan(Keys::all().take(0)).await, []);
    // The other way round, and from the middle.
    assert_eq!(scan(Keys::all().rev().take(2)).await, [(u64::MAX, 2), (u64::MAX, 1)]);
    assert_eq!(scan(Keys::prefix(&1_u64).rev()).await, [(1, 2), (1, 1), (1, 0)]);
    assert_eq!(scan(Keys::prefix(&1_u64).rev().after(&(1, 1))).await, [(1, 0)]);
    assert_eq!(scan(Keys::prefix(&1_u64).rev().after(&(7, 0)).skip(1)).await, [(1, 1), (1, 0)]);
    assert_eq!(scan(Keys::all().skip(3).take(2)).await, [(1, 0), (1, 1)]);
    assert_eq!(scan(Keys::all().rev().skip(11)).await, [(0, 0)]);
    assert_eq!(scan(Keys::all().skip(12)).await, []);
    assert_eq!(table.count_in(Keys::prefix(&1_u64)).await, Ok(3));
    assert_eq!(table.count_in(Keys::all().skip(10).take(9)).await, Ok(2));
    assert_eq!(table.count().await, Ok(12));
}

async fn a_transaction_sees_its_own_writes(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    for key in [1, 3, 5] {
        table.insert(&key, &0).await.unwrap();
    }
    let inside = table.clone();
    let seen = store
        .transaction(move |tx| {
            tx.insert(&inside, &2, &2)?;
            tx.insert(&inside, &3, &3)?;
            assert!(tx.remove(&inside, &5)?);
            assert!(!tx.remove(&inside, &5)?);
            tx.insert(&inside, &6, &6)?;
            assert_eq!(tx.get(&inside, &3)?, Some(3));
            assert_eq!(tx.get(&inside, &5)?, None);
            let two = tx.scan(&inside, Keys::all().after(&1).take(2))?;
            assert_eq!(two, [(2, 2), (3, 3)]);
            tx.scan(&inside, Keys::all())
        })
        .await
        .unwrap();
    assert_eq!(seen, [(1, 0), (2, 2), (3, 3), (6, 6)]);
    assert_eq!(table.scan(Keys::all()).await.unwrap(), seen);
}

async fn a_transaction_spans_tables_or_leaves_no_trace(scene: Scene) {
    let store = scene.open();
    let users: Table<u64, String> = store.table("users").unwrap();
    let names: Table<String, u64> = store.table("names").unwrap();
    let add = |outcome: Result<(), &'static str>| {
        let (users, names) = (users.clone(), names.clone());
        store.transaction(move |tx| {
            let id = tx.next_id(&users).unwrap();
            tx.insert(&users, &id, &"Ada".to_owned()).unwrap();
            tx.insert(&names, &"Ada".to_owned(), &id).unwrap();
            outcome.map(|()| id)
        })
    };
    assert_eq!(add(Err("no")).await, Err(TransactionError::Aborted("no")));
    assert_eq!((users.count().await, names.count().await), (Ok(0), Ok(0)));
    assert_eq!(add(Ok(())).await, Ok(1));
    assert_eq!((users.count().await, names.count().await), (Ok(1), Ok(1)));
}

async fn a_panic_costs_its_own_transaction(scene: Scene) {
    let store = scene.open();
    let table: Table<u64, u64> = store.table("numbers").unwrap();
    let inside = table.clone();
    let failed = store.transaction(move |tx| {
        tx.insert(&inside, &1, &1).unwrap();
        assert_ne!(tx.get(&inside, &1), Ok(Some(1)), "broken on purpose");
        Ok::<_, Infallible>(())
    });
    let Err(TransactionError::Store(StoreError::Panicked { message })) = failed.await else {
        panic!("no panic")
    };
    assert!(message.contains("broken on purpose"), "{message}");
    assert_eq!(table.get(&1).await, Ok(None));
    table.clone().insert(&2, &2).await.unwrap();
    assert_eq!(table.get(&2).await, Ok(Some(2)));
}

async fn concurrent_transactions_never_lose_an_update(scene: Scene) {
    let store = scene.open();
    let table: Table<u8, u64> = store.table("counter").unwrap();
    let add = || {
        let inside = table.clone();
        tokio::spawn(store.transaction(move |tx| {
            let count = tx.get(&inside, &0)?.unwrap_or(0) + 1;
            tx.insert(&inside, &0, &count)?;
            Ok::<_, StoreError>(count)
        }))
    };
    let running: Vec<_> = (0..500).map(|_| add()).collect();
    for (count, task) in (1..).zip(running) {
        assert_eq!(task.await.unwrap(), Ok(count), "in the order of handing over");
    }
    assert_eq!(table.get(&0).await, Ok(Some(500)));
}

async fn nobody_reads_half_a_transaction(scene: Scene) {
    let store = scene.open();
    let table: Table<u64, u64> = store.table("twins").unwrap();
    let inside = table.clone();
    let writer = tokio::spawn(async move {
        for round in 0..300 {
            let table = inside.clone();
            let written = inside
                .store()
                .transaction(move |tx| (0..5).try_for_each(|key| tx.insert(&table, &key, &round)));
            written.await.unwrap();
        }
    });
    while !writer.is_finished() {
        tokio::task::yield_now().await;
        let rows = table.scan(Keys::all()).await.unwrap();
        assert!(rows.is_empty() || rows.len() == 5);
        assert!(rows.windows(2).all(|pair| pair[0].1 == pair[1].1), "{rows:?}");
    }
    writer.await.unwrap();
}

async fn long_tables_are_counted_to_their_end(scene: Scene) {
    let store = scene.open();
    for rows in [999, 1000, 1001, 2000] {
        let table: Table<u64, ()> = store.table(&format!("rows{rows}")).unwrap();
        let inside = table.clone();
        let filled = store
            .transaction(move |tx| (0..rows).try_for_each(|key| tx.insert(&inside, &key, &())));
        filled.await.unwrap();
        assert_eq!(table.count().await, Ok(rows));
    }
}

async fn ids_count_from_one_across_restarts_and_removals(scene: Scene) {
    let store = scene.open();
    async fn next(store: &Store) -> (u64, u64, u64) {
        let users: Table<u64, u64> = store.table("users").unwrap();
        let orders: Table<u64, u64> = store.table("orders").unwrap();
        let ids = store.transaction(move |tx| {
            let id = tx.next_id(&users)?;
            tx.insert(&users, &id, &0)?;
            tx.remove(&users, &id)?;
            Ok::<_, StoreError>((id, tx.next_id(&orders)?, tx.sequence("users")?))
        });
        ids.await.unwrap()
    }
    assert_eq!(next(&store).await, (1, 1, 1));
    assert_eq!(next(&store).await, (2, 2, 2));
    let users: Table<u64, u64> = store.table("users").unwrap();
    let rolled_back = store.transaction(move |tx| Err::<(), _>(tx.next_id(&users)));
    assert_eq!(rolled_back.await, Err(TransactionError::Aborted(Ok(3))));
    store.close().await.unwrap();
    let store = scene.open();
    assert_eq!(next(&store).await, (3, 3, 3));
}

async fn what_is_too_large_is_refused_and_what_just_fits_is_kept(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, String> = store.table("texts").unwrap();
    // MessagePack takes 3 bytes for the length of a string below 64 KiB, 5 beyond.
    let largest = "x".repeat(MAX_VALUE - 5);
    for key in 0..40 {
        table.insert(&key, &"x".repeat(MAX_VALUE - 5)).await.unwrap();
    }
    assert_eq!(table.get(&39).await, Ok(Some(largest)));
    let error = table.insert(&1, &"x".repeat(MAX_VALUE)).await.unwrap_err();
    let StoreError::TooLarge { what: "value", limit: MAX_VALUE, .. } = error else {
        panic!("{error}")
    };
    if let Scene::Sled(folder) = &scene {
        let blobs = std::fs::read_dir(folder.path().join("test/blobs")).unwrap();
        assert_eq!(blobs.count(), 0);
    }

    let mut long: Table<String, ()> = store.table("long").unwrap();
    let key = "x".repeat(MAX_KEY);
    let error = long.insert(&key, &()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key of 1026 bytes is over the limit of 1024: split it into smaller rows"
    );

    let whole = store.transaction(move |tx| {
        let value = "x".repeat(MAX_VALUE - 5);
        (0..1000).try_for_each(|key| tx.insert(&table, &key, &value))
    });
    let Err(TransactionError::Aborted(StoreError::TooLarge { what: "transaction", .. })) =
        whole.await
    else {
        panic!("a transaction without end")
    };
}

async fn a_newer_type_reads_older_rows(scene: Scene) {
    #[derive(Serialize, Deserialize)]
    struct Old {
        name: String,
        gone: u8,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct New {
        #[serde(default)]
        tags: Vec<String>,
        name: String,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Careless {
        name: String,
        needed: u8,
    }
    let store = scene.open();
    let mut table: Table<u64, Old> = store.table("rows").unwrap();
    table.insert(&1, &Old { name: "Ada".to_owned(), gone: 1 }).await.unwrap();
    let StoreError::Retyped { .. } = store.table::<u64, New>("rows").unwrap_err() else {
        panic!("two types for one table")
    };
    store.close().await.unwrap();

    let store = scene.open();
    let table: Table<u64, New> = store.table("rows").unwrap();
    let row = New { tags: Vec::new(), name: "Ada".to_owned() };
    assert_eq!(table.get(&1).await, Ok(Some(row)));
    store.close().await.unwrap();

    let store = scene.open();
    let table: Table<u64, Careless> = store.table("rows").unwrap();
    let error = table.get(&1).await.unwrap_err().to_string();
    assert!(error.contains("`rows`") && error.contains("`needed`"), "{error}");
    assert!(error.contains("#[serde(default)]"), "{error}");
}

async fn misuse_is_named(scene: Scene) {
    fn refused<T: Debug>(result: Result<T, StoreError>) -> String {
        result.unwrap_err().to_string()
    }
    let store = scene.open();
    assert!(refused(store.table::<u64, u64>("")).contains("is no name"));
    assert!(refused(store.table::<u64, u64>(&"x".repeat(65))).contains("1 to 64 bytes"));
    let other = Store::in_memory();
    let foreign: Table<u64, u64> = other.table("numbers").unwrap();
    let mixed = store.transaction(move |tx| tx.insert(&foreign, &1, &1)).await;
    let Err(TransactionError::Aborted(error)) = mixed else { panic!("mixed stores") };
    assert!(error.to_string().contains("`numbers` belongs to another store"));
}

async fn a_closed_store_refuses_and_a_dropped_one_can_be_opened_again(scene: Scene) {
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    table.insert(&1, &1).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store.close().await, Ok(()));
    assert_eq!(table.get(&1).await, Err(StoreError::Closed));
    assert_eq!(table.insert(&1, &2).await, Err(StoreError::Closed));
    for round in 1..5 {
        let store = scene.open();
        let mut table: Table<u64, u64> = store.table("numbers").unwrap();
        assert_eq!(table.get(&1).await, Ok(Some(round)));
        table.insert(&1, &(round + 1)).await.unwrap();
    }
}

#[test]
fn no_runtime_is_needed() {
    let scene = Scene::sled();
    let store = scene.open();
    let mut table: Table<u64, u64> = store.table("numbers").unwrap();
    let mut insert = Box::pin(table.insert(&1, &1));
    // A waker that does nothing: polled until it is ready.
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while insert.as_mut().poll(&mut cx).is_pending() {
        std::thread::yield_now();
    }
    drop(insert);
    let mut get = Box::pin(table.get(&1));
    loop {
        if let std::task::Poll::Ready(value) = get.as_mut().poll(&mut cx) {
            assert_eq!(value, Ok(Some(1)));
            break;
        }
        std::thread::yield_now();
    }
}
