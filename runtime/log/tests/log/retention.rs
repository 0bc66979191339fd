//! What is given back: by age, by bytes, and on disk.

use std::time::Duration;

use seam_log::{Log, LogError, LogOptions, Record};

use crate::{disk, records};

const MIB: u64 = 1 << 20;

/// Appends so many bytes in records of 1 KB, and returns the most that the folder took meanwhile.
async fn fill(log: &Log, folder: &std::path::Path, bytes: u64) -> u64 {
    let mut most = 0;
    let (mut next, end) = (log.head() + 1, log.head() + 1 + bytes / 1024);
    while next < end {
        let batch = (next..(next + 128).min(end)).map(|at| Record::new(at, at, "t", &[7; 1000]));
        next = log.append(batch.collect()).await.unwrap() + 1;
        most = most.max(disk(folder));
    }
    // After what the log does on its own.
    log.append(Vec::new()).await.unwrap();
    most
}

#[tokio::test]
async fn ten_times_the_bytes_stay_below_three_times_on_disk() {
    for keep in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), LogOptions::default().keep_bytes(keep * MIB)).unwrap();
        let most = fill(&log, folder.path(), 10 * keep * MIB).await;
        assert!(most <= 3 * keep * MIB, "{keep} MiB are kept, and {} KiB taken", most >> 10);
        let kept = (log.head() + 1 - log.first()) * 1024;
        assert!(kept >= keep * MIB * 3 / 4, "of {keep} MiB only {} KiB are kept", kept >> 10);
        let first = log.first();
        let trimmed = Err(LogError::Trimmed { from: 1, first });
        assert_eq!(log.read(1, 1, 1).await, trimmed);
        assert_eq!(log.read(first, 1, 1).await.unwrap().records[0].position, first);
        log.close().await.unwrap();
        let log = Log::open(folder.path(), LogOptions::default()).unwrap();
        assert_eq!(log.first(), first);
        assert_eq!(log.read(first, 1, 1).await.unwrap().records[0].position, first);
    }
}

#[tokio::test]
async fn a_log_that_keeps_less_gives_back_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path(), LogOptions::default().keep_bytes(4 * MIB)).unwrap();
    fill(&log, folder.path(), 3 * MIB).await;
    assert_eq!(log.first(), 1);
    log.set(LogOptions::default().keep_bytes(MIB));
    let first = log.trim(0).await.unwrap();
    assert!(first > 1 && first == log.first());
    // And the journal, as soon as something is appended.
    fill(&log, folder.path(), MIB).await;
    assert!(disk(folder.path()) <= 3 * MIB);
}

#[tokio::test]
async fn what_is_too_old_goes_when_asked_and_positions_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = LogOptions::default().keep(Duration::from_secs(10));
    let log = Log::open(folder.path(), options).unwrap();
    // One a second.
    log.append(records(1..=30)).await.unwrap();
    assert_eq!(log.first(), 1);
    assert_eq!(log.trim(30_000).await, Ok(20), "of ten seconds ago to the millisecond");
    assert_eq!(log.trim(29_000).await, Ok(20), "it never comes back");
    assert_eq!(log.trim(3_000_000).await, Ok(31));
    assert_eq!((log.first(), log.head()), (31, 30));
    assert_eq!(log.read(31, 9, 99).await.unwrap().records, []);
    log.close().await.unwrap();
    let log = Log::open(folder.path(), options).unwrap();
    assert_eq!((log.first(), log.head()), (31, 30));
    assert_eq!(log.position_at(0).await, Ok(31));
    assert_eq!(log.append(records(31..=31)).await, Ok(31));
    assert_eq!(log.read(31, 9, 99).await.unwrap().records, records(31..=31));
}

#[tokio::test]
async fn a_time_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path(), LogOptions::default()).unwrap();
    assert_eq!(log.position_at(5).await, Ok(1));
    log.append(records(1..=100)).await.unwrap();
    for (at, position) in [(0, 1), (1000, 1), (1001, 2), (50_000, 50), (100_000, 100)] {
        assert_eq!(log.position_at(at).await, Ok(position), "{at}");
    }
    assert_eq!(log.position_at(100_001).await, Ok(101));
}

#[tokio::test]
async fn a_record_from_the_future_makes_no_other_old() {
    let folder = tempfile::tempdir().unwrap();
    let options = LogOptions::default().keep(Duration::from_secs(3600)).keep_bytes(MIB);
    let log = Log::open(folder.path(), options).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    // More than becomes a table.
    let record = |at: u64| Record::new(at, now, "t", &[0; 50_000]);
    log.append((1..=5).map(record).collect()).await.unwrap();
    log.append(vec![Record { at: u64::MAX, ..record(6) }]).await.unwrap();
    log.append(vec![record(7)]).await.unwrap();
    log.append(Vec::new()).await.unwrap();
    assert_eq!(log.first(), 1);
}
