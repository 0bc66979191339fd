//! Commits that come late, fail or get lost: what callers, readers and the cache see then.

use std::{future::poll_fn, pin::Pin, task::Poll};

use proptest::prelude::*;
use seam_store::{Condition, Keys, Memory, Store, StoreError, StoreOptions, Table, engine::Fault};

fn open(cache: u64) -> (Memory, Store, Table<u64, u64>) {
    let memory = Memory::new();
    let store = Store::open_on(memory.clone(), StoreOptions::default().cache(cache)).unwrap();
    let table = store.table("numbers").unwrap();
    (memory, store, table)
}

/// Polls a future once.
async fn begun<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn a_late_commit_is_told_to_nobody_before_it_is_durable() {
    let (memory, _store, mut table) = open(1 << 20);
    table.insert(&1, &10).await.unwrap();
    assert_eq!(table.get(&1).await, Ok(Some(10)), "from memory");
    memory.next([Some(Fault::Late)]);
    let mut insert = Box::pin(table.insert(&1, &11));
    let mut later = Box::pin(table.insert(&2, &20));
    assert_eq!(begun(&mut insert).await, None);
    assert_eq!(begun(&mut later).await, None, "in turn");
    let mut get = Box::pin(table.get(&1));
    let mut scan = Box::pin(table.scan(Keys::all()));
    assert!(begun(&mut get).await.is_none());
    assert!(begun(&mut scan).await.is_none());
    assert_eq!(table.get(&3).await, Ok(None), "other rows are read at once");
    assert!(memory.release());
    assert_eq!((insert.await, later.await), (Ok(()), Ok(())));
    assert_eq!((get.await, table.get(&2).await), (Ok(Some(11)), Ok(Some(20))));
    assert_eq!(scan.await.unwrap()[0], (1, 11));
}

#[tokio::test]
async fn who_left_during_a_late_commit_has_written_all_the_same() {
    let (memory, _store, mut table) = open(1 << 20);
    memory.next([Some(Fault::Late)]);
    let mut insert = Box::pin(table.insert(&1, &10));
    assert_eq!(begun(&mut insert).await, None);
    drop(insert);
    memory.release();
    assert_eq!(table.get(&1).await, Ok(Some(10)));
}

#[tokio::test]
async fn a_failed_commit_had_no_effect_and_the_next_goes_well() {
    for (fault, code) in [(Fault::Fail, "store_disk"), (Fault::Full, "store_full")] {
        let (memory, store, mut table) = open(1 << 20);
        table.insert(&1, &10).await.unwrap();
        memory.next([Some(fault)]);
        let error = table.insert(&1, &11).await.unwrap_err();
        assert_eq!((error.code(), error.is_unknown()), (code, false));
        assert_eq!((table.get(&1).await, table.count().await), (Ok(Some(10)), Ok(1)));
        table.insert(&1, &12).await.unwrap();
        assert_eq!((table.get(&1).await, store.condition()), (Ok(Some(12)), Condition::Ok));
    }
}

