//! Appending and reading.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use seam_log::{LogError, LogOptions, MAX_APPEND, MAX_BODY, Record};

use crate::{Log, open, record, records};

/// Polls a future once.
async fn begun<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

#[tokio::test]
async fn what_is_appended_is_read_now_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    assert_eq!((log.first(), log.head()), (1, 0));
    assert_eq!(log.read(1, 10, 1 << 20).await.unwrap().records, []);
    assert_eq!(log.append(records(1..=3)).await, Ok(3));
    assert_eq!(log.append(records(4..=5)).await, Ok(5));
    for log in [log.clone(), {
        log.close().await.unwrap();
        open(folder.path())
    }] {
        if log.append(Vec::new()).await == Err(LogError::Closed) {
            assert_eq!(log.read(1, 1, 1).await, Err(LogError::Closed));
            assert_eq!(log.close().await, Ok(()), "it is");
            continue;
        }
        let batch = log.read(2, 3, 1 << 20).await.unwrap();
        assert_eq!((batch.first, batch.head), (1, 5));
        assert_eq!(batch.records, records(2..=4));
        assert_eq!(log.read(0, 100, 1 << 20).await.unwrap().records, records(1..=5));
    }
}

#[tokio::test]
async fn a_read_has_limits_and_gives_one_at_least() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    log.append((1..=9).map(|at| Record::new(at, 0, "t", &[0; 1000])).collect()).await.unwrap();
    let count =
        async |from, records, bytes| log.read(from, records, bytes).await.unwrap().records.len();
    assert_eq!(count(1, 4, 1 << 20).await, 4);
    assert_eq!(count(1, 100, 3500).await, 3);
    assert_eq!(count(1, 100, 0).await, 1);
    assert_eq!(count(1, 0, 1 << 20).await, 0);
    assert_eq!((count(9, 100, 1 << 20).await, count(10, 100, 1 << 20).await), (1, 0));
    assert_eq!(count(u64::MAX, 100, 1 << 20).await, 0);
}

#[tokio::test]
async fn what_is_there_already_is_skipped_and_a_gap_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    assert_eq!(log.append(records(2..=3)).await, Err(LogError::Gap { expected: 1, position: 2 }));
    log.append(records(1..=4)).await.unwrap();
    // Twice, as somebody does who crashed before noting that it was appended.
    assert_eq!(log.append(records(1..=4)).await, Ok(4));
    // Overlapping, and with other content: what is there stays.
    let mut other = records(3..=6);
    other[0].body = b"other".to_vec();
    assert_eq!(log.append(other).await, Ok(6));
    assert_eq!(log.append(records(8..=9)).await, Err(LogError::Gap { expected: 7, position: 8 }));
    let mut torn = records(7..=9);
    torn.remove(1);
    assert_eq!(log.append(torn).await, Err(LogError::Gap { expected: 8, position: 9 }));
    let backwards = vec![record(8), record(7)];
    assert_eq!(log.append(backwards).await, Err(LogError::Gap { expected: 9, position: 7 }));
    let zero = vec![Record::new(0, 0, "t", b"")];
    assert_eq!(log.append(zero).await, Err(LogError::Gap { expected: 1, position: 0 }));
    assert_eq!(log.read(1, 100, 1 << 20).await.unwrap().records, records(1..=6));
    assert_eq!(log.append(Vec::new()).await, Ok(6));
}

#[tokio::test]
async fn a_gap_of_one_append_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let (a, gap, b) = tokio::join!(
        log.append(records(1..=2)),
        log.append(records(9..=9)),
        log.append(records(3..=4))
    );
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(gap.unwrap_err().code(), "log_gap");
    assert_eq!(log.head(), 4);
}

#[tokio::test]
async fn what_is_too_large_is_refused_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let large = Record { body: vec![0; MAX_BODY + 1], ..record(2) };
    let refused = log.append(vec![record(1), large]).await;
    assert_eq!(
        refused,
        Err(LogError::TooLarge { what: "body", size: MAX_BODY + 1, limit: MAX_BODY })
    );
    let largest = |at| Record { body: vec![0; MAX_BODY], ..record(at) };
    let many = (1..=MAX_APPEND as u64 / MAX_BODY as u64 + 1).map(largest).collect();
    let refused = log.append(many).await;
    assert!(matches!(refused, Err(LogError::TooLarge { what: "append", .. })), "{refused:?}");
    assert_eq!(log.head(), 0);
    assert_eq!(log.append(vec![largest(1)]).await, Ok(1));
    assert_eq!(log.read(1, 1, 1).await.unwrap().records, [largest(1)]);
}

#[tokio::test]
async fn growing_is_told_and_so_is_closing() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut grown = pin!(log.grown(2));
    log.append(records(1..=2)).await.unwrap();
    assert!(!begun(grown.as_mut()).await);
    assert_eq!(log.grown(0).await, Ok(2), "it is");
    log.append(records(3..=5)).await.unwrap();
    assert_eq!(grown.await, Ok(5));
    let never = log.grown(5);
    log.close().await.unwrap();
    assert_eq!(never.await, Err(LogError::Closed));
}

#[tokio::test]
async fn one_owner_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let second = Log::open_async(folder.path(), LogOptions::default()).await;
    let Err(LogError::Locked { owner, .. }) = second else { panic!("{second:?}") };
    assert_eq!(owner, Some(std::process::id()));
    log.append(records(1..=1)).await.unwrap();
    // Gone with its last handle, and waited for.
    drop(log);
    assert_eq!(open(folder.path()).head(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_append_and_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let reader = tokio::spawn({
        let log = log.clone();
        async move {
            let mut next = 1;
            while next <= 500 {
                log.grown(next - 1).await.unwrap();
                let batch = log.read(next, 64, 1 << 20).await.unwrap();
                assert_eq!(batch.records[0], record(next));
                assert!(batch.head >= batch.records.last().unwrap().position);
                next += batch.records.len() as u64;
            }
        }
    });
    for first in (1..=500).step_by(50) {
        let appends = (first..first + 50).map(|at| log.append(records(at..=at)));
        // In order, for they are polled in order.
        let appends: Vec<_> = appends.map(Box::pin).collect();
        for mut append in appends {
            if !begun(append.as_mut()).await {
                append.await.unwrap();
            }
        }
    }
    reader.await.unwrap();
}
