//! A database that is killed, stands still or is cut off: what callers are told meanwhile, and what
//! is there afterwards.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use seam_store::{Keys, Store, StoreError, Table};

use crate::{
    proxy::{Cut, Proxy},
    scene::Scene,
    server::{self, Server},
};

type Numbers = Table<u64, u64>;

fn numbers(store: &Store) -> Numbers {
    store.table("numbers").unwrap()
}

/// Reads until it is told something else than that the database is away.
async fn back(table: &Numbers) -> Result<Option<u64>, StoreError> {
    let begun = Instant::now();
    loop {
        match table.get(&0).await {
            Err(StoreError::Away { .. }) if begun.elapsed() < Duration::from_secs(20) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_killed_is_back_without_a_restart() {
    let Some(server) = Server::start() else { return };
    let store = Scene::at(server.url()).open();
    let mut table = numbers(&store);
    table.insert(&0, &0).await.unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut unknown = BTreeMap::new();
    let mut next = 1;
    for _ in 0..3 {
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let mut table = table.clone();
            let keys = next..next + 10_000;
            next = keys.end;
            writers.spawn(async move {
                let mut done = Vec::new();
                for key in keys {
                    match table.insert(&key, &key).await {
                        Ok(()) => done.push(key),
                        Err(error) => return (done, key, error),
                    }
                }
                panic!("it was to be killed meanwhile");
            });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        // Well within what finding out about a commit may take.
        let met = tokio::time::timeout(Duration::from_secs(20), writers.join_all()).await.unwrap();
        for (done, key, error) in met {
            acknowledged.extend(done.into_iter().map(|key| (key, key)));
            match error {
                StoreError::Unknown { .. } => drop(unknown.insert(key, key)),
                StoreError::Away { .. } => {}
                other => panic!("{other}"),
            }
        }
        let begun = Instant::now();
        let refused = (table.insert(&0, &1).await.unwrap_err(), table.get(&0).await.unwrap_err());
        assert_eq!((refused.0.code(), refused.1.code()), ("store_away", "store_away"));
        assert!(refused.0.is_shortage() && !refused.0.is_unknown());
        assert!(begun.elapsed() < Duration::from_secs(2), "it is told at once");
        assert_eq!(store.condition().word(), "away");
        server.resume();
        assert_eq!(back(&table).await, Ok(Some(0)));
        table.insert(&0, &0).await.unwrap();
        assert_eq!(store.condition().word(), "ok");
    }
    let rows: BTreeMap<u64, u64> =
        table.scan(Keys::range(1..)).await.unwrap().into_iter().collect();
    let lost: Vec<_> = acknowledged.keys().filter(|key| !rows.contains_key(key)).collect();
    assert!(lost.is_empty() && !acknowledged.is_empty(), "{lost:?}");
    let told = |key: &u64| acknowledged.contains_key(key) || unknown.contains_key(key);
    let extra: Vec<_> = rows.keys().filter(|key| !told(key)).collect();
    assert!(extra.is_empty(), "said to have had no effect: {extra:?}");
    assert_eq!(table.count().await, Ok(rows.len() as u64 + 1));
}

#[tokio::test]
async fn the_database_knows_what_became_of_a_commit_whose_answer_got_lost() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::start(server.port());
    let store = Scene::at(server::url(proxy.port)).open();
    let mut table = numbers(&store);
    table.insert(&1, &10).await.unwrap();

    proxy.next(Cut::After);
    assert_eq!(table.insert(&1, &11).await, Ok(()), "it was done");
    assert_eq!(table.get(&1).await, Ok(Some(11)));

    proxy.next(Cut::Before);
    let refused = table.insert(&1, &12).await.unwrap_err();
    assert_eq!((refused.code(), refused.is_unknown()), ("store_away", false), "{refused}");
    assert_eq!(table.get(&1).await, Ok(Some(11)));
    table.insert(&1, &13).await.unwrap();
    assert_eq!((table.get(&1).await, table.count().await), (Ok(Some(13)), Ok(1)));
}

#[tokio::test]
async fn what_nobody_can_tell_is_unknown_and_passes() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::start(server.port());
    let store = Scene::at(server::url(proxy.port)).open();
    let mut table = numbers(&store);
    table.insert(&0, &0).await.unwrap();
    proxy.next(Cut::ForGood);
    let begun = Instant::now();
    let lost = table.insert(&1, &1).await.unwrap_err();
    assert_eq!((lost.code(), lost.is_unknown()), ("store_unknown", true), "{lost}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(table.insert(&2, &2).await.unwrap_err().code(), "store_away");
    proxy.next(Cut::None);
    assert_eq!(back(&table).await, Ok(Some(0)));
    assert_eq!(table.get(&1).await, Ok(None), "the database never heard of it");
    table.insert(&2, &2).await.unwrap();
}

#[tokio::test]
async fn a_database_that_stands_still_hangs_nobody() {
    let Some(server) = Server::start() else { return };
    let store = Scene::at(server.url()).open();
    let mut table = numbers(&store);
    table.insert(&0, &0).await.unwrap();
    server.freeze(true);
    let begun = Instant::now();
    let (read, mut writing) = (table.get(&0), table.clone());
    let (read, written) = tokio::join!(read, writing.insert(&1, &1));
    assert_eq!(read.unwrap_err().code(), "store_away");
    assert_eq!(written.unwrap_err().code(), "store_away");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    server.freeze(false);
    assert_eq!(back(&table).await, Ok(Some(0)));
    table.insert(&1, &2).await.unwrap();
}