#[tokio::test]
async fn a_shortage_is_a_condition_that_passes() {
    let (memory, store, mut table) = open(1 << 20);
    memory.next([Some(Fault::Full)]);
    table.insert(&1, &1).await.unwrap_err();
    assert_eq!(store.condition().word(), "full");
    table.insert(&1, &1).await.unwrap();
    assert_eq!(store.condition().word(), "ok");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_ends_writing() {
    for written in [true, false] {
        let (memory, store, mut table) = open(1 << 20);
        table.insert(&1, &10).await.unwrap();
        memory.next([Some(Fault::Lost { written })]);
        let lost = table.insert(&1, &11).await.unwrap_err();
        assert_eq!((lost.code(), lost.is_unknown()), ("store_unknown", true));
        let refused = table.insert(&2, &20).await.unwrap_err();
        assert_eq!((refused.code(), refused.is_unknown()), ("store_poisoned", false));
        assert_eq!(store.condition().word(), "poisoned");
        drop((store, table));
        let store = Store::open_on(memory, StoreOptions::default()).unwrap();
        let table: Table<u64, u64> = store.table("numbers").unwrap();
        assert_eq!(table.get(&1).await, Ok(Some(if written { 11 } else { 10 })));
        assert_eq!(table.get(&2).await, Ok(None));
    }
}

#[tokio::test]
async fn a_read_that_waits_for_a_commit_that_fails_reads_again() {
    let (memory, _store, mut table) = open(1 << 20);
    table.insert(&1, &10).await.unwrap();
    memory.next([Some(Fault::Late), Some(Fault::Fail)]);
    let mut first = Box::pin(table.insert(&1, &11));
    let mut second = Box::pin(table.insert(&1, &12));
    assert_eq!((begun(&mut first).await, begun(&mut second).await), (None, None));
    let mut get = Box::pin(table.get(&1));
    assert_eq!(begun(&mut get).await, None);
    memory.release();
    assert_eq!(get.await, Ok(Some(11)));
    assert_eq!(first.await, Ok(()));
    assert!(matches!(second.await, Err(StoreError::Disk { .. })));
}

#[tokio::test]
async fn what_is_cached_needs_no_engine() {
    let (memory, _store, mut table) = open(1 << 20);
    table.insert(&1, &10).await.unwrap();
    assert_eq!(table.get(&2).await, Ok(None));
    // Both are known now, so they are answered by the first poll, whatever else happens.
    memory.next([Some(Fault::Late)]);
    let mut insert = Box::pin(table.insert(&3, &30));
    assert_eq!(begun(&mut insert).await, None);
    assert_eq!(begun(&mut Box::pin(table.get(&1))).await, Some(Ok(Some(10))));
    assert_eq!(begun(&mut Box::pin(table.get(&2))).await, Some(Ok(None)));
    memory.release();
    assert_eq!(insert.await, Ok(()));
}

/// What somebody does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Insert { key: u64, value: u64, fault: Option<Fault> },
    Remove { key: u64, fault: Option<Fault> },
    Read { key: u64 },
    Release,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        4 => Just(None),
        2 => Just(Some(Fault::Late)),
        1 => Just(Some(Fault::Fail)),
        1 => Just(Some(Fault::Full)),
    ];
    let key = 0_u64..4;
    prop_oneof![
        (key.clone(), any::<u64>(), fault.clone()).prop_map(|(key, value, fault)| Step::Insert {
            key,
            value,
            fault
        }),
        (key.clone(), fault).prop_map(|(key, fault)| Step::Remove { key, fault }),
        key.prop_map(|key| Step::Read { key }),
        Just(Step::Release),
    ]
}

proptest! {
    /// Whatever the engine does when, a store with a cache tells the same as one without.
    #[test]
    fn a_cache_is_never_seen(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let run = |cache| runtime.block_on(told(cache, &steps));
        prop_assert_eq!(run(1 << 20), run(0));
    }
}

/// What everybody is told, in order, and in the end.
async fn told(cache: u64, steps: &[Step]) -> Vec<String> {
    let (memory, _store, mut table) = open(cache);
    let mut told = Vec::new();
    let mut open: Vec<Pin<Box<dyn Future<Output = String>>>> = Vec::new();
    for step in steps {
        match *step {
            Step::Insert { key, value, fault } => {
                memory.next([fault]);
                let insert = table.insert(&key, &value);
                open.push(Box::pin(async move { format!("{:?}", insert.await) }));
            }
            Step::Remove { key, fault } => {
                // One that removes nothing commits nothing, and would leave its fault to the next.
                if fault.is_none() {
                    let remove = table.remove(&key);
                    open.push(Box::pin(async move { format!("{:?}", remove.await) }));
                }
            }
            Step::Read { key } => {
                let get = table.get(&key);
                open.push(Box::pin(async move { format!("{:?}", get.await) }));
            }
            Step::Release => drop(memory.release()),
        }
        let mut pending = Vec::new();
        for mut future in open {
            match begun(&mut future).await {
                Some(answer) => told.push(answer),
                None => pending.push(future),
            }
        }
        open = pending;
    }
    while memory.release() {}
    for future in open {
        told.push(future.await);
    }
    memory.next([]);
    told.push(format!("{:?} {:?}", table.scan(Keys::all()).await, table.count().await));
    told
}
