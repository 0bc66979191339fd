//! A disk that is full for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use super::{Sled, open::open};
use crate::{Condition, Keys, Store, StoreError, StoreOptions, Table, disk::small::SmallDisk};

/// What writers were told, and may count on.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<BTreeSet<(u64, u64)>>,
    unknown: Mutex<BTreeSet<(u64, u64)>>,
    errors: Mutex<BTreeMap<&'static str, u64>>,
    /// Acknowledged writes of each writer.
    progress: [AtomicU64; WRITERS],
}

const WRITERS: usize = 24;

async fn write(
    table: Table<(u64, u64), Vec<u8>>,
    writer: usize,
    told: Arc<Told>,
    stop: Arc<AtomicBool>,
) {
    let mut table = table;
    for number in 0.. {
        if stop.load(Ordering::Acquire) {
            return;
        }
        let key = (writer as u64, number);
        match table.insert(&key, &vec![7; 300]).await {
            Ok(()) => {
                told.acknowledged.lock().insert(key);
                told.progress[writer].fetch_add(1, Ordering::AcqRel);
            }
            Err(error) => {
                assert!(matches!(error.code(), "store_full" | "store_unknown"), "{error}");
                if error.is_unknown() {
                    told.unknown.lock().insert(key);
                }
                *told.errors.lock().entry(error.code()).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

fn progress(told: &Told) -> Vec<u64> {
    told.progress.iter().map(|count| count.load(Ordering::Acquire)).collect()
}

async fn everybody_writes(told: &Told) {
    let before = progress(told);
    let on = || progress(told).iter().zip(&before).all(|(now, before)| now > before);
    let waited = async {
        while !on() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.expect("writers go on");
}

/// Fills the disk for `span` under 24 writers, `checked` or not before sled meets that.
async fn outlives(kind: &str, span: Duration, checked: bool) {
    let size = if kind == "ext4" { 64 } else { 48 };
    let Some(disk) = SmallDisk::mount(kind, size) else { return };
    let folder = disk.at().join("store");
    let mut opened = open(&folder).unwrap();
    if !checked {
        opened.disk.set_room(|_| Ok(()));
    }
    let store = Store::open_on(Sled::of(opened), StoreOptions::default().cache(0)).unwrap();
    let table: Table<(u64, u64), Vec<u8>> = store.table("rows").unwrap();
    let (told, stop) = (Arc::new(Told::default()), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            tokio::spawn(write(table.clone(), writer, Arc::clone(&told), Arc::clone(&stop)))
        })
        .collect();
    everybody_writes(&told).await;
    let disk = Arc::new(disk);
    let filling = Arc::clone(&disk);
    tokio::task::spawn_blocking(move || filling.fill()).await.unwrap();
    let refused = || told.errors.lock().values().sum::<u64>() > 0;
    while !refused() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(store.condition(), Condition::Full { .. }), "{:?}", store.condition());
    let read = table.get(&(0, 0)).await.map(|row| row.is_some());
    // Where sled itself met the end of the disk, it may have to be opened anew first.
    let refused = matches!(read, Err(StoreError::Full { .. }));
    assert!(read == Ok(true) || refused && !checked, "reads go on: {read:?}");
    tokio::time::sleep(span).await;
    disk.free();
    everybody_writes(&told).await;
    assert_eq!(store.condition(), Condition::Ok);
    stop.store(true, Ordering::Release);
    for writer in writers {
        writer.await.unwrap();
    }
    println!(
        "{kind}, checked {checked}: {:?}, errors {:?}",
        progress(&told).iter().sum::<u64>(),
        told.errors.lock()
    );
    for reopened in [false, true] {
        let store = match reopened {
            false => store.clone(),
            true => {
                store.close().await.unwrap();
                Store::open(&folder).unwrap()
            }
        };
        let table: Table<(u64, u64), Vec<u8>> = store.table("rows").unwrap();
        let rows = table.scan(Keys::all()).await.unwrap();
        assert_eq!(table.count().await, Ok(rows.len() as u64));
        let rows: BTreeSet<_> = rows.into_iter().map(|row| row.0).collect();
        let acknowledged = told.acknowledged.lock();
        assert_eq!(acknowledged.difference(&rows).next(), None, "acknowledged and lost");
        let unknown = told.unknown.lock();
        let more = rows.difference(&acknowledged).find(|key| !unknown.contains(key));
        assert_eq!(more, None, "refused and written");
        if reopened {
            pollster::block_on(store.close()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_outlive_five_seconds_of_a_full_disk() {
    outlives("ext4", Duration::from_secs(5), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_outlive_a_full_tmpfs() {
    outlives("tmpfs", Duration::from_millis(300), true).await;
}

/// Others may take the room between the look and the write: then sled meets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_met_the_end_of_its_disk_is_opened_anew_beneath() {
    outlives("ext4", Duration::from_millis(300), false).await;
    outlives("tmpfs", Duration::from_millis(300), false).await;
}
