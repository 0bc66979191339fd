//! Disks that fail, for tests: syncs that do, and one that is full for a while.

use std::{
    fs,
    future::poll_fn,
    path::{Path, PathBuf},
    pin::Pin,
    sync::mpsc,
    task::Poll,
};

use crate::{
    Log, LogError, LogOptions, Record,
    engine::Engine,
    open::{Opened, open},
    small::SmallDisk,
};

fn record(position: u64) -> Record {
    Record::new(position, position, "t", &[7; 1000])
}

fn opened(folder: &Path) -> Opened {
    open(folder, &LogOptions::default()).unwrap()
}

/// Polls a future once; true if it is over.
async fn begun<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
}

#[tokio::test]
async fn what_waits_shares_a_sync_and_nobody_hears_of_it_before() {
    let folder = tempfile::tempdir().unwrap();
    let (entered, in_sync) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let sync = move |engine: &Engine| {
        entered.send(()).unwrap();
        released.recv().unwrap();
        engine.sync()
    };
    let log = Log::start(opened(folder.path()), LogOptions::default(), sync).unwrap();
    let mut appends = Vec::new();
    for position in 1..=9 {
        let mut append = Box::pin(log.append(vec![record(position)]));
        assert!(!begun(&mut append).await);
        appends.push(append);
        if position == 1 {
            in_sync.recv().unwrap();
        }
    }
    // Written, not on disk.
    assert_eq!(log.head(), 0);
    assert_eq!(log.read(1, 9, 9999).await.unwrap().records, []);
    let mut grown = Box::pin(log.grown(0));
    assert!(!begun(&mut grown).await);
    release.send(()).unwrap();
    assert_eq!(grown.await.unwrap(), 1);
    in_sync.recv().unwrap();
    release.send(()).unwrap();
    for (append, head) in appends.into_iter().zip([1, 9, 9, 9, 9, 9, 9, 9, 9]) {
        assert_eq!(append.await, Ok(head));
    }
    assert!(in_sync.try_recv().is_err(), "the first and one for all others");
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_taken_until_it_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut syncs = 0;
    let sync = move |engine: &Engine| {
        syncs += 1;
        if syncs == 2 { Err(LogError::Disk { cause: "broken".into() }) } else { engine.sync() }
    };
    let log = Log::start(opened(folder.path()), LogOptions::default(), sync).unwrap();
    log.append(vec![record(1)]).await.unwrap();
    assert_eq!(log.refusal(), None);
    for position in [2, 2, 3] {
        let refused = log.append(vec![record(position)]).await.unwrap_err();
        assert_eq!(refused.code(), "log_poisoned");
        assert_eq!(log.refusal(), Some(refused));
    }
    assert_eq!(log.head(), 1, "nobody hears of the second");
    assert_eq!(log.read(1, 9, 1 << 20).await.unwrap().records, [record(1)]);
    assert_eq!(log.close().await.unwrap_err().code(), "log_poisoned");
    let log = Log::open(folder.path(), LogOptions::default()).unwrap();
    // It may have got there all the same: appended again, it is there once.
    assert_eq!(log.append(vec![record(2), record(3)]).await, Ok(3));
    assert_eq!(log.read(1, 9, 1 << 20).await.unwrap().records, [record(1), record(2), record(3)]);
}

/// The log's folder on a small disk. None where nothing can be mounted.
fn small() -> Option<(SmallDisk, PathBuf)> {
    let disk = SmallDisk::mount("tmpfs", 24)?;
    let log = disk.at().join("log");
    Some((disk, log))
}

#[tokio::test]
async fn a_full_disk_refuses_appends_and_is_over_when_it_is_over() {
    let Some((disk, log_at)) = small() else { return };
    let log = Log::open(&log_at, LogOptions::default().keep_bytes(16 << 20)).unwrap();
    let mut next = 1;
    for _ in 0..3 {
        log.append((next..next + 500).map(record).collect()).await.unwrap();
        next += 500;
        disk.fill();
        for _ in 0..3 {
            let refused = log.append(vec![record(next)]).await.unwrap_err();
            assert!(refused.is_shortage() && log.refusal() == Some(refused));
        }
        assert_eq!(log.read(next - 1, 1, 1).await.unwrap().records, [record(next - 1)]);
        disk.free();
        log.append(vec![record(next)]).await.unwrap();
        assert_eq!((log.head(), log.refusal()), (next, None));
        next += 1;
    }
    log.close().await.unwrap();
}

#[tokio::test]
async fn what_no_table_can_be_written_of_is_over_when_it_is_over_too() {
    let Some((disk, log_at)) = small() else { return };
    let log = Log::open(&log_at, LogOptions::default().keep_bytes(32 << 20)).unwrap();
    let mut acknowledged = 0;
    // As fast as it goes, with nothing looked at, until the engine itself finds the disk full.
    let filled = |log: &Path| fs::metadata(log.join("filler")).is_ok();
    while !filled(&disk.at()) {
        let batch = (acknowledged + 1..=acknowledged + 300).map(record).collect();
        match log.append(batch).await {
            Ok(head) => acknowledged = head,
            Err(error) => {
                assert!(error.is_shortage(), "{error}");
                disk.fill();
            }
        }
    }
    disk.free();
    // Half of it is needed for what comes; the log gives it back.
    log.set(LogOptions::default().keep_bytes(4 << 20));
    log.trim(0).await.unwrap();
    for _ in 0..20 {
        let batch = (acknowledged + 1..=acknowledged + 100).map(record).collect();
        acknowledged = log.append(batch).await.unwrap();
    }
    assert_eq!(log.read(acknowledged, 1, 1).await.unwrap().records, [record(acknowledged)]);
}

#[test]
fn an_engine_that_ran_out_of_room_is_opened_anew() {
    let Some((disk, log_at)) = small() else { return };
    fs::create_dir(&log_at).unwrap();
    let engine = Engine::open(&log_at).unwrap();
    let write = |positions: std::ops::RangeInclusive<u64>| {
        engine.write(positions.map(|position| (position, [7; 1000].as_slice())))?;
        engine.sync()
    };
    write(1..=100).unwrap();
    disk.fill();
    let error = write(101..=4000).unwrap_err();
    assert!(error.is_shortage(), "{error}");
    assert!(engine.probe().is_err());
    disk.free();
    engine.reopen().unwrap();
    let (first, last) = engine.ends().unwrap().unwrap();
    assert_eq!(first, 1);
    assert!([100, 4000].contains(&last), "half a batch: {last}");
    write(last + 1..=last + 10).unwrap();
    assert_eq!(engine.ends().unwrap(), Some((1, last + 10)));
}
